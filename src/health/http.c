/* Requests for the health paths, and their answers.
 *
 * DESIGN: a route is found by its path, then the method is looked at, then the secret, then the
 * query: the first that is not in order decides the answer. What has no memory to be written in is
 * answered from constants. Limits: a query of 4096 bytes; selector.h has those on names. A
 * parameter that is given twice counts as it first stands, as in Flask's request.args; others than
 * `auth` and `checks` are ignored.
 *
 * A route either answers at once or begins a ticket, whose report is the answer. Who waits for it,
 * and how, is the host's: the function that waits here is for those who have a thread for it.
 */
#include <impact/health.h>

#include <assert.h>

#include "base/buffer.h"
#include "base/options.h"
#include "base/text.h"
#include "base/thread.h"
#include "health/query.h"
#include "health/render/report_json.h"
#include "health/ticket.h"

enum { query_limit = 4096 };

static const char json_type[] = "application/json";
static const char allowed_methods[] = "GET, HEAD, OPTIONS";

/* ---- pieces of an answer ---- */

static void add_header(impact_http_response *response, const char *name, const char *value)
{
    assert(response->header_count < IMPACT_HTTP_HEADER_LIMIT);
    response->headers[response->header_count++] = (impact_http_header){name, value};
}

/* Begin an answer. No answer of any code may be kept by a cache: the next one can differ. */
static void begin(impact_http_response *response, int status)
{
    assert(status >= 100 && status < 600);
    *response = (impact_http_response){.size = sizeof *response, .status = status};
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

/* It may be set anew meanwhile, hence the lock. */
static bool is_the_secret(impact_health *health, impact_text given)
{
    impact__health_lock(health);
    const bool is_equal = !health->secret || impact__text_equal_in_constant_time(
                                                 given, impact_text_of(health->secret));
    impact__health_unlock(health);
    return is_equal;
}

static bool has_secret(impact_health *health)
{
    impact__health_lock(health);
    const bool is_there = health->secret != NULL;
    impact__health_unlock(health);
    return is_there;
}

static bool has_secret_in_query(impact_health *health, impact_text query)
{
    char decoded[query_limit];
    size_t size = 0;
    impact_text value;
    return impact__query_find(&value, query, "auth") &&
           impact__percent_decode(decoded, &size, value, true) &&
           is_the_secret(health, impact_text_from(decoded, size));
}

/* RFC 6750 2.1; the scheme's name is compared without case (RFC 9110 11.1). */
static bool has_secret_in_header(impact_health *health, const impact_http_request *request)
{
    if (!request->header)
        return false;
    impact_text token = impact__text_trim(request->header(request->carrier, "authorization"));
    impact_text scheme;
    return impact__text_split(&scheme, &token, ' ') &&
           impact__text_equal_ignoring_case(scheme, impact_text_of("Bearer")) &&
           is_the_secret(health, impact__text_trim(token));
}

static bool is_admitted(impact_health *health, const impact_http_request *request)
{
    return !has_secret(health) || has_secret_in_header(health, request) ||
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

static void answer_unknown(impact_health *health, const impact__selector *selector,
                           impact_http_response *response)
{
    impact__buffer buffer = IMPACT__BUFFER(health->allocator);
    impact__render_json_unknown(&buffer, selector);
    answer_buffer(response, 404, &buffer);
}

static impact_health_ticket *begin_probe(impact_health *health, impact__selector *selector,
                                         impact_http_response *response)
{
    impact_health_ticket *ticket = NULL;
    const impact_status status = impact__ticket_begin(&ticket, health, selector);
    if (status == IMPACT_ENOENT)
        answer_unknown(health, selector, response);
    else if (status == IMPACT_ESYSTEM)
        answer_error(response, 503, "{\"error\":\"no thread\"}\n");
    else if (status)
        answer_no_memory(response);
    return ticket;
}

static impact_health_ticket *answer_checks(impact_health *health,
                                           const impact_http_request *request,
                                           impact_http_response *response)
{
    if (request->query.size > query_limit) {
        answer_error(response, 400, "{\"error\":\"the query is too long\"}\n");
        return NULL;
    }
    if (!is_admitted(health, request)) {
        answer_unauthorized(response);
        return NULL;
    }
    char decoded[query_limit];
    impact_text text;
    impact__selector selector;
    if (!decode_selector(&text, decoded, request->query) ||
        impact__selector_parse(&selector, text)) {
        answer_error(response, 400, "{\"error\":\"the parameter checks is not valid\"}\n");
        return NULL;
    }
    return begin_probe(health, &selector, response);
}

static impact_health_ticket *answer_ping(impact_health *health, const impact_http_request *request,
                                         impact_http_response *response)
{
    (void)health;
    (void)request; /* it is always the same: the process answers */
    answer_constant(response, 200, "text/plain", "pong");
    return NULL;
}

/* 308: the method stays what it was. */
static impact_health_ticket *answer_redirect(impact_health *health,
                                             const impact_http_request *request,
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
        return NULL;
    }
    begin(response, 308);
    add_header(response, "Location", location.data);
    response->memory = location.data;
    response->allocator = location.allocator;
    return NULL;
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
    /* Fill the response, or return a ticket. */
    impact_health_ticket *(*answer)(impact_health *health, const impact_http_request *request,
                                    impact_http_response *response);
} route;

static const route routes[] = {
    {"/", answer_checks},
    {"/ping", answer_ping},
    {"", answer_redirect},
};

static const route *find_route(impact_text path)
{
    assert(path.data || path.size == 0);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (impact__text_equal_string(path, routes[i].path))
            return &routes[i];
    return NULL;
}

/* Cut the prefix off. False: the path is not below it. */
static bool cut_prefix(impact_text *below, const impact_health *health, impact_text path)
{
    assert(path.data || path.size == 0);
    const size_t size = health->prefix_size;
    if (path.size < size || memcmp(path.data, health->prefix, size) != 0)
        return false;
    *below = impact_text_from(path.data + size, path.size - size);
    return below->size == 0 || below->data[0] == '/';
}

static bool is_head(const impact_http_request *request)
{
    return impact__text_equal_string(request->method, "HEAD");
}

static impact_health_ticket *answer_path(impact_health *health, impact_text path,
                                         const impact_http_request *request,
                                         impact_http_response *response)
{
    const route *found = find_route(path);
    if (!found)
        answer_error(response, 404, "{\"error\":\"there is nothing here\"}\n");
    else if (is_head(request) || impact__text_equal_string(request->method, "GET"))
        return found->answer(health, request, response);
    else if (impact__text_equal_string(request->method, "OPTIONS"))
        answer_options(response);
    else
        answer_method_not_allowed(response);
    return NULL;
}

/* A request of this version is read where it is, any other into `spare`. NULL: it is none. */
static const impact_http_request *read_request(impact_http_request *spare,
                                               const impact_http_request *given)
{
    if (given && given->size == sizeof *given)
        return given;
    return given && impact__struct_read(spare, sizeof *spare, given) ? spare : NULL;
}

/* Answer a request, or begin to. IMPACT_ENOENT: it is not for a path of ours; then, and when it
 * fails, the response is untouched. */
static impact_status start(impact_health *health, const impact_http_request *given,
                           impact_http_response *response, impact_health_ticket **ticket)
{
    impact_http_request spare;
    impact_text path;
    const impact_http_request *request = read_request(&spare, given);
    if (!request)
        return IMPACT_EINVAL;
    if (!cut_prefix(&path, health, request->path))
        return IMPACT_ENOENT;
    *ticket = answer_path(health, path, request, response);
    if (*ticket) {
        (*ticket)->is_request = true;
        (*ticket)->has_no_body = is_head(request);
    } else if (is_head(request)) {
        response->body = impact_text_from(NULL, 0);
    }
    return IMPACT_OK;
}

/* ---- tickets ---- */

static void answer_report(const impact_health_report *report, impact_http_response *response)
{
    impact__buffer buffer = IMPACT__BUFFER(report->allocator);
    impact__render_json(&buffer, report);
    answer_buffer(response, impact_health_report_is_healthy(report) ? 200 : 503, &buffer);
}

/* The ticket is gone afterwards. */
static void finish(impact_health_ticket *ticket, impact_http_response *response)
{
    const bool has_no_body = ticket->has_no_body;
    *response = ticket->response;
    ticket->response = (impact_http_response){0}; /* it has changed hands */
    impact_health_report *report = impact__ticket_finish(ticket);
    if (!report)
        return;
    answer_report(report, response);
    impact_health_report_close(report);
    if (has_no_body)
        response->body = impact_text_from(NULL, 0);
}

/* One that waits for nothing; takes the response. */
static impact_status begin_answered(impact_health_ticket **ticket, const impact_health *health,
                                    impact_http_response *response)
{
    impact_health_ticket *opened = impact__ticket_open_done(health->allocator);
    if (!opened) {
        impact_http_response_clear(response);
        return IMPACT_ENOMEM;
    }
    opened->is_request = true;
    opened->response = *response;
    *ticket = opened;
    return IMPACT_OK;
}

impact_status impact_health_begin_answer(impact_health_ticket **ticket, impact_health *health,
                                         const impact_http_request *request)
{
    impact_health_ticket *begun = NULL;
    impact_http_response response;
    if (!ticket || !health)
        return IMPACT_EINVAL;
    const impact_status status = start(health, request, &response, &begun);
    if (status)
        return status;
    if (!begun)
        return begin_answered(ticket, health, &response);
    *ticket = begun;
    return IMPACT_OK;
}

/* A caller of this version gets the answer made where he wants it, any other from `spare`. */
static impact_http_response *place_for(impact_http_response *response, impact_http_response *spare)
{
    return response->size == sizeof *response ? response : spare;
}

static bool hand_over(impact_http_response *response, impact_http_response *made)
{
    if (made == response || impact__struct_write(response, made, sizeof *made))
        return true;
    impact_http_response_clear(made);
    return false;
}

impact_status impact_health_finish_answer(impact_health_ticket *ticket,
                                          impact_http_response *response)
{
    if (!ticket)
        return IMPACT_EINVAL;
    if (!response || !ticket->is_request) {
        impact_health_abandon(ticket);
        return IMPACT_EINVAL;
    }
    impact_http_response spare;
    impact_http_response *made = place_for(response, &spare);
    finish(ticket, made);
    return hand_over(response, made) ? IMPACT_OK : IMPACT_EINVAL;
}

/* ---- for those who have a thread to wait on ---- */

bool impact_health_answer(void *health, const impact_http_request *request,
                          impact_http_response *response)
{
    impact_health_ticket *ticket = NULL;
    impact_http_response spare;
    if (!health || !response)
        return false;
    impact_http_response *made = place_for(response, &spare);
    if (start(health, request, made, &ticket))
        return false;
    if (ticket) {
        const int held = impact__cancel_hold(); /* as in impact_health_probe */
        impact_health_wait(ticket);
        finish(ticket, made);
        impact__cancel_release(held);
    }
    return hand_over(response, made);
}
