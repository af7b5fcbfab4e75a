/* Spans from start to end: parents, ids, flags, kinds, times, options, threads, memory. */
#include "trace/live_span.h"

#include <pthread.h>

#include <impact/diagnostics.h>

#include "base/clock.h"
#include "support/check.h"
#include "support/faults.h"
#include "support/tracing.h"
#include "trace/provider.h"
#include "trace/slot.h"
#include "trace/thread_state.h"

static const impact_span_context remote = {
    .trace_id = {{1, [15] = 2}},
    .span_id = {{3, [7] = 4}},
    .trace_flags = IMPACT_TRACE_FLAG_SAMPLED,
    .is_remote = true,
    .trace_state = {"a=1,b=2"},
};

static bool same_trace(const impact_trace_id *a, const impact_trace_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static bool same_span(const impact_span_id *a, const impact_span_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

TEST(a_span_is_exported_as_it_was_started)
{
    tracing t;
    impact_span_view view;
    REQUIRE(tracing_open(&t, NULL));
    const uint64_t before = impact__clock_unix_ns();
    impact_span *span = impact_span_start(t.tracer, "checkout", NULL);
    CHECK(impact_span_is_recording(span));
    const impact_span_context context = impact_span_context_of(span);
    CHECK(impact_span_context_is_valid(&context) && impact_span_context_is_sampled(&context));
    CHECK(!context.is_remote);
    REQUIRE(tracing_end(&t, span, &view));
    CHECK(is_text(view.name, "checkout"));
    CHECK(same_trace(&view.context.trace_id, &context.trace_id));
    CHECK(same_span(&view.context.span_id, &context.span_id));
    CHECK_EQUAL(view.context.trace_flags, IMPACT_TRACE_FLAG_SAMPLED | IMPACT_TRACE_FLAG_RANDOM);
    CHECK(!view.has_parent && !view.is_parent_remote);
    CHECK_EQUAL(view.kind, IMPACT_SPAN_KIND_INTERNAL);
    CHECK_EQUAL(view.status, IMPACT_SPAN_STATUS_UNSET);
    CHECK(view.start_unix_ns + IMPACT__NS_PER_SEC > before); /* the wall clock may be set */
    CHECK(view.end_unix_ns >= view.start_unix_ns);
    CHECK_EQUAL(view.context.trace_state.size, 0);
    tracing_close(&t);
}

TEST(the_current_span_is_the_parent)
{
    tracing t;
    impact_span_view view;
    REQUIRE(tracing_open(&t, NULL));
    impact_span *parent = impact_span_start(t.tracer, "parent", NULL);
    const impact_span_context context = impact_span_context_of(parent);
    const impact_scope scope = impact_scope_enter(parent);
    REQUIRE(tracing_end(&t, impact_span_start(t.tracer, "child", NULL), &view));
    CHECK(view.has_parent && !view.is_parent_remote);
    CHECK(same_trace(&view.context.trace_id, &context.trace_id));
    CHECK(same_span(&view.parent_span_id, &context.span_id));
    CHECK(!same_span(&view.context.span_id, &context.span_id));
    impact_scope_leave(scope);
    impact_span_end(parent);
    tracing_close(&t);
}

TEST(an_explicit_parent_wins_over_the_current_span)
{
    tracing t;
    impact_span_view view;
    REQUIRE(tracing_open(&t, NULL));
    impact_span *current = impact_span_start(t.tracer, "current", NULL);
    const impact_scope scope = impact_scope_enter(current);
    impact_span *span =
        impact_span_start(t.tracer, "child", IMPACT_SPAN_OPTIONS(.parent = &remote));
    CHECK(!impact_span_context_of(span).is_remote);
    REQUIRE(tracing_end(&t, span, &view));
    CHECK(view.has_parent && view.is_parent_remote);
    CHECK(same_trace(&view.context.trace_id, &remote.trace_id));
    CHECK(same_span(&view.parent_span_id, &remote.span_id));
    CHECK_EQUAL(view.context.trace_flags, IMPACT_TRACE_FLAG_SAMPLED); /* not random: inherited */
    CHECK(is_text(view.context.trace_state, "a=1,b=2"));
    impact_scope_leave(scope);
    impact_span_end(current);
    tracing_close(&t);
}

TEST(an_invalid_parent_and_the_root_flag_make_roots)
{
    tracing t;
    impact_span_view view;
    const impact_span_context invalid = {.trace_id = {{1}}};
    REQUIRE(tracing_open(&t, NULL));
    impact_span *current = impact_span_start(t.tracer, "current", NULL);
    const impact_span_context context = impact_span_context_of(current);
    const impact_scope scope = impact_scope_enter(current);
    REQUIRE(tracing_end(
        &t, impact_span_start(t.tracer, "a", IMPACT_SPAN_OPTIONS(.parent = &invalid)), &view));
    CHECK(!view.has_parent && !same_trace(&view.context.trace_id, &context.trace_id));
    REQUIRE(tracing_end(
        &t,
        impact_span_start(t.tracer, "b", IMPACT_SPAN_OPTIONS(.parent = &remote, .is_root = true)),
        &view));
    CHECK(!view.has_parent && !same_trace(&view.context.trace_id, &remote.trace_id));
    CHECK_EQUAL(view.context.trace_state.size, 0);
    impact_scope_leave(scope);
    impact_span_end(current);
    tracing_close(&t);
}

TEST(a_child_inherits_the_trace_state_of_its_parent)
{
    tracing t;
    impact_span_view view;
    REQUIRE(tracing_open(&t, NULL));
    impact_span *a = impact_span_start(t.tracer, "a", IMPACT_SPAN_OPTIONS(.parent = &remote));
    const impact_scope scope = impact_scope_enter(a);
    impact_span *b = impact_span_start(t.tracer, "b", NULL);
    impact_scope_leave(scope);
    impact_span_end(a);
    const impact_span_context of_b = impact_span_context_of(b);
    CHECK_STRING(of_b.trace_state.text, "a=1,b=2"); /* a copy of its own */
    REQUIRE(tracing_end(&t, b, &view));
    CHECK(is_text(view.context.trace_state, "a=1,b=2"));
    impact_span *root = impact_span_start(t.tracer, "root", NULL); /* of a used slot */
    const impact_span_context of_root = impact_span_context_of(root);
    CHECK_STRING(of_root.trace_state.text, "");
    impact_span_end(root);
    tracing_close(&t);
}

TEST(an_unsampled_span_hands_its_context_on_and_is_not_exported)
{
    tracing t;
    REQUIRE(tracing_open(&t, NULL));
    impact_span_context unsampled = remote;
    unsampled.trace_flags = IMPACT_TRACE_FLAG_RANDOM;
    impact_span *span = impact_span_start(t.tracer, "a", IMPACT_SPAN_OPTIONS(.parent = &unsampled));
    const impact_span_context context = impact_span_context_of(span);
    CHECK(span && !impact_span_is_recording(span));
    CHECK(impact_span_context_is_valid(&context) &&
          same_trace(&context.trace_id, &remote.trace_id));
    CHECK_EQUAL(context.trace_flags, IMPACT_TRACE_FLAG_RANDOM);
    CHECK_STRING(context.trace_state.text, "a=1,b=2");
    impact_span_set(span, impact_int("a", 1));
    impact_span_add_event(span, "e", 0, NULL, 0);
    impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, "e");
    impact_span_set_name(span, "b");
    const impact_scope scope = impact_scope_enter(span);
    impact_span *child = impact_span_start(t.tracer, "child", NULL);
    CHECK(child && !impact_span_is_recording(child));
    impact_span_end(child);
    impact_scope_leave(scope);
    impact_span_end(span);
    CHECK_EQUAL(stats_of(t.provider).ended, 0);
    tracing_close(&t);
}

TEST(ids_are_unique_and_not_zero)
{
    tracing t;
    enum { count = 20000 };
    static uint64_t seen[1 << 16];
    REQUIRE(tracing_open(&t, IMPACT_TRACE_OPTIONS(.sampler = impact_sampler_always_off())));
    for (int i = 0; i < count; i++) {
        impact_span *span = impact_span_start(t.tracer, "a", NULL);
        const impact_span_context context = impact_span_context_of(span);
        CHECK(impact_span_context_is_valid(&context));
        uint64_t id;
        memcpy(&id, &context.span_id, sizeof id);
        size_t place = id & 0xFFFF;
        for (; seen[place]; place = (place + 1) & 0xFFFF)
            CHECK(seen[place] != id);
        seen[place] = id;
        impact_span_end(span);
    }
    tracing_close(&t);
}

TEST(kinds_are_exported_and_unknown_ones_are_internal)
{
    tracing t;
    impact_span_view view;
    REQUIRE(tracing_open(&t, NULL));
    for (int kind = -1; kind <= 6; kind++) {
        const impact_span_options options = {.size = sizeof options,
                                             .kind = (impact_span_kind)kind};
        REQUIRE(tracing_end(&t, impact_span_start(t.tracer, "a", &options), &view));
        CHECK_EQUAL(view.kind, kind >= 1 && kind <= 5 ? kind : (int)IMPACT_SPAN_KIND_INTERNAL);
    }
    tracing_close(&t);
}

TEST(explicit_times_are_kept)
{
    tracing t;
    impact_span_view view;
    REQUIRE(tracing_open(&t, NULL));
    impact_span *span =
        impact_span_start(t.tracer, "a", IMPACT_SPAN_OPTIONS(.start_unix_ns = 1000));
    impact_exporter_memory_clear(t.memory);
    impact_span_end_at(span, UINT64_MAX);
    REQUIRE(tracing_read(&t, &view, 0));
    CHECK_EQUAL(view.start_unix_ns, 1000);
    CHECK(view.end_unix_ns == UINT64_MAX);
    tracing_close(&t);
}

TEST(the_name_may_have_a_size_and_may_be_missing)
{
    tracing t;
    impact_span_view view;
    REQUIRE(tracing_open(&t, NULL));
    REQUIRE(tracing_end(
        &t, impact_span_start(t.tracer, "abcdef", IMPACT_SPAN_OPTIONS(.name_size = 3)), &view));
    CHECK(is_text(view.name, "abc"));
    REQUIRE(tracing_end(&t, impact_span_start(t.tracer, "", NULL), &view));
    CHECK(is_text(view.name, ""));
    REQUIRE(tracing_end(
        &t, impact_span_start(t.tracer, NULL, IMPACT_SPAN_OPTIONS(.name_size = 300)), &view));
    CHECK(is_text(view.name, ""));
    tracing_close(&t);
}

TEST(options_of_an_older_caller_are_taken)
{
    tracing t;
    impact_span_view view;
    REQUIRE(tracing_open(&t, NULL));
    struct {
        impact_span_options options;
        char beyond[64];
    } newer = {.options = {.size = sizeof newer, .kind = IMPACT_SPAN_KIND_CLIENT}};
    const impact_span_options all = {
        .kind = IMPACT_SPAN_KIND_SERVER, .parent = &remote, .start_unix_ns = 5, .name_size = 1};
    impact_span_options older = all;
    older.size = offsetof(impact_span_options, parent);
    REQUIRE(tracing_end(&t, impact_span_start(t.tracer, "abc", &older), &view));
    CHECK_EQUAL(view.kind, IMPACT_SPAN_KIND_SERVER);
    CHECK(!view.has_parent && view.start_unix_ns != 5 && is_text(view.name, "abc"));
    older.size = 0;
    REQUIRE(tracing_end(&t, impact_span_start(t.tracer, "abc", &older), &view));
    CHECK_EQUAL(view.kind, IMPACT_SPAN_KIND_INTERNAL);
    REQUIRE(tracing_end(&t, impact_span_start(t.tracer, "abc", &newer.options), &view));
    CHECK_EQUAL(view.kind, IMPACT_SPAN_KIND_CLIENT);
    tracing_close(&t);
}

TEST(options_carry_attributes_and_links)
{
    tracing t;
    impact_span_view view;
    impact_link_view link;
    REQUIRE(tracing_open(&t, NULL));
    const impact_link links[] = {{.context = &remote}, {.context = NULL}};
    impact_span *span = impact_span_start(
        t.tracer, "a",
        IMPACT_SPAN_OPTIONS(IMPACT_ATTRIBUTES(impact_int("a", 1), impact_bool("b", true)),
                            .links = links, .link_count = 2));
    REQUIRE(tracing_end(&t, span, &view));
    CHECK_EQUAL(count_attributes(view.attributes), 2);
    CHECK(has_int(view.attributes, "a", 1));
    CHECK(impact_link_view_next(&view.links, &link) &&
          same_trace(&link.context.trace_id, &remote.trace_id));
    CHECK(!impact_link_view_next(&view.links, &link));
    CHECK_EQUAL(view.dropped_link_count, 0); /* an invalid link is ignored */
    tracing_close(&t);
}

TEST(slots_are_used_again_and_come_up_empty)
{
    tracing t;
    impact_span_view view;
    REQUIRE(tracing_open(&t, NULL));
    impact_span *first = impact_span_start(t.tracer, "first", NULL);
    const void *slot = impact__slot_of((uintptr_t)first);
    for (int i = 0; i < 200; i++)
        impact_span_set(first, impact_string("key", "value"));
    char key[16];
    for (int i = 0; i < 200; i++) { /* over the limit of 128 */
        (void)snprintf(key, sizeof key, "key%d", i);
        impact_span_set(first, impact_int(key, i));
    }
    impact_span_set_status(first, IMPACT_SPAN_STATUS_OK, NULL);
    REQUIRE(tracing_end(&t, first, &view));
    CHECK_EQUAL(view.dropped_attribute_count, 73);
    impact_span *second = impact_span_start(t.tracer, "second", NULL);
    CHECK(second != first && impact__slot_of((uintptr_t)second) == slot);
    REQUIRE(tracing_end(&t, second, &view));
    CHECK_EQUAL(count_attributes(view.attributes), 0);
    CHECK_EQUAL(view.dropped_attribute_count, 0);
    CHECK_EQUAL(view.status, IMPACT_SPAN_STATUS_UNSET);
    tracing_close(&t);
}

TEST(more_spans_than_a_thread_keeps_slots_may_live)
{
    tracing t;
    enum { count = 200 };
    impact_span *spans[count];
    REQUIRE(tracing_open(&t, NULL));
    for (int i = 0; i < count; i++)
        spans[i] = impact_span_start(t.tracer, "a", NULL);
    for (int i = 0; i < count; i++)
        impact_span_end(spans[i]);
    CHECK_EQUAL(impact__thread_state_peek()->slots.count <= impact__slot_limit, true);
    CHECK_EQUAL(tracing_count(&t), count);
    tracing_close(&t);
}

static void *end_it(void *span)
{
    impact_span_set((impact_span *)span, impact_int("there", 1));
    impact_span_end((impact_span *)span);
    return NULL;
}

TEST(a_span_may_end_on_another_thread)
{
    tracing t;
    impact_span_view view;
    pthread_t thread;
    REQUIRE(tracing_open(&t, NULL));
    impact_span *span = impact_span_start(t.tracer, "a", NULL);
    REQUIRE(pthread_create(&thread, NULL, end_it, span) == 0);
    (void)pthread_join(thread, NULL);
    REQUIRE(tracing_read(&t, &view, 0));
    CHECK(has_int(view.attributes, "there", 1));
    CHECK(view.end_unix_ns >= view.start_unix_ns);
    tracing_close(&t);
}

TEST(a_disabled_provider_hands_contexts_through)
{
    tracing t;
    REQUIRE(tracing_open(&t, NULL));
    t.provider->is_disabled = true; /* before first use */
    t.provider->is_plain = false;
    CHECK(impact_span_start(t.tracer, "root", NULL) == NULL);
    impact_span *span = impact_span_start(t.tracer, "a", IMPACT_SPAN_OPTIONS(.parent = &remote));
    REQUIRE(span);
    const impact_span_context context = impact_span_context_of(span);
    CHECK(!impact_span_is_recording(span));
    CHECK(same_trace(&context.trace_id, &remote.trace_id) &&
          same_span(&context.span_id, &remote.span_id));
    CHECK_STRING(context.trace_state.text, "a=1,b=2");
    CHECK(context.is_remote);
    const impact_scope scope = impact_scope_enter(span);
    impact_span *child = impact_span_start(t.tracer, "b", NULL);
    const impact_span_context of_child = impact_span_context_of(child);
    CHECK(same_span(&of_child.span_id, &remote.span_id));
    impact_span_end(child);
    impact_scope_leave(scope);
    impact_span_end(span);
    CHECK_EQUAL(stats_of(t.provider).ended, 0);
    tracing_close(&t);
}

TEST(null_is_a_span_that_keeps_nothing)
{
    const impact_span_context context = impact_span_context_of(NULL);
    const impact_attribute attribute = impact_int("a", 1);
    CHECK(!impact_span_context_is_valid(&context));
    CHECK(!impact_span_is_recording(NULL));
    impact_span_set(NULL, attribute);
    impact_span_set_all(NULL, &attribute, 1);
    impact_span_add_event(NULL, "a", 0, &attribute, 1);
    impact_span_record_exception(NULL, "a", "b", "c", NULL, 0);
    impact_span_add_link(NULL, &(impact_link){.context = &remote});
    impact_span_set_status(NULL, IMPACT_SPAN_STATUS_OK, NULL);
    impact_span_set_name(NULL, "a");
    impact_span_set_name_n(NULL, "a", 1);
    impact_span_end(NULL);
    impact_span_end_at(NULL, 1);
    impact_span_end_showing(NULL, 1, NULL, NULL);
    CHECK_EQUAL(impact_span_copy(NULL, NULL, 0), 0);
}

/* ---- memory ---- */

static void fill(impact_span *span)
{
    char text[2000];
    memset(text, 'x', sizeof text);
    const impact_attribute attribute = impact_string_n("event.text", text, 300);
    impact_span_set(span, impact_int("a", 1));
    impact_span_set(span, impact_string_n("long", text, sizeof text));
    for (char key[] = "A"; key[0] <= 'T'; key[0]++)
        impact_span_set(span, impact_string_n(key, text, 40));
    impact_span_add_event(span, "event", 0, &attribute, 1);
    impact_span_add_link(span, &(impact_link){.context = &remote});
    impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, "broken");
    impact_span_set_name(span, "short");
    impact_span_set_name_n(span, text, 1000);
    impact_span_set(span, impact_string("a", "now a string"));
}

