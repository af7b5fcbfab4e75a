/* The exporters "otlp" and "zipkin", as a plugin: OTLP over HTTP and gRPC, and Zipkin's JSON.
 *
 * DESIGN: Zipkin's is one more form that the body of a request may have; all else is the same. A
 * batch is one request, or several when it is above the limit of one. A backend whose
 * limit is lower says so with 413: then requests of the rest of the batch are half as large as the
 * one that it refused. A span that is refused alone lowers the limit below its own size for good,
 * so that those as large as it are not sent in vain. When some spans were taken and a later request
 * failed, the spans of the later ones count as rejected: the exporter's answer has one word for
 * "some", and the counters stay exact.
 */
#include <assert.h>

#include <impact/plugin.h>

#include <impact/diagnostics.h>
#include <impact/span.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/sigpipe.h"
#include "export/gather.h"
#include "export/otlp/body.h"
#include "export/otlp/otlp_environment.h"
#include "export/otlp/request.h"
#include "export/otlp/send.h"
#include "export/otlp/server.h"
#include "export/zipkin/zipkin_environment.h"

enum { kept_request_size = 1024 * 1024 }; /* of a request's memory, until the next one */

/* A batch that is being sent. */
typedef struct passage {
    const impact_batch *batch;
    uint64_t deadline_ns;
    size_t next;         /* the first span that was not settled yet */
    size_t under_way;    /* spans from there on that are being sent; 0: none is */
    size_t refused;      /* of those before it; the others were taken */
    size_t limit;        /* of a request, in bytes */
    size_t single_limit; /* of a request with one span */
} passage;

typedef struct otlp {
    impact_exporter base; /* first: a pointer to it is a pointer to this */
    otlp__settings settings;
    bool is_another;     /* they are the first one's */
    otlp__server server; /* as metrics name it */
    otlp__pace pace;     /* of it and all others */
    otlp__sender sender;
    impact__buffer request; /* kept between batches for its memory, unless it is huge */
    otlp__body body;        /* likewise */
    passage passage;
} otlp;

static void report_large_span(size_t limit)
{
    impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "otlp", "large span",
                              "a span is above the limit of a request, %zu bytes", limit);
}

/* JSON is larger than what it is made from: then the part is not sent, as if it were refused. */
static bool is_within_limit(const otlp *to, impact_text body, size_t span_count,
                            otlp__verdict *verdict)
{
    const size_t limit = to->settings.request_limit;
    if (body.size <= limit)
        return true;
    if (span_count == 1)
        report_large_span(limit);
    *verdict = (otlp__verdict){.rejected = span_count, .is_too_large = true};
    return false;
}

static void close_if_huge(impact__buffer *buffer)
{
    if (buffer->capacity > kept_request_size)
        impact__buffer_close(buffer);
}

static void give_back_if_huge(otlp *to)
{
    close_if_huge(&to->request);
    close_if_huge(&to->body.encoded);
    close_if_huge(&to->body.compressed);
}

/* As many spans as may go next; none when even the first one alone may not. */
static impact__span_range next_part(const passage *of)
{
    const impact__span_range part = otlp__request_range(of->batch, of->next, of->limit);
    if (part.count)
        return part;
    const impact__span_range single = {of->next, 1};
    const bool may_go = impact__gather_size(of->batch, single) <= of->single_limit;
    return (impact__span_range){of->next, may_go};
}

static void reject_large_span(passage *of)
{
    report_large_span(of->single_limit);
    of->next++;
    of->refused++;
}

/* What a verdict on a request of `size` bytes means for the batch. */
static void settle(passage *of, size_t count, size_t size, const otlp__verdict *verdict)
{
    if (verdict->is_too_large && count > 1) {
        of->limit = size / 2;
        return;
    }
    if (verdict->is_too_large)
        of->single_limit = size - 1;
    if (of->limit > of->single_limit)
        of->limit = of->single_limit;
    of->next += count;
    of->refused += verdict->rejected;
}

