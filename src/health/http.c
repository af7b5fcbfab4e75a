/* Requests for the health paths, and their answers.
 *
 * DESIGN: a route is found by its path, then the method is looked at, then the secret, then the
 * query: the first that is not in order decides the answer. What has no memory to be written in is
 * answered from constants. Limits: a query of 4096 bytes; selector.h has those on names. A
 * parameter that is given twice counts as it first stands, as in Flask's request.args; others than
 * `auth` and `checks` are ignored.
 */
#include <impact/health.h>

#include "base/buffer.h"
#include "base/text.h"
#include "health/probe.h"
#include "health/query.h"
#include "health/render/report_json.h"

enum { query_limit = 4096 };

static const char json_type[] = "application/json";
static const char allowed_methods[] = "GET, HEAD, OPTIONS";

/* ---- pieces of an answer ---- */

static void add_header(impact_http_response *response, const char *name, const char *value)
{
    response->headers[response->header_count++] = (impact_http_header){name, value};
}

/* Begin an answer. No answer of any code may be kept by a cache: the next one can differ. */
static void begin(impact_http_response *response, int status)
{
    *response = (impact_http_response){.status = status};
    add_header(response, "Cache-Control", "no-cache, no-store");
}

static void answer_constant(impact_http_response *response, int status, const char *content_type,
                            const char *body)
{
    begin(response, status);
    add_header(response, "Content-Type", content_type);
    response->body = impact_text_of(body);
}

static void answer_error(impact_http_response *response, int status, const char *body)
{
    answer_constant(response, status, json_type, body);
}

static void answer_no_memory(impact_http_response *response)
{
    answer_error(response, 503, "{\"error\":\"no memory\"}\n");
}

/* Gives the buffer's memory to the response. */
static void answer_buffer(impact_http_response *response, int status, impact__buffer *buffer)
{
    if (buffer->has_failed) {
        impact__buffer_close(buffer);
        answer_no_memory(response);
        return;
    }
    begin(response, status);
    add_header(response, "Content-Type", json_type);
    response->body = impact__buffer_text(buffer);
    response->memory = buffer->data;
    response->allocator = buffer->allocator;
}

/* ---- the secret ---- */

static bool is_the_secret(const impact_health *health, impact_text given)
{
    return impact__text_equal_in_constant_time(given, impact_text_of(health->secret));
}

static bool has_secret_in_query(const impact_health *health, impact_text query)
{
    char decoded[query_limit];
    size_t size = 0;
    impact_text value;
    return impact__query_find(&value, query, "auth") &&
           impact__percent_decode(decoded, &size, value, true) &&
           is_the_secret(health, impact_text_from(decoded, size));
}

/* RFC 6750 2.1; the scheme's name is compared without case (RFC 9110 11.1). */
static bool has_secret_in_header(const impact_health *health, const impact_http_request *request)
{
    if (!request->header)
        return false;
    impact_text token = impact__text_trim(request->header(request->carrier, "authorization"));
    impact_text scheme;
    return impact__text_split(&scheme, &token, ' ') &&
           impact__text_equal_ignoring_case(scheme, impact_text_of("Bearer")) &&
           is_the_secret(health, impact__text_trim(token));
}

static bool is_admitted(const impact_health *health, const impact_http_request *request)
{
    return !health->secret || has_secret_in_header(health, request) ||
           has_secret_in_query(health, request->query);
}

static void answer_unauthorized(impact_http_response *response)
{
    answer_error(response, 401, "{\"error\":\"the secret is missing or wrong\"}\n");
    add_header(response, "WWW-Authenticate", "Bearer"); /* RFC 9110 15.5.2 asks for it */
}

/* ---- the routes ---- */

/* The selector of the query, decoded into `to`; False: it cannot be decoded. */
static bool decode_selector(impact_text *selector, char *to, impact_text query)
{
    impact_text encoded;
    if (!impact__query_find(&encoded, query, "checks")) {
        *selector = impact_text_of(IMPACT__DEFAULT_GROUP);
        return true;
    }
    selector->data = to;
    return impact__percent_decode(to, &selector->size, encoded, true);
}

