/* How SQLite's statements end, told by the calls on them: errors, rows, several statements in
 * one call, locks; and what is told of calls that pass us by. */
#include <impact/sqlite.h>

#include <dlfcn.h>
#include <unistd.h>

#include <impact/trace.h>

#include "database.h"
#include "memory_switch.h"
#include "spans.h"
#include "support/check.h"
#include "support/faults.h"

static int run(sqlite3 *connection, const char *sql)
{
    return sqlite3_exec(connection, sql, NULL, NULL, NULL);
}

static void check_error(const impact_span_view *span, const char *type, const char *code)
{
    REQUIRE(span);
    CHECK_EQUAL(span->status, IMPACT_SPAN_STATUS_ERROR);
    CHECK_STRING(spans_text(span, "error.type"), type);
    CHECK_STRING(spans_text(span, "db.response.status_code"), code);
}

static void check_no_error(const impact_span_view *span)
{
    REQUIRE(span);
    CHECK_EQUAL(span->status, IMPACT_SPAN_STATUS_UNSET);
    CHECK_STRING(spans_text(span, "error.type"), NULL);
    CHECK_STRING(spans_text(span, "db.response.status_code"), NULL);
}

/* A file whose owner has it for itself. */
typedef struct locked_file {
    scratch file;
    sqlite3 *owner;
    sqlite3 *traced;
} locked_file;

static locked_file locked_open(void)
{
    locked_file l = {scratch_open(), NULL, NULL};
    l.traced = database_open_traced(l.file.path);
    CHECK_EQUAL(run(l.traced, "CREATE TABLE a (x)"), SQLITE_OK);
    CHECK_EQUAL(sqlite3_open(l.file.path, &l.owner), SQLITE_OK);
    CHECK_EQUAL(run(l.owner, "BEGIN EXCLUSIVE"), SQLITE_OK);
    return l;
}

static void locked_close(const locked_file *l)
{
    CHECK_EQUAL(sqlite3_close(l->owner), SQLITE_OK);
    CHECK_EQUAL(sqlite3_close(l->traced), SQLITE_OK);
    (void)unlink(l->file.path);
}

/* ---- errors ---- */

