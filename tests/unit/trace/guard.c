/* The span of a block: on every way out, in loops, nested, several in a block, closed by hand. */
#include <impact/context.h>

#include "support/check.h"
#include "support/tracing.h"
#include "trace/default.h"

static tracing t;

static bool is_child_of(const impact_span_view *view, const impact_span_context *parent)
{
    return view->has_parent && memcmp(&view->parent_span_id, &parent->span_id, 8) == 0 &&
           memcmp(&view->context.trace_id, &parent->trace_id, 16) == 0;
}

static bool open_default(void)
{
    return tracing_open(&t, NULL) && impact__trace_set_default(t.provider) == IMPACT_OK;
}

/* These spans ended, in this order, and no others. */
static void check_names(const char *const *names, size_t count)
{
    impact_span_view view;
    CHECK_EQUAL(tracing_count(&t), count);
    for (size_t i = 0; i < count; i++)
        CHECK(tracing_read(&t, &view, i) && is_text(view.name, names[i]));
}

static void close_default(void)
{
    CHECK(impact_span_current() == NULL);
    (void)stats_of(t.provider);
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
}

static int leave_by_return(void)
{
    IMPACT_SPAN(span, "return");
    CHECK(span && impact_span_current() == span);
    return 7;
}

TEST(break_continue_return_and_goto_mean_what_c_says)
{
    REQUIRE(open_default());
    int n = 0;
    for (int i = 0; i < 5; i++) {
        IMPACT_SPAN(span, i == 1 ? "continue" : i == 3 ? "break" : "end");
        impact_span_set(span, impact_int("i", i));
        if (i == 1)
            continue;
        if (i == 3)
            break;
        n++;
    }
    CHECK_EQUAL(n, 2);
    CHECK_EQUAL(leave_by_return(), 7);
    {
        IMPACT_SPAN(span, "goto");
        goto outside;
    }
outside:;
    static const char *const names[] = {"end", "continue", "end", "break", "return", "goto"};
    check_names(names, 6);
    close_default();
}

TEST(spans_of_one_block_nest_and_end_in_reverse_order)
{
    REQUIRE(open_default());
    impact_span_context outer = {0};
    {
        IMPACT_SPAN(first, "first");
        IMPACT_SPAN(second, "second");
        outer = impact_span_context_of(first);
        CHECK(impact_span_current() == second);
    }
    static const char *const names[] = {"second", "first"};
    check_names(names, 2);
    impact_span_view view;
    REQUIRE(tracing_read(&t, &view, 0));
    CHECK(is_child_of(&view, &outer));
    close_default();
}

static int recurse(int depth)
{
    IMPACT_SPAN(span, "deep");
    const int below = depth ? recurse(depth - 1) : 0;
    CHECK(impact_span_current() == span);
    return below + 1;
}

TEST(a_recursion_deeper_than_128_keeps_its_spans)
{
    REQUIRE(open_default());
    CHECK_EQUAL(recurse(299), 300);
    CHECK_EQUAL(tracing_count(&t), 300);
    close_default();
}

TEST(a_guard_closed_by_hand_leaves_outer_scopes_alone)
{
    REQUIRE(open_default());
    {
        IMPACT_SPAN(outer, "outer");
        impact_span_guard guard = impact_span_guard_open("inner");
        impact_span_guard_close(&guard);
        impact_span_guard_close(&guard);
        CHECK(impact_span_current() == outer);
    }
    CHECK_EQUAL(tracing_count(&t), 2);
    close_default();
}

TEST(a_guard_without_a_span_keeps_what_is_current)
{
    impact_tracing_suppress();
    const impact_span_context remote = {.trace_id = {{1}}, .span_id = {{2}}, .is_remote = true};
    const impact_context *context = impact_context_with_span_context(NULL, &remote);
    const impact_scope scope = impact_context_attach(context);
    {
        IMPACT_SPAN(span, "nothing");
        CHECK(span == NULL && impact_context_span_context(NULL).is_remote);
    }
    CHECK(impact_context_detach(scope));
    impact_context_release(context);
    impact_tracing_unsuppress();
}

TEST(null_is_no_guard)
{
    impact_span_guard_close(NULL);
    CHECK(impact_span_current() == NULL);
}
