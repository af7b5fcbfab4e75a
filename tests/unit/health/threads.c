/* The engine when the system refuses threads. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

#include <impact/health.h>

#include "gate.h"
#include "support/check.h"

typedef int (*create_fn)(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                         void *argument);

static atomic_int allowed = 1000; /* threads that may still be started, */
static atomic_int refused;        /* and as many that may not, behind those */

/* Found before the system's. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument)
{
    create_fn create = NULL;
    *(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
    if (atomic_fetch_sub(&allowed, 1) <= 0 && atomic_fetch_sub(&refused, 1) > 0)
        return EAGAIN;
    return create(thread, attributes, run, argument);
}

static void refuse(int after, int count)
{
    atomic_store(&allowed, after);
    atomic_store(&refused, count);
}

TEST(without_a_thread_asking_fails_and_works_again_once_there_is_one)
{
    impact_health *health = gate_health(1, patience_ms);
    impact_health_ticket *ticket = NULL;
    impact_health_report *report = NULL;
    add_true(health, "a");
    refuse(0, 1000);
    CHECK_EQUAL(impact_health_begin(&ticket, health, impact_text_of("a")), IMPACT_ESYSTEM);
    CHECK_EQUAL(impact_health_probe(health, impact_text_of("a"), &report), IMPACT_ESYSTEM);
    CHECK(!ticket && !report);
    CHECK_EQUAL(threads_of(health), 0);
    CHECK_EQUAL(users_of(health, "a"), 0);
    refuse(1000, 0);
    CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(without_a_thread_a_request_is_answered_with_503)
{
    impact_health *health = gate_health(1, patience_ms);
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    const impact_http_request request = {.size = sizeof request,
                                         .method = impact_text_of("GET"),
                                         .path = impact_text_of("/health/")};
    add_true(health, "a");
    refuse(0, 1000);
    CHECK(impact_health_answer(health, &request, &response));
    CHECK_EQUAL(response.status, 503);
    impact_http_response_clear(&response);
    refuse(1000, 0);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
}

TEST(a_thread_that_is_refused_is_asked_for_again)
{
    impact_health *health = gate_health(2, patience_ms);
    add_true(health, "a");
    add_true(health, "b");
    refuse(1, 3); /* there is one to look at the clock */
    CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_PASS);
    refuse(1000, 0);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_thread_that_is_refused_is_not_asked_for_without_a_pause)
{
    enum { asked_before = 2, retry_ms = 100, budget_ms = 5 * retry_ms };
    impact_health *health = gate_health(1, budget_ms);
    add_true(health, "a");
    refuse(1, 1000); /* there is one to look at the clock */
    CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_UNKNOWN);
    CHECK(1000 - atomic_load(&refused) <= asked_before + budget_ms / retry_ms);
    refuse(1000, 0);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_thread_that_is_there_runs_all_when_no_other_can_be_started)
{
    impact_health *health = gate_health(4, patience_ms);
    impact_health_report *report = NULL;
    add_true(health, "a");
    add_true(health, "b");
    add_true(health, "c");
    refuse(2, 1000); /* the clock's, and one for runs */
    REQUIRE(probe_in_time(health, "_defaults", &report));
    CHECK(impact_health_report_is_healthy(report));
    impact_health_report_close(report);
    refuse(1000, 0);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}
