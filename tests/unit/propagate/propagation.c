/* The process's propagator: its default, the program's own, several in one. */
#include <impact/propagation.h>

#include <pthread.h>
#include <sched.h>
#include <stdint.h>

#include <impact/baggage.h>

#include "propagate/formats.h"
#include "support/carrier.h"
#include "support/check.h"
#include "support/faults.h"

#define HEADER "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static bool has_fields(const impact_propagator *propagator, const char *should)
{
    char joined[200] = "";
    for (size_t i = 0; propagator->fields[i]; i++)
        (void)snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s ",
                       propagator->fields[i]);
    CHECK_STRING(joined, should);
    return strcmp(joined, should) == 0;
}

/* What goes out of what came in, through the process's propagator. */
static void pass_on(carrier *sent, carrier *came)
{
    const impact_context *context =
        impact_propagation_extract(impact_context_root(), &carrier_getter, came);
    *sent = (carrier){.count = 0};
    impact_propagation_inject(context, carrier_add, sent);
    impact_context_release(context);
}

TEST(without_a_word_from_anybody_it_is_trace_context_and_baggage)
{
    carrier came = {.count = 0};
    carrier sent;
    carrier_add(&came, "traceparent", HEADER);
    carrier_add(&came, "baggage", "a=1");
    carrier_add(&came, "baggage", "b=2;p=1");
    carrier_add(&came, "b3", "463ac35c9f6413ad48485a3953bb6124-0020000000000001-1");
    pass_on(&sent, &came);
    CHECK_EQUAL(sent.count, 2);
    CHECK_STRING(carrier_value(&sent, "traceparent"), HEADER);
    CHECK_STRING(carrier_value(&sent, "baggage"), "a=1,b=2;p=1");
    CHECK(has_fields(impact_propagation_get(), "traceparent tracestate baggage "));
}

TEST(the_table_has_each_by_its_name)
{
    static const char *const names[] = {"tracecontext", "baggage", "b3",  "b3multi",
                                        "jaeger",       "xray",    "none"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const impact_propagator *found = impact_propagator_find(names[i]);
        REQUIRE(found);
        CHECK_STRING(found->name, names[i]);
    }
    CHECK(impact_propagator_find("B3MULTI") == &impact__propagator_b3multi);
    CHECK(!impact_propagator_find("zipkin") && !impact_propagator_find("") &&
          !impact_propagator_find(NULL));
    CHECK(has_fields(&impact__propagator_b3, "b3 "));
    CHECK(has_fields(&impact__propagator_b3multi,
                     "x-b3-traceid x-b3-spanid x-b3-sampled x-b3-flags "));
    CHECK(has_fields(&impact__propagator_jaeger, "uber-trace-id "));
    CHECK(has_fields(&impact__propagator_xray, "X-Amzn-Trace-Id "));
    CHECK(has_fields(impact__propagator_none, ""));
}

TEST(none_reads_nothing_and_writes_nothing)
{
    carrier came = {.count = 0};
    carrier sent;
    carrier_add(&came, "traceparent", HEADER);
    CHECK_EQUAL(impact_propagation_set(impact_propagator_find("none")), IMPACT_OK);
    pass_on(&sent, &came);
    CHECK_EQUAL(sent.count, 0);
    CHECK_EQUAL(impact_propagation_set(NULL), IMPACT_OK);
    pass_on(&sent, &came);
    CHECK_EQUAL(sent.count, 1);
}

TEST(several_in_one_read_and_write_all_in_their_order_each_once)
{
    const impact_propagator *const members[] = {&impact__propagator_b3, &impact__propagator_jaeger,
                                                &impact__propagator_b3, &impact__propagator_xray};
    impact_propagator *all = NULL;
    carrier came = {.count = 0};
    carrier sent;
    REQUIRE(impact_propagator_composite_open(&all, members, 4) == IMPACT_OK);
    CHECK(has_fields(all, "b3 uber-trace-id X-Amzn-Trace-Id "));
    CHECK_EQUAL(impact_propagation_set(all), IMPACT_OK);
    carrier_add(&came, "uber-trace-id", "1:2:0:1");
    carrier_add(&came, "b3", "463ac35c9f6413ad48485a3953bb6124-0020000000000001-1");
    pass_on(&sent, &came);
    CHECK_EQUAL(sent.count, 3);
    CHECK_STRING(sent.fields[0].name, "b3");
    /* The last that finds something wins. */
    CHECK_STRING(sent.fields[0].value, "00000000000000000000000000000001-0000000000000002-1");
    CHECK_STRING(sent.fields[1].name, "uber-trace-id");
    CHECK_STRING(sent.fields[2].name, "X-Amzn-Trace-Id");
    CHECK_EQUAL(impact_propagation_set(NULL), IMPACT_OK);
    impact_propagator_composite_close(all);
}

/* ---- a program's own ---- */

