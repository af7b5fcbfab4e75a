/* The checks of servers against the real ones, started here: they hold, fail in time when the
 * server is frozen, hold again when it goes on, and fail when it is gone. */
#include <impact/checks.h>

#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certificate.h"
#include "started.h"
#include "support/probing.h"

/* ---- what all of them go through ---- */

typedef probed (*ask_fn)(uint16_t port, uint32_t timeout_ms);

static bool holds_soon(ask_fn ask, uint16_t port)
{
    for (int i = 0; i < 20; i++)
        if (ask(port, probing_patience_ms).status == IMPACT_HEALTH_PASS)
            return true;
    return false;
}

/* `server` listens on the port; afterwards it is gone. */
static void check_life(started *server, ask_fn ask, uint16_t port)
{
    CHECK_EQUAL(ask(port, probing_patience_ms).status, IMPACT_HEALTH_PASS);
    started_signal(server, SIGSTOP);
    check_times_out(ask(port, probing_timeout_ms));
    started_signal(server, SIGCONT);
    CHECK(holds_soon(ask, port));
    started_end(server);
    CHECK(started_is_gone(port));
    check_fails(ask(port, probing_patience_ms), "refused");
    started_clean(server);
}

static char *text_of(const char *format, unsigned port)
{
    static char texts[16][128];
    static unsigned next;
    char *text = texts[next++ % 16];
    (void)snprintf(text, sizeof texts[0], format, port);
    return text;
}

static bool is_installed(const char *program)
{
    return access(program, X_OK) == 0;
}

#define WORD(text) ((char[]){text})

/* ---- Redis ---- */

static void start_redis(started *server, uint16_t port, char *option, char *value)
{
    if (!is_installed("/usr/bin/redis-server"))
        check_skip("redis-server is not installed");
    char *argv[] = {WORD("redis-server"),
                    WORD("--port"),
                    text_of("%u", port),
                    WORD("--bind"),
                    WORD("127.0.0.1"),
                    WORD("--save"),
                    WORD(""),
                    option,
                    value,
                    NULL};
    started_prepare(server, NULL);
    started_run(server, argv, NULL, NULL);
    CHECK(started_listens(port));
}

static probed ask_redis_as(uint16_t port, uint32_t timeout_ms, const char *user,
                           const char *password)
{
    return probing_ask(impact_health_add_redis(
        probing_registry(),
        IMPACT_CHECK_REDIS(.name = probing_name, .address = text_of("127.0.0.1:%u", port),
                           .user = user, .password = password, .timeout_ms = timeout_ms)));
}

static probed ask_redis(uint16_t port, uint32_t timeout_ms)
{
    return ask_redis_as(port, timeout_ms, NULL, NULL);
}

TEST(redis_holds_fails_in_time_when_it_is_frozen_and_holds_again)
{
    started server;
    const uint16_t port = started_free_port(SOCK_STREAM);
    start_redis(&server, port, NULL, NULL);
    check_life(&server, ask_redis, port);
}

TEST(redis_wants_the_password_that_it_was_given)
{
    started server;
    const uint16_t port = started_free_port(SOCK_STREAM);
    start_redis(&server, port, WORD("--requirepass"), WORD("good secret"));
    const uint32_t patience = probing_patience_ms;
    CHECK_EQUAL(ask_redis_as(port, patience, NULL, "good secret").status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(ask_redis_as(port, patience, "default", "good secret").status, IMPACT_HEALTH_PASS);
    check_fails(ask_redis_as(port, patience, NULL, "bad"), "it says WRONGPASS");
    check_fails(ask_redis_as(port, patience, NULL, NULL), "it says NOAUTH");
    started_end(&server);
    started_clean(&server);
}

/* A connection of the application's, and how it came back. */
typedef struct pool {
    uint16_t port;
    int lent;
    bool is_usable;
} pool;

static int lend(void *userdata, uint32_t timeout_ms)
{
    pool *p = userdata;
    struct sockaddr_in at = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons(p->port),
    };
    CHECK(timeout_ms > 0);
    p->lent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQUAL(connect(p->lent, (struct sockaddr *)&at, sizeof at), 0);
    return p->lent;
}

