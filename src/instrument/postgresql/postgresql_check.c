/* The check of a PostgreSQL server: SELECT 1 over a connection that is kept between runs.
 *
 * DESIGN: libpq's asynchronous functions, so that every wait is one of ours: poll with what is left
 * of the run's time. A connection on which a run did not come to its end is closed: an answer may
 * still be under way there. One that was kept may have died meanwhile, so a failure on it is
 * followed by one try on a new one. (Looking up a host's name is the one thing that libpq waits for
 * on its own.)
 *
 * Forks: the child must not close the parent's connection, as PQfinish would by telling the server
 * so. It puts another file in the socket's place first.
 *
 * The end: OpenSSL, which libpq starts with its first connection that needs it, takes its state
 * down. A run is inside the door of <impact/process.h>, but while it waits; once that is shut the
 * connection is not touched any more.
 */
#include <impact/postgresql.h>

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <impact/plugin.h>
#include <impact/process.h>

#include "base/alloc.h"
#include "base/options.h"
#include "checks/provided.h"
#include "instrument/common/database_check.h"

typedef struct postgresql_check {
    PGconn *connection;                    /* NULL: none is kept */
    pid_t process;                         /* that made it */
    bool is_over;                          /* the process ends, and the door is shut */
    impact_check_postgresql_lender lender; /* borrow: NULL: there is none */
    char conninfo[];
} postgresql_check;

/* ---- the connection ---- */

/* libpq would write notices to standard error. */
static void ignore_notice(void *userdata, const PGresult *result)
{
    (void)userdata;
    (void)result;
}

static void disconnect(postgresql_check *check)
{
    PQfinish(check->connection); /* accepts NULL */
    check->connection = NULL;
}

/* Leave the connection to the process that made it. Without a descriptor to put in its place it
 * stays as it is: lost, but harmless. */
static void disown(postgresql_check *check)
{
    const int socket = PQsocket(check->connection);
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    const bool is_replaced = nothing >= 0 && socket >= 0 && dup3(nothing, socket, O_CLOEXEC) >= 0;
    if (nothing >= 0)
        (void)close(nothing); /* nothing was written */
    if (is_replaced)
        PQfinish(check->connection);
    check->connection = NULL;
}

/* ---- waiting ---- */

/* Until the descriptor is ready. False: the time is over, or the descriptor is no more. */
static bool wait_for_descriptor(int socket, short events, impact_health_run *run)
{
    for (;;) {
        const uint32_t remaining_ms = impact_health_remaining_ms(run);
        if (!remaining_ms || socket < 0)
            return false;
        struct pollfd descriptor = {.fd = socket, .events = events};
        const int timeout = remaining_ms < INT32_MAX ? (int)remaining_ms : INT32_MAX;
        const int count = poll(&descriptor, 1, timeout);
        if (count > 0)
            return (descriptor.revents & POLLNVAL) == 0;
        if (count < 0 && errno != EINTR)
            return false;
    }
}

/* Outside the door. False too when the process ends. */
static bool wait_for(postgresql_check *check, short events, impact_health_run *run)
{
    const int socket = PQsocket(check->connection);
    impact_door_leave();
    const bool is_ready = wait_for_descriptor(socket, events, run);
    check->is_over = !impact_door_enter();
    return is_ready && !check->is_over;
}

/* Have the door watched once OpenSSL is started: a first connection may have needed its hashes, and
 * the first one over TLS has. */
static void watch_exit(PGconn *connection)
{
    static atomic_bool has_watched[2];
    if (atomic_exchange(&has_watched[PQsslInUse(connection) ? 1 : 0], true))
        return;
    const impact_status status = impact_door_watch();
    (void)status; /* without memory for it, only an exit at the wrong moment hurts */
}

/* Outside the door: it looks names up, which may take long, and begins no TLS. */
static void start_connection(postgresql_check *check)
{
    impact_door_leave();
    check->connection = PQconnectStart(check->conninfo);
    check->process = getpid();
    check->is_over = !impact_door_enter();
}

static bool connect_to(postgresql_check *check, impact_health_run *run)
{
    start_connection(check);
    if (check->is_over || !check->connection || PQstatus(check->connection) == CONNECTION_BAD)
        return false;
    /* What it returns, the receiver before, is libpq's own. */
    (void)PQsetNoticeReceiver(check->connection, ignore_notice, NULL);
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING) {
        if (!wait_for(check, next == PGRES_POLLING_READING ? POLLIN : POLLOUT, run))
            return false;
        next = PQconnectPoll(check->connection);
    }
    watch_exit(check->connection);
    return next == PGRES_POLLING_OK && PQsetnonblocking(check->connection, 1) == 0;
}

/* libpq's own order: while there is something to write, reading must go on too (PQflush). */
static bool send_all(postgresql_check *check, impact_health_run *run)
{
    int state;
    while ((state = PQflush(check->connection)) > 0)
        if (!wait_for(check, POLLIN | POLLOUT, run) || !PQconsumeInput(check->connection))
            return false;
    return state == 0;
}

