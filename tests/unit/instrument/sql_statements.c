/* What may be shown of statements: the table in sql_statements.txt, which says how it is
 * written. */
#include "instrument/sql/sql.h"

#include <stdlib.h>

#include "support/check.h"

enum { text_limit = 4096, least_count = 120 };

typedef struct statement {
    impact__sql_dialect dialect;
    char sql[text_limit];
    char shown[text_limit];
    long line; /* of the table, where it ends */
} statement;

static const impact__sql_dialect dialects[] = {IMPACT__SQL_SQLITE, IMPACT__SQL_POSTGRESQL,
                                               IMPACT__SQL_MARIADB};
static const char *const dialect_names[] = {"sqlite", "postgresql", "mariadb"};
enum { dialect_count = sizeof dialects / sizeof *dialects };

/* ---- the table ---- */

typedef void (*visit_fn)(const statement *s);

/* A bit a dialect. */
static unsigned dialects_named(const char *name)
{
    unsigned all = 0;
    for (size_t i = 0; i < dialect_count; i++) {
        if (strcmp(name, dialect_names[i]) == 0)
            return dialects[i];
        all |= dialects[i];
    }
    CHECK_STRING(name, "any");
    return all;
}

static void append_line(char sql[text_limit], const char *line)
{
    const size_t size = strlen(sql);
    (void)snprintf(sql + size, text_limit - size, "%s%s", size ? "\n" : "", line);
}

static size_t visit_in_each(statement *s, unsigned named, visit_fn visit)
{
    size_t count = 0;
    for (size_t i = 0; i < dialect_count; i++) {
        if (!(named & dialects[i]))
            continue;
        s->dialect = dialects[i];
        visit(s);
        count++;
    }
    return count ? 1 : 0;
}

/* How many statements there are. */
static size_t visit_all(visit_fn visit)
{
    FILE *table = fopen(STATEMENTS_FILE, "r");
    static statement s;
    char line[text_limit];
    unsigned named = 0;
    size_t count = 0;
    for (s.line = 1; table && fgets(line, sizeof line, table); s.line++) {
        line[strcspn(line, "\n")] = 0;
        if (strncmp(line, "## ", 3) == 0 || !*line) {
            continue;
        } else if (strncmp(line, "== ", 3) == 0) {
            named = dialects_named(line + 3);
        } else if (strncmp(line, "=> ", 3) == 0) {
            (void)snprintf(s.shown, sizeof s.shown, "%s", line + 3);
            count += visit_in_each(&s, named, visit);
            s.sql[0] = 0;
        } else {
            append_line(s.sql, line);
        }
    }
    CHECK(table && fclose(table) == 0);
    return count;
}

/* ---- what is shown ---- */

/* Both return a string that lives until the next call. The input is copied to a piece of its
 * size, so that a sanitizer sees a read past its end. */
static const char *sanitised(const char *sql, size_t size, impact__sql_dialect dialect)
{
    static char text[text_limit];
    char *exact = malloc(size ? size : 1);
    memcpy(exact, sql, size);
    text[impact__sql_sanitise(text, sizeof text - 1, impact_text_from(exact, size), dialect)] = 0;
    free(exact);
    return text;
}

static const char *summary_of(const char *sql, size_t size, impact__sql_dialect dialect)
{
    static char text[IMPACT__SQL_SUMMARY_LIMIT + 1];
    char *exact = malloc(size ? size : 1);
    memcpy(exact, sql, size);
    text[impact__sql_summarise(text, impact_text_from(exact, size), dialect)] = 0;
    free(exact);
    return text;
}

static void check_shown(const statement *s)
{
    const char *is = sanitised(s->sql, strlen(s->sql), s->dialect);
    if (strcmp(is, s->shown) != 0)
        check_failed(STATEMENTS_FILE, (int)s->line, "dialect %d shows %s", (int)s->dialect, is);
}

TEST(of_each_statement_is_shown_what_the_table_says)
{
    CHECK(visit_all(check_shown) >= least_count);
}

static bool has_data(const char *text)
{
    return check_contains(text, "gone") || check_contains(text, "4711");
}

static void check_hidden(const statement *s)
{
    for (size_t size = 0; size <= strlen(s->sql); size++)
        if (has_data(sanitised(s->sql, size, s->dialect)) ||
            has_data(summary_of(s->sql, size, s->dialect)))
            check_failed(STATEMENTS_FILE, (int)s->line,
                         "dialect %d shows data of the first %zu bytes", (int)s->dialect, size);
}

/* A statement is cut where it is too long, wherever that is. */
TEST(no_beginning_of_a_statement_shows_data)
{
    CHECK(visit_all(check_hidden) >= least_count);
}

static void check_refused(const statement *s)
{
    static char text[IMPACT__SQL_TEXT_LIMIT + 1];
    for (size_t size = 0; size <= strlen(s->sql); size++) {
        const impact_text sql = impact_text_from(s->sql, size);
        text[impact__sql_sanitise_refused(text, sizeof text - 1, sql)] = 0;
        if (has_data(text))
            check_failed(STATEMENTS_FILE, (int)s->line, "the first %zu bytes show data", size);
    }
}

/* Whichever dialect it is written for: the table is of all three. */
TEST(a_statement_that_is_refused_shows_no_data_of_any_dialect)
{
    CHECK(visit_all(check_refused) >= least_count);
}

static void check_stable(const statement *s)
{
    char once[text_limit];
    (void)snprintf(once, sizeof once, "%s", sanitised(s->sql, strlen(s->sql), s->dialect));
    CHECK_STRING(sanitised(once, strlen(once), s->dialect), once);
}

TEST(what_is_shown_has_nothing_left_to_hide)
{
    CHECK(visit_all(check_stable) >= least_count);
}
