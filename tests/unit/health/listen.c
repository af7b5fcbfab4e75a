/* Listening: what is refused, and what is answered. The port itself is tested in
 * tests/integration/port.c. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <impact/health.h>

#include "gate.h"
#include "support/check.h"

TEST(an_address_that_is_none_is_refused)
{
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    CHECK_EQUAL(impact_health_listen(NULL, "127.0.0.1:0"), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_listen(health, NULL), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_listen(health, "127.0.0.1"), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_listen(health, "127.0.0.1:70000"), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_listen(health, "unix:relative"), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_port(health), 0);
    CHECK_EQUAL(impact_health_port(NULL), 0);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
}

TEST(a_port_that_is_taken_is_said_and_does_not_count_as_listening)
{
    impact_health *first = NULL;
    impact_health *second = NULL;
    char address[32];
    REQUIRE(impact_health_open(&first, NULL) == IMPACT_OK);
    REQUIRE(impact_health_open(&second, NULL) == IMPACT_OK);
    CHECK_EQUAL(impact_health_listen(first, "127.0.0.1:0"), IMPACT_OK);
    CHECK_EQUAL(impact_health_listen(first, "127.0.0.1:0"), IMPACT_EEXIST);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", impact_health_port(first));
    CHECK_EQUAL(impact_health_listen(second, address), IMPACT_ESYSTEM);
    CHECK_EQUAL(impact_health_listen(second, address), IMPACT_ESYSTEM); /* not EEXIST */
    CHECK_EQUAL(impact_health_port(second), 0);
    CHECK_EQUAL(impact_health_close(first, 0), 0);
    CHECK_EQUAL(impact_health_listen(second, address), IMPACT_OK);
    CHECK_EQUAL(impact_health_close(second, 0), 0);
}

/* ---- asking ---- */

static int send_request(uint16_t port, const char *path)
{
    char request[256];
    const struct timeval patience = {.tv_sec = patience_ms / 1000};
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int size = snprintf(request, sizeof request,
                              "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path);
    CHECK(setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    CHECK(connect(client, (const struct sockaddr *)&address, sizeof address) == 0);
    CHECK_EQUAL(send(client, request, (size_t)size, MSG_NOSIGNAL), size);
    return client;
}

/* All that comes, and close. Lives until the next call. */
static const char *read_answer(int client)
{
    static char answer[4096];
    size_t size = 0;
    for (ssize_t got; (got = recv(client, answer + size, sizeof answer - 1 - size, 0)) > 0;)
        size += (size_t)got;
    answer[size] = '\0';
    (void)close(client);
    return answer;
}

TEST(a_port_of_its_own_answers_for_the_paths)
{
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = "true", .run = impact_check_true)),
                IMPACT_OK);
    REQUIRE(impact_health_listen(health, "127.0.0.1:0") == IMPACT_OK);
    const uint16_t port = impact_health_port(health);
    const char *answer = read_answer(send_request(port, "/health/ping"));
    CHECK(check_contains(answer, "HTTP/1.1 200 OK\r\n") && check_contains(answer, "\r\n\r\npong"));
    answer = read_answer(send_request(port, "/health/?checks=true"));
    CHECK(check_contains(answer, "HTTP/1.1 200 OK\r\n") && check_contains(answer, "\"running\""));
    CHECK(check_contains(read_answer(send_request(port, "/else")), "HTTP/1.1 404 Not Found\r\n"));
    CHECK_EQUAL(impact_health_close(health, 1000), 0);
}

TEST(a_ping_does_not_wait_for_a_probe_of_a_check_that_hangs)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, patience_ms);
    add_gate(health, "hung", &g, patience_ms);
    REQUIRE(impact_health_listen(health, "127.0.0.1:0") == IMPACT_OK);
    const uint16_t port = impact_health_port(health);
    const int probe = send_request(port, "/health/?checks=hung");
    gate_await_run(&g);
    CHECK(check_contains(read_answer(send_request(port, "/health/ping")), "pong"));
    gate_release(&g);
    CHECK(check_contains(read_answer(probe), "\"hung\":true"));
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    gate_close(&g);
}

/* ---- closing ---- */

TEST(who_asks_while_the_port_closes_is_answered_at_once)
{
    gate g;
    gate_open(&g);
    impact_health *health = gate_health(1, patience_ms);
    add_gate(health, "hung", &g, patience_ms);
    REQUIRE(impact_health_listen(health, "127.0.0.1:0") == IMPACT_OK);
    const int probe = send_request(impact_health_port(health), "/health/?checks=hung");
    gate_await_run(&g);
    CHECK_EQUAL(impact_health_close(health, 0), 1);
    CHECK(check_contains(read_answer(probe), "HTTP/1.1 503 Service Unavailable\r\n"));
    gate_release(&g);
    AWAIT(atomic_load(&g.freed) == 1); /* the run is over */
    gate_close(&g);
}
