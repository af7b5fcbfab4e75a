/* A real server that a test starts. */
#include "started.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"

enum { tries = 6000, pause_ms = 10 };

/* ---- starting ---- */

static const struct passwd *find_user(const char *user)
{
    return user && getuid() == 0 ? getpwnam(user) : NULL;
}

void started_prepare(started *server, const char *user)
{
    *server = (started){.folder = "/tmp/impact-server-XXXXXX"};
    CHECK(mkdtemp(server->folder) != NULL);
    (void)snprintf(server->log, sizeof server->log, "%s/log", server->folder);
    const struct passwd *owner = find_user(user);
    if (owner)
        CHECK_EQUAL(chown(server->folder, owner->pw_uid, owner->pw_gid), 0);
}

/* In the child. */
static void become(const char *user, const char *const *environment)
{
    const struct passwd *owner = find_user(user);
    if (owner && (setgid(owner->pw_gid) || setuid(owner->pw_uid)))
        _exit(126);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (; environment && *environment; environment++)
        if (putenv((char *)(uintptr_t)*environment))
            _exit(126);
}

void started_run(started *server, char *const argv[], const char *const *environment,
                 const char *user)
{
    const int log = open(server->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    CHECK(log >= 0 && nothing >= 0);
    server->process = fork();
    if (server->process == 0) {
        (void)setsid();
        (void)dup2(nothing, 0);
        (void)dup2(log, 1);
        (void)dup2(log, 2);
        become(user, environment);
        if (chdir(server->folder) == 0)
            (void)execvp(argv[0], argv);
        _exit(127);
    }
    (void)close(log);
    (void)close(nothing);
}

/* ---- waiting ---- */

static struct sockaddr_in local_port(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons(port),
    };
}

uint16_t started_free_port(int type)
{
    struct sockaddr_in at = local_port(0);
    socklen_t size = sizeof at;
    const int bound = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    CHECK_EQUAL(bind(bound, (struct sockaddr *)&at, size), 0);
    CHECK_EQUAL(getsockname(bound, (struct sockaddr *)&at, &size), 0);
    (void)close(bound);
    return ntohs(at.sin_port);
}

static bool takes_connections(uint16_t port)
{
    const struct sockaddr_in at = local_port(port);
    const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_taken = connect(connection, (const struct sockaddr *)&at, sizeof at) == 0;
    (void)close(connection);
    return is_taken;
}

bool started_listens(uint16_t port)
{
    for (int i = 0; i < tries; i++) {
        if (takes_connections(port))
            return true;
        (void)poll(NULL, 0, pause_ms);
    }
    return false;
}

bool started_is_gone(uint16_t port)
{
    for (int i = 0; i < tries; i++) {
        if (!takes_connections(port))
            return true;
        (void)poll(NULL, 0, pause_ms);
    }
    return false;
}

static bool file_has(const char *path, const char *words)
{
    char line[1024];
    bool has = false;
    FILE *file = fopen(path, "r");
    while (file && !has && fgets(line, sizeof line, file))
        has = strstr(line, words) != NULL;
    if (file)
        (void)fclose(file);
    return has;
}

static bool file_will_have(const char *path, const char *words)
{
    for (int i = 0; i < tries; i++) {
        if (file_has(path, words))
            return true;
        (void)poll(NULL, 0, pause_ms);
    }
    return false;
}

bool started_says(const started *server, const char *words)
{
    return file_will_have(server->log, words);
}

/* The kernel's table of them has 127.0.0.1 in the order of this machine's bytes. */
bool started_receives(uint16_t port)
{
    char words[32];
    (void)snprintf(words, sizeof words, " %08X:%04X ", htonl(INADDR_LOOPBACK), port);
    return file_will_have("/proc/net/udp", words);
}

/* ---- signals ---- */

/* Of a process or a thread, by its file; 'Z' for what is not there. A zombie has let go of all that
 * it had. */
static char state_in(const char *path)
{
    char state = 'Z';
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        state = 'Z';
    if (file)
        (void)fclose(file);
    return state;
}

static bool is_zombie(int process)
{
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", process);
    return state_in(path) == 'Z';
}

/* Its session has its number; what it starts may be in a group of its own. */
static bool is_of(const started *server, int process)
{
    return process > 1 && getsid(process) == server->process && !is_zombie(process);
}

/* Do something with each of its processes; how often it was so. */
static int count_all(const started *server, bool (*is_so)(int process, int number), int number)
{
    int count = 0;
    DIR *processes = opendir("/proc");
    CHECK(processes != NULL);
    for (const struct dirent *entry; processes && (entry = readdir(processes));)
        if (is_of(server, atoi(entry->d_name)))
            count += is_so(atoi(entry->d_name), number);
    if (processes)
        (void)closedir(processes);
    return count;
}

static bool is_sent(int process, int number)
{
    return kill(process, number) == 0;
}

/* A signal stops one thread after the other. */
static bool has_running_threads(int process, int unused)
{
    char path[64];
    bool is_running = false;
    (void)unused;
    (void)snprintf(path, sizeof path, "/proc/%d/task", process);
    DIR *threads = opendir(path);
    for (const struct dirent *entry; threads && !is_running && (entry = readdir(threads));) {
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "/proc/%d/task/%.16s/stat", process, entry->d_name);
        is_running = strchr("TZ", state_in(path)) == NULL;
    }
    if (threads)
        (void)closedir(threads);
    return is_running;
}

void started_signal(const started *server, int number)
{
    CHECK(count_all(server, is_sent, number) > 0);
    while (number == SIGSTOP && count_all(server, has_running_threads, 0))
        (void)poll(NULL, 0, 1);
}

void started_end(started *server)
{
    while (count_all(server, is_sent, SIGKILL))
        (void)poll(NULL, 0, 1);
    CHECK_EQUAL(waitpid(server->process, NULL, 0), server->process);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path) && errno != ENOENT ? -1 : 0; /* a server that ends may still tidy up */
}

void started_clean(started *server)
{
    CHECK_EQUAL(nftw(server->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}
