/* The code's options, and the OTEL_EXPORTER_OTLP_* variables.
 *
 * Each variable has a form for traces that wins over the general one; one that is empty or cannot
 * be read is not set (specification, configuration/sdk-environment-variables).
 */
#include "export/otlp/otlp_environment.h"

#include <assert.h>
#include <stdbool.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/environment.h"
#include "base/options.h"
#include "base/text.h"
#include "export/otlp/request.h"
#include "export/otlp/response.h"

static const char default_endpoint[] = "http://localhost:4318";
static const char traces_path[] = "/v1/traces";

enum {
    default_timeout_ms = 10000,
    url_size_limit = 4096,
    message_limit_most = 1 << 30, /* bytes that code may ask for in a request or an answer */
};

/* The two names of a variable. */
typedef struct variable {
    const char *for_traces;
    const char *general;
} variable;

#define VARIABLE(name)                                                                             \
    (&(const variable){"OTEL_EXPORTER_OTLP_TRACES_" name, "OTEL_EXPORTER_OTLP_" name})

/* Empty when neither is set; `name` gets the one that is. */
static impact_text get_either(const variable *of, const char **name)
{
    const impact_text value = impact__environment_text(of->for_traces);
    *name = value.size ? of->for_traces : of->general;
    return value.size ? value : impact__environment_text(of->general);
}

/* ---- the endpoint ---- */

/* What is behind `prefix`; empty when it is not there. */
static impact_text behind(impact_text text, const char *prefix)
{
    const size_t size = strlen(prefix);
    if (text.size < size || !impact__text_equal_ignoring_case(impact_text_from(text.data, size),
                                                              impact_text_of(prefix)))
        return impact_text_from(NULL, 0);
    return impact_text_from(text.data + size, text.size - size);
}

static bool is_url(impact_text text)
{
    const impact_text http = behind(text, "http://");
    const impact_text rest = http.size ? http : behind(text, "https://");
    if (text.size > url_size_limit || !rest.size || memchr("/?#", rest.data[0], 3))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] <= ' ' || text.data[i] == 0x7F)
            return false;
    return true;
}

/* Put the path of the signal behind that of `base`, before a query. A slash at the end of `base` is
 * the one between the two; others before it are part of the path. */
static char *join_url(const impact_allocator *allocator, impact_text base)
{
    assert(base.size > 0 && base.size <= url_size_limit);
    size_t path_size = 0;
    while (path_size < base.size && !memchr("?#", base.data[path_size], 2))
        path_size++;
    impact_text query = impact_text_from(base.data + path_size, base.size - path_size);
    const char *fragment = memchr(query.data, '#', query.size);
    if (fragment)
        query.size = (size_t)(fragment - query.data);
    if (path_size && base.data[path_size - 1] == '/')
        path_size--;
    impact__buffer url = IMPACT__BUFFER(allocator);
    impact__buffer_append(&url, base.data, path_size);
    impact__buffer_append_string(&url, traces_path);
    impact__buffer_append_text(&url, query);
    impact__buffer_append_char(&url, '\0');
    if (url.has_failed)
        impact__buffer_close(&url);
    return url.data;
}

static impact_status made(const void *memory)
{
    return memory ? IMPACT_OK : IMPACT_ENOMEM;
}

static impact_status take_url(otlp__settings *settings, impact_text url)
{
    if (!is_url(url))
        return IMPACT_EINVAL;
    settings->url = impact__copy(settings->allocator, url.data, url.size);
    return made(settings->url);
}

/* The traces' own is used as it is; the general one is a base. A bad one may have been meant for a
 * place that may see what others may not: it does not fall back. */
static impact_status read_url(otlp__settings *settings)
{
    const variable *names = VARIABLE("ENDPOINT");
    const char *name = NULL;
    const impact_text url = get_either(names, &name);
    if (url.size && !is_url(url)) {
        impact__environment_refuse_unseen(
            name, "it has to be an http or https URL; nothing is sent by OTLP");
        return IMPACT_EINVAL;
    }
    if (url.size && name == names->for_traces)
        return take_url(settings, url);
    settings->url =
        join_url(settings->allocator, url.size ? url : impact_text_of(default_endpoint));
    return made(settings->url);
}

static impact_status set_url(otlp__settings *settings, const impact_otlp_options *options)
{
    return options->endpoint ? take_url(settings, impact_text_of(options->endpoint))
                             : read_url(settings);
}

/* ---- headers ---- */

static impact_status take_headers(otlp__headers *headers, const impact_otlp_options *options)
{
    for (size_t i = 0; i < options->header_count; i++) {
        const impact_http_header *given = &options->headers[i];
        const impact_status status =
            otlp__headers_add(headers, impact_text_of(given->name), impact_text_of(given->value));
        if (status)
            return status;
    }
    return IMPACT_OK;
}

