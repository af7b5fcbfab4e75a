/* Queries without their secrets.
 *
 * DESIGN: The conventions name seven keys (url.query), and every service has its own beside them.
 * So a key is compared by its letters and digits alone, decoded and in lower case: "X-Api-Key",
 * "api_key" and "user[apiKey]" are one. What is not surely harmless is redacted.
 */
#include <assert.h>
#include <string.h>

#include "base/ascii.h"
#include "base/text.h"
#include "instrument/common/http_semconv.h"

enum { key_limit = 64 }; /* letters and digits of a key; one with more is no name that we know */

typedef struct writer {
    char *to;
    size_t capacity;
    size_t size; /* of the whole, written or not */
} writer;

static void write_text(writer *w, const char *data, size_t size)
{
    assert(w->to || w->capacity == 0);
    if (w->size < w->capacity) {
        const size_t room = w->capacity - w->size;
        memcpy(w->to + w->size, data, size < room ? size : room);
    }
    w->size += size;
}

/* Cut the next byte off, percent-decoded. */
static char next_byte(impact_text *rest)
{
    assert(rest->size > 0);
    char c = rest->data[0];
    size_t taken = 1;
    if (c == '%' && rest->size >= 3) {
        const int high = impact__hex_value(rest->data[1]);
        const int low = impact__hex_value(rest->data[2]);
        if (high >= 0 && low >= 0) {
            c = (char)(high << 4 | low);
            taken = 3;
        }
    }
    *rest = impact_text_from(rest->data + taken, rest->size - taken);
    return c;
}

/* ---- keys ---- */

/* Keys that are these. */
static const char *const whole_names[] = {"auth", "authorization", "code", "key", "otp",
                                          "pass", "pin",           "sid",  "sig", NULL};
/* Keys that have one of these in them: AWSAccessKeyId, X-Amz-Security-Token, X-Goog-Signature. */
static const char *const parts_of_names[] = {"accesskey", "apikey",     "assertion", "authkey",
                                             "bearer",    "credential", "jwt",       "passphrase",
                                             "passw",     "privatekey", "pwd",       "secret",
                                             "session",   "signature",  "token",     NULL};

static bool names_secret(const char *name)
{
    for (const char *const *whole = whole_names; *whole; whole++)
        if (strcmp(name, *whole) == 0)
            return true;
    for (const char *const *part = parts_of_names; *part; part++)
        if (strstr(name, *part))
            return true;
    return false;
}

static bool is_secret_key(impact_text key)
{
    char name[key_limit + 1];
    size_t size = 0;
    while (key.size) {
        const char c = next_byte(&key);
        if (!impact__is_alphanumeric(c))
            continue;
        if (size == key_limit)
            return true;
        name[size++] = impact__to_lower_case(c);
    }
    name[size] = 0;
    return names_secret(name);
}

/* ---- values ---- */

/* A URL that has a user or a query of its own. */
static bool may_hold_secret(impact_text value)
{
    static const char mark[] = "://";
    size_t matched = 0;
    while (value.size) {
        const char c = next_byte(&value);
        if (mark[matched])
            matched = c == mark[matched] ? matched + 1 : (size_t)(c == mark[0]);
        else if (c == '@' || c == '=')
            return true;
    }
    return false;
}

/* ---- queries ---- */

/* Where the first of `separators` stands, or the size. */
static size_t find_any(impact_text text, const char *separators)
{
    size_t i = 0;
    while (i < text.size && (!text.data[i] || !strchr(separators, text.data[i])))
        i++;
    return i;
}

/* Write the pair at the front, and return its size. Some servers take a semicolon for a
 * separator: it ends a pair, but not a secret. */
static size_t write_pair(writer *w, impact_text rest)
{
    static const char redacted[] = "REDACTED";
    const size_t size = find_any(rest, "&;");
    const size_t key_size = find_any(impact_text_from(rest.data, size), "=");
    const bool has_value = key_size < size;
    const size_t start = has_value ? key_size + 1 : size;
    const impact_text value = impact_text_from(rest.data + start, size - start);
    const bool hides = has_value && (is_secret_key(impact_text_from(rest.data, key_size)) ||
                                     may_hold_secret(value));
    write_text(w, rest.data, hides ? start : size);
    if (!hides)
        return size;
    write_text(w, redacted, sizeof redacted - 1);
    return find_any(rest, "&");
}

size_t impact__http_redact_query(char *to, size_t capacity, impact_text query)
{
    assert(query.data || query.size == 0);
    writer w = {to, capacity, 0};
    while (query.size) {
        const size_t size = write_pair(&w, query);
        const size_t separator = size < query.size ? 1 : 0;
        write_text(&w, query.data + size, separator);
        query = impact_text_from(query.data + size + separator, query.size - size - separator);
    }
    return w.size;
}
