/* The code's options, and the OTEL_EXPORTER_OTLP_* variables.
 *
 * Each variable has a form for traces that wins over the general one; one that is empty or cannot
 * be read is not set (specification, configuration/sdk-environment-variables).
 */
#include "export/otlp/otlp_environment.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/environment.h"
#include "base/options.h"
#include "base/text.h"
#include "export/otlp/request.h"
#include "export/otlp/response.h"

static const char default_endpoint[] = "http://localhost:4318";
static const char default_grpc_endpoint[] = "http://localhost:4317";

enum {
    default_timeout_ms = 10000,
    product_limit = 128,          /* bytes */
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

/* ---- protocol and compression ---- */

/* In the order of otlp__protocol. */
static const char *const protocols[] = {"http/protobuf", "http/json", "grpc", NULL};
static const char *const compressions[] = {"none", "gzip", NULL};

static impact_status find_word(size_t *index, const char *given, const char *const *words)
{
    for (size_t i = 0; words[i]; i++) {
        if (strcmp(given, words[i]) == 0) {
            *index = i;
            return IMPACT_OK;
        }
    }
    return IMPACT_EINVAL;
}

/* Which of `words` the code names, or else the environment; the first when neither does. */
static impact_status choose(size_t *index, const char *given, const variable *names,
                            const char *const *words)
{
    *index = 0;
    if (given)
        return find_word(index, given, words);
    if (!impact__environment_choice(index, names->for_traces, words))
        (void)impact__environment_choice(index, names->general, words); /* the first, then */
    return IMPACT_OK;
}

static impact_status set_protocol(otlp__settings *settings, const impact_otlp_options *options)
{
    size_t protocol = 0;
    size_t compression = 0;
    impact_status status = choose(&protocol, options->protocol, VARIABLE("PROTOCOL"), protocols);
    if (!status)
        status = choose(&compression, options->compression, VARIABLE("COMPRESSION"), compressions);
    settings->protocol = (otlp__protocol)protocol;
    settings->has_gzip = compression == 1;
    return status;
}

/* ---- the endpoint ---- */

/* Of gRPC, for an endpoint without a scheme. */
static bool reads_insecure(void)
{
    static const char *const words[] = {"false", "true", NULL};
    size_t index = 0;
    if (!impact__environment_choice(&index, VARIABLE("INSECURE")->for_traces, words))
        (void)impact__environment_choice(&index, VARIABLE("INSECURE")->general, words);
    return index == 1;
}

/* Of HTTP: what is asked for and is not here is said, not passed over. */
static void check_insecure(void)
{
    const char *name = NULL;
    const impact_text value = get_either(VARIABLE("INSECURE"), &name);
    if (value.size && !impact__text_equal_ignoring_case(value, impact_text_of("false")))
        impact__environment_refuse(name, value, "http or https in the endpoint decides");
}

static impact_status made(const void *memory)
{
    return memory ? IMPACT_OK : IMPACT_ENOMEM;
}

/* The traces' own is used as it is; the general one is a base. A bad one may have been meant for a
 * place that may see what others may not: it does not fall back. */
static impact_status read_endpoint(otlp__settings *settings, bool is_insecure)
{
    const variable *names = VARIABLE("ENDPOINT");
    const char *name = NULL;
    const bool is_grpc = settings->protocol == OTLP__GRPC;
    const impact_text given = get_either(names, &name);
    const otlp__endpoint_form over_http =
        given.size && name == names->for_traces ? OTLP__ENDPOINT_WHOLE : OTLP__ENDPOINT_BASE;
    const impact_text text =
        given.size ? given : impact_text_of(is_grpc ? default_grpc_endpoint : default_endpoint);
    const impact_status status =
        otlp__endpoint_open(&settings->endpoint, settings->allocator, text,
                            is_grpc ? OTLP__ENDPOINT_GRPC : over_http, is_insecure);
    if (status == IMPACT_EINVAL)
        impact__environment_refuse_unseen(
            name, is_grpc ? "it has to be an http or https URL, a host and port, or unix: and a "
                            "path; nothing is sent by OTLP"
                          : "it has to be an http or https URL, or unix: and a path; nothing is "
                            "sent by OTLP");
    return status;
}

static impact_status set_endpoint(otlp__settings *settings, const impact_otlp_options *options)
{
    const bool is_grpc = settings->protocol == OTLP__GRPC;
    const bool is_insecure = is_grpc && reads_insecure();
    if (!is_grpc)
        check_insecure();
    if (!options->endpoint)
        return read_endpoint(settings, is_insecure);
    return otlp__endpoint_open(&settings->endpoint, settings->allocator,
                               impact_text_of(options->endpoint),
                               is_grpc ? OTLP__ENDPOINT_GRPC : OTLP__ENDPOINT_WHOLE, is_insecure);
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

/* It becomes a line of a header: what is no text of one is refused (RFC 9110 5.5). */
static bool is_product(impact_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < ' ' || (unsigned char)text.data[i] > '~')
            return false;
    return text.size > 0 && text.size <= product_limit;
}

static impact_status set_product(otlp__settings *settings, const impact_otlp_options *options)
{
    const impact_text product = impact_text_of(options->product);
    if (!options->product)
        return IMPACT_OK;
    if (!is_product(product))
        return IMPACT_EINVAL;
    settings->product = impact__copy(settings->allocator, product.data, product.size);
    return made(settings->product);
}

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

static impact_status set_all(otlp__settings *settings, const impact_otlp_options *options)
{
    set_timeout(settings, options);
    impact_status status = set_limits(settings, options);
    if (!status)
        status = set_protocol(settings, options);
    if (!status)
        status = set_endpoint(settings, options);
    if (!status)
        status = set_files(settings, options);
    if (!status)
        status = check_key(settings, options);
    if (!status)
        status = set_product(settings, options);
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
    otlp__endpoint_close(&settings->endpoint, settings->allocator);
    impact__free(settings->allocator, settings->certificate);
    impact__free(settings->allocator, settings->client_certificate);
    impact__free(settings->allocator, settings->client_key);
    impact__free(settings->allocator, settings->product);
    otlp__headers_close(&settings->headers);
    *settings = (otlp__settings){.allocator = settings->allocator};
}
