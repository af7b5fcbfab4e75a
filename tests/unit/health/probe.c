/* What a selector selects, and how a report is read. */
#include <impact/health.h>

#include "gate.h"
#include "support/check.h"

/* "a" and "b" are defaults, "b" and "c" are ready, "d" is in no group. */
static impact_health *open_health(bool ignores_unknown_checks)
{
    static const struct {
        const char *name;
        const char *groups;
    } checks[] = {{"a", NULL}, {"b", "_defaults, _ready"}, {"c", "_ready"}, {"d", ""}};
    impact_health *health = NULL;
    CHECK_EQUAL(impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.budget_ms = patience_ms,
                                                                  .ignores_unknown_checks =
                                                                      ignores_unknown_checks)),
                IMPACT_OK);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        CHECK_EQUAL(
            impact_health_add(health,
                              IMPACT_CHECK(.name = checks[i].name, .run = impact_check_true,
                                           .groups = checks[i].groups, .timeout_ms = patience_ms)),
            IMPACT_OK);
    return health;
}

/* The names of the report in one word, or the status's text. */
static const char *selected(impact_health *health, impact_text selector)
{
    static char names[64];
    impact_health_report *report = NULL;
    const impact_status status = impact_health_probe(health, selector, &report);
    if (status)
        return impact_status_text(status);
    size_t size = 0;
    impact_health_result result = {.size = sizeof result};
    for (size_t i = 0; impact_health_report_get(report, i, &result); i++) {
        memcpy(names + size, result.name.data, result.name.size);
        size += result.name.size;
    }
    names[size] = 0;
    CHECK_EQUAL(impact_health_report_count(report), size);
    CHECK(impact_health_report_is_healthy(report));
    impact_health_report_close(report);
    return names;
}

#define CHECK_SELECTS(selector, names)                                                             \
    CHECK_STRING(selected(health, impact_text_of(selector)), names)

