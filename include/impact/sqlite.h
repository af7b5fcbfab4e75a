/* SQLite: a CLIENT span a statement, and a check that a database answers. Link with impact-sqlite.
 *
 * Link it before SQLite, as pkg-config does, or preload it: then it sees what SQLite's calls
 * return, and failures are errors. Where it comes behind, SQLite's trace events tell of none: see
 * impact_sqlite(3).
 */
#ifndef IMPACT_SQLITE_H
#define IMPACT_SQLITE_H

#include <sqlite3.h>

#include <impact/health.h>
#include <impact/span.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Trace every connection that is opened from now on, through sqlite3_auto_extension. Calling it
 * again changes nothing. IMPACT_ENOMEM. */
IMPACT_API IMPACT_CHECKED impact_status impact_sqlite_trace_all(void);

/* Trace one open connection. It takes the connection's one sqlite3_trace_v2 slot. IMPACT_EINVAL:
 * NULL. */
IMPACT_API IMPACT_CHECKED impact_status impact_sqlite_trace(sqlite3 *connection);

/* ---- a check that a database file can be read ---- */

typedef struct impact_check_sqlite_options {
    size_t size;
    const char *path;          /* copied; a file name, or a URI; required */
    uint32_t timeout_ms;       /* 2000 */
    const char *name;          /* copied; the check's; required */
    const char *groups;        /* as in impact_check */
    bool may_be_live;          /* as in impact_check */
    const impact_check *check; /* as in <impact/checks.h> */
} impact_check_sqlite_options;

#define IMPACT_CHECK_SQLITE(...)                                                                   \
    (&(const impact_check_sqlite_options){.size = sizeof(impact_check_sqlite_options), __VA_ARGS__})

/* Register a check that opens the file read-only and selects 1 from its schema, so that the file is
 * really read. It never creates one, and its statements make no spans. As impact_health_add. */
IMPACT_API IMPACT_CHECKED impact_status
impact_health_add_sqlite(impact_health *health, const impact_check_sqlite_options *options);

#ifdef __cplusplus
}
#endif

#endif
