/* The exporter that stands for one which could not be opened. */
#ifndef IMPACT_EXPORT_ABSENT_H
#define IMPACT_EXPORT_ABSENT_H

#include <impact/exporter.h>

/* Every export fails, so that spans which somebody wanted exported are counted as failed, and a
 * flush says so. It has nothing of its own: one serves all, and closing it does nothing. */
impact_exporter *impact__exporter_absent(void);

#endif
