/* The span of a block: on every way out, nested, closed by hand. */
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
    (void)stats_of(t.provider);
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
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
    (void)stats_of(t.provider);
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
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
    (void)stats_of(t.provider);
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
}

TEST(a_guard_without_a_span_keeps_what_is_current)
{
    impact_tracing_suppress();
    const impact_span_context remote = {.trace_id = {{1}}, .span_id = {{2}}, .is_remote = true};
    const impact_context *context = impact_context_with_span_context(NULL, &remote);
    const impact_scope scope = impact_context_attach(context);
    int rounds = 0;
    IMPACT_SPAN("nothing") {
        rounds++;
        CHECK(impact_context_span_context(NULL).is_remote);
    }
    CHECK_EQUAL(rounds, 1);
    CHECK(impact_context_detach(scope));
    impact_context_release(context);
    impact_tracing_unsuppress();
}

TEST(null_is_no_guard)
{
    impact_span_guard_close(NULL);
    CHECK(impact_span_current() == NULL);
}
