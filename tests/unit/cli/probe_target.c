/* Whom a probe asks. */
#include "probe_target.h"

#include "support/check.h"

static probe_target parse(const char *text)
{
    probe_target target = {.port = 0};
    const char *problem = probe_target_parse(&target, text);
    CHECK_STRING(problem, NULL);
    return target;
}

static void check_tcp(const char *text, const char *host, unsigned port, const char *path)
{
    const probe_target target = parse(text);
    CHECK(!target.is_unix);
    CHECK_STRING(target.host, host);
    CHECK_EQUAL(target.port, port);
    CHECK_STRING(target.path, path);
}

TEST(a_port_is_one_of_this_machine)
{
    check_tcp("8081", "127.0.0.1", 8081, "/health/");
    check_tcp(":8081", "127.0.0.1", 8081, "/health/");
    check_tcp("65535", "127.0.0.1", 65535, "/health/");
}

TEST(a_host_may_be_a_name_or_a_number)
{
    check_tcp("localhost:80", "localhost", 80, "/health/");
    check_tcp("10.0.0.7:81", "10.0.0.7", 81, "/health/");
    check_tcp("[::1]:81", "::1", 81, "/health/");
    CHECK(parse("[::1]:81").is_bracketed);
}

TEST(a_url_says_the_path)
{
    check_tcp("http://a/readyz", "a", 80, "/readyz");
    check_tcp("HTTP://a:81/readyz?verbose", "a", 81, "/readyz?verbose");
    check_tcp("http://a:81", "a", 81, "/health/");
    check_tcp("http://a?b", "a", 80, "/?b");
    check_tcp("http://a/b#c", "a", 80, "/b");
}

TEST(a_socket_is_a_file_or_an_abstract_name)
{
    CHECK(parse("/run/orders.sock").is_unix);
    CHECK_STRING(parse("/run/orders.sock").host, "/run/orders.sock");
    CHECK_STRING(parse("unix:/run/orders.sock").host, "/run/orders.sock");
    CHECK_STRING(parse("unix:@orders").host, "@orders");
    CHECK_STRING(parse("unix:@orders").path, "/health/");
}

TEST(what_is_no_target_is_refused_and_changes_nothing)
{
    static const char *const texts[] = {
        "",          "0",      "65536",        "-1",          "host",         "host:",
        "host:0",    "host:x", "host:65536",   "[::1",        "[]:80",        "a b:80",
        "http://",   "http:/", "https://a/",   "http://u@a/", "http://a:0/",  "a:80/path",
        "unix:",     "unix:/", "unix:name",    "/",           "http://a/b c", "http://a/\r\nX: y",
        "ftp://a/b", "::1:80", "http://a:80b/"};
    probe_target target = {.port = 7};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!probe_target_parse(&target, texts[i]))
            check_failed(__FILE__, __LINE__, "\"%s\" was taken", texts[i]);
    CHECK_EQUAL(target.port, 7);
    CHECK_STRING(target.path, "");
}

TEST(a_socket_whose_path_is_too_long_is_refused)
{
    char path[200] = "/";
    probe_target target;
    memset(path + 1, 'a', 107);
    CHECK(probe_target_parse(&target, path) != NULL);
    path[107] = '\0';
    CHECK(probe_target_parse(&target, path) == NULL);
}

TEST(a_path_is_kept_as_it_is)
{
    probe_target target = parse("80");
    CHECK_STRING(probe_target_set_path(&target, "/a%20b?c=d#e"), NULL);
    CHECK_STRING(target.path, "/a%20b?c=d");
    CHECK(probe_target_set_path(&target, "") != NULL);
    CHECK(probe_target_set_path(&target, "a") != NULL);
    CHECK(probe_target_set_path(&target, "/\n") != NULL);
    CHECK_STRING(target.path, "/a%20b?c=d");
}

TEST(a_list_is_encoded_into_the_query)
{
    probe_target target = parse("80");
    CHECK(probe_target_add(&target, "checks", "_ready,a b&\xc3\xa9"));
    CHECK_STRING(target.path, "/health/?checks=_ready,a%20b%26%C3%A9");
    CHECK(probe_target_add(&target, "exclude", ""));
    CHECK_STRING(target.path, "/health/?checks=_ready,a%20b%26%C3%A9&exclude=");
}

TEST(a_list_for_which_there_is_no_room_is_refused)
{
    char list[probe_path_limit + 2] = "";
    probe_target target = parse("80");
    memset(list, 'a', probe_path_limit + 1);
    CHECK(!probe_target_add(&target, "checks", list));
    CHECK_STRING(target.path, "/health/");
    memset(list, ' ', probe_path_limit + 1);
    CHECK(!probe_target_add(&target, "checks", list));
    CHECK_STRING(target.path, "/health/");
    list[probe_path_limit / 3] = '\0';
    CHECK(!probe_target_add(&target, "checks", list));
    list[(probe_path_limit - 17) / 3] = '\0';
    CHECK(probe_target_add(&target, "checks", list));
}
