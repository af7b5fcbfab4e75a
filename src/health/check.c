/* A check: what its job does, who waits for it, and what is known of it.
 *
 * DESIGN: a result is told as long as it is fresh, because a check that needs longer than a probe
 * can wait would otherwise fail every probe but those that happen to find its run ended. verdict.c
 * decides what is told. A result is told for longer than its run took only while a newer run is
 * under way and within its deadline, and never beyond max_age: a dependency that hangs is a failure
 * after the check's time limit. All of it is judged when somebody looks: no timer has to ring in
 * time for an answer to be true.
 */
#include "health/check.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"

/* ---- its job ---- */

static impact__check *check_of(impact__job *job)
{
    return (impact__check *)((char *)job - offsetof(impact__check, job));
}

/* The check's id, and the number of its run, of which nobody will have seen four billion. */
static uint64_t token_of(const impact__check *check, uint64_t run)
{
    return (uint64_t)check->definition.id << 32 | (uint32_t)run;
}

static bool run_check(impact__job *job, const impact__turn *turn)
{
    impact__check *check = check_of(job);
    const impact__run_facts facts = {
        .name = check->definition.name,
        .run = check->definition.run,
        .userdata = check->definition.userdata,
        .started_ns = turn->started_ns,
        .deadline_ns = turn->deadline_ns,
        .token = token_of(check, turn->number),
    };
    impact__said *said = &check->said[turn->slot];
    said->outcome = impact__run(&facts, &said->remarks);
    return said->outcome.status != IMPACT_HEALTH_PENDING;
}

/* Take a wait out of its check's list. It stays a user. */
static void stop_waiting(impact__wait *wait)
{
    assert(!wait->is_waiting || wait->check->waits);
    if (!wait->is_waiting)
        return;
    *(wait->previous ? &wait->previous->next : &wait->check->waits) = wait->next;
    if (wait->next)
        wait->next->previous = wait->previous;
    wait->is_waiting = false;
}

static void tell_those_who_wait(impact__check *check)
{
    while (check->waits) {
        impact__wait *wait = check->waits;
        stop_waiting(wait);
        wait->settled(wait);
    }
}

/* The function of the run that is settled has returned: what it left behind is whoever's has the
 * lock. */
static void take_completion(impact__said *said, const impact__check *check, uint64_t duration_ns)
{
    const impact__completion *completion = &check->completion;
    if (!completion->is_there) {
        said->outcome = (impact__outcome){IMPACT_HEALTH_FAIL, "timeout", duration_ns};
        return;
    }
    const char *reason = impact__status_holds(completion->status) ? "" : "error";
    said->outcome = (impact__outcome){completion->status, reason, duration_ns};
    if (completion->explanation[0])
        impact__remarks_explain(&said->remarks, completion->explanation);
}

bool impact__check_complete(impact__check *check, uint64_t token, impact_health_status status,
                            const char *explanation)
{
    const impact__job *job = &check->job;
    assert(impact__lock_is_held(&job->engine->lock));
    if (!impact__job_is_in_flight(job) || job->is_complete ||
        token != token_of(check, job->asked) || impact__clock_monotonic_ns() >= job->deadline_ns)
        return false;
    check->completion = (impact__completion){.is_there = true, .status = status};
    (void)snprintf(check->completion.explanation, sizeof check->completion.explanation, "%s",
                   explanation ? explanation : ""); /* may cut; mended where it is taken */
    impact__engine_complete(job->engine, &check->job);
    return true;
}

/* A run that came back late has the next one begin at once: nothing has been known for long. */
static void record(impact__check *check, bool is_left)
{
    const impact__job *job = &check->job;
    const uint64_t now_ns = impact__clock_monotonic_ns();
    impact__said said = {.outcome.status = IMPACT_HEALTH_PENDING};
    if (!is_left)
        said = check->said[job->slot];
    if (job->is_complete || said.outcome.status == IMPACT_HEALTH_PENDING)
        take_completion(&said, check, impact__before_ns(now_ns, job->started_ns));
    const impact__arrival arrival = {
        .limits = &check->definition.limits,
        .outcome = &said.outcome,
        .remarks = &said.remarks,
        .limit_ns = job->deadline_ns - job->started_ns,
        .now_ns = now_ns,
        .now_unix_ns = impact__clock_unix_ns(),
    };
    impact__record_add(&check->record, &arrival);
    check->recorded = job->ended;
    if (arrival.now_ns >= job->deadline_ns)
        impact__period_hurry(&check->period);
}

/* For those who watch. */
static void notice_change(impact__check *check)
{
    if (check->watched.look)
        check->watched.look(check);
}