TEST(a_statement_that_fails_is_an_error_with_its_type)
{
    sqlite3 *connection = database_open_traced(":memory:");
    CHECK_EQUAL(run(connection, "CREATE TABLE a (x UNIQUE); INSERT INTO a VALUES (1)"), SQLITE_OK);
    REQUIRE(spans_open());
    CHECK_EQUAL(run(connection, "INSERT INTO a VALUES (1)"), SQLITE_CONSTRAINT);
    CHECK_EQUAL(spans_count(), 1);
    const impact_span_view *span = spans_find("INSERT a", 0);
    check_error(span, "SQLITE_CONSTRAINT", "2067");
    CHECK_STRING(spans_text(span, "db.query.text"), "INSERT INTO a VALUES (?)");
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

TEST(a_prepared_statement_that_fails_is_an_error_once)
{
    sqlite3 *connection = database_open_traced(":memory:");
    CHECK_EQUAL(run(connection, "CREATE TABLE a (x UNIQUE); INSERT INTO a VALUES (1)"), SQLITE_OK);
    REQUIRE(spans_open());
    sqlite3_stmt *statement = database_prepare(connection, "INSERT INTO a VALUES (?)");
    CHECK_EQUAL(sqlite3_bind_int(statement, 1, 1), SQLITE_OK);
    CHECK_EQUAL(sqlite3_step(statement), SQLITE_CONSTRAINT);
    CHECK_EQUAL(sqlite3_reset(statement), SQLITE_CONSTRAINT); /* as SQLite has it */
    CHECK_EQUAL(sqlite3_bind_int(statement, 1, 2), SQLITE_OK);
    CHECK_EQUAL(sqlite3_step(statement), SQLITE_DONE);
    CHECK_EQUAL(sqlite3_finalize(statement), SQLITE_OK);
    CHECK_EQUAL(spans_count(), 2);
    check_error(spans_find("INSERT a", 0), "SQLITE_CONSTRAINT", "2067");
    check_no_error(spans_find("INSERT a", 1));
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

TEST(a_statement_that_lacks_a_table_is_an_error_with_its_text)
{
    REQUIRE(spans_open());
    sqlite3 *connection = database_open_traced(":memory:");
    {
        IMPACT_SPAN(request, "request");
        CHECK_EQUAL(run(connection, "SELECT a FROM b WHERE c = 's3cret'"), SQLITE_ERROR);
    }
    CHECK_EQUAL(spans_count(), 2);
    const impact_span_view *span = spans_find("SELECT b", 0);
    check_error(span, "SQLITE_ERROR", "1");
    CHECK_STRING(spans_text(span, "db.query.text"), "SELECT a FROM b WHERE c = ?");
    CHECK_STRING(spans_sampler_saw("db.query.text"), "SELECT a FROM b WHERE c = ?");
    CHECK_STRING(spans_sampler_saw("db.query.summary"), "SELECT b");
    CHECK_STRING(spans_sampler_saw("db.system.name"), "sqlite");
    CHECK_STRING(spans_text(span, "db.system.name"), "sqlite");
    CHECK(spans_is_child_of(span, spans_find("request", 0)));
    CHECK(span->end_unix_ns >= span->start_unix_ns);
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

/* Another dialect's quotes end elsewhere. */
TEST(a_statement_that_may_be_written_for_another_database_shows_no_text)
{
    REQUIRE(spans_open());
    sqlite3 *connection = database_open_traced(":memory:");
    CHECK_EQUAL(run(connection, "SELECT 'it\\'s s3cret s3cret'"), SQLITE_ERROR);
    CHECK_EQUAL(run(connection, "SELECT $$s3cret$$ FROM a['s3cret']"), SQLITE_ERROR);
    CHECK_EQUAL(run(connection, "SELECT /* a /* b */ s3cret */"), SQLITE_ERROR);
    CHECK_EQUAL(run(connection, "SELEC b FROM a"), SQLITE_ERROR);
    CHECK_EQUAL(spans_count(), 4);
    CHECK_STRING(spans_text(spans_find("SELEC", 0), "db.query.text"), "SELEC b FROM a");
    for (size_t i = 0; i < 3; i++) {
        check_error(spans_find("sqlite", i), "SQLITE_ERROR", "1");
        CHECK_STRING(spans_text(spans_find("sqlite", i), "db.query.text"), NULL);
        CHECK_STRING(spans_text(spans_find("sqlite", i), "db.query.summary"), NULL);
    }
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

TEST(every_way_to_prepare_tells_that_it_failed)
{
    REQUIRE(spans_open());
    sqlite3 *connection = database_open_traced(":memory:");
    sqlite3_stmt *statement = NULL;
    CHECK_EQUAL(sqlite3_prepare(connection, "SELECT a FROM b", -1, &statement, NULL), 1);
    CHECK_EQUAL(sqlite3_prepare_v2(connection, "SELECT a FROM b!", 15, &statement, NULL), 1);
    CHECK_EQUAL(sqlite3_prepare_v3(connection, "SELECT a FROM b", 16, 0, &statement, NULL), 1);
    CHECK_EQUAL(sqlite3_prepare_v2(connection, NULL, -1, &statement, NULL), SQLITE_MISUSE);
    CHECK_EQUAL(spans_count(), 4);
    for (size_t i = 0; i < 3; i++) {
        check_error(spans_find("SELECT b", i), "SQLITE_ERROR", "1");
        CHECK_STRING(spans_text(spans_find("SELECT b", i), "db.query.text"), "SELECT a FROM b");
    }
    check_error(spans_find("sqlite", 0), "SQLITE_MISUSE", "21");
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

TEST(a_connection_that_is_not_traced_has_no_spans_of_failures)
{
    REQUIRE(spans_open());
    sqlite3 *traced = database_open_traced(":memory:");
    sqlite3 *other = NULL;
    CHECK_EQUAL(sqlite3_open(":memory:", &other), SQLITE_OK);
    CHECK_EQUAL(run(other, "SELEC"), SQLITE_ERROR);
    CHECK_EQUAL(run(other, "SELECT a FROM b"), SQLITE_ERROR);
    CHECK_EQUAL(spans_count(), 0);
    spans_close();
    CHECK_EQUAL(sqlite3_close(traced), SQLITE_OK);
    CHECK_EQUAL(sqlite3_close(other), SQLITE_OK);
}

static int interrupt_connection(void *connection, int count, char **values, char **names)
{
    (void)count, (void)values, (void)names;
    sqlite3_interrupt(connection);
    return 0;
}

TEST(a_statement_that_is_interrupted_is_an_error)
{
    REQUIRE(spans_open());
    sqlite3 *connection = database_open_traced(":memory:");
    CHECK_EQUAL(sqlite3_exec(connection, "VALUES (1), (2)", interrupt_connection, connection, NULL),
                SQLITE_INTERRUPT);
    CHECK_EQUAL(spans_count(), 1);
    check_error(spans_find("VALUES", 0), "SQLITE_INTERRUPT", "9");
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

/* ---- rows and statements ---- */

TEST(a_prepared_statement_that_is_stepped_row_by_row_is_one_span)
{
    REQUIRE(spans_open());
    sqlite3 *connection = database_open_traced(":memory:");
    sqlite3_stmt *statement = database_prepare(connection, "VALUES (1), (2), (3)");
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(sqlite3_step(statement), SQLITE_ROW);
    CHECK_EQUAL(spans_count(), 0);
    CHECK_EQUAL(sqlite3_step(statement), SQLITE_DONE);
    CHECK_EQUAL(spans_count(), 1);
    CHECK_EQUAL(sqlite3_finalize(statement), SQLITE_OK);
    CHECK_EQUAL(spans_count(), 1);
    check_no_error(spans_find("VALUES", 0));
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

TEST(several_statements_in_one_call_are_several_spans)
{
    REQUIRE(spans_open());
    sqlite3 *connection = database_open_traced(":memory:");
    CHECK_EQUAL(run(connection, "CREATE TABLE a (x UNIQUE); INSERT INTO a VALUES (1), (2);"
                                "UPDATE a SET x = 1; DELETE FROM a"),
                SQLITE_CONSTRAINT);
    CHECK_EQUAL(run(connection, "SELECT x FROM a; SELECT y FROM a; SELECT x FROM a"), SQLITE_ERROR);
    CHECK_EQUAL(spans_count(), 5);
    check_no_error(spans_find("CREATE TABLE a", 0));
    check_no_error(spans_find("INSERT a", 0));
    check_error(spans_find("UPDATE a", 0), "SQLITE_CONSTRAINT", "2067");
    check_no_error(spans_find("SELECT a", 0));
    check_error(spans_find("SELECT a", 1), "SQLITE_ERROR", "1");
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

/* Uses the connection, and wants no second row. */
static int want_no_more(void *connection, int count, char **values, char **names)
{
    (void)count, (void)values, (void)names;
    CHECK_EQUAL(run(connection, "SELECT x FROM inner_one"), SQLITE_OK);
    return 1;
}

TEST(a_statement_whose_rows_are_not_wanted_ends_without_an_error)
{
    sqlite3 *connection = database_open_traced(":memory:");
    CHECK_EQUAL(run(connection, "CREATE TABLE inner_one (x)"), SQLITE_OK);
    REQUIRE(spans_open());
    CHECK_EQUAL(sqlite3_exec(connection, "VALUES (1), (2)", want_no_more, connection, NULL),
                SQLITE_ABORT);
    CHECK_EQUAL(spans_count(), 2);
    check_no_error(spans_find("VALUES", 0));
    check_no_error(spans_find("SELECT inner_one", 0));
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

/* Leaves another statement between two of its rows. */
static int step_another(void *another, int count, char **values, char **names)
{
    (void)count, (void)values, (void)names;
    CHECK_EQUAL(sqlite3_step(another), SQLITE_ROW);
    return 1;
}

TEST(a_statement_of_a_row_callbacks_is_its_own)
{
    REQUIRE(spans_open());
    sqlite3 *connection = database_open_traced(":memory:");
    sqlite3_stmt *another = database_prepare(connection, "SELECT 1 UNION SELECT 2");
    CHECK_EQUAL(sqlite3_exec(connection, "VALUES (1), (2)", step_another, another, NULL),
                SQLITE_ABORT);
    CHECK_EQUAL(spans_count(), 1);
    CHECK(spans_find("VALUES", 0));
    CHECK_EQUAL(sqlite3_finalize(another), SQLITE_OK);
    CHECK_EQUAL(spans_count(), 2);
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

TEST(a_connection_that_is_closed_is_forgotten)
{
    REQUIRE(spans_open());
    for (int i = 0; i < 100; i++) { /* the address is used again */
        sqlite3 *connection = database_open_traced(":memory:");
        CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
        CHECK_EQUAL(sqlite3_open(":memory:", &connection), SQLITE_OK);
        CHECK_EQUAL(run(connection, "SELEC"), SQLITE_ERROR);
        CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
    }
    CHECK_EQUAL(spans_count(), 0);
    spans_close();
}

/* The time until a lock is given up is the statement's. */
TEST(a_statement_that_cannot_be_prepared_has_taken_the_time_that_it_took)
{
    const locked_file l = locked_open();
    REQUIRE(spans_open());
    sqlite3 *connection = database_open_traced(l.file.path);
    CHECK_EQUAL(sqlite3_busy_timeout(connection, 20), SQLITE_OK);
    CHECK_EQUAL(run(connection, "SELECT x FROM a"), SQLITE_BUSY);
    CHECK_EQUAL(spans_count(), 1);
    const impact_span_view *span = spans_find("SELECT a", 0);
    check_error(span, "SQLITE_BUSY", "5");
    CHECK(span->end_unix_ns - span->start_unix_ns >= 10000000);
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
    locked_close(&l);
}

static void fail_inside(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count, (void)values;
    sqlite3 *connection = sqlite3_context_db_handle(context);
    CHECK_EQUAL(run(connection, "SELEC"), SQLITE_ERROR);
    CHECK_EQUAL(run(connection, "VALUES (1)"), SQLITE_OK);
    sqlite3_result_error_code(context, SQLITE_RANGE);
}

TEST(what_a_function_runs_inside_a_statement_is_part_of_it)
{
    REQUIRE(spans_open());
    sqlite3 *connection = database_open_traced(":memory:");
    CHECK_EQUAL(sqlite3_create_function(connection, "fail_inside", 0, SQLITE_UTF8, NULL,
                                        fail_inside, NULL, NULL),
                SQLITE_OK);
    CHECK_EQUAL(run(connection, "SELECT fail_inside()"), SQLITE_RANGE);
    CHECK_EQUAL(spans_count(), 1);
    check_error(spans_find("SELECT", 0), "SQLITE_RANGE", "25");
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

TEST(reading_the_schema_is_no_statement_of_the_programs)
{
    const scratch file = scratch_open();
    sqlite3 *connection = database_open_traced(file.path);
    CHECK_EQUAL(run(connection, "CREATE TABLE a (x)"), SQLITE_OK);
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
    REQUIRE(spans_open());
    connection = database_open_traced(file.path);
    CHECK_EQUAL(run(connection, "SELECT x FROM a"), SQLITE_OK);
    CHECK_EQUAL(spans_count(), 1);
    check_no_error(spans_find("SELECT a", 0));
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
    (void)unlink(file.path);
}

TEST(a_schema_that_has_changed_does_not_end_a_statement)
{
    const scratch file = scratch_open();
    sqlite3 *connection = database_open_traced(file.path);
    sqlite3 *other = NULL;
    CHECK_EQUAL(sqlite3_open(file.path, &other), SQLITE_OK);
    CHECK_EQUAL(run(connection, "CREATE TABLE a (x); INSERT INTO a VALUES (1)"), SQLITE_OK);
    sqlite3_stmt *statement = database_prepare(connection, "SELECT * FROM a");
    CHECK_EQUAL(run(other, "CREATE TABLE b (x)"), SQLITE_OK);
    REQUIRE(spans_open());
    CHECK_EQUAL(sqlite3_step(statement), SQLITE_ROW);
    CHECK_EQUAL(spans_count(), 0);
    CHECK_EQUAL(sqlite3_step(statement), SQLITE_DONE);
    CHECK_EQUAL(spans_count(), 1);
    check_no_error(spans_find("SELECT a", 0));
    spans_close();
    CHECK_EQUAL(sqlite3_finalize(statement), SQLITE_OK);
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
    CHECK_EQUAL(sqlite3_close(other), SQLITE_OK);
    (void)unlink(file.path);
}

/* ---- locks ---- */

TEST(a_statement_that_is_stepped_until_a_lock_is_gone_is_one_span)
{
    const locked_file l = locked_open();
    REQUIRE(spans_open());
    sqlite3_stmt *statement = database_prepare(l.traced, "INSERT INTO a VALUES (1)");
    CHECK_EQUAL(sqlite3_step(statement), SQLITE_BUSY);
    CHECK_EQUAL(sqlite3_step(statement), SQLITE_BUSY);
    CHECK_EQUAL(run(l.owner, "COMMIT"), SQLITE_OK);
    CHECK_EQUAL(sqlite3_step(statement), SQLITE_DONE);
    CHECK_EQUAL(spans_count(), 1);
    check_no_error(spans_find("INSERT a", 0));
    CHECK_EQUAL(sqlite3_finalize(statement), SQLITE_OK);
    CHECK_EQUAL(spans_count(), 1);
    spans_close();
    locked_close(&l);
}

TEST(a_statement_that_is_given_up_behind_a_lock_is_an_error)
{
    const locked_file l = locked_open();
    REQUIRE(spans_open());
    sqlite3_stmt *statement = database_prepare(l.traced, "INSERT INTO a VALUES (1)");
    CHECK_EQUAL(sqlite3_step(statement), SQLITE_BUSY);
    CHECK_EQUAL(sqlite3_reset(statement), SQLITE_BUSY);
    CHECK_EQUAL(spans_count(), 1);
    check_error(spans_find("INSERT a", 0), "SQLITE_BUSY", "5");
    CHECK_EQUAL(sqlite3_step(statement), SQLITE_BUSY);
    CHECK_EQUAL(sqlite3_finalize(statement), SQLITE_BUSY);
    CHECK_EQUAL(run(l.traced, "UPDATE a SET x = 1"), SQLITE_BUSY);
    CHECK_EQUAL(spans_count(), 3);
    check_error(spans_find("INSERT a", 1), "SQLITE_BUSY", "5");
    check_error(spans_find("UPDATE a", 0), "SQLITE_BUSY", "5");
    spans_close();
    locked_close(&l);
}

/* ---- calls that pass us by ---- */

/* SQLite's own function, as a program sees it that is linked with SQLite first. */
static void *sqlites_own(const char *name)
{
    static void *library;
    if (!library)
        library = dlopen("libsqlite3.so.0", RTLD_LAZY | RTLD_NOLOAD);
    return library ? dlsym(library, name) : NULL;
}

typedef int (*statement_call)(sqlite3_stmt *statement);

static statement_call sqlites_own_call(const char *name)
{
    statement_call call = NULL;
    void *const own = sqlites_own(name);
    if (!own)
        check_skip("SQLite is no shared library here");
    memcpy(&call, &own, sizeof call);
    return call;
}

TEST(a_call_that_passes_us_by_has_a_span_without_a_status)
{
    const statement_call step = sqlites_own_call("sqlite3_step");
    sqlite3 *connection = database_open_traced(":memory:");
    CHECK_EQUAL(run(connection, "CREATE TABLE a (x UNIQUE); INSERT INTO a VALUES (1)"), SQLITE_OK);
    REQUIRE(spans_open());
    sqlite3_stmt *statement = database_prepare(connection, "INSERT INTO a VALUES (1)");
    CHECK_EQUAL(step(statement), SQLITE_CONSTRAINT);
    CHECK_EQUAL(spans_count(), 1);
    check_no_error(spans_find("INSERT a", 0));
    CHECK_EQUAL(sqlite3_finalize(statement), SQLITE_CONSTRAINT);
    CHECK_EQUAL(spans_count(), 1);
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

static int ignore_event(unsigned event, void *context, void *subject, void *detail)
{
    (void)event, (void)context, (void)subject, (void)detail;
    return 0;
}

TEST(a_span_whose_end_nobody_told_ends_when_its_statement_begins_again)
{
    const statement_call step = sqlites_own_call("sqlite3_step");
    const statement_call reset = sqlites_own_call("sqlite3_reset");
    REQUIRE(spans_open());
    sqlite3 *connection = database_open_traced(":memory:");
    sqlite3_stmt *statement = database_prepare(connection, "VALUES (1), (2)");
    CHECK_EQUAL(step(statement), SQLITE_ROW);
    CHECK_EQUAL(sqlite3_trace_v2(connection, SQLITE_TRACE_STMT, ignore_event, NULL), SQLITE_OK);
    CHECK_EQUAL(reset(statement), SQLITE_OK);
    CHECK_EQUAL(impact_sqlite_trace(connection), IMPACT_OK);
    CHECK_EQUAL(spans_count(), 0);
    CHECK_EQUAL(step(statement), SQLITE_ROW);
    CHECK_EQUAL(spans_count(), 1);
    CHECK_EQUAL(sqlite3_finalize(statement), SQLITE_OK);
    CHECK_EQUAL(spans_count(), 2);
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

/* ---- memory ---- */

TEST(failures_are_returned_whatever_memory_does)
{
    memory_switch_install();
    REQUIRE(spans_open());
    sqlite3 *connection = database_open_traced(":memory:");
    CHECK_EQUAL(run(connection, "CREATE TABLE a (x UNIQUE); INSERT INTO a VALUES (1)"), SQLITE_OK);
    size_t ended = spans_count();
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        memory_switch_to(&f);
        CHECK_EQUAL(run(connection, "INSERT INTO a VALUES (1)"), SQLITE_CONSTRAINT);
        CHECK_EQUAL(run(connection, "SELECT y FROM a"), SQLITE_ERROR);
        CHECK_EQUAL(impact_sqlite_trace(connection), IMPACT_OK);
        memory_switch_to(NULL);
        ended += 2;
        CHECK_EQUAL(spans_count(), ended);
    }
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}
