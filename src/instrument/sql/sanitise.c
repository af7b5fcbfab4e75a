/* db.query.text: SQL without its data.
 *
 * DESIGN: SQLite and MySQL take "x" as a string where no column has that name. So a name in double
 * quotes is hidden where a value is expected: after a comparison, be it in parentheses or in a call
 * there, after AND of BETWEEN, THEN, ELSE and DEFAULT, and in the lists of IN and VALUES. Elsewhere,
 * and when a dot follows, it is a name.
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
    bool is_between;     /* the next AND is that of BETWEEN */
    bool is_in_list;     /* of IN or VALUES, or in parentheses where a value is expected */
    unsigned depth;      /* of parentheses */
    unsigned list_depth; /* where the list stands */
} sanitiser;

static const char *const comparing_words[] = {"LIKE",  "ILIKE", "GLOB",    "MATCH",  "REGEXP",
                                              "RLIKE", "IS",    "BETWEEN", "ESCAPE", NULL};
/* A value follows these as it follows a comparison. */
static const char *const leading_words[] = {"WHEN", "THEN", "ELSE", "DEFAULT", NULL};
/* They stand between a comparison and its value: IS NOT DISTINCT FROM "x". */
static const char *const passed_words[] = {"NOT", "DISTINCT", "FROM", NULL};
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

static bool opens_call(impact_text rest)
{
    impact__sql_token next = impact__sql_next(&rest);
    if (next.kind == IMPACT__SQL_BLANK)
        next = impact__sql_next(&rest);
    return impact__sql_is_operator(next, '(');
}

/* A value is still expected after a sign, NOT, or the name of a function. */
static bool is_passed(impact__sql_token token, impact_text rest)
{
    return impact__sql_is_operator(token, '-') || impact__sql_is_operator(token, '+') ||
           impact__sql_is_operator(token, '~') || impact__sql_is_one_of(token, passed_words) ||
           (token.kind == IMPACT__SQL_WORD && opens_call(rest));
}

static bool announces_value(sanitiser *s, impact__sql_token token)
{
    const bool ends_between = s->is_between && impact__sql_is_word(token, "AND");
    s->is_between = impact__sql_is_word(token, "BETWEEN") || (s->is_between && !ends_between);
    return ends_between || is_comparison(token) || impact__sql_is_one_of(token, leading_words);
}

static void begin_list(sanitiser *s)
{
    s->is_in_list = true;
    s->list_depth = s->depth;
}

static void open_parenthesis(sanitiser *s)
{
    if (s->expects_value && !s->is_in_list)
        begin_list(s);
    s->depth++;
}

/* Keep what is expected, and the list, in step with a token that was written. */
static void follow(sanitiser *s, impact__sql_token token, impact_text rest)
{
    if (impact__sql_is_operator(token, '('))
        open_parenthesis(s);
    else if (impact__sql_is_operator(token, ')') && s->depth)
        s->depth--;
    else if (impact__sql_is_one_of(token, list_words))
        begin_list(s);
    else if (token.kind == IMPACT__SQL_WORD &&
             (s->depth <= s->list_depth || impact__sql_is_word(token, "SELECT")))
        s->is_in_list = false;
    s->expects_value = announces_value(s, token) || (s->expects_value && is_passed(token, rest));
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
        follow(&s, token, sql);
    }
    return s.size;
}
