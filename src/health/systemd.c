/* systemd is told how the service is.
 *
 * DESIGN: there is no thread for it. Alarms of the engine's schedule ask, and the keeper, or the
 * host's own thread where there is none, sends what is owed:
 *
 *   READY=1      once, when the service serves and the checks of _startup hold, or are none; they
 *                are asked once a second until then. Not those of _ready: what is away then is away
 *                for all who wait for this unit, and starting it again would not mend that.
 *   WATCHDOG=1   in half of the watchdog's time, when _live was asked and holds. A beat that came
 *                from a timer alone would say that the timer is well.
 *   WATCHDOG=trigger   where that was wanted, when _live fails: at once, and once until it holds
 *   STOPPING=1   once, when the service drains
 *   STATUS=      when it is another than the last: phase, and the checks that fail or warn
 *
 * Messages are made of what is so in that moment, under the lock, and sent without it by one thread
 * at a time, which looks again when it has sent: so the last one tells the truth, and what could
 * not be sent is owed and tried again.
 */
#include "health/systemd.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/environment.h"
#include "base/text.h"
#include "base/thread.h"
#include "health/crew.h"
#include "health/name.h"
#include "health/registry.h"
#include "health/status_line.h"
#include "process/diagnostics.h"
#include "serve/notify_socket.h"

/* Between two looks at _startup, or at _live where nothing else says how often. */
static const uint64_t look_ns = 1000 * IMPACT__NS_PER_MS;

/* A group is asked again and again whether it holds. */
typedef struct question {
    impact__systemd *owner; /* fixed, as the next four */
    const char *group;
    uint64_t every_ns;
    bool (*is_wanted)(const impact__systemd *systemd); /* under the lock; likewise below */
    void (*answered)(impact__systemd *systemd, const impact_health_report *report);
    impact__alarm due;
    impact__call ask;
    bool is_asked;
    impact_health_ticket *ticket; /* of whoever takes it from here */
} question;

struct impact__systemd {
    /* fixed once opened */
    impact_health *health; /* borrowed */
    impact__notify_socket socket;
    uint64_t beat_ns; /* between two; 0: nobody waits for them */

    /* guarded by the engine's lock, all below */
    question live;
    question startup;
    impact__alarm bell; /* there may be something to say */
    impact__call tell;
    bool is_silent; /* closed, or in a child */
    bool is_telling;
    bool is_ready;
    bool owes_beat;
    bool owes_trigger;
    bool is_live;
    bool has_said_ready;
    bool has_said_stopping;
    char said_status[IMPACT__STATUS_LINE_SIZE];
};

/* ---- telling ---- */

/* What is said at once. */
typedef struct message {
    bool is_ready;
    bool is_stopping;
    bool is_beat;
    bool is_trigger;
    impact__status_line status;
    char text[IMPACT__STATUS_LINE_SIZE + 64]; /* the words above have less than that */
} message;

/* Under the lock. False: there is nothing to say. */
static bool compose(message *m, const impact__systemd *systemd)
{
    const impact_health_phase phase = systemd->health->phase;
    if (systemd->is_silent)
        return false;
    impact__status_line_write(&m->status, systemd->health);
    const bool is_news = strcmp(m->status.text, systemd->said_status) != 0;
    m->is_ready = systemd->is_ready && !systemd->has_said_ready && phase == IMPACT_HEALTH_SERVING;
    m->is_stopping = phase == IMPACT_HEALTH_DRAINING && !systemd->has_said_stopping;
    m->is_beat = systemd->owes_beat;
    m->is_trigger = systemd->owes_trigger;
    (void)snprintf(m->text, sizeof m->text, "%s%s%s%s%s%s", m->is_ready ? "READY=1\n" : "",
                   m->is_stopping ? "STOPPING=1\n" : "", m->is_beat ? "WATCHDOG=1\n" : "",
                   m->is_trigger ? "WATCHDOG=trigger\n" : "", is_news ? "STATUS=" : "",
                   is_news ? m->status.text : "");
    return m->text[0];
}

static void note_sent(impact__systemd *systemd, const message *m)
{
    systemd->has_said_ready |= m->is_ready;
    systemd->has_said_stopping |= m->is_stopping;
    systemd->owes_beat &= !m->is_beat;
    systemd->owes_trigger &= !m->is_trigger;
    memcpy(systemd->said_status, m->status.text, sizeof systemd->said_status);
}

/* Before the next beat is due, in any case. */
static uint64_t next_try_ns(const impact__systemd *systemd)
{
    const uint64_t quarter_ns = systemd->beat_ns / 4;
    return impact__clock_monotonic_ns() +
           (quarter_ns && quarter_ns < look_ns ? quarter_ns : look_ns);
}

/* Lets go of the lock meanwhile. */
static bool send_message(impact__systemd *systemd, const message *m)
{
    impact__health_unlock(systemd->health);
    const bool is_sent = impact__notify_socket_send(&systemd->socket, impact_text_of(m->text));
    impact__health_lock(systemd->health);
    if (is_sent)
        note_sent(systemd, m);
    else if (!systemd->is_silent)
        impact__engine_set(&systemd->health->engine, &systemd->bell, next_try_ns(systemd));
    return is_sent;
}

