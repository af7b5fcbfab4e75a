/* The check that memory is left, to the process's control groups and to the machine. */
#include <impact/checks.h>

#include "base/options.h"
#include "checks/limits.h"
#include "checks/memory_use.h"
#include "checks/provided.h"

enum { bytes_per_mib = 1 << 20 };

static impact_health_status run_check(impact_health_run *run, void *userdata)
{
    const impact__limits *limits = userdata;
    impact__memory_use use;
    if (!impact__memory_use_read(&use, "")) {
        impact_health_explain(run, "the system does not tell");
        return IMPACT_HEALTH_UNKNOWN;
    }
    impact_health_observe(run, use.percent, "%");
    impact_health_explain(run, "%.1f %% of the %s's %llu MiB are in use", use.percent,
                          use.is_of_cgroup ? "control group" : "machine",
                          (unsigned long long)(use.limit / bytes_per_mib));
    return impact__limits_judge(*limits, use.percent);
}

impact_status impact_health_add_memory(impact_health *health,
                                       const impact_check_memory_options *options)
{
    impact_check_memory_options known;
    if (!health || !options || !impact__struct_read(&known, sizeof known, options))
        return IMPACT_EINVAL;
    const impact__limits limits = {known.warn_percent, known.fail_percent};
    return impact__limits_are_set(limits)
               ? impact__provided_add(health, IMPACT__PROVIDED(known, .component_type = "system"),
                                      run_check, impact__limits_copy(limits))
               : IMPACT_EINVAL;
}
