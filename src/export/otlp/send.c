/* One request with its retries, and what the answer means for the spans. */
#include "export/otlp/send.h"

#include <assert.h>

#include <impact/diagnostics.h>

#include "base/clock.h"
#include "export/otlp/reason.h"
#include "export/otlp/response.h"
#include "export/otlp/retry.h"

enum {
    status_content_too_large = 413,
    kept_pause_limit_ms = 5 * 60 * 1000, /* a date may be wrong, and a pause must not be for ever */
};

impact_status otlp__sender_open(otlp__sender *sender, const otlp__settings *settings)
{
    impact__random_seed(&sender->random);
    sender->pause_end_ns = 0;
    sender->is_backend_away = false;
    return otlp__http_open(&sender->http, settings);
}

void otlp__sender_close(otlp__sender *sender)
{
    otlp__http_close(sender->http);
}

/* ---- what is said ---- */

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
    const otlp__reason reason = otlp__reason_of_body(answer->body);
    impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "otlp", "refused",
                              "the backend refused %zu span%s: HTTP status %ld%s%s", span_count,
                              plural(span_count), answer->http_status, colon_before(&reason),
                              reason.text);
}

static void report_large_answer(const otlp__answer *answer, size_t span_count)
{
    impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "otlp", "large answer",
                              "the backend's answer to %zu span%s is too large: HTTP status %ld",
                              span_count, plural(span_count), answer->http_status);
}

static void report_failure(const otlp__answer *answer, size_t span_count)
{
    const otlp__reason reason = otlp__reason_of_body(answer->body);
    if (answer->http_status)
        impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "otlp", "failed",
                                  "%zu span%s could not be sent: HTTP status %ld%s%s", span_count,
                                  plural(span_count), answer->http_status, colon_before(&reason),
                                  reason.text);
    else
        impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "otlp", "failed",
                                  "%zu span%s could not be sent: %s", span_count,
                                  plural(span_count), answer->error);
}

static void report_odd_success(const char *answer)
{
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "otlp", "answer",
                              "the backend took the spans with an answer that is %s", answer);
}

/* ---- answers ---- */

/* Partial success is never retried (OTLP 1.x, "Partial Success"). */
static void judge_success(const otlp__answer *answer, size_t span_count, size_t *rejected)
{
    assert(span_count > 0);
    otlp__response response;
    if (answer->is_cut || !otlp__response_parse(&response, answer->body)) {
        report_odd_success(answer->is_cut ? "cut off" : "not OTLP");
        return;
    }
    const otlp__reason reason = otlp__reason_of_text(response.error_message);
    *rejected = response.rejected_spans < span_count ? (size_t)response.rejected_spans : span_count;
    if (*rejected)
        impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "otlp", "partial success",
                                  "the backend rejected %zu of %zu span%s%s%s", *rejected,
                                  span_count, plural(span_count), colon_before(&reason),
                                  reason.text);
    else if (response.error_message.size)
        impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "otlp", "warning",
                                  "the backend took the spans and warns%s%s", colon_before(&reason),
                                  reason.text);
}

/* Above the limit it was not read, and is never asked for again, whatever its status: a failure
 * that is not retried (protocol/exporter). */
static bool is_final(const otlp__answer *answer)
{
    return answer->is_too_large || !otlp__retry_is_for_status(answer->http_status);
}

static void judge_refusal(const otlp__answer *answer, size_t span_count, otlp__verdict *verdict)
{
    verdict->rejected = span_count;
    verdict->is_too_large = answer->http_status == status_content_too_large;
    if (answer->is_too_large)
        report_large_answer(answer, span_count);
    else if (!verdict->is_too_large || span_count == 1) /* several are sent again */
        report_refusal(answer, span_count);
}

/* An answer that is final. */
static void judge(const otlp__answer *answer, size_t span_count, otlp__verdict *verdict)
{
    *verdict = (otlp__verdict){.rejected = 0};
    if (answer->http_status >= 200 && answer->http_status < 300 && !answer->is_too_large)
        judge_success(answer, span_count, &verdict->rejected);
    else
        judge_refusal(answer, span_count, verdict);
}

/* ---- attempts ---- */

static bool is_hastened(const otlp__sender *sender)
{
    return otlp__http_end(sender->http) != UINT64_MAX;
}

/* Let the pause pass. IMPACT_ETIMEDOUT, at once, when it ends too late. Once all is to be over,
 * nobody waits for a backend that is away. */
static impact_status wait_for_turn(const otlp__sender *sender, uint64_t deadline_ns)
{
    while (impact__clock_monotonic_ns() < sender->pause_end_ns) {
        const uint64_t end_ns = otlp__http_end(sender->http);
        if (end_ns != UINT64_MAX && sender->is_backend_away)
            return IMPACT_OK;
        if (sender->pause_end_ns >= deadline_ns || sender->pause_end_ns >= end_ns)
            return IMPACT_ETIMEDOUT;
        const impact_status status = otlp__http_wait(sender->http, sender->pause_end_ns, end_ns);
        if (status)
            return status;
    }
    return IMPACT_OK;
}

static void begin_pause(otlp__sender *sender, const otlp__answer *answer, unsigned attempt)
{
    uint64_t pause_ms = otlp__retry_backoff_ms(attempt, &sender->random);
    if (answer->asks_to_wait && answer->wait_ms > pause_ms)
        pause_ms = answer->wait_ms;
    sender->pause_end_ns = impact__deadline_after_ms(pause_ms);
    sender->is_backend_away = answer->is_unreachable;
}

/* The request is given up. What is sent next keeps the pause of a backend that is there; where
 * nobody is, nobody is spared by one. */
static void keep_pause(otlp__sender *sender)
{
    const uint64_t latest_ns = impact__deadline_after_ms(kept_pause_limit_ms);
    if (sender->is_backend_away)
        sender->pause_end_ns = 0;
    else if (sender->pause_end_ns > latest_ns)
        sender->pause_end_ns = latest_ns;
}

/* Until there is a final answer, IMPACT_OK, or none is to be had. */
static impact_status ask(otlp__sender *sender, otlp__answer *answer, impact_text body,
                         uint64_t deadline_ns)
{
    impact_status status = IMPACT_OK;
    for (unsigned attempt = 1; status == IMPACT_OK; attempt++) {
        const bool is_last = is_hastened(sender); /* before it: a last one begins after that */
        status = otlp__http_post(sender->http, answer, body, deadline_ns);
        if (status == IMPACT_OK && is_final(answer))
            return IMPACT_OK;
        if ((status && status != IMPACT_ESYSTEM) || (answer->is_unreachable && is_last))
            return status;
        begin_pause(sender, answer, attempt);
        status = wait_for_turn(sender, deadline_ns);
    }
    keep_pause(sender);
    return status;
}

impact_status otlp__send(otlp__sender *sender, impact_text body, size_t span_count,
                         uint64_t deadline_ns, otlp__verdict *verdict)
{
    assert(body.data && span_count > 0);
    otlp__answer answer = {.error = "the backend asked for a pause"};
    impact_status status = wait_for_turn(sender, deadline_ns);
    if (status == IMPACT_OK)
        status = ask(sender, &answer, body, deadline_ns);
    if (status == IMPACT_OK)
        judge(&answer, span_count, verdict);
    else
        report_failure(&answer, span_count);
    return status;
}
