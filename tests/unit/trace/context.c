/* Contexts: what is current, scopes in and out of order, suppression; kept, made, and run
 * elsewhere. */
#include "trace/context.h"

#include <pthread.h>

#include <impact/diagnostics.h>

#include "support/check.h"
#include "support/faults.h"
#include "support/tracing.h"

static tracing t;

static impact_span *begin(const char *name)
{
    return impact_span_start(t.tracer, name, NULL);
}

TEST(scopes_nest)
{
    REQUIRE(tracing_open(&t, NULL));
    impact_span *a = begin("a");
    impact_span *b = begin("b");
    CHECK(impact_span_current() == NULL);
    const impact_scope outer = impact_scope_enter(a);
    CHECK(impact_span_current() == a);
    const impact_scope inner = impact_scope_enter(b);
    CHECK(impact_span_current() == b);
    impact_scope_leave(inner);
    CHECK(impact_span_current() == a);
    impact_scope_leave(outer);
    CHECK(impact_span_current() == NULL);
    impact_span_end(a);
    impact_span_end(b);
    tracing_close(&t);
}

TEST(to_leave_an_outer_scope_leaves_the_inner_ones)
{
    REQUIRE(tracing_open(&t, NULL));
    impact_span *a = begin("a");
    impact_span *b = begin("b");
    const impact_scope outer = impact_scope_enter(a);
    const impact_scope inner = impact_scope_enter(b);
    impact_scope_leave(outer);
    CHECK(impact_span_current() == NULL);
    impact_scope_leave(inner); /* late, and without effect */
    CHECK(impact_span_current() == NULL);
    impact_span_end(a);
    impact_span_end(b);
    tracing_close(&t);
}

TEST(a_scope_of_null_hides_the_current_span)
{
    REQUIRE(tracing_open(&t, NULL));
    impact_span *a = begin("a");
    const impact_scope outer = impact_scope_enter(a);
    const impact_scope inner = impact_scope_enter(NULL);
    CHECK(impact_span_current() == NULL);
    impact_span_view view;
    REQUIRE(tracing_end(&t, begin("root"), &view));
    CHECK(!view.has_parent);
    impact_scope_leave(inner);
    CHECK(impact_span_current() == a);
    impact_scope_leave(outer);
    impact_span_end(a);
    tracing_close(&t);
}

static bool is_child_of(const impact_span_view *view, const impact_span_context *parent)
{
    return view->has_parent && memcmp(&view->parent_span_id, &parent->span_id, 8) == 0 &&
           memcmp(&view->context.trace_id, &parent->trace_id, 16) == 0;
}

static impact_span_context context_of_current(void)
{
    return impact_context_span_context(NULL);
}

TEST(a_child_has_the_right_parent_at_any_depth)
{
    REQUIRE(tracing_open(&t, NULL));
    enum { depth = 1000 };
    static impact_span *spans[depth];
    static impact_scope scopes[depth];
    impact_span_view view;
    for (int i = 0; i < depth; i++) {
        spans[i] = begin("deep");
        scopes[i] = impact_scope_enter(spans[i]);
        CHECK(impact_span_current() == spans[i]);
    }
    for (int i = depth; i-- > 0;) {
        const impact_span_context context = impact_span_context_of(spans[i]);
        REQUIRE(tracing_end(&t, begin("child"), &view));
        CHECK(is_child_of(&view, &context));
        impact_scope_leave(scopes[i]);
        impact_span_end(spans[i]);
        CHECK(impact_span_current() == (i ? spans[i - 1] : NULL));
    }
    CHECK_EQUAL(stats_of(t.provider).ended, 2 * depth);
    tracing_close(&t);
}

/* trace/api "End": it MUST NOT inactivate the span in any context. */
TEST(an_ended_span_stays_current_and_parents_others_until_its_scope_is_left)
{
    REQUIRE(tracing_open(&t, NULL));
    impact_span *a = begin("a");
    impact_span *b = begin("b");
    const impact_span_context of_a = impact_span_context_of(a);
    const impact_span_context of_b = impact_span_context_of(b);
    const impact_scope outer = impact_scope_enter(a);
    const impact_scope inner = impact_scope_enter(b);
    impact_span_view view;
    impact_span_end(b);
    CHECK(impact_span_current() == b && !impact_span_is_recording(b));
    const impact_span_context still = impact_span_context_of(b);
    CHECK(memcmp(&still.span_id, &of_b.span_id, sizeof still.span_id) == 0);
    REQUIRE(tracing_end(&t, begin("child"), &view));
    CHECK(is_child_of(&view, &of_b));
    impact_scope_leave(inner);
    impact_span_end(a);
    REQUIRE(tracing_end(&t, begin("child"), &view));
    CHECK(is_child_of(&view, &of_a));
    impact_scope_leave(outer);
    const impact_span_context over = impact_span_context_of(a);
    CHECK(!impact_span_context_is_valid(&over)); /* it is over, and current nowhere */
    REQUIRE(tracing_end(&t, begin("root"), &view));
    CHECK(!view.has_parent);
    tracing_close(&t);
}

