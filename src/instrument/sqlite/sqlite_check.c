/* The check of an SQLite file: open it for reading, read its schema, close it.
 *
 * DESIGN: Each run opens the file anew: that costs tens of microseconds, notices a file that was
 * replaced, and leaves nothing that a fork could share, which SQLite forbids.
 */
#include <impact/sqlite.h>

#include <stddef.h>
#include <string.h>

#include <impact/plugin.h>

#include "base/alloc.h"
#include "base/options.h"
#include "checks/provided.h"

enum {
    steps_between_looks = 1000, /* instructions of SQLite's machine: about 0.1 ms */
};

/* Says yes, interrupt, when the run's time is over. */
static int is_late(void *run)
{
    return impact_health_remaining_ms(run) == 0;
}

static int busy_time(const impact_health_run *run)
{
    const uint32_t remaining_ms = impact_health_remaining_ms(run);
    return remaining_ms < INT32_MAX ? (int)remaining_ms : INT32_MAX;
}

/* An empty schema is readable as well. */
static int read_schema(sqlite3 *connection, impact_health_run *run)
{
    (void)sqlite3_busy_timeout(connection, busy_time(run)); /* fails for a dead connection only */
    sqlite3_progress_handler(connection, steps_between_looks, is_late, run);
    sqlite3_stmt *statement = NULL;
    const int prepared =
        sqlite3_prepare_v2(connection, "SELECT 1 FROM sqlite_master LIMIT 1", -1, &statement, NULL);
    const int stepped = prepared == SQLITE_OK ? sqlite3_step(statement) : prepared;
    (void)sqlite3_finalize(statement); /* tells the last step's failure again */
    return stepped;
}

static bool open_and_read(const char *path, impact_health_run *run)
{
    sqlite3 *connection = NULL;
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
    const int opened = sqlite3_open_v2(path, &connection, flags, NULL);
    const int code = opened == SQLITE_OK ? read_schema(connection, run) : opened;
    const bool holds = code == SQLITE_ROW || code == SQLITE_DONE;
    if (!holds)
        impact_health_explain(run, "%s",
                              connection ? sqlite3_errmsg(connection) : sqlite3_errstr(code));
    (void)sqlite3_close(connection); /* no statement is left that could keep it */
    return holds;
}

static impact_health_status run_check(impact_health_run *run, void *path)
{
    if (impact_health_remaining_ms(run) == 0) {
        impact_health_explain(run, "no time is left");
        return IMPACT_HEALTH_FAIL;
    }
    impact_tracing_suppress();
    const bool holds = open_and_read(path, run);
    impact_tracing_unsuppress();
    return holds ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

/* ---- registering ---- */

impact_status impact_health_add_sqlite(impact_health *health,
                                       const impact_check_sqlite_options *options)
{
    impact_check_sqlite_options known;
    if (!health || !options || !impact__struct_read(&known, sizeof known, options) || !known.path ||
        !*known.path)
        return IMPACT_EINVAL;
    return impact__provided_add(
        health,
        IMPACT__PROVIDED(known, .component_type = "datastore", .may_be_live = known.may_be_live),
        run_check, impact__copy_string(NULL, known.path));
}

/* ---- by name ---- */

static impact_status add_check(impact_health *health, const char *kind, const void *options)
{
    return strcmp(kind, "sqlite") == 0 ? impact_health_add_sqlite(health, options) : IMPACT_ENOENT;
}

IMPACT_API extern const impact_plugin impact_plugin_sqlite;
const impact_plugin impact_plugin_sqlite = {
    .size = sizeof(impact_plugin),
    .abi = IMPACT_PLUGIN_ABI,
    .name = "sqlite",
    .check_add = add_check,
};
