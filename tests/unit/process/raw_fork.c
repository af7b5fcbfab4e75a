/* Children that were made past fork(): no handler hears of them, and still they make ids of their
 * own. */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/fork.h"
#include "support/fake_exporter.h"
#include "support/provider_fixture.h"

enum { id_count = 4 };

/* What a process makes, where its parent sees it. */
typedef struct made {
    impact_span_id ids[id_count];
    impact_trace_id traces[id_count];
    unsigned generation;
} made;

static made *processes; /* the parent's, the child's, the grandchild's */

static void make_ids(made *m)
{
    for (int i = 0; i < id_count; i++) {
        impact_span *span = impact_span_start(tracer, "a", NULL);
        const impact_span_context context = impact_span_context_of(span);
        m->ids[i] = context.span_id;
        m->traces[i] = context.trace_id;
        impact_span_end(span);
    }
    m->generation = impact__fork_generation();
}

static void check_different(const made *a, const made *b)
{
    for (int i = 0; i < id_count; i++)
        for (int j = 0; j < id_count; j++) {
            CHECK(memcmp(&a->ids[i], &b->ids[j], sizeof a->ids[i]) != 0);
            CHECK(memcmp(&a->traces[i], &b->traces[j], sizeof a->traces[i]) != 0);
        }
    CHECK(a->generation != b->generation);
}

static void wait_for(pid_t child)
{
    int status = -1;
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
}

/* The threads of the exporter's and of the test stay behind; no span was ever put in, so there are
 * none. */
static void try_fork(pid_t (*make_child)(void))
{
    fake_exporter fake;
    impact_exporter *exporter = fake_exporter_open(&fake);
    processes = mmap(NULL, 3 * sizeof *processes, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(processes != MAP_FAILED);
    REQUIRE(open_provider(
        &exporter, 1,
        (impact_trace_options){.sampler = impact_sampler_of(IMPACT_SAMPLER_ALWAYS_OFF, 0)}));
    make_ids(&processes[0]); /* the thread's generator is seeded */
    const pid_t child = make_child();
    if (child == 0) {
        make_ids(&processes[1]);
        const pid_t grandchild = make_child();
        if (grandchild == 0) {
            make_ids(&processes[2]);
            _exit(0);
        }
        wait_for(grandchild);
        _exit(0);
    }
    wait_for(child);
    make_ids(&processes[0]);
    check_different(&processes[0], &processes[1]);
    check_different(&processes[0], &processes[2]);
    check_different(&processes[1], &processes[2]);
    close_and_check();
}

static pid_t fork_by_number(void)
{
    return (pid_t)syscall(SYS_fork);
}

static pid_t clone_by_number(void)
{
    return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

TEST(a_child_of_fork_makes_other_ids)
{
    try_fork(fork);
}

TEST(a_child_of_the_system_call_fork_makes_other_ids)
{
    try_fork(fork_by_number);
}

TEST(a_child_of_clone_makes_other_ids)
{
    try_fork(clone_by_number);
}

#ifdef __GLIBC__
TEST(a_child_of__Fork_makes_other_ids)
{
    try_fork(_Fork);
}
#endif
