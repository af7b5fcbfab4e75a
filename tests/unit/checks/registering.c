/* What all provided checks have in common: options of any version, what they refuse, memory, what
 * else a check may have. */
#include "checks/provided.h"

#include <impact/checks.h>

#include "base/text.h"
#include "support/probing.h"
#include "support/registration.h"

static const char *const argv[] = {"true", NULL};

/* ---- one of each ---- */

REGISTERING(disk)
REGISTERING(dns)
REGISTERING(file_age)
REGISTERING(load)
REGISTERING(memory)
REGISTERING(ntp)
REGISTERING(process)
REGISTERING(program)
REGISTERING(rabbitmq)
REGISTERING(redis)
REGISTERING(tcp)
REGISTERING(telemetry)

typedef struct kind {
    impact_status (*add)(impact_health *health, const void *options);
    abi_case abi; /* with options that are right */
} kind;

#define KIND(kind, ...)                                                                            \
    {                                                                                              \
        add_##kind, REGISTERING_CASE(kind, __VA_ARGS__)                                            \
    }

#define KINDS                                                                                      \
    {                                                                                              \
        KIND(disk, IMPACT_CHECK_DISK, name, .path = "/", .fail_percent = 90),                      \
            KIND(dns, IMPACT_CHECK_DNS, name, .host = "localhost"),                                \
            KIND(file_age, IMPACT_CHECK_FILE_AGE, name, .path = "x", .warn_seconds = 1),           \
            KIND(load, IMPACT_CHECK_LOAD, name, .warn_per_processor = 1),                          \
            KIND(memory, IMPACT_CHECK_MEMORY, name, .warn_percent = 1),                            \
            KIND(ntp, IMPACT_CHECK_NTP, name, .server = "127.0.0.1", .warn_ms = 1),                \
            KIND(process, IMPACT_CHECK_PROCESS, name, .command = "x"),                             \
            KIND(program, IMPACT_CHECK_PROGRAM, name, .argv = argv),                               \
            KIND(rabbitmq, IMPACT_CHECK_RABBITMQ, name, .address = "127.0.0.1"),                   \
            KIND(redis, IMPACT_CHECK_REDIS, name, .address = "127.0.0.1", .user = "me",            \
                 .password = "secret"),                                                            \
            KIND(tcp, IMPACT_CHECK_TCP, name, .address = "127.0.0.1:1"),                           \
            KIND(telemetry, IMPACT_CHECK_TELEMETRY, name, .warn_percent = 1),                      \
    }

TEST(options_of_any_version_are_read)
{
    const kind kinds[] = KINDS;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        abi_check_one(&kinds[i].abi);
}

TEST(null_is_refused)
{
    const kind kinds[] = KINDS;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        CHECK_EQUAL(kinds[i].add(NULL, kinds[i].abi.whole), IMPACT_EINVAL);
        CHECK_EQUAL(registering_alone(kinds[i].add, NULL), IMPACT_EINVAL);
    }
}

TEST(registering_without_memory_fails_and_leaves_nothing)
{
    const kind kinds[] = KINDS;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        check_registers_without_memory(kinds[i].add, kinds[i].abi.whole);
}

/* ---- what is refused ---- */

static impact_health *refusing;

static void check_refused(impact_status status)
{
    CHECK_EQUAL(status, IMPACT_EINVAL);
}

