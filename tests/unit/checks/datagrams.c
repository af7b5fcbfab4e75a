/* What the checks that speak UDP say of a server that is dead, silent, wrong, or never ends with
 * wrong answers; and of one whose clock is wrong. */
#include <impact/checks.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/probing.h"

/* ---- a server of datagrams ---- */

/* Makes an answer of the question that is there; its size, 0: none. */
typedef size_t (*answer_fn)(uint8_t *packet, size_t size);

typedef struct fake {
    answer_fn answer;
    bool repeats; /* every 10 ms, as long as it lives */
    char address[32];
    int socket;
    int end[2]; /* closing the second ends it */
    pthread_t thread;
} fake;

/* True when a question comes; false at the end, or when it is time to say the last again. */
static bool waits(const fake *f, bool *is_over, int limit_ms)
{
    struct pollfd files[2] = {{.fd = f->socket, .events = POLLIN}, {.fd = f->end[0]}};
    (void)poll(files, 2, limit_ms);
    *is_over = files[1].revents != 0;
    return files[0].revents != 0 && !*is_over;
}

static void *serve(void *userdata)
{
    const fake *f = userdata;
    struct sockaddr_in from = {0};
    socklen_t from_size = sizeof from;
    uint8_t packet[1024];
    ssize_t size = 0;
    for (bool is_over = false; !is_over;) {
        if (waits(f, &is_over, f->repeats ? 10 : -1)) {
            size =
                recvfrom(f->socket, packet, sizeof packet, 0, (struct sockaddr *)&from, &from_size);
            size = size > 0 ? (ssize_t)f->answer(packet, (size_t)size) : 0;
        }
        if (size > 0 && !is_over)
            (void)sendto(f->socket, packet, (size_t)size, 0, (struct sockaddr *)&from, from_size);
        if (!f->repeats)
            size = 0;
    }
    return NULL;
}

static void fake_begin(fake *f, answer_fn answer, bool repeats)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    *f = (fake){.answer = answer, .repeats = repeats};
    f->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK_EQUAL(bind(f->socket, (struct sockaddr *)&at, size), 0);
    CHECK_EQUAL(getsockname(f->socket, (struct sockaddr *)&at, &size), 0);
    (void)snprintf(f->address, sizeof f->address, "127.0.0.1:%u", ntohs(at.sin_port));
    CHECK_EQUAL(pipe(f->end), 0);
    CHECK_EQUAL(pthread_create(&f->thread, NULL, serve, f), 0);
}

static void fake_finish(fake *f)
{
    (void)close(f->end[1]);
    CHECK_EQUAL(pthread_join(f->thread, NULL), 0);
    (void)close(f->end[0]);
    (void)close(f->socket);
}

typedef probed (*ask_fn)(const char *address);

static probed ask_fake(ask_fn ask, answer_fn answer, bool repeats)
{
    fake f;
    fake_begin(&f, answer, repeats);
    const probed result = ask(f.address);
    fake_finish(&f);
    return result;
}

/* ---- answers to anything ---- */

static size_t say_nothing(uint8_t *packet, size_t size)
{
    (void)packet;
    (void)size;
    return 0;
}

static size_t echo(uint8_t *packet, size_t size)
{
    (void)packet;
    return size;
}

static size_t say_little(uint8_t *packet, size_t size)
{
    (void)size;
    packet[0] = 0;
    return 1;
}

static void check_of_no_server(ask_fn ask)
{
    fake dead;
    fake_begin(&dead, say_nothing, false);
    fake_finish(&dead);
    check_fails(probing_in_time(ask, dead.address), "refused");
    check_times_out(ask_fake(ask, say_nothing, false));
    check_times_out(ask_fake(ask, echo, false));
    check_times_out(ask_fake(ask, say_little, true));
    check_times_out(ask_fake(ask, echo, true));
}

/* ---- DNS ---- */

static probed ask_dns_within(const char *address, uint32_t timeout_ms)
{
    return probing_ask(impact_health_add_dns(
        probing_registry(), IMPACT_CHECK_DNS(.name = probing_name, .host = "a.test",
                                             .server = address, .timeout_ms = timeout_ms)));
}

