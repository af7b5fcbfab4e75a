/* A registry's life: how it is opened, set anew while it is used, and closed. */
#include <impact/health.h>

#include "gate.h"
#include "support/check.h"
#include "support/faults.h"

static impact_status open_with_prefix(const char *prefix)
{
    impact_health *health = NULL;
    const impact_status status =
        impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.prefix = prefix));
    CHECK((status == IMPACT_OK) == (health != NULL));
    CHECK_EQUAL(impact_health_close(health, 0), 0);
    return status;
}

TEST(a_prefix_is_a_path_without_a_slash_at_its_end)
{
    CHECK_EQUAL(open_with_prefix(NULL), IMPACT_OK);
    CHECK_EQUAL(open_with_prefix("/health"), IMPACT_OK);
    CHECK_EQUAL(open_with_prefix("/a-b/c.d"), IMPACT_OK);
    CHECK_EQUAL(open_with_prefix(""), IMPACT_EINVAL);
    CHECK_EQUAL(open_with_prefix("/"), IMPACT_EINVAL);
    CHECK_EQUAL(open_with_prefix("health"), IMPACT_EINVAL);
    CHECK_EQUAL(open_with_prefix("/health/"), IMPACT_EINVAL);
    CHECK_EQUAL(open_with_prefix("//evil.example"), IMPACT_EINVAL);
    CHECK_EQUAL(open_with_prefix("/a\r\nb"), IMPACT_EINVAL);
    CHECK_EQUAL(open_with_prefix("/a?b"), IMPACT_EINVAL);
}

TEST(a_prefix_has_at_most_256_bytes)
{
    char prefix[258] = "";
    memset(prefix, 'a', 257);
    prefix[0] = '/';
    CHECK_EQUAL(open_with_prefix(prefix), IMPACT_EINVAL);
    prefix[256] = 0;
    CHECK_EQUAL(open_with_prefix(prefix), IMPACT_OK);
}

TEST(options_of_a_smaller_size_leave_the_rest_unset)
{
    impact_health *health = NULL;
    const impact_health_options options = {.size = offsetof(impact_health_options, prefix),
                                           .prefix = "not a prefix"};
    REQUIRE(impact_health_open(&health, &options) == IMPACT_OK);
    CHECK_STRING(health->prefix, "/health");
    CHECK_EQUAL(health->engine.workers, 4);
    CHECK_EQUAL(health->budget_ms, 900);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
}

typedef struct larger_options {
    impact_health_options known;
    uint64_t added;
} larger_options;

TEST(options_of_a_larger_size_are_taken_when_nothing_unknown_is_set)
{
    impact_health *health = NULL;
    larger_options options = {{.size = sizeof options, .budget_ms = 7}, 1};
    CHECK_EQUAL(impact_health_open(&health, &options.known), IMPACT_EINVAL);
    CHECK(!health);
    options.added = 0;
    REQUIRE(impact_health_open(&health, &options.known) == IMPACT_OK);
    CHECK_EQUAL(health->budget_ms, 7);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
}

/* ---- set anew ---- */

static int status_of(impact_health *health, const char *query)
{
    const impact_http_request request = {
        .size = sizeof request,
        .method = impact_text_of("GET"),
        .path = impact_text_of("/health/"),
        .query = impact_text_of(query),
    };
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    CHECK(impact_health_answer(health, &request, &response));
    const int status = response.status;
    impact_http_response_clear(&response);
    return status;
}

TEST(a_secret_is_rotated_while_a_check_runs_and_the_run_goes_on)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, 1);
    add_gate(health, "a", &g, patience_ms);
    CHECK_EQUAL(status_of(health, ""), 503); /* pending */
    gate_await_run(&g);
    CHECK_EQUAL(
        impact_health_set(health, IMPACT_HEALTH_OPTIONS(.secret = "new", .budget_ms = patience_ms)),
        IMPACT_OK);
    CHECK_EQUAL(status_of(health, ""), 401);
    CHECK_EQUAL(running_of(health), 1);
    gate_release(&g);
    gate_release(&g); /* for another run, when the first has ended by then */
    CHECK_EQUAL(status_of(health, "auth=new"), 200);
    CHECK_EQUAL(impact_health_set(health, NULL), IMPACT_OK); /* open to all again */
    gate_release(&g);
    CHECK_EQUAL(status_of(health, ""), 200);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(what_cannot_be_set_changes_nothing)
{
    impact_health *health = gate_health(1, 77);
    larger_options options = {{.size = sizeof options, .secret = "s"}, 1};
    CHECK_EQUAL(impact_health_set(health, &options.known), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_set(health, IMPACT_HEALTH_OPTIONS(.prefix = "none")), IMPACT_EINVAL);
    CHECK(!health->secret);
    CHECK_EQUAL(health->budget_ms, 77);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
}
