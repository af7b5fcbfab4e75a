/* Tracers: each scope once, what it is written as, the limit, and a lack of memory. */
#include "trace/tracer.h"

#include <stddef.h>
#include <stdio.h>

#include <impact/diagnostics.h>

#include "signal/encode.h"
#include "support/check.h"
#include "support/faults.h"
#include "support/tracing.h"

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
    REQUIRE(impact_scope_view_parse(&scope, impact__tracer_scope(t.tracer)));
    CHECK(is_text(scope.name, "test") && is_text(scope.version, "1"));
    CHECK_EQUAL(count_attributes(scope.attributes), 0);
    const impact_tracer *bad = impact_tracer_provider_get_tracer(t.provider, "b\xFF", NULL);
    REQUIRE(bad && impact_scope_view_parse(&scope, impact__tracer_scope(bad)));
    CHECK(is_text(scope.name, "b\xEF\xBF\xBD"));
    CHECK(is_text(scope.version, ""));
    const impact_tracer *none = impact_tracer_provider_get_tracer(t.provider, NULL, NULL);
    REQUIRE(none);
    CHECK_EQUAL(none->scope_size, 0);
    tracing_close(&t);
}

TEST(schema_url_and_attributes_are_part_of_a_scope)
{
    tracing t;
    impact_scope_view scope;
    REQUIRE(tracing_open(&t, NULL));
    const impact_tracer *tracer = impact_tracer_provider_get_tracer_with(
        t.provider,
        IMPACT_TRACER_OPTIONS(.name = "lib", .schema_url = "https://example.org/1\xFF",
                              IMPACT_ATTRIBUTES(
                                  impact_int("b", 1), impact_string("a", "x"),
                                  impact_map("b", IMPACT_MEMBERS(impact_int("c", 2))))));
    REQUIRE(tracer && impact_scope_view_parse(&scope, impact__tracer_scope(tracer)));
    CHECK(is_text(scope.name, "lib") && is_text(scope.version, ""));
    CHECK(has_string(scope.attributes, "a", "x"));
    CHECK_EQUAL(count_attributes(scope.attributes), 2);
    CHECK(is_text(impact__tracer_schema_url(tracer), "https://example.org/1\xEF\xBF\xBD"));
    tracing_close(&t);
}

TEST(attributes_of_a_scope_that_are_not_kept_are_counted)
{
    static char keys[impact__list_count_limit + 10][12];
    static impact_attribute many[impact__list_count_limit + 10];
    tracing t;
    impact_scope_view scope;
    for (int i = 0; i < impact__list_count_limit + 10; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "%d", i);
        many[i] = impact_int(keys[i], i);
    }
    many[5] = impact_int("bad\xFFkey", 1);
    REQUIRE(tracing_open(&t, NULL));
    const impact_tracer *tracer = impact_tracer_provider_get_tracer_with(
        t.provider, IMPACT_TRACER_OPTIONS(.name = "lib", .attributes = many,
                                          .attribute_count = impact__list_count_limit + 10));
    REQUIRE(tracer && impact_scope_view_parse(&scope, impact__tracer_scope(tracer)));
    CHECK_EQUAL(count_attributes(scope.attributes), impact__list_count_limit - 1);
    CHECK_EQUAL(scope.dropped_attribute_count, 11);
    tracing_close(&t);
}

