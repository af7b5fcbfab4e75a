/* The check that the process's own spans arrive.
 *
 * DESIGN: what was lost since the last run, as a part of what was settled since: a backend that was
 * away in the night is no failure in the morning. Spans that ended after a shutdown count as
 * neither, and those that wait are not lost yet.
 */
#include <impact/checks.h>

#include <stdatomic.h>

#include <impact/trace.h>

#include "base/alloc.h"
#include "base/options.h"
#include "checks/limits.h"
#include "checks/provided.h"

enum { percents = 100 };

/* Atomic, since a check may have been told that a second run of it may begin. */
typedef struct telemetry_check {
    impact__limits limits;
    impact_tracer_provider *provider; /* borrowed; NULL: the process's */
    impact_check_stats_reader reader; /* in its place; read: NULL: there is none */
    atomic_uint_fast64_t lost;        /* at the last run */
    atomic_uint_fast64_t exported;
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

/* How much more it is. Counters that went back are those of a new provider, or of a forked
 * child. */
static uint64_t since(atomic_uint_fast64_t *former, uint64_t now)
{
    const uint64_t before = atomic_exchange_explicit(former, now, memory_order_relaxed);
    return now >= before ? now - before : now;
}

static impact_health_status run_check(impact_health_run *run, void *userdata)
{
    telemetry_check *check = userdata;
    impact_trace_stats stats;
    read_stats(check, &stats);
    const uint64_t lost = since(&check->lost, lost_of(&stats));
    const uint64_t exported = since(&check->exported, stats.exported);
    const double settled = (double)lost + (double)exported;
    const double percent = lost ? percents * (double)lost / settled : 0;
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
    impact_trace_stats stats;
    check->limits = limits;
    check->provider = options->provider;
    check->reader = options->reader;
    read_stats(check, &stats);
    atomic_init(&check->lost, lost_of(&stats));
    atomic_init(&check->exported, stats.exported);
    return check;
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
    return impact__provided_add(health, IMPACT__PROVIDED(known, .component_type = "component"),
                                run_check, make_check(&known, limits));
}
