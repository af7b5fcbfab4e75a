/* What an answer means: taken, taken in part, refused, or worth another try. */
#include "export/otlp/otlp_answer.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <impact/diagnostics.h>

#include "base/buffer.h"
#include "base/text.h"
#include "export/otlp/gzip.h"
#include "export/otlp/reason.h"
#include "export/otlp/response.h"
#include "export/otlp/retry.h"

enum { status_content_too_large = 413 };

/* ---- what comes before the body, and behind it ---- */

/* "name: value", cut in two. False: it is another line. */
static bool split_header(impact_text *name, impact_text *value, impact_text line)
{
    const char *colon = line.size ? memchr(line.data, ':', line.size) : NULL;
    if (!colon)
        return false;
    *name = impact_text_from(line.data, (size_t)(colon - line.data));
    *value = impact__text_strip(impact_text_from(colon + 1, line.size - name->size - 1));
    return true;
}

static void take_retry_info(otlp__answer *answer)
{
    if (!answer->grpc.asks_to_wait)
        return;
    answer->asks_to_wait = true;
    answer->wait_ms = answer->grpc.wait_ms;
}

void otlp__answer_take_header(otlp__answer *answer, impact_text line)
{
    impact_text name;
    impact_text value;
    if (!split_header(&name, &value, line))
        return;
    if (impact__text_equal_ignoring_case(name, impact_text_of("retry-after")))
        answer->asks_to_wait = otlp__retry_after_parse(&answer->wait_ms, value, time(NULL));
    if (answer->protocol == OTLP__GRPC) {
        otlp__grpc_take(&answer->grpc, name, value);
        take_retry_info(answer);
    }
}

/* ---- what is said ---- */

/* "HTTP status 503", "gRPC status 14 (UNAVAILABLE)". */
typedef struct status_words {
    char text[64];
} status_words;

static status_words words_of(const otlp__answer *answer)
{
    status_words words;
    if (answer->grpc.is_there)
        (void)snprintf(words.text, sizeof words.text, "gRPC status %u (%s)",
                       (unsigned)answer->grpc.code, otlp__grpc_code_name(answer->grpc.code));
    else
        (void)snprintf(words.text, sizeof words.text, "HTTP status %ld%s", answer->http_status,
                       answer->protocol == OTLP__GRPC ? " without one of gRPC" : "");
    return words; /* they fit */
}

static otlp__reason reason_of(const otlp__answer *answer)
{
    return answer->grpc.is_there ? answer->grpc.message : otlp__reason_of_body(answer->body);
}

/* Two exporters may fail at the same time: what is said of one is not withheld for the other. */
static const char *exporter_of(const otlp__answer *answer)
{
    return answer->protocol == OTLP__ZIPKIN ? "zipkin" : "otlp";
}

static const char *colon_before(const otlp__reason *reason)
{
    return reason->text[0] ? ": " : "";
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void report_refusal(const otlp__answer *answer, size_t span_count)
{
    const status_words words = words_of(answer);
    const otlp__reason reason = reason_of(answer);
    impact_diagnostics_report(IMPACT_SEVERITY_ERROR, exporter_of(answer), "refused",
                              "the backend refused %zu span%s: %s%s%s", span_count,
                              plural(span_count), words.text, colon_before(&reason), reason.text);
}

static void report_large_answer(const otlp__answer *answer, size_t span_count)
{
    const status_words words = words_of(answer);
    impact_diagnostics_report(IMPACT_SEVERITY_ERROR, exporter_of(answer), "large answer",
                              "the backend's answer to %zu span%s is too large: %s", span_count,
                              plural(span_count), words.text);
}

void otlp__answer_report_failure(const otlp__answer *answer, size_t span_count)
{
    const status_words words = words_of(answer);
    const otlp__reason reason = reason_of(answer);
    const bool is_answered = answer->http_status != 0;
    impact_diagnostics_report(IMPACT_SEVERITY_ERROR, exporter_of(answer), "failed",
                              "%zu span%s could not be sent: %s%s%s", span_count,
                              plural(span_count), is_answered ? words.text : answer->error,
                              is_answered ? colon_before(&reason) : "",
                              is_answered ? reason.text : "");
}

static void report_odd_success(const char *answer)
{
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "otlp", "answer",
                              "the backend took the spans with an answer that is %s", answer);
}

/* ---- success ---- */

static otlp__reason reason_in(const otlp__response *response)
{
    return response->is_json ? otlp__reason_of_json(response->error_message)
                             : otlp__reason_of_text(response->error_message);
}

