/* What became of spans in the last minute. */
#include "checks/last_minute.h"

#include <assert.h>

#include "base/clock.h"

#define STEP_NS   (5 * IMPACT__NS_PER_SEC)
#define MINUTE_NS (60 * IMPACT__NS_PER_SEC)

/* The newest is 0. */
static const impact__look *look_before(const impact__last_minute *minute, uint32_t age)
{
    assert(age < minute->count);
    return &minute->looks[(minute->next + impact__minute_looks - 1 - age) % impact__minute_looks];
}

static void keep(impact__last_minute *minute, uint64_t now_ns, impact__settled now)
{
    minute->looks[minute->next] = (impact__look){now_ns, now};
    minute->next = (minute->next + 1) % impact__minute_looks;
    if (minute->count < impact__minute_looks)
        minute->count++;
}

void impact__last_minute_begin(impact__last_minute *minute, uint64_t now_ns, impact__settled now)
{
    *minute = (impact__last_minute){.count = 0};
    keep(minute, now_ns, now);
}

static const impact__look *look_of_a_minute_ago(const impact__last_minute *minute, uint64_t now_ns)
{
    uint32_t age = 0;
    while (age + 1 < minute->count && now_ns - look_before(minute, age)->ns < MINUTE_NS)
        age++;
    return look_before(minute, age);
}

impact__settled impact__last_minute_look(impact__last_minute *minute, uint64_t now_ns,
                                         impact__settled now)
{
    const impact__settled *newest = &look_before(minute, 0)->settled;
    if (now.lost < newest->lost || now.exported < newest->exported)
        impact__last_minute_begin(minute, look_before(minute, 0)->ns, (impact__settled){0});
    const impact__settled then = look_of_a_minute_ago(minute, now_ns)->settled;
    if (now_ns - look_before(minute, 0)->ns >= STEP_NS)
        keep(minute, now_ns, now);
    return (impact__settled){now.lost - then.lost, now.exported - then.exported};
}
