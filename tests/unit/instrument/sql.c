#include "instrument/sql/sql.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "instrument/sql/words.h"
#include "support/check.h"

enum { capacity = 4096 };
static const impact__sql_dialect dialect = IMPACT__SQL_SQLITE;

/* Both return a string that lives until the next call. The input is copied to a piece of its
 * size, so that a sanitizer sees a read past its end. */
static const char *sanitised_into(size_t most, const char *sql)
{
    static char text[capacity + 1];
    const size_t size = strlen(sql);
    char *exact = malloc(size ? size : 1);
    memcpy(exact, sql, size);
    text[impact__sql_sanitise(text, most, impact_text_from(exact, size), dialect)] = 0;
    free(exact);
    return text;
}

static const char *sanitised(const char *sql)
{
    return sanitised_into(capacity, sql);
}

static const char *summary_of(const char *sql)
{
    static char text[IMPACT__SQL_SUMMARY_LIMIT + 1];
    const size_t size = strlen(sql);
    char *exact = malloc(size ? size : 1);
    memcpy(exact, sql, size);
    text[impact__sql_summarise(text, impact_text_from(exact, size), dialect)] = 0;
    free(exact);
    return text;
}

TEST(white_space_becomes_one_blank)
{
    CHECK_STRING(sanitised("  SELECT\n\t a ,b  "), "SELECT a ,b");
    CHECK_STRING(sanitised(""), "");
    CHECK_STRING(sanitised(" \n"), "");
}

/* A carriage return would not survive in the table. */
TEST(a_carriage_return_ends_a_comment_of_postgresql_alone)
{
    static const impact_text sql = {"SELECT a -- b\r'x\ngone', c", 26};
    char text[64] = "";
    text[impact__sql_sanitise(text, sizeof text - 1, sql, IMPACT__SQL_POSTGRESQL)] = 0;
    CHECK_STRING(text, "SELECT a ?, c");
    text[impact__sql_sanitise(text, sizeof text - 1, sql, IMPACT__SQL_SQLITE)] = 0;
    CHECK_STRING(text, "SELECT a gone?");
}

TEST(text_that_does_not_fit_ends_before_a_token)
{
    CHECK_STRING(sanitised_into(11, "SELECT abc, d"), "SELECT abc,");
    CHECK_STRING(sanitised_into(9, "SELECT abc, d"), "SELECT");
    CHECK_STRING(sanitised_into(9, "SELECT \xc3\xa4\xc3\xa4"), "SELECT");
    CHECK_STRING(sanitised_into(0, "SELECT"), "");
}

TEST(the_first_statement_ends_with_a_semicolon_that_is_no_datas)
{
    const impact_text sql = impact_text_of("SELECT ';', \";\" /* ; */ ; SELECT 1");
    CHECK_EQUAL(impact__sql_first_statement(sql, dialect).size, sql.size - strlen(" SELECT 1"));
    CHECK_EQUAL(impact__sql_first_statement(impact_text_of("SELECT 1"), dialect).size, 8);
    CHECK_EQUAL(impact__sql_first_statement(impact_text_of(""), dialect).size, 0);
}

/* ---- words ---- */

/* They are looked up by halves: each, the first and the last included, stands where it is looked
 * for. */
