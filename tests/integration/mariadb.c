/* The check of a MariaDB server, against a real one on a free port. */
#include <impact/mariadb.h>

#include <mysql.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "started.h"
#include "support/fake_server.h"
#include "support/probing.h"
#include "support/registration.h"

enum { patience_s = 60 };

#define MARIADBD   "/usr/sbin/mariadbd"
#define WORD(text) ((char[]){text})

/* ---- no server ---- */

static probed ask_within(const char *address, const char *password, uint32_t timeout_ms)
{
    return probing_ask(impact_health_add_mariadb(
        probing_registry(),
        IMPACT_CHECK_MARIADB(.name = probing_name, .address = address, .user = "tester",
                             .password = password, .timeout_ms = timeout_ms)));
}

static probed ask(const char *address)
{
    return ask_within(address, "good", probing_timeout_ms);
}

TEST(mariadb_fails_where_no_server_is_and_one_that_says_something_else)
{
    fake_server dead = {0};
    fake_server_open(&dead);
    fake_server_close(&dead);
    check_fails(probing_in_time(ask, dead.address), "connect");

    fake_server wrong = FAKE_SERVER_SAYS("HTTP/1.1 400 Bad Request\r\n\r\n");
    wrong.closes = true;
    fake_server_open(&wrong);
    CHECK_EQUAL(ask(wrong.address).status, IMPACT_HEALTH_FAIL);
    fake_server_close(&wrong);

    /* A greeting of protocol 10 that promises 64 KiB. */
    check_of_slow_server(ask, (fake_server)FAKE_SERVER_SAYS("\xff\xff\0\0\x0a"
                                                            "10.11 of a server"));
}

/* ---- a real one ---- */

typedef struct database {
    started server;
    uint16_t port;
    char address[32];
    char socket[96];
} database;

static void initialise(database *d)
{
    static char init[128];
    int status = -1;
    char *argv[] = {WORD("mariadb-install-db"),
                    WORD("--no-defaults"),
                    WORD("--auth-root-authentication-method=normal"),
                    WORD("--skip-test-db"),
                    WORD("--user=root"),
                    init,
                    NULL};
    (void)snprintf(init, sizeof init, "--datadir=%s/data", d->server.folder);
    started_run(&d->server, argv, NULL, NULL);
    CHECK_EQUAL(waitpid(d->server.process, &status, 0), d->server.process);
    CHECK_EQUAL(status, 0);
}

static void write_users(const database *d)
{
    char path[96];
    (void)snprintf(path, sizeof path, "%s/users.sql", d->server.folder);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    (void)fputs("CREATE OR REPLACE USER 'tester'@'%' IDENTIFIED BY 'good';\n"
                "GRANT PROCESS ON *.* TO 'tester'@'%';\n",
                file);
    (void)fclose(file);
}

static void run_server(database *d)
{
    static char options[4][128];
    char *argv[] = {WORD(MARIADBD),
                    WORD("--no-defaults"),
                    WORD("--user=root"),
                    WORD("--bind-address=127.0.0.1"),
                    WORD("--skip-name-resolve"),
                    WORD("--innodb-flush-log-at-trx-commit=0"),
                    options[0],
                    options[1],
                    options[2],
                    options[3],
                    NULL};
    (void)snprintf(options[0], sizeof options[0], "--datadir=%s/data", d->server.folder);
    (void)snprintf(options[1], sizeof options[1], "--socket=%s", d->socket);
    (void)snprintf(options[2], sizeof options[2], "--port=%u", d->port);
    (void)snprintf(options[3], sizeof options[3], "--init-file=%s/users.sql", d->server.folder);
    started_run(&d->server, argv, NULL, NULL);
    CHECK(started_listens(d->port));
}