/* The name, the attributes and what was dropped of `fill` add up. */
static void check_filled(const impact_span_view *view)
{
    impact_message_walk events = view->events;
    impact_message_walk links = view->links;
    impact_event_view event;
    impact_link_view link;
    size_t event_count = 0;
    size_t link_count = 0;
    while (impact_event_view_next(&events, &event))
        event_count++;
    while (impact_link_view_next(&links, &link))
        link_count++;
    const size_t attribute_count = count_attributes(view->attributes);
    CHECK(attribute_count + view->dropped_attribute_count >= 22 &&
          attribute_count + view->dropped_attribute_count <= 23);
    CHECK_EQUAL(event_count + view->dropped_event_count, 1);
    CHECK_EQUAL(link_count + view->dropped_link_count, 1);
    CHECK(view->name.size == 1000 || is_text(view->name, "short") || is_text(view->name, "first") ||
          view->name.size == 0 || view->name.size == 200);
}

TEST(recording_survives_any_lack_of_memory)
{
    faults f;
    char name[200];
    memset(name, 'n', sizeof name);
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        tracing t;
        const size_t fail_at = atomic_exchange(&f.fail_at, 0);
        impact_allocator_set_default(&f.allocator);
        REQUIRE(tracing_open(&t, NULL));
        impact__thread_state_release();
        atomic_store(&f.count, 0);
        atomic_store(&f.fail_at, fail_at);
        impact_span *span = impact_span_start(
            t.tracer, name, IMPACT_SPAN_OPTIONS(.parent = &remote, .name_size = sizeof name));
        const bool is_started = span != NULL;
        CHECK(is_started || atomic_load(&f.injected));
        if (span)
            fill(span);
        impact_span_end(span);
        atomic_store(&f.fail_at, 0); /* an exporter that lacks memory is another test */
        (void)impact_tracer_provider_flush(t.provider, tracing_timeout_ms);
        const impact_trace_stats stats = stats_of(t.provider);
        CHECK_EQUAL(stats.ended, 1);
        CHECK_EQUAL(stats.exported + stats.dropped_memory, 1);
        impact_span_view view;
        const impact_text data = impact_exporter_memory_data(t.memory);
        CHECK_EQUAL(tracing_count_in(data), stats.exported);
        if (tracing_read_in(&view, data, 0))
            check_filled(&view);
        tracing_close_all(&t, &f);
        atomic_store(&f.fail_at, fail_at);
    }
}