TEST(every_word_is_known_in_any_case)
{
    static const char *const all[] = {
        "ABORT",     "ALTER",     "ANALYZE", "CALL",     "CONCURRENTLY", "CONNECT", "COPY",
        "CREATE",    "DATABASE",  "DELETE",  "DISTINCT", "DROP",         "EXCEPT",  "EXEC",
        "EXECUTE",   "EXISTS",    "EXPLAIN", "FAIL",     "FETCH",        "FOR",     "FROM",
        "FUNCTION",  "GROUP",     "HAVING",  "IF",       "IGNORE",       "INDEX",   "INSERT",
        "INTERSECT", "INTO",      "JOIN",    "LATERAL",  "LIMIT",        "LOCK",    "MERGE",
        "NOT",       "OFFSET",    "ON",      "ONLY",     "OR",           "ORDER",   "PLAN",
        "PRAGMA",    "PROCEDURE", "QUALIFY", "QUERY",    "RECURSIVE",    "REINDEX", "REPLACE",
        "RETURNING", "ROLLBACK",  "SCHEMA",  "SELECT",   "SEQUENCE",     "SET",     "START",
        "STDIN",     "TABLE",     "TO",      "TRIGGER",  "TRUNCATE",     "TYPE",    "UNION",
        "UPDATE",    "VALUES",    "VERBOSE", "VIEW",     "WHERE",        "WINDOW",  "WITH",
        NULL};
    for (const char *const *word = all; *word; word++) {
        const impact_text text = impact_text_of(*word);
        const impact__sql_token token = {IMPACT__SQL_WORD, text};
        CHECK(impact__sql_word(token) != 0);
        char lower[16] = "";
        for (size_t i = 0; i < text.size; i++)
            lower[i] = impact__to_lower_case(text.data[i]);
        const impact__sql_token same = {IMPACT__SQL_WORD, impact_text_of(lower)};
        CHECK_EQUAL(impact__sql_word(same), impact__sql_word(token));
        lower[text.size] = 'q';
        const impact__sql_token longer = {IMPACT__SQL_WORD, impact_text_of(lower)};
        const impact__sql_token quoted = {IMPACT__SQL_DOUBLE_QUOTED, text};
        CHECK_EQUAL(impact__sql_word(longer), 0);
        CHECK_EQUAL(impact__sql_word(quoted), 0);
    }
}

/* ---- summary ---- */

TEST(a_summary_names_operations_and_targets)
{
    CHECK_STRING(summary_of("SELECT * FROM orders WHERE id = 1"), "SELECT orders");
    CHECK_STRING(summary_of("select a from Orders, customers c where x"),
                 "select Orders customers");
    CHECK_STRING(summary_of("SELECT * FROM a x LEFT JOIN b ON a.i = b.i, c"), "SELECT a b c");
    CHECK_STRING(summary_of("INSERT INTO archive (a) SELECT a FROM orders"),
                 "INSERT archive SELECT orders");
    CHECK_STRING(summary_of("UPDATE OR IGNORE stock SET a = 1"), "UPDATE stock");
    CHECK_STRING(summary_of("DELETE FROM stock WHERE a = 1"), "DELETE stock");
    CHECK_STRING(summary_of("REPLACE INTO stock VALUES (1)"), "REPLACE stock");
    CHECK_STRING(summary_of("SELECT 1"), "SELECT");
}

TEST(a_summary_follows_nested_queries)
{
    CHECK_STRING(summary_of("SELECT d FROM (SELECT * FROM orders o JOIN customers c ON 1) x, z"),
                 "SELECT SELECT orders customers z");
    CHECK_STRING(summary_of("SELECT (SELECT max(a) FROM b) FROM c"), "SELECT SELECT b c");
    CHECK_STRING(summary_of("WITH r AS (SELECT a FROM b) SELECT a FROM r"), "SELECT b SELECT r");
    CHECK_STRING(summary_of("WITH r AS (SELECT a FROM b) DELETE FROM c"), "SELECT b DELETE c");
    CHECK_STRING(summary_of("SELECT a FROM b UNION ALL SELECT c FROM d"), "SELECT b SELECT d");
    CHECK_STRING(summary_of("SELECT a FROM (b JOIN c)"), "SELECT b c");
}

TEST(a_summary_of_a_definition_names_the_kind_of_object)
{
    CHECK_STRING(summary_of("CREATE TABLE IF NOT EXISTS t (a INTEGER)"), "CREATE TABLE t");
    CHECK_STRING(summary_of("CREATE TEMP TABLE t AS SELECT a FROM b"), "CREATE TABLE t SELECT b");
    CHECK_STRING(summary_of("CREATE UNIQUE INDEX i ON t (a)"), "CREATE INDEX i");
    CHECK_STRING(summary_of("DROP VIEW IF EXISTS v"), "DROP VIEW v");
    CHECK_STRING(summary_of("ALTER TABLE s.t ADD COLUMN a"), "ALTER TABLE s.t");
    CHECK_STRING(summary_of("CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM a; END"),
                 "CREATE TRIGGER g");
}

