/* The gRPC health protocol.
 *
 * DESIGN: a question of gRPC is one of HTTP in another form, and so is its answer: who may ask
 * what, which names there are and what holds is decided where it is for HTTP. A service is a group
 * or a check; the empty name, which stands for the whole server, asks whether it is ready. Who does
 * not know the secret may ask for what an orchestrator's probe may.
 */
#include "health/grpc_question.h"

#include <string.h>

#include "base/protobuf.h"
#include "base/text.h"
#include "health/grpc_answer.h"
#include "health/http.h"
#include "health/name.h"

enum { frame_head_size = 5, service_field = 1 };

/* One message, not compressed: nothing else was agreed on (gRPC over HTTP2, "Length-Prefixed
 * Message"). */
static bool cut_message(impact_text *message, impact_text body)
{
    if (body.size < frame_head_size || body.data[0] != 0)
        return false;
    uint32_t size = 0;
    for (size_t i = 1; i < frame_head_size; i++)
        size = size << 8 | (unsigned char)body.data[i];
    *message = impact_text_from(body.data + frame_head_size, body.size - frame_head_size);
    return size == message->size;
}

/* Of a field that is there twice the last one counts; unknown ones are skipped. */
bool impact__grpc_read_request(impact_text *service, impact_text body)
{
    impact_text rest;
    impact_text found = {NULL, 0};
    impact__field field;
    if (!cut_message(&rest, body))
        return false;
    while (impact__read_field(&field, &rest)) {
        if (field.number != service_field)
            continue;
        if (field.wire_type != IMPACT__WIRE_LENGTH)
            return false;
        found = field.bytes;
    }
    if (rest.size > 0)
        return false;
    *service = found;
    return true;
}

static bool is_grpc(const impact_http_request *request)
{
    const impact_text type =
        request->header ? request->header(request->carrier, "content-type") : (impact_text){0};
    return impact__text_begins_with(type, "application/grpc");
}

static bool is_probe(impact_text service)
{
    return impact__text_equal_string(service, IMPACT__LIVE_GROUP) ||
           impact__text_equal_string(service, IMPACT__READY_GROUP) ||
           impact__text_equal_string(service, IMPACT__STARTUP_GROUP);
}

static impact__route route_of(impact_text service)
{
    const impact_text name = service.size ? service : impact_text_of(IMPACT__READY_GROUP);
    return (impact__route){
        .kind = is_probe(name) ? IMPACT__ROUTE_PROBE : IMPACT__ROUTE_NAMED,
        .selector = name,
        .is_decoded = true,
        .subject = "grpc",
    };
}

static impact_status refuse(impact_health_ticket **ticket, impact_health *health,
                            impact__grpc_code code)
{
    impact_http_response response;
    impact__grpc_answer_error(&response, code);
    return impact__health_begin_response(ticket, health, &response);
}

typedef enum method { method_unknown, method_check, method_watch } method;

static method method_of(const impact_http_request *request)
{
    if (!impact__text_equal_string(request->method, "POST"))
        return method_unknown;
    if (impact__text_equal_string(request->path, "/grpc.health.v1.Health/Check"))
        return method_check;
    return impact__text_equal_string(request->path, "/grpc.health.v1.Health/Watch")
               ? method_watch
               : method_unknown;
}

/* Who watches is asked for again and again, by the port: each time it is a question of its own, so
 * a secret that is good no more, or a service that comes, counts from then on. */
static impact__grpc_code judge(const impact__message *message)
{
    if (message->is_watch && message->is_last)
        return IMPACT__GRPC_UNAVAILABLE;
    return message->is_watch && message->has_no_room ? IMPACT__GRPC_RESOURCE_EXHAUSTED
                                                     : IMPACT__GRPC_OK;
}

impact_status impact__grpc_begin(impact_health_ticket **ticket, impact_health *health,
                                 impact__message *message)
{
    impact_text service;
    if (!is_grpc(message->request))
        return impact__health_begin_all(ticket, health, message->request);
    const method asked = method_of(message->request);
    if (asked == method_unknown)
        return refuse(ticket, health, IMPACT__GRPC_UNIMPLEMENTED);
    if (!impact__grpc_read_request(&service, message->body))
        return refuse(ticket, health, IMPACT__GRPC_INVALID_ARGUMENT);
    message->is_watch = asked == method_watch;
    const impact__grpc_code code = judge(message);
    if (code)
        return refuse(ticket, health, code);
    const impact__route route = route_of(service);
    return impact__health_begin_route(ticket, health, message, &route);
}
