/* A ticket: begun, waited for or told of, finished.
 *
 * DESIGN: all memory is taken before the lock, so the checks are counted first and the ticket is
 * made for that number; the rare case that more are registered in between begins again.
 *
 * A ticket is done when each of its checks is settled, when its budget is spent, when it is
 * finished before, or when the registry closes. In that moment the report is made, the checks are
 * let go of, and whoever waits is told: threads by the condition, a host with a loop by a call on
 * the keeper's thread. The registry itself stays until the ticket is finished, whoever has closed
 * it.
 */
#include "health/ticket.h"

#include <assert.h>
#include <stddef.h>

#include <impact/diagnostics.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/thread.h"
#include "health/crew.h"
#include "health/phase.h"

/* ---- done ---- */

/* Make the report, and let go of the checks. */
static void look(impact_health_ticket *ticket, uint64_t now_ns)
{
    assert(!ticket->is_done && ticket->report);
    for (size_t i = 0; i < ticket->report->count; i++) {
        impact__report_look(&ticket->report->rows[i], &ticket->waits[i].wait, now_ns);
        impact__wait_end(&ticket->waits[i].wait);
    }
    ticket->report->made_unix_ns = impact__clock_unix_ns();
    ticket->is_done = true;
}

static void conclude(impact_health_ticket *ticket)
{
    assert(impact__lock_is_held(&ticket->health->engine.lock));
    impact__engine *engine = &ticket->health->engine;
    if (ticket->is_done)
        return;
    look(ticket, impact__clock_monotonic_ns());
    impact__engine_unset(engine, &ticket->budget);
    if (ticket->call.function)
        impact__engine_post(engine, &ticket->call);
    (void)pthread_cond_broadcast(&engine->changed); /* cannot fail */
}

static void spend_budget(impact__alarm *alarm)
{
    conclude((impact_health_ticket *)((char *)alarm - offsetof(impact_health_ticket, budget)));
}

static void settle_one(impact__wait *wait)
{
    impact_health_ticket *ticket = ((impact__ticket_wait *)wait)->ticket;
    assert(ticket->unsettled > 0 && !ticket->is_done);
    if (--ticket->unsettled == 0)
        conclude(ticket);
}

/* Whoever looks finds a spent budget spent, whether or not the keeper had the time to see it. */
static bool is_done_now(impact_health_ticket *ticket)
{
    if (!ticket->is_done && impact__clock_monotonic_ns() >= ticket->budget.at_ns)
        conclude(ticket);
    return ticket->is_done;
}

void impact__tickets_conclude(impact_health *health)
{
    assert(impact__lock_is_held(&health->engine.lock));
    for (impact_health_ticket *ticket = health->tickets; ticket; ticket = ticket->next)
        conclude(ticket);
}

void impact__tickets_forget(impact_health *health)
{
    assert(impact__lock_is_held(&health->engine.lock));
    const uint64_t now = impact__clock_monotonic_ns();
    for (impact_health_ticket *ticket = health->tickets; ticket; ticket = ticket->next) {
        if (!ticket->is_done)
            look(ticket, now);
        ticket->health = NULL;
    }
    health->tickets = NULL;
}

/* ---- begin ---- */

/* With room for `capacity` checks, and behind them for as many to be selected. */
static impact_health_ticket *open_ticket(const impact_allocator *allocator, size_t capacity)
{
    impact_health_ticket *ticket = impact__alloc(
        allocator, sizeof *ticket + capacity * (sizeof *ticket->waits + sizeof(impact__selected)));
    if (!ticket)
        return NULL;
    ticket->allocator = allocator;
    ticket->budget.ring = spend_budget;
    return ticket;
}

static void free_ticket(impact_health_ticket *ticket)
{
    impact_health_report_close(ticket->report);
    impact_http_response_clear(&ticket->response);
    impact__free(ticket->allocator, ticket);
}

static impact_health_ticket *open_for(const impact_health *health, size_t checks, size_t asked)
{
    impact_health_ticket *ticket = open_ticket(health->allocator, checks);
    if (!ticket)
        return NULL;
    ticket->report = impact__report_open(health->allocator, checks, asked);
    if (ticket->report)
        return ticket;
    free_ticket(ticket);
    return NULL;
}

