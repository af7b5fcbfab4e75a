/* Forks: the order of the members, their removal, the generation, and forks amid threads. */
#include "process/fork.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/diagnostics.h"
#include "support/abi.h"
#include "support/check.h"
#include "support/faults.h"

static char calls[64];

static void note(const char *moment, const char *name)
{
    const size_t size = strlen(calls);
    (void)snprintf(calls + size, sizeof calls - size, "%s%s ", moment, name);
}

static void prepare(void *name)
{
    note("+", name);
}

static void in_parent(void *name)
{
    note("-", name);
}

static void in_child(void *name)
{
    note("=", name);
}

#define MEMBER(called)                                                                             \
    {                                                                                              \
        prepare, in_parent, in_child, called, NULL, NULL                                           \
    }

static char name_a[] = "a";
static char name_b[] = "b";
static char name_c[] = "c";
static impact__fork_member a = MEMBER(name_a);
static impact__fork_member b = MEMBER(name_b);
static impact__fork_member c = MEMBER(name_c);

/* The parent's calls of a fork; the child exits with 0 when its own were `of_child`. */
static const char *fork_once(const char *of_child)
{
    calls[0] = 0;
    const pid_t child = fork();
    if (child == 0)
        _exit(strcmp(calls, of_child) == 0 ? 0 : 1);
    int status = -1;
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
    return calls;
}

TEST(the_first_registered_is_locked_last_and_let_go_first)
{
    REQUIRE(!impact__fork_add(&a) && !impact__fork_add(&b) && !impact__fork_add(&c));
    CHECK_STRING(fork_once("+c +b +a =a =b =c "), "+c +b +a -a -b -c ");
}

TEST(a_member_can_be_removed_from_each_place)
{
    impact__fork_member *const members[] = {&a, &b, &c};
    static const char *const should[] = {"+c +b -b -c ", "+c +a -a -c ", "+b +a -a -b "};
    static const char *const of_child[] = {"+c +b =b =c ", "+c +a =a =c ", "+b +a =a =b "};
    for (int removed = 0; removed < 3; removed++) {
        for (int i = 0; i < 3; i++)
            REQUIRE(!impact__fork_add(members[i]));
        impact__fork_remove(members[removed]);
        CHECK_STRING(fork_once(of_child[removed]), should[removed]);
        for (int i = 0; i < 3; i++)
            impact__fork_remove(members[i]);
        CHECK_STRING(fork_once(""), "");
    }
}

TEST(to_remove_what_is_not_there_leaves_the_others)
{
    REQUIRE(!impact__fork_add(&a) && !impact__fork_add(&b));
    impact__fork_remove(&c);
    CHECK_STRING(fork_once("+b +a =a =b "), "+b +a -a -b ");
    impact__fork_remove(&b);
    impact__fork_remove(&b);
    CHECK_STRING(fork_once("+a =a "), "+a -a ");
    REQUIRE(!impact__fork_add(&b));
    CHECK_STRING(fork_once("+b +a =a =b "), "+b +a -a -b ");
}

/* As in a child whose parent was adding it, once, when it forked. */
TEST(a_member_that_is_added_again_stays_where_it_is)
{
    REQUIRE(!impact__fork_add(&a) && !impact__fork_add(&b));
    CHECK(!impact__fork_add(&a) && !impact__fork_add(&b));
    CHECK_STRING(fork_once("+b +a =a =b "), "+b +a -a -b ");
    impact__fork_remove(&a);
    CHECK_STRING(fork_once("+b =b "), "+b -b ");
}

TEST(the_generation_grows_in_the_child_only)
{
    REQUIRE(!impact__fork_watch());
    REQUIRE(!impact__fork_watch());
    const unsigned before = impact__fork_generation();
    const pid_t child = fork();
    if (child == 0) {
        const pid_t grandchild = fork();
        if (grandchild == 0)
            _exit(impact__fork_generation() == before + 2 ? 0 : 1);
        int status = -1;
        (void)waitpid(grandchild, &status, 0);
        _exit(status == 0 && impact__fork_generation() == before + 1 ? 0 : 1);
    }
    int status = -1;
    (void)waitpid(child, &status, 0);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(impact__fork_generation(), before);
}

/* ---- amid threads ---- */

enum { thread_count = 4, fork_count = 100 };

static atomic_bool is_over;
static pthread_barrier_t barrier;
static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;

static void lock_queue(void *owner)
{
    (void)pthread_mutex_lock(owner);
}

static void unlock_queue(void *owner)
{
    (void)pthread_mutex_unlock(owner);
}

static void ignore(impact_severity severity, const char *message, uint64_t suppressed,
                   void *userdata)
{
    (void)severity, (void)message, (void)suppressed, (void)userdata;
}

/* Reports while it holds the lock of a member that was registered later: the order of
 * process/fork.h.
 */
static void *report_all_the_time(void *subject)
{
    (void)pthread_barrier_wait(&barrier);
    while (!atomic_load(&is_over)) {
        (void)pthread_mutex_lock(&queue_lock);
        impact_diagnostics_report(IMPACT_SEVERITY_INFO, "test", subject, "%s", "text");
        (void)pthread_mutex_unlock(&queue_lock);
    }
    return NULL;
}

static int report_in_child(void)
{
    (void)alarm(60);
    (void)pthread_mutex_lock(&queue_lock);
    impact_diagnostics_report(IMPACT_SEVERITY_INFO, "test", "child", "%s", "text");
    (void)pthread_mutex_unlock(&queue_lock);
    return 0;
}