TEST(a_selector_is_a_list_of_names_and_groups_each_check_once)
{
    impact_health *health = open_health(false);
    CHECK_SELECTS("_defaults", "ab");
    CHECK_SELECTS("_ready", "bc");
    CHECK_SELECTS("d", "d");
    CHECK_SELECTS("c,a", "ca");
    CHECK_SELECTS(" a ,\td ", "ad");
    CHECK_SELECTS("a,a,a", "a");
    CHECK_SELECTS("b,_defaults,d", "bad");
    CHECK_SELECTS("_ready,_defaults", "bca");
    CHECK_SELECTS("", "");
    CHECK_SELECTS(NULL, "");
    CHECK_SELECTS(" ,, ", "");
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(an_unknown_name_is_refused)
{
    impact_health *health = open_health(false);
    const char *unknown = impact_status_text(IMPACT_ENOENT);
    CHECK_SELECTS("x", unknown);
    CHECK_SELECTS("a,x", unknown);
    CHECK_SELECTS("A", unknown);
    CHECK_SELECTS("_none", unknown);
    CHECK_SELECTS("a b", unknown);
    CHECK_SELECTS("_", unknown);
    CHECK_EQUAL(impact_health_remove(health, "d"), IMPACT_OK);
    CHECK_SELECTS("d", unknown);
    CHECK_EQUAL(threads_of(health), 0); /* nothing was run for any of them */
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(an_unknown_name_is_ignored_when_the_registry_says_so)
{
    impact_health *health = open_health(true);
    CHECK_SELECTS("x,a,_none", "a");
    CHECK_SELECTS("x", "");
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(the_defaults_are_known_even_when_there_are_none)
{
    impact_health *health = NULL;
    REQUIRE(impact_health_open(&health, NULL) == IMPACT_OK);
    CHECK_SELECTS("_defaults", "");
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(what_can_be_no_name_is_refused_by_any_registry)
{
    for (int ignores = 0; ignores < 2; ignores++) {
        impact_health *health = open_health(ignores);
        const char *invalid = impact_status_text(IMPACT_EINVAL);
        CHECK_SELECTS("\xFF", invalid);
        CHECK_SELECTS("a\nb", invalid);
        CHECK_SELECTS("a,\x7F", invalid);
        CHECK_STRING(selected(health, impact_text_from("a\0b", 3)), invalid);
        CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    }
}

TEST(a_selector_has_at_most_256_names_of_64_bytes)
{
    impact_health *health = open_health(true);
    const char *too_much = impact_status_text(IMPACT_ELIMIT);
    char names[2 * 257 + 1] = "";
    for (int i = 0; i < 257; i++)
        memcpy(names + 2 * i, "a,", 2);
    CHECK_SELECTS(names, too_much);
    names[2 * 256] = 0;
    CHECK_SELECTS(names, "a");
    memset(names, 'x', 65);
    names[65] = 0;
    CHECK_SELECTS(names, too_much);
    names[64] = 0;
    CHECK_SELECTS(names, "");
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_report_is_healthy_when_all_hold)
{
    impact_health *health = open_health(false);
    impact_health_report *report = NULL;
    REQUIRE(impact_health_add(health, IMPACT_CHECK(.name = "e", .run = impact_check_false)) ==
            IMPACT_OK);
    REQUIRE(impact_health_probe(health, impact_text_of("a,e"), &report) == IMPACT_OK);
    CHECK(!impact_health_report_is_healthy(report));
    impact_health_result result = {.size = sizeof result};
    CHECK(impact_health_report_get(report, 1, &result));
    CHECK_EQUAL(result.status, IMPACT_HEALTH_FAIL);
    CHECK(!impact_health_report_get(report, 2, &result));
    CHECK_EQUAL(result.status, IMPACT_HEALTH_FAIL); /* untouched */
    impact_health_report_close(report);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(a_report_outlives_its_checks)
{
    impact_health *health = open_health(false);
    impact_health_report *report = NULL;
    REQUIRE(impact_health_probe(health, impact_text_of("d"), &report) == IMPACT_OK);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
    impact_health_result result = {.size = sizeof result};
    CHECK(impact_health_report_get(report, 0, &result));
    CHECK(result.name.size == 1 && result.name.data[0] == 'd');
    impact_health_report_close(report);
}

typedef struct larger_result {
    impact_health_result known;
    uint64_t added;
} larger_result;

TEST(a_result_of_another_version_gets_what_it_has_room_for)
{
    impact_health *health = open_health(false);
    impact_health_report *report = NULL;
    REQUIRE(impact_health_probe(health, impact_text_of("a"), &report) == IMPACT_OK);
    larger_result larger = {{.size = sizeof larger}, 7};
    CHECK(impact_health_report_get(report, 0, &larger.known));
    CHECK_STRING(larger.known.reason, "");
    CHECK_EQUAL(larger.known.size, sizeof larger);
    CHECK_EQUAL(larger.added, 0);
    impact_health_result smaller = {.size = offsetof(impact_health_result, status),
                                    .status = IMPACT_HEALTH_WARN};
    CHECK(impact_health_report_get(report, 0, &smaller));
    CHECK_EQUAL(smaller.name.size, 1);
    CHECK_EQUAL(smaller.status, IMPACT_HEALTH_WARN);
    smaller.size = 0;
    CHECK(!impact_health_report_get(report, 0, &smaller));
    impact_health_report_close(report);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

TEST(asking_accepts_null)
{
    impact_health *health = open_health(false);
    impact_health_report *report = NULL;
    impact_health_result result = {.size = sizeof result};
    CHECK_EQUAL(impact_health_probe(NULL, impact_text_of(""), &report), IMPACT_EINVAL);
    CHECK_EQUAL(impact_health_probe(health, impact_text_of(""), NULL), IMPACT_EINVAL);
    CHECK(!impact_health_report_is_healthy(NULL));
    CHECK_EQUAL(impact_health_report_count(NULL), 0);
    CHECK(!impact_health_report_get(NULL, 0, &result));
    REQUIRE(impact_health_probe(health, impact_text_of("a"), &report) == IMPACT_OK);
    CHECK(!impact_health_report_get(report, 0, NULL));
    impact_health_report_close(report);
    impact_health_report_close(NULL);
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}
