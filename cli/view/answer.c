/* The answer to a request. */
#include "answer.h"

#include <string.h>

#include "base/authority.h"
#include "base/text.h"
#include "export/otlp_json.h"
#include "ingest.h"
#include "page.h"
#include "receive.h"
#include "search.h"
#include "service_map.h"
#include "trace_list.h"

static const char json_type[] = "application/json";

/* ---- small answers ---- */

static void say(view_response *response, int status, const char *text)
{
    response->status = status;
    response->type = "text/plain; charset=utf-8";
    impact__buffer_clear(&response->body);
    impact__buffer_append_string(&response->body, text);
}

static void begin_json(view_response *response)
{
    response->status = 200;
    response->type = json_type;
}

/* ---- what the page asks for ---- */

static void answer_list(view_response *response, view_store *store, const view_request *request)
{
    static view_search search; /* of the one thread that answers */
    impact_text text;
    uint64_t since = 0;
    if (!view_search_parse(&search, request->query) ||
        (view_query_find(&text, request->query, "since") &&
         !impact__text_parse_uint(&since, text, UINT64_MAX))) {
        say(response, 400, "the search cannot be understood\n");
        return;
    }
    begin_json(response);
    view_append_list(&response->body, store, &search, since);
}

static void append_trace(impact__buffer *to, const view_trace *trace)
{
    impact__buffer request = IMPACT__BUFFER(to->allocator);
    view_append_request(&request, trace);
    (void)impact__otlp_json_append(to, impact__buffer_text(&request)); /* it was well-formed */
    to->has_failed = to->has_failed || request.has_failed;
    impact__buffer_close(&request);
}

/* OTLP in JSON, as anybody takes it. */
static void answer_trace(view_response *response, view_store *store, impact_text digits)
{
    impact_trace_id id;
    const view_trace *trace = NULL;
    if (digits.size == 2 * sizeof id && impact__hex_parse(id.bytes, sizeof id, digits.data))
        trace = view_store_find(store, &id);
    if (!trace) {
        say(response, 404, "there is no such trace, or no more\n");
        return;
    }
    begin_json(response);
    append_trace(&response->body, trace);
}

static void answer_map(view_response *response, view_store *store)
{
    begin_json(response);
    view_append_map(&response->body, store);
}

static void answer_page(view_response *response)
{
    response->status = 200;
    response->type = "text/html; charset=utf-8";
    response->policy = view_page_policy;
    impact__buffer_append_string(&response->body, view_page_html);
}

/* ---- who may ask ---- */

/* A number, or this machine's own name: nobody can make these lead to him. */
static bool is_own_name(impact_text host)
{
    const impact__authority authority = impact__authority_of(host);
    if (authority.is_bracketed)
        return true;
    for (size_t i = 0; i < authority.host.size; i++)
        if (!memchr("0123456789.", authority.host.data[i], 11))
            return impact__text_equal_ignoring_case(authority.host, impact_text_of("localhost"));
    return true;
}

static void answer_reader(view_response *response, view_store *store, const view_request *request)
{
    static const char trace[] = "/api/trace/";
    const size_t prefix = sizeof trace - 1;
    if (impact__text_equal_string(request->path, "/"))
        answer_page(response);
    else if (impact__text_equal_string(request->path, "/api/traces"))
        answer_list(response, store, request);
    else if (impact__text_equal_string(request->path, "/api/map"))
        answer_map(response, store);
    else if (request->path.size > prefix && memcmp(request->path.data, trace, prefix) == 0)
        answer_trace(response, store,
                     impact_text_from(request->path.data + prefix, request->path.size - prefix));
    else
        say(response, 404, "there is nothing here\n");
}

static bool is_otlp_path(const view_request *request)
{
    return impact__text_equal_string(request->path, "/v1/traces");
}

bool view_is_export(const view_request *request)
{
    return is_otlp_path(request) && impact__text_equal_string(request->method, "POST");
}

void view_settle(view_response *response)
{
    if (response->body.has_failed)
        say(response, 503, "no memory\n");
}

static void receive(view_response *response, view_store *store, const view_request *request)
{
    static view_reception reception; /* of the one thread that answers */
    reception = (view_reception){.store = NULL};
    view_receive_begin(&reception, store, request);
    while (!view_receive_some(&reception, &VIEW_WHOLE_SLICE))
        ;
    *response = reception.response;
    reception.response.body = IMPACT__BUFFER(store->allocator); /* it is the caller's */
    view_receive_end(&reception);
}

void view_answer(view_response *response, view_store *store, const view_request *request,
                 bool is_local)
{
    const bool is_otlp = is_otlp_path(request);
    *response = (view_response){.body = IMPACT__BUFFER(store->allocator)};
    if (view_is_export(request)) {
        receive(response, store, request);
    } else if (is_otlp || !impact__text_equal_string(request->method, "GET")) {
        say(response, 405, "this method is not for this path\n");
        response->allow = is_otlp ? "POST" : "GET, HEAD";
    } else if (is_local && !is_own_name(request->header(request->carrier, "Host"))) {
        say(response, 403, "ask for localhost\n");
    } else {
        answer_reader(response, store, request);
    }
    view_settle(response);
}
