/* Names that are looked up where no thread may be started. */
#include <dirent.h>
#include <poll.h>
#include <pthread.h>

#include <ares.h>

#include "export/otlp/names.h"
#include "support/faults.h"
#include "support/name_server.h"
#include "support/otlp_peer.h"

enum { in_time_ms = 20000, soon_ms = 50, impatient_ms = 5 };

static const char name[] = "collector.example";

/* ---- an exporter that nobody waits for ---- */

static message_example example;

/* As open_peer, by the name. */
static int open_named_peer(int backlog)
{
    char url[64];
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    const int peer = open_peer(backlog);
    CHECK(getsockname(peer, (struct sockaddr *)&address, &size) == 0);
    (void)snprintf(url, sizeof url, "http://%s:%d", name, ntohs(address.sin_port));
    (void)setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url, 1);
    return peer;
}

static void begin(impact_exporter *exporter, uint32_t timeout_ms)
{
    message_example_fill(&example);
    exporter->begin_export(exporter, &example.batch.shown, timeout_ms);
}

static impact_export_progress advance(impact_exporter *exporter)
{
    impact_export_progress progress = {
        .size = sizeof progress, .descriptor = -1, .wait_ms = UINT32_MAX};
    exporter->advance_export(exporter, &progress);
    return progress;
}

static void wait_for(const impact_export_progress *progress)
{
    struct pollfd readable = {.fd = progress->descriptor, .events = POLLIN};
    CHECK(readable.fd >= 0 && progress->wait_ms <= in_time_ms);
    (void)poll(&readable, 1, (int)progress->wait_ms);
}

/* As a host does. */
static impact_status finish(impact_exporter *exporter)
{
    impact_export_progress progress = advance(exporter);
    for (; !progress.is_over; progress = advance(exporter))
        wait_for(&progress);
    return progress.status;
}

static impact_exporter *begin_one(uint32_t timeout_ms)
{
    impact_exporter *exporter = open_exporter();
    begin(exporter, timeout_ms);
    return exporter;
}

/* Until both questions have been asked, which nobody answers. */
static impact_export_progress reach_server(impact_exporter *exporter, name_server *server)
{
    impact_export_progress progress = advance(exporter);
    while (atomic_load(&server->asked) < 2 && !progress.is_over) {
        struct pollfd readable = {.fd = progress.descriptor, .events = POLLIN};
        (void)poll(&readable, 1, 1);
        progress = advance(exporter);
    }
    CHECK(!progress.is_over);
    return progress;
}

TEST(a_name_is_looked_up_and_the_batch_sent_to_its_address)
{
    name_server *server = name_server_start("");
    exchange e = {.peer = open_named_peer(8), .answers = {HTTP_OK}};
    pthread_t thread;
    impact_exporter *exporter = begin_one(in_time_ms);
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    CHECK_EQUAL(finish(exporter), IMPACT_OK);
    (void)pthread_join(thread, NULL);
    CHECK_EQUAL(atomic_load(&server->asked), 2); /* for both kinds of address */
    impact_exporter_close(exporter);
    (void)close(e.peer);
}

TEST(what_a_file_knows_is_known_at_once)
{
    name_server *server = name_server_start("127.0.0.1 collector.example\n");
    const int peer = open_named_peer(0);
    impact_exporter *exporter = begin_one(in_time_ms);
    CHECK(advance(exporter).wait_ms < 1000); /* it is not waited for */
    (void)advance(exporter);
    CHECK_EQUAL(atomic_load(&server->asked), 0);
    impact_exporter_close(exporter);
    (void)close(peer);
}

static uint64_t end_of_a_silent_look_up_ms(void)
{
    const uint64_t began_ns = impact__clock_monotonic_ns();
    impact_exporter *exporter = begin_one(soon_ms);
    CHECK_EQUAL(finish(exporter), IMPACT_EAGAIN); /* another time it may do */
    const uint64_t took_ms = (impact__clock_monotonic_ns() - began_ns) / IMPACT__NS_PER_MS;
    CHECK(took_ms >= soon_ms - 1);
    impact_exporter_close(exporter);
    return took_ms;
}

TEST(a_look_up_ends_with_the_time_of_its_batch)
{
    name_server *server = name_server_start("");
    const int peer = open_named_peer(8);
    atomic_store(&server->is_silent, true);
    CHECK(check_is_in_time(end_of_a_silent_look_up_ms, soon_ms + 50));
    (void)close(peer);
}

/* ---- what ends one ---- */

static int descriptors(void)
{
    int count = 0;
    DIR *all = opendir("/proc/self/fd");
    for (const struct dirent *entry; all && (entry = readdir(all));)
        count += entry->d_name[0] != '.';
    CHECK(all && closedir(all) == 0);
    return count;
}

