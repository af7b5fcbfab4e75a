/* The stack of current spans: scopes in and out of order, its depth, guards, suppression. */
#include "trace/context.h"

#include "support/check.h"
#include "support/tracing.h"
#include "trace/default.h"

static tracing t;

static impact_span *begin(const char *name)
{
    return impact_span_start(t.tracer, name, NULL);
}

static bool is_child_of(const impact_span_view *view, const impact_span_context *parent)
{
    return view->has_parent && memcmp(&view->parent_span_id, &parent->span_id, 8) == 0 &&
           memcmp(&view->context.trace_id, &parent->trace_id, 16) == 0;
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

TEST(spans_beyond_the_depth_of_128_do_not_become_current)
{
    REQUIRE(tracing_open(&t, NULL));
    enum { depth = 140 };
    impact_span *spans[depth];
    impact_scope scopes[depth];
    for (int i = 0; i < depth; i++) {
        spans[i] = begin("deep");
        scopes[i] = impact_scope_enter(spans[i]);
        CHECK(impact_span_current() == spans[i < 128 ? i : 127]);
    }
    for (int i = depth; i-- > 0;) {
        impact_scope_leave(scopes[i]);
        impact_span_end(spans[i]);
        CHECK(impact_span_current() == (i ? spans[i - 1 < 128 ? i - 1 : 127] : NULL));
    }
    CHECK_EQUAL(stats_of(t.provider).ended, depth);
    tracing_close(&t);
}

TEST(a_span_that_ends_while_it_is_current_is_so_no_more)
{
    REQUIRE(tracing_open(&t, NULL));
    impact_span *a = begin("a");
    impact_span *b = begin("b");
    const impact_scope outer = impact_scope_enter(a);
    const impact_scope inner = impact_scope_enter(b);
    impact_span_end(b);
    CHECK(impact_span_current() == a);
    impact_span_end(a);
    CHECK(impact_span_current() == NULL);
    impact_scope_leave(inner);
    CHECK(impact_span_current() == NULL);
    impact_scope_leave(outer);
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
    CHECK(impact_span_current() == NULL);
    impact_scope_leave(outer);
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
    impact_span_end(a);
    CHECK(impact_span_current() == b);
    impact_scope_leave(third);
    CHECK(impact_span_current() == b);
    impact_scope_leave(second);
    CHECK(impact_span_current() == NULL);
    impact_scope_leave(first);
    impact_span_end(b);
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

/* ---- guards: spans of the default tracer ---- */

static bool open_default(void)
{
    return tracing_open(&t, NULL) && impact__trace_set_default(t.provider) == IMPACT_OK;
}

static int leave_by_return(void)
{
    IMPACT_SPAN("return") {
        CHECK(impact_span_current() != NULL);
        return 7;
    }
    return 0;
}

TEST(a_guard_ends_on_every_way_out)
{
    REQUIRE(open_default());
    CHECK_EQUAL(leave_by_return(), 7);
    CHECK(impact_span_current() == NULL);
    int rounds = 0;
    IMPACT_SPAN("break") {
        rounds++;
        break;
    }
    IMPACT_SPAN("continue") {
        rounds++;
        continue;
    }
    IMPACT_SPAN("goto") {
        rounds++;
        goto outside;
    }
outside:
    IMPACT_SPAN("end") {
        rounds++;
    }
    CHECK_EQUAL(rounds, 4);
    CHECK(impact_span_current() == NULL);
    static const char *const names[] = {"return", "break", "continue", "goto", "end"};
    CHECK_EQUAL(tracing_count(&t), 5);
    impact_span_view view;
    for (size_t i = 0; i < 5; i++)
        CHECK(tracing_read(&t, &view, i) && is_text(view.name, names[i]) && !view.has_parent);
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
    (void)stats_of(t.provider);
}

TEST(guards_nest_and_are_parents)
{
    REQUIRE(open_default());
    impact_span_context outer = {0};
    IMPACT_SPAN("outer") {
        outer = impact_span_context_of(impact_span_current());
        IMPACT_SPAN("inner")
            CHECK(impact_span_current() != NULL);
    }
    impact_span_view view;
    REQUIRE(tracing_read(&t, &view, 0));
    CHECK(is_text(view.name, "inner") && is_child_of(&view, &outer));
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
    (void)stats_of(t.provider);
}

TEST(a_guard_closed_by_hand_leaves_outer_scopes_alone)
{
    REQUIRE(open_default());
    IMPACT_SPAN("outer") {
        impact_span *outer = impact_span_current();
        impact_span_guard guard = impact_span_guard_open("inner");
        impact_span_guard_close(&guard);
        impact_span_guard_close(&guard);
        CHECK(impact_span_current() == outer);
    }
    CHECK_EQUAL(tracing_count(&t), 2);
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
    (void)stats_of(t.provider);
}

TEST(a_guard_without_a_span_keeps_the_current_one)
{
    REQUIRE(tracing_open(&t, NULL)); /* not the default: guards find no provider */
    impact_span *a = begin("a");
    const impact_scope scope = impact_scope_enter(a);
    int rounds = 0;
    IMPACT_SPAN("nothing") {
        rounds++;
        CHECK(impact_span_current() == a);
    }
    CHECK_EQUAL(rounds, 1);
    CHECK(impact_span_current() == a);
    impact_scope_leave(scope);
    impact_span_end(a);
    tracing_close(&t);
}

TEST(null_and_stray_scopes_do_no_harm)
{
    impact_span_guard_close(NULL);
    impact_scope_leave((impact_scope){0}); /* before anything of the thread exists */
    impact_scope_leave((impact_scope){99});
    CHECK(impact_span_current() == NULL);
    const impact_scope scope = impact_scope_enter(NULL);
    CHECK(impact_span_current() == NULL);
    impact_scope_leave(scope);
    CHECK(impact_span_current() == NULL);
}
