/* The check that no more wants to run than there are processors for. */
#include <impact/checks.h>

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/options.h"
#include "checks/limits.h"
#include "checks/provided.h"

enum { average_count = 3, default_minutes = 5 };

typedef struct load_check {
    impact__limits limits;
    size_t average; /* the first is that of one minute, then of 5 and 15 */
    unsigned minutes;
} load_check;

/* False: there is no such average. */
static bool find_average(size_t *average, uint32_t minutes)
{
    static const uint32_t known[average_count] = {1, 5, 15};
    for (size_t i = 0; i < average_count; i++) {
        if (known[i] == minutes) {
            *average = i;
            return true;
        }
    }
    return false;
}

static impact_health_status run_check(impact_health_run *run, void *userdata)
{
    const load_check *check = userdata;
    double averages[average_count];
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (getloadavg(averages, average_count) != average_count || processors < 1) {
        impact_health_explain(run, "the system does not tell");
        return IMPACT_HEALTH_UNKNOWN;
    }
    const double load = averages[check->average] / (double)processors;
    impact_health_observe(run, load, NULL);
    impact_health_explain(run, "%.2f for each of %ld processors in %u minutes", load, processors,
                          check->minutes);
    return impact__limits_judge(check->limits, load);
}

static load_check *make_check(impact__limits limits, size_t average, uint32_t minutes)
{
    load_check *check = impact__alloc(NULL, sizeof *check);
    if (check)
        *check = (load_check){limits, average, minutes};
    return check;
}

impact_status impact_health_add_load(impact_health *health,
                                     const impact_check_load_options *options)
{
    impact_check_load_options known;
    size_t average = 0;
    if (!health || !options || !impact__struct_read(&known, sizeof known, options))
        return IMPACT_EINVAL;
    const impact__limits limits = {known.warn_per_processor, known.fail_per_processor};
    const uint32_t minutes = known.minutes ? known.minutes : default_minutes;
    if (!impact__limits_are_set(limits) || !find_average(&average, minutes))
        return IMPACT_EINVAL;
    return impact__provided_add(health, IMPACT__PROVIDED(known, .component_type = "system"),
                                run_check, make_check(limits, average, minutes));
}