static void start(database *d)
{
    if (access(MARIADBD, X_OK) != 0)
        check_skip("mariadb-server is not installed");
    *d = (database){.port = started_free_port(SOCK_STREAM)};
    (void)snprintf(d->address, sizeof d->address, "127.0.0.1:%u", d->port);
    started_prepare(&d->server, NULL);
    (void)snprintf(d->socket, sizeof d->socket, "%s/socket", d->server.folder);
    initialise(d);
    write_users(d);
    run_server(d);
}

static void stop(database *d)
{
    started_end(&d->server);
    started_clean(&d->server);
}

/* A connection of the test's own. */
static MYSQL *connect_to(const database *d)
{
    MYSQL *connection = mysql_init(NULL);
    CHECK(mysql_real_connect(connection, "127.0.0.1", "tester", "good", NULL, d->port, NULL, 0) !=
          NULL);
    return connection;
}

/* A number about the connections other than this one. */
static int ask_about_connections(const database *d, const char *expression)
{
    char query[256];
    MYSQL *connection = connect_to(d);
    (void)snprintf(query, sizeof query,
                   "SELECT %s FROM information_schema.processlist WHERE user = 'tester' AND id <> "
                   "CONNECTION_ID()",
                   expression);
    CHECK_EQUAL(mysql_query(connection, query), 0);
    MYSQL_RES *result = mysql_store_result(connection);
    MYSQL_ROW row = mysql_fetch_row(result);
    const int number = row && row[0] ? atoi(row[0]) : -1;
    mysql_free_result(result);
    mysql_close(connection);
    return number;
}

static void add(const database *d, const char *address)
{
    (void)d;
    CHECK_EQUAL(impact_health_add_mariadb(
                    probing_registry(),
                    IMPACT_CHECK_MARIADB(.name = probing_name, .address = address, .user = "tester",
                                         .password = "good", .timeout_ms = probing_timeout_ms)),
                IMPACT_OK);
}

/* A run that ends a little late counts as past its limit, and the machine may be busy. */
static bool passes_soon(void)
{
    for (const time_t end = time(NULL) + patience_s; time(NULL) < end;)
        if (probing_again().status == IMPACT_HEALTH_PASS)
            return true;
    return false;
}

/* The connection that asked before is closed, which the server may hear of a moment later. */
static bool are_soon(const database *d, int count)
{
    for (int i = 0; i < 100; i++)
        if (ask_about_connections(d, "COUNT(*)") == count)
            return true;
    return false;
}

TEST(mariadb_holds_over_one_connection_that_is_kept_and_over_a_new_one_when_it_has_died)
{
    database d;
    start(&d);
    add(&d, d.address);
    CHECK(passes_soon());
    const int kept = ask_about_connections(&d, "MIN(id)");
    for (int i = 0; i < 3; i++) {
        CHECK(passes_soon());
        CHECK(are_soon(&d, 1));
        CHECK_EQUAL(ask_about_connections(&d, "MIN(id)"), kept);
    }
    started_end(&d.server);
    CHECK_EQUAL(probing_again().status, IMPACT_HEALTH_FAIL);
    run_server(&d);
    CHECK(passes_soon());
    probing_end();
    stop(&d);
}

TEST(mariadb_is_asked_over_its_socket_with_the_right_password_only)
{
    database d;
    start(&d);
    CHECK_EQUAL(ask_within(d.socket, "good", probing_patience_ms).status, IMPACT_HEALTH_PASS);
    check_fails(ask_within(d.socket, "bad", probing_patience_ms), "Access denied");
    check_fails(ask_within(d.address, NULL, probing_patience_ms), "Access denied");
    stop(&d);
}

/* With a connection that is kept, and without. */
TEST(mariadb_fails_in_time_when_it_is_frozen_and_holds_again)
{
    database d;
    start(&d);
    add(&d, d.address);
    CHECK(passes_soon());
    started_signal(&d.server, SIGSTOP);
    check_times_out(probing_again());
    check_times_out(probing_again());
    started_signal(&d.server, SIGCONT);
    CHECK(passes_soon());
    probing_end();
    stop(&d);
}

