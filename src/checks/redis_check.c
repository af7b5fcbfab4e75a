/* The check that a Redis server, or one that speaks as it does, answers PING. */
#include <impact/checks.h>

#include <string.h>

#include "base/alloc.h"
#include "base/options.h"
#include "base/text.h"
#include "checks/packed.h"
#include "checks/provided.h"
#include "checks/resp.h"
#include "checks/remote.h"

enum { redis_port = 6379 };

typedef struct redis_check {
    impact__remote server;
    impact_check_descriptor_lender lender; /* borrow: NULL: there is none */
    const char *user; /* both in the same piece of memory as the struct; NULL: not asked for */
    const char *password;
} redis_check;

/* What has come, and what of it was read. */
typedef struct inbox {
    char bytes[impact__resp_line_limit];
    size_t size;
} inbox;

/* ---- replies ---- */

static bool refuse(impact_health_run *run, const impact__resp_reply *reply)
{
    if (reply->kind == impact__resp_error)
        impact_health_explain(run, "it says %.*s", (int)reply->text.size, reply->text.data);
    else
        impact_health_explain(run, "it does not answer as Redis does");
    return false;
}

/* What is behind the reply belongs to the next one. */
static void drop_reply(inbox *in, size_t size)
{
    in->size -= size;
    memmove(in->bytes, in->bytes + size, in->size);
}

static bool receive(impact__peer *peer, inbox *in, const char *expected)
{
    impact__resp_reply reply;
    while ((reply = impact__resp_read(impact_text_from(in->bytes, in->size))).kind ==
           impact__resp_partial) {
        const size_t got =
            impact__peer_receive_some(peer, in->bytes + in->size, sizeof in->bytes - in->size);
        if (!got)
            return false;
        in->size += got;
    }
    if (reply.kind != impact__resp_text || !impact__text_equal_string(reply.text, expected))
        return refuse(peer->run, &reply);
    drop_reply(in, reply.size);
    return true;
}

/* ---- commands ---- */

static bool send_command(impact__peer *peer, const impact_text *words, size_t count)
{
    impact__buffer command = IMPACT__BUFFER(NULL);
    impact__resp_write(&command, words, count);
    const bool is_whole = !command.has_failed;
    const bool is_sent = is_whole && impact__peer_send(peer, command.data, command.size);
    if (!is_whole)
        impact_health_explain(peer->run, "no memory");
    impact__buffer_close(&command);
    return is_sent;
}

/* AUTH [user] password. */
static bool log_in(const redis_check *check, impact__peer *peer, inbox *in)
{
    impact_text words[3] = {impact_text_of("AUTH")};
    size_t count = 1;
    if (!check->password)
        return true;
    if (check->user)
        words[count++] = impact_text_of(check->user);
    words[count++] = impact_text_of(check->password);
    return send_command(peer, words, count) && receive(peer, in, "OK");
}

static bool ping(impact__peer *peer, inbox *in)
{
    const impact_text word = impact_text_of("PING");
    return send_command(peer, &word, 1) && receive(peer, in, "PONG");
}

/* ---- a run ---- */

static bool ask_own(impact__peer *peer, void *userdata)
{
    inbox in = {0};
    return log_in(userdata, peer, &in) && ping(peer, &in);
}

/* What is left unread would be taken for the answer to the application's next command, so it is
 * told whether that may be. */
static bool ask_lent(const redis_check *check, impact_health_run *run)
{
    const impact_check_descriptor_lender *lender = &check->lender;
    inbox in = {0};
    const int descriptor = lender->borrow(lender->userdata, impact_health_remaining_ms(run));
    if (descriptor < 0) {
        impact_health_explain(run, "the application lends no connection");
        return false;
    }
    impact__peer peer = {.run = run, .socket = descriptor};
    const bool holds = ping(&peer, &in);
    lender->give_back(lender->userdata, descriptor, holds && !in.size);
    return holds;
}

static impact_health_status run_check(impact_health_run *run, void *userdata)
{
    redis_check *check = userdata;
    const bool holds = check->lender.borrow
                           ? ask_lent(check, run)
                           : impact__remote_talk(&check->server, run, ask_own, check);
    return holds ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

/* ---- registering ---- */

static void free_check(void *userdata)
{
    redis_check *check = userdata;
    impact__remote_close(&check->server);
    impact__free(NULL, check);
}

/* The server is taken. */
static redis_check *make_check(const impact_check_redis_options *options, impact__remote *server)
{
    const size_t size = impact__packed_size(options->user) + impact__packed_size(options->password);
    redis_check *check = impact__alloc(NULL, sizeof *check + size);
    if (!check) {
        impact__remote_close(server);
        return NULL;
    }
    char *texts = (char *)(check + 1);
    *check = (redis_check){.server = *server, .lender = options->lender};
    check->user = impact__pack(&texts, options->user);
    check->password = impact__pack(&texts, options->password);
    return check;
}

/* Either its own connection, by an address, or the application's; a user has a password. */
static bool is_valid(const impact_check_redis_options *options)
{
    const bool is_lent = options->lender.borrow != NULL;
    if (is_lent)
        return options->lender.give_back && !options->address && !options->user &&
               !options->password && !options->uses_tls;
    return !options->lender.give_back && (options->password || !options->user);
}

impact_status impact_health_add_redis(impact_health *health,
                                      const impact_check_redis_options *options)
{
    impact_check_redis_options known;
    impact__remote server = {.tls = NULL};
    if (!health || !options || !impact__struct_read(&known, sizeof known, options) ||
        !is_valid(&known))
        return IMPACT_EINVAL;
    if (!known.lender.borrow) {
        const impact_status status =
            impact__remote_open(&server, known.address, redis_port, IMPACT__REMOTE_TLS(known));
        if (status)
            return status;
    }
    return impact__provided_add_with(
        health, IMPACT__PROVIDED(known, .component_type = "datastore", .is_external = true),
        run_check, make_check(&known, &server), free_check);
}
