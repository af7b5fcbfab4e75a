/* One reader for all of the environment: white space, numbers, words, lists. */
#include "base/environment.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include <impact/diagnostics.h>

#include "base/text.h"
#include "support/check.h"
#include "support/setting.h"

/* What a file ends with, and what an editor leaves, is no part of a value. */
TEST(white_space_and_line_ends_around_a_value_are_not_part_of_it)
{
    uint32_t number = 0;
    double ratio = 0;
    begin();
    set("A", " \t\v\f\r\nvalue of two words\r\n");
    CHECK(impact__text_equal_string(impact__environment_text("A"), "value of two words"));
    set("A", "\n7\n");
    CHECK(impact__environment_number(&number, "A") && number == 7);
    set("A", "0.5\r\n");
    CHECK(impact__environment_ratio(&ratio, "A") && ratio * 2 == 1);
    set("A", "TRUE\n");
    CHECK(impact__environment_is_true("A"));
    set("A", " \r\n");
    CHECK(!impact__environment_number(&number, "A") && !impact__environment_text("A").size);
    CHECK_STRING(reported, "");
}

TEST(only_true_in_any_case_is_true)
{
    begin();
    set("A", "True");
    CHECK(impact__environment_is_true("A"));
    set("A", "false");
    CHECK(!impact__environment_is_true("A"));
    CHECK_STRING(reported, "");
    set("A", "1");
    CHECK(!impact__environment_is_true("A"));
    CHECK_STRING(reported, "A=1 is not used: it has to be false or true\n");
}

TEST(a_number_is_whole_and_below_two_to_the_31)
{
    static const char *const bad[] = {
        "-1", "1.5", "x", "0x10", "2147483648", "1 2", "99999999999999999999999"};
    uint32_t value = 7;
    begin();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        set("A", bad[i]);
        CHECK(!impact__environment_number(&value, "A"));
        CHECK_EQUAL(value, 7);
    }
    CHECK(check_contains(reported, "A=-1 is not used"));
    set("A", " 2147483647 ");
    CHECK(impact__environment_number(&value, "A"));
    CHECK_EQUAL(value, INT32_MAX);
    set("A", "+5");
    CHECK(impact__environment_number(&value, "A"));
    CHECK_EQUAL(value, 5);
    set("A", "00000000000000000000000000000000000000000000009");
    CHECK(impact__environment_number(&value, "A"));
    CHECK_EQUAL(value, 9);
}

static void check_ratio(const char *text, double should)
{
    double value = -1;
    set("A", text);
    if (!impact__environment_ratio(&value, "A") || value < should || value > should)
        check_failed(__FILE__, __LINE__, "%s is %.17g, not %.17g", text, value, should);
}

TEST(a_ratio_is_any_number_from_0_to_1_to_the_last_bit)
{
    begin();
    check_ratio("0", 0);
    check_ratio("1", 1);
    check_ratio("1.0", 1);
    check_ratio("1.", 1);
    check_ratio(".5", 0.5);
    check_ratio("0.1", 0.1);
    check_ratio("1e-3", 1e-3);
    check_ratio("5E-1", 0.5);
    check_ratio("00.125", 0.125);
    check_ratio("+0.25", 0.25);
    check_ratio("-0.0", 0);
    check_ratio("0.33333333333333331483", 1.0 / 3);
    check_ratio("1e-19", 1e-19);
    check_ratio("1e-99", 1e-99);
    check_ratio("1e-9999", 0);
    check_ratio("2.5e-0001", 0.25);
    check_ratio("0.1e+1", 1);
    check_ratio("10000000000000000000000e-22", 1);
    CHECK_STRING(reported, "");
}

TEST(a_ratio_may_have_any_number_of_digits)
{
    char digits[5000] = "0.25";
    memset(digits + 4, '0', sizeof digits - 5);
    begin();
    check_ratio(digits, 0.25);
}

TEST(what_is_no_ratio_is_refused)
{
    static const char *const bad[] = {
        "-0.1", "1.1",    "nan",   "inf", "0,5", ".", "e-1",   "1e",  "1e3",      "0x1",
        "1e-",  "0x1p-1", "0.5.5", "++1", "+",   "-", "1e400", "0 5", "infinity", "1.0000000001"};
    begin();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double value = -1;
        set("A", bad[i]);
        if (impact__environment_ratio(&value, "A") || value >= 0)
            check_failed(__FILE__, __LINE__, "%s is taken", bad[i]);
    }
    CHECK(check_contains(reported, "A=-0.1 is not used: it has to be a number from 0 to 1"));
}

TEST(a_ratio_has_a_point_whatever_the_locale)
{
    begin();
    if (!setlocale(LC_ALL, "de_DE.UTF-8"))
        (void)setlocale(LC_ALL, ""); /* where there is no German, the test is a weaker one */
    check_ratio("0.5", 0.5);
}

TEST(a_report_repeats_only_valid_text)
{
    begin();
    set("A", "ab\xFF");
    (void)impact__environment_is_true("A");
    CHECK_STRING(reported, "A=ab is not used: it has to be false or true\n");
}

TEST(a_word_is_one_of_a_few_in_any_case)
{
    static const char *const words[] = {"one", "two", "three", NULL};
    size_t index = 9;
    begin();
    CHECK(!impact__environment_choice(&index, "A", words));
    set("A", " Three ");
    CHECK(impact__environment_choice(&index, "A", words));
    CHECK_EQUAL(index, 2);
    CHECK_STRING(reported, "");
    set("A", "four");
    CHECK(!impact__environment_choice(&index, "A", words));
    CHECK_EQUAL(index, 2);
    CHECK_STRING(reported, "A=four is not used: it has to be one, two or three\n");
}

TEST(empty_members_of_a_list_are_skipped)
{
    static const char *const lists[] = {"a,b", ",a,b", "a,,b,", " a\n, ,\tb\r\n,", ",,,a,b"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        impact_text rest = impact_text_of(lists[i]);
        impact_text member;
        CHECK(impact__environment_member(&member, &rest));
        CHECK(impact__text_equal_string(member, "a"));
        CHECK(impact__environment_member(&member, &rest));
        CHECK(impact__text_equal_string(member, "b"));
        CHECK(!impact__environment_member(&member, &rest));
    }
}

TEST(a_value_that_may_be_a_secret_is_not_repeated)
{
    begin();
    impact__environment_refuse_unseen("A", "why");
    CHECK_STRING(reported, "A=... is not used: why\n");
}
