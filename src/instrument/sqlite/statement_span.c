/* A CLIENT span a statement, from SQLite's trace events (semantic conventions, database-spans).
 *
 * DESIGN: STMT comes with a statement's first step, PROFILE when it is done, or is reset or finalised
 * before that. In between its span waits in the table, by statement: so statements of one connection
 * may interleave, and connections may be used by several threads. The clock is the span's own: that of
 * PROFILE has milliseconds.
 *
 * What no event tells: a statement that cannot be prepared has no span, and PROFILE comes before the
 * connection knows the error. (SQLite's error log knows, but its one slot a process is the
 * application's.) So the status of a span stays unset, and says nothing about success.
 */
#include <impact/sqlite.h>

#include <string.h>

#include "instrument/common/memory.h"
#include "instrument/common/table.h"
#include "instrument/common/own_tracer.h"
#include "instrument/sql/sql.h"

/* Bytes: of a statement that are looked at, as a literal may have megabytes; and of db.query.text. */
enum { sql_limit = 16 * 1024, text_limit = 2048 };

static _Atomic(impact_tracer *) tracer;

typedef struct running_statement {
    impact__table_entry entry; /* by sqlite3_stmt */
    impact_span *span;
} running_statement;

static void end_statement(const sqlite3_stmt *statement)
{
    running_statement *running = (running_statement *)impact__table_remove(statement);
    if (!running)
        return;
    impact_span_end(running->span);
    impact__memory_give_back(running);
}

/* The file of the main database; it has none in memory. */
static void set_namespace(impact_span *span, sqlite3_stmt *statement)
{
    const char *file = sqlite3_db_filename(sqlite3_db_handle(statement), "main");
    if (file && *file)
        impact_span_set(span, impact_string("db.namespace", file));
}

static void describe(impact_span *span, sqlite3_stmt *statement, impact_text sql)
{
    char text[text_limit];
    char summary[IMPACT__SQL_SUMMARY_LIMIT];
    const size_t text_size = impact__sql_sanitise(text, sizeof text, sql);
    const size_t summary_size = impact__sql_summarise(summary, sql);
    impact_span_set(span, impact_string("db.system.name", "sqlite"));
    set_namespace(span, statement);
    if (text_size)
        impact_span_set(span, impact_string_n("db.query.text", text, text_size));
    if (!summary_size)
        return;
    impact_span_set(span, impact_string_n("db.query.summary", summary, summary_size));
    impact_span_set_name_n(span, summary, summary_size);
}

/* Without memory to remember it the span ends here: it was, and that is all it tells. */
static void keep(sqlite3_stmt *statement, impact_span *span)
{
    running_statement *running = impact__memory_take(sizeof *running);
    if (!running) {
        impact_span_end(span);
        return;
    }
    running->span = span;
    impact__table_add(&running->entry, statement);
}

static void begin_statement(sqlite3_stmt *statement, const char *sql)
{
    end_statement(statement); /* its PROFILE went to a callback that stood in our slot meanwhile */
    impact_span *span = impact_span_start(impact__tracer_get(&tracer, "impact.sqlite"), "sqlite",
                                          IMPACT_SPAN_OPTIONS(.kind = IMPACT_SPAN_KIND_CLIENT));
    if (!impact_span_is_recording(span)) {
        impact_span_end(span);
        return;
    }
    describe(span, statement, impact_text_from(sql, strnlen(sql, sql_limit)));
    keep(statement, span);
}

/* A trigger, or a statement that a function or a virtual table runs inside another: `text` is then not
 * the statement's own, but a comment that begins with "--". A statement may begin with a comment too. */
static bool is_inner(sqlite3_stmt *statement, const char *text)
{
    const char *sql = sqlite3_sql(statement);
    return strncmp(text, "--", 2) == 0 && (!sql || (sql != text && strcmp(sql, text) != 0));
}

/* The events that were asked for; others are to be ignored (sqlite3_trace_v2). */
static int take_event(unsigned event, void *context, void *subject, void *detail)
{
    (void)context; /* the statement knows its connection */
    if (event == SQLITE_TRACE_STMT) {
        if (detail && !is_inner(subject, detail))
            begin_statement(subject, detail);
    } else if (event == SQLITE_TRACE_PROFILE) {
        end_statement(subject);
    }
    return 0; /* reserved */
}

static int trace(sqlite3 *connection)
{
    return sqlite3_trace_v2(connection, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE, take_event, NULL);
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
