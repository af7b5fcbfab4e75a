/* SQLite's calls on statements, stood in for: how a statement ended is what they return.
 *
 * DESIGN: This library defines the functions below under SQLite's own names. Where it comes before
 * SQLite in a process's order of lookup (linked before it, as by pkg-config, or preloaded), calls
 * by whomever pass through here to the next definition, SQLite's. They return what that returns,
 * and for a process that traces no connection they do nothing else. SQLite calls itself by these
 * names too, where it was built so that it can be stood in for: so the statements of sqlite3_exec
 * are told apart.
 *
 * A statement is stepped on one thread at a time, which notes it here: the PROFILE event, which
 * comes too early to know an error, then leaves the end to the call. A step that finds the database
 * locked leaves a statement running, to be stepped again: its span goes on.
 */
#include "instrument/sqlite/calls.h"

#include <assert.h>
#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "instrument/sqlite/statement_span.h"
#include "instrument/sqlite/traced.h"

#define STANDS_IN __attribute__((visibility("default")))

enum { primary_mask = 0xff };

typedef int (*row_callback)(void *userdata, int count, char **values, char **names);

/* A sqlite3_exec. */
typedef struct execution {
    row_callback callback;
    void *userdata;
    const sqlite3_stmt *within; /* the statement whose function called it; or NULL */
    const sqlite3_stmt *row_of; /* its own statement that a row was returned of; or NULL */
} execution;

/* What is under way on this thread; a function that a statement calls may step others. */
typedef struct own_calls {
    const sqlite3_stmt *stepped; /* the innermost */
    execution *execution;        /* NULL also while its callback runs, which is the program's */
    unsigned preparing;          /* depth */
} own_calls;

static _Thread_local own_calls own;

bool impact__calls_will_end(const sqlite3_stmt *statement)
{
    return own.stepped == statement;
}

/* ---- SQLite's own ---- */

typedef void (*any_function)(void);

/* The next definition behind ours, looked up once; where SQLite comes before us, the first. */
static any_function find(_Atomic(any_function) *kept, const char *name)
{
    any_function found = atomic_load_explicit(kept, memory_order_relaxed);
    if (found)
        return found;
    void *const behind = dlsym(RTLD_NEXT, name);
    void *const symbol = behind ? behind : dlsym(RTLD_DEFAULT, name);
    memcpy(&found, &symbol, sizeof found); /* ISO C knows no conversion */
    atomic_store_explicit(kept, found, memory_order_relaxed);
    return found;
}

/* A pointer to SQLite's function of this name. */
#define REAL(name) ((__typeof__(&(name)))find(&real_##name, #name))

static _Atomic(any_function) real_sqlite3_prepare;
static _Atomic(any_function) real_sqlite3_prepare_v2;
static _Atomic(any_function) real_sqlite3_prepare_v3;
static _Atomic(any_function) real_sqlite3_step;
static _Atomic(any_function) real_sqlite3_reset;
static _Atomic(any_function) real_sqlite3_finalize;
static _Atomic(any_function) real_sqlite3_exec;
static _Atomic(any_function) real_sqlite3_trace_v2;

/* ---- preparing ---- */

typedef struct preparation {
    sqlite3 *connection;
    const char *sql;
    int size;
    uint64_t start_unix_ns; /* 0: it is nobody's business */
} preparation;

/* What a statement, or another preparation, prepares in turn is part of that. */
static preparation begin_preparing(sqlite3 *connection, const char *sql, int size)
{
    const bool is_inner = own.stepped || own.preparing;
    const bool is_told = !is_inner && impact__traced_any() && impact__traced_has(connection);
    own.preparing++;
    return (preparation){connection, sql, size, is_told ? impact__clock_unix_ns() : 0};
}

static int end_preparing(const preparation *p, int code)
{
    assert(own.preparing > 0);
    own.preparing--;
    if (code != SQLITE_OK && p->start_unix_ns)
        impact__statement_refuse(p->connection, p->sql, p->size, code, p->start_unix_ns);
    return code;
}

STANDS_IN int sqlite3_prepare(sqlite3 *db, const char *zSql, int nByte, sqlite3_stmt **ppStmt,
                              const char **pzTail)
{
    const preparation p = begin_preparing(db, zSql, nByte);
    return end_preparing(&p, REAL(sqlite3_prepare)(db, zSql, nByte, ppStmt, pzTail));
}

