/* Tracers: each scope once, what it is written as, the limit, and a lack of memory. */
#include "trace/tracer.h"

#include "support/check.h"
#include "support/faults.h"
#include "support/tracing.h"

static impact_text scope_of(const impact_tracer *tracer)
{
    return impact_text_from(tracer->scope, tracer->scope_size);
}

TEST(the_same_name_and_version_give_the_same_tracer)
{
    tracing t;
    REQUIRE(tracing_open(&t, NULL));
    impact_tracer *a = impact_tracer_provider_get_tracer(t.provider, "a", "1");
    CHECK(a && a == impact_tracer_provider_get_tracer(t.provider, "a", "1"));
    CHECK(a != impact_tracer_provider_get_tracer(t.provider, "a", "2"));
    CHECK(a != impact_tracer_provider_get_tracer(t.provider, "a", NULL));
    CHECK(impact_tracer_provider_get_tracer(t.provider, NULL, NULL) ==
          impact_tracer_provider_get_tracer(t.provider, "", ""));
    CHECK(impact_tracer_get("a", "1") == impact_tracer_get("a", "1"));
    CHECK(impact_tracer_get("a", "1") != a);
    tracing_close(&t);
}

TEST(a_tracer_is_written_as_its_scope)
{
    tracing t;
    impact_scope_view scope;
    REQUIRE(tracing_open(&t, NULL));
    REQUIRE(impact_scope_view_parse(&scope, scope_of(t.tracer)));
    CHECK(is_text(scope.name, "test") && is_text(scope.version, "1"));
    CHECK_EQUAL(count_attributes(scope.attributes), 0);
    const impact_tracer *bad = impact_tracer_provider_get_tracer(t.provider, "b\xFF", NULL);
    REQUIRE(bad && impact_scope_view_parse(&scope, scope_of(bad)));
    CHECK(is_text(scope.name, "b\xEF\xBF\xBD"));
    CHECK(is_text(scope.version, ""));
    const impact_tracer *none = impact_tracer_provider_get_tracer(t.provider, NULL, NULL);
    REQUIRE(none);
    CHECK_EQUAL(none->scope_size, 0);
    tracing_close(&t);
}

TEST(there_are_at_most_1024_tracers)
{
    tracing t;
    char name[16];
    REQUIRE(tracing_open(&t, NULL)); /* it has one */
    for (int i = 0; i < impact__tracer_limit - 1; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        REQUIRE(impact_tracer_provider_get_tracer(t.provider, name, NULL));
    }
    CHECK(impact_tracer_provider_get_tracer(t.provider, "more", NULL) == NULL);
    CHECK(impact_tracer_provider_get_tracer(t.provider, "0", NULL) != NULL);
    tracing_close(&t);
}

TEST(a_lack_of_memory_gives_no_tracer_and_loses_nothing)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        impact__tracer_set set = {.lock = PTHREAD_MUTEX_INITIALIZER};
        impact_tracer *tracer = impact__tracer_set_get(&set, NULL, "a", "1");
        CHECK((tracer == NULL) == atomic_load(&f.injected));
        CHECK_EQUAL(set.count, tracer != NULL);
        const size_t fail_at = atomic_exchange(&f.fail_at, 0);
        CHECK(impact__tracer_set_get(&set, NULL, "a", "1") != NULL); /* the next call works */
        atomic_store(&f.fail_at, fail_at);
        impact__tracer_set_clear(&set);
        CHECK(!set.first && !set.count);
    }
    impact_allocator_set_default(NULL);
}

enum { thread_count = 4, names_each = 50 };

static pthread_barrier_t barrier;
static impact__tracer_set shared = {.lock = PTHREAD_MUTEX_INITIALIZER};
static impact_tracer *got[thread_count][names_each];

static void *get_all(void *argument)
{
    impact_tracer **mine = argument;
    char name[16];
    (void)pthread_barrier_wait(&barrier);
    for (int i = 0; i < names_each; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        mine[i] = impact__tracer_set_get(&shared, NULL, name, NULL);
    }
    return NULL;
}

TEST(threads_that_ask_at_once_get_the_same_tracers)
{
    pthread_t threads[thread_count];
    (void)pthread_barrier_init(&barrier, NULL, thread_count);
    for (int i = 0; i < thread_count; i++)
        REQUIRE(pthread_create(&threads[i], NULL, get_all, got[i]) == 0);
    for (int i = 0; i < thread_count; i++)
        (void)pthread_join(threads[i], NULL);
    CHECK_EQUAL(shared.count, names_each);
    for (int i = 1; i < thread_count; i++)
        CHECK(memcmp(got[i], got[0], sizeof got[0]) == 0);
    impact__tracer_set_clear(&shared);
}

TEST(null_is_no_provider_and_has_no_tracer)
{
    CHECK(impact_tracer_provider_get_tracer(NULL, "a", "1") == NULL);
    CHECK(impact_tracer_get(NULL, NULL) != NULL);
}