TEST(options_that_make_no_check_are_refused)
{
    static const char *const nothing[] = {NULL};
    static const char *const empty[] = {"", NULL};
    char text[300] = {0};
    memset(text, 'x', 256);
    REQUIRE(impact_health_open(&refusing, NULL) == IMPACT_OK);
    impact_health *h = refusing;
    check_refused(impact_health_add_tcp(h, IMPACT_CHECK_TCP(.name = "it")));
    check_refused(impact_health_add_tcp(h, IMPACT_CHECK_TCP(.name = "it", .address = "host")));
    check_refused(impact_health_add_tcp(h, IMPACT_CHECK_TCP(.address = "host:1")));
    check_refused(impact_health_add_dns(h, IMPACT_CHECK_DNS(.name = "it")));
    check_refused(impact_health_add_dns(h, IMPACT_CHECK_DNS(.name = "it", .host = "a..b")));
    check_refused(
        impact_health_add_dns(h, IMPACT_CHECK_DNS(.name = "it", .host = "a", .server = "")));
    check_refused(impact_health_add_ntp(h, IMPACT_CHECK_NTP(.name = "it", .server = "a")));
    check_refused(impact_health_add_ntp(h, IMPACT_CHECK_NTP(.name = "it", .warn_ms = 1)));
    check_refused(impact_health_add_disk(h, IMPACT_CHECK_DISK(.name = "it", .path = "/")));
    check_refused(impact_health_add_disk(h, IMPACT_CHECK_DISK(.name = "it", .fail_percent = 1)));
    check_refused(impact_health_add_disk(
        h, IMPACT_CHECK_DISK(.name = "it", .path = "relative", .fail_percent = 1)));
    check_refused(impact_health_add_memory(h, IMPACT_CHECK_MEMORY(.name = "it")));
    check_refused(impact_health_add_load(h, IMPACT_CHECK_LOAD(.name = "it")));
    check_refused(impact_health_add_load(
        h, IMPACT_CHECK_LOAD(.name = "it", .warn_per_processor = 1, .minutes = 2)));
    check_refused(impact_health_add_file_age(h, IMPACT_CHECK_FILE_AGE(.name = "it", .path = "x")));
    check_refused(impact_health_add_file_age(
        h, IMPACT_CHECK_FILE_AGE(.name = "it", .path = "", .warn_seconds = 1)));
    check_refused(impact_health_add_process(h, IMPACT_CHECK_PROCESS(.name = "it")));
    check_refused(impact_health_add_process(h, IMPACT_CHECK_PROCESS(.name = "it", .command = "")));
    check_refused(impact_health_add_process(
        h, IMPACT_CHECK_PROCESS(.name = "it", .command = "x", .pid_file = "")));
    check_refused(impact_health_add_process(
        h, IMPACT_CHECK_PROCESS(.name = "it", .pid_file = "x", .least = 2)));
    check_refused(impact_health_add_program(h, IMPACT_CHECK_PROGRAM(.name = "it")));
    check_refused(
        impact_health_add_program(h, IMPACT_CHECK_PROGRAM(.name = "it", .argv = nothing)));
    check_refused(impact_health_add_program(h, IMPACT_CHECK_PROGRAM(.name = "it", .argv = empty)));
    check_refused(impact_health_add_telemetry(h, IMPACT_CHECK_TELEMETRY(.name = "it")));
    check_refused(impact_health_add_redis(h, IMPACT_CHECK_REDIS(.name = "it")));
    check_refused(impact_health_add_redis(
        h, IMPACT_CHECK_REDIS(.name = "it", .address = "a", .user = "without a password")));
    check_refused(impact_health_add_rabbitmq(h, IMPACT_CHECK_RABBITMQ(.name = "it")));
    check_refused(impact_health_add_rabbitmq(
        h, IMPACT_CHECK_RABBITMQ(.name = "it", .address = "a", .password = text)));
    CHECK_EQUAL(impact_health_close(refusing, 1000), 0);
}

/* More arguments than a check keeps. */
TEST(a_program_with_too_many_arguments_is_refused)
{
    const char *many[259];
    for (size_t i = 0; i < 258; i++)
        many[i] = "x";
    many[257] = NULL;
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    check_refused(
        impact_health_add_program(health, IMPACT_CHECK_PROGRAM(.name = "it", .argv = many)));
    many[256] = NULL;
    CHECK_EQUAL(impact_health_add_program(health, IMPACT_CHECK_PROGRAM(.name = "it", .argv = many)),
                IMPACT_OK);
    CHECK_EQUAL(impact_health_close(health, 1000), 0);
}

static int lend_nothing(void *userdata, uint32_t timeout_ms)
{
    (void)userdata;
    (void)timeout_ms;
    return -1;
}

TEST(half_a_lender_is_refused)
{
    CHECK_REFUSES(add_redis, IMPACT_CHECK_REDIS(.name = "it", .lender = {.borrow = lend_nothing}));
}

static void read_nothing(void *userdata, impact_trace_stats *stats)
{
    (void)userdata;
    (void)stats;
}

TEST(a_telemetry_check_has_a_provider_or_a_reader)
{
    impact_tracer_provider *provider = NULL;
    REQUIRE(impact_tracer_provider_open(&provider, NULL) == IMPACT_OK);
    CHECK_REFUSES(add_telemetry,
                  IMPACT_CHECK_TELEMETRY(.name = "it", .warn_percent = 1, .provider = provider,
                                         .reader = {.read = read_nothing}));
    impact_tracer_provider_close(provider);
}

/* ---- what else a check may have ---- */

static size_t count_selected(impact_health *health, const char *selector)
{
    impact_health_report *report = NULL;
    CHECK_EQUAL(impact_health_probe(health, impact_text_of(selector), &report), IMPACT_OK);
    const size_t count = impact_health_report_count(report);
    impact_health_report_close(report);
    return count;
}

