/* Owners of spans: taken for the first time while the process forks. */
#include "trace/owner.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/provider_fixture.h"

enum { patience_s = 20 };

static pthread_barrier_t gate;
static atomic_bool stops;

/* Found before the C library's: the kernel takes its time to open the barrier on all threads. */
long syscall(long number, ...)
{
    typedef long call_fn(long, ...);
    static call_fn *call;
    long given[6];
    va_list arguments;
    va_start(arguments, number);
    for (int i = 0; i < 6; i++)
        given[i] = va_arg(arguments, long);
    va_end(arguments);
    if (!call)
        *(void **)&call = dlsym(RTLD_NEXT, "syscall");
    if (number == SYS_membarrier && atomic_exchange(&stops, false)) {
        (void)pthread_barrier_wait(&gate);
        (void)pthread_barrier_wait(&gate);
    }
    return call(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}

static void *end_one(void *argument)
{
    end_spans(1);
    return argument;
}

static void live_as_child(void)
{
    int status = -1;
    (void)alarm(patience_s);
    end_spans(1);
    const pid_t child = fork(); /* all locks once */
    if (child == 0)
        _exit(0);
    CHECK(waitpid(child, &status, 0) == child);
    _exit(status);
}

TEST(a_child_that_is_forked_while_the_first_owner_is_taken_takes_and_forks_in_its_turn)
{
    pthread_t thread;
    int status = -1;
    check_skip_forks_of_threads();
    if (!check_children_may_allocate())
        check_skip("a child of several threads may need no memory");
    REQUIRE(open_provider(NULL, 0, (impact_trace_options){0}));
    (void)pthread_barrier_init(&gate, NULL, 2);
    atomic_store(&stops, true);
    REQUIRE(pthread_create(&thread, NULL, end_one, NULL) == 0);
    (void)pthread_barrier_wait(&gate);
    const pid_t child = fork();
    if (child == 0)
        live_as_child();
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    (void)pthread_barrier_wait(&gate);
    (void)pthread_join(thread, NULL);
    close_and_check();
}