/* The next part is on its way, or is settled already. */
static impact_status begin_part(otlp *to, passage *of)
{
    impact_text body;
    otlp__verdict verdict;
    const impact__span_range part = next_part(of);
    if (!part.count) {
        reject_large_span(of);
        return IMPACT_OK;
    }
    impact__buffer_clear(&to->request);
    impact_status status = impact__gather_append(&to->request, of->batch, part);
    if (!status)
        status = otlp__body_make(&body, &to->body, impact__buffer_text(&to->request));
    if (status)
        return status;
    if (!is_within_limit(to, body, part.count, &verdict)) {
        settle(of, part.count, to->request.size, &verdict);
        return IMPACT_OK;
    }
    of->under_way = part.count;
    otlp__send_begin(&to->sender, body, part.count, of->deadline_ns);
    return IMPACT_OK;
}

/* False: it is under way still. */
static bool advance_part(otlp *to, passage *of, impact_status *status)
{
    otlp__verdict verdict;
    if (!otlp__send_advance(&to->sender, status, &verdict))
        return false;
    if (*status == IMPACT_OK)
        settle(of, of->under_way, to->request.size, &verdict);
    of->under_way = 0;
    return true;
}

/* False: it is under way still. */
static bool advance_all(otlp *to, passage *of, impact_status *status)
{
    *status = IMPACT_OK;
    while (of->next < of->batch->span_count && *status == IMPACT_OK)
        if (!of->under_way)
            *status = begin_part(to, of);
        else if (!advance_part(to, of, status))
            return false;
    return true;
}

/* As an exporter answers. */
static bool advance_batch(otlp *to, impact_status *status, size_t *rejected)
{
    const passage *of = &to->passage;
    if (!advance_all(to, &to->passage, status))
        return false;
    give_back_if_huge(to);
    if (*status && of->next == 0)
        return true;
    *rejected = of->batch->span_count - (of->next - of->refused);
    *status = IMPACT_OK;
    return true;
}

static uint32_t least_timeout(uint32_t timeout_ms, uint32_t own_ms)
{
    return own_ms && own_ms < timeout_ms ? own_ms : timeout_ms;
}

static void begin_batch(otlp *to, const impact_batch *batch, uint32_t timeout_ms)
{
    const uint32_t least_ms = least_timeout(timeout_ms, to->settings.timeout_ms);
    to->passage = (passage){
        .batch = batch,
        .deadline_ns = impact__deadline_after_ms(least_ms),
        .limit = to->settings.request_limit,
        .single_limit = to->settings.request_limit,
    };
}

static impact_status export_batch(impact_exporter *exporter, const impact_batch *batch,
                                  uint32_t timeout_ms, size_t *rejected)
{
    otlp *to = (otlp *)exporter;
    impact_status status = IMPACT_OK;
    impact__sigpipe held; /* TLS writes without MSG_NOSIGNAL */
    impact_tracing_suppress();
    impact__sigpipe_hold(&held);
    begin_batch(to, batch, timeout_ms);
    while (!advance_batch(to, &status, rejected))
        otlp__http_wait(to->sender.http, otlp__send_moment(&to->sender));
    impact__sigpipe_release(&held);
    impact_tracing_unsuppress();
    return status;
}

/* Where nobody is to be kept waiting, and perhaps no thread is to be started. */
static void begin_export(impact_exporter *exporter, const impact_batch *batch, uint32_t timeout_ms)
{
    otlp *to = (otlp *)exporter;
    otlp__http_look_names_up(to->sender.http);
    begin_batch(to, batch, timeout_ms);
}

static void advance_export(impact_exporter *exporter, impact_export_progress *progress)
{
    otlp *to = (otlp *)exporter;
    impact__sigpipe held; /* as above */
    impact_tracing_suppress();
    impact__sigpipe_hold(&held);
    progress->is_over = advance_batch(to, &progress->status, &progress->rejected);
    progress->descriptor = otlp__http_descriptor(to->sender.http);
    progress->wait_ms = impact__remaining_ms(otlp__send_moment(&to->sender));
    impact__sigpipe_release(&held);
    impact_tracing_unsuppress();
}

