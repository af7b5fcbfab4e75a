/* SQL cut into tokens: plain words and white space at once, all else by a table of rules. */
#include "instrument/sql/lexer.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "base/ascii.h"

/* How far a token reaches, in bytes: 0 where the rule does not hold after all. */
typedef struct extent {
    size_t size;
    bool is_doubtful; /* the text ended first, or it may be data: it counts as a literal */
} extent;

static const extent none = {0, false};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Bytes above ASCII are letters to all three; so a UTF-8 sequence is never cut. */
static bool begins_word(char c)
{
    return impact__is_letter(c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool continues_word(char c)
{
    return begins_word(c) || impact__is_digit(c) || c == '$';
}

/* The byte at `index`, or NUL past the end. */
static char at(impact_text text, size_t index)
{
    return index < text.size ? text.data[index] : 0;
}

static impact_text after(impact_text text, size_t size)
{
    assert(size <= text.size);
    return impact_text_from(text.data + size, text.size - size);
}

static size_t measure_space(impact_text text)
{
    size_t size = 0;
    while (size < text.size && is_space(text.data[size]))
        size++;
    return size;
}

static size_t measure_word(impact_text text, size_t start)
{
    size_t size = start;
    while (size < text.size && continues_word(text.data[size]))
        size++;
    return size;
}

/* ---- what a rule measures: `start` is the size of its opener ---- */

static extent to_opener(impact_text text, size_t start)
{
    (void)text;
    return (extent){start, false};
}

/* Where `needle` ends behind `start`; 0: nowhere. */
static size_t end_of(const char *needle, size_t needle_size, impact_text text, size_t start)
{
    const impact_text rest = after(text, start);
    const char *found = rest.size ? memmem(rest.data, rest.size, needle, needle_size) : NULL;
    return found ? (size_t)(found - text.data) + needle_size : 0;
}

static extent to_line_end(impact_text text, size_t start)
{
    const size_t end = end_of("\n", 1, text, start);
    return (extent){end ? end : text.size, false};
}

/* PostgreSQL ends a line at a carriage return too. */
static extent to_line_end_or_return(impact_text text, size_t start)
{
    size_t size = start;
    while (size < text.size && text.data[size] != '\n' && text.data[size] != '\r')
        size++;
    return (extent){size, false};
}

/* MariaDB: "--" begins a comment only where white space follows, so that 5--1 is 6. */
static extent to_line_end_after_space(impact_text text, size_t start)
{
    const unsigned char next = (unsigned char)at(text, start);
    return next <= ' ' || next == 0x7f ? to_line_end(text, start) : none;
}

static extent to_comment_end(impact_text text, size_t start)
{
    const size_t end = end_of("*/", 2, text, start);
    return (extent){end ? end : text.size, false};
}

/* MariaDB runs what stands in such a comment if its version is high enough, and passes it over
 * if not: with a quote or a comment in it there is no telling where either ends. */
static extent to_version_comment_end(impact_text text, size_t start)
{
    const size_t end = to_comment_end(text, start).size;
    for (size_t i = start; i < end; i++)
        if (strchr("'\"`#-", text.data[i]) || (text.data[i] == '/' && at(text, i + 1) == '*'))
            return (extent){text.size, true};
    return (extent){end, false};
}

/* PostgreSQL 4.1.5: comments nest. */
static extent to_outer_comment_end(impact_text text, size_t start)
{
    size_t depth = 1;
    for (size_t i = start; i + 1 < text.size; i++) {
        const bool opens = text.data[i] == '/' && text.data[i + 1] == '*';
        const bool closes = text.data[i] == '*' && text.data[i + 1] == '/';
        if (opens || closes)
            i++;
        if (opens)
            depth++;
        if (closes && --depth == 0)
            return (extent){i + 1, false};
    }
    return (extent){text.size, false};
}

/* The quote that ends one is that which opened it; a doubled one is part of it, and so is what a
 * backslash precedes where `escapes`. */
static extent to_quote(impact_text text, size_t start, bool escapes)
{
    assert(start <= text.size);
    const char quote = text.data[start - 1];
    for (size_t i = start; i < text.size; i++) {
        if (escapes && text.data[i] == '\\') {
            i++;
        } else if (text.data[i] == quote) {
            if (at(text, i + 1) != quote)
                return (extent){i + 1, false};
            i++;
        }
    }
    return (extent){text.size, true};
}

static extent to_plain_quote(impact_text text, size_t start)
{
    return to_quote(text, start, false);
}

static extent to_escaped_quote(impact_text text, size_t start)
{
    return to_quote(text, start, true);
}

/* A blob has no quotes in it: behind one another string may begin. */
static extent to_first_quote(impact_text text, size_t start)
{
    const size_t end = end_of("'", 1, text, start);
    return (extent){end ? end : text.size, !end};
}

/* PostgreSQL 4.1.2.1: a string goes on behind a line's end, with the backslashes that it began
 * with. Returns where the next quote stands, or 0. */
static size_t find_continuation(impact_text text, size_t end)
{
    bool has_line_end = false;
    while (end < text.size && (is_space(text.data[end]) || text.data[end] == '-')) {
        has_line_end = has_line_end || text.data[end] == '\n' || text.data[end] == '\r';
        if (text.data[end] != '-')
            end++;
        else if (at(text, end + 1) == '-')
            end = to_line_end_or_return(text, end).size;
        else
            return 0;
    }
    return has_line_end && at(text, end) == '\'' ? end : 0;
}

static extent to_last_escaped_quote(impact_text text, size_t start)
{
    extent e = to_escaped_quote(text, start);
    for (size_t next; !e.is_doubtful && (next = find_continuation(text, e.size));)
        e = to_quote(text, next + 1, true);
    return e;
}

/* SQLite: a bracket has no second way to end. */
static extent to_bracket(impact_text text, size_t start)
{
    const size_t end = end_of("]", 1, text, start);
    return (extent){end ? end : text.size, !end};
}

/* $$x$$ and $tag$x$tag$ (PostgreSQL 4.1.2.4). */
static extent to_dollar_quote(impact_text text, size_t start)
{
    size_t tag = start;
    while (begins_word(at(text, tag)) || (tag > start && impact__is_digit(at(text, tag))))
        tag++;
    if (at(text, tag++) != '$')
        return none;
    const size_t end = end_of(text.data, tag, text, tag);
    return (extent){end ? end : text.size, !end};
}

/* Digits with what may stand among them: 0x1F, 1_000, .5, 1.5e-3. A sign is an operator; a
 * dollar, or a letter before a quote, may begin a string. */
static extent to_number_end(impact_text text, size_t start)
{
    if (!impact__is_digit(at(text, 0)) && !(at(text, 0) == '.' && impact__is_digit(at(text, 1))))
        return none;
    const bool is_hex = at(text, 0) == '0' && (at(text, 1) | 0x20) == 'x';
    size_t size = start + 1;
    for (; size < text.size; size++) {
        const char c = text.data[size];
        const bool is_exponent_sign = (c == '+' || c == '-') && !is_hex &&
                                      (text.data[size - 1] | 0x20) == 'e' &&
                                      impact__is_digit(at(text, size + 1));
        const bool is_prefix = impact__is_letter(c) && at(text, size + 1) == '\'';
        if (is_prefix || c == '$' || (!continues_word(c) && c != '.' && !is_exponent_sign))
            break;
    }
    return (extent){size, false};
}

/* ?1 and $1. */
static extent to_digits_end(impact_text text, size_t start)
{
    size_t size = start;
    while (impact__is_digit(at(text, size)))
        size++;
    return (extent){size, false};
}

static extent to_some_digits_end(impact_text text, size_t start)
{
    const extent e = to_digits_end(text, start);
    return e.size > start ? e : none;
}

static extent to_variable_end(impact_text text, size_t start)
{
    const size_t size = measure_word(text, start);
    return size > start ? (extent){size, false} : none;
}

/* SQLite: a variable of Tcl's may have colons, and an index in parentheses, which may be data. */
static extent to_tcl_variable_end(impact_text text, size_t start)
{
    size_t size = measure_word(text, start);
    while (at(text, size) == ':' && at(text, size + 1) == ':')
        size = measure_word(text, size + 2);
    if (size == start || at(text, size) != '(')
        return size > start ? (extent){size, false} : none;
    while (size < text.size && !is_space(text.data[size]) && text.data[size] != ')')
        size++;
    return (extent){at(text, size) == ')' ? size + 1 : size, true};
}

/* ---- the rules ---- */

enum {
    sqlite = IMPACT__SQL_SQLITE,
    postgresql = IMPACT__SQL_POSTGRESQL,
    mariadb = IMPACT__SQL_MARIADB,
    any = sqlite | postgresql | mariadb,
};

typedef struct rule {
    unsigned dialects;
    const char *opener; /* in lower case */
    impact__sql_kind kind;
    extent (*measure)(impact_text text, size_t start);
} rule;

/* The first whose opener the text begins with, and that measures something, holds. */
static const rule rules[] = {
    {mariadb, "/*!", IMPACT__SQL_BLANK, to_version_comment_end},
    {mariadb, "/*m!", IMPACT__SQL_BLANK, to_version_comment_end},
    {mariadb | sqlite, "/*", IMPACT__SQL_BLANK, to_comment_end},
    {postgresql, "/*", IMPACT__SQL_BLANK, to_outer_comment_end},
    {sqlite, "--", IMPACT__SQL_BLANK, to_line_end},
    {postgresql, "--", IMPACT__SQL_BLANK, to_line_end_or_return},
    {mariadb, "--", IMPACT__SQL_BLANK, to_line_end_after_space},
    {mariadb, "#", IMPACT__SQL_BLANK, to_line_end},

    {postgresql, "e'", IMPACT__SQL_LITERAL, to_last_escaped_quote},
    {postgresql, "u&'", IMPACT__SQL_LITERAL, to_plain_quote},
    {mariadb, "n'", IMPACT__SQL_LITERAL, to_escaped_quote},
    {postgresql, "n'", IMPACT__SQL_LITERAL, to_plain_quote},
    {postgresql | mariadb, "b'", IMPACT__SQL_LITERAL, to_first_quote},
    {any, "x'", IMPACT__SQL_LITERAL, to_first_quote},
    {mariadb, "'", IMPACT__SQL_LITERAL, to_escaped_quote},
    {postgresql | sqlite, "'", IMPACT__SQL_LITERAL, to_plain_quote},
    {postgresql, "$", IMPACT__SQL_LITERAL, to_dollar_quote},

    {mariadb, "\"", IMPACT__SQL_DOUBLE_QUOTED, to_escaped_quote},
    {postgresql | sqlite, "\"", IMPACT__SQL_DOUBLE_QUOTED, to_plain_quote},
    {mariadb | sqlite, "`", IMPACT__SQL_QUOTED_NAME, to_plain_quote},
    {sqlite, "[", IMPACT__SQL_QUOTED_NAME, to_bracket},

    {sqlite, "?", IMPACT__SQL_PARAMETER, to_digits_end},
    {sqlite, ":", IMPACT__SQL_PARAMETER, to_tcl_variable_end},
    {sqlite, "@", IMPACT__SQL_PARAMETER, to_tcl_variable_end},
    {sqlite, "$", IMPACT__SQL_PARAMETER, to_tcl_variable_end},
    {sqlite, "#", IMPACT__SQL_PARAMETER, to_tcl_variable_end},
    {postgresql, "$", IMPACT__SQL_PARAMETER, to_some_digits_end},
    {mariadb, "?", IMPACT__SQL_PARAMETER, to_opener},
    {mariadb, "@", IMPACT__SQL_PARAMETER, to_variable_end},
    {any, "", IMPACT__SQL_LITERAL, to_number_end},
};

/* False: it does not begin so. `size` gets the opener's. */
static bool begins_with(impact_text text, const char *opener, size_t *size)
{
    size_t i = 0;
    for (; opener[i]; i++)
        if (i >= text.size || impact__to_lower_case(text.data[i]) != opener[i])
            return false;
    *size = i;
    return true;
}

static size_t measure_by_rule(impact_text text, impact__sql_dialect dialect, impact__sql_kind *kind)
{
    assert(text.size > 0);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        size_t start;
        if (!(rules[i].dialects & dialect) || !begins_with(text, rules[i].opener, &start))
            continue;
        const extent e = rules[i].measure(text, start);
        *kind = e.is_doubtful ? IMPACT__SQL_LITERAL : rules[i].kind;
        if (e.size)
            return e.size;
    }
    *kind = IMPACT__SQL_OPERATOR;
    return 1;
}

/* A letter that belongs to a quote behind it: x'00', u&'x'. */
static bool may_be_prefix(impact_text text)
{
    return at(text, 1) == '\'' || (at(text, 1) == '&' && at(text, 2) == '\'');
}

/* TRUE and FALSE, in any case. */
static bool is_truth(impact_text word)
{
    return (word.size == 4 && strncasecmp(word.data, "true", 4) == 0) ||
           (word.size == 5 && strncasecmp(word.data, "false", 5) == 0);
}

static size_t measure_prefixed_or_word(impact_text text, impact__sql_dialect dialect,
                                       impact__sql_kind *kind)
{
    assert(text.size > 0);
    if (may_be_prefix(text)) {
        const size_t size = measure_by_rule(text, dialect, kind);
        if (*kind == IMPACT__SQL_LITERAL)
            return size;
    }
    const size_t size = measure_word(text, 0);
    *kind = is_truth(impact_text_from(text.data, size)) ? IMPACT__SQL_LITERAL : IMPACT__SQL_WORD;
    return size;
}

/* No rule's opener begins with any other byte, but for letters. */
static bool may_open(char c)
{
    return impact__is_digit(c) || (c && strchr("/-#'$\"`[?:@.", c));
}

static size_t measure(impact_text text, impact__sql_dialect dialect, impact__sql_kind *kind)
{
    const char first = text.data[0];
    if (begins_word(first))
        return measure_prefixed_or_word(text, dialect, kind);
    if (may_open(first))
        return measure_by_rule(text, dialect, kind);
    const size_t size = measure_space(text);
    *kind = size ? IMPACT__SQL_BLANK : IMPACT__SQL_OPERATOR;
    return size ? size : 1;
}

/* ---- tokens ---- */

impact__sql_token impact__sql_next(impact__sql_source *source)
{
    const impact_text rest = source->rest;
    impact__sql_token token = {IMPACT__SQL_END, impact_text_from(rest.data, 0)};
    if (!rest.size)
        return token;
    const size_t size = measure(rest, source->dialect, &token.kind);
    token.text = impact_text_from(rest.data, size);
    source->rest = after(rest, size);
    return token;
}

impact__sql_token impact__sql_next_significant(impact__sql_source *source)
{
    impact__sql_token token;
    do
        token = impact__sql_next(source);
    while (token.kind == IMPACT__SQL_BLANK);
    return token;
}

bool impact__sql_is_operator(impact__sql_token token, char c)
{
    return token.kind == IMPACT__SQL_OPERATOR && token.text.data[0] == c;
}

bool impact__sql_is_name(impact__sql_token token)
{
    return token.kind == IMPACT__SQL_WORD || token.kind == IMPACT__SQL_QUOTED_NAME ||
           token.kind == IMPACT__SQL_DOUBLE_QUOTED;
}

impact_text impact__sql_first_statement(impact_text sql, impact__sql_dialect dialect)
{
    impact__sql_source source = {sql, dialect};
    impact__sql_token token;
    do
        token = impact__sql_next(&source);
    while (token.kind != IMPACT__SQL_END && !impact__sql_is_operator(token, ';'));
    return impact_text_from(sql.data, sql.size - source.rest.size);
}
