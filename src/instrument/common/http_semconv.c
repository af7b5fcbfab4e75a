/* What both ends of HTTP need to describe it. */
#include "instrument/common/http_semconv.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/authority.h"
#include "base/environment.h"
#include "base/once.h"
#include "base/text.h"

enum { method_list_limit = 512 }; /* bytes of OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS */

/* RFC 9110 9, RFC 5789, and QUERY of draft-ietf-httpbis-safe-method-w-body. */
static char known_methods[method_list_limit] =
    "CONNECT,DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT,QUERY,TRACE";
static impact__once known_methods_once;

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
    impact__once_do(&known_methods_once, read_known_methods);
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

/* ---- addresses and status ---- */

bool impact__http_split_authority(impact_text authority, long otherwise, impact_text *host,
                                  long *port)
{
    assert(authority.data || authority.size == 0);
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
