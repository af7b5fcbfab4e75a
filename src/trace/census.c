/* How many spans were started and are alive. */
#include "trace/census.h"

_Static_assert(impact__fates *impact__origins == impact__census_kinds, "one counter a kind");

/* The ended first: see bound(). */
static void add_thread(void *to, const impact__grace_thread *thread)
{
    impact__census *all = to;
    for (unsigned i = 0; i < impact__fates; i++)
        all->ended[i] += atomic_load_explicit(&thread->census_ended[i], memory_order_relaxed);
    for (unsigned i = 0; i < impact__census_kinds; i++)
        all->started[i / impact__origins][i % impact__origins] +=
            atomic_load_explicit(&thread->census_started[i], memory_order_relaxed);
}

/* While others count, a span that started here and ended there may be seen to have ended only. */
static void bound(impact__census *of, unsigned fate)
{
    uint64_t started = 0;
    for (unsigned i = 0; i < impact__origins; i++)
        started += of->started[fate][i];
    if (of->ended[fate] > started)
        of->ended[fate] = started;
}

impact__census impact__census_take(void)
{
    impact__census all = {.ended = {0}};
    impact__grace_look_at_all(add_thread, &all);
    for (unsigned i = 0; i < impact__fates; i++)
        bound(&all, i);
    return all;
}
