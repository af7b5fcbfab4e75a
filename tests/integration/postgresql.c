/* The check of a PostgreSQL server, against a real one on a socket of its own. */
#include <impact/postgresql.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"
#include "support/registration.h"

enum { timeout_ms = 500 };

/* ---- a server ---- */

typedef struct server {
    char folder[64]; /* of its data and its socket */
    char tools[128]; /* of initdb and pg_ctl */
    char conninfo[128];
    uid_t user; /* it refuses to run as root */
    gid_t group;
} server;

static bool find_tools(server *s)
{
    glob_t found;
    if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found))
        return false;
    const char *last = found.gl_pathv[found.gl_pathc - 1];
    (void)snprintf(s->tools, sizeof s->tools, "%.*s", (int)(strlen(last) - strlen("/initdb")),
                   last);
    globfree(&found);
    return true;
}

static bool find_user(server *s)
{
    s->user = getuid();
    s->group = getgid();
    if (s->user != 0)
        return true;
    const struct passwd *postgres = getpwnam("postgres");
    if (postgres) {
        s->user = postgres->pw_uid;
        s->group = postgres->pw_gid;
    }
    return postgres != NULL;
}

/* Run a tool as the server's user, its output to nowhere. */
static int run(const server *s, char *const arguments[])
{
    const pid_t child = fork();
    if (child == 0) {
        const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
        (void)dup2(nowhere, 0);
        (void)dup2(nowhere, 1);
        (void)dup2(nowhere, 2);
        if (getuid() == 0 && (setgid(s->group) || setuid(s->user)))
            _exit(126);
        if (chdir(s->folder) == 0)
            (void)execv(arguments[0], arguments);
        _exit(127);
    }
    int status = -1;
    (void)waitpid(child, &status, 0);
    return status;
}

static bool control(const server *s, const char *verb)
{
    char tool[160];
    char data[96];
    char options[192];
    char word[8];
    (void)snprintf(word, sizeof word, "%s", verb);
    (void)snprintf(tool, sizeof tool, "%s/pg_ctl", s->tools);
    (void)snprintf(data, sizeof data, "%s/data", s->folder);
    (void)snprintf(options, sizeof options,
                   "-k %s -c listen_addresses= -c fsync=off -c max_connections=10", s->folder);
    char *arguments[] = {tool,           (char[]){"-D"}, data,           (char[]){"-w"},
                         (char[]){"-t"}, (char[]){"60"}, (char[]){"-m"}, (char[]){"immediate"},
                         (char[]){"-o"}, options,        word,           NULL};
    return run(s, arguments) == 0;
}

static bool initialise(const server *s)
{
    char tool[160];
    char data[96];
    (void)snprintf(tool, sizeof tool, "%s/initdb", s->tools);
    (void)snprintf(data, sizeof data, "%s/data", s->folder);
    char *arguments[] = {tool,
                         (char[]){"-D"},
                         data,
                         (char[]){"-U"},
                         (char[]){"tester"},
                         (char[]){"-A"},
                         (char[]){"trust"},
                         (char[]){"-N"},
                         (char[]){"--locale=C"},
                         NULL};
    return run(s, arguments) == 0;
}

