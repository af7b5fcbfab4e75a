/* What became of spans in the last minute: two counters, looked at now and then.
 *
 * DESIGN: looks are kept for a minute and a step, one a step, and the difference to the newest that
 * is a minute old is what counts. Who looks seldom learns of a longer time: since the look before.
 * Where no look is a minute old, it is since the first.
 */
#ifndef IMPACT_CHECKS_LAST_MINUTE_H
#define IMPACT_CHECKS_LAST_MINUTE_H

#include <stdint.h>

enum { impact__minute_looks = 14 }; /* a minute in steps of five seconds, and both ends */

typedef struct impact__settled {
    uint64_t lost;
    uint64_t exported;
} impact__settled;

typedef struct impact__look {
    uint64_t ns;
    impact__settled settled; /* since the process began */
} impact__look;

typedef struct impact__last_minute {
    impact__look looks[impact__minute_looks]; /* the newest stands before `next` */
    uint32_t count;
    uint32_t next;
} impact__last_minute;

/* The first look, at a monotonic moment. */
void impact__last_minute_begin(impact__last_minute *minute, uint64_t now_ns, impact__settled now);

/* The next: what was settled in the minute before. Counters that went back are those of a new
 * provider, or of a forked child: they begin at zero. */
impact__settled impact__last_minute_look(impact__last_minute *minute, uint64_t now_ns,
                                         impact__settled now);

#endif
