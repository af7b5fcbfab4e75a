/* The OTEL_EXPORTER_OTLP_* variables.
 *
 * Each has a form for traces that wins over the general one; an empty variable is one that is not
 * set (specification, configuration/sdk-environment-variables).
 */
#include "export/otlp/otlp_environment.h"

#include <stdbool.h>
#include <stdlib.h>

#include <impact/diagnostics.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/text.h"

static const char default_endpoint[] = "http://localhost:4318";
static const char traces_path[] = "/v1/traces";

enum {
    default_timeout_ms = 10000,
    url_limit = 4096,
    headers_limit = 64 * 1024,
};

/* The two names of a variable. */
typedef struct variable {
    const char *for_traces;
    const char *general;
} variable;

#define VARIABLE(name)                                                                             \
    (&(const variable){"OTEL_EXPORTER_OTLP_TRACES_" name, "OTEL_EXPORTER_OTLP_" name})

static const char *get(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* NULL when neither is set; `name` gets the one that is. */
static const char *get_either(const variable *of, const char **name)
{
    const char *value = get(of->for_traces);
    *name = value ? of->for_traces : of->general;
    return value ? value : get(of->general);
}

static void report(const char *name, const char *what)
{
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "environment", name, "%s %s", name, what);
}

/* ---- the endpoint ---- */

static bool starts_with(impact_text text, const char *prefix)
{
    const size_t size = strlen(prefix);
    return text.size > size && impact__text_equal_ignoring_case(impact_text_from(text.data, size),
                                                                impact_text_of(prefix));
}

static bool is_url(impact_text text)
{
    if (text.size > url_limit || !(starts_with(text, "http://") || starts_with(text, "https://")))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] <= ' ' || text.data[i] == 0x7F)
            return false;
    return true;
}

/* The value of a variable that must be a URL; NULL when there is none. */
static const char *get_url(const char *name)
{
    const char *value = get(name);
    if (!value || is_url(impact_text_of(value)))
        return value;
    report(name, "is not an http or https URL and is ignored");
    return NULL;
}

/* Put the path of the signal behind that of `base`, before a query. A slash at the end of `base` is the one
 * between the two; others before it are part of the path. */
static char *join_url(const impact_allocator *allocator, const char *base)
{
    size_t path_size = strcspn(base, "?#");
    const char *rest = base + path_size;
    if (path_size && base[path_size - 1] == '/')
        path_size--;
    impact__buffer url = IMPACT__BUFFER(allocator);
    impact__buffer_append(&url, base, path_size);
    impact__buffer_append_string(&url, traces_path);
    impact__buffer_append(&url, rest, strcspn(rest, "#") + 1);
    if (!url.has_failed)
        url.data[url.size - 1] = 0;
    if (url.has_failed)
        impact__buffer_close(&url);
    return url.data;
}

static char *make_url(const impact_allocator *allocator)
{
    const char *as_is = get_url("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    if (as_is)
        return impact__copy(allocator, as_is, strlen(as_is));
    const char *base = get_url("OTEL_EXPORTER_OTLP_ENDPOINT");
    return join_url(allocator, base ? base : default_endpoint);
}

/* ---- headers: "name=value,name=value", percent-encoded (W3C Baggage 3.3.1, no properties) ---- */

/* RFC 9110 5.6.2, token. */
static bool is_token(impact_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!impact__is_alphanumeric_or(text.data[i], "!#$%&'*+-.^_`|~"))
            return false;
    return text.size > 0;
}

/* No control character: a line end would begin another header. */
static bool is_header_value(impact_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (((unsigned char)text.data[i] < ' ' && text.data[i] != '\t') || text.data[i] == 0x7F)
            return false;
    return text.size > 0;
}