static void take_back(void *userdata, int descriptor, bool is_usable)
{
    pool *p = userdata;
    CHECK_EQUAL(descriptor, p->lent);
    p->is_usable = is_usable;
    (void)close(descriptor);
}

static probed ask_lent(pool *p, uint32_t timeout_ms)
{
    return probing_ask(impact_health_add_redis(
        probing_registry(),
        IMPACT_CHECK_REDIS(.name = probing_name, .timeout_ms = timeout_ms,
                           .lender = {.borrow = lend, .give_back = take_back, .userdata = p})));
}

TEST(redis_is_asked_over_the_applications_connection)
{
    started server;
    pool p = {.port = started_free_port(SOCK_STREAM)};
    start_redis(&server, p.port, NULL, NULL);
    CHECK_EQUAL(ask_lent(&p, probing_patience_ms).status, IMPACT_HEALTH_PASS);
    CHECK(p.is_usable);
    started_signal(&server, SIGSTOP);
    check_times_out(ask_lent(&p, probing_timeout_ms));
    CHECK(!p.is_usable); /* the answer may come yet */
    started_signal(&server, SIGCONT);
    started_end(&server);
    started_clean(&server);
}

/* ---- RabbitMQ ---- */

/* What is in the PATH changes its user; this one does not. */
#define RABBITMQ "/usr/lib/rabbitmq/bin/rabbitmq-server"

static void start_names(started *names, uint16_t port)
{
    char *argv[] = {WORD("epmd"),  WORD("-address"),    WORD("127.0.0.1"),
                    WORD("-port"), text_of("%u", port), NULL};
    started_prepare(names, NULL);
    started_run(names, argv, NULL, NULL);
    CHECK(started_listens(port));
}

/* It speaks TLS on a second port. */
static void write_configuration(const started *server, uint16_t tls_port)
{
    char path[128];
    const char *folder = server->folder;
    (void)snprintf(path, sizeof path, "%s/rabbitmq.conf", folder);
    FILE *file = fopen(path, "w");
    REQUIRE(file);
    (void)fprintf(file, "listeners.ssl.1 = 127.0.0.1:%u\n", (unsigned)tls_port);
    (void)fprintf(file, "ssl_options.cacertfile = %s/certificate\n", folder);
    (void)fprintf(file, "ssl_options.certfile = %s/certificate\n", folder);
    (void)fprintf(file, "ssl_options.keyfile = %s/key\n", folder);
    (void)fprintf(file, "ssl_options.verify = verify_none\n");
    CHECK_EQUAL(fclose(file), 0);
}

/* Where there is no register of names, Erlang starts one that outlives it. */
static void start_rabbitmq(started *server, started *names, uint16_t port, uint16_t tls_port)
{
    if (!is_installed(RABBITMQ))
        check_skip("rabbitmq-server is not installed");
    const uint16_t names_port = started_free_port(SOCK_STREAM);
    start_names(names, names_port);
    started_prepare(server, NULL);
    certificate_make(server, WORD("10"));
    write_configuration(server, tls_port);
    char home[96];
    char data[128];
    char configuration[128];
    (void)snprintf(home, sizeof home, "HOME=%s", server->folder);
    (void)snprintf(data, sizeof data, "RABBITMQ_MNESIA_BASE=%s/data", server->folder);
    (void)snprintf(configuration, sizeof configuration, "RABBITMQ_CONFIG_FILE=%s/rabbitmq.conf",
                   server->folder);
    const char *environment[] = {
        home,
        data,
        configuration,
        text_of("RABBITMQ_NODENAME=impact%u@localhost", port),
        text_of("RABBITMQ_NODE_PORT=%u", port),
        text_of("RABBITMQ_DIST_PORT=%u", started_free_port(SOCK_STREAM)),
        text_of("ERL_EPMD_PORT=%u", names_port),
        "ERL_EPMD_ADDRESS=127.0.0.1",
        "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1",
        "RABBITMQ_LOGS=-",
        "RABBITMQ_CONF_ENV_FILE=/nonexistent",
        "RABBITMQ_ENABLED_PLUGINS_FILE=/nonexistent",
        NULL,
    };
    char *argv[] = {WORD(RABBITMQ), NULL};
    started_run(server, argv, environment, NULL);
    CHECK(started_says(server, "startup complete"));
}

