/* A check: what its job does, and what is known of it.
 *
 * DESIGN: a result is told as long as it is fresh, because a check that needs longer than a probe
 * can wait would otherwise fail every probe but those that happen to find its run ended. What is
 * told:
 *
 *   the run that was asked for has ended       its result
 *   it is past its deadline                    fail, "timeout"
 *   it is within it, and the last result is
 *     there and not older than max_age         that result, as pending
 *     older                                    fail, "stale"
 *     none                                     unknown, "pending", which counts as failed
 *
 * So a result is told for longer than its run took only while a newer run is under way and within
 * its deadline, and never beyond max_age: a dependency that hangs is a failure after the check's
 * time limit.
 */
#include "health/check.h"

#include <assert.h>
#include <stddef.h>
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

static void run_check(impact__job *job)
{
    impact__check *check = check_of(job);
    const impact__run_facts facts = {
        .name = check->definition.name,
        .run = check->definition.run,
        .userdata = check->definition.userdata,
        .started_ns = job->started_ns,
        .deadline_ns = job->deadline_ns,
    };
    check->outcome = impact__run(&facts, &check->remarks);
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

static void record(impact__check *check)
{
    const impact__job *job = &check->job;
    const impact__arrival arrival = {
        .outcome = &check->outcome,
        .remarks = &check->remarks,
        .limit_ns = job->deadline_ns - job->started_ns,
        .now_ns = impact__clock_monotonic_ns(),
        .now_unix_ns = impact__clock_unix_ns(),
    };
    impact__record_add(&check->record, &arrival);
    check->recorded = job->ended;
}

static void settle(impact__job *job, impact__job_event event)
{
    assert(impact__lock_is_held(&job->engine->lock));
    impact__check *check = check_of(job);
    if (event == IMPACT__JOB_ENDED)
        record(check);
    tell_those_who_wait(check);
}

/* ---- what it is ---- */

char *impact__check_groups(impact_status *status, const impact_allocator *allocator,
                           const char *groups)
{
    const impact_text list = impact_text_of(groups ? groups : IMPACT__DEFAULT_GROUP);
    char *kept = impact__alloc(allocator, list.size + 3);
    *status = kept ? IMPACT_OK : IMPACT_ENOMEM;
    if (!kept || impact__groups_format(kept, list))
        return kept;
    impact__free(allocator, kept);
    *status = IMPACT_EINVAL;
    return NULL;
}

void impact__check_keep_type(impact__check_definition *definition, const char *type)
{
    const size_t size = type ? strlen(type) : 0;
    memcpy(definition->component_type, type ? type : "", size);
    definition->component_type[size] = 0;
}

static impact__check_definition define(const impact_check *description)
{
    impact__check_definition definition = {
        .run = description->run,
        .userdata = description->userdata,
        .free_userdata = description->free_userdata,
        .name_size = strlen(description->name),
        .max_age_ns = description->max_age_ms * IMPACT__NS_PER_MS,
    };
    memcpy(definition.name, description->name, definition.name_size);
    impact__check_keep_type(&definition, description->component_type);
    return definition;
}

bool impact__is_component_type(const char *type)
{
    return !type || impact__is_check_name(impact_text_of(type));
}

impact_status impact__check_open(impact__check **check, const impact_allocator *allocator,
                                 impact__engine *engine, const impact_check *description)
{
    if (!description->run || !impact__is_check_name(impact_text_of(description->name)) ||
        !impact__is_component_type(description->component_type))
        return IMPACT_EINVAL;
    impact__check *opened = impact__alloc(allocator, sizeof *opened);
    if (!opened)
        return IMPACT_ENOMEM;
    impact_status status = IMPACT_OK;
    opened->definition = define(description);
    opened->definition.groups = impact__check_groups(&status, allocator, description->groups);
    if (status) {
        impact__free(allocator, opened);
        return status;
    }
    impact__job_open(&opened->job, engine, description->timeout_ms * IMPACT__NS_PER_MS, run_check,
                     settle);
    *check = opened;
    return IMPACT_OK;
}

void impact__check_close(impact__check *check, const impact_allocator *allocator)
{
    assert(check->users == 0 && !check->waits);
    const impact__check_definition *definition = &check->definition;
    if (definition->free_userdata)
        definition->free_userdata(definition->userdata);
    impact__free(allocator, definition->groups);
    impact__free(allocator, check);
}

/* ---- those who wait ---- */

void impact__check_ask(impact__check *check, impact__wait *wait)
{
    assert(impact__lock_is_held(&check->job.engine->lock));
    assert(!check->is_removed);
    wait->check = check;
    wait->run = impact__engine_ask(check->job.engine, &check->job);
    wait->is_waiting = !check->job.is_stuck;
    check->users++;
    if (!wait->is_waiting)
        return;
    wait->previous = NULL;
    wait->next = check->waits;
    if (wait->next)
        wait->next->previous = wait;
    check->waits = wait;
}

void impact__wait_end(impact__wait *wait)
{
    assert(impact__lock_is_held(&wait->check->job.engine->lock));
    assert(wait->check->users > 0);
    stop_waiting(wait);
    wait->check->users--;
    wait->check = NULL;
}

static uint64_t since(uint64_t moment_ns, uint64_t now_ns)
{
    return now_ns > moment_ns ? now_ns - moment_ns : 0;
}

static impact__knowledge last_result(const impact__check *check, uint64_t now_ns)
{
    return (impact__knowledge){
        .outcome = check->record.outcome,
        .age_ns = since(check->record.ended_ns, now_ns),
        .is_last = true,
    };
}

static impact__knowledge stuck_for(const impact__job *job, uint64_t duration_ns)
{
    return (impact__knowledge){
        .outcome = {IMPACT_HEALTH_FAIL, "timeout", duration_ns},
        .limit_ns = job->deadline_ns - job->started_ns,
        .is_stuck = true,
    };
}

static impact__knowledge look_at_run(const impact__check *check, uint64_t now_ns)
{
    const impact__job *job = &check->job;
    const bool runs = job->state == IMPACT__JOB_RUNNING;
    const uint64_t duration = runs ? since(job->started_ns, now_ns) : 0;
    if (runs && (job->is_stuck || now_ns >= job->deadline_ns))
        return stuck_for(job, duration);
    const bool has_result = check->record.has_result;
    impact__knowledge known = has_result ? last_result(check, now_ns) : (impact__knowledge){0};
    known.is_pending = true;
    known.is_last = has_result && known.age_ns <= check->definition.max_age_ns;
    if (!has_result)
        known.outcome = (impact__outcome){IMPACT_HEALTH_UNKNOWN, "pending", duration};
    else if (!known.is_last)
        known.outcome = (impact__outcome){IMPACT_HEALTH_FAIL, "stale", duration};
    return known;
}

impact__knowledge impact__wait_look(const impact__wait *wait, uint64_t now_ns)
{
    assert(impact__lock_is_held(&wait->check->job.engine->lock));
    const bool is_over = wait->check->recorded >= wait->run;
    return is_over ? last_result(wait->check, now_ns) : look_at_run(wait->check, now_ns);
}

void impact__check_forget(impact__check *check)
{
    impact__job_forget(&check->job);
    check->record = (impact__record){0};
    check->recorded = 0;
    check->waits = NULL;
    check->users = 0;
}
