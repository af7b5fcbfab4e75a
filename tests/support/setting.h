/* An environment that a test sets, and what is reported meanwhile. */
#ifndef IMPACT_TESTS_SETTING_H
#define IMPACT_TESTS_SETTING_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <impact/diagnostics.h>

#include "support/check.h"

static char reported[8192]; /* messages, a line each */

static inline void on_report(impact_severity severity, const char *message, uint64_t suppressed,
                             void *userdata)
{
    (void)severity;
    (void)suppressed;
    (void)userdata;
    const size_t size = strlen(reported);
    (void)snprintf(reported + size, sizeof reported - size, "%s\n", message);
}

/* Nothing is set, and reports are kept. */
static inline void begin(void)
{
    (void)clearenv();
    reported[0] = '\0';
    impact_diagnostics_set_callback(on_report, NULL);
}

static inline void set(const char *name, const char *value)
{
    REQUIRE(setenv(name, value, 1) == 0);
}

#endif
