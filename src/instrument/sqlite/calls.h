/* The calls on statements that pass through here, on this thread: they tell how a statement
 * ended. */
#ifndef IMPACT_INSTRUMENT_SQLITE_CALLS_H
#define IMPACT_INSTRUMENT_SQLITE_CALLS_H

#include <stdbool.h>

#include <sqlite3.h>

/* A call that is under way will end the statement's span itself. */
bool impact__calls_will_end(const sqlite3_stmt *statement);

/* SQLite's sqlite3_trace_v2. */
typedef int (*impact__trace_callback)(unsigned event, void *context, void *subject, void *detail);
int impact__calls_trace(sqlite3 *connection, unsigned events, impact__trace_callback callback);

#endif