static impact_status set_headers(otlp__settings *settings, const impact_otlp_options *options)
{
    settings->headers.allocator = settings->allocator;
    if (options->headers)
        return take_headers(&settings->headers, options);
    const char *name = NULL;
    const impact_text list = get_either(VARIABLE("HEADERS"), &name);
    return otlp__headers_add_list(&settings->headers, list, name);
}

/* ---- certificates ---- */

static impact_status set_file(char **file, const otlp__settings *settings, const char *given,
                              const variable *of)
{
    assert(!*file); /* set once */
    const char *name = NULL;
    const impact_text path = given ? impact_text_of(given) : get_either(of, &name);
    if (!path.size)
        return IMPACT_OK;
    *file = impact__copy(settings->allocator, path.data, path.size);
    return made(*file);
}

static impact_status set_files(otlp__settings *settings, const impact_otlp_options *options)
{
    impact_status status =
        set_file(&settings->certificate, settings, options->certificate, VARIABLE("CERTIFICATE"));
    if (!status)
        status = set_file(&settings->client_certificate, settings, options->client_certificate,
                          VARIABLE("CLIENT_CERTIFICATE"));
    if (!status)
        status =
            set_file(&settings->client_key, settings, options->client_key, VARIABLE("CLIENT_KEY"));
    return status;
}

/* A key alone proves nothing: whoever sets it means a certificate too. */
static impact_status check_key(const otlp__settings *settings, const impact_otlp_options *options)
{
    const char *name = NULL;
    if (!settings->client_key || settings->client_certificate)
        return IMPACT_OK;
    if (options->client_key)
        return IMPACT_EINVAL;
    (void)get_either(VARIABLE("CLIENT_KEY"), &name); /* the name is wanted */
    impact__environment_refuse_unseen(name, "there is no client certificate beside it");
    return IMPACT_OK;
}

/* ---- the rest ---- */

static void set_timeout(otlp__settings *settings, const impact_otlp_options *options)
{
    const variable *names = VARIABLE("TIMEOUT");
    uint32_t timeout_ms = options->timeout_ms;
    if (timeout_ms)
        timeout_ms = timeout_ms == IMPACT_ZERO ? 0 : timeout_ms;
    else if (!impact__environment_number(&timeout_ms, names->for_traces) &&
             !impact__environment_number(&timeout_ms, names->general))
        timeout_ms = default_timeout_ms;
    settings->timeout_ms = timeout_ms;
}

static impact_status set_limits(otlp__settings *settings, const impact_otlp_options *options)
{
    if (options->request_limit > message_limit_most || options->response_limit > message_limit_most)
        return IMPACT_EINVAL;
    settings->request_limit = options->request_limit ? options->request_limit : OTLP__REQUEST_LIMIT;
    settings->response_limit =
        options->response_limit ? options->response_limit : OTLP__RESPONSE_LIMIT;
    return IMPACT_OK;
}

/* What is asked for and is not here is said, not passed over. */
static void check_only(const variable *of, const char *const *words)
{
    size_t index = 0;
    (void)impact__environment_choice(&index, of->for_traces, words); /* there is one; likewise */
    (void)impact__environment_choice(&index, of->general, words);
}

static void check_insecure(const char *name)
{
    const impact_text value = impact__environment_text(name);
    if (value.size && !impact__text_equal_ignoring_case(value, impact_text_of("false")))
        impact__environment_refuse(name, value, "http or https in the endpoint decides");
}

static void check_unsupported(void)
{
    static const char *const protocols[] = {"http/protobuf", NULL};
    static const char *const compressions[] = {"none", NULL};
    check_only(VARIABLE("PROTOCOL"), protocols);
    check_only(VARIABLE("COMPRESSION"), compressions);
    check_insecure("OTEL_EXPORTER_OTLP_TRACES_INSECURE");
    check_insecure("OTEL_EXPORTER_OTLP_INSECURE");
}

static impact_status set_all(otlp__settings *settings, const impact_otlp_options *options)
{
    check_unsupported();
    set_timeout(settings, options);
    impact_status status = set_limits(settings, options);
    if (!status)
        status = set_url(settings, options);
    if (!status)
        status = set_files(settings, options);
    if (!status)
        status = check_key(settings, options);
    return status ? status : set_headers(settings, options);
}

impact_status otlp__settings_open(otlp__settings *settings, const impact_otlp_options *options,
                                  const impact_allocator *allocator)
{
    otlp__settings read = {.allocator = allocator};
    impact_otlp_options known;
    if (!impact__struct_read(&known, sizeof known, options))
        return IMPACT_EINVAL;
    const impact_status status = set_all(&read, &known);
    if (status)
        otlp__settings_close(&read);
    else
        *settings = read;
    return status;
}

void otlp__settings_close(otlp__settings *settings)
{
    impact__free(settings->allocator, settings->url);
    impact__free(settings->allocator, settings->certificate);
    impact__free(settings->allocator, settings->client_certificate);
    impact__free(settings->allocator, settings->client_key);
    otlp__headers_close(&settings->headers);
    *settings = (otlp__settings){.allocator = settings->allocator};
}
