/* Diagnostics, inside: the part that setup functions need. */
#ifndef IMPACT_PROCESS_DIAGNOSTICS_H
#define IMPACT_PROCESS_DIAGNOSTICS_H

#include <impact/diagnostics.h>

#include "process/fork.h"

/* Read OTEL_LOG_LEVEL, and hear what is reported from now on. Every setup function that starts a
 * thread calls it before it registers with process/fork.h itself: so a fork takes the diagnostics'
 * lock last, as one does who reports while holding another. In log_level.c. */
impact_status impact__diagnostics_open(void);

/* Without that variable. To set a callback does it too. */
impact_status impact__diagnostics_listen(void);

/* Write what was kept on standard error, without waiting. For threads of ours, and for calls that
 * set something up or wait anyway: whoever records only leaves a message here. With no lock
 * held. */
void impact__diagnostics_say(void);

#endif
