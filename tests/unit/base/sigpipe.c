/* SIGPIPE: held back while something is written, and the host's own left alone. */
#include "base/sigpipe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "support/check.h"

static bool is_pending(void)
{
    sigset_t pending;
    (void)sigpending(&pending);
    return sigismember(&pending, SIGPIPE) == 1;
}

static bool is_blocked(void)
{
    sigset_t mask;
    (void)pthread_sigmask(SIG_BLOCK, NULL, &mask);
    return sigismember(&mask, SIGPIPE) == 1;
}

static void block(void)
{
    sigset_t pipe;
    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe, NULL);
}

/* What the stretch of code in between would do. */
static void write_to_nobody(void)
{
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    (void)close(ends[0]);
    CHECK(write(ends[1], "x", 1) < 0 && errno == EPIPE);
    (void)close(ends[1]);
}

static void write_while_held(void)
{
    impact__sigpipe held;
    impact__sigpipe_hold(&held);
    write_to_nobody();
    impact__sigpipe_release(&held);
}

TEST(a_closed_pipe_is_an_error_and_no_signal)
{
    write_while_held(); /* a signal would end the test */
    CHECK(!is_pending());
    CHECK(!is_blocked());
}

TEST(a_host_that_blocks_it_still_does_and_finds_none_pending)
{
    block();
    write_while_held();
    CHECK(is_blocked());
    CHECK(!is_pending());
}

TEST(one_that_the_host_has_pending_stays_with_the_thread)
{
    block();
    (void)raise(SIGPIPE);
    write_while_held();
    CHECK(is_pending());
}

TEST(one_that_the_host_has_pending_stays_with_the_process)
{
    block();
    (void)kill(getpid(), SIGPIPE);
    write_while_held();
    CHECK(is_pending());
}

TEST(it_may_be_held_twice)
{
    impact__sigpipe outer;
    impact__sigpipe_hold(&outer);
    write_to_nobody();
    write_while_held();
    CHECK(is_blocked());
    CHECK(is_pending()); /* the outer one's */
    impact__sigpipe_release(&outer);
    CHECK(!is_blocked());
    CHECK(!is_pending());
}

TEST(errno_is_kept)
{
    impact__sigpipe held;
    impact__sigpipe_hold(&held);
    errno = EDOM;
    impact__sigpipe_release(&held); /* there is none to take, which is an error inside */
    CHECK_EQUAL(errno, EDOM);
}
