/* db.query.text: SQL without its data.
 *
 * DESIGN: Literals are data, and so is what may be one: SQLite and MariaDB take "x" for a string
 * where no column has that name, so that it is a name only beside a dot, or where a table is named.
 * What an option is set to may be a key or a password, and rows that follow COPY are nothing else.
 */
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "instrument/sql/lexer.h"
#include "instrument/sql/sql.h"
#include "instrument/sql/statement.h"

typedef struct sanitiser {
    char *to;
    size_t capacity;
    size_t size;
    bool needs_blank;     /* white space stood before the token at hand */
    bool follows_name;    /* the token before it names something, */
    bool follows_its_dot; /* or is the dot behind such a one */
} sanitiser;

static const impact_text placeholder = {"?", 1};

/* All of it or nothing. False: it does not fit. */
static bool write_token(sanitiser *s, impact_text text)
{
    assert(text.data || text.size == 0);
    const size_t blank = s->needs_blank && s->size ? 1 : 0;
    if (text.size > s->capacity - s->size || s->capacity - s->size - text.size < blank)
        return false;
    if (blank)
        s->to[s->size++] = ' ';
    memcpy(s->to + s->size, text.data, text.size);
    s->size += text.size;
    s->needs_blank = false;
    return true;
}

/* A dot and what it qualifies come next. */
static bool precedes_dot(impact__sql_source source)
{
    if (!impact__sql_is_operator(impact__sql_next_significant(&source), '.'))
        return false;
    const impact__sql_token qualified = impact__sql_next_significant(&source);
    return impact__sql_is_name(qualified) || impact__sql_is_operator(qualified, '*');
}

static bool is_data(const sanitiser *s, impact__sql_token token, impact__sql_role role,
                    impact__sql_source source)
{
    switch (token.kind) {
    case IMPACT__SQL_LITERAL:
        return true;
    case IMPACT__SQL_WORD:
    case IMPACT__SQL_QUOTED_NAME:
        return role == IMPACT__SQL_VALUE;
    case IMPACT__SQL_DOUBLE_QUOTED:
        return role == IMPACT__SQL_VALUE ||
               (role != IMPACT__SQL_TARGET && !s->follows_its_dot && !precedes_dot(source));
    default:
        return false;
    }
}

static void follow(sanitiser *s, impact__sql_token token)
{
    s->follows_its_dot = s->follows_name && impact__sql_is_operator(token, '.');
    s->follows_name = impact__sql_is_name(token);
}

/* False: there is no room, or nothing but data to come. */
static bool take(sanitiser *s, impact__sql_statement *statement, impact__sql_token token,
                 impact__sql_source source)
{
    if (statement->is_data) {
        (void)write_token(s, placeholder); /* without room it is left out */
        return false;
    }
    const impact__sql_role role = impact__sql_statement_take(statement, token, source);
    const bool hides = is_data(s, token, role, source);
    follow(s, token);
    return write_token(s, hides ? placeholder : token.text);
}

size_t impact__sql_sanitise(char *to, size_t capacity, impact_text sql, impact__sql_dialect dialect)
{
    assert(sql.data || sql.size == 0);
    sanitiser s = {.to = to, .capacity = capacity};
    impact__sql_statement statement = {.expects_statement = true};
    impact__sql_source source = {sql, dialect};
    for (impact__sql_token token; (token = impact__sql_next(&source)).kind != IMPACT__SQL_END;) {
        if (token.kind == IMPACT__SQL_BLANK)
            s.needs_blank = true;
        else if (!take(&s, &statement, token, source))
            break;
    }
    return s.size;
}

size_t impact__sql_sanitise_refused(char *to, size_t capacity, impact_text sql)
{
    static const impact__sql_dialect others[] = {IMPACT__SQL_POSTGRESQL, IMPACT__SQL_MARIADB};
    char other[IMPACT__SQL_TEXT_LIMIT];
    const size_t most = capacity < sizeof other ? capacity : sizeof other;
    const size_t size = impact__sql_sanitise(to, most, sql, IMPACT__SQL_SQLITE);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (impact__sql_sanitise(other, most, sql, others[i]) != size ||
            memcmp(other, to, size) != 0)
            return 0;
    return size;
}
