/* A verdict.
 *
 * DESIGN: in this order, the first that is true:
 *
 *   the check is switched off                   pass, "disabled"
 *   its run is past its deadline                fail, "timeout"
 *   the last result is too old, while a newer
 *     run is under way, or always where results
 *     come unasked                              fail, "stale"
 *   there is none                               unknown, "pending"; held to be a pass, where
 *                                                 that was said
 *   there is one                                that
 *
 * That is the raw status. Thresholds come next: what held goes on to hold until it has failed often
 * enough in a row, and what failed to fail; a run that hangs is one failure more for each time
 * limit that it outlives, and what is forgiven must not be too old, so that nothing holds for ever.
 * Last, whatever still fails is told as the severity that the check was registered with: on every
 * path, because an optional dependency that hangs is as optional as one that refuses. */
#include "health/verdict.h"

static bool is_too_old(const impact__verdict_facts *facts)
{
    const bool ages =
        facts->comes_unasked || (facts->flight != IMPACT__FLIGHT_NONE && facts->record->has_result);
    return ages && facts->limits->max_age_ns && facts->age_ns > facts->limits->max_age_ns;
}

/* The check held when it was last looked at, and one more failure does not change that. */
static bool is_up_though_stuck(const impact__verdict_facts *facts)
{
    const impact__record *record = facts->record;
    const uint64_t overruns = impact__overruns(facts->running_ns, facts->limit_ns);
    return record->is_up && record->failures + overruns < facts->limits->failure_threshold &&
           !is_too_old(facts);
}

static impact_health_status told_as(const impact__limits *limits, impact_health_status raw,
                                    bool is_up)
{
    const bool holds = impact__status_holds(raw);
    if (is_up)
        return holds ? raw : IMPACT_HEALTH_PASS;
    if (limits->failure_status != IMPACT_HEALTH_FAIL)
        return limits->failure_status;
    return holds ? IMPACT_HEALTH_FAIL : raw;
}

static impact__verdict judge(const impact__verdict_facts *facts, impact__outcome outcome,
                             bool is_up)
{
    const impact_health_status raw = outcome.status;
    outcome.status = told_as(facts->limits, raw, is_up);
    if (!is_up && impact__status_holds(raw))
        outcome.reason = "recovering";
    return (impact__verdict){.outcome = outcome, .raw_status = raw};
}

impact__verdict impact__verdict_of(const impact__verdict_facts *facts)
{
    const uint64_t running_ns = facts->running_ns;
    if (facts->is_disabled)
        return (impact__verdict){{IMPACT_HEALTH_PASS, "disabled", 0}, IMPACT_HEALTH_UNKNOWN, false};
    if (facts->flight == IMPACT__FLIGHT_STUCK)
        return judge(facts, (impact__outcome){IMPACT_HEALTH_FAIL, "timeout", running_ns},
                     is_up_though_stuck(facts));
    if (is_too_old(facts))
        return judge(facts, (impact__outcome){IMPACT_HEALTH_FAIL, "stale", running_ns}, false);
    if (!facts->record->has_result)
        return judge(facts, (impact__outcome){IMPACT_HEALTH_UNKNOWN, "pending", running_ns},
                     facts->limits->holds_at_first);
    impact__verdict verdict = judge(facts, facts->record->outcome, facts->record->is_up);
    verdict.is_last = true;
    return verdict;
}
