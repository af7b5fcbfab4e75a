/* Spans: their end, and the way to those who get them. Their start is in span_start.c. */
#include <impact/span.h>

#include <string.h>

#include "base/thread.h"
#include "process/diagnostics.h"
#include "process/fork.h"
#include "trace/access.h"
#include "trace/context.h"
#include "trace/delivery.h"
#include "trace/finish.h"
#include "trace/open_span.h"
#include "trace/span_time.h"

/* ---- end ---- */

static uint64_t end_of(const impact__span *span, uint64_t end_unix_ns)
{
    if (__builtin_expect(!end_unix_ns, 1))
        end_unix_ns = impact__span_time_now(span);
    return end_unix_ns >= span->start_unix_ns ? end_unix_ns : span->start_unix_ns;
}

static void say_it_has_no_duration(void)
{
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "span", "times",
                              "a span ends before its start: it is shown without a duration");
}

static void say_what_was_cut(const impact__span *span)
{
    impact_diagnostics_report(
        IMPACT_SEVERITY_WARNING, "span", "room",
        "a span has more than its room of %u bytes: %u of its texts and values were cut or dropped",
        span->provider->limits.span_bytes, span->cut_count);
}

/* What was begun before a fork is the parent's to export. */
static bool is_of_this_process(const impact__span *span)
{
    return atomic_load_explicit(&span->process, memory_order_relaxed) == impact__fork_generation();
}

static bool is_sampled(const impact__span *span)
{
    return atomic_load_explicit(&span->id_flags, memory_order_relaxed) & IMPACT_TRACE_FLAG_SAMPLED;
}

static void give_back(impact__span *span)
{
    impact__thread_state *state = impact__thread_state_peek();
    if (state)
        impact__slot_give(&state->slots, span);
    else
        impact__slot_give_to_pool(span);
}

/* Processors may record into it once more, at an end that is fixed, and so without its being worked
 * at: the access is begun again. NULL: it was ended meanwhile. */
__attribute__((noinline)) static impact__span *
show_ending(impact__access *access, impact__span *live, impact_span *name, uint64_t *end_unix_ns)
{
    impact_tracer_provider *provider = live->provider;
    *end_unix_ns = end_of(live, *end_unix_ns);
    impact__grace_span_started(provider->hold); /* it stays, whatever others do with the span */
    impact__census_count(IMPACT__CENSUS_HELD);
    impact__access_end(access, live);
    const int held = impact__cancel_hold(); /* as in delivery.c */
    impact__provider_on_ending(provider, name);
    impact__cancel_release(held);
    impact__grace_span_ended(provider->hold);
    return impact__access_begin_any(access, (uintptr_t)name);
}

/* NULL: as above. */
static impact__span *prepare_end(impact__access *access, impact__span *live, impact_span *name,
                                 uint64_t *end_unix_ns)
{
    if (impact__provider_wants_endings(live->provider))
        live = show_ending(access, live, name, end_unix_ns);
    if (!live || !live->is_kept)
        return live;
    if (!*end_unix_ns) /* its end lies before the last moment that is known of the process */
        *end_unix_ns = end_of(live, 0);
    impact__open_span_end(live);
    return live;
}

static inline void deliver(const impact__span *span)
{
    impact__provider_on_end(span->provider, span->bytes + span->record_offset,
                            span->size - span->record_offset, span->tracer, is_sampled(span));
}

/* Of one that is not recorded: it was a context that was handed through, or it was not sampled. */
__attribute__((noinline)) static void end_context(impact_span *span)
{
    impact__access access;
    impact__span *live = impact__access_begin_any(&access, (uintptr_t)span);
    if (!live)
        return;
    impact__shared_text *trace_state = impact__access_finish(&access, live, (uintptr_t)span);
    impact__shared_release(trace_state);
    give_back(live);
}

/* The same as nearly all of them end: by their owner, and without a trace state. */
static inline bool end_own_context(uintptr_t name)
{
    impact__thread_state *state = impact__thread_state_peek();
    impact__span *live = impact__access_begin_own(state, name);
    if (!live || live->trace_state) {
        if (live)
            impact__access_end_own(state);
        return false;
    }
    impact__access_end_life(live, name);
    impact__access_end_own(state);
    impact__slot_give(&state->slots, live);
    return true;
}

