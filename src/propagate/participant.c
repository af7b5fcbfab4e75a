/* Taking part in a trace without recording: a place of one's own in it. */
#include <string.h>

#include <impact/propagation.h>

#include "trace/context.h"
#include "trace/thread_state.h"

/* Eight random bytes, not all zero. */
static void write_random(uint8_t *to, impact__random *random)
{
    uint64_t bits;
    do {
        bits = impact__random_next(random);
    } while (!bits);
    memcpy(to, &bits, sizeof bits);
}

const impact_context *impact_propagation_participate(const impact_context *context)
{
    impact__thread_state *state = impact__thread_state_get();
    impact_span_context own;
    impact__context_show(&own, context);
    if (!state)
        return impact_context_retain(context);
    impact__random *random = impact__thread_state_random(state);
    if (!impact_span_context_is_valid(&own)) {
        own = (impact_span_context){.trace_flags = IMPACT_TRACE_FLAG_RANDOM};
        write_random(own.trace_id.bytes, random);
        write_random(own.trace_id.bytes + 8, random);
    }
    write_random(own.span_id.bytes, random);
    own.is_remote = false;
    return impact_context_with_span_context(context, &own);
}
