/* A run: its result, its explanation, and what is said of it. */
#include "health/run.h"

#include <impact/diagnostics.h>

#include "gate.h"
#include "support/check.h"

/* ---- results ---- */

static impact_health_status return_userdata(impact_health_run *run, void *userdata)
{
    (void)run;
    return *(impact_health_status *)userdata;
}

static impact_health_result result_of(impact_health_status status)
{
    impact_health *health = gate_health(1, patience_ms);
    CHECK_EQUAL(
        impact_health_add(health, IMPACT_CHECK(.name = "a", .run = return_userdata,
                                               .userdata = &status, .timeout_ms = patience_ms)),
        IMPACT_OK);
    const impact_health_result result = probe_one(health, "a");
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    return result;
}

TEST(a_result_is_what_the_check_returned)
{
    CHECK_EQUAL(result_of(IMPACT_HEALTH_PASS).status, IMPACT_HEALTH_PASS);
    CHECK_STRING(result_of(IMPACT_HEALTH_PASS).reason, "");
    CHECK_EQUAL(result_of(IMPACT_HEALTH_WARN).status, IMPACT_HEALTH_WARN);
    CHECK_STRING(result_of(IMPACT_HEALTH_WARN).reason, "");
    CHECK_EQUAL(result_of(IMPACT_HEALTH_FAIL).status, IMPACT_HEALTH_FAIL);
    CHECK_STRING(result_of(IMPACT_HEALTH_FAIL).reason, "error");
    CHECK_EQUAL(result_of(IMPACT_HEALTH_UNKNOWN).status, IMPACT_HEALTH_UNKNOWN);
    CHECK_STRING(result_of(IMPACT_HEALTH_UNKNOWN).reason, "error");
}

TEST(a_status_that_is_none_counts_as_failed)
{
    const int not_a_status = 17;
    CHECK_EQUAL(result_of((impact_health_status)not_a_status).status, IMPACT_HEALTH_FAIL);
    CHECK_STRING(result_of((impact_health_status)not_a_status).reason, "error");
}

/* ---- what is said ---- */

typedef struct heard {
    atomic_uint count;
    char message[512];
} heard;

static void listen_to(impact_severity severity, const char *message, uint64_t suppressed,
                      void *userdata)
{
    heard *h = userdata;
    CHECK_EQUAL(severity, IMPACT_SEVERITY_WARNING);
    CHECK_EQUAL(suppressed, 0);
    (void)snprintf(h->message, sizeof h->message, "%s", message);
    atomic_fetch_add(&h->count, 1);
}

static impact_health_status explain_and_fail(impact_health_run *run, void *userdata)
{
    impact_health_explain(run, "not %s", "this");
    impact_health_explain(run, "%s", (const char *)userdata);
    return IMPACT_HEALTH_FAIL;
}

static void probe_explained(heard *h, const char *explanation)
{
    impact_diagnostics_set_callback(listen_to, h);
    impact_health *health = gate_health(1, patience_ms);
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = "a", .run = explain_and_fail,
                                                       .userdata = (void *)(uintptr_t)explanation,
                                                       .timeout_ms = patience_ms)),
                IMPACT_OK);
    CHECK_STRING(probe_one(health, "a").reason, "error");
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    CHECK_EQUAL(atomic_load(&h->count), 1);
}

TEST(a_failed_check_is_logged_with_its_name_and_its_last_word)
{
    heard h = {0};
    probe_explained(&h, "the disk is full");
    CHECK_STRING(h.message, "check a failed: the disk is full");
}

TEST(an_explanation_is_cut_between_characters)
{
    heard h = {0};
    char long_one[300] = "";
    memset(long_one, 'x', 254);
    memcpy(long_one + 254, "\xC3\xB6 and more", 12); /* byte 255 would be half of a letter */
    probe_explained(&h, long_one);
    CHECK_EQUAL(strlen(h.message), strlen("check a failed: ") + 254);
}

TEST(a_secret_is_hidden_before_an_explanation_is_cut)
{
    heard h = {0};
    char explanation[300] = "";
    memset(explanation, 'a', 220);
    memcpy(explanation + 220, " amqp://bob:a-password-of-some-length@mq", 40);
    probe_explained(&h, explanation);
    CHECK(!check_contains(h.message, "bob") && !check_contains(h.message, "a-password"));
    CHECK(check_contains(h.message, " amqp://***@mq"));
}

TEST(a_hung_check_is_logged_with_its_name)
{
    heard h = {0};
    gate g;
    gate_open(&g);
    impact_diagnostics_set_callback(listen_to, &h);
    impact_health *health = gate_health(1, patience_ms);
    add_gate(health, "hung", &g, 20);
    CHECK_STRING(probe_one(health, "hung").reason, "timeout");
    CHECK_EQUAL(atomic_load(&h.count), 1);
    CHECK(check_contains(h.message, "check hung is past its time limit"));
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(a_check_without_a_result_is_logged_with_its_name)
{
    heard h = {0};
    gate g;
    gate_open(&g);
    impact_diagnostics_set_callback(listen_to, &h);
    impact_health *health = gate_health(1, 1);
    add_gate(health, "slow", &g, patience_ms);
    CHECK_STRING(probe_one(health, "slow").reason, "pending");
    CHECK_EQUAL(atomic_load(&h.count), 1);
    CHECK_STRING(h.message, "check slow had no result when its probe was answered");
    gate_release(&g);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

TEST(a_run_that_is_null_is_accepted)
{
    CHECK_EQUAL(impact_health_remaining_ms(NULL), 0);
    impact_health_explain(NULL, "%d", 1);
    impact_health_observe(NULL, 1, "");
    CHECK_EQUAL(impact_check_true(NULL, NULL), IMPACT_HEALTH_PASS);
    CHECK_EQUAL(impact_check_false(NULL, NULL), IMPACT_HEALTH_FAIL);
}
