/* Routes: which path is whose. */
#include "health/route.h"

#include "base/text.h"
#include "support/check.h"

static impact__route route;

static bool finds(const char *path)
{
    return impact__route_find(&route, impact_text_of(path), impact_text_of("/health"), true);
}

static bool selects(const char *path, impact__route_kind kind, const char *selector)
{
    return finds(path) && route.kind == kind && impact__text_equal_string(route.selector, selector);
}

TEST(the_prefix_with_and_without_its_slash_asks_for_the_defaults)
{
    CHECK(selects("/health", IMPACT__ROUTE_CHECKS, "_defaults"));
    CHECK(selects("/health/", IMPACT__ROUTE_CHECKS, "_defaults"));
    CHECK_STRING(route.subject, "health");
}

TEST(ping_is_a_path_and_all_else_below_the_prefix_a_name)
{
    CHECK(finds("/health/ping") && route.kind == IMPACT__ROUTE_PING);
    CHECK(selects("/health/db", IMPACT__ROUTE_NAMED, "db"));
    CHECK(selects("/health/_ready", IMPACT__ROUTE_NAMED, "_ready"));
    CHECK(selects("/health/a/b%20c", IMPACT__ROUTE_NAMED, "a/b%20c"));
    CHECK(selects("/health//", IMPACT__ROUTE_NAMED, "/"));
    CHECK(selects("/health/ping/", IMPACT__ROUTE_NAMED, "ping/"));
    CHECK(selects("/health/livez", IMPACT__ROUTE_NAMED, "livez"));
}

TEST(the_probes_lie_beside_the_prefix)
{
    CHECK(selects("/livez", IMPACT__ROUTE_PROBE, "_live"));
    CHECK_STRING(route.subject, "livez");
    CHECK(selects("/readyz", IMPACT__ROUTE_PROBE, "_ready"));
    CHECK_STRING(route.subject, "readyz");
    CHECK(selects("/startupz", IMPACT__ROUTE_PROBE, "_startup"));
    CHECK_STRING(route.subject, "startupz");
}

TEST(the_checks_of_a_probe_lie_below_it)
{
    CHECK(selects("/livez/", IMPACT__ROUTE_PROBE, "_live"));
    CHECK_STRING(route.group, NULL);
    CHECK(selects("/livez/loop", IMPACT__ROUTE_MEMBER, "loop"));
    CHECK_STRING(route.group, "_live");
    CHECK_STRING(route.subject, "livez");
    CHECK(selects("/readyz/a%20b/c", IMPACT__ROUTE_MEMBER, "a%20b/c"));
    CHECK_STRING(route.group, "_ready");
    CHECK(selects("/startupz//", IMPACT__ROUTE_MEMBER, "/"));
    CHECK(selects("/health/a", IMPACT__ROUTE_NAMED, "a"));
    CHECK_STRING(route.group, NULL);
}

TEST(the_probes_paths_are_the_hosts_unless_it_gave_them)
{
    static const char *const paths[] = {"/livez", "/readyz", "/startupz"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        CHECK(!impact__route_find(&route, impact_text_of(paths[i]), impact_text_of("/health"),
                                  false));
}

TEST(all_other_paths_are_the_hosts)
{
    static const char *const paths[] = {
        "",          "/",        "/healt", "/healthy", "/healthy/ping", "/x/health/",
        "//health/", "/x/livez", "livez",  "/LIVEZ",   "/livez2",       "/readyz?a"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        CHECK(!finds(paths[i]));
}
