/* Names of checks and groups. */
#include "health/name.h"

#include "support/check.h"

static bool is_check(const char *name)
{
    return impact__is_check_name(impact_text_of(name));
}

static bool is_group(const char *name)
{
    return impact__is_group_name(impact_text_of(name));
}

TEST(a_check_has_a_name_that_can_stand_in_a_list)
{
    CHECK(is_check("db"));
    CHECK(is_check("A-z.0:9/x_"));
    CHECK(is_check("payment gateway (EU)"));
    CHECK(is_check("d\xC3\xB6"));
    CHECK(!is_check(""));
    CHECK(!is_check("_db"));
    CHECK(!is_check(" a"));
    CHECK(!is_check("a\t"));
    CHECK(!is_check("a,b"));
    CHECK(!is_check("a\nb"));
    CHECK(!is_check("a\x7F"));
    CHECK(!is_check("d\xC3"));
    CHECK(!impact__is_check_name(impact_text_from("a\0b", 3)));
}

TEST(a_name_has_at_most_64_bytes)
{
    char name[66] = "";
    memset(name, 'x', 65);
    CHECK(!is_check(name));
    name[64] = 0;
    CHECK(is_check(name));
    name[0] = '_';
    CHECK(is_group(name));
    name[64] = 'x';
    CHECK(!is_group(name));
}

TEST(a_group_begins_with_an_underscore)
{
    CHECK(is_group("_defaults"));
    CHECK(!is_group("_"));
    CHECK(!is_group("ready"));
    CHECK(!is_group("_rea dy"));
    CHECK(!is_group(""));
}

static const char *formatted(const char *list)
{
    static char groups[128];
    return impact__groups_format(groups, impact_text_of(list)) ? groups : "refused";
}

TEST(groups_are_written_between_commas)
{
    CHECK_STRING(formatted("_defaults"), ",_defaults,");
    CHECK_STRING(formatted(" _a ,\t_b,,"), ",_a,_b,");
    CHECK_STRING(formatted(""), "");
    CHECK_STRING(formatted(" , "), "");
    CHECK_STRING(formatted("_a,b"), "refused");
}

TEST(a_group_is_found_as_a_whole)
{
    CHECK(impact__groups_have(",_a,_bc,", impact_text_of("_a")));
    CHECK(impact__groups_have(",_a,_bc,", impact_text_of("_bc")));
    CHECK(!impact__groups_have(",_a,_bc,", impact_text_of("_b")));
    CHECK(!impact__groups_have(",_a,_bc,", impact_text_of("_a,_bc")));
    CHECK(!impact__groups_have("", impact_text_of("_a")));
    CHECK(!impact__groups_have("", impact_text_of("")));
}
