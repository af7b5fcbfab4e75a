/* Diagnostics, inside: the part that setup functions need. */
#ifndef IMPACT_PROCESS_DIAGNOSTICS_H
#define IMPACT_PROCESS_DIAGNOSTICS_H

#include <impact/diagnostics.h>

#include "process/fork.h"

/* Make the diagnostics' lock safe over forks. Every setup function that starts a thread calls it
 * before it registers with process/fork.h itself: so a fork takes this lock last, as one does who
 * reports while holding another. To set a callback does it too. */
impact_status impact__diagnostics_open(void);

#endif
