/* SQLite: a CLIENT span a statement; its check is in <impact/sqlite_check.h>. Link with
 * impact-sqlite.
 *
 * Link it before SQLite, as pkg-config does, or preload it: then it sees what SQLite's calls
 * return, and failures are errors. Where it comes behind, SQLite's trace events tell of none: see
 * impact_sqlite(3).
 */
#ifndef IMPACT_SQLITE_H
#define IMPACT_SQLITE_H

#include <sqlite3.h>

#include <impact/span.h>
#include <impact/sqlite_check.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Trace every connection that is opened from now on, through sqlite3_auto_extension. Calling it
 * again changes nothing. IMPACT_ENOMEM. */
IMPACT_API IMPACT_CHECKED impact_status impact_sqlite_trace_all(void);

/* Trace one open connection. It takes the connection's one sqlite3_trace_v2 slot. IMPACT_EINVAL:
 * NULL. */
IMPACT_API IMPACT_CHECKED impact_status impact_sqlite_trace(sqlite3 *connection);

#ifdef __cplusplus
}
#endif

#endif