TEST(a_hundred_forks_amid_threads_that_report_leave_no_lock_behind)
{
    static char subjects[thread_count][2] = {"0", "1", "2", "3"};
    impact__fork_member queue = {lock_queue, unlock_queue, unlock_queue, &queue_lock, NULL, NULL};
    pthread_t threads[thread_count];
    REQUIRE(!impact__diagnostics_open()); /* before the others, as its header asks */
    impact_diagnostics_set_callback(ignore, NULL);
    REQUIRE(!impact__fork_add(&queue));
    REQUIRE(pthread_barrier_init(&barrier, NULL, thread_count + 1) == 0);
    for (int i = 0; i < thread_count; i++)
        REQUIRE(pthread_create(&threads[i], NULL, report_all_the_time, subjects[i]) == 0);
    (void)pthread_barrier_wait(&barrier);
    for (int i = 0; i < fork_count; i++) {
        const pid_t child = fork();
        if (child == 0)
            _exit(report_in_child());
        int status = -1;
        (void)waitpid(child, &status, 0);
        CHECK_EQUAL(status, 0);
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < thread_count; i++)
        (void)pthread_join(threads[i], NULL);
    impact__fork_remove(&queue);
}

/* ---- plugins ---- */

static void count(void *counter)
{
    ++*(int *)counter;
}

TEST(a_plugins_handlers_are_called_as_the_librarys_own)
{
    impact_fork_member *member = NULL;
    REQUIRE(!impact__fork_add(&a));
    REQUIRE(
        !impact_fork_add(&member, IMPACT_FORK_HANDLERS(.before = prepare, .in_parent = in_parent,
                                                       .in_child = in_child, .userdata = name_b)));
    CHECK_STRING(fork_once("+b +a =a =b "), "+b +a -a -b ");
    impact_fork_remove(member);
    CHECK_STRING(fork_once("+a =a "), "+a -a ");
    impact_fork_remove(NULL);
}

TEST(a_plugin_may_leave_handlers_out)
{
    impact_fork_member *member = NULL;
    int forks = 0;
    REQUIRE(
        !impact_fork_add(&member, IMPACT_FORK_HANDLERS(.in_parent = count, .userdata = &forks)));
    (void)fork_once("");
    CHECK_EQUAL(forks, 1);
    impact_fork_remove(member);
}

TEST(handlers_that_cannot_be_are_refused)
{
    impact_fork_member *member = NULL;
    CHECK_EQUAL(impact_fork_add(NULL, IMPACT_FORK_HANDLERS(.in_parent = count)), IMPACT_EINVAL);
    CHECK_EQUAL(impact_fork_add(&member, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_fork_add(&member, &(impact_fork_handlers){.size = 0}), IMPACT_EINVAL);
    CHECK(member == NULL);
}

TEST(a_plugin_without_memory_is_told_so)
{
    impact_fork_member *member = NULL;
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        const impact_status status =
            impact_fork_add(&member, IMPACT_FORK_HANDLERS(.before = count));
        CHECK_EQUAL(status, f.injected ? IMPACT_ENOMEM : IMPACT_OK);
        if (!status)
            impact_fork_remove(member);
        impact_allocator_set_default(NULL);
    }
}

static impact_status add_and_remove(const void *handlers)
{
    impact_fork_member *member = NULL;
    const impact_status status = impact_fork_add(&member, handlers);
    impact_fork_remove(member);
    return status;
}

TEST(handlers_of_any_version_are_read)
{
    const abi_case cases[] = {{
        .name = "impact_fork_handlers",
        .whole = IMPACT_FORK_HANDLERS(.before = count),
        .size = sizeof(impact_fork_handlers),
        .least = sizeof(size_t),
        .call = add_and_remove,
    }};
    ABI_CHECK(cases);
}

/* ---- a fork while the handlers are being registered ---- */

typedef int register_call(void (*prepare)(void), void (*in_parent)(void), void (*in_child)(void),
                          void *library);
typedef void handler_call(void);

static atomic_bool stops;
static pthread_barrier_t registering; /* two waits: they are registered, it may be told so */

/* glibc's stands in each program and calls the other one. */
int pthread_atfork(handler_call *before, handler_call *parent, handler_call *child)
{
    register_call *call;
    *(void **)&call = dlsym(RTLD_NEXT, "__register_atfork");
    if (!call)
        *(void **)&call = dlsym(RTLD_NEXT, "pthread_atfork");
    const int failure = call(before, parent, child, NULL);
    if (atomic_exchange(&stops, false)) {
        (void)pthread_barrier_wait(&registering);
        (void)pthread_barrier_wait(&registering);
    }
    return failure;
}

static void *register_first(void *argument)
{
    CHECK_EQUAL(impact__fork_add(&a), IMPACT_OK);
    return argument;
}

static void fork_as_child(void)
{
    (void)alarm(60);
    if (impact__fork_add(&b) != IMPACT_OK)
        _exit(2);
    _exit(strcmp(fork_once("+b =b "), "+b -b ") == 0 ? 0 : 1);
}

TEST(a_child_that_is_forked_while_the_handlers_are_registered_has_them_once)
{
    pthread_t thread;
    int status = -1;
    check_skip_forks_of_threads();
    (void)pthread_barrier_init(&registering, NULL, 2);
    atomic_store(&stops, true);
    REQUIRE(pthread_create(&thread, NULL, register_first, NULL) == 0);
    (void)pthread_barrier_wait(&registering);
    const pid_t child = fork();
    if (child == 0)
        fork_as_child();
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    (void)pthread_barrier_wait(&registering);
    (void)pthread_join(thread, NULL);
}
