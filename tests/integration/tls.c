/* The check of certificates, against OpenSSL's own server. */
#include <impact/curl.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "certificate.h"
#include "started.h"
#include "support/fake_server.h"
#include "support/probing.h"
#include "support/registration.h"

#define WORD(text) ((char[]){text})

static char ca_file[128]; /* the certificate itself: it is its own authority */

static probed ask_within(const char *address, double warn, double fail, uint32_t timeout_ms)
{
    return probing_ask(impact_health_add_tls(
        probing_registry(),
        IMPACT_CHECK_TLS(.name = probing_name, .address = address, .warn_days = warn,
                         .fail_days = fail, .ca_file = ca_file[0] ? ca_file : NULL,
                         .timeout_ms = timeout_ms)));
}

/* ---- no server ---- */

static probed ask(const char *address)
{
    return ask_within(address, 0, 1, probing_timeout_ms);
}

/* Where nothing is waited for: what a run needs for itself may be long on a busy machine. */
static probed ask_patiently(const char *address)
{
    return ask_within(address, 0, 1, probing_patience_ms);
}

TEST(tls_fails_where_no_server_is_and_one_that_speaks_something_else)
{
    fake_server dead = {0};
    fake_server_open(&dead);
    fake_server_close(&dead);
    check_fails(ask_patiently(dead.address), "connect");

    fake_server wrong = FAKE_SERVER_SAYS("220 this is no TLS at all\r\n");
    fake_server_open(&wrong);
    check_fails(ask_patiently(wrong.address), "SSL");
    fake_server_close(&wrong);

    /* A record of a handshake that promises 16 KiB. */
    check_of_slow_server(ask, (fake_server)FAKE_SERVER_SAYS("\x16\3\3\x40\0\2\0\x3f\xf0"));
}

/* ---- a real one ---- */

static void start_server(started *server, char *days, char address[32])
{
    static char at[32];
    const unsigned port = started_free_port(SOCK_STREAM);
    (void)snprintf(at, sizeof at, "127.0.0.1:%u", port);
    (void)snprintf(address, 32, "%s", at);
    started_prepare(server, NULL);
    certificate_make(server, days);
    (void)snprintf(ca_file, sizeof ca_file, "%s/certificate", server->folder);
    char *argv[] = {WORD("openssl"),
                    WORD("s_server"),
                    WORD("-accept"),
                    at,
                    WORD("-key"),
                    WORD("key"),
                    WORD("-cert"),
                    WORD("certificate"),
                    WORD("-quiet"),
                    WORD("-www"),
                    NULL};
    started_run(server, argv, NULL, NULL);
    CHECK(started_listens((uint16_t)port));
}

TEST(tls_warns_and_fails_by_the_days_that_are_left)
{
    started server;
    char address[32];
    start_server(&server, WORD("10"), address);
    const uint32_t patience = probing_patience_ms;
    CHECK_EQUAL(ask_within(address, 9, 5, patience).status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(ask_within(address, 11, 5, patience).status, IMPACT_HEALTH_WARN);
    check_fails(ask_within(address, 20, 11, patience), "days are left");
    check_observed(ask_within(address, 9, 5, patience), "days", 9.5, 10);
    started_end(&server);
    started_clean(&server);
}

static probed ask_untrusted(const char *address, bool accepts)
{
    return probing_ask(impact_health_add_tls(
        probing_registry(),
        IMPACT_CHECK_TLS(.name = probing_name, .address = address, .fail_days = 5,
                         .accepts_untrusted = accepts, .timeout_ms = probing_patience_ms)));
}

TEST(a_certificate_that_nobody_trusts_fails_unless_it_was_said_that_it_may)
{
    started server;
    char address[32];
    start_server(&server, WORD("10"), address);
    check_fails(ask_untrusted(address, false), "certificate");
    CHECK_EQUAL(ask_untrusted(address, true).status, IMPACT_HEALTH_PASS);
    started_end(&server);
    started_clean(&server);
}

TEST(tls_fails_in_time_when_the_server_is_frozen_and_holds_again)
{
    started server;
    char address[32];
    start_server(&server, WORD("10"), address);
    started_signal(&server, SIGSTOP);
    check_times_out(ask_within(address, 0, 5, probing_timeout_ms));
    started_signal(&server, SIGCONT);
    CHECK_EQUAL(ask_within(address, 0, 5, probing_patience_ms).status, IMPACT_HEALTH_PASS);
    started_end(&server);
    started_clean(&server);
}

/* ---- registering ---- */

REGISTERING(tls)

TEST(what_makes_no_check_is_refused)
{
    CHECK_REFUSES(add_tls, IMPACT_CHECK_TLS(.name = "a", .address = "a"),
                  IMPACT_CHECK_TLS(.address = "a", .warn_days = 1),
                  IMPACT_CHECK_TLS(.name = "a", .warn_days = 1),
                  IMPACT_CHECK_TLS(.name = "a", .warn_days = 1, .address = ""),
                  IMPACT_CHECK_TLS(.name = "a", .warn_days = 1, .address = "host:"),
                  IMPACT_CHECK_TLS(.name = "a", .warn_days = 1, .address = "/a/path"),
                  IMPACT_CHECK_TLS(.name = "a", .warn_days = 1, .address = "a b"));
}

TEST(options_of_any_version_are_read)
{
    const abi_case cases[] = {
        REGISTERING_CASE(tls, IMPACT_CHECK_TLS, name, .address = "[::1]:443", .fail_days = 1)};
    ABI_CHECK(cases);
}

TEST(registering_without_memory_fails_and_leaves_nothing)
{
    check_registers_without_memory(
        add_tls, IMPACT_CHECK_TLS(.name = "it", .address = "a", .fail_days = 1, .ca_file = "/a"));
}