STANDS_IN int sqlite3_prepare_v2(sqlite3 *db, const char *zSql, int nByte, sqlite3_stmt **ppStmt,
                                 const char **pzTail)
{
    const preparation p = begin_preparing(db, zSql, nByte);
    return end_preparing(&p, REAL(sqlite3_prepare_v2)(db, zSql, nByte, ppStmt, pzTail));
}

STANDS_IN int sqlite3_prepare_v3(sqlite3 *db, const char *zSql, int nByte, unsigned int prepFlags,
                                 sqlite3_stmt **ppStmt, const char **pzTail)
{
    const preparation p = begin_preparing(db, zSql, nByte);
    return end_preparing(&p, REAL(sqlite3_prepare_v3)(db, zSql, nByte, prepFlags, ppStmt, pzTail));
}

/* ---- stepping ---- */

/* It is a sqlite3_exec that steps, which lets go of its statements without a call that we see. */
static bool is_stepped_by_execution(const sqlite3_stmt *outer)
{
    return own.execution && own.execution->within == outer;
}

/* Behind a step: end the statement's span, unless it will be stepped again. */
static void settle(sqlite3_stmt *statement, int code, const sqlite3_stmt *outer)
{
    const bool is_execution = is_stepped_by_execution(outer);
    if (code == SQLITE_ROW) {
        if (is_execution)
            own.execution->row_of = statement;
        return;
    }
    const bool is_busy = (code & primary_mask) == SQLITE_BUSY && sqlite3_stmt_busy(statement);
    if (!is_busy || is_execution)
        impact__statement_end(statement, code);
}

STANDS_IN int sqlite3_step(sqlite3_stmt *statement)
{
    if (!impact__traced_any())
        return REAL(sqlite3_step)(statement);
    const sqlite3_stmt *const outer = own.stepped;
    own.stepped = statement;
    const int code = REAL(sqlite3_step)(statement);
    own.stepped = outer;
    settle(statement, code, outer);
    return code;
}

/* SQLite resets a statement within its step, when the schema has changed, and goes on. */
STANDS_IN int sqlite3_reset(sqlite3_stmt *pStmt)
{
    const int code = REAL(sqlite3_reset)(pStmt);
    if (impact__traced_any() && own.stepped != pStmt)
        impact__statement_end(pStmt, code);
    return code;
}

/* The span is taken first: another thread's next statement may get the address. */
STANDS_IN int sqlite3_finalize(sqlite3_stmt *pStmt)
{
    impact_span *span = impact__traced_any() ? impact__statement_take(pStmt) : NULL;
    const int code = REAL(sqlite3_finalize)(pStmt);
    impact__statement_end_taken(span, code);
    return code;
}

/* ---- sqlite3_exec ---- */

/* A callback that wants no more rows ends its statement, and that is no error of the
 * statement's. */
static int pass_row(void *userdata, int count, char **values, char **names)
{
    execution *e = userdata;
    assert(e->callback && own.execution == e);
    own.execution = NULL;
    const int refused = e->callback(e->userdata, count, values, names);
    own.execution = e;
    if (refused && e->row_of)
        impact_span_end(impact__statement_take(e->row_of));
    return refused;
}

STANDS_IN int sqlite3_exec(sqlite3 *connection, const char *sql, row_callback callback,
                           void *userdata, char **errmsg)
{
    if (!impact__traced_any())
        return REAL(sqlite3_exec)(connection, sql, callback, userdata, errmsg);
    execution *const outer = own.execution;
    execution e = {callback, userdata, own.stepped, NULL};
    own.execution = &e;
    const int code = REAL(sqlite3_exec)(connection, sql, callback ? pass_row : NULL, &e, errmsg);
    own.execution = outer;
    return code;
}

/* ---- the slot ---- */

int impact__calls_trace(sqlite3 *connection, unsigned events, impact__trace_callback callback)
{
    return REAL(sqlite3_trace_v2)(connection, events, callback, NULL);
}

/* Who takes a connection's slot has ended our tracing. */
STANDS_IN int sqlite3_trace_v2(sqlite3 *connection, unsigned uMask,
                               impact__trace_callback xCallback, void *pCtx)
{
    impact__traced_remove(connection);
    return REAL(sqlite3_trace_v2)(connection, uMask, xCallback, pCtx);
}