static void start(server *s)
{
    *s = (server){.folder = "/tmp/impact-pg-XXXXXX"};
    if (!find_tools(s) || !find_user(s))
        check_skip("PostgreSQL's server is not installed");
    CHECK(mkdtemp(s->folder) != NULL);
    CHECK_EQUAL(chown(s->folder, s->user, s->group), 0);
    (void)snprintf(s->conninfo, sizeof s->conninfo, "host=%s user=tester dbname=postgres",
                   s->folder);
    CHECK(initialise(s));
    CHECK(control(s, "start"));
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void stop(const server *s)
{
    CHECK(control(s, "stop"));
    CHECK_EQUAL(nftw(s->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static pid_t postmaster_of(const server *s)
{
    char path[96];
    (void)snprintf(path, sizeof path, "%s/data/postmaster.pid", s->folder);
    FILE *file = fopen(path, "r");
    int process = 0;
    CHECK(file && fscanf(file, "%d", &process) == 1);
    if (file)
        (void)fclose(file);
    return process;
}

static pid_t parent_of(pid_t process)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", process);
    FILE *file = fopen(path, "r");
    int parent = 0;
    if (file && fscanf(file, "%*d (%*[^)]) %*c %d", &parent) != 1)
        parent = 0;
    if (file)
        (void)fclose(file);
    return parent;
}

/* The postmaster and all of its children: also the one that serves a kept connection. */
static void signal_all(const server *s, int number)
{
    const pid_t postmaster = postmaster_of(s);
    REQUIRE(postmaster > 1);
    (void)kill(postmaster, number);
    DIR *processes = opendir("/proc");
    REQUIRE(processes);
    for (struct dirent *entry; (entry = readdir(processes));) {
        const pid_t process = atoi(entry->d_name);
        if (process > 1 && parent_of(process) == postmaster)
            (void)kill(process, number);
    }
    (void)closedir(processes);
}

/* A number about the server's connections other than this question's own, which psql asks. */
static int ask_about_connections(const server *s, const char *expression)
{
    char command[512];
    (void)snprintf(command, sizeof command,
                   "%s/psql -XAt '%s' -c \"SELECT %s FROM pg_stat_activity WHERE "
                   "backend_type = 'client backend' AND pid <> pg_backend_pid()\"",
                   s->tools, s->conninfo, expression);
    FILE *answer = popen(command, "r");
    int number = -1;
    if (answer && fscanf(answer, "%d", &number) != 1)
        number = -1;
    if (answer)
        (void)pclose(answer);
    return number;
}

static int count_connections(const server *s)
{
    return ask_about_connections(s, "count(*)");
}

/* The connection that asked before is closed, which the server may hear of a moment later. */
static bool are_soon(const server *s, int count)
{
    for (int i = 0; i < 100; i++)
        if (count_connections(s) == count)
            return true;
    return false;
}

/* The process that serves the connection that was made first. */
static int oldest_connection(const server *s)
{
    return ask_about_connections(s, "(array_agg(pid ORDER BY backend_start))[1]");
}

/* ---- probes ---- */

static impact_health *open_health(const char *conninfo)
{
    impact_health *health = NULL;
    CHECK_EQUAL(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.budget_ms = 20000)), IMPACT_OK);
    CHECK_EQUAL(impact_health_add_postgresql(
                    health, IMPACT_CHECK_POSTGRESQL(.name = "it", .conninfo = conninfo,
                                                    .timeout_ms = timeout_ms)),
                IMPACT_OK);
    return health;
}

static impact_health_result probe(impact_health *health)
{
    impact_health_report *report = NULL;
    impact_health_result result = {.size = sizeof result, .status = IMPACT_HEALTH_UNKNOWN};
    CHECK_EQUAL(impact_health_probe(health, impact_text_of("it"), &report), IMPACT_OK);
    CHECK(impact_health_report_get(report, 0, &result));
    impact_health_report_close(report);
    return result;
}

/* A run that ends a little after its time limit counts as past it until it has ended, and a server
 * on a busy machine may need longer than that limit: it is asked again after it has answered
 * psql. */
static bool passes_soon(const server *s, impact_health *health)
{
    for (int i = 0; i < 100; i++) {
        if (probe(health).status == IMPACT_HEALTH_PASS)
            return true;
        (void)count_connections(s);
    }
    return false;
}

TEST(a_server_that_is_not_there_fails)
{
    impact_health *health = open_health("host=/nonexistent dbname=none");
    CHECK_EQUAL(probe(health).status, IMPACT_HEALTH_FAIL);
    CHECK_EQUAL(impact_health_close(health, 5000), 0);
    health = open_health("this is no conninfo");
    CHECK_EQUAL(probe(health).status, IMPACT_HEALTH_FAIL);
    CHECK_EQUAL(impact_health_close(health, 5000), 0);
}

TEST(a_server_that_answers_passes_over_one_connection_that_is_kept)
{
    server s;
    start(&s);
    impact_health *health = open_health(s.conninfo);
    CHECK(passes_soon(&s, health));
    const int connection = oldest_connection(&s);
    for (int i = 0; i < 3; i++) {
        CHECK(passes_soon(&s, health));
        CHECK(are_soon(&s, 1));
        CHECK_EQUAL(oldest_connection(&s), connection);
    }
    CHECK_EQUAL(impact_health_close(health, 5000), 0);
    stop(&s);
}

TEST(a_restarted_server_passes_over_a_new_connection)
{
    server s;
    start(&s);
    impact_health *health = open_health(s.conninfo);
    CHECK(passes_soon(&s, health));
    CHECK(control(&s, "stop"));
    CHECK_EQUAL(probe(health).status, IMPACT_HEALTH_FAIL);
    CHECK(control(&s, "start"));
    CHECK(passes_soon(&s, health));
    CHECK(control(&s, "stop"));
    CHECK(control(&s, "start"));
    CHECK(passes_soon(&s, health));
    CHECK_EQUAL(impact_health_close(health, 5000), 0);
    stop(&s);
}

/* Of a server that is stopped. */
static void check_fails_in_time(impact_health *health)
{
    const impact_health_result result = probe(health);
    CHECK_EQUAL(result.status, IMPACT_HEALTH_FAIL);
    CHECK(result.duration_ns >= (uint64_t)timeout_ms * 900000);
    CHECK(result.duration_ns < UINT64_C(5000000000));
}

TEST(a_server_that_was_stopped_fails_in_time_and_passes_when_it_goes_on)
{
    server s;
    start(&s);
    impact_health *health = open_health(s.conninfo);
    CHECK(passes_soon(&s, health));
    signal_all(&s, SIGSTOP);
    check_fails_in_time(health); /* with a connection that is kept, */
    check_fails_in_time(health); /* and without */
    signal_all(&s, SIGCONT);
    CHECK(passes_soon(&s, health));
    CHECK_EQUAL(impact_health_close(health, 5000), 0);
    stop(&s);
}

TEST(a_child_makes_its_own_connection_and_leaves_the_parents_alone)
{
    check_skip_forks_of_threads();
    server s;
    start(&s);
    impact_health *health = open_health(s.conninfo);
    CHECK(passes_soon(&s, health));
    const int connection = oldest_connection(&s);
    CHECK(connection > 0);
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(60);
        const bool passes = passes_soon(&s, health);
        const bool has_own = are_soon(&s, 2);
        _exit(passes && has_own && impact_health_close(health, 5000) == 0 ? 0 : 1);
    }
    int status = -1;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
    CHECK(passes_soon(&s, health));
    CHECK_EQUAL(oldest_connection(&s), connection);
    CHECK_EQUAL(impact_health_close(health, 5000), 0);
    stop(&s);
}