TEST(the_same_scope_gives_the_same_tracer_whatever_the_order_of_its_attributes)
{
    tracing t;
    REQUIRE(tracing_open(&t, NULL));
    impact_tracer *const one = impact_tracer_provider_get_tracer_with(
        t.provider,
        IMPACT_TRACER_OPTIONS(.name = "a", .schema_url = "u",
                              IMPACT_ATTRIBUTES(impact_int("k", 1), impact_int("l", 2))));
    CHECK(one ==
          impact_tracer_provider_get_tracer_with(
              t.provider,
              IMPACT_TRACER_OPTIONS(.name = "a", .schema_url = "u", .version = "",
                                    IMPACT_ATTRIBUTES(impact_int("l", 2), impact_int("k", 1)))));
    CHECK(one != impact_tracer_provider_get_tracer_with(
                     t.provider, IMPACT_TRACER_OPTIONS(.name = "a", .schema_url = "v",
                                                       IMPACT_ATTRIBUTES(impact_int("k", 1),
                                                                         impact_int("l", 2)))));
    CHECK(one != impact_tracer_provider_get_tracer_with(
                     t.provider, IMPACT_TRACER_OPTIONS(.name = "a", .schema_url = "u",
                                                       IMPACT_ATTRIBUTES(impact_int("k", 1)))));
    CHECK(impact_tracer_provider_get_tracer_with(t.provider, IMPACT_TRACER_OPTIONS(.name = "a")) ==
          impact_tracer_provider_get_tracer(t.provider, "a", NULL));
    CHECK(impact_tracer_provider_get_tracer_with(t.provider, NULL) ==
          impact_tracer_provider_get_tracer(t.provider, NULL, NULL));
    tracing_close(&t);
}

TEST(spans_are_exported_under_the_schema_of_their_tracer)
{
    tracing t;
    REQUIRE(tracing_open(&t, NULL));
    impact_tracer *tracer = impact_tracer_provider_get_tracer_with(
        t.provider, IMPACT_TRACER_OPTIONS(.name = "lib", .schema_url = "https://example.org/1"));
    impact_span_end(impact_span_start(tracer, "a", NULL));
    CHECK_EQUAL(tracing_count(&t), 1);
    impact_message_walk walk = impact_message_walk_of(impact_exporter_memory_data(t.memory), 1);
    impact_text resource_spans, scope_spans, url;
    REQUIRE(impact_message_walk_next(&walk, &resource_spans));
    walk = impact_message_walk_of(resource_spans, 2);
    REQUIRE(impact_message_walk_next(&walk, &scope_spans));
    walk = impact_message_walk_of(scope_spans, 3);
    CHECK(impact_message_walk_next(&walk, &url) && is_text(url, "https://example.org/1"));
    tracing_close(&t);
}

static bool reported(impact_severity severity, const char *message)
{
    return severity == IMPACT_SEVERITY_WARNING &&
           strstr(message, "A tracer has no name") == message;
}

static void count_report(impact_severity severity, const char *message, uint64_t suppressed,
                         void *userdata)
{
    (void)suppressed;
    *(int *)userdata += reported(severity, message);
}

TEST(beyond_1024_tracers_there_is_one_without_a_name_of_the_same_provider)
{
    tracing t;
    char name[16];
    int reports = 0;
    impact_diagnostics_set_callback(count_report, &reports);
    REQUIRE(tracing_open(&t, NULL)); /* it has one */
    for (int i = 0; i < impact__tracer_limit - 1; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        REQUIRE(impact_tracer_provider_get_tracer(t.provider, name, NULL));
    }
    CHECK_EQUAL(reports, 0);
    impact_tracer *more = impact_tracer_provider_get_tracer(t.provider, "more", NULL);
    REQUIRE(more && more->provider == t.provider);
    CHECK_EQUAL(impact__tracer_scope(more).size, 0);
    CHECK(more == impact_tracer_provider_get_tracer(t.provider, "yet more", NULL));
    CHECK_EQUAL(reports, 1);
    impact_span_end(impact_span_start(more, "kept", NULL));
    CHECK_EQUAL(tracing_count(&t), 1);
    CHECK(impact_tracer_provider_get_tracer(t.provider, "0", NULL) != more);
    impact_diagnostics_set_callback(NULL, NULL);
    tracing_close(&t);
}

