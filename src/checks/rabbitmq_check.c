/* The check that RabbitMQ, or another server of AMQP 0-9-1, opens a connection: with the login, as
 * far as the virtual host, and in the order of the protocol (1.4: Start, Tune, Open, Close).
 *
 * DESIGN: each run is a connection of its own. One that was kept would have to send heartbeats
 * between the runs, and an application's has its library's state behind it.
 */
#include <impact/checks.h>

#include <string.h>

#include "base/alloc.h"
#include "base/options.h"
#include "base/text.h"
#include "checks/amqp_frame.h"
#include "checks/provided.h"
#include "checks/remote.h"

enum { amqp_port = 5672, amqps_port = 5671, text_limit = 255 };

typedef struct rabbitmq_check {
    impact__remote server;
    impact_text user; /* all three in the same piece of memory as the struct */
    impact_text password;
    impact_text virtual_host;
} rabbitmq_check;

/* A connection, with the frame that came last and the one that is made. */
typedef struct talk {
    const rabbitmq_check *check;
    impact__peer *peer;
    impact__buffer received;
    impact__buffer sent;
} talk;

static bool fail(const talk *t, const char *why)
{
    impact_health_explain(t->peer->run, "%s", why);
    return false;
}

/* ---- frames ---- */

static const uint8_t *received_bytes(const talk *t)
{
    return (const uint8_t *)t->received.data;
}

static bool receive_frame(talk *t)
{
    uint8_t head[impact__amqp_head_size];
    if (!impact__peer_receive(t->peer, head, sizeof head))
        return false;
    const size_t size = impact__amqp_rest_size(head);
    if (!size)
        return fail(t, "it does not answer as AMQP 0-9-1 has it");
    impact__buffer_clear(&t->received);
    char *room = impact__buffer_reserve(&t->received, size);
    if (!room)
        return fail(t, "no memory");
    t->received.size = size;
    return impact__peer_receive(t->peer, room, size);
}

static bool send_frame(talk *t)
{
    const bool is_sent = t->sent.has_failed
                             ? fail(t, "no memory")
                             : impact__peer_send(t->peer, t->sent.data, t->sent.size);
    impact__buffer_clear(&t->sent);
    return is_sent;
}

/* The answer to its Close may come too late for it, and is not missed then. */
static bool fail_as_it_says(talk *t)
{
    const impact_text why = impact__amqp_read_close(received_bytes(t), t->received.size);
    impact__amqp_write_close_ok(&t->sent);
    (void)send_frame(t);
    impact_health_explain(t->peer->run, "it says %.*s", (int)why.size, why.size ? why.data : "");
    return false;
}

static bool receive(talk *t, impact__amqp_method expected)
{
    uint16_t method = 0;
    if (!receive_frame(t))
        return false;
    if (!impact__amqp_method_of(&method, received_bytes(t), t->received.size))
        return fail(t, "it does not answer as AMQP 0-9-1 has it");
    if (method == impact__amqp_close)
        return fail_as_it_says(t);
    return method == expected || fail(t, "it answers something else");
}

/* ---- the order of the protocol ---- */

static bool log_in(talk *t)
{
    if (!impact__peer_send(t->peer, impact__amqp_protocol, impact__amqp_protocol_size) ||
        !receive(t, impact__amqp_start))
        return false;
    impact__amqp_write_start_ok(&t->sent, t->check->user, t->check->password);
    return send_frame(t) && receive(t, impact__amqp_tune);
}

static bool open_host(talk *t)
{
    impact__amqp_tuning tuning;
    if (!impact__amqp_read_tune(&tuning, received_bytes(t), t->received.size))
        return fail(t, "it answers something else");
    impact__amqp_write_tune_ok(&t->sent, &tuning);
    impact__amqp_write_open(&t->sent, t->check->virtual_host);
    return send_frame(t) && receive(t, impact__amqp_open_ok);
}

/* So that the server's log has no word of it. */
static bool close_it(talk *t)
{
    impact__amqp_write_close(&t->sent);
    return send_frame(t) && receive(t, impact__amqp_close_ok);
}

static bool speak(impact__peer *peer, void *check)
{
    talk t = {
        .check = check,
        .peer = peer,
        .received = IMPACT__BUFFER(NULL),
        .sent = IMPACT__BUFFER(NULL),
    };
    const bool holds = log_in(&t) && open_host(&t) && close_it(&t);
    impact__buffer_close(&t.received);
    impact__buffer_close(&t.sent);
    return holds;
}

static impact_health_status run_check(impact_health_run *run, void *userdata)
{
    const rabbitmq_check *check = userdata;
    return impact__remote_talk(&check->server, run, speak, userdata) ? IMPACT_HEALTH_PASS
                                                                     : IMPACT_HEALTH_FAIL;
}

/* ---- registering ---- */

static impact_text copy_text(char **to, impact_text text)
{
    char *copy = memcpy(*to, text.size ? text.data : "", text.size);
    *to += text.size;
    return impact_text_from(copy, text.size);
}

static void free_check(void *userdata)
{
    rabbitmq_check *check = userdata;
    impact__remote_close(&check->server);
    impact__free(NULL, check);
}

/* The server is taken. */
static rabbitmq_check *make_check(impact__remote *server, impact_text user, impact_text password,
                                  impact_text virtual_host)
{
    rabbitmq_check *check =
        impact__alloc(NULL, sizeof *check + user.size + password.size + virtual_host.size);
    if (!check) {
        impact__remote_close(server);
        return NULL;
    }
    char *texts = (char *)(check + 1);
    check->server = *server;
    check->user = copy_text(&texts, user);
    check->password = copy_text(&texts, password);
    check->virtual_host = copy_text(&texts, virtual_host);
    return check;
}

impact_status impact_health_add_rabbitmq(impact_health *health,
                                         const impact_check_rabbitmq_options *options)
{
    impact_check_rabbitmq_options known;
    impact__remote server;
    if (!health || !options || !impact__struct_read(&known, sizeof known, options))
        return IMPACT_EINVAL;
    const impact_text user = impact_text_of(known.user ? known.user : "guest");
    const impact_text password = impact_text_of(known.password ? known.password : "guest");
    const impact_text host = impact_text_of(known.virtual_host ? known.virtual_host : "/");
    if (user.size > text_limit || password.size > text_limit || host.size > text_limit)
        return IMPACT_EINVAL;
    const impact_status status = impact__remote_open(
        &server, known.address, known.uses_tls ? amqps_port : amqp_port, IMPACT__REMOTE_TLS(known));
    if (status)
        return status;
    return impact__provided_add_with(
        health, IMPACT__PROVIDED(known, .component_type = "datastore", .is_external = true),
        run_check, make_check(&server, user, password, host), free_check);
}
