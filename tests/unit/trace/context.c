/* The stack of current spans: scopes in and out of order, its depth, suppression. */
#include "trace/context.h"

#include "support/check.h"
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

TEST(null_and_stray_scopes_do_no_harm)
{
    impact_scope_leave((impact_scope){0}); /* before anything of the thread exists */
    impact_scope_leave((impact_scope){99});
    CHECK(impact_span_current() == NULL);
    const impact_scope scope = impact_scope_enter(NULL);
    CHECK(impact_span_current() == NULL);
    impact_scope_leave(scope);
    CHECK(impact_span_current() == NULL);
}