/* Partial success is never retried (OTLP 1.x, "Partial Success"). */
static size_t judge_response(const otlp__response *response, size_t span_count)
{
    const otlp__reason reason = reason_in(response);
    const size_t rejected =
        response->rejected_spans < span_count ? (size_t)response->rejected_spans : span_count;
    if (rejected)
        impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "otlp", "partial success",
                                  "the backend rejected %zu of %zu span%s%s%s", rejected,
                                  span_count, plural(span_count), colon_before(&reason),
                                  reason.text);
    else if (response->error_message.size)
        impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "otlp", "warning",
                                  "the backend took the spans and warns%s%s", colon_before(&reason),
                                  reason.text);
    return rejected;
}

/* The message of gRPC without what is around it. `room` is for one that is compressed, though
 * nobody asked for that. */
static bool unwrap(impact_text *message, impact__buffer *room, impact_text body)
{
    bool is_compressed = false;
    if (!otlp__grpc_message(message, &is_compressed, body))
        return false;
    if (!is_compressed)
        return true;
    if (otlp__gunzip_append(room, *message, OTLP__RESPONSE_LIMIT))
        return false;
    *message = impact__buffer_text(room);
    return true;
}

static bool parse(otlp__response *response, impact__buffer *room, const otlp__answer *answer)
{
    impact_text message = answer->body;
    if (answer->protocol == OTLP__HTTP_JSON)
        return otlp__response_parse_json(response, message);
    if (answer->protocol == OTLP__ZIPKIN) { /* whatever it says beside its status */
        *response = (otlp__response){.rejected_spans = 0};
        return true;
    }
    if (answer->protocol == OTLP__GRPC && !unwrap(&message, room, answer->body))
        return false;
    return otlp__response_parse(response, message);
}

static size_t judge_success(const otlp__answer *answer, size_t span_count,
                            const impact_allocator *allocator)
{
    assert(span_count > 0);
    impact__buffer room = IMPACT__BUFFER(allocator);
    otlp__response response;
    size_t rejected = 0;
    const bool is_read = !answer->is_cut && parse(&response, &room, answer);
    if (!is_read || answer->is_unended)
        report_odd_success(is_read ? "without a status" : answer->is_cut ? "cut off" : "not OTLP");
    if (is_read)
        rejected = judge_response(&response, span_count);
    impact__buffer_close(&room);
    return rejected;
}

/* ---- refusal ---- */

/* Above the limit it was not read, and is never asked for again, whatever its status: a failure
 * that is not retried (protocol/exporter). A request that is too large for gRPC has a code that may
 * be retried, but as it is never goes better; a reset may stand for that one. */
bool otlp__answer_is_final(const otlp__answer *answer, size_t span_count)
{
    if (answer->is_reset)
        return span_count > 1;
    if (answer->is_too_large)
        return true;
    if (answer->grpc.is_there)
        return otlp__grpc_is_too_large(&answer->grpc) || !otlp__grpc_may_retry(&answer->grpc);
    return !otlp__retry_is_for_status(answer->http_status);
}

static bool has_ended_well(const otlp__answer *answer)
{
    return answer->protocol != OTLP__GRPC || answer->is_unended ||
           (answer->grpc.is_there && answer->grpc.code == 0);
}

static bool is_taken(const otlp__answer *answer)
{
    const bool is_success = answer->http_status >= 200 && answer->http_status < 300;
    return is_success && has_ended_well(answer) && !answer->is_too_large;
}

static otlp__verdict judge_refusal(const otlp__answer *answer, size_t span_count)
{
    const bool is_too_large = answer->is_reset || answer->http_status == status_content_too_large ||
                              (answer->grpc.is_there && otlp__grpc_is_too_large(&answer->grpc));
    if (answer->is_too_large)
        report_large_answer(answer, span_count);
    else if (!is_too_large || span_count == 1) /* several are sent again */
        report_refusal(answer, span_count);
    return (otlp__verdict){.rejected = span_count, .is_too_large = is_too_large};
}

otlp__verdict otlp__answer_judge(const otlp__answer *answer, size_t span_count,
                                 const impact_allocator *allocator)
{
    assert(otlp__answer_is_final(answer, span_count));
    if (!is_taken(answer))
        return judge_refusal(answer, span_count);
    return (otlp__verdict){.rejected = judge_success(answer, span_count, allocator)};
}
