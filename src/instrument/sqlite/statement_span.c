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

#include "base/alloc.h"
#include "instrument/common/table.h"
#include "instrument/common/own_tracer.h"
#include "instrument/common/start_attributes.h"
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
    impact__free(NULL, running);
}

/* What is known of a statement before its span starts; and room for what has to be written for it. */
typedef struct statement_facts {
    impact__start_attributes attributes;
    char text[text_limit];
    char summary[IMPACT__SQL_SUMMARY_LIMIT];
    size_t summary_size;
} statement_facts;

static void add(statement_facts *to, impact_attribute attribute)
{
    impact__start_attributes_add(&to->attributes, attribute);
}

/* The file of the main database; it has none in memory. */
static void add_namespace(statement_facts *to, sqlite3_stmt *statement)
{
    const char *file = sqlite3_db_filename(sqlite3_db_handle(statement), "main");
    if (file && *file)
        add(to, impact_string("db.namespace", file));
}

static void describe(statement_facts *to, sqlite3_stmt *statement, impact_text sql)
{
    const size_t text_size =
        impact__sql_sanitise(to->text, sizeof to->text, sql, IMPACT__SQL_SQLITE);
    to->summary_size = impact__sql_summarise(to->summary, sql, IMPACT__SQL_SQLITE);
    add(to, impact_string("db.system.name", "sqlite"));
    add_namespace(to, statement);
    if (text_size)
        add(to, impact_string_n("db.query.text", to->text, text_size));
    if (to->summary_size)
        add(to, impact_string_n("db.query.summary", to->summary, to->summary_size));
}

/* Named by its summary, where there is one. */
static impact_span *start_span(impact_tracer *own, const statement_facts *facts)
{
    return impact_span_start(own, facts->summary_size ? facts->summary : "sqlite",
                             IMPACT_SPAN_OPTIONS(.kind = IMPACT_SPAN_KIND_CLIENT,
                                                 .attributes = facts->attributes.items,
                                                 .attribute_count = facts->attributes.count,
                                                 .name_size = facts->summary_size));
}

/* Without memory to remember it the span ends here: it was, and that is all it tells. */
static void keep(sqlite3_stmt *statement, impact_span *span)
{
    running_statement *running = impact__alloc(NULL, sizeof *running);
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
    impact_tracer *const own = impact__tracer_get(&tracer, "impact.sqlite");
    if (!impact_tracer_is_enabled(own))
        return; /* what comes before a span costs more than the span */
    statement_facts facts;
    facts.attributes.count = 0;
    describe(&facts, statement, impact_text_from(sql, strnlen(sql, sql_limit)));
    impact_span *span = start_span(own, &facts);
    if (impact_span_is_recording(span))
        keep(statement, span);
    else
        impact_span_end(span);
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
