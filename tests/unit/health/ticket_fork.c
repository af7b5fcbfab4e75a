/* Tickets and forks: a child has none of its parent's, and nobody is told twice. */
#include <pthread.h>
#include <sys/wait.h>

#include <impact/health.h>

#include "gate.h"
#include "support/check.h"

static void wait_for(pid_t child)
{
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void tell(void *fd)
{
    CHECK(write(*(int *)fd, "", 1) == 1);
}

static impact_health_ticket *begin(impact_health *health, const char *selector)
{
    impact_health_ticket *ticket = NULL;
    CHECK_EQUAL(impact_health_begin(&ticket, health, impact_text_of(selector)), IMPACT_OK);
    return ticket;
}

/* In the child: the ticket knows what was known at the fork, and goes like any other. */
static bool is_pending_in_child(impact_health_ticket *ticket, int fd)
{
    impact_health_report *report = NULL;
    impact_health_result result = {.size = sizeof result};
    impact_health_wait(ticket);
    const bool is_done = impact_health_is_done(ticket) && !impact_health_notify(ticket, tell, &fd);
    const bool is_read = impact_health_finish(ticket, &report) == IMPACT_OK &&
                         impact_health_report_get(report, 0, &result) &&
                         strcmp(result.reason, "pending") == 0;
    impact_health_report_close(report);
    return is_done && is_read;
}

TEST(a_childs_copy_of_a_ticket_is_done_and_its_callback_comes_in_the_parent_alone)
{
    gate g;
    int ends[2];
    char bytes[4];
    gate_open(&g);
    REQUIRE(pipe(ends) == 0);
    impact_health *health = gate_health(1, patience_ms);
    add_gate(health, "a", &g, patience_ms);
    impact_health_ticket *finished = begin(health, "a");
    impact_health_ticket *abandoned = begin(health, "a");
    CHECK(impact_health_notify(finished, tell, &ends[1]));
    gate_await_run(&g);
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(patience_ms / 1000);
        const bool is_right = is_pending_in_child(finished, ends[1]);
        impact_health_abandon(abandoned);
        _exit(is_right && impact_health_close(health, patience_ms) == 0 ? 0 : 1);
    }
    wait_for(child);
    gate_release(&g);
    CHECK_EQUAL(read(ends[0], bytes, sizeof bytes), 1);
    impact_health_abandon(finished);
    impact_health_abandon(abandoned);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    (void)close(ends[1]);
    CHECK_EQUAL(read(ends[0], bytes, sizeof bytes), 0); /* and no more */
    (void)close(ends[0]);
    gate_close(&g);
}

typedef struct asker {
    impact_health *health;
    atomic_bool stops;
    atomic_uint told;
    pthread_t thread;
} asker;

static void count_told(void *userdata)
{
    atomic_fetch_add((atomic_uint *)userdata, 1);
}

static void *ask_until_stopped(void *argument)
{
    asker *a = argument;
    while (!atomic_load(&a->stops)) {
        impact_health_ticket *ticket = begin(a->health, "a");
        if (impact_health_notify(ticket, count_told, &a->told))
            impact_health_wait(ticket);
        impact_health_abandon(ticket);
    }
    return NULL;
}

static void fork_and_probe(impact_health *health)
{
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(patience_ms / 1000);
        if (!check_children_may_allocate())
            _exit(0);
        const bool passes = probe_one(health, "a").status == IMPACT_HEALTH_PASS;
        _exit(passes && impact_health_close(health, patience_ms) == 0 ? 0 : 1);
    }
    wait_for(child);
}

TEST(a_child_works_when_its_parent_forked_in_the_middle_of_tickets)
{
    check_skip_forks_of_threads();
    enum { asker_count = 4, forks = 50 };
    asker a[asker_count] = {0};
    impact_health *health = gate_health(2, patience_ms);
    add_true(health, "a");
    for (int i = 0; i < asker_count; i++) {
        a[i].health = health;
        REQUIRE(pthread_create(&a[i].thread, NULL, ask_until_stopped, &a[i]) == 0);
    }
    for (int i = 0; i < forks; i++)
        fork_and_probe(health);
    for (int i = 0; i < asker_count; i++) {
        atomic_store(&a[i].stops, true);
        CHECK(pthread_join(a[i].thread, NULL) == 0);
    }
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_child_does_not_tell_what_its_parent_knew)
{
    impact_health *health = gate_health(1, patience_ms);
    gate g;
    gate_open(&g);
    add_gate(health, "a", &g, patience_ms);
    gate_release(&g);
    CHECK_EQUAL(probe_one(health, "a").status, IMPACT_HEALTH_PASS);
    const pid_t child = fork();
    if (child == 0) {
        impact_health_report *report = NULL;
        impact_health_result result = {.size = sizeof result};
        (void)alarm(patience_ms / 1000);
        const bool is_unknown = impact_health_finish(begin(health, "a"), &report) == IMPACT_OK &&
                                impact_health_report_get(report, 0, &result) &&
                                result.status == IMPACT_HEALTH_UNKNOWN;
        _exit(is_unknown ? 0 : 1);
    }
    wait_for(child);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}
