/* The page: nothing of what a stranger has named is markup in it, and its words and shapes. */
#include <stdlib.h>

#include "exchange.h"
#include "health/render/html.h"
#include "health/render/page_parts.h"
#include "support/faults.h"

static char page[128 * 1024];

static const char *page_of(impact_health *health, const char *path, const char *query, int status)
{
    char with_format[256];
    (void)snprintf(with_format, sizeof with_format, "format=html&%s", query);
    const impact_http_request request = {.size = sizeof request,
                                         .method = impact_text_of("GET"),
                                         .path = impact_text_of(path),
                                         .query = impact_text_of(with_format)};
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    CHECK(impact_health_answer(health, &request, &response));
    CHECK_EQUAL(response.status, status);
    CHECK(response.body.size < sizeof page);
    memset(page, 0, sizeof page);
    memcpy(page, response.body.data, response.body.size);
    impact_http_response_clear(&response);
    return page;
}

static impact_health_status fail_with_markup(impact_health_run *run, void *userdata)
{
    (void)userdata;
    impact_health_explain(run, "<script>alert(\"1\")</script>\n& 'more' amqp://bob:pw@mq");
    impact_health_observe(run, 1.5, "<%>");
    return IMPACT_HEALTH_FAIL;
}

static impact_health *open_health(bool shows_explanations)
{
    impact_health *health = NULL;
    CHECK_EQUAL(impact_health_open(
                    &health, IMPACT_HEALTH_OPTIONS(.budget_ms = patience_ms, .has_probes = true,
                                                   .ignores_unknown_checks = true,
                                                   .shows_explanations = shows_explanations)),
                IMPACT_OK);
    add(health, "good", impact_check_true, "_defaults");
    add(health, "<b>&\"'\xC3\xB6", fail_with_markup, "_defaults");
    return health;
}

static const char *escaped(const char *text)
{
    static char copy[256];
    impact__buffer buffer = IMPACT__BUFFER(impact_allocator_default());
    impact__html_text(&buffer, impact_text_of(text));
    (void)snprintf(copy, sizeof copy, "%.*s", (int)buffer.size, buffer.size ? buffer.data : "");
    impact__buffer_close(&buffer);
    return copy;
}

TEST(text_is_escaped_in_html)
{
    CHECK_STRING(escaped(""), "");
    CHECK_STRING(escaped("plain \xC3\xB6"), "plain \xC3\xB6");
    CHECK_STRING(escaped("<a href=\"x\">'&'</a>"),
                 "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
    CHECK_STRING(escaped("a\nb\x7F\x01"), "a b  ");
    CHECK_STRING(escaped("\xFFz\xC3"), "\xEF\xBF\xBDz\xEF\xBF\xBD");
}

TEST(what_others_have_written_is_no_markup_in_a_page)
{
    impact_health *health = open_health(true);
    const char *shown = page_of(health, "/health/", "checks=_defaults,%3Ci%3E", 503);
    CHECK(check_contains(shown, "<h2><bdi>&lt;b&gt;&amp;&quot;&#39;\xC3\xB6</bdi></h2>"));
    CHECK(check_contains(shown, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; "
                                "&#39;more&#39; amqp://***@mq</bdi>"));
    CHECK(check_contains(shown, "Failing, 1.5 <bdi>&lt;%&gt;</bdi>."));
    CHECK(check_contains(shown, "unknown: <bdi>&lt;i&gt;</bdi>"));
    CHECK(!check_contains(shown, "<script>alert") && !check_contains(shown, "<b>"));
    close_health(health);
}

TEST(an_explanation_is_withheld_from_who_may_not_see_it)
{
    impact_health *health = open_health(false);
    const char *shown = page_of(health, "/health/", "", 503);
    CHECK(check_contains(shown, "Reason withheld."));
    CHECK(!check_contains(shown, "alert(") && !check_contains(shown, "more"));
    close_health(health);
}

TEST(what_is_wrong_comes_first_and_is_said_in_words)
{
    impact_health *health = open_health(false);
    const char *shown = page_of(health, "/health/", "", 503);
    const char *bad = strstr(shown, "<li class=\"fail\">");
    const char *good = strstr(shown, "<li class=\"pass\">");
    CHECK(bad && good && bad < good);
    CHECK(check_contains(shown, "Degraded</h1>\n<p class=\"sum\">1 failing, 1 OK</p>"));
    CHECK(check_contains(shown, "<title>Degraded: 1 failing, 1 OK \xC2\xB7 health</title>"));
    CHECK(check_contains(page_of(health, "/health/good", "", 200), "Running</h1>"));
    CHECK(check_contains(page_of(health, "/readyz", "", 503), "Without any check: <bdi>_ready"));
    CHECK(check_contains(page_of(health, "/health/", "checks=", 200), "no check was asked for"));
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_STARTING), IMPACT_OK);
    CHECK(check_contains(page_of(health, "/readyz", "", 503), "The service is starting."));
    close_health(health);
}

