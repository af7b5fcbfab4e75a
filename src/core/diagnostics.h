/* Diagnostics, inside: the part that setup functions need. */
#ifndef IMPACT_CORE_DIAGNOSTICS_H
#define IMPACT_CORE_DIAGNOSTICS_H

#include <impact/diagnostics.h>

#include "core/fork.h"

/* Make the diagnostics' lock safe over forks. Every setup function that starts a thread calls it
 * before it registers with core/fork.h itself: so a fork takes this lock last, as one does who
 * reports while holding another. To set a callback does it too. */
impact_status impact__diagnostics_open(void);

#endif
