/* The check of Redis over TLS, against the real one, and against servers that are none. */
#include <impact/checks.h>

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <impact/plugin.h>

#include "certificate.h"
#include "started.h"
#include "support/fake_server.h"
#include "support/probing.h"
#include "support/registration.h"

#define REDIS      "/usr/bin/redis-server"
#define WORD(text) ((char[]){text})

static char certificate[128]; /* the file, which is its own authority */
static char key[128];

/* ---- no server ---- */

static impact_status add(impact_health *health, const char *address, uint32_t timeout_ms)
{
    return impact_health_add_redis(health,
                                   IMPACT_CHECK_REDIS(.name = probing_name, .address = address,
                                                      .uses_tls = true, .timeout_ms = timeout_ms));
}

static probed ask_briefly(const char *address)
{
    return probing_ask(add(probing_registry(), address, probing_timeout_ms));
}

static probed ask_patiently(const char *address)
{
    return probing_ask(add(probing_registry(), address, probing_patience_ms));
}

static probed ask_rabbitmq(const char *address)
{
    return probing_ask(impact_health_add_rabbitmq(
        probing_registry(),
        IMPACT_CHECK_RABBITMQ(.name = probing_name, .address = address, .uses_tls = true,
                              .timeout_ms = probing_timeout_ms)));
}

/* A record of a handshake that promises 16 KiB. */
#define DRIPS ((fake_server)FAKE_SERVER_SAYS("\x16\3\3\x40\0\2\0\x3f\xf0"))

TEST(over_tls_it_fails_where_no_server_is_and_one_that_speaks_something_else)
{
    fake_server dead = {0};
    fake_server_open(&dead);
    fake_server_close(&dead);
    check_fails(ask_patiently(dead.address), "connect");
    fake_server wrong = FAKE_SERVER_SAYS("+PONG\r\n");
    fake_server_open(&wrong);
    check_fails(ask_patiently(wrong.address), "SSL");
    fake_server_close(&wrong);
    check_of_slow_server(ask_briefly, DRIPS);
    check_of_slow_server(ask_rabbitmq, DRIPS);
}

/* ---- the real one ---- */

static void start(started *server, uint16_t port, char *wants_clients)
{
    static char number[8];
    (void)snprintf(number, sizeof number, "%u", (unsigned)port);
    char *argv[] = {WORD("redis-server"),
                    WORD("--port"),
                    WORD("0"),
                    WORD("--tls-port"),
                    number,
                    WORD("--bind"),
                    WORD("127.0.0.1"),
                    WORD("--save"),
                    WORD(""),
                    WORD("--tls-cert-file"),
                    WORD("certificate"),
                    WORD("--tls-key-file"),
                    WORD("key"),
                    WORD("--tls-ca-cert-file"),
                    WORD("certificate"),
                    WORD("--tls-auth-clients"),
                    wants_clients,
                    WORD("--requirepass"),
                    WORD("good secret"),
                    NULL};
    if (access(REDIS, X_OK) != 0)
        check_skip("redis-server is not installed");
    started_prepare(server, NULL);
    certificate_make(server, WORD("10"));
    (void)snprintf(certificate, sizeof certificate, "%s/certificate", server->folder);
    (void)snprintf(key, sizeof key, "%s/key", server->folder);
    started_run(server, argv, NULL, NULL);
    CHECK(started_listens(port));
}

/* What is asked for a server beside where it is. */
typedef struct wish {
    const char *host; /* NULL: that of the certificate */
    const char *password;
    const char *ca_file;
    const char *certificate_file;
    const char *key_file;
    bool accepts_untrusted;
    uint32_t timeout_ms;
} wish;

static probed ask(uint16_t port, wish w)
{
    char address[64];
    (void)snprintf(address, sizeof address, "%s:%u", w.host ? w.host : "127.0.0.1", (unsigned)port);
    return probing_ask(impact_health_add_redis(
        probing_registry(),
        IMPACT_CHECK_REDIS(.name = probing_name, .address = address, .password = w.password,
                           .uses_tls = true, .ca_file = w.ca_file,
                           .certificate_file = w.certificate_file, .key_file = w.key_file,
                           .accepts_untrusted = w.accepts_untrusted,
                           .timeout_ms = w.timeout_ms ? w.timeout_ms : probing_patience_ms)));
}

TEST(redis_over_tls_holds_for_who_trusts_it_and_fails_in_time_when_it_is_frozen)
{
    started server;
    const uint16_t port = started_free_port(SOCK_STREAM);
    start(&server, port, WORD("no"));
    wish w = {.password = "good secret", .ca_file = certificate};
    CHECK_EQUAL(ask(port, w).status, IMPACT_HEALTH_PASS);
    check_fails(ask(port, (wish){.password = "good secret"}), "certificate");
    check_fails(ask(port, (wish){.ca_file = certificate}), "it says NOAUTH");
    const probed denied = ask(port, (wish){.password = "bad secret", .ca_file = certificate});
    check_fails(denied, "it says WRONGPASS");
    CHECK(!strstr(denied.why, "bad secret"));
    w.host = "localhost"; /* a name that is not the certificate's */
    check_fails(ask(port, w), "SSL");
    w.ca_file = NULL;
    w.accepts_untrusted = true;
    CHECK_EQUAL(ask(port, w).status, IMPACT_HEALTH_PASS);
    w.timeout_ms = probing_timeout_ms;
    started_signal(&server, SIGSTOP);
    check_times_out(ask(port, w));
    started_signal(&server, SIGCONT);
    w.timeout_ms = 0;
    CHECK_EQUAL(ask(port, w).status, IMPACT_HEALTH_PASS);
    started_end(&server);
    CHECK(started_is_gone(port));
    check_fails(ask(port, w), "connect");
    started_clean(&server);
}