TEST(a_chart_shows_the_last_results_and_says_them)
{
    impact_health *health = open_health(false);
    CHECK(check_contains(page_of(health, "/health/good", "", 200),
                         "aria-label=\"The last 1 results: 1 passed, 0 warned, 0 failed, in "));
    for (int i = 0; i < 99; i++)
        CHECK_EQUAL(status_of(ask(health, "GET", "/health/good", "")), 200);
    const char *shown = page_of(health, "/health/good", "", 200);
    CHECK(check_contains(shown, "The last 64 results: 64 passed, 0 warned, 0 failed, in "));
    CHECK(check_contains(shown, "<path class=\"pass\" d=\"M2 22v-"));
    CHECK(check_contains(shown, "M254 22v-"));
    CHECK(!check_contains(shown, "<path class=\"fail\""));
    shown = page_of(health, "/health/", "", 503);
    CHECK(check_contains(shown, "<path class=\"fail\" d=\"M254 22v-20M254 25v6\"/>"));
    CHECK(check_contains(shown, "1 of the last 1 failed."));
    close_health(health);
}

TEST(a_page_allows_nothing_that_is_not_its_own)
{
    impact_health *health = open_health(false);
    exchange e = ask(health, "HEAD", "/health/good", "format=html");
    CHECK_STRING(header_of(&e, "Content-Type"), "text/html; charset=utf-8");
    CHECK_STRING(header_of(&e, "Content-Security-Policy"), impact__page_policy);
    CHECK_STRING(header_of(&e, "Referrer-Policy"), "no-referrer");
    CHECK_STRING(header_of(&e, "X-Content-Type-Options"), "nosniff");
    check_answer(e, 200, "");
    CHECK(strncmp(impact__page_policy, "default-src 'none'; style-src 'sha256-", 38) == 0);
    close_health(health);
}

static const char *duration(uint64_t ns, void (*words)(impact__buffer *buffer, uint64_t ns))
{
    static char copy[64];
    impact__buffer buffer = IMPACT__BUFFER(impact_allocator_default());
    words(&buffer, ns);
    (void)snprintf(copy, sizeof copy, "%.*s", (int)buffer.size, buffer.data);
    impact__buffer_close(&buffer);
    return copy;
}

TEST(durations_are_told_in_two_or_three_digits)
{
    CHECK_STRING(duration(0, impact__html_duration), "0 \xC2\xB5s");
    CHECK_STRING(duration(999999, impact__html_duration), "999 \xC2\xB5s");
    CHECK_STRING(duration(1000000, impact__html_duration), "1.0 ms");
    CHECK_STRING(duration(9949000, impact__html_duration), "9.9 ms");
    CHECK_STRING(duration(9950000, impact__html_duration), "10 ms");
    CHECK_STRING(duration(12345678, impact__html_duration), "12 ms");
    CHECK_STRING(duration(2049000000, impact__html_duration), "2.0 s");
    CHECK_STRING(duration(UINT64_C(90000000000), impact__html_duration), "90 s");
    CHECK_STRING(duration(UINT64_C(119000000000), impact__html_span), "119 s");
    CHECK_STRING(duration(UINT64_C(120000000000), impact__html_span), "2 min");
    CHECK_STRING(duration(UINT64_C(7200000000000), impact__html_span), "2 h");
    CHECK_STRING(duration(UINT64_C(172800000000000), impact__html_span), "2 d");
}

TEST(every_format_survives_every_allocation_failure)
{
    static const char *const formats[] = {"format=html", "format=openmetrics",
                                          "format=text&verbose", "format=health-json"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        faults f;
        FOR_EACH_ALLOCATION_FAILURE(&f) {
            impact_health *health = NULL;
            if (impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.allocator = &f.allocator,
                                                                  .budget_ms = patience_ms)) ==
                IMPACT_OK) {
                (void)!impact_health_add(health,
                                         IMPACT_CHECK(.name = "true", .run = impact_check_true,
                                                      .timeout_ms = patience_ms));
                const impact_http_request request = {.size = sizeof request,
                                                     .method = impact_text_of("GET"),
                                                     .path = impact_text_of("/health/"),
                                                     .query = impact_text_of(formats[i])};
                impact_http_response response = IMPACT_HTTP_RESPONSE;
                CHECK(impact_health_answer(health, &request, &response));
                CHECK(response.status == 200 || response.status == 503);
                impact_http_response_clear(&response);
            }
            close_health(health);
        }
    }
}
