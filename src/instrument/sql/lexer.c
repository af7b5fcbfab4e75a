/* SQL cut into tokens. Each function below measures one kind at the start of the text: its size, or 0. */
#include "instrument/sql/lexer.h"

#include <string.h>

#include "base/ascii.h"

enum { bracket_limit = 256 }; /* bytes in which a bracket has to close to be looked into */

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Bytes above ASCII are letters to SQLite and PostgreSQL; so a UTF-8 sequence is never cut. */
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

static size_t measure_word(impact_text text)
{
    size_t size = 0;
    if (begins_word(at(text, 0)))
        while (size < text.size && continues_word(text.data[size]))
            size++;
    return size;
}

static size_t measure_space(impact_text text)
{
    size_t size = 0;
    while (size < text.size && is_space(text.data[size]))
        size++;
    return size;
}

/* Comments do not nest in the standard; one that is never closed reaches to the end. */
static size_t measure_comment(impact_text text)
{
    if (at(text, 0) == '-' && at(text, 1) == '-') {
        const char *end = memchr(text.data, '\n', text.size);
        return end ? (size_t)(end - text.data) : text.size;
    }
    if (at(text, 0) != '/' || at(text, 1) != '*')
        return 0;
    const char *end = text.size > 2 ? memmem(text.data + 2, text.size - 2, "*/", 2) : NULL;
    return end ? (size_t)(end + 2 - text.data) : text.size;
}

/* What stands in quotes from `start` on; a doubled quote is part of it, and so is what a backslash
 * precedes where `escapes`. `is_closed` tells whether it ends within the text. */
static size_t measure_quoted(impact_text text, size_t start, char quote, bool escapes,
                             bool *is_closed)
{
    *is_closed = false;
    for (size_t i = start + 1; i < text.size; i++) {
        if (escapes && text.data[i] == '\\') {
            i++;
        } else if (text.data[i] == quote) {
            if (at(text, i + 1) != quote) {
                *is_closed = true;
                return i + 1;
            }
            i++;
        }
    }
    return text.size;
}

/* 'x', and x'00' b'01' n'x' e'x' u&'x'. Only e'' has backslashes (PostgreSQL 4.1.2.2). */
static size_t measure_string(impact_text text)
{
    bool is_closed;
    const char first = at(text, 0);
    if (first == '\'')
        return measure_quoted(text, 0, '\'', false, &is_closed);
    const bool is_unicode = (first == 'u' || first == 'U') && at(text, 1) == '&';
    const size_t start = is_unicode ? 2 : 1;
    if (at(text, start) != '\'' || (!is_unicode && (!first || !strchr("xXbBnNeE", first))))
        return 0;
    return measure_quoted(text, start, '\'', first == 'e' || first == 'E', &is_closed);
}

/* $$x$$ and $tag$x$tag$ (PostgreSQL 4.1.2.4). $x without a second dollar is a parameter. */
static size_t measure_dollar_quoted(impact_text text)
{
    if (at(text, 0) != '$')
        return 0;
    size_t tag = 1;
    while (tag < text.size &&
           (begins_word(text.data[tag]) || (tag > 1 && impact__is_digit(text.data[tag]))))
        tag++;
    if (at(text, tag++) != '$')
        return 0;
    const char *end = memmem(text.data + tag, text.size - tag, text.data, tag);
    return end ? (size_t)(end - text.data) + tag : text.size;
}

/* Digits with what may stand among them: 0x1F, 1_000, .5, 1.5e-3. A sign is an operator. */
static size_t measure_number(impact_text text)
{
    if (!impact__is_digit(at(text, 0)) && !(at(text, 0) == '.' && impact__is_digit(at(text, 1))))
        return 0;
    const bool is_hex = at(text, 0) == '0' && (at(text, 1) | 0x20) == 'x';
    size_t size = 1;
    for (; size < text.size; size++) {
        const char c = text.data[size];
        const bool is_exponent_sign = (c == '+' || c == '-') && !is_hex &&
                                      (text.data[size - 1] | 0x20) == 'e' &&
                                      impact__is_digit(at(text, size + 1));
        if (!continues_word(c) && c != '.' && !is_exponent_sign)
            break;
    }
    return size;
}