/* Whoever comes while another thread is at it has that one look again. */
static void tell(void *userdata)
{
    impact__systemd *systemd = userdata;
    message m;
    impact__health_lock(systemd->health);
    if (!systemd->is_telling) {
        systemd->is_telling = true;
        while (compose(&m, systemd) && send_message(systemd, &m)) {
        }
        systemd->is_telling = false;
    }
    impact__health_unlock(systemd->health);
}

static void post(impact__systemd *systemd, impact__call *call)
{
    if (!call->link.is_in)
        impact__engine_post(&systemd->health->engine, call);
}

/* ---- asking ---- */

/* Nothing is asked twice at once; what is still asked when it is due comes due again. */
static bool begin_question(question *q)
{
    impact__systemd *systemd = q->owner;
    impact__health_lock(systemd->health);
    const bool is_wanted = !systemd->is_silent && q->is_wanted(systemd);
    const bool is_to_be_asked = is_wanted && !q->is_asked;
    if (is_wanted)
        impact__engine_set(&systemd->health->engine, &q->due,
                           impact__clock_monotonic_ns() + q->every_ns);
    if (is_to_be_asked)
        q->is_asked = true;
    impact__health_unlock(systemd->health);
    return is_to_be_asked;
}

/* NULL: it is asked no more, or somebody else has taken it. */
static impact_health_ticket *take_ticket(question *q)
{
    impact_health_ticket *ticket = q->ticket;
    q->ticket = NULL;
    q->is_asked = false;
    return ticket;
}

/* Without memory there is no answer: it is asked again soon. */
static void give_up(question *q)
{
    impact__systemd *systemd = q->owner;
    impact__health_lock(systemd->health);
    q->is_asked = false;
    if (!systemd->is_silent)
        impact__engine_set(&systemd->health->engine, &q->due, next_try_ns(systemd));
    impact__health_unlock(systemd->health);
}

/* The ticket is done: on the keeper's thread, or on that of who asked. */
static void answer(void *userdata)
{
    question *q = userdata;
    impact__systemd *systemd = q->owner;
    impact_health_report *report = NULL;
    impact__health_lock(systemd->health);
    impact_health_ticket *ticket = take_ticket(q);
    impact__health_unlock(systemd->health);
    if (!ticket || impact_health_finish(ticket, &report))
        return;
    impact__health_lock(systemd->health);
    q->answered(systemd, report);
    if (!q->is_wanted(systemd))
        impact__engine_unset(&systemd->health->engine, &q->due);
    impact__health_unlock(systemd->health);
    impact_health_report_close(report);
    tell(systemd);
}

static void ask(void *userdata)
{
    question *q = userdata;
    impact_health *health = q->owner->health;
    impact_health_ticket *ticket = NULL;
    if (!begin_question(q))
        return;
    if (impact_health_begin(&ticket, health, impact_text_of(q->group))) {
        give_up(q);
        return;
    }
    impact__health_lock(health);
    q->ticket = ticket;
    impact__health_unlock(health);
    if (!impact_health_notify(ticket, answer, q))
        answer(q);
}

static void come_due(impact__alarm *alarm)
{
    question *q = (question *)((char *)alarm - offsetof(question, due));
    if (q->is_wanted(q->owner))
        post(q->owner, &q->ask);
}

static bool looks_after_live(const impact__systemd *systemd)
{
    return systemd->beat_ns > 0 || systemd->health->triggers_watchdog;
}

static void take_live(impact__systemd *systemd, const impact_health_report *report)
{
    const bool was_live = systemd->is_live;
    systemd->is_live = impact_health_report_is_healthy(report);
    systemd->owes_beat = systemd->beat_ns > 0 && systemd->is_live;
    if (systemd->is_live)
        systemd->owes_trigger = false;
    else if (was_live)
        systemd->owes_trigger = systemd->health->triggers_watchdog;
}

static bool wants_to_be_ready(const impact__systemd *systemd)
{
    return !systemd->is_ready && systemd->health->phase == IMPACT_HEALTH_SERVING;
}

/* A group without checks does not keep the service from having started: its phase says that. */
static void take_startup(impact__systemd *systemd, const impact_health_report *report)
{
    const bool has_checks = impact_health_report_count(report) > 0;
    systemd->is_ready = has_checks ? impact_health_report_is_healthy(report)
                                   : !impact_health_report_is_held_back(report);
}

/* ---- what is told from outside ---- */

/* What has changed may be what the service has waited for. */
static void ring(impact__alarm *alarm)
{
    impact__systemd *systemd = (impact__systemd *)((char *)alarm - offsetof(impact__systemd, bell));
    if (wants_to_be_ready(systemd))
        post(systemd, &systemd->startup.ask);
    if (systemd->health->triggers_watchdog)
        post(systemd, &systemd->live.ask);
    post(systemd, &systemd->tell);
}

void impact__systemd_notice_phase(impact__systemd *systemd)
{
    if (!systemd)
        return;
    const int held = impact__cancel_hold(); /* who sends and does not come back is waited for */
    ask(&systemd->startup);
    tell(systemd);
    impact__cancel_release(held);
}

