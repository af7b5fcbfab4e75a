/* The parameters of a query. */
#include "health/query.h"

#include "base/text.h"
#include "support/check.h"

static bool finds(const char *query, const char *name, const char *should)
{
    impact_text value;
    return impact__query_find(&value, impact_text_of(query), name) &&
           impact__text_equal_string(value, should);
}

static bool has(const char *query, const char *name)
{
    impact_text value;
    return impact__query_find(&value, impact_text_of(query), name);
}

TEST(a_parameter_is_found_by_its_name)
{
    CHECK(finds("checks=a", "checks", "a"));
    CHECK(finds("x=1&checks=a,b&y=2", "checks", "a,b"));
    CHECK(finds("checks=a=b", "checks", "a=b"));
    CHECK(!has("", "checks"));
    CHECK(!has(NULL, "checks"));
    CHECK(!has("check=a&checksum=b&xchecks=c&Checks=d", "checks"));
}

TEST(a_parameter_without_a_value_is_empty_and_there)
{
    CHECK(finds("checks", "checks", ""));
    CHECK(finds("checks=", "checks", ""));
    CHECK(finds("&&checks&", "checks", ""));
    CHECK(!has("=checks", "checks"));
}

TEST(the_first_of_two_parameters_counts)
{
    CHECK(finds("checks=a&checks=b", "checks", "a"));
}

TEST(the_name_of_a_parameter_may_be_encoded)
{
    CHECK(finds("%63hecks=a", "checks", "a"));
    CHECK(finds("%63%68%65%63%6b%73=a", "checks", "a"));
    CHECK(!has("%zzchecks=a", "checks"));
    CHECK(!has("checks%00=a", "checks"));
    CHECK(!has("%63%68%65%63%6b%73%63%68%65%63%6b%73%63%68%65%63%6b%73=a", "checks"));
}

TEST(each_of_several_parameters_is_found_in_turn)
{
    impact_text rest = impact_text_of("exclude=a&x=1&exclude&%65xclude=c");
    impact_text value;
    CHECK(impact__query_next(&value, &rest, "exclude") && impact__text_equal_string(value, "a"));
    CHECK(impact__query_next(&value, &rest, "exclude") && impact__text_equal_string(value, ""));
    CHECK(impact__query_next(&value, &rest, "exclude") && impact__text_equal_string(value, "c"));
    CHECK(!impact__query_next(&value, &rest, "exclude"));
}