TEST(an_interruption_and_a_close_end_a_look_up_and_leave_nothing_open)
{
    name_server *server = name_server_start("");
    const int peer = open_named_peer(8);
    const int before = descriptors();
    atomic_store(&server->is_silent, true);
    impact_exporter *exporter = begin_one(in_time_ms);
    const impact_export_progress asked = reach_server(exporter, server);
    exporter->interrupt(exporter);
    struct pollfd readable = {.fd = asked.descriptor, .events = POLLIN};
    CHECK_EQUAL(poll(&readable, 1, in_time_ms), 1);
    const impact_export_progress after = advance(exporter);
    CHECK(after.is_over && after.status == IMPACT_ECLOSED);
    impact_exporter_close(exporter);
    CHECK_EQUAL(descriptors(), before);
    exporter = begin_one(in_time_ms);
    CHECK(!advance(exporter).is_over);
    impact_exporter_close(exporter);
    CHECK_EQUAL(descriptors(), before);
    (void)close(peer);
}

TEST(who_is_hastened_does_not_wait_for_a_name_server)
{
    name_server *server = name_server_start("");
    const int peer = open_named_peer(8);
    atomic_store(&server->is_silent, true);
    impact_exporter *exporter = begin_one(in_time_ms);
    (void)reach_server(exporter, server);
    exporter->hasten(exporter, in_time_ms);
    const uint64_t began_ns = impact__clock_monotonic_ns();
    CHECK_EQUAL(finish(exporter), IMPACT_EAGAIN);
    CHECK(impact__clock_monotonic_ns() - began_ns < in_time_ms / 2 * IMPACT__NS_PER_MS);
    impact_exporter_close(exporter);
    (void)close(peer);
}

static bool is_inherited(int descriptor)
{
    const int flags = fcntl(descriptor, F_GETFD);
    return flags >= 0 && !(flags & FD_CLOEXEC);
}

TEST(a_program_that_the_host_starts_inherits_nothing_of_a_look_up)
{
    enum { descriptor_limit = 256 };
    bool before[descriptor_limit];
    name_server *server = name_server_start("");
    const int peer = open_named_peer(8);
    atomic_store(&server->is_silent, true);
    for (int i = 0; i < descriptor_limit; i++)
        before[i] = is_inherited(i);
    impact_exporter *exporter = begin_one(in_time_ms);
    (void)reach_server(exporter, server);
    for (int i = 0; i < descriptor_limit; i++)
        CHECK_EQUAL(is_inherited(i), before[i]);
    impact_exporter_close(exporter);
    (void)close(peer);
}

TEST(a_child_that_is_forked_amid_a_look_up_begins_its_own_and_leaves_the_parents_alone)
{
    name_server *server = name_server_start("");
    exchange e = {.peer = open_named_peer(8), .answers = {HTTP_OK, HTTP_OK}};
    int status = 1;
    pthread_t thread;
    atomic_store(&server->is_silent, true);
    impact_exporter *exporter = begin_one(in_time_ms);
    (void)reach_server(exporter, server);
    atomic_store(&server->is_silent, false);
    const pid_t child = fork();
    if (child == 0) {
        begin(exporter, in_time_ms);
        const impact_status ended = finish(exporter);
        impact_exporter_close(exporter);
        _exit(ended == IMPACT_OK ? 0 : 1);
    }
    REQUIRE(pthread_create(&thread, NULL, exchange_all, &e) == 0);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK_EQUAL(finish(exporter), IMPACT_OK); /* it asks again */
    (void)pthread_join(thread, NULL);
    impact_exporter_close(exporter);
    (void)close(e.peer);
}