/* The next result; NULL at the end, and `is_whole` false when it did not come. */
static PGresult *receive(postgresql_check *check, impact_health_run *run, bool *is_whole)
{
    while (PQisBusy(check->connection)) {
        if (!wait_for(check, POLLIN, run) || !PQconsumeInput(check->connection)) {
            *is_whole = false;
            return NULL;
        }
    }
    return PQgetResult(check->connection);
}

static bool ask(postgresql_check *check, impact_health_run *run)
{
    if (!PQsendQuery(check->connection, "SELECT 1") || !send_all(check, run))
        return false;
    bool is_whole = true;
    bool holds = false;
    for (PGresult *result; (result = receive(check, run, &is_whole));) {
        holds = PQresultStatus(result) == PGRES_TUPLES_OK;
        PQclear(result);
    }
    return is_whole && holds && PQstatus(check->connection) == CONNECTION_OK;
}

/* ---- a run over its own connection ---- */

static void explain(const postgresql_check *check, impact_health_run *run)
{
    const char *message = check->connection ? PQerrorMessage(check->connection) : "no memory";
    if (impact_health_remaining_ms(run) == 0)
        message = "the server does not answer in time";
    impact_health_explain(run, "%.*s", (int)strcspn(message, "\n"), message);
}

/* A connection that was kept does, or a new one. */
static bool is_answered(postgresql_check *check, impact_health_run *run)
{
    if (check->connection && check->process != getpid())
        disown(check);
    if (check->connection && ask(check, run))
        return true;
    if (check->is_over)
        return false;
    disconnect(check);
    return connect_to(check, run) && ask(check, run);
}

static bool ask_own(void *userdata, impact_health_run *run)
{
    postgresql_check *check = userdata;
    if (is_answered(check, run))
        return true;
    if (check->is_over)
        return false;
    explain(check, run);
    disconnect(check);
    return false;
}

/* ---- a run over the application's connection ---- */

static void *borrow(void *userdata, uint32_t timeout_ms)
{
    const impact_check_postgresql_lender *lender = &((postgresql_check *)userdata)->lender;
    return lender->borrow(lender->userdata, timeout_ms);
}

static void give_back(void *userdata, void *connection, bool is_usable)
{
    const impact_check_postgresql_lender *lender = &((postgresql_check *)userdata)->lender;
    lender->give_back(lender->userdata, connection, is_usable);
}

/* It is the application's again as it was, blocking or not. */
static bool ask_lent(void *userdata, void *connection, impact_health_run *run, bool *is_usable)
{
    postgresql_check *check = userdata;
    check->connection = connection;
    const int was_nonblocking = PQisnonblocking(connection);
    const bool holds = PQsetnonblocking(connection, 1) == 0 && ask(check, run);
    if (check->is_over)
        return false;
    if (!holds)
        explain(check, run);
    *is_usable = PQsetnonblocking(connection, was_nonblocking) == 0 && holds;
    check->connection = NULL;
    return holds;
}

static impact_health_status run_check(impact_health_run *run, void *userdata)
{
    static const impact__database postgresql = {ask_own, borrow, give_back, ask_lent};
    postgresql_check *check = userdata;
    return impact__database_run(&postgresql, check, check->lender.borrow != NULL, &check->is_over,
                                run);
}

/* ---- registering ---- */

static postgresql_check *make_check(const impact_check_postgresql_options *options)
{
    const char *conninfo = options->conninfo ? options->conninfo : "";
    const size_t size = strlen(conninfo) + 1;
    postgresql_check *check = impact__alloc(NULL, sizeof *check + size);
    if (!check)
        return NULL;
    check->lender = options->lender;
    memcpy(check->conninfo, conninfo, size);
    return check;
}

static void free_check(void *userdata)
{
    postgresql_check *check = userdata;
    if (impact_door_enter()) {
        if (check->connection && check->process != getpid())
            disown(check);
        disconnect(check);
        impact_door_leave();
    }
    impact__free(NULL, check);
}

/* Either its own connection or the application's. */
static bool is_valid(const impact_check_postgresql_options *options)
{
    const impact_check_postgresql_lender *lender = &options->lender;
    return lender->borrow ? lender->give_back && !options->conninfo : !lender->give_back;
}

impact_status impact_health_add_postgresql(impact_health *health,
                                           const impact_check_postgresql_options *options)
{
    impact_check_postgresql_options known;
    if (!health || !options || !impact__struct_read(&known, sizeof known, options) ||
        !is_valid(&known))
        return IMPACT_EINVAL;
    return impact__provided_add_with(
        health,
        IMPACT__PROVIDED(known, .component_type = "datastore", .may_be_live = known.may_be_live),
        run_check, make_check(&known), free_check);
}

/* ---- by name ---- */

static impact_status add_check(impact_health *health, const char *kind, const void *options)
{
    return strcmp(kind, "postgresql") == 0 ? impact_health_add_postgresql(health, options)
                                           : IMPACT_ENOENT;
}

IMPACT_API extern const impact_plugin impact_plugin_postgresql;
const impact_plugin impact_plugin_postgresql = {
    .size = sizeof(impact_plugin),
    .abi = IMPACT_PLUGIN_ABI,
    .name = "postgresql",
    .check_add = add_check,
};
