/* Baggage: what is set, replaced, removed and found; and that nothing changes under an owner. */
#include "signal/baggage.h"

#include "support/check.h"
#include "support/faults.h"

static impact_text text(const char *string)
{
    return impact_text_of(string);
}

/* Of `from`, which is given back, with one more. */
static const impact_baggage *with(const impact_baggage *from, const char *name, const char *value)
{
    const impact_baggage *made = NULL;
    CHECK_EQUAL(impact_baggage_set(&made, from, text(name), text(value), text(NULL)), IMPACT_OK);
    impact_baggage_release(from);
    return made;
}

static bool has(const impact_baggage *baggage, const char *name, const char *should)
{
    impact_text value;
    return impact_baggage_get(&value, baggage, text(name)) && value.size == strlen(should) &&
           memcmp(value.data, should, value.size) == 0;
}

TEST(what_is_set_is_found_whatever_its_characters)
{
    const impact_baggage *baggage = with(with(NULL, "a", "B% \xF0\x9F\x92\xBC"), "A", "c");
    CHECK_EQUAL(impact_baggage_count(baggage), 2);
    CHECK(has(baggage, "a", "B% \xF0\x9F\x92\xBC"));
    CHECK(has(baggage, "A", "c"));
    impact_text value = text("untouched");
    CHECK(!impact_baggage_get(&value, baggage, text("b")));
    CHECK_EQUAL(value.size, 9);
    baggage = with(baggage, "\xC3\xA9, =;", "");
    CHECK(has(baggage, "\xC3\xA9, =;", ""));
    impact_baggage_release(baggage);
}

TEST(a_name_that_is_set_again_has_the_new_value_and_metadata)
{
    const impact_baggage *first = NULL;
    const impact_baggage *second = NULL;
    REQUIRE(impact_baggage_set(&first, NULL, text("a"), text("1"), text("old=1")) == IMPACT_OK);
    first = with(first, "b", "2");
    REQUIRE(impact_baggage_set(&second, first, text("a"), text("3"), text("new")) == IMPACT_OK);
    CHECK_EQUAL(impact_baggage_count(second), 2);
    CHECK(has(second, "a", "3") && has(second, "b", "2"));
    CHECK(has(first, "a", "1")); /* what was there is as it was */
    impact_baggage_release(first);
    CHECK(has(second, "b", "2")); /* and borrows nothing */
    bool is_seen = false;
    impact_text name, metadata;
    for (size_t i = 0; impact_baggage_at(&name, NULL, &metadata, second, i); i++)
        if (name.data[0] == 'a')
            is_seen = metadata.size == 3 && memcmp(metadata.data, "new", 3) == 0;
    CHECK(is_seen);
    impact_baggage_release(second);
}

TEST(what_is_removed_is_gone_from_the_new_one_only)
{
    const impact_baggage *both = with(with(NULL, "a", "1"), "b", "2");
    const impact_baggage *one = NULL;
    const impact_baggage *none = both;
    REQUIRE(impact_baggage_remove(&one, both, text("a")) == IMPACT_OK);
    CHECK(!has(one, "a", "1") && has(one, "b", "2") && has(both, "a", "1"));
    CHECK_EQUAL(impact_baggage_remove(&none, one, text("a")), IMPACT_ENOENT);
    CHECK(none == both);
    CHECK_EQUAL(impact_baggage_remove(&none, one, text("b")), IMPACT_OK);
    CHECK(none == NULL);
    impact_baggage_release(one);
    impact_baggage_release(both);
}

TEST(what_is_not_text_or_too_much_is_refused)
{
    static char large[impact__baggage_size_limit];
    const impact_baggage *made = NULL;
    const impact_text odd = {NULL, 3};
    CHECK_EQUAL(impact_baggage_set(&made, NULL, text(""), text("1"), text(NULL)), IMPACT_EINVAL);
    CHECK_EQUAL(impact_baggage_set(&made, NULL, text("a\xFF"), text("1"), text(NULL)),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_baggage_set(&made, NULL, text("a"), text("\xC3"), text(NULL)),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_baggage_set(&made, NULL, text("a"), text("1"), text("\x80")), IMPACT_EINVAL);
    CHECK_EQUAL(impact_baggage_set(&made, NULL, odd, text("1"), text(NULL)), IMPACT_EINVAL);
    CHECK_EQUAL(impact_baggage_set(&made, NULL, text("a"), odd, text(NULL)), IMPACT_EINVAL);
    memset(large, 'v', sizeof large);
    CHECK_EQUAL(impact_baggage_set(&made, NULL, text("a"), impact_text_from(large, sizeof large),
                                   text(NULL)),
                IMPACT_ELIMIT);
    CHECK(made == NULL);
}