TEST(what_the_options_do_not_say_is_the_checks)
{
    const impact_check *base = IMPACT_CHECK(.name = "base", .groups = "_one");
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    CHECK_EQUAL(
        impact_health_add_load(health, IMPACT_CHECK_LOAD(.warn_per_processor = 1e9, .check = base)),
        IMPACT_OK);
    CHECK_EQUAL(
        impact_health_add_load(health, IMPACT_CHECK_LOAD(.warn_per_processor = 1e9, .name = "own",
                                                         .groups = "_two", .check = base)),
        IMPACT_OK);
    CHECK_EQUAL(count_selected(health, "base"), 1);
    CHECK_EQUAL(count_selected(health, "_one"), 1);
    CHECK_EQUAL(count_selected(health, "_two"), 1);
    CHECK_EQUAL(
        impact_health_add_load(health, IMPACT_CHECK_LOAD(.warn_per_processor = 1e9, .check = base)),
        IMPACT_EEXIST);
    CHECK_EQUAL(impact_health_close(health, 5000), 0);
}

/* ---- what is outside of the process ---- */

static impact_status add_live(impact_health *health, const char *name, bool may_be_live)
{
    const impact_check *live =
        IMPACT_CHECK(.name = name, .groups = "_live", .may_be_live = may_be_live);
    return impact_health_add_tcp(health, IMPACT_CHECK_TCP(.address = "127.0.0.1:1", .check = live));
}

TEST(what_is_outside_of_the_process_is_not_live_unless_it_may)
{
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    CHECK_EQUAL(add_live(health, "port", false), IMPACT_EPERM);
    CHECK_EQUAL(add_live(health, "port", true), IMPACT_OK);
    CHECK_EQUAL(impact_health_add_redis(
                    health, IMPACT_CHECK_REDIS(.name = "queue", .address = "a", .groups = "_live")),
                IMPACT_EPERM);
    CHECK_EQUAL(impact_health_add_program(
                    health, IMPACT_CHECK_PROGRAM(.name = "it", .argv = argv, .groups = "_live")),
                IMPACT_EPERM);
    CHECK_EQUAL(
        impact_health_add_memory(
            health, IMPACT_CHECK_MEMORY(.name = "memory", .fail_percent = 99, .groups = "_live")),
        IMPACT_OK);
    CHECK_EQUAL(impact_health_close(health, 1000), 0);
}

TEST(a_check_has_the_component_type_of_its_kind_unless_it_has_another)
{
    const impact_check *own = IMPACT_CHECK(.component_type = "mine");
    impact_health *health = NULL;
    impact_health_report *report = NULL;
    impact_health_result result = {.size = sizeof result};
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    CHECK_EQUAL(
        impact_health_add_load(health, IMPACT_CHECK_LOAD(.warn_per_processor = 1e9, .name = "a")),
        IMPACT_OK);
    CHECK_EQUAL(impact_health_add_load(health, IMPACT_CHECK_LOAD(.warn_per_processor = 1e9,
                                                                 .name = "b", .check = own)),
                IMPACT_OK);
    REQUIRE(impact_health_probe(health, impact_text_of("a,b"), &report) == IMPACT_OK);
    CHECK(impact_health_report_get(report, 0, &result));
    CHECK(impact__text_equal_string(result.component_type, "system"));
    CHECK(impact_health_report_get(report, 1, &result));
    CHECK(impact__text_equal_string(result.component_type, "mine"));
    impact_health_report_close(report);
    CHECK_EQUAL(impact_health_close(health, 5000), 0);
}

TEST(a_check_of_an_unknown_version_is_refused)
{
    const impact_check none = {.size = 0};
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    check_refused(impact_health_add_load(
        health, IMPACT_CHECK_LOAD(.warn_per_processor = 1, .name = "it", .check = &none)));
    CHECK_EQUAL(impact_health_close(health, 1000), 0);
}

/* ---- liveness ---- */

TEST(the_live_group_takes_what_looks_at_the_machine_and_refuses_what_asks_others)
{
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    CHECK_EQUAL(impact_health_add_load(health, IMPACT_CHECK_LOAD(.name = "load", .groups = "_live",
                                                                 .fail_per_processor = 100)),
                IMPACT_OK);
    CHECK_EQUAL(impact_health_add_tcp(health, IMPACT_CHECK_TCP(.name = "tcp", .groups = "_live",
                                                               .address = "127.0.0.1:1")),
                IMPACT_EPERM);
    CHECK_EQUAL(
        impact_health_add_redis(health, IMPACT_CHECK_REDIS(.name = "redis", .groups = "_live",
                                                           .address = "127.0.0.1:1")),
        IMPACT_EPERM);
    CHECK_EQUAL(
        impact_health_add_tcp(health, IMPACT_CHECK_TCP(.name = "tcp", .groups = "_live",
                                                       .address = "127.0.0.1:1",
                                                       .check = IMPACT_CHECK(.may_be_live = true))),
        IMPACT_OK);
    CHECK_EQUAL(impact_health_close(health, 0), 0);
}
