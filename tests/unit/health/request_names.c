/* What a path and a query ask for together. */
#include "health/request_names.h"

#include "base/text.h"
#include "support/check.h"

static impact__request_names names;

static impact_status read_names(const char *path, const char *query)
{
    impact__route route;
    if (!impact__route_find(&route, impact_text_of(path), impact_text_of("/health"), true))
        return IMPACT_ESYSTEM;
    return impact__request_names_read(&names, &route, impact_text_of(query));
}

/* The names with a blank behind each, the excluded ones with a minus before. */
static bool reads(const char *path, const char *query, const char *should)
{
    char all[512] = "";
    size_t size = 0;
    if (read_names(path, query))
        return false;
    for (size_t i = 0; i < names.selector.count && size < sizeof all; i++)
        size += (size_t)snprintf(all + size, sizeof all - size, "%s%.*s ",
                                 names.selector.names[i].is_excluded ? "-" : "",
                                 (int)names.selector.names[i].name.size,
                                 names.selector.names[i].name.data);
    if (strcmp(all, should) != 0)
        printf("# %s\n", all);
    return strcmp(all, should) == 0;
}

TEST(checks_stands_for_the_defaults)
{
    CHECK(reads("/health/", "", "_defaults "));
    CHECK(reads("/health", "other=1", "_defaults "));
    CHECK(reads("/health/", "checks=a,b", "a b "));
    CHECK(reads("/health/", "checks=", ""));
    CHECK(reads("/health/", "checks=a&checks=b", "a "));
}

TEST(checks_adds_to_what_any_other_path_asks_for)
{
    CHECK(reads("/readyz", "", "_ready "));
    CHECK(reads("/readyz", "checks=", "_ready "));
    CHECK(reads("/livez", "checks=a,b", "_live a b "));
    CHECK(reads("/health/db", "checks=cache", "db cache "));
}

TEST(exclude_leaves_out_on_every_path_and_may_be_given_several_times)
{
    CHECK(reads("/health/", "exclude=a,_b", "_defaults -a -_b "));
    CHECK(reads("/readyz", "exclude=a&x=1&exclude=b+&%65xclude=c%2Cd", "_ready -a -b -c -d "));
    CHECK(reads("/health/db", "exclude=db", "db -db "));
    CHECK(reads("/health/", "checks=a&exclude=", "a "));
}

TEST(the_name_in_a_path_is_decoded_once_and_a_plus_is_a_plus)
{
    CHECK(reads("/health/a%20b", "", "a b "));
    CHECK(reads("/health/a+b", "", "a+b "));
    CHECK(reads("/health/a%252Fb", "", "a%2Fb "));
    CHECK(reads("/health/d\xC3\xB6", "", "d\xC3\xB6 "));
    CHECK(reads("/health/d%C3%B6", "", "d\xC3\xB6 "));
}

TEST(a_path_that_is_no_one_name_names_nothing)
{
    static const char *const paths[] = {
        "/health/,",   "/health/%20",   "/health/a,b",  "/health/%",   "/health/%zz",
        "/health/%00", "/health/a%0Ab", "/health/\xFF", "/health/%2C", "/health/%FF"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        CHECK_EQUAL(read_names(paths[i], ""), IMPACT_ENOENT);
    char path[8 + 200 + 1] = "/health/";
    memset(path + 8, 'a', 64);
    CHECK_EQUAL(read_names(path, ""), IMPACT_OK);
    memset(path + 8, 'a', 200);
    CHECK_EQUAL(read_names(path, ""), IMPACT_ENOENT);
    path[8 + 65] = 0;
    CHECK_EQUAL(read_names(path, ""), IMPACT_ENOENT);
}

TEST(what_is_no_name_in_a_query_is_refused)
{
    static const char *const values[] = {"%00", "%FF", "a%0D%0Ab", "%", "%4", "%gg", "a,%C0%80"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char query[64];
        (void)snprintf(query, sizeof query, "checks=%s", values[i]);
        CHECK_EQUAL(read_names("/health/", query), IMPACT_EINVAL);
        (void)snprintf(query, sizeof query, "exclude=a&exclude=%s", values[i]);
        CHECK_EQUAL(read_names("/readyz", query), IMPACT_EINVAL);
    }
}

TEST(names_that_are_left_out_count_as_names)
{
    char query[IMPACT__QUERY_LIMIT] = "exclude=";
    for (int i = 0; i < 256; i++)
        memcpy(query + 8 + 2 * i, "a,", 2);
    CHECK_EQUAL(read_names("/health/", query), IMPACT_EINVAL);
    CHECK_EQUAL(read_names("/health/", "checks="), IMPACT_OK);
    query[8 + 2 * 255] = 0;
    CHECK_EQUAL(read_names("/health/", query), IMPACT_OK);
}