/* IMPACT_EINVAL: it is not a header. */
static impact_status add_header(otlp__settings *settings, impact_text member)
{
    impact_text key;
    impact_text value = member;
    size_t size = 0;
    if (settings->header_count == OTLP__HEADER_LIMIT || !memchr(member.data, '=', member.size) ||
        !impact__text_split(&key, &value, '='))
        return IMPACT_EINVAL;
    key = impact__text_trim(key);
    value = impact__text_trim(value);
    if (!is_token(key))
        return IMPACT_EINVAL;
    char *header = impact__alloc(settings->allocator, key.size + sizeof ": " + value.size);
    if (!header)
        return IMPACT_ENOMEM;
    memcpy(header, key.data, key.size);
    memcpy(header + key.size, ": ", 2);
    char *to = header + key.size + 2;
    if (!impact__percent_decode(to, &size, value, false) ||
        !is_header_value(impact_text_from(to, size))) {
        impact__free(settings->allocator, header);
        return IMPACT_EINVAL;
    }
    to[size] = 0;
    settings->headers[settings->header_count++] = header;
    return IMPACT_OK;
}

static impact_status read_headers(otlp__settings *settings)
{
    const char *name;
    impact_text rest = impact_text_of(get_either(VARIABLE("HEADERS"), &name));
    impact_text member;
    if (rest.size > headers_limit) {
        report(name, "is too long and is ignored");
        return IMPACT_OK;
    }
    while (impact__text_split(&member, &rest, ',')) {
        if (!impact__text_trim(member).size)
            continue;
        const impact_status status = add_header(settings, member);
        if (status == IMPACT_ENOMEM)
            return status;
        if (status) /* without its value: it may be a secret */
            report(name, "holds a header that is not valid; it is left out");
    }
    return IMPACT_OK;
}

/* ---- the rest ---- */

static void read_timeout(otlp__settings *settings)
{
    const char *name;
    const char *value = get_either(VARIABLE("TIMEOUT"), &name);
    uint64_t timeout_ms = default_timeout_ms;
    if (value && !impact__text_parse_uint(&timeout_ms, impact_text_of(value), INT32_MAX))
        report(name, "is not a number of milliseconds and is ignored");
    settings->timeout_ms = (uint32_t)timeout_ms;
}

static impact_status read_certificate(otlp__settings *settings)
{
    const char *name;
    const char *value = get_either(VARIABLE("CERTIFICATE"), &name);
    if (!value)
        return IMPACT_OK;
    settings->certificate = impact__copy(settings->allocator, value, strlen(value));
    return settings->certificate ? IMPACT_OK : IMPACT_ENOMEM;
}

/* What is asked for and is not here is said, not passed over. */
static void check_unsupported(const variable *of, const char *supported)
{
    const char *name;
    const char *value = get_either(of, &name);
    if (value && strcmp(value, supported) != 0)
        impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "environment", name,
                                  "%s is not supported but for %s, which is used", name, supported);
}

impact_status otlp__settings_open(otlp__settings *settings, const impact_allocator *allocator)
{
    otlp__settings read = {.allocator = allocator};
    read_timeout(&read);
    check_unsupported(VARIABLE("PROTOCOL"), "http/protobuf");
    check_unsupported(VARIABLE("COMPRESSION"), "none");
    impact_status status = IMPACT_OK;
    read.url = make_url(allocator);
    if (!read.url)
        status = IMPACT_ENOMEM;
    if (status == IMPACT_OK)
        status = read_certificate(&read);
    if (status == IMPACT_OK)
        status = read_headers(&read);
    if (status) {
        otlp__settings_close(&read);
        return status;
    }
    *settings = read;
    return IMPACT_OK;
}

void otlp__settings_close(otlp__settings *settings)
{
    impact__free(settings->allocator, settings->url);
    impact__free(settings->allocator, settings->certificate);
    for (size_t i = 0; i < settings->header_count; i++)
        impact__free(settings->allocator, settings->headers[i]);
    *settings = (otlp__settings){.allocator = settings->allocator};
}
