/* One request with its retries, and what the answer means for the spans. */
#include "export/otlp/send.h"

#include <impact/diagnostics.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "export/otlp/response.h"
#include "export/otlp/retry.h"

enum { shown_message_limit = 200 };

/* A message from outside, as far as it is UTF-8 and fits into a line. */
static int shown_size(impact_text message)
{
    const size_t size = message.size < shown_message_limit ? message.size : shown_message_limit;
    return (int)impact__utf8_valid_prefix(impact_text_from(message.data, size));
}

/* ---- answers ---- */

/* Partial success is never retried (OTLP 1.x, "Partial Success"). */
static void judge_success(const otlp__answer *answer, size_t span_count, size_t *rejected)
{
    otlp__response response;
    if (!otlp__response_parse(&response, answer->body)) {
        impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "otlp", "answer",
                                  "the backend took the spans with an answer that is not OTLP");
        return;
    }
    const impact_text message = response.error_message;
    *rejected = response.rejected_spans < span_count ? (size_t)response.rejected_spans : span_count;
    if (*rejected)
        impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "otlp", "partial success",
                                  "the backend rejected %zu of %zu spans: %.*s", *rejected,
                                  span_count, shown_size(message),
                                  message.size ? message.data : "");
    else if (message.size)
        impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "otlp", "warning",
                                  "the backend took the spans and warns: %.*s", shown_size(message),
                                  message.data);
}

/* An answer that is final. */
static void judge(const otlp__answer *answer, size_t span_count, size_t *rejected)
{
    const bool is_success = answer->http_status >= 200 && answer->http_status < 300;
    if (is_success && !answer->is_too_large) {
        judge_success(answer, span_count, rejected);
        return;
    }
    *rejected = span_count;
    if (is_success) /* protocol/exporter: a failure that is not retried */
        impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "otlp", "large answer",
                                  "the backend's answer to %zu spans is too large", span_count);
    else
        impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "otlp", "refused",
                                  "the backend refused %zu spans: HTTP status %ld", span_count,
                                  answer->http_status);
}

static void report_failure(const otlp__answer *answer, size_t span_count)
{
    if (answer->http_status)
        impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "otlp", "failed",
                                  "%zu spans could not be sent: HTTP status %ld", span_count,
                                  answer->http_status);
    else
        impact_diagnostics_report(IMPACT_SEVERITY_ERROR, "otlp", "failed",
                                  "%zu spans could not be sent: %s", span_count, answer->error);
}

/* ---- attempts ---- */

/* Wait for the next attempt's turn. IMPACT_ETIMEDOUT, at once, when it would come too late. */
static impact_status wait_for_turn(otlp__http *http, const otlp__answer *answer, unsigned attempt,
                                   impact__random *random, uint64_t deadline_ns)
{
    uint64_t wait_ms = otlp__retry_backoff_ms(attempt, random);
    if (answer->asks_to_wait && answer->wait_ms > wait_ms)
        wait_ms = answer->wait_ms;
    if (impact__deadline_after_ms(wait_ms) >= deadline_ns)
        return IMPACT_ETIMEDOUT;
    return otlp__http_wait(http, wait_ms);
}

impact_status otlp__send(otlp__http *http, impact_text body, size_t span_count,
                         uint64_t deadline_ns, size_t *rejected)
{
    impact__random random;
    impact__random_seed(&random);
    otlp__answer answer;
    impact_status status = IMPACT_OK;
    for (unsigned attempt = 1; status == IMPACT_OK; attempt++) {
        status = otlp__http_post(http, &answer, body, deadline_ns);
        if (status == IMPACT_OK && !otlp__retry_is_for_status(answer.http_status)) {
            judge(&answer, span_count, rejected);
            return IMPACT_OK;
        }
        if (status == IMPACT_OK || status == IMPACT_ESYSTEM)
            status = wait_for_turn(http, &answer, attempt, &random, deadline_ns);
    }
    report_failure(&answer, span_count);
    return status;
}
