/* The check that the machine's clock is right, by an NTP server's. */
#include <impact/checks.h>

#include <math.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/options.h"
#include "base/random.h"
#include "checks/limits.h"
#include "checks/ntp_packet.h"
#include "checks/peer.h"
#include "checks/provided.h"

enum { ntp_port = 123, packet_limit = 512, tries = 2 };

typedef struct ntp_check {
    impact__limits limits;
    impact__endpoint server;
} ntp_check;

/* One question and its answer, with the own clock's times. */
typedef struct exchange {
    uint64_t nonce;
    int64_t asked_ns;
    int64_t answered_ns;
    impact__ntp_answer answer;
} exchange;

/* How far the server's clock is ahead, the way there and back being equally long (RFC 5905 8). */
static double offset_ms(const exchange *e)
{
    const double there = (double)(e->answer.received_ns - e->asked_ns);
    const double back = (double)(e->answer.sent_ns - e->answered_ns);
    return (there + back) / 2 / (double)IMPACT__NS_PER_MS;
}

static bool await_answer(exchange *e, impact__peer *peer, uint32_t limit_ms)
{
    const uint64_t deadline = impact__deadline_after_ms(limit_ms);
    uint8_t bytes[packet_limit];
    while (impact__peer_has_input(peer, impact__remaining_ms(deadline))) {
        const size_t size = impact__peer_receive_some(peer, bytes, sizeof bytes);
        e->answered_ns = (int64_t)impact__clock_unix_ns();
        if (!size)
            return false;
        if (impact__ntp_read(&e->answer, bytes, size, e->nonce, e->answered_ns))
            return true;
    }
    impact_health_explain(peer->run, "the server does not answer in time");
    return false;
}

/* A datagram may be lost: it is asked twice. An answer to the first question is none by then. */
static bool ask(exchange *e, impact__peer *peer)
{
    impact__random random;
    impact__random_seed(&random);
    for (uint32_t left = tries; left; left--) {
        uint8_t packet[impact__ntp_size];
        e->nonce = impact__random_next(&random);
        impact__ntp_ask(packet, e->nonce);
        e->asked_ns = (int64_t)impact__clock_unix_ns();
        if (impact__peer_send(peer, packet, sizeof packet) &&
            await_answer(e, peer, impact_health_remaining_ms(peer->run) / left))
            return true;
    }
    return false;
}

static impact_health_status judge(impact_health_run *run, const exchange *e, impact__limits limits)
{
    if (!e->answer.is_synchronised) {
        impact_health_explain(run, "the server does not know the time");
        return IMPACT_HEALTH_UNKNOWN;
    }
    const double offset = offset_ms(e);
    impact_health_observe(run, offset, "ms");
    impact_health_explain(run, "the server's clock is ahead by %.3f ms", offset);
    return impact__limits_judge(limits, fabs(offset));
}

static impact_health_status run_check(impact_health_run *run, void *userdata)
{
    const ntp_check *check = userdata;
    impact__peer peer;
    exchange e = {0};
    const bool is_answered =
        impact__peer_connect(&peer, run, &check->server, SOCK_DGRAM) && ask(&e, &peer);
    impact__peer_close(&peer);
    return is_answered ? judge(run, &e, check->limits) : IMPACT_HEALTH_FAIL;
}

static ntp_check *make_check(const impact__endpoint *server, impact__limits limits)
{
    ntp_check *check = impact__alloc(NULL, sizeof *check);
    if (check)
        *check = (ntp_check){limits, *server};
    return check;
}

impact_status impact_health_add_ntp(impact_health *health, const impact_check_ntp_options *options)
{
    impact_check_ntp_options known;
    impact__endpoint server;
    if (!health || !options || !impact__struct_read(&known, sizeof known, options) ||
        !impact__endpoint_read(&server, known.server, ntp_port))
        return IMPACT_EINVAL;
    const impact__limits limits = {known.warn_ms, known.fail_ms};
    if (!impact__limits_are_set(limits))
        return IMPACT_EINVAL;
    return impact__provided_add(
        health, IMPACT__PROVIDED(known, .component_type = "system", .is_external = true), run_check,
        make_check(&server, limits));
}
