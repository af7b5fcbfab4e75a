/* The check of a MariaDB or MySQL server: a ping over a connection that is kept between runs.
 *
 * DESIGN: libmariadb's non-blocking functions, so that every wait is one of ours: poll with what is
 * left of the run's time. A connection on which a run did not come to its end is closed: an answer
 * may still be under way there. One that was kept may have died meanwhile, so a failure on it is
 * followed by one try on a new one. (Looking up a host's name is the one thing that libmariadb
 * waits for on its own.)
 *
 * A connection of the application's may be a blocking one. On it only the beginning of the answer
 * is waited for here; the rest of it has the application's own read timeout.
 *
 * Forks: the child must not close the parent's connection, which mysql_close would by telling the
 * server so. Another file is put in the socket's place first; likewise where the server hangs.
 *
 * The end: libmariadb starts OpenSSL, which takes its state down. A run is inside the door of
 * <impact/process.h>, but while it waits; once that is shut the connection is not touched any more.
 */
#include <impact/mariadb.h>

#include <errno.h>
#include <fcntl.h>
#include <mysql.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <impact/plugin.h>
#include <impact/process.h>

#include "base/alloc.h"
#include "base/once.h"
#include "base/options.h"
#include "checks/endpoint.h"
#include "checks/packed.h"
#include "checks/provided.h"
#include "instrument/common/database_check.h"

enum { mariadb_port = 3306 };

typedef struct mariadb_check {
    MYSQL *connection; /* NULL: none is kept */
    pid_t process;     /* that made it */
    bool is_over;      /* the process ends, and the door is shut */
    impact__endpoint to;
    impact_check_mariadb_lender lender; /* borrow: NULL: there is none */
    const char *user;                   /* all three in the same piece of memory as the struct */
    const char *password;
    const char *database;
} mariadb_check;

/* ---- the connection ---- */

static void disconnect(mariadb_check *check)
{
    if (check->connection)
        mysql_close(check->connection);
    check->connection = NULL;
}

/* Close it without a word to the server, which may be another process's, or hang. Without a
 * descriptor to put in the socket's place it is lost, but harmless. */
static void abandon(mariadb_check *check)
{
    const int socket = (int)mysql_get_socket(check->connection);
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    const bool is_replaced = socket < 0 || (nothing >= 0 && dup3(nothing, socket, O_CLOEXEC) >= 0);
    if (nothing >= 0)
        (void)close(nothing); /* nothing was written */
    if (is_replaced)
        mysql_close(check->connection);
    check->connection = NULL;
}

/* ---- waiting ---- */

/* Outside the door. False: the time is over, or the process ends. */
static bool wait_for(mariadb_check *check, MYSQL *connection, short events, impact_health_run *run)
{
    struct pollfd one = {.fd = (int)mysql_get_socket(connection), .events = events};
    int count = 0;
    impact_door_leave();
    for (uint32_t left_ms; count <= 0 && (left_ms = impact_health_remaining_ms(run)) != 0;) {
        count = poll(&one, 1, left_ms < INT32_MAX ? (int)left_ms : INT32_MAX);
        if (count < 0 && errno != EINTR)
            break;
    }
    check->is_over = !impact_door_enter();
    return count > 0 && !check->is_over;
}

static short events_of(int wanted)
{
    return (short)((wanted & MYSQL_WAIT_READ ? POLLIN : 0) |
                   (wanted & MYSQL_WAIT_WRITE ? POLLOUT : 0) |
                   (wanted & MYSQL_WAIT_EXCEPT ? POLLPRI : 0));
}

/* What an operation waits for, whether it came; libmariadb's own time limits are not set. False as
 * above. */
static bool wait_as_wanted(mariadb_check *check, int wanted, impact_health_run *run)
{
    return wait_for(check, check->connection, events_of(wanted), run);
}

/* ---- talking ---- */

/* Outside the door: it looks names up, which may take long. What it waits for; 0: it has ended. */
static int start_connecting(mariadb_check *check, MYSQL **connected)
{
    const impact__endpoint *to = &check->to;
    const char *host = to->port ? to->where : NULL;
    const char *path = to->port ? NULL : to->where;
    impact_door_leave();
    const int wanted =
        mysql_real_connect_start(connected, check->connection, host, check->user, check->password,
                                 check->database, to->port, path, 0);
    check->is_over = !impact_door_enter();
    return wanted;
}

/* "localhost" is its Unix socket to libmariadb, unless TCP is asked for. */
static bool set_options(const mariadb_check *check)
{
    const unsigned protocol = check->to.port ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
    return mysql_options(check->connection, MYSQL_OPT_NONBLOCK, NULL) == 0 &&
           mysql_options(check->connection, MYSQL_OPT_PROTOCOL, &protocol) == 0;
}

static bool connect_to(mariadb_check *check, impact_health_run *run)
{
    MYSQL *connected = NULL;
    check->connection = mysql_init(NULL);
    check->process = getpid();
    if (!check->connection || !set_options(check))
        return false;
    int wanted = start_connecting(check, &connected);
    if (check->is_over)
        return false;
    while (wanted) {
        if (!wait_as_wanted(check, wanted, run))
            return false;
        wanted = mysql_real_connect_cont(&connected, check->connection, wanted);
    }
    return connected != NULL;
}

static bool ping(mariadb_check *check, impact_health_run *run)
{
    int failure = 1;
    int wanted = mysql_ping_start(&failure, check->connection);
    while (wanted) {
        if (!wait_as_wanted(check, wanted, run))
            return false;
        wanted = mysql_ping_cont(&failure, check->connection, wanted);
    }
    return failure == 0;
}

/* ---- a run over its own connection ---- */

