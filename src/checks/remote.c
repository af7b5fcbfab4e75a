/* A server that a check talks to. TLS is a plugin's, which is loaded when the first check wants
 * it: what is spoken over it does not know. */
#include "checks/remote.h"

#include <sys/socket.h>

#include <impact/plugin.h>

/* ---- open ---- */

static bool is_sensible(const impact__endpoint *to, const impact__remote_tls *tls)
{
    const bool has_words =
        tls->ca_file || tls->certificate_file || tls->key_file || tls->accepts_untrusted;
    return tls->is_used ? to->port && (tls->certificate_file || !tls->key_file) : !has_words;
}

static impact_status open_client(impact__remote *server, const impact__remote_tls *tls)
{
    const impact_plugin *plugin = NULL;
    const impact_tls_target target = {
        .size = sizeof target,
        .host = server->to.where,
        .port = server->to.port,
        .ca_file = tls->ca_file,
        .certificate_file = tls->certificate_file,
        .key_file = tls->key_file,
        .accepts_untrusted = tls->accepts_untrusted,
    };
    const impact_status status = impact_plugin_load(&plugin, "curl");
    if (status)
        return status;
    if (!plugin->tls)
        return IMPACT_EPLUGIN;
    server->tls = plugin->tls;
    return plugin->tls->open(&server->client, &target);
}

impact_status impact__remote_open(impact__remote *server, const char *address, uint16_t port,
                                  const impact__remote_tls *tls)
{
    impact__remote opened = {.tls = NULL};
    if (!impact__endpoint_read(&opened.to, address, port) || !is_sensible(&opened.to, tls))
        return IMPACT_EINVAL;
    const impact_status status = tls->is_used ? open_client(&opened, tls) : IMPACT_OK;
    if (!status)
        *server = opened;
    return status;
}

void impact__remote_close(impact__remote *server)
{
    if (server->tls)
        server->tls->close(server->client);
    server->client = NULL;
}

/* ---- talk ---- */

/* What a talk over TLS is begun with. */
typedef struct begun {
    impact_health_run *run;
    impact__talk_fn talk;
    void *userdata;
} begun;

static bool talk_over(const impact_tls_stream *stream, void *userdata)
{
    const begun *b = userdata;
    impact__peer peer = {.run = b->run, .socket = -1, .stream = stream};
    return b->talk(&peer, b->userdata);
}

bool impact__remote_talk(const impact__remote *server, impact_health_run *run, impact__talk_fn talk,
                         void *userdata)
{
    impact__peer peer;
    begun b = {run, talk, userdata};
    if (server->tls)
        return server->tls->talk(server->client, run, talk_over, &b);
    const bool holds =
        impact__peer_connect(&peer, run, &server->to, SOCK_STREAM) && talk(&peer, userdata);
    impact__peer_close(&peer);
    return holds;
}