TEST(a_lack_of_memory_gives_a_tracer_without_a_name_and_loses_nothing)
{
    const impact_tracer_options options = {
        .size = sizeof options, .name = "a", IMPACT_ATTRIBUTES(impact_int("k", 1))};
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        impact__tracer_set set = {.lock = PTHREAD_MUTEX_INITIALIZER};
        const impact_tracer *tracer = impact__tracer_set_get(&set, NULL, &options);
        CHECK((tracer == &set.nameless) == atomic_load(&f.injected));
        CHECK_EQUAL(set.count, tracer != &set.nameless);
        const size_t fail_at = atomic_exchange(&f.fail_at, 0);
        const bool fails_for_good = f.fails_for_good;
        f.fails_for_good = false;
        tracer = impact__tracer_set_get(&set, NULL, &options);
        CHECK(tracer && tracer != &set.nameless); /* the next call works */
        atomic_store(&f.fail_at, fail_at);
        f.fails_for_good = fails_for_good;
        impact__tracer_set_clear(&set);
        CHECK(!set.first && !set.count);
    }
    impact_allocator_set_default(NULL);
}

TEST(options_of_another_size_are_read_by_the_one_rule)
{
    struct {
        impact_tracer_options known;
        uint64_t later;
    } larger = {.known = {.size = sizeof larger, .name = "a", .schema_url = "u"}};
    impact_tracer_options smaller = {
        .size = offsetof(impact_tracer_options, schema_url), .name = "a", .schema_url = "not read"};
    impact_tracer *whole =
        impact_tracer_get_with(IMPACT_TRACER_OPTIONS(.name = "a", .schema_url = "u"));
    CHECK(impact_tracer_get_with(&larger.known) == whole);
    CHECK(impact_tracer_get_with(&smaller) == impact_tracer_get("a", NULL));
    larger.later = 1;
    CHECK_EQUAL(impact__tracer_scope(impact_tracer_get_with(&larger.known)).size, 0);
    tracing t;
    REQUIRE(tracing_open(&t, NULL));
    const impact_tracer *refused =
        impact_tracer_provider_get_tracer_with(t.provider, &larger.known);
    REQUIRE(refused);
    CHECK(refused->provider == t.provider && impact__tracer_scope(refused).size == 0);
    CHECK(impact_tracer_provider_get_tracer_with(t.provider, &smaller) ==
          impact_tracer_provider_get_tracer(t.provider, "a", NULL));
    tracing_close(&t);
}

TEST(a_tracer_is_enabled_while_its_spans_may_be_recorded)
{
    tracing t;
    impact_tracer_provider *provider = NULL;
    REQUIRE(tracing_open(&t, NULL));
    CHECK(impact_tracer_is_enabled(t.tracer));
    impact_tracing_suppress();
    CHECK(!impact_tracer_is_enabled(t.tracer));
    impact_tracing_unsuppress();
    CHECK(impact_tracer_is_enabled(t.tracer));
    CHECK_EQUAL(impact_tracer_provider_shutdown(t.provider, tracing_timeout_ms), IMPACT_OK);
    CHECK(!impact_tracer_is_enabled(t.tracer));
    impact_tracer_provider_close(t.provider);
    REQUIRE(tracing_open(&t, IMPACT_TRACE_OPTIONS(.sampler = impact_sampler_always_off())));
    CHECK(!impact_tracer_is_enabled(t.tracer));
    tracing_close(&t);
    CHECK(!impact_tracer_is_enabled(NULL)); /* no provider is the default */
    REQUIRE(impact_tracer_provider_open(&provider, NULL) == IMPACT_OK);
    CHECK(!impact_tracer_is_enabled(impact_tracer_provider_get_tracer(provider, "a", NULL)));
    impact_tracer_provider_close(provider); /* nobody would get the span */
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
        mine[i] = impact__tracer_set_get(&shared, NULL, IMPACT_TRACER_OPTIONS(.name = name));
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
    CHECK(impact_tracer_provider_get_tracer_with(NULL, IMPACT_TRACER_OPTIONS(.name = "a")) == NULL);
    CHECK(impact_tracer_get(NULL, NULL) != NULL && impact_tracer_get_with(NULL) != NULL);
}