static probed ask_rabbitmq_as(uint16_t port, uint32_t timeout_ms, const char *password,
                              const char *virtual_host)
{
    return probing_ask(impact_health_add_rabbitmq(
        probing_registry(),
        IMPACT_CHECK_RABBITMQ(.name = probing_name, .address = text_of("127.0.0.1:%u", port),
                              .password = password, .virtual_host = virtual_host,
                              .timeout_ms = timeout_ms)));
}

static probed ask_rabbitmq(uint16_t port, uint32_t timeout_ms)
{
    return ask_rabbitmq_as(port, timeout_ms, NULL, NULL);
}

static probed ask_rabbitmq_over_tls(uint16_t port, const char *ca_file, const char *password,
                                    uint32_t timeout_ms)
{
    return probing_ask(impact_health_add_rabbitmq(
        probing_registry(),
        IMPACT_CHECK_RABBITMQ(.name = probing_name, .address = text_of("127.0.0.1:%u", port),
                              .password = password, .uses_tls = true, .ca_file = ca_file,
                              .timeout_ms = timeout_ms)));
}

static void check_over_tls(const started *server, uint16_t port)
{
    char ca_file[128];
    const uint32_t patience = probing_patience_ms;
    (void)snprintf(ca_file, sizeof ca_file, "%s/certificate", server->folder);
    CHECK_EQUAL(ask_rabbitmq_over_tls(port, ca_file, NULL, patience).status, IMPACT_HEALTH_PASS);
    check_fails(ask_rabbitmq_over_tls(port, ca_file, "bad", patience), "ACCESS_REFUSED");
    check_fails(ask_rabbitmq_over_tls(port, NULL, NULL, patience), "certificate");
    started_signal(server, SIGSTOP);
    check_times_out(ask_rabbitmq_over_tls(port, ca_file, NULL, probing_timeout_ms));
    started_signal(server, SIGCONT);
}

TEST(rabbitmq_wants_its_password_and_its_host_and_holds_fails_in_time_and_holds_again)
{
    started server;
    started names;
    const uint16_t port = started_free_port(SOCK_STREAM);
    const uint16_t tls_port = started_free_port(SOCK_STREAM);
    start_rabbitmq(&server, &names, port, tls_port);
    const uint32_t patience = probing_patience_ms;
    check_over_tls(&server, tls_port);
    check_fails(ask_rabbitmq_over_tls(port, NULL, NULL, patience), "SSL"); /* it speaks none here */
    check_fails(ask_rabbitmq_as(port, patience, "bad", NULL), "ACCESS_REFUSED");
    check_fails(ask_rabbitmq_as(port, patience, NULL, "nowhere"), "nowhere not found");
    CHECK(started_says(&server, "nowhere not found"));
    check_life(&server, ask_rabbitmq, port);
    started_end(&names);
    started_clean(&names);
}

/* ---- DNS ---- */

#define DNSMASQ "/usr/sbin/dnsmasq"

enum { many = 60 }; /* addresses: more than fit into a datagram of 512 bytes */

static void start_dnsmasq(started *server, uint16_t port)
{
    if (!is_installed(DNSMASQ))
        check_skip("dnsmasq is not installed");
    static char records[many][64];
    char *argv[many + 16] = {
        WORD(DNSMASQ),
        WORD("--keep-in-foreground"),
        WORD("--conf-file=/dev/null"),
        WORD("--pid-file"),
        WORD("--no-resolv"),
        WORD("--no-hosts"),
        WORD("--user=root"),
        WORD("--bind-interfaces"),
        WORD("--listen-address=127.0.0.1"),
        text_of("--port=%u", port),
        WORD("--host-record=one.test,10.0.0.1,fd00::1"),
        WORD("--host-record=six.test,fd00::2"),
        WORD("--cname=alias.test,one.test"),
        WORD("--local=/test/"),
    };
    size_t count = 0;
    while (argv[count])
        count++;
    for (int i = 0; i < many; i++) {
        (void)snprintf(records[i], sizeof records[i], "--host-record=many.test,10.0.1.%d", i);
        argv[count++] = records[i];
    }
    started_prepare(server, NULL);
    started_run(server, argv, NULL, NULL);
    CHECK(started_listens(port));
}