TEST(a_short_name_after_a_long_one_without_memory_has_its_place)
{
    faults f;
    tracing t;
    impact_span_view view;
    char name[2000];
    memset(name, 'n', sizeof name);
    faults_open(&f);
    impact_allocator_set_default(&f.allocator);
    REQUIRE(tracing_open(&t, NULL));
    impact_span_end(impact_span_start(t.tracer, "warm", NULL)); /* a slot, and its thread's state */
    f.fails_for_good = true;
    CHECK_EQUAL(tracing_count(&t), 1);
    atomic_store(&f.fail_at, atomic_load(&f.count) + 1);
    impact_span *span =
        impact_span_start(t.tracer, name, IMPACT_SPAN_OPTIONS(.name_size = sizeof name));
    REQUIRE(span);
    atomic_store(&f.fail_at, 0);
    impact_span_set(span, impact_int("a", 1));
    const impact__span *slot = impact__slot_of((uintptr_t)span);
    while (slot->capacity - slot->size > 12) /* full, almost to the byte */
        impact_span_add_event(span, "", 1, NULL, 0);
    impact_span_set_name(span, "late and short");
    impact_span_set(span, impact_int("a", 2));
    impact_span_set(span, impact_int("b", 3));
    REQUIRE(tracing_end(&t, span, &view));
    CHECK(is_text(view.name, "late and short"));
    CHECK_EQUAL(count_attributes(view.attributes), 2);
    CHECK(has_int(view.attributes, "a", 2) && has_int(view.attributes, "b", 3));
    (void)stats_of(t.provider);
    tracing_close_all(&t, &f);
    faults_close(&f);
}