/* A ticket with room for all checks, and the lock taken; or NULL and no lock. */
static impact_health_ticket *open_and_lock(impact_health *health, size_t asked, size_t *capacity)
{
    for (;;) {
        impact__health_lock(health);
        *capacity = health->check_count;
        impact__health_unlock(health);
        impact_health_ticket *ticket = open_for(health, *capacity, asked);
        if (!ticket)
            return NULL;
        impact__health_lock(health);
        if (health->check_count <= *capacity)
            return ticket;
        impact__health_unlock(health);
        free_ticket(ticket);
    }
}

static void keep_facts(impact_health_report *report, const impact_health *health,
                       const impact__selector *selector)
{
    report->facts = impact__shared_retain(health->facts);
    for (const impact__check *check = health->checks; check; check = check->next)
        if (!check->is_removed)
            impact__name_list_add(&report->available, impact__check_name(check));
    for (size_t i = 0; i < selector->count; i++) {
        if (selector->names[i].is_unknown)
            impact__name_list_add(&report->unknown, selector->names[i].name);
        if (selector->names[i].is_empty)
            impact__name_list_add(&report->empty, selector->names[i].name);
    }
}

static void ask(impact_health_ticket *ticket, const impact__selected *selected,
                impact__question question)
{
    impact__ticket_wait *one = &ticket->waits[ticket->report->count];
    one->ticket = ticket;
    one->wait.settled = settle_one;
    if (question == IMPACT__ASK_FOR_RUNS)
        impact__check_ask(selected->check, &one->wait);
    else
        impact__check_watch(selected->check, &one->wait);
    impact__report_add(ticket->report, selected->check, selected->is_for_live);
    ticket->unsettled += one->wait.is_waiting;
}

static void link_ticket(impact_health *health, impact_health_ticket *ticket)
{
    assert(impact__lock_is_held(&health->engine.lock));
    ticket->health = health;
    ticket->next = health->tickets;
    if (ticket->next)
        ticket->next->previous = ticket;
    health->tickets = ticket;
}

static void ask_for(impact_health_ticket *ticket, impact_health *health,
                    const impact__selection *selection, impact__question question)
{
    link_ticket(health, ticket);
    for (size_t i = 0; i < selection->count; i++)
        ask(ticket, &selection->checks[i], question);
    impact__engine_set(&health->engine, &ticket->budget,
                       impact__deadline_after_ms(health->budget_ms));
    if (!ticket->unsettled || health->is_closing)
        conclude(ticket);
}

impact_status impact__ticket_begin(impact_health_ticket **ticket, impact_health *health,
                                   impact__selector *selector, impact__question question)
{
    size_t capacity = 0;
    impact_health_ticket *opened = open_and_lock(health, selector->count, &capacity);
    if (!opened)
        return IMPACT_ENOMEM;
    impact__selection selection = {.checks = (impact__selected *)(opened->waits + capacity)};
    impact_status status = impact__selector_take(selector, health, &selection);
    if (status) {
        impact__health_unlock(health);
        free_ticket(opened);
        return status;
    }
    keep_facts(opened->report, health, selector);
    impact__phase_tell(opened->report, health, selector);
    ask_for(opened, health, &selection, question);
    const bool waits = !opened->is_done;
    const impact_status called = impact__crew_call(&health->engine);
    impact__health_unlock(health);
    if (waits)
        status = called;
    if (status) {
        impact_health_abandon(opened);
        return status;
    }
    *ticket = opened;
    return IMPACT_OK;
}

impact_status impact_health_begin(impact_health_ticket **ticket, impact_health *health,
                                  impact_text selector)
{
    impact__selector names;
    if (!ticket || !health)
        return IMPACT_EINVAL;
    impact__selector_clear(&names);
    const impact_status status = impact__selector_include(&names, selector);
    return status ? status : impact__ticket_begin(ticket, health, &names, IMPACT__ASK_FOR_RUNS);
}

impact_health_ticket *impact__ticket_open_done(const impact_allocator *allocator)
{
    impact_health_ticket *ticket = open_ticket(allocator, 0);
    if (ticket)
        ticket->is_done = true;
    return ticket;
}

