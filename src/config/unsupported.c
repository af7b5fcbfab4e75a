/* Variables of the specification that are not followed here.
 *
 * DESIGN: whoever sets one expects something of it, so each is reported by its name: what we do not
 * have at all as a warning, what belongs to a signal that we do not have as a remark. Those come in
 * families, so the environment is searched for beginnings of names.
 */
#include "config/unsupported.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <impact/diagnostics.h>
#include <impact/text.h>

#include "base/environment.h"
#include "base/text.h"

enum { name_limit = 128 }; /* bytes; the longest of the specification has 63 */

typedef struct family {
    const char *beginning;
    impact_severity severity;
    const char *why;
} family;

static const char no_files[] = "configuration files are not read; set the variables that you need";
static const char no_metrics[] = "there are no metrics here";
static const char no_logs[] = "there are no logs here";

static const family families[] = {
    {"OTEL_CONFIG_FILE", IMPACT_SEVERITY_WARNING, no_files},
    {"OTEL_EXPERIMENTAL_CONFIG_FILE", IMPACT_SEVERITY_WARNING, no_files},
    {"OTEL_ENTITIES", IMPACT_SEVERITY_WARNING, "set OTEL_RESOURCE_ATTRIBUTES"},
    {"OTEL_EXPORTER_OTLP_SPAN_INSECURE", IMPACT_SEVERITY_WARNING,
     "http or https in the endpoint decides"},
    {"OTEL_EXPORTER_OTLP_METRIC", IMPACT_SEVERITY_INFO, no_metrics},
    {"OTEL_EXPORTER_PROMETHEUS_", IMPACT_SEVERITY_INFO, no_metrics},
    {"OTEL_METRIC", IMPACT_SEVERITY_INFO, no_metrics},
    {"OTEL_EXPORTER_OTLP_LOGS_", IMPACT_SEVERITY_INFO, no_logs},
    {"OTEL_LOGS_", IMPACT_SEVERITY_INFO, no_logs},
    {"OTEL_LOGRECORD_", IMPACT_SEVERITY_INFO, no_logs},
    {"OTEL_BLRP_", IMPACT_SEVERITY_INFO, no_logs},
};

/* NULL: it is none of these. */
static const family *family_of(const char *name)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strncmp(name, families[i].beginning, strlen(families[i].beginning)) == 0)
            return &families[i];
    return NULL;
}

/* Unset, or what is asked for is what there is: nothing. */
static bool asks_for_nothing(const char *name)
{
    const impact_text value = impact__environment_text(name);
    return !value.size || impact__text_equal_ignoring_case(value, impact_text_of("none"));
}

static void report(const char *entry)
{
    char name[name_limit] = "";
    const family *found = family_of(entry);
    const size_t size = strcspn(entry, "=");
    if (!found || size >= sizeof name)
        return;
    memcpy(name, entry, size);
    if (!asks_for_nothing(name))
        impact_diagnostics_report(found->severity, "environment", name, "%s is not used: %s", name,
                                  found->why);
}

void impact__unsupported_report(void)
{
    for (char **entry = environ; entry && *entry; entry++)
        report(*entry);
}
