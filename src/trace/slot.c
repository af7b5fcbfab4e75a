/* Slots: the memory that live spans are recorded into. */
#include "trace/slot.h"

#include "base/alloc.h"
#include "trace/span.h"

static bool has_bytes(impact_span *span)
{
    if (span->bytes)
        return true;
    span->bytes = impact__resize(NULL, NULL, impact__span_first_capacity);
    span->capacity = span->bytes ? impact__span_first_capacity : 0;
    return span->bytes != NULL;
}

static impact_span *pop(impact__slots *slots)
{
    impact_span *span = slots->first;
    if (span) {
        slots->first = span->next;
        slots->count--;
    }
    return span;
}

impact_span *impact__slot_take(impact__slots *slots)
{
    impact_span *span = pop(slots);
    if (!span)
        span = impact__alloc(NULL, sizeof *span);
    if (span && !has_bytes(span)) {
        impact__slot_free(span);
        return NULL;
    }
    return span;
}

static void give_back_if_huge(impact_span *span)
{
    if (span->capacity <= impact__span_kept_capacity)
        return;
    impact__free(NULL, span->bytes);
    span->bytes = NULL;
    span->capacity = 0;
}

void impact__slot_give(impact__slots *slots, impact_span *span)
{
    if (slots->count >= impact__slot_limit) {
        impact__slot_free(span);
        return;
    }
    give_back_if_huge(span);
    impact__identity_close(&span->identity);
    span->is_recording = false;
    span->next = slots->first;
    slots->first = span;
    slots->count++;
}

void impact__slot_free(impact_span *span)
{
    if (!span)
        return;
    impact__free(NULL, span->bytes);
    impact__free(NULL, span->places);
    impact__identity_close(&span->identity);
    impact__free(NULL, span);
}

void impact__slots_clear(impact__slots *slots)
{
    while (slots->first)
        impact__slot_free(pop(slots));
}
