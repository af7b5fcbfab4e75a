/* Answers of gRPC: constants, so that they need no memory. A header whose name begins with "grpc-"
 * is sent behind the body. */
#include "health/grpc_answer.h"

/* Without a code there is no end yet. */
static void begin_answer(impact_http_response *response, const char *code)
{
    *response = (impact_http_response){
        .size = sizeof *response,
        .status = 200, /* of HTTP, always */
        .headers = {{"content-type", "application/grpc"}, {"grpc-status", code}},
        .header_count = code ? 2 : 1,
    };
}

/* A message's frame (not compressed, its size), and the field `status` of HealthCheckResponse. */
static const char serving[] = {0, 0, 0, 0, 2, 0x08, 1};
static const char not_serving[] = {0, 0, 0, 0, 2, 0x08, 2};
static const char service_unknown[] = {0, 0, 0, 0, 2, 0x08, 3};

void impact__grpc_answer_verdict(impact_http_response *response, bool is_healthy, bool is_watched)
{
    begin_answer(response, is_watched ? NULL : "0");
    response->body = is_healthy ? impact_text_from(serving, sizeof serving)
                                : impact_text_from(not_serving, sizeof not_serving);
}

static void answer_unknown(impact_http_response *response)
{
    begin_answer(response, NULL);
    response->body = impact_text_from(service_unknown, sizeof service_unknown);
}

void impact__grpc_answer_error(impact_http_response *response, impact__grpc_code code)
{
    static const struct {
        impact__grpc_code code;
        const char *number;
        const char *message;
    } errors[] = {
        {IMPACT__GRPC_INVALID_ARGUMENT, "3", "this is no request of grpc.health.v1"},
        {IMPACT__GRPC_NOT_FOUND, "5", "there is no such service"},
        {IMPACT__GRPC_RESOURCE_EXHAUSTED, "8", "as many watch as may"},
        {IMPACT__GRPC_UNIMPLEMENTED, "12", "there is no such method"},
        {IMPACT__GRPC_UNAUTHENTICATED, "16", "the secret is missing or wrong"},
        {IMPACT__GRPC_UNAVAILABLE, "14", "there is no memory or no thread, or the service ends"},
    };
    const size_t last = sizeof errors / sizeof *errors - 1;
    size_t i = 0;
    while (i < last && errors[i].code != code)
        i++;
    begin_answer(response, errors[i].number);
    response->headers[response->header_count++] =
        (impact_http_header){"grpc-message", errors[i].message};
}

static impact__grpc_code code_of(int status)
{
    switch (status) {
    case 401:
        return IMPACT__GRPC_UNAUTHENTICATED;
    case 404:
        return IMPACT__GRPC_NOT_FOUND;
    case 400:
        return IMPACT__GRPC_INVALID_ARGUMENT;
    default:
        return IMPACT__GRPC_UNAVAILABLE;
    }
}

void impact__grpc_answer_refused(impact_http_response *response, bool is_watched)
{
    const impact__grpc_code code = code_of(response->status);
    impact_http_response_clear(response);
    if (is_watched && code == IMPACT__GRPC_NOT_FOUND)
        answer_unknown(response);
    else
        impact__grpc_answer_error(response, code);
}
