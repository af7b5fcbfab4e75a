/* What a client of HTTP/2 sends, in two pieces: the session survives, reads what it is given or
 * ends, and leaves no ticket behind. */
#include <impact/http2.h>
#include <impact/plugin.h>

#include "health/grpc_question.h"
#include "health/registry.h"

#include "must.h"

IMPACT_API extern const impact_plugin impact_plugin_http2;

static impact_health *health;

static impact_status begin(void *service, impact_health_ticket **ticket,
                           const impact_http_request *request, impact_text body)
{
    (void)service;
    impact__message message = {.request = request, .body = body};
    return impact__grpc_begin(ticket, health, &message);
}

static void done(void *connection)
{
    (void)connection;
}

static void send_all(const impact_http2 *http2, impact_http2_session *session)
{
    size_t size = 0;
    must(http2->answer(session) <= 16); /* no check waits, and so many streams may be watched */
    for (;;) {
        const impact_text bytes = http2->next(session);
        if (!bytes.size)
            break;
        must(bytes.data != NULL);
        size += bytes.size;
    }
    must(size < (size_t)16 << 20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const impact_http2 *http2 = impact_plugin_http2.http2;
    const impact_http2_host host = {.size = sizeof host, .begin = begin, .done = done};
    impact_http2_session *session = NULL;
    if (!health)
        must(!impact_health_open(&health,
                                 IMPACT_HEALTH_OPTIONS(.workers = IMPACT_HEALTH_NO_THREADS)) &&
             !impact_health_add(health, IMPACT_CHECK(.name = "a")));
    if (!size)
        return 0;
    must(http2->open(&session, &host) == IMPACT_OK);
    const size_t split = data[0] < size ? data[0] : size - 1;
    bool goes_on = http2->receive(session, impact_text_of(preface));
    must(goes_on);
    send_all(http2, session);
    goes_on = http2->receive(session, impact_text_from((const char *)data + 1, split));
    send_all(http2, session);
    if (goes_on && size > split + 1)
        (void)http2->receive(session,
                             impact_text_from((const char *)data + 1 + split, size - 1 - split));
    send_all(http2, session);
    must(!impact_health_push(health, "a", (impact_health_status)(size % 3), NULL));
    http2->ask_again(session);
    http2->ping(session);
    send_all(http2, session);
    (void)http2->owes(session);
    http2->end(session);
    send_all(http2, session);
    (void)http2->is_over(session);
    http2->close(session);
    impact__health_lock(health);
    must(!health->tickets);
    impact__health_unlock(health);
    return 0;
}
