/* HTTP/2: the plugin is found when the first client speaks it, so that a process which nobody asks
 * so does not carry it. */
#include "serve/http2_exchange.h"

#include <string.h>

#include <impact/diagnostics.h>
#include <impact/plugin.h>

#include "base/alloc.h"
#include "process/diagnostics.h"

enum { send_limit = 64 * 1024 }; /* bytes that wait for a client */

struct impact__http2_exchange {
    const impact__service *service; /* borrowed */
    const impact_http2 *plugin;
    impact_http2_session *session; /* owned */
    impact_http2_host host;        /* of the session */
    bool was_asked;
    bool is_again;   /* what is asked now was asked before, */
    bool only_looks; /* and needs no run of a check */
    bool is_last;    /* or is not asked any more */
};

impact__preface impact__http2_preface_of(impact_text bytes)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const size_t size = sizeof preface - 1;
    const size_t seen = bytes.size < size ? bytes.size : size;
    if (!seen || memcmp(bytes.data, preface, seen) != 0)
        return IMPACT__PREFACE_NONE;
    return seen == size ? IMPACT__PREFACE_WHOLE : IMPACT__PREFACE_CUT;
}

static void report_full(void)
{
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "health port", "watch",
                              "a client of the health port may not watch: as many do as may");
    impact__diagnostics_say();
}

static impact_status begin(void *asked, impact_health_ticket **ticket,
                           const impact_http_request *request, impact_text body)
{
    impact__http2_exchange *exchange = asked;
    impact__connection *c = exchange->host.connection;
    impact__message message = {
        .request = request,
        .body = body,
        .only_looks = exchange->is_again && exchange->only_looks,
        .has_no_room = !impact__connections_may_watch(c->owner, c),
        .is_last = exchange->is_last,
    };
    exchange->was_asked |= !exchange->is_again;
    const impact_status status =
        exchange->service->begin_message(ticket, exchange->service->health, &message);
    if (message.is_watch && message.has_no_room)
        report_full();
    else if (message.is_watch)
        impact__connections_watch(c->owner, c);
    return status;
}

static const impact_http2 *find_plugin(void)
{
    const impact_plugin *plugin = NULL;
    return impact_plugin_load(&plugin, "http2") ? NULL : plugin->http2;
}

impact__http2_exchange *impact__http2_exchange_open(const impact__service *service,
                                                    impact_health_done_fn done,
                                                    impact__connection *connection)
{
    const impact_http2 *plugin = find_plugin();
    impact__http2_exchange *opened = plugin ? impact__alloc(NULL, sizeof *opened) : NULL;
    if (!opened)
        return NULL;
    opened->service = service;
    opened->plugin = plugin;
    opened->host = (impact_http2_host){
        .size = sizeof opened->host,
        .service = opened,
        .connection = connection,
        .begin = begin,
        .done = done,
    };
    if (!plugin->open(&opened->session, &opened->host))
        return opened;
    impact__free(NULL, opened);
    return NULL;
}

void impact__http2_exchange_close(impact__http2_exchange *exchange)
{
    if (!exchange)
        return;
    exchange->plugin->close(exchange->session);
    impact__free(NULL, exchange);
}

bool impact__http2_exchange_receive(impact__http2_exchange *exchange, impact_text bytes)
{
    exchange->is_again = false;
    return exchange->plugin->receive(exchange->session, bytes);
}

size_t impact__http2_exchange_answer(impact__http2_exchange *exchange, impact__buffer *out)
{
    exchange->is_again = exchange->only_looks = true;
    const size_t waiting = exchange->plugin->answer(exchange->session);
    while (out->size < send_limit) {
        const impact_text bytes = exchange->plugin->next(exchange->session);
        if (!bytes.size)
            break;
        impact__buffer_append_text(out, bytes);
    }
    return waiting;
}

void impact__http2_exchange_ask_again(impact__http2_exchange *exchange, impact__occasion occasion)
{
    exchange->is_again = true;
    exchange->only_looks = occasion == IMPACT__OCCASION_NEWS;
    exchange->is_last = occasion == IMPACT__OCCASION_END;
    if (exchange->is_last)
        exchange->plugin->end(exchange->session);
    else
        exchange->plugin->ask_again(exchange->session);
}

void impact__http2_exchange_ping(impact__http2_exchange *exchange)
{
    exchange->plugin->ping(exchange->session);
}

bool impact__http2_exchange_owes(impact__http2_exchange *exchange)
{
    return exchange->plugin->owes(exchange->session);
}

bool impact__http2_exchange_is_over(impact__http2_exchange *exchange)
{
    return exchange->plugin->is_over(exchange->session);
}

bool impact__http2_exchange_was_asked(impact__http2_exchange *exchange)
{
    const bool was_asked = exchange->was_asked;
    exchange->was_asked = false;
    return was_asked;
}
