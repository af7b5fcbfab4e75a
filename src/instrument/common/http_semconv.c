/* What both ends of HTTP need to describe it. */
#include "instrument/common/http_semconv.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/authority.h"
#include "base/ascii.h"
#include "base/environment.h"
#include "base/text.h"

enum { method_list_limit = 512 }; /* bytes of OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS */

/* RFC 9110 9, RFC 5789, and QUERY of draft-ietf-httpbis-safe-method-w-body. */
static char known_methods[method_list_limit] =
    "CONNECT,DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT,QUERY,TRACE";
static pthread_once_t known_methods_once = PTHREAD_ONCE_INIT;

static void read_known_methods(void)
{
    static const char name[] = "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS";
    const impact_text list = impact__environment_text(name);
    if (list.size >= sizeof known_methods) {
        impact__environment_refuse(name, list, "it is longer than 511 bytes");
    } else if (list.size) {
        memcpy(known_methods, list.data, list.size);
        known_methods[list.size] = '\0';
    }
}

bool impact__http_method_is_known(const char *method)
{
    (void)pthread_once(&known_methods_once, read_known_methods); /* cannot fail */
    impact_text rest = impact_text_of(known_methods);
    impact_text known;
    while (impact__environment_member(&known, &rest))
        if (impact__text_equal_string(known, method))
            return true;
    return false;
}

void impact__http_add_method(impact__start_attributes *to, const char *method)
{
    const bool is_known = impact__http_method_is_known(method);
    impact__start_attributes_add(
        to, impact_string("http.request.method", is_known ? method : "_OTHER"));
    if (!is_known)
        impact__start_attributes_add(to, impact_string("http.request.method_original", method));
}

const char *impact__http_method_name(const char *method)
{
    return impact__http_method_is_known(method) ? method : "HTTP";
}

/* ---- redaction ---- */

typedef struct writer {
    char *to;
    size_t capacity;
    size_t size; /* of the whole, written or not */
} writer;

static void write_text(writer *w, const char *data, size_t size)
{
    if (w->size < w->capacity) {
        const size_t room = w->capacity - w->size;
        memcpy(w->to + w->size, data, size < room ? size : room);
    }
    w->size += size;
}

/* The byte at the start of `text`, percent-decoded, and how many bytes it takes. */
static char decoded_byte(impact_text text, size_t *taken)
{
    *taken = 1;
    if (text.data[0] != '%' || text.size < 3)
        return text.data[0];
    const int high = impact__hex_value(text.data[1]);
    const int low = impact__hex_value(text.data[2]);
    if (high < 0 || low < 0)
        return text.data[0];
    *taken = 3;
    return (char)(high << 4 | low);
}

/* Equal once decoded: "%61uth" reaches the same handler as "auth" does. */
static bool is_key(impact_text text, const char *key)
{
    while (text.size && *key) {
        size_t taken;
        if (decoded_byte(text, &taken) != *key++)
            return false;
        text = impact_text_from(text.data + taken, text.size - taken);
    }
    return text.size == 0 && *key == 0;
}

/* Semantic conventions, url.query: these are redacted by default; case counts. */
static bool is_sensitive(impact_text key)
{
    static const char *const keys[] = {
        "auth",
        "AWSAccessKeyId",
        "Signature",
        "sig",
        "X-Goog-Signature",
        "X-Amz-Signature",
        "X-Amz-Credential",
        "X-Amz-Security-Token",
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (is_key(key, keys[i]))
            return true;
    return false;
}

static void write_pair(writer *w, impact_text pair)
{
    static const char redacted[] = "REDACTED";
    const char *equals = pair.size ? memchr(pair.data, '=', pair.size) : NULL;
    const size_t key_size = equals ? (size_t)(equals - pair.data) : pair.size;
    if (!equals || !is_sensitive(impact_text_from(pair.data, key_size))) {
        write_text(w, pair.data, pair.size);
        return;
    }
    write_text(w, pair.data, key_size + 1);
    write_text(w, redacted, sizeof redacted - 1);
}

size_t impact__http_redact_query(char *to, size_t capacity, impact_text query)
{
    writer w = {to, capacity, 0};
    while (query.size) {
        const char *end = memchr(query.data, '&', query.size);
        const size_t size = end ? (size_t)(end - query.data) : query.size;
        write_pair(&w, impact_text_from(query.data, size));
        if (end)
            write_text(&w, "&", 1);
        const size_t used = size + (end ? 1 : 0);
        query = impact_text_from(query.data + used, query.size - used);
    }
    return w.size;
}

/* ---- addresses and status ---- */

bool impact__http_split_authority(impact_text authority, long otherwise, impact_text *host,
                                  long *port)
{
    const impact__authority address = impact__authority_of(authority);
    if (!address.host.size)
        return false;
    *host = address.host;
    *port = address.port > 0 ? address.port : otherwise;
    return true;
}

void impact__http_set_status_code(impact_span *span, long code, long first_error)
{
    impact_span_set(span, impact_int("http.response.status_code", code));
    if (code < first_error)
        return;
    char text[24];
    (void)snprintf(text, sizeof text, "%ld", code); /* it fits */
    impact_span_set(span, impact_string("error.type", text));
    impact_span_set_status(span, IMPACT_SPAN_STATUS_ERROR, NULL);
}
