/* How many spans were started and are alive. */
#include "trace/census.h"

#include <string.h>

_Static_assert(IMPACT__CENSUS_INHERITED_ENDED + 1 == impact__census_kinds, "one counter a kind");

/* While others count, a span that started here and ended there may be seen to have ended only. */
static uint64_t difference(uint64_t more, uint64_t less)
{
    return more > less ? more - less : 0;
}

static void count_children(impact__census *of, const impact__grace_sums *sums)
{
    const uint64_t *const only = of->started[IMPACT__FATE_RECORDED];
    const uint64_t local = sums->census[IMPACT__CENSUS_LOCAL_CHILD];
    const uint64_t remote = sums->census[IMPACT__CENSUS_REMOTE_CHILD];
    const uint64_t all = sums->started - sums->census[IMPACT__CENSUS_HELD];
    uint64_t *sampled = of->started[IMPACT__FATE_SAMPLED];
    sampled[IMPACT__ORIGIN_LOCAL] = difference(local, only[IMPACT__ORIGIN_LOCAL]);
    sampled[IMPACT__ORIGIN_REMOTE] = difference(remote, only[IMPACT__ORIGIN_REMOTE]);
    sampled[IMPACT__ORIGIN_NONE] =
        difference(difference(all, local + remote), only[IMPACT__ORIGIN_NONE]);
}

static void count_live(impact__census *of, const impact__grace_sums *sums)
{
    const uint64_t *const only = of->started[IMPACT__FATE_RECORDED];
    const uint64_t all =
        difference(sums->started + sums->census[IMPACT__CENSUS_INHERITED_ENDED], sums->ended);
    of->live[IMPACT__FATE_RECORDED] =
        difference(only[0] + only[1] + only[2], sums->census[IMPACT__CENSUS_RECORDED_ONLY_ENDED]);
    of->live[IMPACT__FATE_SAMPLED] = difference(all, of->live[IMPACT__FATE_RECORDED]);
}

impact__census impact__census_take(void)
{
    const impact__grace_sums sums = impact__grace_sum_up();
    impact__census all = {.live = {0}};
    memcpy(all.started[IMPACT__FATE_DROPPED], sums.census + IMPACT__CENSUS_DROPPED,
           sizeof all.started[IMPACT__FATE_DROPPED]);
    memcpy(all.started[IMPACT__FATE_RECORDED], sums.census + IMPACT__CENSUS_RECORDED_ONLY,
           sizeof all.started[IMPACT__FATE_RECORDED]);
    count_children(&all, &sums);
    count_live(&all, &sums);
    return all;
}