void impact__check_push(impact__check *check, impact_health_status status, const char *explanation)
{
    assert(impact__lock_is_held(&check->job.engine->lock));
    assert(!check->definition.run);
    const impact__outcome outcome = {status, impact__status_holds(status) ? "" : "error", 0};
    impact__remarks remarks = {0};
    const impact__arrival arrival = {
        .limits = &check->definition.limits,
        .outcome = &outcome,
        .remarks = &remarks,
        .now_ns = impact__clock_monotonic_ns(),
        .now_unix_ns = impact__clock_unix_ns(),
    };
    impact__remarks_explain(&remarks, explanation);
    impact__record_add(&check->record, &arrival);
    notice_change(check);
}

static void settle(impact__job *job, impact__job_event event)
{
    assert(impact__lock_is_held(&job->engine->lock));
    impact__check *check = check_of(job);
    if (event != IMPACT__JOB_TAKEN_BACK && event != IMPACT__JOB_STUCK)
        record(check, event == IMPACT__JOB_LEFT);
    if (event != IMPACT__JOB_STUCK)
        check->completion.is_there = false;
    notice_change(check);
    tell_those_who_wait(check);
}

/* ---- what it is ---- */

impact_status impact__check_open(impact__check **check, const impact_allocator *allocator,
                                 impact__engine *engine, const impact_check *description)
{
    impact__check *opened = impact__alloc(allocator, sizeof *opened);
    if (!opened)
        return IMPACT_ENOMEM;
    const impact_status status =
        impact__definition_open(&opened->definition, allocator, description);
    if (status) {
        impact__free(allocator, opened);
        return status;
    }
    const uint64_t timeout_ns = opened->definition.limits.timeout_ns;
    impact__job_open(&opened->job, engine, timeout_ns, run_check, settle);
    opened->job.may_overlap = opened->definition.limits.may_overlap;
    impact__period_open(&opened->period, &opened->job);
    *check = opened;
    return IMPACT_OK;
}

void impact__check_close(impact__check *check, const impact_allocator *allocator)
{
    assert(check->users == 0 && !check->waits);
    impact__definition_close(&check->definition, allocator);
    impact__free(allocator, check);
}

/* ---- when it runs ---- */

static void start_period(impact__check *check)
{
    const impact__limits *limits = &check->definition.limits;
    impact__period_start(&check->period, limits->period_ns, limits->initial_delay_ns);
}

void impact__check_start(impact__check *check)
{
    check->opened_ns = impact__clock_monotonic_ns();
    start_period(check);
    notice_change(check);
}

void impact__check_stop(impact__check *check)
{
    impact__period_start(&check->period, 0, 0);
    impact__engine_cancel(check->job.engine, &check->job);
}

void impact__check_set_limits(impact__check *check, const impact__limits *limits)
{
    const uint64_t former_ns = check->definition.limits.period_ns;
    check->definition.limits = *limits;
    check->job.timeout_ns = limits->timeout_ns;
    check->job.may_overlap = limits->may_overlap;
    if (limits->period_ns != former_ns && !check->is_disabled)
        start_period(check);
}

void impact__check_enable(impact__check *check, bool is_enabled)
{
    if (check->is_disabled == !is_enabled)
        return;
    check->is_disabled = !is_enabled;
    if (is_enabled)
        impact__check_start(check);
    else
        impact__check_stop(check);
    notice_change(check);
}

/* ---- those who wait ---- */

static bool is_stuck(const impact__job *job, uint64_t now_ns)
{
    return impact__job_is_in_flight(job) && (job->is_stuck || now_ns >= job->deadline_ns);
}

/* The last result is young enough to be told without a run. */
static bool is_fresh(const impact__check *check, uint64_t now_ns)
{
    const impact__record *record = &check->record;
    const impact__limits *limits = &check->definition.limits;
    const bool holds = impact__status_holds(record->outcome.status);
    return record->has_result && !is_stuck(&check->job, now_ns) &&
           impact__before_ns(now_ns, record->ended_ns) <
               (holds ? limits->ttl_ns : limits->ttl_fail_ns);
}

static bool comes_unasked(const impact__check *check)
{
    return check->definition.limits.period_ns || !check->definition.run;
}

/* Since when nothing newer is known. Nothing was due while the check was switched off. */
static uint64_t last_heard_ns(const impact__check *check)
{
    const uint64_t said_ns = check->record.ended_ns; /* 0: nothing was */
    const uint64_t felt_ns = impact__pulse_felt_ns(check->definition.pulse);
    const uint64_t heard_ns = said_ns > felt_ns ? said_ns : felt_ns;
    return comes_unasked(check) && check->opened_ns > heard_ns ? check->opened_ns : heard_ns;
}

uint64_t impact__check_stale_from_ns(const impact__check *check)
{
    const uint64_t max_age_ns = check->definition.limits.max_age_ns;
    const bool ages = comes_unasked(check) && max_age_ns && !check->is_disabled;
    return ages ? last_heard_ns(check) + max_age_ns + 1 : 0;
}