TEST(redis_that_wants_a_certificate_of_its_clients_gets_one)
{
    started server;
    const uint16_t port = started_free_port(SOCK_STREAM);
    start(&server, port, WORD("yes"));
    wish w = {.password = "good secret", .ca_file = certificate};
    CHECK_EQUAL(ask(port, w).status, IMPACT_HEALTH_FAIL);
    w.certificate_file = certificate;
    w.key_file = key;
    CHECK_EQUAL(ask(port, w).status, IMPACT_HEALTH_PASS);
    w.key_file = "/nonexistent";
    check_fails(ask(port, w), "certificate");
    started_end(&server);
    started_clean(&server);
}

/* A server that shakes hands with everybody, and then does what `script` says, which runs in its
 * folder and gets its address as $0. */
static void check_times_out_behind_a_handshake(const char *script)
{
    static char address[32];
    started server;
    const uint16_t port = started_free_port(SOCK_STREAM);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)port);
    started_prepare(&server, NULL);
    certificate_make(&server, WORD("10"));
    char *argv[] = {WORD("sh"), WORD("-c"), (char *)(uintptr_t)script, address, NULL};
    started_run(&server, argv, NULL, NULL);
    CHECK(started_listens(port));
    check_times_out(ask(port, (wish){.accepts_untrusted = true, .timeout_ms = probing_timeout_ms}));
    started_end(&server);
    started_clean(&server);
}

#define S_SERVER "openssl s_server -accept $0 -key key -cert certificate -quiet"

/* It waits for a request of HTTP. */
TEST(a_server_that_is_silent_behind_its_handshake_fails_in_time)
{
    check_times_out_behind_a_handshake("exec " S_SERVER " -www");
}

/* An answer of Redis that never ends: what the server reads from its input is what it sends. */
TEST(a_server_that_drips_behind_its_handshake_fails_in_time)
{
    check_times_out_behind_a_handshake("while printf +; do sleep 0.02; done | " S_SERVER);
}

/* ---- registering ---- */

static impact_status add_redis(impact_health *health, const void *options)
{
    return impact_health_add_redis(health, options);
}

static impact_status add_rabbitmq(impact_health *health, const void *options)
{
    return impact_health_add_rabbitmq(health, options);
}

TEST(what_makes_no_check_over_tls_is_refused)
{
    CHECK_REFUSES(
        add_redis, IMPACT_CHECK_REDIS(.name = "a", .address = "/path", .uses_tls = true),
        IMPACT_CHECK_REDIS(.name = "a", .address = "a", .ca_file = "/a"),
        IMPACT_CHECK_REDIS(.name = "a", .address = "a", .accepts_untrusted = true),
        IMPACT_CHECK_REDIS(.name = "a", .address = "a b", .uses_tls = true),
        IMPACT_CHECK_REDIS(.name = "a", .address = "a", .uses_tls = true, .key_file = "/a"));
    CHECK_REFUSES(add_rabbitmq, IMPACT_CHECK_RABBITMQ(.name = "a", .address = "a", .ca_file = "/a"),
                  IMPACT_CHECK_RABBITMQ(.name = "a", .address = "/path", .uses_tls = true));
}

TEST(registering_without_memory_fails_and_leaves_nothing)
{
    const impact_plugin *plugin = NULL;
    REQUIRE(
        !impact_plugin_load(&plugin, "curl")); /* for good, and so is what libcurl begins with */
    CHECK_EQUAL(ask_patiently("127.0.0.1:1").status, IMPACT_HEALTH_FAIL);
    check_registers_without_memory(
        add_redis, IMPACT_CHECK_REDIS(.name = "it", .address = "a", .uses_tls = true,
                                      .ca_file = "/a", .certificate_file = "/b", .key_file = "/c"));
    check_registers_without_memory(
        add_rabbitmq, IMPACT_CHECK_RABBITMQ(.name = "it", .address = "a", .uses_tls = true));
}

TEST(null_is_tolerated)
{
    const impact_plugin *plugin = NULL;
    impact_tls_client *client = NULL;
    REQUIRE(!impact_plugin_load(&plugin, "curl"));
    plugin->tls->close(NULL);
    CHECK_EQUAL(plugin->tls->open(NULL, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(plugin->tls->open(&client, &(impact_tls_target){.size = sizeof(impact_tls_target)}),
                IMPACT_EINVAL);
}
