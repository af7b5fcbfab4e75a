/* Credentials, found and hidden. */
#include "base/credentials.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include <impact/text.h>

#include "base/ascii.h"
#include "base/text.h"

/* A text that becomes shorter, and where one is in it. */
typedef struct hidden_text {
    char *text;
    size_t size;
    size_t at;
} hidden_text;

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'' || c == '`';
}

/* Goes on behind the stars. */
static void hide(hidden_text *t, size_t from, size_t to)
{
    assert(from <= to && to <= t->size);
    const size_t stars = to - from < 3 ? to - from : 3;
    memset(t->text + from, '*', stars);
    memmove(t->text + from + stars, t->text + to, t->size - to);
    t->size -= to - from - stars;
    t->at = from + stars;
}

/* ---- user information ---- */

static bool ends_word(char c)
{
    return is_blank(c) || is_quote(c) || c == '<' || c == '>';
}

/* The size of the last of `size` bytes that is `c`; 0: none is. */
static size_t behind_last(const char *text, size_t size, char c)
{
    while (size && text[size - 1] != c)
        size--;
    return size;
}

/* A host with a port at most, and then a path: an @ in that is part of the path. */
static bool is_host_and_path(impact_text before_at)
{
    size_t size = 0;
    while (size < before_at.size && !strchr("/?#", before_at.data[size]))
        size++;
    if (size == before_at.size)
        return false;
    const size_t port = behind_last(before_at.data, size, ':');
    for (size_t i = port; port && i < size; i++)
        if (!impact__is_digit(before_at.data[i]))
            return false;
    return true;
}

/* Of one word: from behind its scheme, or from its start where a colon makes a pair of it. */
static void hide_in_word(hidden_text *t, size_t end)
{
    const size_t start = t->at;
    const size_t at = behind_last(t->text + start, end - start, '@');
    t->at = end;
    if (!at)
        return;
    const impact_text before = impact_text_from(t->text + start, at - 1);
    const char *scheme = memmem(before.data, before.size, "://", 3);
    const size_t skipped = scheme ? (size_t)(scheme - before.data) + 3 : 0;
    const impact_text info = impact_text_from(before.data + skipped, before.size - skipped);
    const bool is_pair = memchr(info.data, ':', info.size) != NULL;
    const size_t tail = end - (start + at - 1);
    if (!scheme ? !is_pair : is_host_and_path(info))
        return;
    hide(t, start + skipped, start + at - 1);
    t->at += tail;
}

static void hide_user_information(hidden_text *t)
{
    t->at = 0;
    while (t->at < t->size) {
        size_t end = t->at;
        while (end < t->size && !ends_word(t->text[end]))
            end++;
        hide_in_word(t, end);
        t->at++;
    }
}

/* ---- values ---- */

static bool is_secret_key(impact_text key)
{
    static const char *const words[] = {"password",    "passwd",        "passphrase", "pwd",
                                        "pass",        "secret",        "token",      "credential",
                                        "apikey",      "api_key",       "api-key",    "accesskey",
                                        "auth",        "accountkey",    "access_key", "access-key",
                                        "credentials", "authorization", "cookie"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const impact_text word = impact_text_of(words[i]);
        if (key.size >= word.size &&
            impact__text_equal_ignoring_case(
                impact_text_from(key.data + key.size - word.size, word.size), word))
            return true;
    }
    return false;
}

/* What stands before the separator at `at`: `key`, `"key"`, `key `. */
static impact_text key_before(const hidden_text *t)
{
    size_t end = t->at;
    while (end && is_blank(t->text[end - 1]))
        end--;
    if (end && is_quote(t->text[end - 1]))
        end--;
    size_t start = end;
    while (start && impact__is_alphanumeric_or(t->text[start - 1], "_-."))
        start--;
    return impact_text_from(t->text + start, end - start);
}

static size_t skip_blanks(const hidden_text *t, size_t at)
{
    while (at < t->size && is_blank(t->text[at]))
        at++;
    return at;
}

/* Behind an unquoted value, or before the quote that closes it. */
static size_t end_of_value(const hidden_text *t, size_t start)
{
    size_t end = start;
    if (start && is_quote(t->text[start - 1])) {
        while (end < t->size && t->text[end] != t->text[start - 1])
            end++;
        return end;
    }
    while (end < t->size && !ends_word(t->text[end]) && !strchr("&;", t->text[end]))
        end++;
    return end;
}

/* What is followed by the secret itself: "Authorization: Bearer x". */
static bool is_scheme(impact_text value)
{
    static const char *const schemes[] = {"bearer", "basic", "digest", "token", "negotiate"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (impact__text_equal_ignoring_case(value, impact_text_of(schemes[i])))
            return true;
    return false;
}

static void hide_value(hidden_text *t)
{
    size_t start = skip_blanks(t, t->at + 1);
    if (start < t->size && is_quote(t->text[start]))
        start++;
    size_t end = end_of_value(t, start);
    if (is_scheme(impact_text_from(t->text + start, end - start))) {
        start = skip_blanks(t, end);
        end = end_of_value(t, start);
    }
    hide(t, start, end);
}

static void hide_values(hidden_text *t)
{
    t->at = 0;
    while (t->at < t->size) {
        const char c = t->text[t->at];
        if ((c == '=' || c == ':') && is_secret_key(key_before(t)))
            hide_value(t);
        else
            t->at++;
    }
}

size_t impact__credentials_hide(char *text, size_t size)
{
    hidden_text t = {.text = text, .size = size};
    hide_user_information(&t);
    hide_values(&t);
    return t.size;
}