static size_t measure_parameter(impact_text text)
{
    const char first = at(text, 0);
    const char second = at(text, 1);
    const bool is_named = (first == ':' || first == '@' || first == '$') &&
                          (begins_word(second) || impact__is_digit(second));
    if (first != '?' && !is_named)
        return 0;
    size_t size = 1;
    while (size < text.size &&
           (first == '?' ? impact__is_digit(text.data[size]) : continues_word(text.data[size])))
        size++;
    return size;
}

/* [x] as SQLite and SQL Server quote; arr[1] and array['x'] are not names. */
static size_t measure_bracketed(impact_text text)
{
    if (at(text, 0) != '[' || !begins_word(at(text, 1)))
        return 0;
    size_t size = 1;
    while (size < text.size && (continues_word(text.data[size]) || text.data[size] == ' '))
        size++;
    return at(text, size) == ']' ? size + 1 : 0;
}

/* A quote without its second one before the bracket closes: SQLite reads [it's] as a name, others begin
 * a string there. What follows is in or out of quotes accordingly, and there is no telling which. */
static bool has_lone_quote(impact_text text)
{
    const size_t most = text.size < bracket_limit ? text.size : bracket_limit;
    const char *end = at(text, 0) == '[' ? memchr(text.data, ']', most) : NULL;
    char open = 0; /* the quote that is not closed */
    for (const char *c = text.data; end && c < end; c++) {
        if (open)
            open = *c == open ? 0 : open;
        else if (*c == '\'' || *c == '"' || *c == '`')
            open = *c;
    }
    return open != 0;
}

/* An identifier in quotes; one that is never closed may be anything, and counts as a literal, as does
 * all that follows a bracket that can be read in two ways. */
static size_t measure_identifier(impact_text text, impact__sql_kind *kind)
{
    const char first = at(text, 0);
    bool is_closed = !has_lone_quote(text);
    size_t size = is_closed ? measure_bracketed(text) : text.size;
    if (first == '"' || first == '`')
        size = measure_quoted(text, 0, first, false, &is_closed);
    *kind = is_closed ? IMPACT__SQL_QUOTED : IMPACT__SQL_LITERAL;
    return size;
}

/* Strings before words, because of their prefixes; and before parameters, because of the dollar. */
static size_t measure(impact_text text, impact__sql_kind *kind)
{
    size_t size = 0;
    if ((size = measure_space(text)) || (size = measure_comment(text))) {
        *kind = IMPACT__SQL_BLANK;
    } else if ((size = measure_string(text)) || (size = measure_dollar_quoted(text)) ||
               (size = measure_number(text))) {
        *kind = IMPACT__SQL_LITERAL;
    } else if ((size = measure_word(text))) {
        *kind = IMPACT__SQL_WORD;
    } else if ((size = measure_parameter(text))) {
        *kind = IMPACT__SQL_PARAMETER;
    } else if (!(size = measure_identifier(text, kind))) {
        *kind = IMPACT__SQL_OPERATOR;
        size = 1;
    }
    return size;
}

impact__sql_token impact__sql_next(impact_text *rest)
{
    impact__sql_token token = {IMPACT__SQL_END, impact_text_from(rest->data, 0)};
    if (!rest->size)
        return token;
    const size_t size = measure(*rest, &token.kind);
    token.text = impact_text_from(rest->data, size);
    *rest = impact_text_from(rest->data + size, rest->size - size);
    return token;
}

/* Most words differ in their first letter: so neither is measured before. */
bool impact__sql_is_word(impact__sql_token token, const char *word)
{
    if (token.kind != IMPACT__SQL_WORD)
        return false;
    for (size_t i = 0; i < token.text.size; i++)
        if (impact__to_upper_case(token.text.data[i]) != word[i])
            return false; /* also where the word ends before the token */
    return word[token.text.size] == 0;
}

bool impact__sql_is_one_of(impact__sql_token token, const char *const *words)
{
    for (; token.kind == IMPACT__SQL_WORD && *words; words++)
        if (impact__sql_is_word(token, *words))
            return true;
    return false;
}

bool impact__sql_is_operator(impact__sql_token token, char c)
{
    return token.kind == IMPACT__SQL_OPERATOR && token.text.data[0] == c;
}
