/* The simple processor: each span is exported as it ends, on the thread that ends it.
 *
 * DESIGN: one exports at a time; the others wait for their turn, without the lock being held while
 * the exporter runs: so a fork waits for nobody. In a child the turn is free: who had it is not
 * there.
 */
#include <impact/processor.h>

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/options.h"
#include "base/thread.h"
#include "process/fork.h"

enum { export_timeout_ms = 30000 }; /* trace/sdk "Batching processor": exportTimeoutMillis */

typedef struct simple {
    impact_span_processor base; /* first: a pointer to it is a pointer to this */
    const impact_allocator *allocator;
    impact_exporter *exporter; /* owned */
    impact_exporter known;     /* its members, those that it does not have NULL */
    impact__fork_member fork_member;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    bool is_exporting;
    bool is_shut_down;
} simple;

static void lock(void *owner)
{
    (void)pthread_mutex_lock(&((simple *)owner)->lock); /* cannot fail for a normal lock */
}

static void unlock(void *owner)
{
    (void)pthread_mutex_unlock(&((simple *)owner)->lock); /* as above */
}

static void after_fork_in_child(void *owner)
{
    simple *processor = owner;
    assert(impact__lock_is_held(&processor->lock));
    processor->is_exporting = false;
    /* Those who waited are not here: as new. It failed not before. */
    (void)impact__condition_open(&processor->changed);
    unlock(owner);
}

/* Wait for the turn. False: there is none any more. */
static bool take_turn(simple *processor, uint64_t deadline_ns)
{
    lock(processor);
    while (processor->is_exporting && !processor->is_shut_down)
        if (!impact__condition_wait_until(&processor->changed, &processor->lock, deadline_ns))
            break;
    const bool is_ours = !processor->is_exporting && !processor->is_shut_down;
    processor->is_exporting = processor->is_exporting || is_ours;
    unlock(processor);
    return is_ours;
}

static void end_turn(simple *processor)
{
    lock(processor);
    assert(processor->is_exporting); /* the turn is ours */
    processor->is_exporting = false;
    (void)pthread_cond_broadcast(&processor->changed);
    unlock(processor);
}

static void export_span(simple *processor, const impact_ended_span *span)
{
    const impact_scope_batch scope = {
        .size = sizeof scope,
        .scope = span->scope,
        .schema_url = span->scope_schema_url,
        .spans = &span->span,
        .span_count = 1,
    };
    const impact_scope_batch *const scopes[] = {&scope};
    const impact_batch batch = {
        .size = sizeof batch,
        .resource = span->resource,
        .scopes = scopes,
        .scope_count = 1,
        .span_count = 1,
    };
    size_t rejected = 0;
    /* What becomes of it is the exporter's to tell: the thread that ended the span cannot do
     * better. */
    (void)processor->known.export_batch(processor->exporter, &batch, export_timeout_ms, &rejected);
}

static void on_end(impact_span_processor *base, const impact_ended_span *span)
{
    simple *processor = (simple *)base;
    impact_tracing_suppress(); /* exporters trace nothing, whatever they call */
    if (span->is_sampled && take_turn(processor, impact__deadline_after_ms(export_timeout_ms))) {
        const unsigned generation = impact__fork_generation();
        export_span(processor, span);
        if (generation == impact__fork_generation())
            end_turn(processor);
    }
    impact_tracing_unsuppress();
}

/* Wait for the span that is being exported. */
static bool wait_for_turn_to_end(simple *processor, uint64_t deadline_ns)
{
    lock(processor);
    while (processor->is_exporting)
        if (!impact__condition_wait_until(&processor->changed, &processor->lock, deadline_ns))
            break;
    const bool has_ended = !processor->is_exporting;
    unlock(processor);
    return has_ended;
}

static impact_status flush(impact_span_processor *base, uint32_t timeout_ms)
{
    const bool has_ended =
        wait_for_turn_to_end((simple *)base, impact__deadline_after_ms(timeout_ms));
    return has_ended ? IMPACT_OK : IMPACT_ETIMEDOUT;
}

static impact_status shut_down(impact_span_processor *base, uint32_t timeout_ms)
{
    simple *processor = (simple *)base;
    const uint64_t deadline_ns = impact__deadline_after_ms(timeout_ms);
    lock(processor);
    processor->is_shut_down = true;
    (void)pthread_cond_broadcast(&processor->changed);
    unlock(processor);
    if (processor->known.hasten)
        processor->known.hasten(processor->exporter, timeout_ms);
    if (wait_for_turn_to_end(processor, deadline_ns))
        return IMPACT_OK;
    if (processor->known.interrupt)
        processor->known.interrupt(processor->exporter);
    return IMPACT_ETIMEDOUT;
}

/* Nobody is in it any more: no span is given to a processor that is closed. */
static void close_simple(impact_span_processor *base)
{
    simple *processor = (simple *)base;
    impact__fork_remove(&processor->fork_member);
    processor->known.close(processor->exporter);
    (void)pthread_cond_destroy(&processor->changed);
    (void)pthread_mutex_destroy(&processor->lock);
    impact__free(processor->allocator, processor);
}

static impact_status open_state(simple *processor)
{
    processor->base = (impact_span_processor){
        .size = sizeof processor->base,
        .on_end = on_end,
        .flush = flush,
        .shutdown = shut_down,
        .close = close_simple,
    };
    if (impact__condition_open(&processor->changed))
        return IMPACT_ESYSTEM;
    (void)pthread_mutex_init(&processor->lock, NULL); /* cannot fail on Linux */
    processor->fork_member = (impact__fork_member){
        .prepare = lock, .in_parent = unlock, .in_child = after_fork_in_child, .owner = processor};
    return impact__fork_add(&processor->fork_member);
}

impact_status impact_simple_processor_open(impact_span_processor **processor,
                                           impact_exporter *exporter,
                                           const impact_allocator *allocator)
{
    impact_exporter known;
    if (!processor || !exporter || !impact__struct_read(&known, sizeof known, exporter) ||
        !known.export_batch || !known.close)
        return IMPACT_EINVAL;
    simple *made = impact__alloc(allocator, sizeof *made);
    if (!made)
        return IMPACT_ENOMEM;
    made->allocator = allocator;
    made->known = known;
    made->exporter = exporter;
    const impact_status status = open_state(made);
    if (status) {
        impact__free(allocator, made);
        return status;
    }
    *processor = &made->base;
    return IMPACT_OK;
}