static void interrupt(impact_exporter *exporter)
{
    otlp__http_interrupt(((otlp *)exporter)->sender.http);
}

static void hasten(impact_exporter *exporter, uint32_t timeout_ms)
{
    otlp__http_hasten(((otlp *)exporter)->sender.http, impact__deadline_after_ms(timeout_ms));
}

static void close_otlp(impact_exporter *exporter)
{
    otlp *to = (otlp *)exporter;
    const impact_allocator *allocator = to->settings.allocator;
    otlp__sender_close(&to->sender);
    impact__buffer_close(&to->request);
    otlp__body_close(&to->body);
    if (!to->is_another)
        otlp__settings_close(&to->settings);
    impact__free(allocator, to);
}

/* Semantic conventions, "otel.component.type". */
static const char *const component_types[] = {
    [OTLP__HTTP_PROTOBUF] = "otlp_http_span_exporter",
    [OTLP__HTTP_JSON] = "otlp_http_json_span_exporter",
    [OTLP__GRPC] = "otlp_grpc_span_exporter",
    [OTLP__ZIPKIN] = "zipkin_http_span_exporter",
};

static impact_status open_another(impact_exporter **another, impact_exporter *exporter);

/* `settings` are taken on success; `first` has them already, if there is one. */
static impact_status open_beside(impact_exporter **exporter, const otlp__settings *settings,
                                 const char *name, otlp *first)
{
    const impact_allocator *allocator = settings->allocator;
    otlp *to = impact__alloc(allocator, sizeof *to);
    if (!to)
        return IMPACT_ENOMEM;
    to->is_another = first != NULL;
    to->server = otlp__server_of(&settings->endpoint);
    to->base = (impact_exporter){
        .size = sizeof to->base,
        .name = name,
        .export_batch = export_batch,
        .interrupt = interrupt,
        .close = close_otlp,
        .hasten = hasten,
        .component_type = component_types[settings->protocol],
        .server_address = to->server.address,
        .server_port = to->server.port,
        .begin_export = begin_export,
        .advance_export = advance_export,
        .open_another = open_another,
    };
    to->request = IMPACT__BUFFER(allocator);
    to->settings = *settings;
    to->body = otlp__body_of(&to->settings);
    const impact_status status =
        otlp__sender_open(&to->sender, &to->settings, first ? &first->pace : &to->pace);
    if (status)
        impact__free(allocator, to);
    else
        *exporter = &to->base;
    return status;
}

static impact_status open_another(impact_exporter **another, impact_exporter *exporter)
{
    otlp *first = (otlp *)exporter;
    return open_beside(another, &first->settings, first->base.name, first);
}

static impact_status open_with(impact_exporter **exporter, const impact_otlp_options *options,
                               const impact_allocator *allocator)
{
    otlp__settings settings;
    if (!exporter)
        return IMPACT_EINVAL;
    impact_status status = otlp__settings_open(&settings, options, allocator);
    if (status)
        return status;
    status = open_beside(exporter, &settings, "otlp", NULL);
    if (status)
        otlp__settings_close(&settings);
    return status;
}

static impact_status open_otlp(impact_exporter **exporter, const impact_allocator *allocator)
{
    return open_with(exporter, NULL, allocator);
}

static impact_status open_zipkin(impact_exporter **exporter, const impact_allocator *allocator)
{
    otlp__settings settings;
    if (!exporter)
        return IMPACT_EINVAL;
    impact_status status = zipkin__settings_open(&settings, allocator);
    if (status)
        return status;
    status = open_beside(exporter, &settings, "zipkin", NULL);
    if (status)
        otlp__settings_close(&settings);
    return status;
}

IMPACT_API extern const impact_plugin impact_plugin_otlp;
const impact_plugin impact_plugin_otlp = {
    .size = sizeof(impact_plugin),
    .abi = IMPACT_PLUGIN_ABI,
    .name = "otlp",
    .exporter_open = open_otlp,
    .otlp_open = open_with,
    .zipkin_open = open_zipkin,
};
