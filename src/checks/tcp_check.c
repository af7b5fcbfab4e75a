/* The check that a port takes connections, and perhaps says what it should. */
#include <impact/checks.h>

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/options.h"
#include "checks/peer.h"
#include "checks/provided.h"

enum { piece_size = 256 };

typedef struct tcp_check {
    impact__endpoint to;
    size_t send_size;
    size_t expect_size;
    char texts[]; /* what is sent, then what is expected */
} tcp_check;

/* The answer begins with what is expected. */
static bool is_answered(impact__peer *peer, const char *expected, size_t size)
{
    char piece[piece_size];
    while (size) {
        const size_t got =
            impact__peer_receive_some(peer, piece, impact__smaller(size, sizeof piece));
        if (!got)
            return false;
        if (memcmp(piece, expected, got) != 0) {
            impact_health_explain(peer->run, "it says something else");
            return false;
        }
        expected += got;
        size -= got;
    }
    return true;
}

static impact_health_status run_check(impact_health_run *run, void *userdata)
{
    const tcp_check *check = userdata;
    impact__peer peer;
    const bool holds = impact__peer_connect(&peer, run, &check->to, SOCK_STREAM) &&
                       impact__peer_send(&peer, check->texts, check->send_size) &&
                       is_answered(&peer, check->texts + check->send_size, check->expect_size);
    impact__peer_close(&peer);
    return holds ? IMPACT_HEALTH_PASS : IMPACT_HEALTH_FAIL;
}

static tcp_check *make_check(const impact__endpoint *to, impact_text request, impact_text expected)
{
    tcp_check *check = impact__alloc(NULL, sizeof *check + request.size + expected.size + 1);
    if (!check)
        return NULL;
    *check = (tcp_check){.to = *to, .send_size = request.size, .expect_size = expected.size};
    memcpy(check->texts, request.size ? request.data : "", request.size);
    memcpy(check->texts + request.size, expected.size ? expected.data : "", expected.size);
    return check;
}

impact_status impact_health_add_tcp(impact_health *health, const impact_check_tcp_options *options)
{
    impact_check_tcp_options known;
    impact__endpoint to;
    if (!health || !options || !impact__struct_read(&known, sizeof known, options) ||
        !impact__endpoint_read(&to, known.address, 0))
        return IMPACT_EINVAL;
    return impact__provided_add(
        health, IMPACT__PROVIDED(known, .is_external = true), run_check,
        make_check(&to, impact_text_of(known.send), impact_text_of(known.expect)));
}