TEST(a_span_below_the_current_one_may_end_first)
{
    REQUIRE(tracing_open(&t, NULL));
    impact_span *a = begin("a");
    impact_span *b = begin("b");
    const impact_scope outer = impact_scope_enter(a);
    const impact_scope inner = impact_scope_enter(b);
    impact_span_end(a);
    CHECK(impact_span_current() == b);
    impact_scope_leave(inner);
    CHECK(impact_span_current() == a && !impact_span_is_recording(a));
    impact_scope_leave(outer);
    CHECK(impact_span_current() == NULL);
    impact_span_end(b);
    tracing_close(&t);
}

TEST(the_same_span_may_be_entered_twice)
{
    REQUIRE(tracing_open(&t, NULL));
    impact_span *a = begin("a");
    impact_span *b = begin("b");
    const impact_scope first = impact_scope_enter(a);
    const impact_scope second = impact_scope_enter(b);
    const impact_scope third = impact_scope_enter(a);
    CHECK(impact_span_current() == a);
    impact_scope_leave(third);
    CHECK(impact_span_current() == b);
    impact_scope_leave(second);
    CHECK(impact_span_current() == a);
    impact_scope_leave(first);
    impact_span_end(a);
    impact_span_end(b);
    tracing_close(&t);
}

TEST(a_scope_that_was_left_takes_no_later_one_with_it)
{
    REQUIRE(tracing_open(&t, NULL));
    impact_span *a = begin("a");
    const impact_scope outer = impact_scope_enter(NULL);
    const impact_scope inner = impact_scope_enter(NULL);
    impact_scope_leave(outer);
    const impact_scope other = impact_scope_enter(a); /* where the outer one was */
    const impact_scope above = impact_scope_enter(a); /* where the inner one was */
    impact_scope_leave(inner);
    impact_scope_leave(outer);
    CHECK(impact_span_current() == a);
    impact_scope_leave(above);
    impact_scope_leave(other);
    CHECK(impact_span_current() == NULL);
    impact_span_end(a);
    tracing_close(&t);
}

TEST(while_suppressed_no_span_begins)
{
    REQUIRE(tracing_open(&t, NULL));
    impact_tracing_unsuppress(); /* one too many does no harm */
    impact_tracing_suppress();
    impact_tracing_suppress();
    CHECK(begin("no") == NULL);
    impact_tracing_unsuppress();
    CHECK(begin("no") == NULL);
    impact_tracing_unsuppress();
    impact_span_view view;
    REQUIRE(tracing_end(&t, begin("yes"), &view));
    CHECK_EQUAL(stats_of(t.provider).ended, 1); /* what was suppressed is not lost: it never was */
    tracing_close(&t);
}

TEST(null_and_stray_scopes_do_no_harm)
{
    impact_scope_leave((impact_scope){0}); /* before anything of the thread exists */
    impact_scope_leave((impact_scope){99, 1});
    CHECK(impact_span_current() == NULL);
    const impact_scope scope = impact_scope_enter(NULL);
    CHECK(impact_span_current() == NULL);
    impact_scope_leave(scope);
    CHECK(impact_span_current() == NULL);
}

/* ---- contexts ---- */

static int reports;

static void count_report(impact_severity severity, const char *message, uint64_t suppressed,
                         void *userdata)
{
    (void)severity;
    (void)message;
    (void)suppressed;
    (void)userdata;
    reports++;
}

static void *start_there(void *argument)
{
    const impact_context *context = argument;
    const impact_scope scope = impact_context_attach(context);
    impact_span_end(begin("there"));
    CHECK(impact_context_detach(scope));
    CHECK(impact_context_span(NULL) == NULL);
    impact_context_release(context);
    return NULL;
}

TEST(a_context_is_kept_here_and_runs_there)
{
    REQUIRE(tracing_open(&t, NULL));
    impact_span *span = begin("request");
    const impact_span_context request = impact_span_context_of(span);
    const impact_scope scope = impact_scope_enter(span);
    const impact_context *context = impact_context_current();
    CHECK(impact_context_current() == context); /* it is made once */
    impact_context_release(context);
    impact_scope_leave(scope);
    impact_span_end(span);
    CHECK_EQUAL(tracing_count(&t), 1);
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, start_there, (void *)(size_t)context) == 0);
    (void)pthread_join(thread, NULL);
    impact_span_view view;
    REQUIRE(tracing_count(&t) == 2 && tracing_read(&t, &view, 1));
    CHECK(is_child_of(&view, &request));
    tracing_close(&t);
}

