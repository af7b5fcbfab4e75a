/* The check that the process's own spans arrive.
 *
 * DESIGN: what was lost in the last minute, as a part of what was settled in it: a backend that was
 * away in the night is no failure in the morning. Spans that ended after a shutdown count as
 * neither, and those that wait are not lost yet.
 */
#include <impact/checks.h>

#include <pthread.h>

#include <impact/trace.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/options.h"
#include "checks/last_minute.h"
#include "checks/limits.h"
#include "checks/provided.h"

enum { percents = 100 };

typedef struct telemetry_check {
    impact__limits limits;
    impact_tracer_provider *provider; /* borrowed; NULL: the process's */
    impact_check_stats_reader reader; /* in its place; read: NULL: there is none */
    pthread_mutex_t lock; /* guards what follows: a second run of a check may have begun */
    impact__last_minute minute;
} telemetry_check;

static void read_stats(const telemetry_check *check, impact_trace_stats *stats)
{
    *stats = (impact_trace_stats){.size = sizeof *stats};
    if (check->reader.read)
        check->reader.read(check->reader.userdata, stats);
    else if (check->provider)
        impact_tracer_provider_get_stats(check->provider, stats);
    else
        impact_trace_get_stats(stats);
}

static uint64_t lost_of(const impact_trace_stats *stats)
{
    return stats->dropped_full + stats->dropped_memory + stats->rejected + stats->failed;
}

static impact__settled settled_of(const telemetry_check *check)
{
    impact_trace_stats stats;
    read_stats(check, &stats);
    return (impact__settled){lost_of(&stats), stats.exported};
}

static impact__settled look(telemetry_check *check)
{
    const impact__settled now = settled_of(check); /* without the lock: it may be the program's */
    (void)pthread_mutex_lock(&check->lock);        /* cannot fail for a normal lock */
    const impact__settled recent =
        impact__last_minute_look(&check->minute, impact__clock_monotonic_ns(), now);
    (void)pthread_mutex_unlock(&check->lock);
    return recent;
}

static impact_health_status run_check(impact_health_run *run, void *userdata)
{
    telemetry_check *check = userdata;
    const impact__settled recent = look(check);
    const double settled = (double)recent.lost + (double)recent.exported;
    const double percent = recent.lost ? (double)percents * (double)recent.lost / settled : 0;
    impact_health_observe(run, percent, "%");
    impact_health_explain(run, "%.1f %% of the last %.0f spans were lost", percent, settled);
    return impact__limits_judge(check->limits, percent);
}

/* What was lost before is not its business. */
static telemetry_check *make_check(const impact_check_telemetry_options *options,
                                   impact__limits limits)
{
    telemetry_check *check = impact__alloc(NULL, sizeof *check);
    if (!check)
        return NULL;
    check->limits = limits;
    check->provider = options->provider;
    check->reader = options->reader;
    (void)pthread_mutex_init(&check->lock, NULL); /* cannot fail on Linux */
    impact__last_minute_begin(&check->minute, impact__clock_monotonic_ns(), settled_of(check));
    return check;
}

static void free_check(void *userdata)
{
    telemetry_check *check = userdata;
    if (!check)
        return;
    (void)pthread_mutex_destroy(&check->lock); /* no run has it any more */
    impact__free(NULL, check);
}

impact_status impact_health_add_telemetry(impact_health *health,
                                          const impact_check_telemetry_options *options)
{
    impact_check_telemetry_options known;
    if (!health || !options || !impact__struct_read(&known, sizeof known, options))
        return IMPACT_EINVAL;
    const impact__limits limits = {known.warn_percent, known.fail_percent};
    if (!impact__limits_are_set(limits) || (known.provider && known.reader.read))
        return IMPACT_EINVAL;
    return impact__provided_add_with(health, IMPACT__PROVIDED(known, .component_type = "component"),
                                     run_check, make_check(&known, limits), free_check);
}
