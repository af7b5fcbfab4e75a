/* A CLIENT span a statement.
 *
 * DESIGN: Between its begin and its end a span waits in the table, by statement: so statements of
 * one connection may interleave, and connections may be used by several threads. The clock is the
 * span's own: that of SQLite's PROFILE has milliseconds.
 */
#include "instrument/sqlite/statement_span.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "instrument/common/own_tracer.h"
#include "instrument/common/start_attributes.h"
#include "instrument/common/table.h"
#include "instrument/sql/sql.h"
#include "instrument/sqlite/error_name.h"

enum {
    sql_limit = 16 * 1024
}; /* bytes of a statement that are looked at: a literal may have
                                    megabytes */

enum { primary_mask = 0xff };

static _Atomic(impact_tracer *) tracer;

typedef struct running_statement {
    impact__table_entry entry; /* by sqlite3_stmt */
    impact_span *span;
} running_statement;

/* What is known of a statement before its span starts; and room for what has to be written for
 * it. */
typedef struct statement_facts {
    impact__start_attributes attributes;
    char text[IMPACT__SQL_TEXT_LIMIT];
    char summary[IMPACT__SQL_SUMMARY_LIMIT];
    size_t summary_size;
} statement_facts;

/* ---- begin ---- */

static void add(statement_facts *to, impact_attribute attribute)
{
    impact__start_attributes_add(&to->attributes, attribute);
}

/* The file of the main database; it has none in memory. */
static void add_namespace(statement_facts *to, sqlite3 *connection)
{
    const char *file = sqlite3_db_filename(connection, "main");
    if (file && *file)
        add(to, impact_string("db.namespace", file));
}

/* `text_size` bytes of text have been written. */
static void add_text(statement_facts *to, size_t text_size, impact_text sql)
{
    if (!text_size)
        return;
    add(to, impact_string_n("db.query.text", to->text, text_size));
    to->summary_size = impact__sql_summarise(to->summary, sql, IMPACT__SQL_SQLITE);
    if (to->summary_size)
        add(to, impact_string_n("db.query.summary", to->summary, to->summary_size));
}

static void begin_facts(statement_facts *to, sqlite3 *connection)
{
    to->attributes.count = 0;
    to->summary_size = 0;
    add(to, impact_string("db.system.name", "sqlite"));
    add_namespace(to, connection);
}

/* Named by its summary, where there is one. `start_unix_ns` is 0 for now. */
static impact_span *start_span(impact_tracer *own, const statement_facts *facts,
                               uint64_t start_unix_ns)
{
    return impact_span_start(
        own, facts->summary_size ? facts->summary : "sqlite",
        IMPACT_SPAN_OPTIONS(.kind = IMPACT_SPAN_KIND_CLIENT, .attributes = facts->attributes.items,
                            .attribute_count = facts->attributes.count,
                            .name_size = facts->summary_size, .start_unix_ns = start_unix_ns));
}

/* Without memory to remember it the span ends here: it was, and that is all it tells. */
static void keep(const sqlite3_stmt *statement, impact_span *span)
{
    assert(statement && span);
    running_statement *running = impact__alloc(NULL, sizeof *running);
    if (!running) {
        impact_span_end(span);
        return;
    }
    running->span = span;
    impact__table_add(&running->entry, statement);
}

void impact__statement_begin(sqlite3_stmt *statement, const char *sql)
{
    /* One that still waits was ended where nobody told us. */
    impact_span_end(impact__statement_take(statement));
    impact_tracer *const own = impact__tracer_get(&tracer, "impact.sqlite");
    if (!impact_tracer_is_enabled(own))
        return; /* what comes before a span costs more than the span */
    statement_facts facts;
    const impact_text text = impact_text_from(sql, strnlen(sql, sql_limit));
    begin_facts(&facts, sqlite3_db_handle(statement));
    add_text(&facts, impact__sql_sanitise(facts.text, sizeof facts.text, text, IMPACT__SQL_SQLITE),
             text);
    impact_span *span = start_span(own, &facts, 0);
    if (impact_span_is_recording(span))
        keep(statement, span);
    else
        impact_span_end(span);
}

/* ---- end ---- */

/* Without SQLite's message, which may quote data. */
static void set_error(impact_span *span, int code)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%d", code); /* it fits */
    impact_span_set(span, impact_string("db.response.status_code", text));
    impact_span_set(span, impact_string("error.type", impact__sqlite_error_name(code)));
    impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, sqlite3_errstr(code));
}

static bool is_error(int code)
{
    return code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE;
}

/* A call returns a code's first byte, unless the connection was told otherwise. Another thread
 * may have used the connection meanwhile. */
static int extended(sqlite3 *connection, int code)
{
    const int known = sqlite3_extended_errcode(connection);
    return (known & primary_mask) == (code & primary_mask) ? known : code;
}

impact_span *impact__statement_take(const sqlite3_stmt *statement)
{
    running_statement *running = (running_statement *)impact__table_remove(statement);
    impact_span *span = running ? running->span : NULL;
    impact__free(NULL, running);
    return span;
}

void impact__statement_end_taken(impact_span *span, int code)
{
    if (is_error(code) && impact_span_is_recording(span))
        set_error(span, code);
    impact_span_end(span);
}

void impact__statement_end(sqlite3_stmt *statement, int code)
{
    impact_span *span = impact__statement_take(statement);
    if (!span)
        return;
    const bool fails = is_error(code);
    impact__statement_end_taken(span, fails ? extended(sqlite3_db_handle(statement), code) : code);
}

/* ---- refused ---- */

void impact__statement_refuse(sqlite3 *connection, const char *sql, int size, int code,
                              uint64_t start_unix_ns)
{
    impact_tracer *const own = impact__tracer_get(&tracer, "impact.sqlite");
    if (!impact_tracer_is_enabled(own))
        return;
    const size_t limit = size >= 0 && size < sql_limit ? (size_t)size : sql_limit;
    const impact_text all = impact_text_from(sql, sql ? strnlen(sql, limit) : 0);
    const impact_text text = impact__sql_first_statement(all, IMPACT__SQL_SQLITE);
    statement_facts facts;
    begin_facts(&facts, connection);
    add_text(&facts, impact__sql_sanitise_refused(facts.text, sizeof facts.text, text), text);
    impact_span *span = start_span(own, &facts, start_unix_ns);
    impact__statement_end_taken(span, extended(connection, code));
}