static const impact_context *extract_own(const impact_propagator *propagator,
                                         const impact_context *context,
                                         const impact_carrier_getter *getter, void *from)
{
    (void)propagator;
    const impact_text text = getter->get(from, "x-own");
    impact_span_context read = {.trace_id = {{1}}, .span_id = {{(uint8_t)text.size}}};
    return text.data ? impact_context_with_span_context(context, &read) : NULL;
}

static void inject_own(const impact_propagator *propagator, const impact_context *context,
                       impact_carrier_set_fn set, void *from)
{
    const impact_span_context found = impact_context_span_context(context);
    if (found.span_id.bytes[0])
        set(from, propagator->fields[0], "mine");
}

static const char *const own_fields[] = {"x-own", NULL};
static const impact_propagator own = {
    .size = sizeof own,
    .name = "own",
    .fields = own_fields,
    .extract = extract_own,
    .inject = inject_own,
};

TEST(a_programs_own_can_be_the_processs_alone_or_with_others)
{
    const impact_propagator *const members[] = {&impact__propagator_tracecontext, &own};
    impact_propagator *both = NULL;
    carrier came = {.count = 0};
    carrier sent;
    carrier_add(&came, "x-own", "four");
    CHECK_EQUAL(impact_propagation_set(&own), IMPACT_OK);
    pass_on(&sent, &came);
    CHECK_STRING(carrier_value(&sent, "x-own"), "mine");
    CHECK_EQUAL(impact_propagator_composite_open(&both, members, 2), IMPACT_OK);
    CHECK_EQUAL(impact_propagation_set(both), IMPACT_OK);
    pass_on(&sent, &came);
    CHECK_EQUAL(sent.count, 2);
    carrier nothing = {.count = 0};
    pass_on(&sent, &nothing); /* its extract returns NULL: the context is as it was */
    CHECK_EQUAL(sent.count, 0);
    CHECK_EQUAL(impact_propagation_set(NULL), IMPACT_OK);
    impact_propagator_composite_close(both);
}

/* Until there is another than `before`, and what that says of itself. */
static void *wait_for_another(void *before)
{
    const impact_propagator *found = NULL;
    while ((found = impact_propagation_get()) == before)
        (void)sched_yield();
    CHECK_STRING(found->name, "composite");
    CHECK_STRING(found->fields[0], "b3");
    return NULL;
}

/* ThreadSanitizer sees whether it was written before. */
TEST(who_finds_a_programs_propagator_finds_it_whole)
{
    pthread_t thread;
    impact_propagator *made = NULL;
    const impact_propagator *members[] = {impact_propagator_find("b3")};
    const impact_propagator *before = impact_propagation_get();
    REQUIRE(pthread_create(&thread, NULL, wait_for_another, (void *)(uintptr_t)before) == 0);
    REQUIRE(impact_propagator_composite_open(&made, members, 1) == IMPACT_OK);
    CHECK_EQUAL(impact_propagation_set(made), IMPACT_OK);
    (void)pthread_join(thread, NULL);
    CHECK_EQUAL(impact_propagation_set(NULL), IMPACT_OK);
    impact_propagator_composite_close(made);
}

TEST(one_that_lacks_a_part_is_refused)
{
    impact_propagator lacking = own;
    const impact_propagator *const members[] = {&own, &lacking};
    impact_propagator *made = NULL;
    lacking.inject = NULL;
    CHECK_EQUAL(impact_propagation_set(&lacking), IMPACT_EINVAL);
    CHECK_EQUAL(impact_propagator_composite_open(&made, members, 2), IMPACT_EINVAL);
    lacking = own;
    lacking.size = offsetof(impact_propagator, inject); /* smaller: the rest is not set */
    CHECK_EQUAL(impact_propagation_set(&lacking), IMPACT_EINVAL);
    struct {
        impact_propagator known;
        void *more;
    } larger = {.known = own};
    larger.known.size = sizeof larger;
    CHECK_EQUAL(impact_propagation_set(&larger.known), IMPACT_OK);
    larger.more = &larger;
    CHECK_EQUAL(impact_propagation_set(&larger.known), IMPACT_EINVAL);
    CHECK(made == NULL);
    CHECK_EQUAL(impact_propagation_set(NULL), IMPACT_OK);
}

TEST(a_getter_may_be_smaller_or_larger)
{
    struct {
        impact_carrier_getter known;
        void *more;
    } larger = {.known = carrier_getter};
    impact_carrier_getter smaller = carrier_getter;
    carrier came = {.count = 0};
    carrier_add(&came, "traceparent", HEADER);
    larger.known.size = sizeof larger;
    smaller.size = offsetof(impact_carrier_getter, get_all);
    const impact_carrier_getter *const read[] = {&carrier_getter, &larger.known, &smaller};
    for (size_t i = 0; i < 3; i++) {
        const impact_context *context =
            impact_propagation_extract(impact_context_root(), read[i], &came);
        const impact_span_context found = impact_context_span_context(context);
        CHECK(impact_span_context_is_valid(&found));
        impact_context_release(context);
    }
    larger.more = &larger; /* something that is not known here: nothing is read */
    const impact_context *context =
        impact_propagation_extract(impact_context_root(), &larger.known, &came);
    CHECK(context == impact_context_root());
}

