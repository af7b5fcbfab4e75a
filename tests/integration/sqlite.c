/* SQLite's statements as spans, on real files and connections. */
#include <impact/sqlite.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <impact/trace.h>

#include "database.h"
#include "memory_switch.h"
#include "spans.h"
#include "support/check.h"
#include "support/faults.h"

static void run(sqlite3 *connection, const char *sql)
{
    char *message = NULL;
    if (sqlite3_exec(connection, sql, NULL, NULL, &message) != SQLITE_OK)
        check_failed(__FILE__, __LINE__, "%s: %s", sql, message);
    sqlite3_free(message);
}

TEST(null_is_refused)
{
    CHECK_EQUAL(impact_sqlite_trace(NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_add_sqlite(NULL, NULL), IMPACT_EINVAL);
}

TEST(a_statement_is_a_client_span_that_names_its_table)
{
    const scratch file = scratch_open();
    sqlite3 *connection = database_open_traced(file.path);
    run(connection, "CREATE TABLE orders (name TEXT, count INTEGER)");
    REQUIRE(spans_open());
    run(connection, "INSERT INTO orders VALUES ('secret', 42)");
    CHECK_EQUAL(spans_count(), 1);
    const impact_span_view *span = spans_find("INSERT orders", 0);
    REQUIRE(span);
    CHECK_EQUAL(span->kind, IMPACT_SPAN_KIND_CLIENT);
    CHECK_EQUAL(span->status, IMPACT_SPAN_STATUS_UNSET);
    CHECK(!span->has_parent);
    CHECK(span->end_unix_ns >= span->start_unix_ns);
    CHECK_STRING(spans_text(span, "db.system.name"), "sqlite");
    CHECK_STRING(spans_text(span, "db.namespace"), file.path);
    CHECK_STRING(spans_text(span, "db.query.text"), "INSERT INTO orders VALUES (?, ?)");
    CHECK_STRING(spans_text(span, "db.query.summary"), "INSERT orders");
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
    (void)unlink(file.path);
}

TEST(a_sampler_sees_all_that_is_known_of_a_statement)
{
    const scratch file = scratch_open();
    sqlite3 *connection = database_open_traced(file.path);
    run(connection, "CREATE TABLE orders (name TEXT, count INTEGER)");
    REQUIRE(spans_open());
    run(connection, "INSERT INTO orders VALUES ('secret', 42)");
    CHECK_EQUAL(spans_count(), 1);
    CHECK_STRING(spans_sampler_saw("db.system.name"), "sqlite");
    CHECK_STRING(spans_sampler_saw("db.namespace"), file.path);
    CHECK_STRING(spans_sampler_saw("db.query.text"), "INSERT INTO orders VALUES (?, ?)");
    CHECK_STRING(spans_sampler_saw("db.query.summary"), "INSERT orders");
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
    (void)unlink(file.path);
}

TEST(statements_are_children_of_the_current_span)
{
    REQUIRE(spans_open());
    sqlite3 *connection = database_open_traced(":memory:");
    {
        IMPACT_SPAN(request, "request");
        run(connection, "SELECT 1");
    }
    CHECK_EQUAL(spans_count(), 2);
    CHECK(spans_is_child_of(spans_find("SELECT", 0), spans_find("request", 0)));
    CHECK_STRING(spans_text(spans_find("SELECT", 0), "db.namespace"), NULL);
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

TEST(connections_that_are_opened_later_are_traced_once)
{
    CHECK_EQUAL(impact_sqlite_trace_all(), IMPACT_OK);
    CHECK_EQUAL(impact_sqlite_trace_all(), IMPACT_OK);
    REQUIRE(spans_open());
    sqlite3 *connection = NULL;
    CHECK_EQUAL(sqlite3_open(":memory:", &connection), SQLITE_OK);
    run(connection, "SELECT 1");
    CHECK_EQUAL(spans_count(), 1);
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

TEST(what_a_trigger_does_is_part_of_its_statement)
{
    sqlite3 *connection = database_open_traced(":memory:");
    run(connection, "CREATE TABLE a (x); CREATE TABLE b (x);"
                    "CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO b VALUES (new.x); END");
    REQUIRE(spans_open());
    run(connection, "INSERT INTO a VALUES (1)");
    CHECK_EQUAL(spans_count(), 1);
    CHECK(spans_find("INSERT a", 0));
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

TEST(a_statement_that_begins_with_a_comment_is_no_trigger)
{
    REQUIRE(spans_open());
    sqlite3 *connection = database_open_traced(":memory:");
    run(connection, "-- why\nSELECT 1");
    CHECK_EQUAL(spans_count(), 1);
    CHECK_STRING(spans_text(spans_find("SELECT", 0), "db.query.text"), "SELECT ?");
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

TEST(statements_of_one_connection_may_interleave)
{
    sqlite3 *connection = database_open_traced(":memory:");
    run(connection, "CREATE TABLE a (x); INSERT INTO a VALUES (1), (2); CREATE TABLE b (x)");
    REQUIRE(spans_open());
    sqlite3_stmt *outer = database_prepare(connection, "SELECT x FROM a");
    sqlite3_stmt *inner = database_prepare(connection, "SELECT count(*) FROM b");
    CHECK_EQUAL(sqlite3_step(outer), SQLITE_ROW);
    for (int i = 0; i < 2; i++) {
        CHECK_EQUAL(sqlite3_step(inner), SQLITE_ROW);
        CHECK_EQUAL(sqlite3_reset(inner), SQLITE_OK);
    }
    CHECK_EQUAL(spans_count(), 2);
    CHECK_EQUAL(sqlite3_step(outer), SQLITE_ROW);
    CHECK_EQUAL(sqlite3_step(outer), SQLITE_DONE);
    CHECK_EQUAL(spans_count(), 3);
    const impact_span_view *whole = spans_find("SELECT a", 0);
    const impact_span_view *second = spans_find("SELECT b", 1);
    REQUIRE(whole && second);
    CHECK(whole->start_unix_ns <= second->start_unix_ns);
    CHECK(whole->end_unix_ns >= second->end_unix_ns);
    CHECK_EQUAL(sqlite3_finalize(outer), SQLITE_OK);
    CHECK_EQUAL(sqlite3_finalize(inner), SQLITE_OK);
    CHECK_EQUAL(spans_count(), 3);
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

TEST(a_statement_that_is_not_stepped_to_its_end_ends_when_it_is_let_go)
{
    REQUIRE(spans_open());
    sqlite3 *connection = database_open_traced(":memory:");
    sqlite3_stmt *statement = database_prepare(connection, "SELECT 1 UNION SELECT 2");
    CHECK_EQUAL(spans_count(), 0);
    CHECK_EQUAL(sqlite3_step(statement), SQLITE_ROW);
    CHECK_EQUAL(spans_count(), 0);
    CHECK_EQUAL(sqlite3_reset(statement), SQLITE_OK);
    CHECK_EQUAL(spans_count(), 1);
    CHECK_EQUAL(sqlite3_step(statement), SQLITE_ROW);
    CHECK_EQUAL(sqlite3_finalize(statement), SQLITE_OK);
    CHECK_EQUAL(spans_count(), 2);
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

TEST(a_statement_of_a_megabyte_is_cut)
{
    enum { size = 1 << 20 };
    char *sql = malloc(size + 1);
    REQUIRE(sql);
    memset(sql, 'x', size);
    memcpy(sql, "SELECT '", 8);
    sql[size - 1] = '\'';
    sql[size] = 0;
    REQUIRE(spans_open());
    sqlite3 *connection = database_open_traced(":memory:");
    run(connection, sql);
    CHECK_EQUAL(spans_count(), 1);
    CHECK_STRING(spans_text(spans_find("SELECT", 0), "db.query.text"), "SELECT ?");
    free(sql);
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

static int ignore_event(unsigned event, void *context, void *subject, void *detail)
{
    (void)event;
    (void)context;
    (void)subject;
    (void)detail;
    return 0;
}

TEST(a_slot_that_the_application_takes_is_its_own)
{
    REQUIRE(spans_open());
    sqlite3 *connection = database_open_traced(":memory:");
    sqlite3_stmt *statement = database_prepare(connection, "SELECT 1");
    CHECK_EQUAL(sqlite3_step(statement), SQLITE_ROW);
    CHECK_EQUAL(sqlite3_trace_v2(connection, SQLITE_TRACE_STMT, ignore_event, NULL), SQLITE_OK);
    CHECK_EQUAL(sqlite3_reset(statement), SQLITE_OK);
    CHECK_EQUAL(spans_count(), 1); /* what had begun was ended */
    CHECK_EQUAL(sqlite3_step(statement), SQLITE_ROW);
    CHECK_EQUAL(sqlite3_reset(statement), SQLITE_OK);
    CHECK_EQUAL(sqlite3_exec(connection, "SELEC", NULL, NULL, NULL), SQLITE_ERROR);
    CHECK_EQUAL(spans_count(), 1);
    CHECK_EQUAL(impact_sqlite_trace(connection), IMPACT_OK);
    CHECK_EQUAL(sqlite3_step(statement), SQLITE_ROW);
    CHECK_EQUAL(sqlite3_finalize(statement), SQLITE_OK);
    CHECK_EQUAL(spans_count(), 2);
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

enum { thread_count = 4, statements_a_thread = 200 };

static void *run_many(void *barrier)
{
    sqlite3 *connection = database_open_traced(":memory:");
    (void)pthread_barrier_wait(barrier);
    for (int i = 0; i < statements_a_thread; i++)
        run(connection, "SELECT 1");
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
    return NULL;
}

TEST(threads_may_have_connections_of_their_own)
{
    REQUIRE(spans_open());
    pthread_t threads[thread_count];
    pthread_barrier_t barrier;
    (void)pthread_barrier_init(&barrier, NULL, thread_count);
    for (int i = 0; i < thread_count; i++)
        REQUIRE(pthread_create(&threads[i], NULL, run_many, &barrier) == 0);
    for (int i = 0; i < thread_count; i++)
        (void)pthread_join(threads[i], NULL);
    impact_trace_stats stats = {.size = sizeof stats};
    impact_trace_get_stats(&stats);
    CHECK_EQUAL(stats.ended, thread_count * statements_a_thread);
    (void)pthread_barrier_destroy(&barrier);
    spans_close();
}

/* Statement and span are the parent's; the child finds them, and does no harm. */
static void use_what_was_inherited(sqlite3_stmt *inherited)
{
    (void)alarm(60);
    sqlite3 *connection = database_open_traced(":memory:");
    run(connection, "SELECT 2");
    (void)sqlite3_reset(inherited);
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

TEST(a_child_neither_ends_its_parents_spans_nor_waits_for_its_locks)
{
    REQUIRE(spans_open());
    sqlite3 *connection = database_open_traced(":memory:");
    sqlite3_stmt *statement = database_prepare(connection, "SELECT 1 UNION SELECT 2");
    CHECK_EQUAL(sqlite3_step(statement), SQLITE_ROW);
    const pid_t child = fork();
    if (child == 0) {
        use_what_was_inherited(statement);
        impact_trace_stats stats = {.size = sizeof stats};
        impact_trace_get_stats(&stats);
        _exit(stats.ended == 1 ? 0 : 1);
    }
    int status = -1;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(sqlite3_finalize(statement), SQLITE_OK);
    CHECK_EQUAL(spans_count(), 1);
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}

TEST(statements_run_whatever_memory_does)
{
    memory_switch_install();
    REQUIRE(spans_open());
    sqlite3 *connection = database_open_traced(":memory:");
    run(connection, "SELECT 1");   /* the tracer is for good, */
    CHECK_EQUAL(spans_count(), 1); /* and the worker's thread has begun */
    size_t ended = 1;
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        memory_switch_to(&f);
        run(connection, "SELECT 1");
        memory_switch_to(NULL);
        CHECK(atomic_load(&f.count) > 0);
        CHECK_EQUAL(spans_count(), ++ended);
    }
    CHECK(ended > 2);
    spans_close();
    CHECK_EQUAL(sqlite3_close(connection), SQLITE_OK);
}