TEST(a_child_that_is_forked_amid_a_look_up_and_never_exports_closes_without_harm)
{
    name_server *server = name_server_start("");
    const int peer = open_named_peer(8);
    int status = 1;
    atomic_store(&server->is_silent, true);
    impact_exporter *exporter = begin_one(in_time_ms);
    (void)reach_server(exporter, server);
    const pid_t child = fork();
    if (child == 0) {
        impact_exporter_close(exporter);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(!advance(exporter).is_over);
    impact_exporter_close(exporter);
    (void)close(peer);
}

/* ---- answers ---- */

TEST(an_address_that_is_none_is_not_taken_for_an_unknown_one)
{
    name_server *server = name_server_start("");
    const int peer = open_named_peer(8);
    atomic_store(&server->address, 0x00010001);
    impact_exporter *exporter = begin_one(soon_ms);
    CHECK_EQUAL(finish(exporter), IMPACT_EAGAIN);
    CHECK_EQUAL(atomic_load(&server->asked), 2);
    impact_exporter_close(exporter);
    (void)close(peer);
}

static impact_status look_up(otlp__names *names, otlp__sockets *sockets)
{
    int running = 0;
    impact_status status = otlp__names_look_up(names, sockets);
    if (status == IMPACT_OK)
        status = otlp__names_look(names);
    while (status == IMPACT_EAGAIN) {
        otlp__sockets_wait(sockets, otlp__names_moment(names));
        CHECK(otlp__sockets_act(sockets, &running));
        status = otlp__names_look(names);
    }
    return status;
}

/* A proxy of that kind wants the address before there is a transfer. */
static void open_names(otlp__names *names, otlp__settings *settings)
{
    (void)setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.example", 1);
    (void)setenv("all_proxy", "socks5://127.0.0.1:1", 1);
    REQUIRE(otlp__settings_open(settings, NULL, NULL) == IMPACT_OK);
    otlp__names_open(names, settings);
    otlp__names_guard(names);
    CHECK_EQUAL(otlp__names_begin(names), IMPACT_OK);
}

TEST(an_answer_is_kept_for_a_minute_whatever_it_says)
{
    static const uint32_t ttls_s[] = {0, 7, 60, 300, INT32_MAX, UINT32_MAX};
    static const uint32_t kept_s[] = {0, 7, 60, 60, 60, 0}; /* RFC 2181 8 */
    name_server *server = name_server_start("");
    otlp__settings settings;
    for (size_t i = 0; i < sizeof ttls_s / sizeof ttls_s[0]; i++) {
        otlp__names names;
        otlp__sockets sockets = {.descriptor = -1, .bell = -1};
        open_names(&names, &settings);
        REQUIRE(otlp__sockets_open(&sockets) && otlp__names_are_wanted(&names));
        atomic_store(&server->ttl_s, ttls_s[i]);
        const uint64_t before_ns = impact__deadline_after_ms(kept_s[i] * UINT64_C(1000));
        CHECK_EQUAL(look_up(&names, &sockets), IMPACT_OK);
        CHECK(names.backend.end_ns >= before_ns);
        CHECK(names.backend.end_ns <= impact__deadline_after_ms(kept_s[i] * UINT64_C(1000)));
        CHECK_EQUAL(otlp__names_begin(&names), IMPACT_OK);
        CHECK_EQUAL(otlp__names_are_wanted(&names), kept_s[i] == 0);
        otlp__names_close(&names);
        otlp__sockets_close(&sockets);
        otlp__settings_close(&settings);
    }
}

/* ---- without memory ---- */

static faults *shared;

static void *ares_allocate(size_t size)
{
    return shared->allocator.allocate(shared, size);
}

static void *ares_resize(void *memory, size_t size)
{
    return shared->allocator.resize(shared, memory, size);
}

static void ares_give_back(void *memory)
{
    shared->allocator.release(shared, memory);
}

/* c-ares without memory may take no notice of an answer, and wait for another one. Whoever looks a
 * name up then ends that when his time is over. */
static impact_status look_up_with(faults *f, otlp__sockets *sockets)
{
    int running = 0;
    otlp__lookup *lookup = NULL;
    uint64_t end_ns = UINT64_MAX;
    impact_status status = otlp__lookup_begin(&lookup, &f->allocator, name, sockets);
    if (status)
        return status;
    while ((status = otlp__lookup_look(lookup)) == IMPACT_EAGAIN &&
           impact__clock_monotonic_ns() < end_ns) {
        if (f->injected && end_ns == UINT64_MAX)
            end_ns = impact__deadline_after_ms(impatient_ms);
        otlp__sockets_wait(sockets, impact__earlier_ns(otlp__lookup_moment(lookup), end_ns));
        CHECK(otlp__sockets_act(sockets, &running));
    }
    CHECK(status != IMPACT_OK || otlp__lookup_addresses(lookup).size > 0);
    otlp__lookup_end(lookup);
    return status;
}

TEST(a_look_up_survives_any_failed_allocation_of_its_own_and_of_c_ares)
{
    faults f;
    otlp__sockets sockets = {.descriptor = -1, .bell = -1};
    (void)name_server_start("");
    REQUIRE(otlp__sockets_open(&sockets));
    CHECK_EQUAL(
        ares_library_init_mem(ARES_LIB_INIT_ALL, ares_allocate, ares_give_back, ares_resize), 0);
    shared = &f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        const impact_status status = look_up_with(&f, &sockets);
        CHECK(status == IMPACT_OK || f.injected);
    }
    otlp__sockets_close(&sockets);
}

TEST(an_export_to_a_name_survives_any_failed_allocation)
{
    faults f;
    (void)name_server_start("127.0.0.1 collector.example\n");
    const int peer = open_named_peer(0);
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_exporter *exporter = NULL;
        const impact_status opened = impact_plugin_otlp.exporter_open(&exporter, &f.allocator);
        CHECK_EQUAL(opened, exporter ? IMPACT_OK : IMPACT_ENOMEM);
        if (!exporter)
            continue;
        begin(exporter, soon_ms);
        CHECK_EQUAL(finish(exporter), f.injected ? IMPACT_ENOMEM : IMPACT_EAGAIN);
        impact_exporter_close(exporter);
    }
    (void)close(peer);
}
