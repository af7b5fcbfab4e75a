/* A program that was started.
 *
 * DESIGN: posix_spawn, since a fork of a process with threads may not do anything before its exec,
 * and since it copies no memory. The group of its own makes the kill reach what the program has
 * started in its turn.
 */
#include "checks/spawned.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- how it is started ---- */

static int set_files(posix_spawn_file_actions_t *files, int output)
{
    int code = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!code)
        code = posix_spawn_file_actions_adddup2(files, output, STDOUT_FILENO);
    if (!code)
        code = posix_spawn_file_actions_addopen(files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    return code;
}

/* The library's threads have signals blocked, and the host may ignore these two. Neither is the
 * program's business. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t defaults;
    (void)sigemptyset(&none); /* these four cannot fail */
    (void)sigemptyset(&defaults);
    (void)sigaddset(&defaults, SIGPIPE);
    (void)sigaddset(&defaults, SIGCHLD);
    int code = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                        POSIX_SPAWN_SETSIGDEF);
    if (!code)
        code = posix_spawnattr_setpgroup(attributes, 0);
    if (!code)
        code = posix_spawnattr_setsigmask(attributes, &none);
    if (!code)
        code = posix_spawnattr_setsigdefault(attributes, &defaults);
    return code;
}

static int spawn_with(pid_t *process, char *const argv[], int output,
                      const posix_spawnattr_t *attributes)
{
    posix_spawn_file_actions_t files;
    int code = posix_spawn_file_actions_init(&files);
    if (code)
        return code;
    code = set_files(&files, output);
    if (!code)
        code = posix_spawnp(process, argv[0], &files, attributes, argv, environ);
    (void)posix_spawn_file_actions_destroy(&files); /* cannot fail for what was made */
    return code;
}

static int spawn(pid_t *process, char *const argv[], int output)
{
    posix_spawnattr_t attributes;
    int code = posix_spawnattr_init(&attributes);
    if (code)
        return code;
    code = set_attributes(&attributes);
    if (!code)
        code = spawn_with(process, argv, output, &attributes);
    (void)posix_spawnattr_destroy(&attributes); /* as above */
    return code;
}

/* The kernel makes it O_CLOEXEC. */
static int watch(pid_t process)
{
    return (int)syscall(SYS_pidfd_open, process, 0);
}

/* Away from the three that the program's own will have. */
static int move_up(int descriptor)
{
    const int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    (void)close(descriptor); /* nothing was written */
    return moved;
}

static int spawn_into(pid_t *process, char *const argv[], int output)
{
    const int moved = move_up(output);
    if (moved < 0)
        return errno;
    const int code = spawn(process, argv, moved);
    (void)close(moved); /* the program has its own */
    return code;
}

int impact__spawn(impact__spawned *spawned, char *const argv[])
{
    int ends[2];
    pid_t process = -1;
    assert(spawned && argv && argv[0]);
    if (pipe2(ends, O_CLOEXEC))
        return errno;
    int code = spawn_into(&process, argv, ends[1]);
    if (code) {
        (void)close(ends[0]); /* nothing is in it */
        return code;
    }
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK); /* cannot fail for a pipe */
    *spawned = (impact__spawned){.process = process, .output = ends[0], .watch = watch(process)};
    return 0;
}

/* ---- how it ends ---- */

/* Where the host waits for any child, it may have taken this one, and its number may be somebody
 * else's by now. */
void impact__spawned_kill(const impact__spawned *spawned)
{
    siginfo_t info;
    if (waitid(P_PID, (id_t)spawned->process, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
        (void)kill(-spawned->process, SIGKILL); /* the group is there until it is waited for */
}

bool impact__spawned_has_ended(const impact__spawned *spawned)
{
    siginfo_t info = {0};
    const int failure = waitid(P_PID, (id_t)spawned->process, &info, WEXITED | WNOHANG | WNOWAIT);
    return failure || info.si_pid == spawned->process;
}

bool impact__spawned_reap(impact__spawned *spawned, int *status)
{
    pid_t ended;
    do
        ended = waitpid(spawned->process, status, 0);
    while (ended < 0 && errno == EINTR);
    (void)close(spawned->output); /* nothing was written */
    if (spawned->watch >= 0)
        (void)close(spawned->watch); /* as above */
    return ended == spawned->process;
}
