/* The plugin's server when the system refuses it threads, or descriptors. */
#include <impact/plugin.h>

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/check.h"

extern const impact_plugin impact_plugin_microhttpd;

typedef int (*create_fn)(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                         void *argument);

static atomic_bool are_threads_refused;
static atomic_int bad_close_count; /* of descriptors that were not open: perhaps somebody else's */

/* Both are found before the system's. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument)
{
    create_fn create = NULL;
    *(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
    return atomic_load(&are_threads_refused) ? EAGAIN : create(thread, attributes, run, argument);
}

int close(int descriptor)
{
    int (*close_it)(int) = NULL;
    *(void **)&close_it = dlsym(RTLD_NEXT, "close");
    const int result = close_it(descriptor);
    atomic_fetch_add(&bad_close_count, result < 0 && errno == EBADF);
    return result;
}

static bool answer(void *userdata, const impact_http_request *request,
                   impact_http_response *response)
{
    (void)userdata;
    (void)request;
    (void)response;
    return false;
}

static impact_status open_and_close(void)
{
    impact_server *server = NULL;
    uint16_t port = 0;
    const impact_status status =
        impact_plugin_microhttpd.server_open(&server, "127.0.0.1:0", answer, NULL, &port);
    CHECK((server != NULL) == (status == IMPACT_OK));
    impact_plugin_microhttpd.server_close(server);
    return status;
}

static int lowest_free_descriptor(void)
{
    const int lowest = dup(STDERR_FILENO);
    CHECK(lowest >= 0 && close(lowest) == 0);
    return lowest;
}

TEST(what_is_closed_twice_is_seen)
{
    const int lowest = lowest_free_descriptor();
    CHECK_EQUAL(atomic_load(&bad_close_count), 0);
    CHECK_EQUAL(close(lowest), -1);
    CHECK_EQUAL(atomic_load(&bad_close_count), 1);
}

TEST(a_server_whose_thread_is_refused_closes_its_socket_once)
{
    CHECK_EQUAL(open_and_close(), IMPACT_OK); /* what is opened once, and stays, is open now */
    const int lowest = lowest_free_descriptor();
    atomic_store(&are_threads_refused, true);
    CHECK_EQUAL(open_and_close(), IMPACT_ESYSTEM);
    atomic_store(&are_threads_refused, false);
    CHECK_EQUAL(lowest_free_descriptor(), lowest);
    CHECK_EQUAL(open_and_close(), IMPACT_OK);
    CHECK_EQUAL(atomic_load(&bad_close_count), 0);
}

TEST(a_server_whose_port_is_taken_leaves_no_descriptor_open)
{
    impact_server *first = NULL;
    impact_server *second = NULL;
    uint16_t port = 0;
    uint16_t unused = 0;
    char address[32];
    REQUIRE(impact_plugin_microhttpd.server_open(&first, "127.0.0.1:0", answer, NULL, &port) ==
            IMPACT_OK);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", port);
    const int lowest = lowest_free_descriptor();
    CHECK_EQUAL(impact_plugin_microhttpd.server_open(&second, address, answer, NULL, &unused),
                IMPACT_ESYSTEM);
    CHECK_EQUAL(lowest_free_descriptor(), lowest);
    impact_plugin_microhttpd.server_close(first);
    CHECK_EQUAL(atomic_load(&bad_close_count), 0);
}

TEST(a_server_that_gets_no_descriptor_but_its_socket_closes_that_once)
{
    struct rlimit before;
    CHECK_EQUAL(open_and_close(), IMPACT_OK);
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    const int lowest = lowest_free_descriptor();
    struct rlimit tight = before;
    for (rlim_t more = 0; more < 2; more++) { /* not the socket; not what wakes its thread */
        tight.rlim_cur = (rlim_t)lowest + more;
        REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
        CHECK_EQUAL(open_and_close(), IMPACT_ESYSTEM);
        REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
        CHECK_EQUAL(lowest_free_descriptor(), lowest);
    }
    CHECK_EQUAL(open_and_close(), IMPACT_OK);
    CHECK_EQUAL(atomic_load(&bad_close_count), 0);
}
