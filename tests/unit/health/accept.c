/* Accept: the format that is liked best, and headers as they are sent. */
#include "health/accept.h"

#include "support/check.h"

enum { NONE = IMPACT__FORMAT_COUNT };

static unsigned best_of(const char *accept, impact__format preferred)
{
    impact__format format = IMPACT__FORMAT_COUNT;
    return impact__accept_read(&format, impact_text_of(accept), preferred) ? format : NONE;
}

static unsigned best(const char *accept)
{
    return best_of(accept, IMPACT__FORMAT_JSON);
}

TEST(who_does_not_mind_gets_what_the_path_prefers)
{
    static const char *const all[] = {NULL,       "",  "*/*", "*",    " */* ; q=0.1", ",,",
                                      "nonsense", ";", "/",   "text", "a/",           "/b"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        CHECK_EQUAL(best_of(all[i], IMPACT__FORMAT_JSON), IMPACT__FORMAT_JSON);
        CHECK_EQUAL(best_of(all[i], IMPACT__FORMAT_TEXT), IMPACT__FORMAT_TEXT);
    }
}

TEST(a_format_is_had_by_its_media_type)
{
    CHECK_EQUAL(best("application/json"), IMPACT__FORMAT_JSON);
    CHECK_EQUAL(best("application/health+json"), IMPACT__FORMAT_HEALTH_JSON);
    CHECK_EQUAL(best("text/plain"), IMPACT__FORMAT_TEXT);
    CHECK_EQUAL(best("Text/PLAIN; charset=utf-8"), IMPACT__FORMAT_TEXT);
    CHECK_EQUAL(best("text/*"), IMPACT__FORMAT_TEXT);
    CHECK_EQUAL(best("application/*"), IMPACT__FORMAT_JSON);
}

TEST(browsers_get_the_page_and_scrapers_the_metrics)
{
    CHECK_EQUAL(best("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"),
                IMPACT__FORMAT_HTML);
    CHECK_EQUAL(best("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                     "application/openmetrics-text;version=0.0.1;q=0.5,"
                     "text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"),
                IMPACT__FORMAT_OPENMETRICS);
    CHECK_EQUAL(best("application/openmetrics-text"), IMPACT__FORMAT_OPENMETRICS);
    CHECK_EQUAL(best("application/openmetrics-text; version=0.0.1"), NONE);
}

TEST(what_nobody_can_write_is_not_acceptable)
{
    static const char *const none[] = {"application/xml",
                                       "image/*",
                                       "*/*;q=0",
                                       "application/json;q=0",
                                       "text/plain;q=0.000",
                                       "application/jsonx",
                                       "text/plain;version=7",
                                       "audio/x, video/y;q=0.3",
                                       "*/*;q=0, image/png;q=1"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        CHECK_EQUAL(best(none[i]), NONE);
}

TEST(the_higher_quality_wins)
{
    CHECK_EQUAL(best("application/json;q=0.5, text/plain;q=0.6"), IMPACT__FORMAT_TEXT);
    CHECK_EQUAL(best("text/plain;q=0.999, application/json"), IMPACT__FORMAT_JSON);
    CHECK_EQUAL(best("text/plain;q=0.001, application/json;q=0"), IMPACT__FORMAT_TEXT);
    CHECK_EQUAL(best("text/plain, */*;q=0.1"), IMPACT__FORMAT_TEXT);
    CHECK_EQUAL(best("application/xml, */*;q=0.1"), IMPACT__FORMAT_JSON);
}

TEST(the_most_specific_range_says_how_much_a_format_is_liked)
{
    CHECK_EQUAL(best("*/*, application/json;q=0.1"), IMPACT__FORMAT_HEALTH_JSON);
    CHECK_EQUAL(best("application/*;q=0.2, application/health+json;q=0.1, */*;q=0.15"),
                IMPACT__FORMAT_JSON);
    CHECK_EQUAL(best("text/*;q=0.9, text/plain;q=0, */*;q=0.1"), IMPACT__FORMAT_HTML);
}

TEST(a_quality_is_read_as_clients_write_it)
{
    CHECK_EQUAL(best("image/gif, *; q=.2, */*; q=.2"), IMPACT__FORMAT_JSON);
    CHECK_EQUAL(best("text/html, image/gif, *; q=.2, */*; q=.2"), IMPACT__FORMAT_HTML);
    CHECK_EQUAL(best("application/json;q=0.33333, text/plain;q=0.3"), IMPACT__FORMAT_JSON);
    CHECK_EQUAL(best("application/json ; Q=\"0.2\" , text/plain ; q=0.3"), IMPACT__FORMAT_TEXT);
    CHECK_EQUAL(best("application/json;q=1.000, text/plain;q=0.9"), IMPACT__FORMAT_JSON);
}

TEST(a_range_whose_quality_is_none_is_passed_over)
{
    static const char *const no_quality[] = {"2", "1.1", "1.001", "-1", "0,5",
                                             "x", "",    "0.5.",  "00"};
    for (size_t i = 0; i < sizeof no_quality / sizeof *no_quality; i++) {
        char accept[64];
        (void)snprintf(accept, sizeof accept, "application/json;q=%s, text/plain;q=0.1",
                       no_quality[i]);
        CHECK_EQUAL(best(accept), IMPACT__FORMAT_TEXT);
    }
}
