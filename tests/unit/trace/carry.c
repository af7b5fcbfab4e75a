/* Without a provider, and after shutdown: a context is handed through. */
#include <impact/trace.h>

#include "support/check.h"
#include "support/tracing.h"

static const impact_span_context remote = {
    .trace_id = {{1, [15] = 2}},
    .span_id = {{3, [7] = 4}},
    .trace_flags = IMPACT_TRACE_FLAG_SAMPLED,
    .is_remote = true,
    .trace_state = {"a=1,b=2"},
};

static bool same_trace(const impact_span_context *a, const impact_span_context *b)
{
    return memcmp(&a->trace_id, &b->trace_id, sizeof a->trace_id) == 0;
}

static bool same_span(const impact_span_id *a, const impact_span_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static void check_is_handed_through(void)
{
    CHECK(impact_span_start(NULL, "root", NULL) == NULL);
    impact_span *span = impact_span_start(NULL, "server", IMPACT_SPAN_OPTIONS(.parent = &remote));
    REQUIRE(span && !impact_span_is_recording(span));
    const impact_span_context context = impact_span_context_of(span);
    CHECK(same_trace(&context, &remote) && same_span(&context.span_id, &remote.span_id));
    CHECK_STRING(context.trace_state.text, "a=1,b=2");
    const impact_scope scope = impact_scope_enter(span);
    impact_span *client = impact_span_start(NULL, "client", NULL);
    const impact_span_context to_send = impact_span_context_of(client);
    CHECK(same_span(&to_send.span_id, &remote.span_id));
    CHECK_STRING(to_send.trace_state.text, "a=1,b=2");
    impact_span_end(client);
    CHECK(impact_span_start(NULL, "root", IMPACT_SPAN_OPTIONS(.is_root = true)) == NULL);
    impact_scope_leave(scope);
    impact_span_end(span);
}

TEST(without_a_provider_and_after_shutdown_a_context_is_handed_through)
{
    check_is_handed_through();
    impact_exporter *memory = NULL;
    REQUIRE(impact_exporter_memory_open(&memory, NULL) == IMPACT_OK);
    REQUIRE(impact_trace_init(IMPACT_TRACE_OPTIONS(.exporters = &memory, .exporter_count = 1)) ==
            IMPACT_OK);
    CHECK_EQUAL(impact_trace_shutdown(tracing_timeout_ms), IMPACT_OK);
    check_is_handed_through();
}
