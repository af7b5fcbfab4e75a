/* SQLite's trace events: when statements begin, and, where no call tells, that they have ended.
 *
 * DESIGN: STMT comes with a statement's first step, PROFILE when it is done, or is reset or
 * finalised before that. PROFILE comes before the connection knows the error, and a statement that
 * cannot be prepared has no event. Both are known to who calls, so the calls are stood in for
 * (calls.c); what does not pass through there has spans by these events alone, without a status.
 */
#include <impact/sqlite.h>

#include <string.h>

#include "instrument/common/table.h"
#include "instrument/sqlite/calls.h"
#include "instrument/sqlite/statement_span.h"
#include "instrument/sqlite/traced.h"

/* ---- events ---- */

/* A trigger, or a statement that a function or a virtual table runs inside another: `text` is
 * then not the statement's own, but a comment that begins with "--". A statement may begin with
 * a comment too. */
static bool is_inner(sqlite3_stmt *statement, const char *text)
{
    const char *sql = sqlite3_sql(statement);
    return strncmp(text, "--", 2) == 0 && (!sql || (sql != text && strcmp(sql, text) != 0));
}

static void take_begin(sqlite3_stmt *statement, const char *text)
{
    if (text && !is_inner(statement, text))
        impact__statement_begin(statement, text);
}

static void take_end(sqlite3_stmt *statement)
{
    if (!impact__calls_will_end(statement))
        impact_span_end(impact__statement_take(statement));
}

/* The events that were asked for; others are to be ignored (sqlite3_trace_v2). */
static int take_event(unsigned event, void *context, void *subject, void *detail)
{
    (void)context; /* the statement knows its connection */
    if (event == SQLITE_TRACE_STMT)
        take_begin(subject, detail);
    else if (event == SQLITE_TRACE_PROFILE)
        take_end(subject);
    else if (event == SQLITE_TRACE_CLOSE)
        impact__traced_remove(subject);
    return 0; /* reserved */
}

/* ---- tracing ---- */

static int trace(sqlite3 *connection)
{
    const unsigned events = SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE | SQLITE_TRACE_CLOSE;
    const int code = impact__calls_trace(connection, events, take_event);
    if (code == SQLITE_OK)
        impact__traced_add(connection);
    return code;
}

/* An extension's entry point; SQLite calls it for each connection that is opened. */
static int trace_opened(sqlite3 *connection, const char **message, const void *api)
{
    (void)message; /* there is no failure to explain */
    (void)api;
    return trace(connection);
}

static impact_status status_of(int code)
{
    if (code == SQLITE_OK)
        return IMPACT_OK;
    return code == SQLITE_NOMEM ? IMPACT_ENOMEM : IMPACT_ESYSTEM;
}

impact_status impact_sqlite_trace_all(void)
{
    if (!impact__table_is_ready())
        return IMPACT_ENOMEM;
    return status_of(sqlite3_auto_extension((void (*)(void))trace_opened));
}

impact_status impact_sqlite_trace(sqlite3 *connection)
{
    if (!connection)
        return IMPACT_EINVAL;
    return impact__table_is_ready() ? status_of(trace(connection)) : IMPACT_ENOMEM;
}
