/* The check that a name resolves: asked of a DNS server directly, over UDP, and over TCP where the
 * answer does not fit.
 *
 * DESIGN: getaddrinfo has no deadline, caches, and reads other sources. So the question is written
 * here, and each wait is one of ours. A datagram may be lost: each server is asked twice in its
 * share of the time. The number of a question is random, its socket is connected, and an answer to
 * another question is passed over: who does not see the question cannot answer it.
 */
#include <impact/checks.h>

#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/options.h"
#include "base/random.h"
#include "checks/dns_message.h"
#include "checks/peer.h"
#include "checks/provided.h"
#include "checks/resolver_file.h"
#include "checks/small_file.h"

enum { dns_port = 53, datagram_limit = 4096, stream_limit = 65535, tries = 2 };

typedef struct dns_check {
    uint32_t least;
    impact__endpoint server; /* where: "": those of /etc/resolv.conf */
    char name[];
} dns_check;

/* One server, and what it has said. */
typedef struct question {
    impact_health_run *run;
    const impact__endpoint *server;
    impact__dns_query query;
    impact__dns_answer answer;
} question;

/* ---- over UDP ---- */

/* Others' answers do not count, and do not lengthen the wait. */
static bool await_datagram(question *q, impact__peer *peer, uint32_t limit_ms)
{
    const uint64_t deadline = impact__deadline_after_ms(limit_ms);
    uint8_t bytes[datagram_limit];
    while (impact__peer_has_input(peer, impact__remaining_ms(deadline))) {
        const size_t size = impact__peer_receive_some(peer, bytes, sizeof bytes);
        if (!size)
            return false;
        if (impact__dns_read(&q->answer, bytes, size, &q->query))
            return true;
    }
    impact_health_explain(q->run, "the server does not answer in time");
    return false;
}

static bool ask_by_datagram(question *q, uint32_t limit_ms)
{
    impact__peer peer;
    bool is_answered = false;
    if (impact__peer_connect(&peer, q->run, q->server, SOCK_DGRAM))
        for (int i = 0; i < tries && !is_answered; i++)
            is_answered = impact__peer_send(&peer, q->query.bytes, q->query.size) &&
                          await_datagram(q, &peer, limit_ms / tries);
    impact__peer_close(&peer);
    return is_answered;
}

/* ---- over TCP (RFC 1035 4.2.2): each message behind its size ---- */

static bool receive_message(question *q, impact__peer *peer, uint8_t *bytes)
{
    uint8_t head[2];
    if (!impact__peer_receive(peer, head, sizeof head))
        return false;
    const size_t size = (size_t)head[0] << 8 | head[1];
    if (!impact__peer_receive(peer, bytes, size))
        return false;
    if (impact__dns_read(&q->answer, bytes, size, &q->query))
        return true;
    impact_health_explain(q->run, "the server answers something else");
    return false;
}

static bool ask_by_stream(question *q)
{
    impact__peer peer;
    const uint8_t head[2] = {(uint8_t)(q->query.size >> 8), (uint8_t)q->query.size};
    uint8_t *bytes = impact__alloc(NULL, stream_limit);
    if (!bytes) {
        impact_health_explain(q->run, "no memory");
        return false;
    }
    const bool is_answered = impact__peer_connect(&peer, q->run, q->server, SOCK_STREAM) &&
                             impact__peer_send(&peer, head, sizeof head) &&
                             impact__peer_send(&peer, q->query.bytes, q->query.size) &&
                             receive_message(q, &peer, bytes);
    impact__peer_close(&peer);
    impact__free(NULL, bytes);
    return is_answered;
}

/* ---- a run ---- */

static uint16_t random_id(void)
{
    impact__random random;
    impact__random_seed(&random);
    return (uint16_t)impact__random_next(&random);
}

static bool is_usable(const question *q)
{
    enum { no_error = 0, no_such_name = 3 }; /* the others tell of the server, not of the name */
    return q->answer.code == no_error || q->answer.code == no_such_name;
}

/* One server for one type. */
static bool ask_server(question *q, const char *name, uint16_t type, uint32_t limit_ms)
{
    if (!impact__dns_ask(&q->query, impact_text_of(name), type, random_id()))
        return false;
    if (!ask_by_datagram(q, limit_ms) || (q->answer.is_cut && !ask_by_stream(q)))
        return false;
    if (!is_usable(q))
        impact_health_explain(q->run, "the server says %s", impact__dns_code_text(q->answer.code));
    return is_usable(q);
}

/* The first server that can tell. */
static bool ask_any(question *q, const char *name, uint16_t type, const impact__endpoint *servers,
                    size_t count)
{
    for (size_t i = 0; i < count; i++) {
        q->server = &servers[i];
        const uint32_t share_ms = impact_health_remaining_ms(q->run) / (uint32_t)(count - i);
        if (ask_server(q, name, type, share_ms))
            return true;
    }
    return false;
}

static impact_health_status judge(const question *q, uint32_t count, uint32_t least)
{
    impact_health_observe(q->run, count, "addresses");
    if (count)
        impact_health_explain(q->run, "%u addresses, at least %u expected", count, least);
    else
        impact_health_explain(q->run, "it has no address: %s",
                              impact__dns_code_text(q->answer.code));
    return count >= least ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

/* Version 6 is asked for only where version 4 does not have enough. */
static impact_health_status ask(impact_health_run *run, const dns_check *check,
                                const impact__endpoint *servers, size_t count)
{
    question q = {.run = run};
    if (!ask_any(&q, check->name, impact__dns_type_a, servers, count))
        return IMPACT_HEALTH_FAIL;
    uint32_t found = q.answer.count;
    if (found >= check->least)
        return judge(&q, found, check->least);
    if (!ask_any(&q, check->name, impact__dns_type_aaaa, servers, count))
        return IMPACT_HEALTH_FAIL;
    found += q.answer.count;
    return judge(&q, found, check->least);
}

static impact_health_status run_check(impact_health_run *run, void *userdata)
{
    const dns_check *check = userdata;
    if (check->server.where[0])
        return ask(run, check, &check->server, 1);
    impact__endpoint servers[impact__resolver_limit];
    impact__buffer file = IMPACT__BUFFER(NULL);
    (void)impact__file_read(&file, "/etc/resolv.conf"); /* without it, as with an empty one */
    const size_t count = impact__resolvers_read(servers, impact__buffer_text(&file));
    impact__buffer_close(&file);
    return ask(run, check, servers, count);
}

/* ---- registering ---- */

static dns_check *make_check(const char *host, const impact__endpoint *server, uint32_t least)
{
    const size_t size = strlen(host) + 1;
    dns_check *check = impact__alloc(NULL, sizeof *check + size);
    if (!check)
        return NULL;
    check->least = least ? least : 1;
    check->server = *server;
    memcpy(check->name, host, size);
    return check;
}

impact_status impact_health_add_dns(impact_health *health, const impact_check_dns_options *options)
{
    impact_check_dns_options known;
    impact__endpoint server = {0};
    impact__dns_query query;
    if (!health || !options || !impact__struct_read(&known, sizeof known, options) || !known.host ||
        !impact__dns_ask(&query, impact_text_of(known.host), impact__dns_type_a, 0))
        return IMPACT_EINVAL;
    if (known.server && !impact__endpoint_read(&server, known.server, dns_port))
        return IMPACT_EINVAL;
    return impact__provided_add(health, IMPACT__PROVIDED(known, .is_external = true), run_check,
                                make_check(known.host, &server, known.least_addresses));
}
