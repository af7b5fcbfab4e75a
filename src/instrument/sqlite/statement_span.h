/* A CLIENT span a statement (semantic conventions, database-spans). */
#ifndef IMPACT_INSTRUMENT_SQLITE_STATEMENT_SPAN_H
#define IMPACT_INSTRUMENT_SQLITE_STATEMENT_SPAN_H

#include <sqlite3.h>

#include <impact/span.h>

/* Start a statement's span, which waits by its address until it is ended or taken. */
void impact__statement_begin(sqlite3_stmt *statement, const char *sql);

/* End it, if there is one, with what the call on the statement returned. */
void impact__statement_end(sqlite3_stmt *statement, int code);

/* Take it, for a statement that will be gone; NULL: there is none. Then end it with what was
 * returned. */
impact_span *impact__statement_take(const sqlite3_stmt *statement);
void impact__statement_end_taken(impact_span *span, int code);

/* The span of a statement that could not be prepared; `size` as sqlite3_prepare_v2 takes it. */
void impact__statement_refuse(sqlite3 *connection, const char *sql, int size, int code,
                              uint64_t start_unix_ns);

#endif
