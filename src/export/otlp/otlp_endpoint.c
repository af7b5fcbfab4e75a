/* Where requests go. */
#include "export/otlp/otlp_endpoint.h"

#include <assert.h>
#include <string.h>
#include <sys/un.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/text.h"

static const char traces_path[] = "/v1/traces";
static const char grpc_path[] = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

enum {
    url_size_limit = 4096,
    unix_path_limit = sizeof((struct sockaddr_un *)0)->sun_path - 1,
};

/* What is behind `prefix`; empty when it is not there. */
static impact_text behind(impact_text text, const char *prefix)
{
    const size_t size = strlen(prefix);
    return impact__text_begins_with(text, prefix)
               ? impact_text_from(text.data + size, text.size - size)
               : impact_text_from(NULL, 0);
}

static bool has_blank_or_control(impact_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] <= ' ' || text.data[i] == 0x7F)
            return true;
    return false;
}

/* What is behind the scheme; empty: the text is no URL. */
static impact_text behind_scheme(impact_text text)
{
    const impact_text http = behind(text, "http://");
    const impact_text rest = http.size ? http : behind(text, "https://");
    const bool is_url = text.size <= url_size_limit && rest.size &&
                        !memchr("/?#", rest.data[0], 3) && !has_blank_or_control(text);
    return is_url ? rest : impact_text_from(NULL, 0);
}

/* The bytes up to the first of `ends`. */
static size_t size_until(impact_text text, const char *ends)
{
    size_t size = 0;
    while (size < text.size && !memchr(ends, text.data[size], strlen(ends)))
        size++;
    return size;
}

static impact_status finish(char **string, impact__buffer *buffer)
{
    impact__buffer_append_char(buffer, '\0');
    if (buffer->has_failed) {
        impact__buffer_close(buffer);
        return IMPACT_ENOMEM;
    }
    *string = buffer->data;
    return IMPACT_OK;
}

/* Put the path of the signal behind that of `base`, before a query. A slash at the end of `base` is
 * the one between the two; others before it are part of the path. */
static impact_status join(char **url, const impact_allocator *allocator, impact_text base)
{
    assert(base.size > 0 && base.size <= url_size_limit);
    size_t path_size = size_until(base, "?#");
    impact_text query = impact_text_from(base.data + path_size, base.size - path_size);
    query.size = size_until(query, "#");
    if (path_size && base.data[path_size - 1] == '/')
        path_size--;
    impact__buffer joined = IMPACT__BUFFER(allocator);
    impact__buffer_append(&joined, base.data, path_size);
    impact__buffer_append_string(&joined, traces_path);
    impact__buffer_append_text(&joined, query);
    return finish(url, &joined);
}

static impact_status put_together(char **url, const impact_allocator *allocator, const char *scheme,
                                  impact_text host, const char *path)
{
    impact__buffer whole = IMPACT__BUFFER(allocator);
    impact__buffer_append_string(&whole, scheme);
    impact__buffer_append_text(&whole, host);
    impact__buffer_append_string(&whole, path);
    return finish(url, &whole);
}

/* A method has its path at the root of its server, whatever follows the host. */
static impact_status read_grpc(char **url, const impact_allocator *allocator, impact_text text,
                               bool is_insecure)
{
    impact_text host = behind_scheme(text);
    const bool has_scheme = host.size != 0;
    if (!has_scheme)
        host = text;
    host.size = size_until(host, "/?#");
    if (!host.size || host.size > url_size_limit || has_blank_or_control(text))
        return IMPACT_EINVAL;
    if (!has_scheme && host.size != text.size) /* "ftp://host", "http://" */
        return IMPACT_EINVAL;
    const bool is_plain = has_scheme ? behind(text, "http://").size != 0 : is_insecure;
    return put_together(url, allocator, is_plain ? "http://" : "https://", host, grpc_path);
}

static impact_status copy(char **string, const impact_allocator *allocator, impact_text text)
{
    *string = impact__copy(allocator, text.data, text.size);
    return *string ? IMPACT_OK : IMPACT_ENOMEM;
}

static impact_status read_url(char **url, const impact_allocator *allocator, impact_text text,
                              otlp__endpoint_form form, bool is_insecure)
{
    if (form == OTLP__ENDPOINT_GRPC)
        return read_grpc(url, allocator, text, is_insecure);
    if (!behind_scheme(text).size)
        return IMPACT_EINVAL;
    return form == OTLP__ENDPOINT_BASE ? join(url, allocator, text) : copy(url, allocator, text);
}

static bool is_absolute_path(impact_text path)
{
    for (size_t i = 0; i < path.size; i++)
        if ((unsigned char)path.data[i] < ' ' || path.data[i] == 0x7F)
            return false;
    return path.size > 1 && path.size <= unix_path_limit && path.data[0] == '/' &&
           path.data[1] != '/';
}

/* gRPC's way to name a socket: "unix:path", "unix:///absolute_path". Host and path of the request
 * are those of the default. */
static impact_status read_unix(otlp__endpoint *endpoint, const impact_allocator *allocator,
                               impact_text path, otlp__endpoint_form form)
{
    if (path.size > 3 && memcmp(path.data, "///", 3) == 0)
        path = impact_text_from(path.data + 2, path.size - 2);
    if (!is_absolute_path(path))
        return IMPACT_EINVAL;
    const char *request_path = form == OTLP__ENDPOINT_GRPC ? grpc_path : traces_path;
    const impact_status status = copy(&endpoint->unix_path, allocator, path);
    return status ? status
                  : put_together(&endpoint->url, allocator, "http://", impact_text_of("localhost"),
                                 request_path);
}

impact_status otlp__endpoint_open(otlp__endpoint *endpoint, const impact_allocator *allocator,
                                  impact_text text, otlp__endpoint_form form, bool is_insecure)
{
    otlp__endpoint opened = {NULL, NULL};
    const impact_status status = impact__text_begins_with(text, "unix:")
                                     ? read_unix(&opened, allocator, behind(text, "unix:"), form)
                                     : read_url(&opened.url, allocator, text, form, is_insecure);
    if (status)
        otlp__endpoint_close(&opened, allocator);
    else
        *endpoint = opened;
    return status;
}

void otlp__endpoint_close(otlp__endpoint *endpoint, const impact_allocator *allocator)
{
    impact__free(allocator, endpoint->url);
    impact__free(allocator, endpoint->unix_path);
    *endpoint = (otlp__endpoint){NULL, NULL};
}
