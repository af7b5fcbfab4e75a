/* db.query.text: SQL without its data.
 *
 * DESIGN: SQLite and MySQL take "x" as a string where no column has that name. So a name in double
 * quotes is hidden where a value is expected: after a comparison, and in the lists of IN and VALUES.
 * Elsewhere, and when a dot follows, it is a name.
 */
#include <stdbool.h>
#include <string.h>

#include "instrument/sql/lexer.h"
#include "instrument/sql/sql.h"

typedef struct sanitiser {
    char *to;
    size_t capacity;
    size_t size;
    bool needs_blank;    /* white space stood before the token at hand */
    bool expects_value;  /* after a comparison */
    bool is_in_list;     /* of IN or VALUES */
    unsigned depth;      /* of parentheses */
    unsigned list_depth; /* where IN or VALUES stood */
} sanitiser;

static const char *const comparing_words[] = {"LIKE",  "ILIKE", "GLOB",    "MATCH",  "REGEXP",
                                              "RLIKE", "IS",    "BETWEEN", "ESCAPE", NULL};
static const char *const list_words[] = {"IN", "VALUES", NULL};
static const char *const literal_words[] = {"TRUE", "FALSE", NULL};

/* All of it or nothing. False: it does not fit. */
static bool write_token(sanitiser *s, impact_text text)
{
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

static bool is_comparison(impact__sql_token token)
{
    return impact__sql_is_operator(token, '=') || impact__sql_is_operator(token, '<') ||
           impact__sql_is_operator(token, '>') || impact__sql_is_operator(token, '|') ||
           impact__sql_is_one_of(token, comparing_words);
}

/* Keep `expects_value` and the list in step with a token that was written. */
static void follow(sanitiser *s, impact__sql_token token)
{
    if (impact__sql_is_operator(token, '('))
        s->depth++;
    else if (impact__sql_is_operator(token, ')') && s->depth)
        s->depth--;
    else if (impact__sql_is_one_of(token, list_words)) {
        s->is_in_list = true;
        s->list_depth = s->depth;
    } else if (token.kind == IMPACT__SQL_WORD &&
               (s->depth <= s->list_depth || impact__sql_is_word(token, "SELECT"))) {
        s->is_in_list = false;
    }
    s->expects_value = is_comparison(token);
}

static bool is_literal(const sanitiser *s, impact__sql_token token, impact_text rest)
{
    if (token.kind == IMPACT__SQL_LITERAL || impact__sql_is_one_of(token, literal_words))
        return true;
    const bool is_double_quoted = token.kind == IMPACT__SQL_QUOTED && token.text.data[0] == '"';
    const bool is_qualifier = rest.size && rest.data[0] == '.';
    return is_double_quoted && !is_qualifier && (s->expects_value || s->is_in_list);
}

size_t impact__sql_sanitise(char *to, size_t capacity, impact_text sql)
{
    static const impact_text placeholder = {"?", 1};
    sanitiser s = {.to = to, .capacity = capacity};
    for (impact__sql_token token; (token = impact__sql_next(&sql)).kind != IMPACT__SQL_END;) {
        if (token.kind == IMPACT__SQL_BLANK) {
            s.needs_blank = true;
            continue;
        }
        const bool hides = is_literal(&s, token, sql);
        if (!write_token(&s, hides ? placeholder : token.text))
            break;
        follow(&s, token);
    }
    return s.size;
}
