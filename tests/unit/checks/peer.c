/* What each check of a server says of one that is dead, silent, dripping, closing or wrong; all
 * through the one peer that they share. */
#include "checks/peer.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <impact/checks.h>

#include "support/fake_server.h"
#include "support/probing.h"

/* ---- TCP ---- */

static probed ask_tcp(const char *address)
{
    return probing_ask(impact_health_add_tcp(
        probing_registry(),
        IMPACT_CHECK_TCP(.name = probing_name, .address = address, .send = "hello\n",
                         .expect = "220 ready for a good and long answer",
                         .timeout_ms = probing_timeout_ms)));
}

TEST(tcp_fails_where_no_server_is_and_one_that_says_something_else)
{
    const fake_server wrong = FAKE_SERVER_SAYS("554 not ready");
    const fake_server dripping = FAKE_SERVER_SAYS("220 ready for a good and long answer");
    check_of_no_server(ask_tcp, wrong, "something else", dripping);
}

TEST(tcp_holds_where_a_port_takes_connections)
{
    fake_server silent = {0};
    fake_server_open(&silent);
    CHECK_EQUAL(probing_ask(impact_health_add_tcp(
                                probing_registry(),
                                IMPACT_CHECK_TCP(.name = probing_name, .address = silent.address,
                                                 .timeout_ms = probing_patience_ms)))
                    .status,
                IMPACT_HEALTH_PASS);
    fake_server_close(&silent);
}

TEST(tcp_holds_where_the_answer_begins_as_expected)
{
    fake_server server = FAKE_SERVER_SAYS("220 ready, and more than that");
    fake_server_open(&server);
    CHECK_EQUAL(
        probing_ask(impact_health_add_tcp(
                        probing_registry(),
                        IMPACT_CHECK_TCP(.name = probing_name, .address = server.address,
                                         .expect = "220 ready", .timeout_ms = probing_patience_ms)))
            .status,
        IMPACT_HEALTH_PASS);
    fake_server_close(&server);
}

static int listen_at(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQUAL(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_EQUAL(listen(listener, 1), 0);
    return listener;
}

static probed ask_path(const char *path)
{
    return probing_ask(impact_health_add_tcp(probing_registry(),
                                             IMPACT_CHECK_TCP(.name = probing_name, .address = path,
                                                              .timeout_ms = probing_patience_ms)));
}

TEST(a_unix_socket_is_an_address)
{
    char folder[] = "/tmp/impact-peer-XXXXXX";
    char path[64];
    REQUIRE(mkdtemp(folder) != NULL);
    (void)snprintf(path, sizeof path, "%s/socket", folder);
    check_fails(ask_path(path), "No such file");
    const int listener = listen_at(path);
    CHECK_EQUAL(ask_path(path).status, IMPACT_HEALTH_PASS);
    (void)close(listener);
    check_fails(ask_path(path), "refused");
    CHECK_EQUAL(unlink(path), 0);
    CHECK_EQUAL(rmdir(folder), 0);
}

/* The reserved name is known to no resolver (RFC 6761 6.4). */
TEST(a_host_that_is_not_known_fails)
{
    const probed result = ask_path("host.invalid:80");
    CHECK_EQUAL(result.status, IMPACT_HEALTH_FAIL);
    CHECK(result.why[0]);
}

/* "localhost" has two addresses where version 6 is there, and nothing listens on its first. */
TEST(the_addresses_of_a_host_are_tried_in_turn)
{
    fake_server silent = {0};
    char address[32];
    fake_server_open(&silent);
    (void)snprintf(address, sizeof address, "localhost:%u", silent.port);
    CHECK_EQUAL(ask_path(address).status, IMPACT_HEALTH_PASS);
    fake_server_close(&silent);
}

/* ---- Redis ---- */

static probed ask_redis(const char *address)
{
    return probing_ask(impact_health_add_redis(
        probing_registry(), IMPACT_CHECK_REDIS(.name = probing_name, .address = address,
                                               .timeout_ms = probing_timeout_ms)));
}

TEST(redis_fails_where_no_server_is_and_one_that_says_something_else)
{
    const fake_server wrong = FAKE_SERVER_SAYS("HTTP/1.1 400 Bad Request\r\n\r\n");
    const fake_server dripping = FAKE_SERVER_SAYS("+PONG but never the end of it ");
    check_of_no_server(ask_redis, wrong, "as Redis does", dripping);
}

TEST(redis_fails_where_it_says_why_not)
{
    fake_server server = FAKE_SERVER_SAYS("-LOADING Redis is loading the dataset in memory\r\n");
    fake_server_open(&server);
    check_fails(ask_redis(server.address), "it says LOADING Redis");
    fake_server_close(&server);
}

/* ---- RabbitMQ ---- */

static probed ask_rabbitmq(const char *address)
{
    return probing_ask(impact_health_add_rabbitmq(
        probing_registry(), IMPACT_CHECK_RABBITMQ(.name = probing_name, .address = address,
                                                  .timeout_ms = probing_timeout_ms)));
}

TEST(rabbitmq_fails_where_no_server_is_and_one_that_says_something_else)
{
    const fake_server wrong = FAKE_SERVER_SAYS("AMQP\0\1\0\0");
    const fake_server dripping = FAKE_SERVER_SAYS("\1\0\0\0\0\xff\xff"); /* it promises 64 KiB */
    check_of_no_server(ask_rabbitmq, wrong, "as AMQP 0-9-1 has it", dripping);
}

TEST(rabbitmq_fails_where_a_frame_has_no_end)
{
    fake_server server = FAKE_SERVER_SAYS("\1\0\0\0\0\0\4\0\x0a\0\x0a!");
    fake_server_open(&server);
    check_fails(ask_rabbitmq(server.address), "as AMQP 0-9-1 has it");
    fake_server_close(&server);
}

TEST(rabbitmq_fails_where_it_closes_and_says_why)
{
    fake_server server = FAKE_SERVER_SAYS("\1\0\0\0\0\0\x0e\0\x0a\0\x32\1\x93\3why\0\0\0\0\xce");
    fake_server_open(&server);
    check_fails(ask_rabbitmq(server.address), "it says why");
    fake_server_close(&server);
}