TEST(null_is_the_current_context)
{
    const impact_span_context span_context = {.trace_id = {{1}}, .span_id = {{2}}};
    const impact_context *context =
        impact_context_with_span_context(impact_context_root(), &span_context);
    carrier sent = {.count = 0};
    carrier nothing = {.count = 0};
    const impact_scope scope = impact_context_attach(context);
    impact_propagation_inject(NULL, carrier_add, &sent);
    CHECK_EQUAL(sent.count, 1);
    const impact_context *same = impact_propagation_extract(NULL, &carrier_getter, &nothing);
    CHECK(same == context);
    CHECK(impact_context_detach(scope));
    impact_context_release(same);
    impact_context_release(context);
}

TEST(null_for_a_getter_a_setter_or_a_list_does_no_harm)
{
    impact_propagator *made = NULL;
    CHECK(impact_propagation_extract(impact_context_root(), NULL, NULL) == impact_context_root());
    impact_propagation_inject(impact_context_root(), NULL, NULL);
    CHECK_EQUAL(impact_propagator_composite_open(NULL, NULL, 0), IMPACT_EINVAL);
    CHECK_EQUAL(impact_propagator_composite_open(&made, NULL, 1), IMPACT_EINVAL);
    const impact_propagator *const members[65] = {NULL};
    CHECK_EQUAL(impact_propagator_composite_open(&made, members, 2), IMPACT_EINVAL);
    CHECK_EQUAL(impact_propagator_composite_open(&made, members, 65), IMPACT_ELIMIT);
    CHECK_EQUAL(impact_propagator_composite_open(&made, members, 64), IMPACT_EINVAL);
    CHECK(made == NULL);
    CHECK_EQUAL(impact_propagator_composite_open(&made, NULL, 0), IMPACT_OK);
    CHECK(has_fields(made, ""));
    impact_propagator_composite_close(made);
    impact_propagator_composite_close(NULL);
}

TEST(without_memory_a_composite_is_not_made_and_fields_that_repeat_are_none)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        const impact_propagator *const members[] = {&impact__propagator_tracecontext,
                                                    &impact__propagator_baggage};
        impact_propagator *made = NULL;
        const impact_status status = impact_propagator_composite_open(&made, members, 2);
        CHECK_EQUAL(status == IMPACT_OK, made != NULL);
        impact_propagator_composite_close(made);
        carrier came = {.count = 0};
        carrier_add(&came, "traceparent", HEADER);
        carrier_add(&came, "tracestate", "a=1");
        carrier_add(&came, "tracestate", "b=2");
        carrier_add(&came, "baggage", "a=1");
        const impact_context *context =
            impact_propagation_extract(impact_context_root(), &carrier_getter, &came);
        const impact_span_context found = impact_context_span_context(context);
        CHECK(f.injected || strlen(found.trace_state.text) == 7);
        impact_context_release(context);
        impact_allocator_set_default(NULL);
    }
}

/* ---- taking part ---- */

TEST(who_takes_part_has_a_place_of_its_own_in_the_trace_that_came)
{
    carrier came = {.count = 0};
    carrier_add(&came, "traceparent", HEADER);
    carrier_add(&came, "tracestate", "a=1");
    carrier_add(&came, "baggage", "k=v");
    const impact_context *context =
        impact_propagation_extract(impact_context_root(), &carrier_getter, &came);
    const impact_context *one = impact_propagation_participate(context);
    const impact_context *two = impact_propagation_participate(context);
    const impact_span_context before = impact_context_span_context(context);
    const impact_span_context first = impact_context_span_context(one);
    const impact_span_context second = impact_context_span_context(two);
    CHECK(memcmp(&first.trace_id, &before.trace_id, sizeof first.trace_id) == 0);
    CHECK(memcmp(&first.span_id, &before.span_id, sizeof first.span_id) != 0);
    CHECK(memcmp(&first.span_id, &second.span_id, sizeof first.span_id) != 0);
    CHECK_EQUAL(first.trace_flags, before.trace_flags);
    CHECK(!first.is_remote);
    CHECK_EQUAL(strlen(first.trace_state.text), 3);
    CHECK_EQUAL(impact_baggage_count(impact_context_baggage(one)), 1);
    impact_context_release(two);
    impact_context_release(one);
    impact_context_release(context);
}

TEST(who_takes_part_without_a_trace_begins_one_that_is_not_sampled)
{
    const impact_context *one = impact_propagation_participate(impact_context_root());
    const impact_context *two = impact_propagation_participate(NULL); /* nothing is current */
    const impact_span_context first = impact_context_span_context(one);
    const impact_span_context second = impact_context_span_context(two);
    CHECK(impact_span_context_is_valid(&first) && impact_span_context_is_valid(&second));
    CHECK(memcmp(&first.trace_id, &second.trace_id, sizeof first.trace_id) != 0);
    CHECK_EQUAL(first.trace_flags, IMPACT_TRACE_FLAG_RANDOM);
    impact_context_release(two);
    impact_context_release(one);
}
