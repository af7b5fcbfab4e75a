/* Forks, with no memory for the system's handlers: nothing is set up, and nothing leaks. */
#include <errno.h>
#include <pthread.h>

#include <impact/health.h>
#include <impact/process.h>
#include <impact/processor.h>
#include <impact/trace.h>

#include "process/fork.h"
#include "support/check.h"
#include "support/fake_exporter.h"
#include "support/faults.h"

/* Found before the system's. */
int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    (void)prepare;
    (void)parent;
    (void)child;
    return ENOMEM;
}

TEST(who_cannot_watch_forks_is_told)
{
    impact__fork_member member = {.prepare = NULL};
    impact_fork_member *plugins = NULL;
    faults f;
    faults_open(&f);
    impact_allocator_set_default(&f.allocator);
    CHECK_EQUAL(impact__fork_add(&member), IMPACT_ENOMEM);
    CHECK_EQUAL(impact_fork_add(&plugins, IMPACT_FORK_HANDLERS()), IMPACT_ENOMEM);
    CHECK(!plugins);
    CHECK_EQUAL(atomic_load(&f.live), 0);
    impact_allocator_set_default(NULL);
}

TEST(what_has_to_watch_forks_does_not_open)
{
    impact_health *health = NULL;
    impact_tracer_provider *provider = NULL;
    impact_span_processor *simple = NULL;
    fake_exporter fake;
    impact_exporter *exporter = fake_exporter_open(&fake);
    faults f;
    faults_open(&f);
    CHECK_EQUAL(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.allocator = &f.allocator)),
                IMPACT_ENOMEM);
    CHECK_EQUAL(impact_tracer_provider_open(
                    &provider, IMPACT_TRACE_OPTIONS(.allocator = &f.allocator,
                                                    .exporters = &exporter, .exporter_count = 1)),
                IMPACT_ENOMEM);
    CHECK_EQUAL(impact_simple_processor_open(&simple, exporter, &f.allocator), IMPACT_ENOMEM);
    CHECK(!health && !provider && !simple && !fake.is_closed);
    CHECK_EQUAL(atomic_load(&f.live), 0);
}