TEST(a_summary_keeps_the_quotes_of_names)
{
    CHECK_STRING(summary_of("SELECT a FROM \"my table\""), "SELECT \"my table\"");
    CHECK_STRING(summary_of("SELECT a FROM main.\"t\" x"), "SELECT main.\"t\"");
    CHECK_STRING(summary_of("SELECT a FROM [my table]"), "SELECT [my table]");
}

TEST(a_summary_has_no_literals)
{
    CHECK_STRING(summary_of("SELECT a FROM 'b' c WHERE d = 'FROM e'"), "SELECT");
    CHECK_STRING(summary_of("CALL p('x')"), "CALL p");
    CHECK_STRING(summary_of("PRAGMA journal_mode = WAL"), "PRAGMA journal_mode");
    CHECK_STRING(summary_of("ATTACH DATABASE 'x' AS y"), "ATTACH");
    CHECK_STRING(summary_of("SAVEPOINT s1"), "SAVEPOINT");
}

TEST(a_name_behind_a_dot_is_no_keyword)
{
    CHECK_STRING(summary_of("SELECT a.join, b.from FROM s.\"join\" x, s.select"),
                 "SELECT s.\"join\" s.select");
    CHECK_STRING(summary_of("UPDATE s.set SET a = b.into"), "UPDATE s.set");
}

TEST(a_summary_names_nobody_who_may_log_in)
{
    CHECK_STRING(summary_of("CREATE USER bob PASSWORD 'x'"), "CREATE");
    CHECK_STRING(summary_of("DROP ROLE \"bob\""), "DROP");
}

TEST(a_summary_ends_before_rows_that_are_copied)
{
    static char text[IMPACT__SQL_SUMMARY_LIMIT + 1];
    static const impact_text sql = {"COPY s.t FROM STDIN; SELECT a FROM b", 36};
    text[impact__sql_summarise(text, sql, IMPACT__SQL_POSTGRESQL)] = 0;
    CHECK_STRING(text, "COPY s.t");
}

TEST(words_that_only_look_like_operations_are_left_out)
{
    CHECK_STRING(summary_of("INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2"),
                 "INSERT t");
    CHECK_STRING(summary_of("SELECT a FROM b WHERE c IN (1) FOR UPDATE"), "SELECT b");
    CHECK_STRING(summary_of("SELECT extract(year FROM d), a IS DISTINCT FROM e FROM b"),
                 "SELECT b");
    CHECK_STRING(summary_of("SELECT (replace(a, b, c)) FROM d"), "SELECT d");
}

TEST(a_summary_reads_explain_and_several_statements)
{
    CHECK_STRING(summary_of("EXPLAIN QUERY PLAN SELECT a FROM b"), "EXPLAIN SELECT b");
    CHECK_STRING(summary_of("EXPLAIN ANALYZE UPDATE b SET a = 1"), "EXPLAIN UPDATE b");
    CHECK_STRING(summary_of("BEGIN; DELETE FROM a; COMMIT;"), "BEGIN DELETE a COMMIT");
    CHECK_STRING(summary_of("-- why\nSELECT a FROM b"), "SELECT b");
}

TEST(a_summary_ends_before_a_name_that_does_not_fit)
{
    char sql[2048] = "SELECT a FROM t0";
    for (int i = 1; i < 100; i++)
        (void)snprintf(sql + strlen(sql), sizeof sql - strlen(sql), ", table%d", i);
    const char *summary = summary_of(sql);
    CHECK(strlen(summary) <= IMPACT__SQL_SUMMARY_LIMIT);
    CHECK(strlen(summary) > IMPACT__SQL_SUMMARY_LIMIT - sizeof " table99");
    CHECK(strncmp(sql + strlen("SELECT a FROM "), "t0", 2) == 0);
    const char *last = strrchr(summary, ' ');
    REQUIRE(last);
    char name[32];
    (void)snprintf(name, sizeof name, ",%s,", last);
    CHECK(check_contains(sql, name));
}

TEST(a_summary_survives_what_is_no_sql)
{
    CHECK_STRING(summary_of(""), "");
    CHECK_STRING(summary_of(")))),,,;;;'"), "");
    CHECK_STRING(summary_of("FROM"), "FROM");
    char deep[1024];
    memset(deep, '(', sizeof deep);
    (void)snprintf(deep + 900, sizeof deep - 900, "SELECT a FROM b");
    CHECK_STRING(summary_of(deep), "SELECT");
}