TEST(options_of_every_size_are_read_by_the_one_rule)
{
    tracing t;
    impact_span_view view;
    REQUIRE(tracing_open(&t, NULL));
    struct {
        impact_span_options known;
        uint64_t more;
    } options = {.known = {.size = sizeof options, .kind = IMPACT_SPAN_KIND_SERVER}};
    REQUIRE(tracing_end(&t, impact_span_start(t.tracer, "larger, zero", &options.known), &view));
    CHECK_EQUAL(view.kind, IMPACT_SPAN_KIND_SERVER);
    options.more = 1;
    REQUIRE(tracing_end(&t, impact_span_start(t.tracer, "larger, set", &options.known), &view));
    CHECK_EQUAL(view.kind, IMPACT_SPAN_KIND_INTERNAL);
    options.known.size = offsetof(impact_span_options, parent);
    options.known.is_root = true;
    REQUIRE(tracing_end(&t, impact_span_start(t.tracer, "smaller", &options.known), &view));
    CHECK_EQUAL(view.kind, IMPACT_SPAN_KIND_SERVER);
    options.known.size = 1;
    REQUIRE(tracing_end(&t, impact_span_start(t.tracer, "none", &options.known), &view));
    CHECK_EQUAL(view.kind, IMPACT_SPAN_KIND_INTERNAL);
    tracing_close(&t);
}

static int said;

static void count_said(impact_severity severity, const char *message, uint64_t suppressed,
                       void *userdata)
{
    (void)severity;
    (void)userdata;
    said += check_contains(message, "before its start") ? 1 + (int)suppressed : 0;
}

TEST(a_span_that_ends_before_its_start_ends_at_its_start_and_that_is_said_once)
{
    tracing t;
    impact_span_view view;
    REQUIRE(tracing_open(&t, NULL));
    impact_diagnostics_set_callback(count_said, NULL);
    for (int i = 0; i < 3; i++)
        impact_span_end_at(
            impact_span_start(t.tracer, "a", IMPACT_SPAN_OPTIONS(.start_unix_ns = 1000)), 999);
    impact_span_end(impact_span_start(
        t.tracer, "b", IMPACT_SPAN_OPTIONS(.start_unix_ns = UINT64_MAX / 2))); /* in the future */
    for (size_t i = 0; i < 4; i++) {
        REQUIRE(tracing_count(&t) == 4 && tracing_read(&t, &view, i));
        CHECK(view.end_unix_ns == view.start_unix_ns);
    }
    CHECK_EQUAL(said, 1);
    impact_diagnostics_set_callback(NULL, NULL);
    tracing_close(&t);
}
