/* A check's record: written when a result comes. */
#include "health/record.h"

#include "base/clock.h"

uint64_t impact__overruns(uint64_t duration_ns, uint64_t limit_ns)
{
    return limit_ns ? duration_ns / limit_ns : 0;
}

static uint64_t failures_of(const impact__arrival *arrival)
{
    const impact__outcome *outcome = arrival->outcome;
    if (impact__status_holds(outcome->status))
        return 0;
    const uint64_t overruns = impact__overruns(outcome->duration_ns, arrival->limit_ns);
    return overruns ? overruns : 1;
}

/* When the first of this run's failures was known: it may have outlived several limits. */
static uint64_t first_failure_unix_ns(const impact__arrival *arrival)
{
    const uint64_t duration_ns = arrival->outcome->duration_ns;
    const bool is_late = arrival->limit_ns && duration_ns > arrival->limit_ns;
    return impact__before_ns(arrival->now_unix_ns, is_late ? duration_ns - arrival->limit_ns : 0);
}

static void count(impact__record *record, const impact__arrival *arrival)
{
    const uint64_t failures = failures_of(arrival);
    if (!failures) {
        record->failures = record->failing_since_unix_ns = 0;
        record->successes++;
        return;
    }
    if (!record->failures)
        record->failing_since_unix_ns = first_failure_unix_ns(arrival);
    record->failures += failures;
    record->successes = 0;
}

/* The first result decides, for nothing is known that could go on. */
static bool is_up_now(const impact__record *record, const impact__limits *limits)
{
    if (!record->has_result)
        return record->successes > 0;
    if (record->successes)
        return record->is_up || record->successes >= limits->success_threshold;
    return record->is_up && record->failures < limits->failure_threshold;
}

void impact__record_add(impact__record *record, const impact__arrival *arrival)
{
    count(record, arrival);
    record->is_up = is_up_now(record, arrival->limits);
    record->has_result = true;
    record->outcome = *arrival->outcome;
    record->remarks = *arrival->remarks;
    record->ended_ns = arrival->now_ns;
    record->ended_unix_ns = arrival->now_unix_ns;
    impact__history_add(&record->history, arrival->outcome->status, arrival->outcome->duration_ns);
}
