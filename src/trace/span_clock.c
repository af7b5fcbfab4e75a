/* The time of spans. */
#include "trace/span_clock.h"

#include <stdatomic.h>
#include <stdbool.h>

#define LINE_NS  IMPACT__NS_PER_MS  /* how far a line is followed */
#define SCALE_NS IMPACT__NS_PER_SEC /* the least that a good scale is measured over */
#define REST_NS  (2 * IMPACT__NS_PER_SEC)
#define BACK_NS                                                                                    \
    IMPACT__NS_PER_MS    /* more than a line can err: the kernel's clock itself went back */
#define CLOSE_NS    1000 /* two readings that are so close were not interrupted */
#define LEAST_SCALE (UINT64_C(1) << 26) /* 64 GHz */
#define CLOSE_TICKS 1000

enum { look_count = 8 };

/* ---- the anchor ---- */

static _Atomic uint64_t process_anchor; /* 0: none yet */

/* Between which it lies; both may have wrapped, their difference has not. */
typedef struct bounds {
    uint64_t low;
    uint64_t width;
} bounds;

static bounds look_at_wall_clock(void)
{
    const uint64_t before = impact__clock_monotonic_ns();
    const uint64_t wall = impact__clock_unix_ns();
    const uint64_t after = impact__clock_monotonic_ns();
    return (bounds){wall - after, after - before};
}

/* The closest of some looks: a thread may be interrupted within one. */
static bounds look_closely(void)
{
    bounds best = look_at_wall_clock();
    for (int i = 1; i < look_count && best.width > CLOSE_NS; i++) {
        const bounds next = look_at_wall_clock();
        if (next.width < best.width)
            best = next;
    }
    return best;
}

static void find_anchor(impact__span_clock *clock, uint64_t ns)
{
    const bounds now = look_closely();
    const uint64_t known = atomic_load_explicit(&process_anchor, memory_order_relaxed);
    if (!known || known - now.low > now.width)
        atomic_store_explicit(&process_anchor, now.low + now.width / 2, memory_order_relaxed);
    clock->anchor_looked_ns = ns;
}

static void renew_anchor(impact__span_clock *clock, uint64_t ns)
{
    if (!clock->anchor_looked_ns || ns - clock->anchor_looked_ns >= IMPACT__NS_PER_SEC)
        find_anchor(clock, ns);
    clock->anchor_ns = atomic_load_explicit(&process_anchor, memory_order_relaxed);
}

/* ---- the scale ---- */

static _Atomic uint64_t process_scale;              /* 0: none yet */
static atomic_flag is_measuring = ATOMIC_FLAG_INIT; /* guards the two below; nobody waits for it */
static impact__moment older;                        /* what the scale is measured from */
static impact__moment newer;                        /* and will be */

static void measure_from(const impact__moment *now)
{
    older = newer = *now;
}

/* By more than any slew, or none of a processor's: the machine slept, and one of the two clocks
 * with it. */
static bool is_wrong(uint64_t scale, uint64_t known)
{
    const uint64_t difference = scale > known ? scale - known : known - scale;
    return scale < LEAST_SCALE || (known && difference > known / 1024);
}

/* Over one second or two, once there are as many. */
static void measure_until(const impact__moment *now)
{
    const uint64_t known = atomic_load_explicit(&process_scale, memory_order_relaxed);
    const uint64_t ns = now->ns - older.ns;
    if (ns < (known ? SCALE_NS / 16 : LINE_NS))
        return;
    uint64_t scale = (uint64_t)((double)ns / (double)(now->ticks - older.ticks) * 0x1p32);
    if (is_wrong(scale, known)) {
        scale = 0;
        measure_from(now);
    } else if (now->ns - newer.ns >= SCALE_NS) {
        older = newer;
        newer = *now;
    }
    atomic_store_explicit(&process_scale, scale, memory_order_relaxed);
}

static void measure(const impact__moment *now)
{
    if (atomic_flag_test_and_set_explicit(&is_measuring, memory_order_acquire))
        return; /* in a child of a fork perhaps for ever: its scale stays the parent's */
    if (!older.ns || now->ns > newer.ns + REST_NS)
        measure_from(now);
    else if (now->ns > newer.ns && now->ticks > older.ticks)
        measure_until(now);
    atomic_flag_clear_explicit(&is_measuring, memory_order_release);
}

/* ---- the line ---- */

static void begin_line(impact__span_clock *clock, const impact__moment *now)
{
    measure(now);
    clock->begin = *now;
    clock->scale = atomic_load_explicit(&process_scale, memory_order_relaxed);
    clock->line_ticks = clock->scale ? (LINE_NS << 32) / clock->scale : 0;
}

static uint64_t keep(impact__span_clock *clock, uint64_t ns)
{
    const bool has_gone_back = ns < clock->last_ns && clock->last_ns - ns > BACK_NS;
    if (ns > clock->last_ns || has_gone_back)
        clock->last_ns = ns;
    return clock->last_ns;
}

uint64_t impact__span_clock_renew(impact__span_clock *clock)
{
    if (!impact__ticks_are_trusted())
        return impact__span_clock_read_system(clock);
    const uint64_t before = impact__ticks_read();
    const uint64_t ns = impact__clock_monotonic_ns();
    const uint64_t width = impact__ticks_read() - before;
    if (width < CLOSE_TICKS) { /* else it was interrupted: the next reading tries again */
        const impact__moment now = {before + width / 2, ns};
        begin_line(clock, &now);
    }
    renew_anchor(clock, ns);
    return keep(clock, ns);
}

uint64_t impact__span_clock_read_system(impact__span_clock *clock)
{
    const uint64_t ns = impact__clock_monotonic_ns();
    if (!clock->anchor_looked_ns || ns - clock->anchor_looked_ns >= IMPACT__NS_PER_SEC)
        renew_anchor(clock, ns);
    return keep(clock, ns);
}
