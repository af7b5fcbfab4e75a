#include "instrument/sql/sql.h"

#include <stdlib.h>

#include "support/check.h"

enum { capacity = 4096 };

/* Both return a string that lives until the next call. The input is copied to a piece of its size, so
 * that a sanitizer sees a read past its end. */
static const char *sanitised_into(size_t most, const char *sql)
{
    static char text[capacity + 1];
    const size_t size = strlen(sql);
    char *exact = malloc(size ? size : 1);
    memcpy(exact, sql, size);
    text[impact__sql_sanitise(text, most, impact_text_from(exact, size))] = 0;
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
    text[impact__sql_summarise(text, impact_text_from(exact, size))] = 0;
    free(exact);
    return text;
}

/* ---- text ---- */

TEST(string_literals_are_hidden)
{
    CHECK_STRING(sanitised("SELECT * FROM t WHERE a = 'x'"), "SELECT * FROM t WHERE a = ?");
    CHECK_STRING(sanitised("SELECT 'it''s', ''"), "SELECT ?, ?");
    CHECK_STRING(sanitised("SELECT 'a\\', b FROM t"), "SELECT ?, b FROM t");
    CHECK_STRING(sanitised("SELECT E'a\\'b', N'c'"), "SELECT ?, ?");
    CHECK_STRING(sanitised("SELECT 'one' 'two'"), "SELECT ? ?");
    CHECK_STRING(sanitised("SELECT '-- no comment', '/*'"), "SELECT ?, ?");
}

TEST(numbers_are_hidden_with_their_exponents_and_prefixes)
{
    CHECK_STRING(sanitised("SELECT 1, 2.5, .5, 1e10, 1.5e-3, 0x1F, 1_000"),
                 "SELECT ?, ?, ?, ?, ?, ?, ?");
    CHECK_STRING(sanitised("WHERE a=-5 AND b=+6"), "WHERE a=-? AND b=+?");
    CHECK_STRING(sanitised("LIMIT 10 OFFSET 20"), "LIMIT ? OFFSET ?");
    CHECK_STRING(sanitised("a-1"), "a-?");
}

TEST(digits_within_names_are_not_numbers)
{
    CHECK_STRING(sanitised("SELECT t1.c2 FROM t1"), "SELECT t1.c2 FROM t1");
}

TEST(blobs_dates_and_truth_are_hidden_and_null_is_not)
{
    CHECK_STRING(sanitised("VALUES (X'00ff', b'01', u&'d')"), "VALUES (?, ?, ?)");
    CHECK_STRING(sanitised("DATE '2020-01-01'"), "DATE ?");
    CHECK_STRING(sanitised("SELECT TRUE, false, NULL"), "SELECT ?, ?, NULL");
}

TEST(dollar_quotes_are_hidden_and_dollar_parameters_stay)
{
    CHECK_STRING(sanitised("SELECT $$it's$$, $a1$x $$ y$a1$, $1, $name"), "SELECT ?, ?, $1, $name");
    CHECK_STRING(sanitised("SELECT $tag$ never closed"), "SELECT ?");
}

TEST(parameters_stay)
{
    CHECK_STRING(sanitised("a = ? AND b = ?12 AND c = :c AND d = @d2"),
                 "a = ? AND b = ?12 AND c = :c AND d = @d2");
    CHECK_STRING(sanitised("a::text"), "a::text");
}

TEST(comments_go)
{
    CHECK_STRING(sanitised("SELECT /* 'secret' */ a -- 'secret'\n FROM t"), "SELECT a FROM t");
    CHECK_STRING(sanitised("SELECT a/**/FROM t /* never closed 'secret'"), "SELECT a FROM t");
    CHECK_STRING(sanitised("/* first */ SELECT a --"), "SELECT a");
}

TEST(quoted_names_stay)
{
    CHECK_STRING(sanitised("SELECT \"a b\", `c`, [d e] FROM \"s\".\"t\""),
                 "SELECT \"a b\", `c`, [d e] FROM \"s\".\"t\"");
    CHECK_STRING(sanitised("SELECT \"a\"\"b\" FROM t"), "SELECT \"a\"\"b\" FROM t");
    CHECK_STRING(sanitised("ON \"a\".\"id\" = \"b\".\"id\""), "ON \"a\".\"id\" = \"b\".\"id\"");
}

TEST(double_quotes_where_a_value_stands_are_hidden)
{
    CHECK_STRING(sanitised("WHERE name = \"secret\" AND \"b\" LIKE \"se%\""),
                 "WHERE name = ? AND \"b\" LIKE ?");
    CHECK_STRING(
        sanitised("INSERT INTO t (\"a\") VALUES (\"x\", (\"y\")), (\"z\") RETURNING \"a\""),
        "INSERT INTO t (\"a\") VALUES (?, (?)), (?) RETURNING \"a\"");
    CHECK_STRING(sanitised("WHERE a IN (\"x\", \"y\") ORDER BY \"b\""),
                 "WHERE a IN (?, ?) ORDER BY \"b\"");
    CHECK_STRING(sanitised("WHERE a IN (SELECT \"b\" FROM \"t\")"),
                 "WHERE a IN (SELECT \"b\" FROM \"t\")");
}

