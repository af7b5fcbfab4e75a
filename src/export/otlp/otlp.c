/* The exporter "otlp": OTLP over HTTP with protobuf, as a plugin.
 *
 * DESIGN: a batch is one request, or several when it is above the limit of one. When some of them
 * were taken and a later one failed, the spans of the later ones count as rejected: the exporter's
 * answer has one word for "some", and the counters stay exact.
 */
#include <impact/plugin.h>

#include <impact/diagnostics.h>
#include <impact/span.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/sigpipe.h"
#include "export/gather.h"
#include "export/otlp/otlp_environment.h"
#include "export/otlp/transport.h"
#include "export/otlp/request.h"
#include "export/otlp/send.h"

enum { kept_request_size = 1024 * 1024 }; /* of a request's memory, until the next one */

typedef struct otlp {
    impact_exporter base; /* first: a pointer to it is a pointer to this */
    otlp__settings settings;
    otlp__http *http;
    impact__buffer request; /* kept between batches for its memory, unless it is huge */
} otlp;

static impact_status send_part(otlp *to, const impact_batch *batch, impact__span_range part,
                               uint64_t deadline_ns, size_t *rejected)
{
    impact__buffer_clear(&to->request);
    const impact_status status = impact__gather_append(&to->request, batch, part);
    if (status)
        return status;
    return otlp__send(to->http, impact__buffer_text(&to->request), part.count, deadline_ns,
                      rejected);
}

static void give_back_if_huge(otlp *to)
{
    if (to->request.capacity > kept_request_size)
        impact__buffer_close(&to->request);
}

static void reject_large_span(const otlp *to)
{
    impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "otlp", "large span",
                              "a span is above the limit of a request, %zu bytes",
                              to->settings.request_limit);
}

static impact_status send_batch(otlp *to, const impact_batch *batch, uint64_t deadline_ns,
                                size_t *rejected)
{
    size_t taken = 0;
    size_t refused = 0;
    impact_status status = IMPACT_OK;
    for (size_t first = 0; first < batch->span_count && status == IMPACT_OK;) {
        const impact__span_range part =
            otlp__request_range(batch, first, to->settings.request_limit);
        if (!part.count) {
            reject_large_span(to);
            first++;
            refused++;
            continue;
        }
        size_t part_rejected = 0;
        status = send_part(to, batch, part, deadline_ns, &part_rejected);
        first += part.count;
        if (status == IMPACT_OK) {
            taken += part.count - part_rejected;
            refused += part_rejected;
        }
    }
    if (status && taken + refused == 0)
        return status;
    *rejected = batch->span_count - taken;
    return IMPACT_OK;
}

static uint32_t least_timeout(uint32_t timeout_ms, uint32_t own_ms)
{
    return own_ms && own_ms < timeout_ms ? own_ms : timeout_ms;
}

static impact_status export_batch(impact_exporter *exporter, const impact_batch *batch,
                                  uint32_t timeout_ms, size_t *rejected)
{
    otlp *to = (otlp *)exporter;
    const uint32_t least_ms = least_timeout(timeout_ms, to->settings.timeout_ms);
    const uint64_t deadline_ns = impact__deadline_after_ms(least_ms);
    impact__sigpipe held; /* TLS writes without MSG_NOSIGNAL */
    impact_tracing_suppress();
    impact__sigpipe_hold(&held);
    const impact_status status = send_batch(to, batch, deadline_ns, rejected);
    give_back_if_huge(to);
    impact__sigpipe_release(&held);
    impact_tracing_unsuppress();
    return status;
}

static void interrupt(impact_exporter *exporter)
{
    otlp__http_interrupt(((otlp *)exporter)->http);
}

static void close_otlp(impact_exporter *exporter)
{
    otlp *to = (otlp *)exporter;
    const impact_allocator *allocator = to->settings.allocator;
    otlp__http_close(to->http);
    impact__buffer_close(&to->request);
    otlp__settings_close(&to->settings);
    impact__free(allocator, to);
}

static impact_status open_with(impact_exporter **exporter, const impact_otlp_options *options,
                               const impact_allocator *allocator)
{
    if (!exporter)
        return IMPACT_EINVAL;
    otlp *to = impact__alloc(allocator, sizeof *to);
    if (!to)
        return IMPACT_ENOMEM;
    to->base = (impact_exporter){sizeof to->base, "otlp", export_batch, interrupt, close_otlp};
    to->request = IMPACT__BUFFER(allocator);
    impact_status status = otlp__settings_open(&to->settings, options, allocator);
    if (status)
        goto fail_settings;
    status = otlp__http_open(&to->http, &to->settings);
    if (status)
        goto fail_http;
    *exporter = &to->base;
    return IMPACT_OK;

fail_http:
    otlp__settings_close(&to->settings);
fail_settings:
    impact__free(allocator, to);
    return status;
}

static impact_status open_otlp(impact_exporter **exporter, const impact_allocator *allocator)
{
    return open_with(exporter, NULL, allocator);
}

IMPACT_API extern const impact_plugin impact_plugin_otlp;
const impact_plugin impact_plugin_otlp = {
    .size = sizeof(impact_plugin),
    .abi = IMPACT_PLUGIN_ABI,
    .name = "otlp",
    .exporter_open = open_otlp,
    .otlp_open = open_with,
};
