/* One request with its retries, and what the answer means for the spans.
 *
 * DESIGN: posts and pauses take turns, a pause first, which is over at once unless the backend
 * asked for one before:
 *
 *     begin -> pause -> post -> answered
 *                ^--------'  no final answer
 *
 * Neither waits: who sends comes back at the moment that he is told, or before.
 */
#include "export/otlp/send.h"

#include <assert.h>

#include "base/clock.h"
#include "export/otlp/retry.h"

enum {
    kept_pause_limit_ms = 5 * 60 * 1000,
};

impact_status otlp__sender_open(otlp__sender *sender, const otlp__settings *settings,
                                otlp__pace *pace)
{
    impact__random_seed(&sender->random);
    sender->allocator = settings->allocator;
    sender->pause_end_ns = 0;
    sender->is_backend_away = false;
    sender->pace = pace;
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

/* Its own, or the one that the backend asked of another. */
static uint64_t pause_end_of(const otlp__sender *sender)
{
    const uint64_t asked_ns = sender->pace->pause_end_ns;
    return asked_ns > sender->pause_end_ns ? asked_ns : sender->pause_end_ns;
}

/* IMPACT_EAGAIN: the pause goes on. IMPACT_ETIMEDOUT, at once, when it ends too late. Once all is
 * to be over, nobody waits for a backend that is away. */
static impact_status look_at_pause(const otlp__sender *sender)
{
    const uint64_t pause_end_ns = pause_end_of(sender);
    if (impact__clock_monotonic_ns() >= pause_end_ns)
        return IMPACT_OK;
    const impact_status status = otlp__http_look_idle(sender->http);
    const uint64_t end_ns = otlp__http_end(sender->http);
    const bool is_asked = pause_end_ns > sender->pause_end_ns;
    if (end_ns != UINT64_MAX && sender->is_backend_away && !is_asked)
        return IMPACT_OK;
    if (pause_end_ns >= sender->deadline_ns || pause_end_ns >= end_ns)
        return IMPACT_ETIMEDOUT;
    return status ? status : IMPACT_EAGAIN;
}

/* A date may be wrong, and a pause must not be for ever. */
static uint64_t limited(uint64_t pause_end_ns)
{
    return impact__earlier_ns(pause_end_ns, impact__deadline_after_ms(kept_pause_limit_ms));
}

static void begin_pause(otlp__sender *sender)
{
    const otlp__answer *answer = &sender->answer;
    uint64_t pause_ms = otlp__retry_backoff_ms(sender->attempts, &sender->random);
    if (answer->asks_to_wait && answer->wait_ms > pause_ms)
        pause_ms = answer->wait_ms;
    sender->pause_end_ns = impact__deadline_after_ms(pause_ms);
    sender->is_backend_away = answer->is_unreachable;
    if (answer->asks_to_wait && limited(sender->pause_end_ns) > sender->pace->pause_end_ns)
        sender->pace->pause_end_ns = limited(sender->pause_end_ns);
}

/* The request is given up. What is sent next keeps the pause of a backend that is there; where
 * nobody is, nobody is spared by one. */
static void keep_pause(otlp__sender *sender)
{
    sender->pause_end_ns = sender->is_backend_away ? 0 : limited(sender->pause_end_ns);
}

static void begin_post(otlp__sender *sender)
{
    sender->is_last = is_hastened(sender); /* before it: a last one begins after that */
    sender->is_posting = true;
    sender->attempts++;
    otlp__http_begin(sender->http, sender->body, sender->deadline_ns);
}

/* IMPACT_OK: it is over, and a post is under way. */
static impact_status advance_pause(otlp__sender *sender)
{
    const impact_status status = look_at_pause(sender);
    if (status == IMPACT_OK)
        begin_post(sender);
    else if (status != IMPACT_EAGAIN && sender->attempts > 0)
        keep_pause(sender);
    return status;
}

/* IMPACT_OK: there is a final answer, or a pause is under way. */
static impact_status advance_post(otlp__sender *sender, bool *is_answered)
{
    const otlp__answer *answer = &sender->answer;
    const impact_status status = otlp__http_look(sender->http, &sender->answer);
    if (status == IMPACT_EAGAIN)
        return status;
    sender->is_posting = false;
    *is_answered = status == IMPACT_OK && otlp__answer_is_final(answer, sender->span_count);
    if (*is_answered)
        return IMPACT_OK;
    if ((status && status != IMPACT_ESYSTEM) || (answer->is_unreachable && sender->is_last))
        return status;
    begin_pause(sender);
    return IMPACT_OK;
}

/* Until there is a final answer, IMPACT_OK, or none is to be had, or IMPACT_EAGAIN: not yet. */
static impact_status advance(otlp__sender *sender)
{
    bool is_answered = false;
    impact_status status = IMPACT_OK;
    while (status == IMPACT_OK && !is_answered)
        status = sender->is_posting ? advance_post(sender, &is_answered) : advance_pause(sender);
    return status;
}

/* No answer in time, no connection, or a pause that outlasts the batch: another time it may do. */
static impact_status given_up(impact_status status)
{
    return status == IMPACT_ETIMEDOUT || status == IMPACT_ESYSTEM ? IMPACT_EAGAIN : status;
}

void otlp__send_begin(otlp__sender *sender, impact_text body, size_t span_count,
                      uint64_t deadline_ns)
{
    assert(body.data && span_count > 0);
    sender->body = body;
    sender->span_count = span_count;
    sender->deadline_ns = deadline_ns;
    sender->attempts = 0;
    sender->is_posting = false;
    sender->answer = (otlp__answer){.error = "the backend asked for a pause"};
}

bool otlp__send_advance(otlp__sender *sender, impact_status *status, otlp__verdict *verdict)
{
    const impact_status reached = advance(sender);
    if (reached == IMPACT_EAGAIN)
        return false;
    if (reached == IMPACT_OK)
        *verdict = otlp__answer_judge(&sender->answer, sender->span_count, sender->allocator);
    else
        otlp__answer_report_failure(&sender->answer, sender->span_count);
    *status = given_up(reached);
    return true;
}

uint64_t otlp__send_moment(const otlp__sender *sender)
{
    return sender->is_posting ? otlp__http_moment(sender->http) : pause_end_of(sender);
}