/* ---- wait, or be told ---- */

bool impact_health_is_done(impact_health_ticket *ticket)
{
    if (!ticket || !ticket->health)
        return true;
    impact__health_lock(ticket->health);
    const bool is_done = is_done_now(ticket);
    impact__health_sweep(ticket->health);
    impact__health_unlock(ticket->health);
    return is_done;
}

/* Under the lock. Without threads, whoever waits does what there is to do. */
static void wait_for_change(impact_health_ticket *ticket)
{
    impact__engine *engine = &ticket->health->engine;
    uint64_t until_ns = ticket->budget.at_ns;
    if (!engine->workers) {
        const uint64_t next_ns = impact__crew_pump(engine);
        impact__engine_lock(engine); /* the ticket keeps the registry */
        until_ns = next_ns < until_ns ? next_ns : until_ns;
    }
    if (!ticket->is_done) /* looked at by the caller, whatever comes of it */
        (void)impact__condition_wait_until(&engine->changed, &engine->lock, until_ns);
}

void impact_health_wait(impact_health_ticket *ticket)
{
    if (!ticket || !ticket->health)
        return;
    impact__engine *engine = &ticket->health->engine;
    impact__engine_lock(engine);
    while (!is_done_now(ticket))
        wait_for_change(ticket);
    impact__health_sweep(ticket->health);
    impact__engine_unlock(engine);
}

bool impact_health_notify(impact_health_ticket *ticket, impact_health_done_fn done, void *userdata)
{
    if (!ticket || !done || !ticket->health)
        return false;
    impact__health_lock(ticket->health);
    const bool is_waiting = !is_done_now(ticket);
    if (is_waiting)
        ticket->call = (impact__call){.function = done, .userdata = userdata};
    impact__health_sweep(ticket->health);
    impact__health_unlock(ticket->health);
    return is_waiting;
}

/* ---- finish ---- */

/* Under the lock. */
static void unlink_ticket(impact_health *health, impact_health_ticket *ticket)
{
    assert(impact__lock_is_held(&health->engine.lock));
    assert(health->tickets);
    *(ticket->previous ? &ticket->previous->next : &health->tickets) = ticket->next;
    if (ticket->next)
        ticket->next->previous = ticket->previous;
}

/* Nothing of the registry is used afterwards, and nobody is told. */
static void leave(impact_health_ticket *ticket)
{
    impact_health *health = ticket->health;
    if (!health)
        return;
    impact__health_lock(health);
    conclude(ticket);
    impact__engine_recall(&health->engine, &ticket->call);
    impact__health_sweep(health); /* lets go of the lock, but the ticket keeps the registry */
    unlink_ticket(health, ticket);
    impact__health_leave(health);
}

/* What a run has not said itself, or not yet. */
static void report_unfinished(const impact__report_row *row)
{
    const impact__knowledge *known = &row->known;
    const char *name = row->name.data;
    if (known->is_stuck)
        impact_diagnostics_report(
            IMPACT_SEVERITY_WARNING, "check", name,
            "check %s is past its time limit: it has run for %llu ms", name,
            (unsigned long long)(known->outcome.duration_ns / IMPACT__NS_PER_MS));
    else if (known->is_pending && !impact__row_holds(row))
        impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "check", name,
                                  "check %s had no %sresult when its probe was answered", name,
                                  known->age_ns ? "fresh " : "");
}

impact_health_report *impact__ticket_finish(impact_health_ticket *ticket)
{
    leave(ticket);
    impact_health_report *report = ticket->report;
    ticket->report = NULL;
    free_ticket(ticket);
    for (size_t i = 0; report && i < report->count; i++)
        report_unfinished(&report->rows[i]);
    return report;
}

impact_status impact_health_finish(impact_health_ticket *ticket, impact_health_report **report)
{
    if (!ticket)
        return IMPACT_EINVAL;
    if (!report || ticket->is_request) {
        impact_health_abandon(ticket);
        return IMPACT_EINVAL;
    }
    *report = impact__ticket_finish(ticket);
    return IMPACT_OK;
}

void impact_health_abandon(impact_health_ticket *ticket)
{
    if (!ticket)
        return;
    leave(ticket);
    free_ticket(ticket);
}
