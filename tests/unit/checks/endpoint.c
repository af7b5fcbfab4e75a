/* Where a server is. */
#include "checks/endpoint.h"

#include <stdio.h>
#include <string.h>

#include "support/check.h"

TEST(hosts_ports_and_paths_are_read)
{
    static const struct {
        const char *address;
        uint16_t default_port;
        const char *where;
        uint16_t port;
    } rows[] = {
        {"db:5432", 0, "db", 5432},
        {"db", 5432, "db", 5432},
        {"127.0.0.1:1", 2, "127.0.0.1", 1},
        {"[::1]:80", 0, "::1", 80},
        {"[fe80::1%eth0]", 9, "fe80::1%eth0", 9},
        {"/run/redis.sock", 6379, "/run/redis.sock", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        impact__endpoint to;
        CHECK(impact__endpoint_read(&to, rows[i].address, rows[i].default_port));
        CHECK_STRING(to.where, rows[i].where);
        CHECK_EQUAL(to.port, rows[i].port);
    }
}

TEST(what_is_no_address_is_refused_and_leaves_all_as_it_was)
{
    static const char *const rows[] = {NULL,       "",     ":80", "db",   "db:",    "db:0",
                                       "db:65536", "db:x", "::1", "[::1", "[::1]x", "[]:80"};
    impact__endpoint to = {.port = 7, .where = "here"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK(!impact__endpoint_read(&to, rows[i], 0));
    CHECK_STRING(to.where, "here");
    CHECK_EQUAL(to.port, 7);
}

TEST(what_is_too_long_is_refused)
{
    char host[300];
    char path[200] = "/";
    impact__endpoint to;
    memset(host, 'h', sizeof host - 1);
    host[sizeof host - 1] = 0;
    CHECK(!impact__endpoint_read(&to, host, 1));
    host[impact__host_limit] = 0;
    CHECK(impact__endpoint_read(&to, host, 1));
    memset(path + 1, 'p', sizeof path - 2);
    CHECK(!impact__endpoint_read(&to, path, 1));
    path[107] = 0; /* sun_path has 108 bytes */
    CHECK(impact__endpoint_read(&to, path, 1));
}
