/* OTEL_LOG_LEVEL: what the library says of itself on standard error, read when something is set
 * up. */
#include "process/diagnostics.h"

#include <stddef.h>

#include "base/environment.h"
#include "process/standard_error.h"

/* The specification names no words (sdk-environment-variables, "General SDK Configuration"); these
 * are those of other SDKs. */
static const char *const words[] = {
    "none", "off",   "fatal",   "error", "warn", "warning",
    "info", "debug", "verbose", "trace", "all",  NULL,
};
static const impact_severity levels[] = {
    IMPACT_SEVERITY_NONE,    IMPACT_SEVERITY_NONE,    IMPACT_SEVERITY_NONE, IMPACT_SEVERITY_ERROR,
    IMPACT_SEVERITY_WARNING, IMPACT_SEVERITY_WARNING, IMPACT_SEVERITY_INFO, IMPACT_SEVERITY_INFO,
    IMPACT_SEVERITY_INFO,    IMPACT_SEVERITY_INFO,    IMPACT_SEVERITY_INFO,
};

impact_status impact__diagnostics_open(void)
{
    size_t index = 0;
    const impact_status status = impact__diagnostics_listen(); /* also for what is said below */
    const bool is_set = impact__environment_choice(&index, "OTEL_LOG_LEVEL", words);
    impact__standard_error_set_default(is_set ? levels[index] : IMPACT_SEVERITY_INFO);
    return status;
}