static probed ask_name(uint16_t port, uint32_t timeout_ms, const char *host, uint32_t least)
{
    return probing_ask(impact_health_add_dns(
        probing_registry(), IMPACT_CHECK_DNS(.name = probing_name, .host = host,
                                             .server = text_of("127.0.0.1:%u", port),
                                             .least_addresses = least, .timeout_ms = timeout_ms)));
}

static probed ask_dns(uint16_t port, uint32_t timeout_ms)
{
    return ask_name(port, timeout_ms, "one.test", 2);
}

TEST(dns_counts_the_addresses_of_both_versions_behind_aliases_and_over_tcp)
{
    started server;
    const uint16_t port = started_free_port(SOCK_STREAM);
    start_dnsmasq(&server, port);
    const uint32_t patience = probing_patience_ms;
    CHECK_EQUAL(ask_name(port, patience, "one.test", 0).status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(ask_name(port, patience, "ONE.test.", 2).status, IMPACT_HEALTH_PASS);
    check_fails(ask_name(port, patience, "one.test", 3), "2 addresses, at least 3");
    CHECK_EQUAL(ask_name(port, patience, "alias.test", 2).status, IMPACT_HEALTH_PASS);
    CHECK_EQUAL(ask_name(port, patience, "six.test", 1).status, IMPACT_HEALTH_PASS);
    check_fails(ask_name(port, patience, "none.test", 1), "NXDOMAIN");
    check_fails(ask_name(port, patience, "elsewhere.example", 1), "REFUSED");
    CHECK_EQUAL(ask_name(port, patience, "many.test", many).status, IMPACT_HEALTH_PASS);
    check_fails(ask_name(port, patience, "many.test", many + 1), "60 addresses");
    check_observed(ask_name(port, patience, "one.test", 2), "addresses", 2, 2);
    started_end(&server);
    started_clean(&server);
}

TEST(dns_holds_fails_in_time_when_it_is_frozen_and_holds_again)
{
    started server;
    const uint16_t port = started_free_port(SOCK_STREAM);
    start_dnsmasq(&server, port);
    check_life(&server, ask_dns, port);
}

/* ---- NTP ---- */

#define CHRONYD "/usr/sbin/chronyd"

static probed ask_ntp(uint16_t port, uint32_t timeout_ms)
{
    return probing_ask(impact_health_add_ntp(
        probing_registry(),
        IMPACT_CHECK_NTP(.name = probing_name, .server = text_of("127.0.0.1:%u", port),
                         .fail_ms = 2000, .timeout_ms = timeout_ms)));
}

/* It leaves the clock alone (-x), and says that it knows the time. */
static void start_chronyd(started *server, uint16_t port)
{
    if (!is_installed(CHRONYD) || getuid() != 0)
        check_skip("chronyd is not installed, or not to be started by who is not root");
    started_prepare(server, NULL);
    static char pid_file[128];
    (void)snprintf(pid_file, sizeof pid_file, "pidfile %s/pid", server->folder);
    char *argv[] = {WORD(CHRONYD),
                    WORD("-d"),
                    WORD("-x"),
                    WORD("-u"),
                    WORD("root"),
                    WORD("local stratum 8"),
                    WORD("allow 127.0.0.1"),
                    WORD("bindaddress 127.0.0.1"),
                    WORD("cmdport 0"),
                    WORD("bindcmdaddress /"),
                    pid_file,
                    text_of("port %u", port),
                    NULL};
    started_run(server, argv, NULL, NULL);
    CHECK(started_receives(port));
}

TEST(ntp_holds_fails_in_time_when_it_is_frozen_and_holds_again)
{
    started server;
    const uint16_t port = started_free_port(SOCK_DGRAM);
    start_chronyd(&server, port);
    check_life(&server, ask_ntp, port);
}
