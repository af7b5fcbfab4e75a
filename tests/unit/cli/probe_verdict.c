/* What an answer means. */
#include "probe_verdict.h"

#include "support/check.h"

static probe_verdict verdict;

static void reach(int status, const char *body, bool wants_all)
{
    const probe_asked asked = {
        .answer = {.status = status, .body = impact_text_of(body)},
        .took_ns = 5,
    };
    probe_verdict_reach(&verdict, &asked, wants_all);
}

TEST(the_http_status_decides)
{
    reach(200, "pong", false);
    CHECK_EQUAL(verdict.status, IMPACT_HEALTH_PASS);
    CHECK_STRING(verdict.summary, "200");
    CHECK_EQUAL(verdict.took_ns, 5);
    reach(503, "{\"checks\":{\"db\":true},\"health\":\"running\"}", false);
    CHECK_EQUAL(verdict.status, IMPACT_HEALTH_FAIL);
    reach(200, "{\"status\":\"fail\"}", false);
    CHECK_EQUAL(verdict.status, IMPACT_HEALTH_PASS);
    reach(500, "{\"status\":\"warn\"}", false);
    CHECK_EQUAL(verdict.status, IMPACT_HEALTH_FAIL);
}

TEST(a_reservation_is_told)
{
    reach(200, "{\"status\":\"warn\",\"checks\":{\"db\":[{\"status\":\"warn\"}]}}", false);
    CHECK_EQUAL(verdict.status, IMPACT_HEALTH_WARN);
    CHECK_STRING(verdict.summary, "200: 1 of 1 checks warn: db");
    CHECK_STRING(verdict.checks, "  warn    db\n");
}

TEST(the_checks_that_do_not_hold_are_named)
{
    reach(503, " {\"checks\":{\"db\":false,\"web\":true,\"q\":false},\"health\":\"degraded\"}",
          false);
    CHECK_STRING(verdict.summary, "503: 2 of 3 checks do not hold: db, q");
    CHECK_STRING(verdict.checks, "  fail    db\n  fail    q\n");
    reach(200, "{\"checks\":{\"db\":true},\"health\":\"running\"}", true);
    CHECK_STRING(verdict.summary, "200: 1 of 1 checks hold");
    CHECK_STRING(verdict.checks, "  pass    db\n");
}

TEST(a_redirect_is_not_followed_and_fails)
{
    reach(308, "", false);
    CHECK_EQUAL(verdict.status, IMPACT_HEALTH_FAIL);
    CHECK_STRING(verdict.summary, "308: a redirect, which is not followed");
}

TEST(no_answer_is_a_failure)
{
    const probe_asked asked = {.problem = "timeout"};
    probe_verdict_reach(&verdict, &asked, false);
    CHECK_EQUAL(verdict.status, IMPACT_HEALTH_FAIL);
    CHECK_STRING(verdict.summary, "timeout");
    CHECK_STRING(verdict.checks, "");
}

TEST(more_checks_than_there_is_room_for_are_cut_between_lines)
{
    static char body[400 * 1000] = "{\"checks\":{";
    size_t size = strlen(body);
    for (int i = 0; i < 3000; i++)
        size += (size_t)snprintf(body + size, sizeof body - size, "\"%0100d\":false,", i);
    (void)snprintf(body + size, sizeof body - size, "\"z\":false}}");
    reach(503, body, false);
    CHECK_EQUAL(verdict.bad_count, 3001);
    CHECK(check_contains(verdict.summary, "503: 3001 of 3001 checks do not hold: 000"));
    const size_t last = strlen(verdict.checks);
    CHECK(last > probe_text_limit / 2 && last < probe_text_limit);
    CHECK(last && verdict.checks[last - 1] == '\n');
}

TEST(docker_knows_two_exit_statuses_and_nagios_four)
{
    CHECK_EQUAL(probe_exit_status(IMPACT_HEALTH_PASS, false), 0);
    CHECK_EQUAL(probe_exit_status(IMPACT_HEALTH_WARN, false), 0);
    CHECK_EQUAL(probe_exit_status(IMPACT_HEALTH_FAIL, false), 1);
    CHECK_EQUAL(probe_exit_status(IMPACT_HEALTH_UNKNOWN, false), 1);
    CHECK_EQUAL(probe_exit_status(IMPACT_HEALTH_PASS, true), 0);
    CHECK_EQUAL(probe_exit_status(IMPACT_HEALTH_WARN, true), 1);
    CHECK_EQUAL(probe_exit_status(IMPACT_HEALTH_FAIL, true), 2);
    CHECK_EQUAL(probe_exit_status(IMPACT_HEALTH_UNKNOWN, true), 3);
}
