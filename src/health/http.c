/* Requests for the health paths, and their answers.
 *
 * DESIGN: a route is found by its path (route.h), then the method is looked at, then the secret,
 * then the format, then the names: the first that is not in order decides the answer. A parameter
 * that is given twice counts as it first stands, as in Flask's request.args; those that nobody
 * knows are ignored.
 *
 * A route either answers at once or begins a ticket, whose report is the answer. Who waits for it,
 * and how, is the host's: the function that waits here is for those who have a thread for it.
 *
 * A probe of an orchestrator often cannot know the secret. Without it it gets the verdict of its
 * path, in one word, and may ask for nothing else.
 */
#include "health/http.h"

#include <assert.h>

#include "base/buffer.h"
#include "base/options.h"
#include "base/text.h"
#include "base/thread.h"
#include "health/accept.h"
#include "health/grpc_answer.h"
#include "health/render/render.h"
#include "health/render/report_json.h"
#include "health/reply.h"
#include "health/request_names.h"
#include "health/secret.h"
#include "health/ticket.h"

/* One request on its way to an answer. */
typedef struct exchange {
    impact_health *health;
    const impact_http_request *request;
    impact_http_response *response;
    impact__route route;
    impact__presentation presentation;
} exchange;

static bool is_method(const exchange *e, const char *method)
{
    return impact__text_equal_string(e->request->method, method);
}

/* ---- who may see what ---- */

static bool has_parameter(const exchange *e, const char *name)
{
    impact_text value;
    return impact__query_find(&value, e->request->query, name);
}

/* What says nothing but whether the service is well. */
static bool is_for_strangers(const exchange *e)
{
    return e->route.kind == IMPACT__ROUTE_PROBE && !has_parameter(e, "checks") &&
           !has_parameter(e, "exclude");
}

static void answer_unauthorized(impact_http_response *response)
{
    impact__reply_error(response, 401, "{\"error\":\"the secret is missing or wrong\"}\n");
    impact__reply_add_header(response, "WWW-Authenticate", "Bearer"); /* RFC 9110 15.5.2 */
}

static bool is_admitted(exchange *e)
{
    const impact__admission admission = impact__admit(e->health, e->request);
    e->presentation.is_bare = admission == IMPACT__REFUSED;
    e->presentation.shows_texts = admission == IMPACT__TRUSTED ||
                                  (admission == IMPACT__ADMITTED && e->health->shows_explanations);
    if (admission != IMPACT__REFUSED || is_for_strangers(e))
        return true;
    answer_unauthorized(e->response);
    return false;
}

/* ---- how it is shown ---- */

/* By the query, else by the header. False: there is no such format. */
static bool find_format(exchange *e)
{
    const impact_http_request *request = e->request;
    const bool is_probe =
        e->route.kind == IMPACT__ROUTE_PROBE || e->route.kind == IMPACT__ROUTE_MEMBER;
    const impact__format preferred = is_probe ? IMPACT__FORMAT_TEXT : IMPACT__FORMAT_JSON;
    impact_text name;
    if (e->presentation.is_bare) {
        e->presentation.format = IMPACT__FORMAT_TEXT;
        return true;
    }
    if (impact__query_find(&name, request->query, "format"))
        return impact__format_find(&e->presentation.format, name);
    const impact_text accept =
        request->header ? request->header(request->carrier, "accept") : (impact_text){0};
    return impact__accept_read(&e->presentation.format, accept, preferred);
}

static bool is_presentable(exchange *e)
{
    impact_text verbose;
    e->presentation.subject = e->route.subject;
    e->presentation.is_verbose = impact__query_find(&verbose, e->request->query, "verbose") &&
                                 !impact__text_equal_string(verbose, "0") &&
                                 !impact__text_equal_string(verbose, "false");
    if (find_format(e))
        return true;
    impact__reply_error(e->response, 406,
                        "{\"error\":\"the formats are json, health-json, text, openmetrics and "
                        "html\"}\n");
    return false;
}

/* ---- the routes ---- */

static void answer_nothing_here(impact_http_response *response)
{
    impact__reply_error(response, 404, "{\"error\":\"there is nothing here\"}\n");
}

/* The path itself names what there is not, whether or not unknown names are minded. */
static bool is_unknown_path(const exchange *e, const impact__selector *selector)
{
    return impact__route_is_named(&e->route) && selector->names[0].is_unknown;
}

