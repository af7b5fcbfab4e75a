/* A server that reads every request and answers 200, in a process of its own: none of its time is
 * that of who sends. */
#ifndef IMPACT_BENCH_SINK_H
#define IMPACT_BENCH_SINK_H

#include <stdint.h>

/* Its port on the loopback address. It ends with this process, whose end of a pipe is its life. */
uint16_t sink_start(void);

#endif