static probed ask_dns(const char *address)
{
    return ask_dns_within(address, probing_timeout_ms);
}

TEST(dns_fails_where_no_server_is_and_one_that_answers_something_else)
{
    check_of_no_server(ask_dns);
}

static size_t say_another_number(uint8_t *packet, size_t size)
{
    packet[0] ^= 0x55;
    packet[2] |= 0x80;
    return size;
}

TEST(dns_passes_over_answers_to_another_question)
{
    check_times_out(ask_fake(ask_dns, say_another_number, true));
}

/* The second question of a pair is answered: the first was lost. */
static unsigned questions;

static size_t answer_every_other(uint8_t *packet, size_t size)
{
    static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1};
    if (questions++ % 2 == 0)
        return 0;
    packet[2] |= 0x80;
    packet[7] = 1;
    memcpy(packet + size, record, sizeof record);
    return size + sizeof record;
}

TEST(dns_asks_again_when_a_datagram_is_lost)
{
    fake f;
    fake_begin(&f, answer_every_other, false);
    CHECK_EQUAL(ask_dns_within(f.address, 2000).status, IMPACT_HEALTH_PASS);
    fake_finish(&f);
    CHECK_EQUAL(questions, 2);
}

static size_t say_cut(uint8_t *packet, size_t size)
{
    packet[2] |= 0x82;
    return size;
}

/* Nothing listens for streams there. */
TEST(dns_asks_over_tcp_when_the_answer_is_cut)
{
    check_fails(ask_fake(ask_dns, say_cut, false), "refused");
}

/* ---- NTP ---- */

static probed ask_ntp(const char *address)
{
    return probing_ask(impact_health_add_ntp(
        probing_registry(),
        IMPACT_CHECK_NTP(.name = probing_name, .server = address, .warn_ms = 60 * 1000,
                         .fail_ms = 3600 * 1000, .timeout_ms = probing_timeout_ms)));
}

TEST(ntp_fails_where_no_server_is_and_one_that_answers_something_else)
{
    check_of_no_server(ask_ntp);
}

/* By this machine's clock and so many seconds. */
static void put_time(uint8_t *at, int64_t more)
{
    const uint64_t second =
        impact__clock_unix_ns() / IMPACT__NS_PER_SEC + UINT64_C(2208988800) + (uint64_t)more;
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(second >> (24 - 8 * i));
    memset(at + 4, 0, 4);
}

static int64_t ahead_s;
static uint8_t stratum = 2;

static size_t tell_time(uint8_t *packet, size_t size)
{
    memcpy(packet + 24, packet + 40, 8);
    packet[0] = 4 << 3 | 4;
    packet[1] = stratum;
    put_time(packet + 32, ahead_s);
    put_time(packet + 40, ahead_s);
    return size;
}

TEST(ntp_warns_and_fails_by_how_far_the_clocks_are_apart)
{
    CHECK_EQUAL(ask_fake(ask_ntp, tell_time, false).status, IMPACT_HEALTH_PASS);
    ahead_s = 600;
    CHECK_EQUAL(ask_fake(ask_ntp, tell_time, false).status, IMPACT_HEALTH_WARN);
    ahead_s = -600;
    CHECK_EQUAL(ask_fake(ask_ntp, tell_time, false).status, IMPACT_HEALTH_WARN);
    ahead_s = -7200;
    check_fails(ask_fake(ask_ntp, tell_time, false), "ahead by -72");
    ahead_s = 7200;
    check_fails(ask_fake(ask_ntp, tell_time, false), "ahead by 7");
    check_observed(ask_fake(ask_ntp, tell_time, false), "ms", 7100e3, 7300e3);
}

TEST(ntp_knows_nothing_from_a_server_that_does_not_know_the_time)
{
    stratum = 16;
    const probed result = ask_fake(ask_ntp, tell_time, false);
    CHECK_EQUAL(result.status, IMPACT_HEALTH_UNKNOWN);
    CHECK(strstr(result.why, "does not know the time") != NULL);
}
