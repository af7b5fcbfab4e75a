/* A provider's processors other than batchers: the simple one and a user's own.
 *
 * DESIGN: the list only grows while the provider is open. One is written, and then the count with
 * release, so that threads that start and end spans read it without a lock. `hooks` says what any
 * of them wants to be told: without one, a span pays for one look at it.
 */
#ifndef IMPACT_TRACE_PROCESSORS_H
#define IMPACT_TRACE_PROCESSORS_H

#include <stdatomic.h>
#include <stdbool.h>

#include <impact/processor.h>

enum { impact__processor_limit = 8 };

enum {
    IMPACT__HOOK_START = 1,
    IMPACT__HOOK_ENDING = 2,
    IMPACT__HOOK_END = 4,
    IMPACT__HOOK_OPEN = 8, /* not of a processor: spans that are open are kept, see open_span.h */
};

typedef struct impact__processor {
    impact_span_processor *given; /* owned */
    impact_span_processor known;  /* its members, those that it does not have NULL */
} impact__processor;

typedef struct impact__processors {
    impact__processor list[impact__processor_limit];
    atomic_uint count;
    atomic_uint hooks;
} impact__processors;

/* True when it may be added: it says its size, has nothing unknown, and can be closed. */
bool impact__processor_is_sound(const impact_span_processor *processor);

/* Take one. IMPACT_ELIMIT. For one thread at a time. */
impact_status impact__processors_add(impact__processors *processors,
                                     impact_span_processor *processor);

void impact__processors_on_start(impact__processors *processors, impact_span *span,
                                 const impact_context *parent);
void impact__processors_on_ending(impact__processors *processors, impact_span *span);
void impact__processors_on_end(impact__processors *processors, const impact_ended_span *span);

/* In turn, each with the time that is left. The worst answer: IMPACT_ETIMEDOUT before others. */
impact_status impact__processors_flush(impact__processors *processors, uint64_t deadline_ns);
impact_status impact__processors_shutdown(impact__processors *processors, uint64_t deadline_ns);

void impact__processors_close(impact__processors *processors);

static inline bool impact__processors_want(const impact__processors *processors, unsigned hook)
{
    /* Relaxed: who sees the hook reads the count with acquire. */
    return __builtin_expect(atomic_load_explicit(&processors->hooks, memory_order_relaxed) & hook,
                            0);
}

#endif
