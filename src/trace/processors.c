/* A provider's processors other than batchers. */
#include "trace/processors.h"

#include <assert.h>

#include "base/clock.h"
#include "base/options.h"

static bool read_processor(impact_span_processor *known, const impact_span_processor *processor)
{
    return processor && impact__struct_read(known, sizeof *known, processor) && known->close;
}

bool impact__processor_is_sound(const impact_span_processor *processor)
{
    impact_span_processor known;
    return read_processor(&known, processor);
}

static unsigned hooks_of(const impact_span_processor *known)
{
    return (known->on_start ? IMPACT__HOOK_START : 0u) |
           (known->on_ending ? IMPACT__HOOK_ENDING : 0u) | (known->on_end ? IMPACT__HOOK_END : 0u);
}

impact_status impact__processors_add(impact__processors *processors,
                                     impact_span_processor *processor)
{
    const unsigned count = atomic_load_explicit(&processors->count, memory_order_relaxed);
    if (count == impact__processor_limit)
        return IMPACT_ELIMIT;
    impact__processor *place = &processors->list[count];
    if (!read_processor(&place->known, processor))
        return IMPACT_EINVAL;
    place->given = processor;
    /* Pairs with the load in count_of: who sees the number sees the processor. */
    atomic_store_explicit(&processors->count, count + 1, memory_order_release);
    atomic_fetch_or_explicit(&processors->hooks, hooks_of(&place->known), memory_order_relaxed);
    return IMPACT_OK;
}

static unsigned count_of(const impact__processors *processors)
{
    return atomic_load_explicit(&processors->count, memory_order_acquire);
}

void impact__processors_on_start(impact__processors *processors, impact_span *span,
                                 const impact_context *parent)
{
    const unsigned count = count_of(processors);
    for (unsigned i = 0; i < count; i++)
        if (processors->list[i].known.on_start)
            processors->list[i].known.on_start(processors->list[i].given, span, parent);
}

void impact__processors_on_ending(impact__processors *processors, impact_span *span)
{
    const unsigned count = count_of(processors);
    for (unsigned i = 0; i < count; i++)
        if (processors->list[i].known.on_ending)
            processors->list[i].known.on_ending(processors->list[i].given, span);
}

void impact__processors_on_end(impact__processors *processors, const impact_ended_span *span)
{
    assert(span->span.size > 0);
    const unsigned count = count_of(processors);
    for (unsigned i = 0; i < count; i++)
        if (processors->list[i].known.on_end)
            processors->list[i].known.on_end(processors->list[i].given, span);
}

static impact_status worse(impact_status a, impact_status b)
{
    if (a == IMPACT_ETIMEDOUT || b == IMPACT_ETIMEDOUT)
        return IMPACT_ETIMEDOUT;
    return a ? a : b;
}

impact_status impact__processors_flush(impact__processors *processors, uint64_t deadline_ns)
{
    impact_status status = IMPACT_OK;
    const unsigned count = count_of(processors);
    for (unsigned i = 0; i < count; i++)
        if (processors->list[i].known.flush)
            status =
                worse(status, processors->list[i].known.flush(processors->list[i].given,
                                                              impact__remaining_ms(deadline_ns)));
    return status;
}

impact_status impact__processors_shutdown(impact__processors *processors, uint64_t deadline_ns)
{
    impact_status status = IMPACT_OK;
    const unsigned count = count_of(processors);
    for (unsigned i = 0; i < count; i++)
        if (processors->list[i].known.shutdown)
            status =
                worse(status, processors->list[i].known.shutdown(
                                  processors->list[i].given, impact__remaining_ms(deadline_ns)));
    return status;
}

void impact__processors_close(impact__processors *processors)
{
    const unsigned count = count_of(processors);
    for (unsigned i = 0; i < count; i++)
        processors->list[i].known.close(processors->list[i].given);
    atomic_store_explicit(&processors->count, 0, memory_order_relaxed);
}

void impact_span_processor_close(impact_span_processor *processor)
{
    impact_span_processor known;
    if (read_processor(&known, processor))
        known.close(processor);
}