static void answer_unknown(const exchange *e, const impact__selector *selector)
{
    impact__buffer buffer = IMPACT__BUFFER(e->health->allocator);
    impact__render_json_unknown(&buffer, selector);
    impact__reply_buffer(e->response, 404, "application/json", &buffer, NULL);
}

static void answer_failure(const exchange *e, const impact__selector *selector,
                           impact_status status)
{
    if (status == IMPACT_ENOENT && is_unknown_path(e, selector))
        answer_nothing_here(e->response);
    else if (status == IMPACT_ENOENT)
        answer_unknown(e, selector);
    else if (status == IMPACT_ESYSTEM)
        impact__reply_error(e->response, 503, "{\"error\":\"no thread\"}\n");
    else
        impact__reply_error(e->response, 503, "{\"error\":\"no memory\"}\n");
}

static impact__metric_sources metrics_of(impact_health *health)
{
    impact__health_lock(health);
    const impact__metric_sources metrics = health->metrics;
    impact__health_unlock(health);
    return metrics;
}

static impact_health_ticket *begin_probe(const exchange *e, impact__selector *selector)
{
    impact_health_ticket *ticket = NULL;
    const bool is_scrape = e->presentation.format == IMPACT__FORMAT_OPENMETRICS;
    const impact__question question =
        is_scrape || e->presentation.only_looks ? IMPACT__ASK_WHAT_IS_KNOWN : IMPACT__ASK_FOR_RUNS;
    const impact_status status = impact__ticket_begin(&ticket, e->health, selector, question);
    if (status) {
        answer_failure(e, selector, status);
        return NULL;
    }
    if (is_unknown_path(e, selector)) {
        impact_health_abandon(ticket);
        answer_nothing_here(e->response);
        return NULL;
    }
    ticket->presentation = e->presentation;
    if (is_scrape)
        ticket->presentation.metrics = metrics_of(e->health);
    return ticket;
}

static impact_health_ticket *answer_names(const exchange *e)
{
    impact__request_names names;
    const impact_status status = impact__request_names_read(&names, &e->route, e->request->query);
    if (!status)
        return begin_probe(e, &names.selector);
    if (status == IMPACT_ENOENT)
        answer_nothing_here(e->response);
    else
        impact__reply_error(e->response, 400,
                            "{\"error\":\"the parameter checks or exclude is not valid\"}\n");
    return NULL;
}

static impact_health_ticket *answer_checks(exchange *e)
{
    if (e->request->query.size > IMPACT__QUERY_LIMIT) {
        impact__reply_error(e->response, 400, "{\"error\":\"the query is too long\"}\n");
        return NULL;
    }
    return is_admitted(e) && is_presentable(e) ? answer_names(e) : NULL;
}

static void answer_method_not_allowed(impact_http_response *response)
{
    impact__reply_error(response, 405, "{\"error\":\"the method is not allowed\"}\n");
    impact__reply_allow(response);
}

/* OPTIONS is answered as GET: some load balancers ask so, and look at the status only. */
static impact_health_ticket *answer_route(exchange *e)
{
    e->presentation.has_no_body = is_method(e, "HEAD");
    e->presentation.says_methods = is_method(e, "OPTIONS");
    if (!is_method(e, "GET") && !e->presentation.has_no_body && !e->presentation.says_methods)
        answer_method_not_allowed(e->response);
    else if (e->route.kind == IMPACT__ROUTE_PING)
        impact__reply_constant(e->response, 200, "text/plain", "pong");
    else
        return answer_checks(e);
    return NULL;
}