/* A periodic check is not run for those who ask; a run is waited for when nothing else can be
 * told. */
static bool needs_run(impact__check *check, uint64_t now_ns)
{
    if (check->is_disabled || !check->definition.run)
        return false;
    if (!check->definition.limits.period_ns)
        return !is_fresh(check, now_ns);
    impact__period_look(&check->period, now_ns);
    return check->job.state != IMPACT__JOB_IDLE &&
           now_ns >= (check->record.has_result ? impact__check_stale_from_ns(check) : 0);
}

void impact__check_ask(impact__check *check, impact__wait *wait)
{
    assert(impact__lock_is_held(&check->job.engine->lock));
    assert(!check->is_removed);
    const bool is_needed = needs_run(check, impact__clock_monotonic_ns());
    wait->check = check;
    wait->run = is_needed ? impact__engine_ask(check->job.engine, &check->job) : check->recorded;
    wait->is_waiting = is_needed && !check->job.is_stuck;
    check->users++;
    if (!wait->is_waiting)
        return;
    wait->previous = NULL;
    wait->next = check->waits;
    if (wait->next)
        wait->next->previous = wait;
    check->waits = wait;
}

void impact__check_watch(impact__check *check, impact__wait *wait)
{
    assert(impact__lock_is_held(&check->job.engine->lock));
    wait->check = check;
    wait->run = UINT64_MAX; /* none that ends: the last one is told while it is not too old */
    wait->is_waiting = false;
    check->users++;
}

void impact__wait_end(impact__wait *wait)
{
    assert(impact__lock_is_held(&wait->check->job.engine->lock));
    assert(wait->check->users > 0);
    stop_waiting(wait);
    wait->check->users--;
    wait->check = NULL;
}

/* What is known of a check of which nothing was said, but which was felt: that it holds. */
static const impact__record beating = {
    .has_result = true, .is_up = true, .outcome = {IMPACT_HEALTH_PASS, "", 0}};

static const impact__record *record_of(const impact__check *check)
{
    const bool beats = impact__pulse_felt_ns(check->definition.pulse) > 0;
    return check->record.has_result || !beats ? &check->record : &beating;
}

/* Results that come without being asked for are what is asked for, whenever they came. */
static impact__flight flight_of(const impact__check *check, uint64_t run, uint64_t now_ns)
{
    if (check->is_disabled || (!comes_unasked(check) && check->recorded >= run))
        return IMPACT__FLIGHT_NONE;
    if (is_stuck(&check->job, now_ns))
        return IMPACT__FLIGHT_STUCK;
    return comes_unasked(check) && record_of(check)->has_result ? IMPACT__FLIGHT_NONE
                                                                : IMPACT__FLIGHT_PENDING;
}

/* Of the run with this number. */
static impact__knowledge look_at(const impact__check *check, uint64_t run, uint64_t now_ns)
{
    const impact__job *job = &check->job;
    assert(impact__lock_is_held(&job->engine->lock));
    const bool runs = impact__job_is_in_flight(job);
    const impact__record *record = record_of(check);
    const impact__verdict_facts facts = {
        .limits = &check->definition.limits,
        .record = record,
        .flight = flight_of(check, run, now_ns),
        .running_ns = runs ? impact__before_ns(now_ns, job->started_ns) : 0,
        .limit_ns = job->deadline_ns - job->started_ns,
        .age_ns = impact__before_ns(now_ns, last_heard_ns(check)),
        .is_disabled = check->is_disabled,
        .comes_unasked = comes_unasked(check),
    };
    const impact__verdict verdict = impact__verdict_of(&facts);
    return (impact__knowledge){
        .outcome = verdict.outcome,
        .raw_status = verdict.raw_status,
        .is_last = verdict.is_last,
        .age_ns = record->has_result ? facts.age_ns : 0,
        .limit_ns = facts.limit_ns,
        .is_pending = facts.flight == IMPACT__FLIGHT_PENDING,
        .is_stuck = facts.flight == IMPACT__FLIGHT_STUCK,
    };
}

impact__knowledge impact__wait_look(const impact__wait *wait, uint64_t now_ns)
{
    return look_at(wait->check, wait->run, now_ns);
}

impact__knowledge impact__check_look(const impact__check *check, uint64_t now_ns)
{
    const impact__job *job = &check->job;
    return look_at(check, is_stuck(job, now_ns) ? job->asked : check->recorded, now_ns);
}

void impact__check_forget(impact__check *check)
{
    impact__job_forget(&check->job);
    check->record = (impact__record){0};
    check->recorded = 0;
    check->completion.is_there = false;
    impact__pulse_forget(check->definition.pulse);
    check->waits = NULL;
    check->users = 0;
    check->watched.told = IMPACT_HEALTH_UNKNOWN;
    if (!check->is_removed && !check->is_disabled)
        impact__check_start(check);
}