TEST(a_child_makes_its_own_connection_and_leaves_the_parents_alone)
{
    check_skip_forks_of_threads();
    database d;
    start(&d);
    add(&d, d.address);
    CHECK(passes_soon());
    const int kept = ask_about_connections(&d, "MIN(id)");
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(60);
        const bool passes = passes_soon();
        const bool has_own = are_soon(&d, 2);
        _exit(passes && has_own && impact_health_close(probing, 5000) == 0 ? 0 : 1);
    }
    int status = -1;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
    CHECK(passes_soon());
    CHECK_EQUAL(ask_about_connections(&d, "MIN(id)"), kept);
    probing_end();
    stop(&d);
}

/* ---- over the application's ---- */

typedef struct pool {
    MYSQL *connection;
    bool is_usable;
} pool;

static MYSQL *lend(void *userdata, uint32_t timeout_ms)
{
    CHECK(timeout_ms > 0);
    return ((pool *)userdata)->connection;
}

static void take_back(void *userdata, MYSQL *connection, bool is_usable)
{
    pool *p = userdata;
    CHECK(connection == p->connection);
    p->is_usable = is_usable;
}

static probed ask_lent(pool *p, uint32_t timeout_ms)
{
    return probing_ask(impact_health_add_mariadb(
        probing_registry(),
        IMPACT_CHECK_MARIADB(.name = probing_name, .timeout_ms = timeout_ms,
                             .lender = {.borrow = lend, .give_back = take_back, .userdata = p})));
}

TEST(mariadb_is_asked_over_the_applications_connection)
{
    database d;
    start(&d);
    pool p = {.connection = connect_to(&d)};
    CHECK_EQUAL(ask_lent(&p, probing_patience_ms).status, IMPACT_HEALTH_PASS);
    CHECK(p.is_usable);
    CHECK_EQUAL(mysql_query(p.connection, "DO 1"), 0); /* nothing is left unread */
    started_signal(&d.server, SIGSTOP);
    check_times_out(ask_lent(&p, probing_timeout_ms));
    CHECK(!p.is_usable);
    started_signal(&d.server, SIGCONT);
    mysql_close(p.connection);
    p.connection = NULL;
    check_fails(ask_lent(&p, probing_patience_ms), "lends no connection");
    stop(&d);
}

/* ---- registering ---- */

REGISTERING(mariadb)

TEST(what_makes_no_check_is_refused)
{
    CHECK_REFUSES(add_mariadb, IMPACT_CHECK_MARIADB(.name = "a"),
                  IMPACT_CHECK_MARIADB(.address = "a"),
                  IMPACT_CHECK_MARIADB(.name = "a", .lender = {.borrow = lend}),
                  IMPACT_CHECK_MARIADB(.name = "a", .lender = {.give_back = take_back}),
                  IMPACT_CHECK_MARIADB(.name = "a", .address = "a",
                                       .lender = {.borrow = lend, .give_back = take_back}));
}

TEST(options_of_any_version_are_read)
{
    const abi_case cases[] = {
        REGISTERING_CASE(mariadb, IMPACT_CHECK_MARIADB, name, .address = "127.0.0.1")};
    ABI_CHECK(cases);
}

TEST(registering_without_memory_fails_and_leaves_nothing)
{
    check_registers_without_memory(
        add_mariadb, IMPACT_CHECK_MARIADB(.name = "it", .address = "127.0.0.1", .password = "x"));
}

TEST(the_plugin_adds_its_check_by_its_name)
{
    const impact_check_mariadb_options *options =
        IMPACT_CHECK_MARIADB(.name = "it", .address = "a");
    CHECK_EQUAL(registering_by_name("mariadb", "mariadb", options), IMPACT_OK);
    CHECK_EQUAL(registering_by_name("mariadb", "mariadb", NULL), IMPACT_EINVAL);
    CHECK_EQUAL(registering_by_name("mariadb", "postgresql", options), IMPACT_ENOENT);
}
