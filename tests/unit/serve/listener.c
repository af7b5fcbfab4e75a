/* Listening sockets: Unix ones here; those of the internet are tested with the port. */
#include "serve/listener.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/check.h"

static char folder[] = "/tmp/impact-listener-XXXXXX";
static char path[128];
static char address[sizeof path + 8];

static bool make_folder(void)
{
    if (!mkdtemp(folder))
        return false;
    (void)snprintf(path, sizeof path, "%s/a.sock", folder);
    (void)snprintf(address, sizeof address, "unix:%s", path);
    return true;
}

static void remove_folder(void)
{
    (void)unlink(path);
    CHECK(rmdir(folder) == 0);
}

static bool can_connect(const char *name, size_t size)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(to.sun_path, name, size);
    const bool can = connect(client, (const struct sockaddr *)&to,
                             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)) == 0;
    (void)close(client);
    return can;
}

TEST(a_socket_is_a_file_that_goes_with_it)
{
    impact__listener listener;
    REQUIRE(make_folder());
    REQUIRE(impact__listen_open(&listener, address) == IMPACT_OK);
    CHECK_EQUAL(listener.port, 0);
    CHECK(can_connect(path, strlen(path) + 1));
    CHECK(fcntl(listener.descriptor, F_GETFD) & FD_CLOEXEC);
    CHECK(fcntl(listener.descriptor, F_GETFL) & O_NONBLOCK);
    impact__listen_close(&listener);
    CHECK_EQUAL(listener.descriptor, -1);
    CHECK(access(path, F_OK) != 0);
    remove_folder();
}

TEST(a_file_that_somebody_listens_at_is_taken)
{
    impact__listener listener;
    impact__listener second = {.descriptor = 7};
    REQUIRE(make_folder());
    REQUIRE(impact__listen_open(&listener, address) == IMPACT_OK);
    CHECK_EQUAL(impact__listen_open(&second, address), IMPACT_ESYSTEM);
    CHECK_EQUAL(second.descriptor, 7);
    CHECK(can_connect(path, strlen(path) + 1));
    impact__listen_close(&listener);
    remove_folder();
}

TEST(a_file_that_was_left_over_is_replaced)
{
    impact__listener dead;
    impact__listener listener;
    REQUIRE(make_folder());
    REQUIRE(impact__listen_open(&dead, address) == IMPACT_OK);
    (void)close(dead.descriptor); /* as when its process is killed */
    REQUIRE(impact__listen_open(&listener, address) == IMPACT_OK);
    CHECK(can_connect(path, strlen(path) + 1));
    impact__listen_close(&listener);
    remove_folder();
}

TEST(a_file_that_is_no_socket_is_left_alone)
{
    impact__listener listener;
    REQUIRE(make_folder());
    const int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    REQUIRE(file >= 0 && close(file) == 0);
    CHECK_EQUAL(impact__listen_open(&listener, address), IMPACT_ESYSTEM);
    CHECK(access(path, F_OK) == 0);
    remove_folder();
}

TEST(a_file_that_is_somebody_elses_by_now_is_left_there)
{
    impact__listener first;
    impact__listener second;
    REQUIRE(make_folder());
    REQUIRE(impact__listen_open(&first, address) == IMPACT_OK);
    CHECK(unlink(path) == 0);
    REQUIRE(impact__listen_open(&second, address) == IMPACT_OK);
    impact__listen_close(&first);
    CHECK(can_connect(path, strlen(path) + 1));
    impact__listen_close(&second);
    CHECK(access(path, F_OK) != 0);
    remove_folder();
}

TEST(an_abstract_name_is_no_file)
{
    char name[64];
    impact__listener listener;
    impact__listener second;
    (void)snprintf(name, sizeof name, "unix:@impact-%d", (int)getpid());
    REQUIRE(impact__listen_open(&listener, name) == IMPACT_OK);
    CHECK_EQUAL(impact__listen_open(&second, name), IMPACT_ESYSTEM);
    name[5] = '\0';
    CHECK(can_connect(name + 5, 1 + strlen(name + 6)));
    impact__listen_close(&listener);
}

TEST(what_is_no_unix_socket_is_refused)
{
    char longest[5 + 108 + 1] = "unix:/";
    impact__listener listener;
    memset(longest + 6, 'a', 107);
    CHECK_EQUAL(impact__listen_open(&listener, longest), IMPACT_EINVAL);
    CHECK_EQUAL(impact__listen_open(&listener, "unix:"), IMPACT_EINVAL);
    CHECK_EQUAL(impact__listen_open(&listener, "unix:@"), IMPACT_EINVAL);
    CHECK_EQUAL(impact__listen_open(&listener, "unix:relative"), IMPACT_EINVAL);
    CHECK_EQUAL(impact__listen_open(&listener, "unix:/nowhere/at/all"), IMPACT_ESYSTEM);
    CHECK_EQUAL(impact__listen_open(&listener, NULL), IMPACT_EINVAL);
}
