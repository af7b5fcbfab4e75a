/* A port of its own: the answers are served by the plugin for libmicrohttpd. */
#include "health/listen.h"

#include <assert.h>

#include <impact/diagnostics.h>
#include <impact/plugin.h>

#include "base/text.h"
#include "base/thread.h"
#include "health/address.h"
#include "health/http.h"
#include "process/diagnostics.h"

static impact_status load_server(const impact_plugin **plugin)
{
    const impact_status status = impact_plugin_load(plugin, "microhttpd");
    if (status == IMPACT_ENOENT) {
        impact_diagnostics_report(
            IMPACT_SEVERITY_ERROR, "plugin", "microhttpd",
            "the health port needs libimpact-microhttpd.so.0, which was not found");
        return IMPACT_EPLUGIN;
    }
    return status || (*plugin)->server_open ? status : IMPACT_EPLUGIN;
}

/* From here on nobody else opens a server. False: somebody has. */
static bool claim(impact_health *health)
{
    impact__health_lock(health);
    const bool is_mine = !health->is_listening;
    health->is_listening = true;
    impact__health_unlock(health);
    return is_mine;
}

static void keep_server(impact_health *health, const impact_plugin *plugin, impact_server *server,
                        uint16_t port)
{
    assert(server && port > 0);
    impact__health_lock(health);
    health->server_plugin = plugin;
    health->server = server;
    atomic_store_explicit(&health->port, port, memory_order_relaxed);
    impact__health_unlock(health);
}

static void give_up(impact_health *health)
{
    impact__health_lock(health);
    health->is_listening = false;
    impact__health_unlock(health);
}

/* The server sends no body to a HEAD, but the length of the one that it is given: it shall be that
 * of the GET's (RFC 9110 8.6). */
static bool answer(void *health, const impact_http_request *request, impact_http_response *response)
{
    impact_http_request asked = *request;
    if (impact__text_equal_string(asked.method, "HEAD"))
        asked.method = impact_text_of("GET");
    return impact__health_answer_all(health, &asked, response);
}

static impact_status serve(impact_health *health, const char *address)
{
    const impact_plugin *plugin = NULL;
    impact_status status = load_server(&plugin);
    if (status)
        return status;
    impact_server *server = NULL;
    uint16_t port = 0;
    status = plugin->server_open(&server, address, answer, health, &port);
    if (!status)
        keep_server(health, plugin, server, port);
    return status;
}

impact_status impact_health_listen(impact_health *health, const char *address)
{
    if (!health || !impact__is_address(impact_text_of(address)))
        return IMPACT_EINVAL;
    if (!claim(health))
        return IMPACT_EEXIST;
    const int held = impact__cancel_hold(); /* a lookup waits, with descriptors open */
    const impact_status status = serve(health, address);
    impact__cancel_release(held);
    if (status)
        give_up(health);
    impact__diagnostics_say();
    return status;
}

uint16_t impact_health_port(const impact_health *health)
{
    return health ? (uint16_t)atomic_load_explicit(&health->port, memory_order_relaxed) : 0;
}

void impact__health_stop_listening(impact_health *health)
{
    impact__health_lock(health);
    impact_server *server = health->server;
    health->server = NULL;
    impact__health_unlock(health);
    if (server)
        health->server_plugin->server_close(server);
}
