/* Flights: the circle of batches that were taken, and what is watched while they are under way. */
#include "pipeline/flights.h"

#include <assert.h>

#include "base/clock.h"
#include "base/protobuf.h"
#include "base/thread.h"

enum { unwatched_pause_ms = 10 }; /* between two looks at a descriptor that cannot be waited for */

void impact__flights_forget(impact__batcher *batcher)
{
    for (uint32_t i = 0; i < batcher->flight_limit; i++) {
        batcher->flights[i].state = IMPACT__FLIGHT_FREE;
        batcher->flights[i].returns = 0;
        batcher->watched[i] = -1;
    }
    batcher->oldest = batcher->out = 0;
    batcher->under_way = batcher->unseen = batcher->busy = 0;
    batcher->kept = 0;
    batcher->is_away = false;
}

/* ---- the circle ---- */

static uint32_t place_of(const impact__batcher *batcher, const impact__flight *flight)
{
    assert(flight >= batcher->flights && flight < batcher->flights + batcher->flight_limit);
    return (uint32_t)(flight - batcher->flights);
}

static impact__flight *flight_after(const impact__batcher *batcher, uint32_t older)
{
    return &batcher->flights[(batcher->oldest + older) % batcher->flight_limit];
}

bool impact__flight_is_free(const impact__batcher *batcher)
{
    return batcher->out < batcher->flight_limit;
}

static impact__batch_item item_of(const impact__batcher *batcher, const impact__ring_record *record)
{
    assert(record->bytes && record->size > 0);
    const impact__scope scope = batcher->owner.scope(batcher->owner.owner, record->scope);
    impact_text rest = impact_text_from((const char *)record->bytes, record->size);
    impact__field span = {0};
    (void)impact__read_field(&span, &rest); /* our own bytes: well formed */
    return (impact__batch_item){span.bytes, scope.bytes, scope.schema_url};
}

impact__flight *impact__flight_take(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock) && impact__flight_is_free(batcher));
    impact__flight *flight = flight_after(batcher, batcher->out);
    impact__batch *batch = &flight->batch;
    impact__ring_record record;
    assert(flight->state == IMPACT__FLIGHT_FREE);
    flight->begin = impact__ring_here(&batcher->reader);
    batch->count = 0;
    atomic_store(&batcher->is_pressed, false);
    while (batch->count < batch->limit &&
           impact__ring_take(&batcher->reader, &record) == IMPACT__RING_RECORD)
        batch->items[batch->count++] = item_of(batcher, &record);
    impact__ring_return(&batcher->reader);
    flight->end = impact__ring_here(&batcher->reader);
    if (!batch->count)
        return NULL;
    batcher->out++;
    return flight;
}

void impact__flight_settle(impact__batcher *batcher, impact__flight *flight)
{
    assert(impact__lock_is_held(&batcher->lock) && batcher->out > 0);
    const impact__flight *last = NULL;
    flight->state = IMPACT__FLIGHT_SETTLED;
    flight->returns = 0;
    batcher->is_away = false;
    while (batcher->out && flight_after(batcher, 0)->state == IMPACT__FLIGHT_SETTLED) {
        flight_after(batcher, 0)->state = IMPACT__FLIGHT_FREE;
        last = flight_after(batcher, 0);
        batcher->oldest = (batcher->oldest + 1) % batcher->flight_limit;
        batcher->out--;
    }
    if (last)
        impact__ring_release_to(&batcher->reader, &last->end);
    else if (batcher->journal.is_on)
        impact__ring_strike(&batcher->reader, &flight->begin, &flight->end);
    batcher->settled = impact__ring_released(&batcher->reader);
}

/* ---- once more ---- */

/* While the backend is away, one goes to see whether it is back. */
static bool may_go_after_pause(const impact__batcher *batcher, const impact__flight *flight)
{
    return flight->state == IMPACT__FLIGHT_KEPT && !(batcher->is_away && batcher->under_way);
}

