/* One request with its retries, and what the answer means for the spans. */
#include "export/otlp/send.h"

#include <assert.h>

#include "base/clock.h"
#include "export/otlp/retry.h"

enum {
    kept_pause_limit_ms = 5 * 60 * 1000, /* a date may be wrong, and a pause must not be for ever */
};

impact_status otlp__sender_open(otlp__sender *sender, const otlp__settings *settings)
{
    impact__random_seed(&sender->random);
    sender->allocator = settings->allocator;
    sender->pause_end_ns = 0;
    sender->is_backend_away = false;
    return otlp__http_open(&sender->http, settings);
}

void otlp__sender_close(otlp__sender *sender)
{
    otlp__http_close(sender->http);
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
                         size_t span_count, uint64_t deadline_ns)
{
    impact_status status = IMPACT_OK;
    for (unsigned attempt = 1; status == IMPACT_OK; attempt++) {
        const bool is_last = is_hastened(sender); /* before it: a last one begins after that */
        status = otlp__http_post(sender->http, answer, body, deadline_ns);
        if (status == IMPACT_OK && otlp__answer_is_final(answer, span_count))
            return IMPACT_OK;
        if ((status && status != IMPACT_ESYSTEM) || (answer->is_unreachable && is_last))
            return status;
        begin_pause(sender, answer, attempt);
        status = wait_for_turn(sender, deadline_ns);
    }
    keep_pause(sender);
    return status;
}

/* No answer in time, no connection, or a pause that outlasts the batch: another time it may do. */
static impact_status given_up(impact_status status)
{
    return status == IMPACT_ETIMEDOUT || status == IMPACT_ESYSTEM ? IMPACT_EAGAIN : status;
}

impact_status otlp__send(otlp__sender *sender, impact_text body, size_t span_count,
                         uint64_t deadline_ns, otlp__verdict *verdict)
{
    assert(body.data && span_count > 0);
    otlp__answer answer = {.error = "the backend asked for a pause"};
    impact_status status = wait_for_turn(sender, deadline_ns);
    if (status == IMPACT_OK)
        status = ask(sender, &answer, body, span_count, deadline_ns);
    if (status == IMPACT_OK)
        *verdict = otlp__answer_judge(&answer, span_count, sender->allocator);
    else
        otlp__answer_report_failure(&answer, span_count);
    return given_up(status);
}