TEST(a_context_outlives_its_span_with_its_trace_state)
{
    REQUIRE(tracing_open(&t, NULL));
    const impact_span_context remote = {.trace_id = {{1}},
                                        .span_id = {{2}},
                                        .is_remote = true,
                                        .trace_flags = IMPACT_TRACE_FLAG_SAMPLED,
                                        .trace_state = {"vendor=1"}};
    impact_span *span = impact_span_start(t.tracer, "a", IMPACT_SPAN_OPTIONS(.parent = &remote));
    const impact_span_context of_span = impact_span_context_of(span);
    const impact_context *context = impact_context_with_span(NULL, span);
    impact_span_end(span);
    const impact_span_context kept = impact_context_span_context(context);
    CHECK_STRING(kept.trace_state.text, "vendor=1");
    CHECK(memcmp(&kept.span_id, &of_span.span_id, sizeof kept.span_id) == 0);
    CHECK(!kept.is_remote);
    impact_context_release(context);
    tracing_close(&t);
}

TEST(a_span_context_of_elsewhere_is_a_parent)
{
    REQUIRE(tracing_open(&t, NULL));
    const impact_span_context remote = {.trace_id = {{1}},
                                        .span_id = {{2}},
                                        .is_remote = true,
                                        .trace_flags = IMPACT_TRACE_FLAG_SAMPLED};
    const impact_context *context = impact_context_with_span_context(NULL, &remote);
    CHECK(impact_context_span(context) == NULL);
    impact_span_view view;
    REQUIRE(tracing_end(
        &t, impact_span_start(t.tracer, "a", IMPACT_SPAN_OPTIONS(.context = context)), &view));
    CHECK(is_child_of(&view, &remote) && view.is_parent_remote);
    const impact_scope scope = impact_context_attach(context);
    CHECK(context_of_current().is_remote);
    REQUIRE(tracing_end(&t, begin("b"), &view));
    CHECK(is_child_of(&view, &remote));
    REQUIRE(tracing_end(
        &t, impact_span_start(t.tracer, "c", IMPACT_SPAN_OPTIONS(.context = impact_context_root())),
        &view));
    CHECK(!view.has_parent);
    CHECK(impact_context_detach(scope));
    impact_context_release(context);
    const impact_span_context invalid = {.trace_id = {{1}}};
    context = impact_context_with_span_context(NULL, &invalid);
    CHECK(!impact_span_context_is_valid(&(impact_span_context){0}));
    const impact_span_context none = impact_context_span_context(context);
    CHECK(!impact_span_context_is_valid(&none));
    impact_context_release(context);
    tracing_close(&t);
}

static int released;

static void release_number(void *value)
{
    released += *(int *)value;
}

TEST(values_belong_to_all_contexts_that_hold_them)
{
    static int one = 1, ten = 10, hundred = 100;
    static char a, b;
    const impact_context *first = impact_context_with_value(NULL, &a, &one, release_number);
    const impact_context *second = impact_context_with_value(first, &b, &ten, release_number);
    const impact_context *third = impact_context_with_value(second, &a, &hundred, release_number);
    CHECK(impact_context_value(first, &a) == &one && impact_context_value(first, &b) == NULL);
    CHECK(impact_context_value(second, &a) == &one && impact_context_value(second, &b) == &ten);
    CHECK(impact_context_value(third, &a) == &hundred && impact_context_value(third, &b) == &ten);
    impact_context_release(first);
    CHECK_EQUAL(released, 0);
    impact_context_release(second);
    CHECK_EQUAL(released, 1);
    impact_context_release(third);
    CHECK_EQUAL(released, 111);
}

TEST(values_and_baggage_stay_beneath_a_span_that_is_entered)
{
    REQUIRE(tracing_open(&t, NULL));
    static char key;
    static int one = 1;
    struct {
        impact__shared shared;
    } baggage = {.shared = {.free = NULL}};
    const struct impact_baggage *given = (const struct impact_baggage *)&baggage;
    const impact_context *with_value = impact_context_with_value(NULL, &key, &one, NULL);
    const impact_context *context = impact_context_with_baggage(with_value, given);
    impact_context_release(with_value);
    const impact_scope outer = impact_context_attach(context);
    impact_context_release(context); /* it lives while it is attached */
    impact_span *span = begin("a");
    const impact_scope inner = impact_scope_enter(span);
    CHECK(impact_context_value(NULL, &key) == &one && impact_context_baggage(NULL) == given);
    const impact_context *kept = impact_context_current();
    CHECK(impact_context_value(kept, &key) == &one && impact_context_baggage(kept) == given);
    CHECK(impact_context_span(kept) == span);
    impact_scope_leave(inner);
    CHECK(impact_context_detach(outer));
    CHECK(impact_context_value(NULL, &key) == NULL && impact_context_baggage(NULL) == NULL);
    impact_context_release(kept);
    impact_span_end(span);
    tracing_close(&t);
}