static bool may_go_at_once(const impact__batcher *batcher, const impact__flight *flight)
{
    return flight->state == IMPACT__FLIGHT_KEPT &&
           (batcher->is_shut_down || flight->number <= batcher->hurried_to);
}

impact__flight *impact__flight_to_go_again(const impact__batcher *batcher)
{
    if (!batcher->kept)
        return NULL;
    const uint64_t now_ns = impact__clock_monotonic_ns();
    for (uint32_t i = 0; i < batcher->out; i++) {
        impact__flight *flight = flight_after(batcher, i);
        if (may_go_at_once(batcher, flight) ||
            (may_go_after_pause(batcher, flight) && now_ns >= flight->pause_end_ns))
            return flight;
    }
    return NULL;
}

uint64_t impact__flight_pause_end(const impact__batcher *batcher)
{
    uint64_t end_ns = UINT64_MAX;
    for (uint32_t i = 0; i < batcher->out; i++) {
        const impact__flight *flight = flight_after(batcher, i);
        if (may_go_after_pause(batcher, flight))
            end_ns = impact__earlier_ns(end_ns, flight->pause_end_ns);
    }
    return end_ns;
}

/* ---- under way ---- */

/* The first exporter that has none, so that few connections are open where few are needed. */
void impact__flight_set_off(impact__batcher *batcher, impact__flight *flight)
{
    assert(impact__lock_is_held(&batcher->lock));
    flight->exporter = 0;
    while (batcher->busy >> flight->exporter & 1)
        flight->exporter++;
    assert(flight->exporter < batcher->flight_limit);
    batcher->busy |= UINT32_C(1) << flight->exporter;
    batcher->under_way |= UINT32_C(1) << place_of(batcher, flight);
}

void impact__flight_land(impact__batcher *batcher, const impact__flight *flight)
{
    assert(impact__lock_is_held(&batcher->lock));
    batcher->busy &= ~(UINT32_C(1) << flight->exporter);
    batcher->under_way &= ~(UINT32_C(1) << place_of(batcher, flight));
    batcher->unseen &= batcher->under_way;
}

/* What each exporter has to be watched for; -1: nothing. */
static void list_wanted(const impact__batcher *batcher, int wanted[impact__flight_limit])
{
    for (uint32_t i = 0; i < impact__flight_limit; i++)
        wanted[i] = -1;
    for (uint32_t i = 0; i < batcher->flight_limit; i++)
        if (batcher->under_way >> i & 1)
            wanted[batcher->flights[i].exporter] = batcher->flights[i].descriptor;
}

/* Those that are not wanted any more first: another may have their numbers by now. False: one
 * cannot be watched. */
static bool watch(impact__batcher *batcher, const int wanted[impact__flight_limit])
{
    int *watched = batcher->watched;
    bool are_all = true;
    for (uint32_t i = 0; i < batcher->flight_limit; i++) {
        if (watched[i] == wanted[i] || watched[i] < 0)
            continue;
        impact__caller_remove(batcher->events, watched[i]);
        watched[i] = -1;
    }
    for (uint32_t i = 0; i < batcher->flight_limit; i++) {
        if (watched[i] == wanted[i])
            continue;
        if (impact__caller_add(batcher->events, wanted[i]))
            watched[i] = wanted[i];
        else
            are_all = false;
    }
    return are_all;
}

uint64_t impact__flights_watch(impact__batcher *batcher)
{
    assert(impact__lock_is_held(&batcher->lock) && batcher->events);
    int wanted[impact__flight_limit];
    uint64_t moment_ns = UINT64_MAX;
    list_wanted(batcher, wanted);
    if (!watch(batcher, wanted))
        moment_ns = impact__deadline_after_ms(unwatched_pause_ms);
    for (uint32_t i = 0; i < batcher->flight_limit; i++)
        if (batcher->under_way >> i & 1)
            moment_ns = impact__earlier_ns(moment_ns, batcher->flights[i].moment_ns);
    return moment_ns;
}

/* Not while some are to be looked at still: they come first. */
void impact__flights_wake(impact__batcher *batcher)
{
    if (!batcher->unseen)
        batcher->unseen = batcher->under_way;
}