TEST(it_has_at_most_180_names_and_64_kib_and_a_value_can_be_replaced_when_full)
{
    const impact_baggage *baggage = NULL;
    const impact_baggage *refused = NULL;
    static char large[40000];
    char name[16];
    for (int i = 0; i < impact__baggage_count_limit; i++) {
        (void)snprintf(name, sizeof name, "k%d", i);
        baggage = with(baggage, name, "v");
    }
    CHECK_EQUAL(impact_baggage_set(&refused, baggage, text("one"), text("v"), text(NULL)),
                IMPACT_ELIMIT);
    baggage = with(baggage, "k0", "new");
    CHECK_EQUAL(impact_baggage_count(baggage), impact__baggage_count_limit);
    memset(large, 'v', sizeof large - 1);
    baggage = with(baggage, "k1", large);
    baggage = with(baggage, "k1", large);
    CHECK_EQUAL(impact_baggage_set(&refused, baggage, text("k2"), text(large), text(NULL)),
                IMPACT_ELIMIT);
    CHECK(refused == NULL);
    impact_baggage_release(baggage);
}

TEST(every_owner_releases_it_once)
{
    faults f;
    faults_open(&f);
    impact_allocator_set_default(&f.allocator);
    const impact_baggage *baggage = with(NULL, "a", "1");
    CHECK(impact_baggage_retain(baggage) == baggage);
    impact_baggage_release(baggage);
    CHECK(has(baggage, "a", "1"));
    impact_baggage_release(baggage);
    impact_allocator_set_default(NULL);
    faults_close(&f);
}

TEST(without_memory_nothing_is_made_and_nothing_is_lost)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        const impact_baggage *one = NULL;
        const impact_baggage *two = NULL;
        const impact_baggage *rest = NULL;
        impact_status status = impact_baggage_set(&one, NULL, text("a"), text("1"), text(NULL));
        if (!status)
            status = impact_baggage_set(&two, one, text("b"), text("2"), text(NULL));
        if (!status)
            status = impact_baggage_remove(&rest, two, text("a"));
        CHECK_EQUAL(status, f.injected ? IMPACT_ENOMEM : IMPACT_OK);
        CHECK((rest != NULL) == !f.injected);
        CHECK(!two || has(two, "a", "1"));
        impact_baggage_release(rest);
        impact_baggage_release(two);
        impact_baggage_release(one);
        impact_allocator_set_default(NULL);
    }
}

TEST(null_is_the_empty_baggage)
{
    impact_text value;
    const impact_baggage *made = NULL;
    CHECK(impact_baggage_retain(NULL) == NULL);
    impact_baggage_release(NULL);
    CHECK_EQUAL(impact_baggage_count(NULL), 0);
    CHECK(!impact_baggage_get(&value, NULL, text("a")));
    CHECK(!impact_baggage_at(NULL, NULL, NULL, NULL, 0));
    CHECK_EQUAL(impact_baggage_set(NULL, NULL, text("a"), text("1"), text(NULL)), IMPACT_EINVAL);
    CHECK_EQUAL(impact_baggage_remove(NULL, NULL, text("a")), IMPACT_EINVAL);
    CHECK_EQUAL(impact_baggage_remove(&made, NULL, text("a")), IMPACT_ENOENT);
    const impact_baggage *baggage = with(NULL, "a", "1");
    CHECK(!impact_baggage_get(NULL, baggage, text("a")));
    CHECK(impact_baggage_at(NULL, NULL, NULL, baggage, 0));
    CHECK(!impact_baggage_at(NULL, NULL, NULL, baggage, 1));
    impact_baggage_release(baggage);
}
