/* Where Zipkin is. */
#include "export/zipkin/zipkin_environment.h"

#include "base/environment.h"
#include "base/text.h"
#include "export/otlp/request.h"
#include "export/otlp/response.h"

enum { default_timeout_ms = 10000 };

static const char default_endpoint[] = "http://localhost:9411/api/v2/spans";
static const char endpoint_name[] = "OTEL_EXPORTER_ZIPKIN_ENDPOINT";

/* A socket of this machine is named by OTLP's endpoints only: it would get OTLP's path. */
static impact_status read_endpoint(otlp__settings *settings)
{
    const impact_text given = impact__environment_text(endpoint_name);
    const impact_text text = given.size ? given : impact_text_of(default_endpoint);
    const impact_status status = impact__text_begins_with(text, "unix:")
                                     ? IMPACT_EINVAL
                                     : otlp__endpoint_open(&settings->endpoint, settings->allocator,
                                                           text, OTLP__ENDPOINT_WHOLE, false);
    if (status == IMPACT_EINVAL)
        impact__environment_refuse_unseen(
            endpoint_name, "it has to be an http or https URL; nothing is sent to Zipkin");
    return status;
}

impact_status zipkin__settings_open(otlp__settings *settings, const impact_allocator *allocator)
{
    otlp__settings read = {
        .allocator = allocator,
        .protocol = OTLP__ZIPKIN,
        .headers = {.allocator = allocator},
        .timeout_ms = default_timeout_ms,
        .request_limit = OTLP__REQUEST_LIMIT,
        .response_limit = OTLP__RESPONSE_LIMIT,
    };
    (void)impact__environment_number(&read.timeout_ms, "OTEL_EXPORTER_ZIPKIN_TIMEOUT"); /* kept */
    const impact_status status = read_endpoint(&read);
    if (!status)
        *settings = read;
    return status;
}