/* What the method has changed of an answer. */
static void finish_response(const impact__presentation *presentation,
                            impact_http_response *response)
{
    if (presentation->has_no_body)
        response->body = impact_text_from(NULL, 0);
    if (presentation->says_methods)
        impact__reply_allow(response);
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
static impact_status start(impact_health *health, const impact_http_request *given, bool has_probes,
                           impact_http_response *response, impact_health_ticket **ticket)
{
    impact_http_request spare;
    exchange e = {.health = health, .response = response};
    e.request = read_request(&spare, given);
    if (!e.request)
        return IMPACT_EINVAL;
    if (!impact__route_find(&e.route, e.request->path,
                            impact_text_from(health->prefix, health->prefix_size), has_probes))
        return IMPACT_ENOENT;
    *ticket = answer_route(&e);
    if (*ticket)
        (*ticket)->is_request = true;
    else
        finish_response(&e.presentation, response);
    return IMPACT_OK;
}

/* ---- tickets ---- */

/* A scrape that is answered with 503 is lost. */
static int status_of(const impact_health_report *report, impact__format format)
{
    const bool is_scrape = format == IMPACT__FORMAT_OPENMETRICS;
    return is_scrape || impact_health_report_is_healthy(report) ? 200 : 503;
}

/* Envoy takes a service that drains out at once, whatever its thresholds, and sends one that works
 * with a reservation less. It asks for the presence of these headers only. */
static void signal_envoy(const impact_health_report *report, impact_http_response *response)
{
    if (report->phase == IMPACT_HEALTH_DRAINING)
        impact__reply_add_header(response, "x-envoy-immediate-health-check-fail", "true");
    else if (impact__report_status(report) == IMPACT_HEALTH_WARN)
        impact__reply_add_header(response, "x-envoy-degraded", "true");
}

static void answer_report(const impact_health_report *report,
                          const impact__presentation *presentation, impact_http_response *response)
{
    if (presentation->is_grpc) {
        impact__grpc_answer_verdict(response, impact_health_report_is_healthy(report),
                                    presentation->is_watched);
        return;
    }
    impact__buffer buffer = IMPACT__BUFFER(report->allocator);
    impact__render(&buffer, report, presentation);
    impact__reply_buffer(response, status_of(report, presentation->format),
                         impact__format_facts_of(presentation->format)->content_type, &buffer,
                         report->facts ? report->facts->id : NULL);
    signal_envoy(report, response);
    if (presentation->format == IMPACT__FORMAT_HTML)
        impact__reply_page(response);
}

/* The ticket is gone afterwards. */
static void finish(impact_health_ticket *ticket, impact_http_response *response)
{
    const impact__presentation presentation = ticket->presentation;
    *response = ticket->response;
    ticket->response = (impact_http_response){0}; /* it has changed hands */
    impact_health_report *report = impact__ticket_finish(ticket);
    if (!report)
        return;
    answer_report(report, &presentation, response);
    finish_response(&presentation, response);
    impact_health_report_close(report);
}

impact_status impact__health_begin_response(impact_health_ticket **ticket,
                                            const impact_health *health,
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

static impact_status begin_any(impact_health_ticket **ticket, impact_health *health,
                               const impact_http_request *request, bool has_probes)
{
    impact_health_ticket *begun = NULL;
    impact_http_response response;
    const impact_status status = start(health, request, has_probes, &response, &begun);
    if (status)
        return status;
    if (!begun)
        return impact__health_begin_response(ticket, health, &response);
    *ticket = begun;
    return IMPACT_OK;
}

impact_status impact_health_begin_answer(impact_health_ticket **ticket, impact_health *health,
                                         const impact_http_request *request)
{
    if (!ticket || !health)
        return IMPACT_EINVAL;
    return begin_any(ticket, health, request, health->has_probes);
}

impact_status impact__health_begin_route(impact_health_ticket **ticket, impact_health *health,
                                         const impact__message *message, const impact__route *route)
{
    impact_http_response response;
    exchange e = {.health = health, .request = message->request, .response = &response};
    e.route = *route;
    e.presentation = (impact__presentation){
        .format = IMPACT__FORMAT_TEXT,
        .subject = route->subject,
        .is_grpc = true,
        .is_watched = message->is_watch,
        .only_looks = message->only_looks,
    };
    impact_health_ticket *begun = is_admitted(&e) ? answer_names(&e) : NULL;
    if (!begun) {
        impact__grpc_answer_refused(&response, message->is_watch);
        return impact__health_begin_response(ticket, health, &response);
    }
    begun->is_request = true;
    *ticket = begun;
    return IMPACT_OK;
}

impact_status impact__health_begin_all(impact_health_ticket **ticket, impact_health *health,
                                       const impact_http_request *request)
{
    return begin_any(ticket, health, request, true);
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
    impact_health *registry = health;
    impact_health_ticket *ticket = NULL;
    impact_http_response spare;
    if (!registry || !response)
        return false;
    impact_http_response *made = place_for(response, &spare);
    if (start(registry, request, registry->has_probes, made, &ticket))
        return false;
    if (ticket) {
        const int held = impact__cancel_hold(); /* as in impact_health_probe */
        impact_health_wait(ticket);
        finish(ticket, made);
        impact__cancel_release(held);
    }
    return hand_over(response, made);
}