static void answer_probe(impact_health *health, impact__selector *selector,
                         impact_http_response *response)
{
    impact_health_report *report = NULL;
    impact__buffer buffer = IMPACT__BUFFER(health->allocator);
    const impact_status status = impact__health_probe(health, selector, &report);
    if (status == IMPACT_ENOENT) {
        impact__render_json_unknown(&buffer, selector);
        answer_buffer(response, 404, &buffer);
        return;
    }
    if (status) {
        answer_no_memory(response);
        return;
    }
    impact__render_json(&buffer, report, selector);
    answer_buffer(response, impact_health_report_is_healthy(report) ? 200 : 503, &buffer);
    impact_health_report_close(report);
}

static void answer_checks(impact_health *health, const impact_http_request *request,
                          impact_http_response *response)
{
    if (request->query.size > query_limit) {
        answer_error(response, 400, "{\"error\":\"the query is too long\"}\n");
        return;
    }
    if (!is_admitted(health, request)) {
        answer_unauthorized(response);
        return;
    }
    char decoded[query_limit];
    impact_text text;
    impact__selector selector;
    if (!decode_selector(&text, decoded, request->query) ||
        impact__selector_parse(&selector, text)) {
        answer_error(response, 400, "{\"error\":\"the parameter checks is not valid\"}\n");
        return;
    }
    answer_probe(health, &selector, response);
}

static void answer_ping(impact_health *health, const impact_http_request *request,
                        impact_http_response *response)
{
    (void)health;
    (void)request; /* it is always the same: the process answers */
    answer_constant(response, 200, "text/plain", "pong");
}

/* 308: the method stays what it was. */
static void answer_redirect(impact_health *health, const impact_http_request *request,
                            impact_http_response *response)
{
    const impact_text query = request->query;
    impact__buffer location = IMPACT__BUFFER(health->allocator);
    impact__buffer_append(&location, health->prefix, health->prefix_size);
    impact__buffer_append_char(&location, '/');
    if (query.size && query.size <= query_limit && impact__query_is_safe(query)) {
        impact__buffer_append_char(&location, '?');
        impact__buffer_append_text(&location, query);
    }
    impact__buffer_append_char(&location, 0);
    if (location.has_failed) {
        impact__buffer_close(&location);
        answer_no_memory(response);
        return;
    }
    begin(response, 308);
    add_header(response, "Location", location.data);
    response->memory = location.data;
    response->allocator = location.allocator;
}

static void answer_options(impact_http_response *response)
{
    begin(response, 204);
    add_header(response, "Allow", allowed_methods);
}

static void answer_method_not_allowed(impact_http_response *response)
{
    answer_error(response, 405, "{\"error\":\"the method is not allowed\"}\n");
    add_header(response, "Allow", allowed_methods);
}

/* ---- routing ---- */

typedef struct route {
    const char *path; /* below the prefix */
    void (*answer)(impact_health *health, const impact_http_request *request,
                   impact_http_response *response);
} route;

static const route routes[] = {
    {"/", answer_checks},
    {"/ping", answer_ping},
    {"", answer_redirect},
};

static const route *find_route(impact_text path)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (impact__text_equal_string(path, routes[i].path))
            return &routes[i];
    return NULL;
}

/* Cut the prefix off. False: the path is not below it. */
static bool cut_prefix(impact_text *below, const impact_health *health, impact_text path)
{
    const size_t size = health->prefix_size;
    if (path.size < size || memcmp(path.data, health->prefix, size) != 0)
        return false;
    *below = impact_text_from(path.data + size, path.size - size);
    return below->size == 0 || below->data[0] == '/';
}

static void answer_path(impact_health *health, impact_text path, const impact_http_request *request,
                        impact_http_response *response)
{
    const bool is_head = impact__text_equal_string(request->method, "HEAD");
    const route *found = find_route(path);
    if (!found)
        answer_error(response, 404, "{\"error\":\"there is nothing here\"}\n");
    else if (is_head || impact__text_equal_string(request->method, "GET"))
        found->answer(health, request, response);
    else if (impact__text_equal_string(request->method, "OPTIONS"))
        answer_options(response);
    else
        answer_method_not_allowed(response);
    if (is_head)
        response->body = impact_text_from(NULL, 0);
}

bool impact_health_answer(void *health, const impact_http_request *request,
                          impact_http_response *response)
{
    impact_text path;
    if (!health || !request || !response || !cut_prefix(&path, health, request->path))
        return false;
    answer_path(health, path, request, response);
    return true;
}