static bool is_late(impact_health_run *run)
{
    if (impact_health_remaining_ms(run))
        return false;
    impact_health_explain(run, "the server does not answer in time");
    return true;
}

/* What was cut off in the middle is not to be waited for. */
static void fail(mariadb_check *check, impact_health_run *run)
{
    if (!check->connection) {
        impact_health_explain(run, "no memory");
        return;
    }
    if (is_late(run)) {
        abandon(check);
        return;
    }
    impact_health_explain(run, "%s", mysql_error(check->connection));
    disconnect(check);
}

/* A connection that was kept does, or a new one. */
static bool is_answered(mariadb_check *check, impact_health_run *run)
{
    if (check->connection && check->process != getpid())
        abandon(check);
    if (check->connection && ping(check, run))
        return true;
    if (check->is_over || (check->connection && is_late(run)))
        return false;
    disconnect(check);
    return connect_to(check, run) && ping(check, run);
}

static bool ask_own(void *userdata, impact_health_run *run)
{
    mariadb_check *check = userdata;
    if (is_answered(check, run))
        return true;
    if (!check->is_over)
        fail(check, run);
    return false;
}

/* ---- a run over the application's ---- */

/* The rows are read, so that nothing is left for the application. */
static bool take_result(MYSQL *connection)
{
    if (mysql_read_query_result(connection))
        return false;
    MYSQL_RES *result = mysql_store_result(connection);
    const bool is_whole = result && mysql_num_rows(result) == 1;
    mysql_free_result(result); /* accepts NULL */
    return is_whole;
}

static bool select_one(mariadb_check *check, MYSQL *connection, impact_health_run *run)
{
    static const char query[] = "SELECT 1";
    const bool is_sent = mysql_send_query(connection, query, sizeof query - 1) == 0;
    const bool holds =
        is_sent && wait_for(check, connection, POLLIN, run) && take_result(connection);
    if (!holds && !check->is_over && !is_late(run))
        impact_health_explain(run, "%s", mysql_error(connection));
    return holds;
}

static void *borrow(void *userdata, uint32_t timeout_ms)
{
    const impact_check_mariadb_lender *lender = &((mariadb_check *)userdata)->lender;
    return lender->borrow(lender->userdata, timeout_ms);
}

static void give_back(void *userdata, void *connection, bool is_usable)
{
    const impact_check_mariadb_lender *lender = &((mariadb_check *)userdata)->lender;
    lender->give_back(lender->userdata, connection, is_usable);
}

static bool ask_lent(void *check, void *connection, impact_health_run *run, bool *is_usable)
{
    *is_usable = select_one(check, connection, run);
    return *is_usable;
}

static impact_health_status run_check(impact_health_run *run, void *userdata)
{
    static const impact__database mariadb = {ask_own, borrow, give_back, ask_lent};
    mariadb_check *check = userdata;
    return impact__database_run(&mariadb, check, check->lender.borrow != NULL, &check->is_over,
                                run);
}

/* ---- registering ---- */

static mariadb_check *make_check(const impact_check_mariadb_options *options,
                                 const impact__endpoint *to)
{
    const size_t size = impact__packed_size(options->user) +
                        impact__packed_size(options->password) +
                        impact__packed_size(options->database);
    mariadb_check *check = impact__alloc(NULL, sizeof *check + size);
    if (!check)
        return NULL;
    char *texts = (char *)(check + 1);
    check->to = *to;
    check->lender = options->lender;
    check->user = impact__pack(&texts, options->user);
    check->password = impact__pack(&texts, options->password);
    check->database = impact__pack(&texts, options->database);
    return check;
}

static void free_check(void *userdata)
{
    mariadb_check *check = userdata;
    if (check->connection && impact_door_enter()) {
        if (check->process != getpid())
            abandon(check);
        disconnect(check);
        impact_door_leave();
    }
    impact__free(NULL, check);
}

/* Either its own connection, by an address, or the application's. */
static bool is_valid(const impact_check_mariadb_options *options, impact__endpoint *to)
{
    if (options->lender.borrow)
        return options->lender.give_back && !options->address && !options->user &&
               !options->password && !options->database;
    return !options->lender.give_back && impact__endpoint_read(to, options->address, mariadb_port);
}

static impact__once start_once;
static impact_status start_status;

/* Here, where no thread of ours runs yet: it is not safe everywhere at first use. */
static void start_libmariadb(void)
{
    start_status = mysql_library_init(0, NULL, NULL) ? IMPACT_ENOMEM : impact_door_watch();
}

impact_status impact_health_add_mariadb(impact_health *health,
                                        const impact_check_mariadb_options *options)
{
    impact_check_mariadb_options known;
    impact__endpoint to = {0};
    if (!health || !options || !impact__struct_read(&known, sizeof known, options) ||
        !is_valid(&known, &to))
        return IMPACT_EINVAL;
    impact__once_do(&start_once, start_libmariadb);
    if (start_status)
        return start_status;
    return impact__provided_add_with(
        health, IMPACT__PROVIDED(known, .component_type = "datastore", .is_external = true),
        run_check, make_check(&known, &to), free_check);
}

/* ---- by name ---- */

static impact_status add_check(impact_health *health, const char *kind, const void *options)
{
    return strcmp(kind, "mariadb") == 0 ? impact_health_add_mariadb(health, options)
                                        : IMPACT_ENOENT;
}

IMPACT_API extern const impact_plugin impact_plugin_mariadb;
const impact_plugin impact_plugin_mariadb = {
    .size = sizeof(impact_plugin),
    .abi = IMPACT_PLUGIN_ABI,
    .name = "mariadb",
    .check_add = add_check,
};
