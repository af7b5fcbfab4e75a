/* Sanitiser and summary: any bytes, any capacity, each dialect. The first byte chooses the
 * dialect. The rest is taken as SQL, and then as the numbers of pieces of SQL to put together:
 * of those the data is known, and no byte of it may be shown. */
#include "instrument/sql/sql.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"
#include "instrument/sql/lexer.h"

enum { assembled_limit = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact)
{
    if (!fact)
        abort();
}

static bool is_utf8(impact_text text)
{
    return impact__utf8_valid_prefix(text) == text.size;
}

/* The tokens in their order are the text. */
static void lex(impact_text sql, impact__sql_dialect dialect)
{
    impact__sql_source source = {sql, dialect};
    size_t size = 0;
    for (impact__sql_token token; (token = impact__sql_next(&source)).kind != IMPACT__SQL_END;) {
        require(token.text.size > 0 && token.text.data == sql.data + size);
        size += token.text.size;
    }
    require(size == sql.size);
}

/* To be freed. */
static impact_text sanitise(impact_text sql, size_t capacity, impact__sql_dialect dialect)
{
    char *to = malloc(capacity ? capacity : 1);
    require(to != NULL);
    const size_t size = impact__sql_sanitise(to, capacity, sql, dialect);
    require(size <= capacity && size <= sql.size);
    require(!is_utf8(sql) || is_utf8(impact_text_from(to, size)));
    return impact_text_from(to, size);
}

/* What was sanitised has nothing more to hide. (MariaDB makes a comment of two signs and a
 * blank, and a blank is what a comment becomes.) */
static void check_text(impact_text sql, impact__sql_dialect dialect)
{
    const impact_text once = sanitise(sql, sql.size, dialect);
    const impact_text twice = sanitise(once, once.size, dialect);
    require(dialect == IMPACT__SQL_MARIADB ||
            (twice.size == once.size && memcmp(twice.data, once.data, once.size) == 0));
    free((char *)once.data);
    free((char *)twice.data);
    free((char *)sanitise(sql, sql.size / 2, dialect).data);
}

static void check_summary(impact_text sql, impact__sql_dialect dialect)
{
    char *summary = malloc(IMPACT__SQL_SUMMARY_LIMIT);
    require(summary != NULL);
    const size_t size = impact__sql_summarise(summary, sql, dialect);
    require(size <= IMPACT__SQL_SUMMARY_LIMIT);
    require(!is_utf8(sql) || is_utf8(impact_text_from(summary, size)));
    free(summary);
}

/* ---- of pieces ---- */

typedef struct piece {
    unsigned dialects;
    const char *sql; /* what is data in it says gone */
} piece;

enum {
    sqlite = IMPACT__SQL_SQLITE,
    postgresql = IMPACT__SQL_POSTGRESQL,
    mariadb = IMPACT__SQL_MARIADB,
    any = sqlite | postgresql | mariadb,
};

static const piece pieces[] = {
    {any, " "},
    {any, "\n"},
    {any, ","},
    {any, "."},
    {any, ";"},
    {any, "("},
    {any, ")"},
    {any, "="},
    {any, " || "},
    {any, "a"},
    {any, " t "},
    {any, "?"},
    {any, "7"},
    {any, " SELECT "},
    {any, " FROM "},
    {any, " JOIN "},
    {any, " INSERT INTO "},
    {any, " VALUES "},
    {any, " UPDATE "},
    {any, " SET "},
    {any, " WHERE "},
    {any, " DISTINCT "},
    {any, " WITH r AS "},
    {any, " CREATE TABLE "},
    {any, " CREATE TRIGGER "},
    {any, " USER "},
    {any, " DELETE "},
    {any, " PRAGMA "},
    {any, " COPY "},
    {any, " ON "},
    {any, " TRUE "},
    {any, "\"s\".\"t\""},
    {any, "'gone'"},
    {any, "'it''s gone'"},
    {any, "'gone \" ` -- /* # $$'"},
    {any, "''"},
    {any, " x'gone'"},
    {any, "/* gone */"},
    {any, "/* 'gone */"},
    {any, "-- gone's\n"},
    {any, " -- \"gone\n"},
    {sqlite, "'\\'"},
    {sqlite, "\"\\\""},
    {sqlite, "`it's`"},
    {sqlite, "[it's]"},
    {sqlite, " $v(gone's)"},
    {sqlite, "/* /* gone */"},
    {postgresql, " E'it\\'s gone'"},
    {postgresql, " e'\\\\'\n'\\'gone'"},
    {postgresql, " U&'\\'"},
    {postgresql, " $$it's gone$$ "},
    {postgresql, " $a1$gone $$ gone $a$ gone$a1$ "},
    {postgresql, "/* /* gone */ gone's */"},
    {postgresql, "[7:8]"},
    {mariadb, "'it\\'s gone'"},
    {mariadb, "+\"it\\\"s gone\"+"},
    {mariadb, "'\\\\'"},
    {mariadb, " _utf8'gone'"},
    {mariadb, "# gone's\n"},
    {mariadb, "7--8,"},
    {mariadb, "/*! a */"},
    {mariadb, "`it's`"},
};
enum { piece_count = sizeof pieces / sizeof *pieces };

static size_t assemble(char to[assembled_limit], const uint8_t *data, size_t size,
                       impact__sql_dialect dialect)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        const piece *p = &pieces[data[i] % piece_count];
        const size_t piece_size = strlen(p->sql);
        if (!(p->dialects & dialect) || piece_size > assembled_limit - used)
            continue;
        memcpy(to + used, p->sql, piece_size);
        used += piece_size;
    }
    return used;
}

static void check_pieces(const uint8_t *data, size_t size, impact__sql_dialect dialect)
{
    char sql[assembled_limit];
    const size_t used = assemble(sql, data, size, dialect);
    const impact_text shown = sanitise(impact_text_from(sql, used), used, dialect);
    require(!memmem(shown.data, shown.size, "gone", 4));
    char refused[IMPACT__SQL_TEXT_LIMIT];
    const impact_text first =
        impact__sql_first_statement(impact_text_from(sql, used), IMPACT__SQL_SQLITE);
    require(
        !memmem(refused, impact__sql_sanitise_refused(refused, sizeof refused, first), "gone", 4));
    free((char *)shown.data);
    char summary[IMPACT__SQL_SUMMARY_LIMIT];
    require(!memmem(summary, impact__sql_summarise(summary, impact_text_from(sql, used), dialect),
                    "gone", 4));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const impact__sql_dialect dialects[] = {IMPACT__SQL_SQLITE, IMPACT__SQL_POSTGRESQL,
                                                   IMPACT__SQL_MARIADB};
    if (!size)
        return 0;
    const impact__sql_dialect dialect = dialects[data[0] % 3];
    const impact_text sql = impact_text_from((const char *)data + 1, size - 1);
    lex(sql, dialect);
    check_text(sql, dialect);
    check_summary(sql, dialect);
    check_pieces(data + 1, size - 1, dialect);
    return 0;
}