TEST(double_quotes_on_the_way_to_a_value_are_hidden)
{
    CHECK_STRING(sanitised("WHERE a = (\"secret\") AND \"b\" > -\"secret\""),
                 "WHERE a = (?) AND \"b\" > -?");
    CHECK_STRING(sanitised("WHERE (a, b) = (\"secret\", \"secret\") ORDER BY \"b\""),
                 "WHERE (a, b) = (?, ?) ORDER BY \"b\"");
    CHECK_STRING(sanitised("WHERE a BETWEEN \"secret\" AND \"secret\" AND \"b\" = 1"),
                 "WHERE a BETWEEN ? AND ? AND \"b\" = ?");
    CHECK_STRING(sanitised("WHERE a IS NOT \"secret\" OR a IS DISTINCT FROM \"secret\""),
                 "WHERE a IS NOT ? OR a IS DISTINCT FROM ?");
    CHECK_STRING(sanitised("WHERE a = lower (\"secret\") AND b = upper(trim(\"secret\"))"),
                 "WHERE a = lower (?) AND b = upper(trim(?))");
    CHECK_STRING(sanitised("CASE \"a\" WHEN \"secret\" THEN \"secret\" ELSE \"secret\" END, \"b\""),
                 "CASE \"a\" WHEN ? THEN ? ELSE ? END, \"b\"");
    CHECK_STRING(sanitised("CREATE TABLE t (\"a\" DEFAULT \"secret\", \"b\")"),
                 "CREATE TABLE t (\"a\" DEFAULT ?, \"b\")");
    CHECK_STRING(sanitised("WHERE a = (SELECT \"b\" FROM \"t\") AND NOT \"c\" FROM \"d\""),
                 "WHERE a = (SELECT \"b\" FROM \"t\") AND NOT \"c\" FROM \"d\"");
}

/* SQLite ends such a name at the bracket; elsewhere a string may begin in it. */
TEST(a_quote_alone_in_brackets_hides_the_rest)
{
    CHECK_STRING(sanitised("FROM [it's] WHERE a = 'secret'"), "FROM ?");
    CHECK_STRING(sanitised("FROM ['t] WHERE a = 'secret'"), "FROM ?");
    CHECK_STRING(sanitised("FROM [a\"] WHERE a = \"secret\""), "FROM ?");
    CHECK_STRING(sanitised("SELECT a['secret']['secret'], b"), "SELECT a[?][?], b");
}

TEST(brackets_that_are_no_names_hide_their_literals)
{
    CHECK_STRING(sanitised("SELECT a[1], ARRAY['x', 'y'], b[c || 'z']"),
                 "SELECT a[?], ARRAY[?, ?], b[c || ?]");
}

TEST(quotes_that_never_close_are_hidden)
{
    CHECK_STRING(sanitised("SELECT 'secret"), "SELECT ?");
    CHECK_STRING(sanitised("SELECT \"secret"), "SELECT ?");
    CHECK_STRING(sanitised("SELECT `secret"), "SELECT ?");
    CHECK_STRING(sanitised("SELECT E'secret\\"), "SELECT ?");
    CHECK_STRING(sanitised("SELECT X'"), "SELECT ?");
}

TEST(white_space_becomes_one_blank)
{
    CHECK_STRING(sanitised("  SELECT\n\t a ,b  "), "SELECT a ,b");
    CHECK_STRING(sanitised(""), "");
    CHECK_STRING(sanitised(" \n"), "");
}

TEST(text_that_does_not_fit_ends_before_a_token)
{
    CHECK_STRING(sanitised_into(11, "SELECT abc, d"), "SELECT abc,");
    CHECK_STRING(sanitised_into(9, "SELECT abc, d"), "SELECT");
    CHECK_STRING(sanitised_into(9, "SELECT \xc3\xa4\xc3\xa4"), "SELECT");
    CHECK_STRING(sanitised_into(0, "SELECT"), "");
}

TEST(every_prefix_of_a_statement_hides_its_literals)
{
    static const char sql[] = "SELECT 'sqlkey', E'sqlkey\\'sqlkey', $x$sqlkey$x$, X'12' FROM \"t\" "
                              "WHERE a = \"sqlkey\" /* sqlkey */ AND b IN ('sqlkey') -- sqlkey";
    for (size_t size = 0; size <= sizeof sql - 1; size++) {
        char text[sizeof sql] = "";
        memcpy(text, sql, size);
        CHECK(!check_contains(sanitised(text), "sqlkey"));
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