/* ---- over the application's connection ---- */

typedef struct pool {
    PGconn *connection;
    bool is_usable;
} pool;

static PGconn *lend(void *userdata, uint32_t remaining_ms)
{
    CHECK(remaining_ms > 0);
    return ((pool *)userdata)->connection;
}

static void take_back(void *userdata, PGconn *connection, bool is_usable)
{
    pool *p = userdata;
    CHECK(connection == p->connection);
    p->is_usable = is_usable;
}

static impact_health *open_lent(pool *p)
{
    impact_health *health = NULL;
    CHECK_EQUAL(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.budget_ms = 20000)), IMPACT_OK);
    CHECK_EQUAL(impact_health_add_postgresql(
                    health, IMPACT_CHECK_POSTGRESQL(.name = "it", .timeout_ms = timeout_ms,
                                                    .lender = {.borrow = lend,
                                                               .give_back = take_back,
                                                               .userdata = p})),
                IMPACT_OK);
    return health;
}

static bool selects(PGconn *connection)
{
    PGresult *result = PQexec(connection, "SELECT 2");
    const bool is_there = PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    return is_there;
}

TEST(the_applications_connection_is_asked_and_given_back_as_it_was)
{
    server s;
    start(&s);
    pool p = {.connection = PQconnectdb(s.conninfo)};
    impact_health *health = open_lent(&p);
    CHECK(passes_soon(&s, health));
    CHECK(p.is_usable);
    CHECK(are_soon(&s, 1));
    CHECK(selects(p.connection));
    signal_all(&s, SIGSTOP);
    check_fails_in_time(health);
    CHECK_EQUAL(impact_health_close(health, 5000), 0); /* then the run is over */
    signal_all(&s, SIGCONT);
    CHECK(!p.is_usable); /* the answer may come yet */
    PQfinish(p.connection);
    p.connection = NULL;
    health = open_lent(&p);
    CHECK_EQUAL(probe(health).status, IMPACT_HEALTH_FAIL);
    CHECK_EQUAL(impact_health_close(health, 5000), 0);
    stop(&s);
}

/* ---- registering ---- */

REGISTERING(postgresql)

TEST(half_a_lender_and_one_beside_a_conninfo_are_refused)
{
    CHECK_REFUSES(add_postgresql, IMPACT_CHECK_POSTGRESQL(),
                  IMPACT_CHECK_POSTGRESQL(.name = "it", .lender = {.borrow = lend}),
                  IMPACT_CHECK_POSTGRESQL(.name = "it", .lender = {.give_back = take_back}),
                  IMPACT_CHECK_POSTGRESQL(.name = "it", .conninfo = "",
                                          .lender = {.borrow = lend, .give_back = take_back}));
    CHECK_EQUAL(add_postgresql(NULL, IMPACT_CHECK_POSTGRESQL(.name = "it")), IMPACT_EINVAL);
}

TEST(registering_without_memory_fails_and_leaves_nothing)
{
    check_registers_without_memory(add_postgresql, IMPACT_CHECK_POSTGRESQL(.name = "it"));
}

TEST(options_of_any_version_are_read)
{
    const abi_case cases[] = {REGISTERING_CASE(postgresql, IMPACT_CHECK_POSTGRESQL, name,
                                               .conninfo = "host=/nonexistent")};
    ABI_CHECK(cases);
}

TEST(the_plugin_adds_its_check_by_its_name)
{
    const impact_check_postgresql_options *options = IMPACT_CHECK_POSTGRESQL(.name = "it");
    CHECK_EQUAL(registering_by_name("postgresql", "postgresql", options), IMPACT_OK);
    CHECK_EQUAL(registering_by_name("postgresql", "postgresql", NULL), IMPACT_EINVAL);
    CHECK_EQUAL(registering_by_name("postgresql", "mariadb", options), IMPACT_ENOENT);
}
