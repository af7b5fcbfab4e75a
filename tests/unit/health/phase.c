/* Phases of a service's life, and what the live group takes. */
#include <impact/health.h>

#include "gate.h"
#include "support/check.h"

static bool is_healthy(impact_health *health, const char *selector)
{
    impact_health_report *report = NULL;
    CHECK(probe_in_time(health, selector, &report));
    const bool is = impact_health_report_is_healthy(report);
    CHECK_EQUAL(impact_health_report_phase(report), impact_health_get_phase(health));
    CHECK_EQUAL(is, !impact_health_report_is_held_back(report));
    impact_health_report_close(report);
    return is;
}

TEST(each_phase_holds_back_what_it_should)
{
    static const struct {
        impact_health_phase phase;
        bool startup;
        bool ready;
    } rows[] = {
        {IMPACT_HEALTH_SERVING, true, true},
        {IMPACT_HEALTH_STARTING, false, false},
        {IMPACT_HEALTH_DRAINING, true, false},
        {IMPACT_HEALTH_SERVING, true, true},
    };
    impact_health *health = gate_health(1, patience_ms);
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "a", .run = impact_check_true,
                                                   .groups = "_defaults,_live,_startup,_ready",
                                                   .timeout_ms = patience_ms)) == IMPACT_OK);
    CHECK_EQUAL(impact_health_get_phase(health), IMPACT_HEALTH_SERVING);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_EQUAL(impact_health_set_phase(health, rows[i].phase), IMPACT_OK);
        CHECK_EQUAL(is_healthy(health, "_startup"), rows[i].startup);
        CHECK_EQUAL(is_healthy(health, "_ready"), rows[i].ready);
        CHECK_EQUAL(is_healthy(health, "a,_ready"), rows[i].ready);
        CHECK(is_healthy(health, "_live"));
        CHECK(is_healthy(health, "_defaults"));
        CHECK(is_healthy(health, "a"));
        CHECK(is_healthy(health, ""));
    }
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_service_that_drains_answers_503_for_ready_and_200_for_live)
{
    impact_health *health = gate_health(1, patience_ms);
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    impact_http_request request = {.size = sizeof request,
                                   .method = impact_text_of("GET"),
                                   .path = impact_text_of("/health/"),
                                   .query = impact_text_of("checks=_ready")};
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "a", .run = impact_check_true,
                                                   .groups = "_live,_ready",
                                                   .timeout_ms = patience_ms)) == IMPACT_OK);
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_DRAINING), IMPACT_OK);
    CHECK(impact_health_answer(health, &request, &response));
    CHECK_EQUAL(response.status, 503);
    impact_http_response_clear(&response);
    request.query = impact_text_of("checks=_live");
    CHECK(impact_health_answer(health, &request, &response));
    CHECK_EQUAL(response.status, 200);
    impact_http_response_clear(&response);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(what_is_no_phase_is_refused)
{
    impact_health *health = gate_health(1, patience_ms);
    CHECK_EQUAL(impact_health_set_phase(health, (impact_health_phase)3), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_set_phase(health, (impact_health_phase)-1), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_set_phase(NULL, IMPACT_HEALTH_SERVING), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_get_phase(health), IMPACT_HEALTH_SERVING);
    CHECK_EQUAL(impact_health_get_phase(NULL), IMPACT_HEALTH_SERVING);
    CHECK_EQUAL(impact_health_report_phase(NULL), IMPACT_HEALTH_SERVING);
    CHECK(!impact_health_report_is_held_back(NULL));
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

/* ---- live ---- */

TEST(the_live_group_refuses_what_is_outside_of_the_process)
{
    impact_health *health = gate_health(1, patience_ms);
    impact_check check = {
        .size = sizeof check, .name = "a", .run = impact_check_true, .groups = "_ready, _live"};
    check.is_external = true;
    CHECK_EQUAL(impact_health_add(health, &check), IMPACT_EPERM);
    check.is_external = false;
    check.component_type = "datastore";
    CHECK_EQUAL(impact_health_add(health, &check), IMPACT_EPERM);
    check.groups = "_ready, _lively";
    CHECK_EQUAL(impact_health_add(health, &check), IMPACT_OK);
    check.groups = "_live";
    CHECK_EQUAL(impact_health_change(health, &check), IMPACT_EPERM);
    CHECK_STRING(health->checks->definition.groups, ",_ready,_lively,");
    check.may_be_live = true;
    CHECK_EQUAL(impact_health_change(health, &check), IMPACT_OK);
    check.name = "b";
    CHECK_EQUAL(impact_health_add(health, &check), IMPACT_OK);
    check.name = "c";
    check.component_type = "system";
    check.may_be_live = false;
    CHECK_EQUAL(impact_health_add(health, &check), IMPACT_OK);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}