/* Who is shown the bytes of a span that ends; NULL: nobody is. */
typedef struct shown_to {
    impact_span_show_fn *show;
    void *userdata;
} shown_to;

__attribute__((noinline)) static void show_ended(const impact__span *span, const shown_to *viewer)
{
    viewer->show(viewer->userdata, impact__span_finished(span));
}

/* The parent exports it; here it is over. */
__attribute__((noinline)) static void end_inherited(impact__access *access, impact__span *live,
                                                    uintptr_t name, uint64_t end_unix_ns,
                                                    const shown_to *viewer)
{
    if (viewer)
        impact__span_finish(live, end_of(live, end_unix_ns));
    impact__shared_text *trace_state = impact__access_finish(access, live, name);
    if (viewer)
        show_ended(live, viewer);
    impact__grace_span_ended(live->provider->hold);
    impact__census_count(IMPACT__CENSUS_INHERITED_ENDED);
    impact__shared_release(trace_state);
    give_back(live);
}

__attribute__((noinline)) static void say_what_is_odd(const impact__span *span, bool is_backwards)
{
    if (is_backwards)
        say_it_has_no_duration();
    if (span->cut_count)
        say_what_was_cut(span);
}

__attribute__((noinline)) static void end_recording(impact_span *span, uint64_t end_unix_ns,
                                                    const shown_to *viewer)
{
    impact__access access;
    impact__span *live = impact__access_begin_any(&access, (uintptr_t)span);
    if (!live)
        return;
    if (__builtin_expect(!is_of_this_process(live), 0)) {
        end_inherited(&access, live, (uintptr_t)span, end_unix_ns, viewer);
        return;
    }
    if (__builtin_expect(impact__processors_want(&live->provider->processors,
                                                 IMPACT__HOOK_ENDING | IMPACT__HOOK_OPEN),
                         0)) {
        live = prepare_end(&access, live, span, &end_unix_ns);
        if (!live)
            return;
    }
    const bool is_backwards = end_unix_ns && end_unix_ns < live->start_unix_ns;
    impact__span_finish(live, end_of(live, end_unix_ns));
    impact__shared_text *trace_state = impact__access_finish(&access, live, (uintptr_t)span);
    /* From here on nobody else has the slot, and what is called may take its time. */
    if (__builtin_expect(is_backwards || live->cut_count, 0))
        say_what_is_odd(live, is_backwards);
    if (__builtin_expect(viewer != NULL, 0))
        show_ended(live, viewer);
    deliver(live);
    if (__builtin_expect(trace_state != NULL, 0))
        impact__shared_release(trace_state);
    give_back(live);
}

void impact_span_end_at(impact_span *span, uint64_t end_unix_ns)
{
    if ((uintptr_t)span & IMPACT__NAME_RECORDING)
        end_recording(span, end_unix_ns, NULL);
    else if (span && !end_own_context((uintptr_t)span))
        end_context(span);
}

extern inline void impact_span_end(impact_span *span);

void impact_span_end_showing(impact_span *span, uint64_t end_unix_ns, impact_span_show_fn *show,
                             void *userdata)
{
    const shown_to viewer = {show, userdata};
    if (show && (uintptr_t)span & IMPACT__NAME_RECORDING)
        end_recording(span, end_unix_ns, &viewer);
    else
        impact_span_end_at(span, end_unix_ns);
}

/* ---- questions ---- */

size_t impact_span_copy(const impact_span *span, void *bytes, size_t size)
{
    impact__access access;
    impact__span *live = impact__access_begin(&access, span);
    if (!live)
        return 0;
    impact__span_finish(live, 0); /* the head is written before the rest, which stays as it is */
    const impact_text whole = impact__span_finished(live);
    if (bytes && whole.size <= size)
        memcpy(bytes, whole.data, whole.size);
    impact__access_end(&access, live);
    return whole.size;
}

bool impact_span_is_recording(const impact_span *span)
{
    return ((uintptr_t)span & IMPACT__NAME_RECORDING) && impact__access_is_live(span);
}

impact_span_context impact_span_context_of(const impact_span *span)
{
    impact_span_context shown;
    impact__identity identity = impact__context_identity_of(span);
    impact__identity_show(&shown, &identity);
    impact__identity_close(&identity);
    return shown;
}