TEST(keys_of_one_name_are_two_keys_and_there_are_256)
{
    const impact_context_key *a = impact_context_key_create("same");
    const impact_context_key *b = impact_context_key_create("same");
    CHECK(a && b && a != b);
    CHECK_STRING(a->name, "same");
    const impact_context_key *cut = impact_context_key_create(
        "a name that is longer than those that a key has room for by far");
    CHECK_EQUAL(strlen(cut->name), sizeof cut->name - 1);
    CHECK(impact_context_key_create(NULL) != NULL);
    for (int i = 4; i < 256; i++)
        CHECK(impact_context_key_create("more") != NULL);
    CHECK(impact_context_key_create("too many") == NULL);
}

TEST(a_detach_out_of_order_is_seen_said_and_right)
{
    impact_diagnostics_set_callback(count_report, NULL);
    static char key;
    static int one = 1, two = 2;
    const impact_context *first = impact_context_with_value(NULL, &key, &one, NULL);
    const impact_context *second = impact_context_with_value(NULL, &key, &two, NULL);
    const impact_scope bottom = impact_context_attach(first);
    const impact_scope middle = impact_context_attach(second);
    const impact_scope top = impact_context_attach(first);
    CHECK(!impact_context_detach(middle)); /* with the topmost one */
    CHECK_EQUAL(reports, 1);
    CHECK(impact_context_value(NULL, &key) == &one);
    CHECK(!impact_context_detach(top)); /* it is not attached any more */
    CHECK_EQUAL(reports, 2);
    CHECK(impact_context_value(NULL, &key) == &one);
    CHECK(impact_context_detach(bottom));
    CHECK(!impact_context_detach(bottom));
    CHECK(!impact_context_detach((impact_scope){0}));
    impact_context_release(first);
    impact_context_release(second);
    impact_diagnostics_set_callback(NULL, NULL);
}

TEST(null_is_the_current_context)
{
    static char key;
    static int one = 1;
    CHECK(impact_context_retain(NULL) == impact_context_root());
    impact_context_release(NULL);
    impact_context_release(impact_context_root());
    const impact_context *same = impact_context_with_value(NULL, NULL, &one, release_number);
    CHECK(same == impact_context_root() && released == 1); /* no key: not kept */
    CHECK(impact_context_value(NULL, NULL) == NULL);
    const impact_context *context = impact_context_with_value(NULL, &key, &one, NULL);
    const impact_scope outer = impact_context_attach(context);
    const impact_scope inner = impact_context_attach(NULL);
    CHECK(impact_context_value(NULL, &key) == &one);
    CHECK(impact_context_detach(inner));
    CHECK(impact_context_current() == context);
    const impact_context *without_span = impact_context_with_span(NULL, NULL);
    const impact_context *without_context = impact_context_with_span_context(without_span, NULL);
    const impact_context *none = impact_context_with_baggage(without_context, NULL);
    impact_context_release(without_span);
    impact_context_release(without_context);
    CHECK(impact_context_span(none) == NULL && impact_context_value(none, &key) == &one);
    impact_context_release(none);
    CHECK(impact_context_detach(outer));
    impact_context_release(context);
    impact_context_release(context);
}

TEST(a_129th_value_is_not_taken)
{
    static char keys[129];
    static int one = 1;
    const impact_context *context = impact_context_root();
    for (int i = 0; i < 129; i++) {
        const impact_context *more =
            impact_context_with_value(context, &keys[i], &one, release_number);
        impact_context_release(context);
        context = more;
    }
    CHECK_EQUAL(released, 1);
    CHECK(impact_context_value(context, &keys[127]) == &one);
    CHECK(impact_context_value(context, &keys[128]) == NULL);
    impact_context_release(context);
    CHECK_EQUAL(released, 129);
}

TEST(a_context_without_memory_is_the_one_it_was_made_from)
{
    static char key;
    static int one = 1;
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        released = 0;
        const impact_context *first = impact_context_with_value(NULL, &key, &one, release_number);
        const impact_scope outer = impact_context_attach(first);
        impact_scope scopes[20];
        for (int i = 0; i < 20; i++)
            scopes[i] = impact_scope_enter(NULL);
        const impact_context *kept = impact_context_current();
        if (!f.injected)
            CHECK(impact_context_value(kept, &key) == &one);
        for (int i = 20; i-- > 0;)
            impact_scope_leave(scopes[i]);
        (void)impact_context_detach(outer);
        impact_context_release(kept);
        impact_context_release(first);
        CHECK_EQUAL(released, 1);
        impact__thread_state_release();
        impact_allocator_set_default(NULL);
    }
}