void impact__systemd_stop(impact__systemd *systemd)
{
    if (!systemd)
        return;
    impact__engine *engine = &systemd->health->engine;
    question *questions[] = {&systemd->live, &systemd->startup};
    impact_health_ticket *tickets[2];
    impact__health_lock(systemd->health);
    systemd->is_silent = true;
    systemd->health->watcher.bells[IMPACT__BELL_SYSTEMD] = NULL;
    impact__engine_unset(engine, &systemd->bell);
    impact__engine_recall(engine, &systemd->tell);
    for (size_t i = 0; i < 2; i++) {
        impact__engine_unset(engine, &questions[i]->due);
        impact__engine_recall(engine, &questions[i]->ask);
        tickets[i] = take_ticket(questions[i]);
    }
    impact__health_unlock(systemd->health);
    for (size_t i = 0; i < 2; i++)
        impact_health_abandon(tickets[i]);
}

/* Its tickets are done, and stay until the child closes the registry. */
void impact__systemd_forget(impact__systemd *systemd)
{
    if (!systemd)
        return;
    systemd->is_silent = true;
    systemd->health->watcher.bells[IMPACT__BELL_SYSTEMD] = NULL;
}

/* ---- open ---- */

/* Half of the time after which systemd gives up; 0: it does not wait, or for another process. */
static uint64_t read_beat_ns(void)
{
    const impact_text time = impact__environment_text("WATCHDOG_USEC");
    const impact_text process = impact__environment_text("WATCHDOG_PID");
    uint64_t us = 0;
    uint64_t number = 0;
    if (!time.size)
        return 0;
    if (!impact__text_parse_uint(&us, time, UINT64_MAX / 1000) || !us) {
        impact__environment_refuse("WATCHDOG_USEC", time, "it is no time in microseconds");
        return 0;
    }
    if (process.size &&
        (!impact__text_parse_uint(&number, process, INT32_MAX) || number != (uint64_t)getpid()))
        return 0;
    return us * 1000 / 2;
}

static question question_of(impact__systemd *owner, const char *group, uint64_t every_ns)
{
    return (question){
        .owner = owner, .group = group, .every_ns = every_ns, .due = {.ring = come_due}};
}

static void open_questions(impact__systemd *opened)
{
    opened->is_live = true; /* nothing says otherwise yet */
    opened->live =
        question_of(opened, IMPACT__LIVE_GROUP, opened->beat_ns ? opened->beat_ns : look_ns);
    opened->live.is_wanted = looks_after_live;
    opened->live.answered = take_live;
    opened->live.ask = (impact__call){.function = ask, .userdata = &opened->live};
    opened->startup = question_of(opened, IMPACT__STARTUP_GROUP, look_ns);
    opened->startup.is_wanted = wants_to_be_ready;
    opened->startup.answered = take_startup;
    opened->startup.ask = (impact__call){.function = ask, .userdata = &opened->startup};
    opened->bell.ring = ring;
    opened->tell = (impact__call){.function = tell, .userdata = opened};
}

/* Under the lock. The first look is at once, and starts the keeper. */
static impact_status install(impact_health *health, impact__systemd *opened)
{
    assert(impact__lock_is_held(&health->engine.lock));
    if (health->systemd)
        return IMPACT_EEXIST;
    health->systemd = opened;
    health->watcher.bells[IMPACT__BELL_SYSTEMD] = &opened->bell;
    const uint64_t now_ns = impact__clock_monotonic_ns();
    impact__engine_set(&health->engine, &opened->bell, now_ns);
    impact__engine_set(&health->engine, &opened->live.due, now_ns);
    for (impact__check *check = health->checks; check; check = check->next)
        check->watched.look(check); /* from now on its changes ring the bell */
    return impact__crew_call(&health->engine);
}

static impact_status open_systemd(impact_health *health, impact_text address)
{
    impact__systemd *opened = impact__alloc(health->allocator, sizeof *opened);
    if (!opened)
        return IMPACT_ENOMEM;
    opened->health = health;
    const char *why = impact__notify_socket_read(&opened->socket, address);
    if (why) {
        impact__environment_refuse("NOTIFY_SOCKET", address, why);
        impact__free(health->allocator, opened);
        return IMPACT_EINVAL;
    }
    opened->beat_ns = read_beat_ns();
    open_questions(opened);
    impact__health_lock(health);
    const impact_status status = install(health, opened);
    impact__health_unlock(health);
    if (status == IMPACT_EEXIST)
        impact__free(health->allocator, opened);
    else
        impact__systemd_notice_phase(opened);
    return status;
}

impact_status impact_health_notify_systemd(impact_health *health)
{
    if (!health)
        return IMPACT_EINVAL;
    const impact_text address = impact__environment_text("NOTIFY_SOCKET");
    if (!address.size)
        return IMPACT_OK;                   /* it is not systemd that has started this process */
    const int held = impact__cancel_hold(); /* half opened is worse than late */
    const impact_status status = open_systemd(health, address);
    impact__cancel_release(held);
    impact__diagnostics_say();
    return status;
}
