/* Trace state as a value: read, asked, changed, cut; and always valid. */
#include "trace/trace_state.h"

#include "support/check.h"

static impact_text text(const char *string)
{
    return impact_text_of(string);
}

/* What parsing makes of it; NULL when it is refused. */
static const char *parsed(const char *string)
{
    static impact_trace_state state;
    state = (impact_trace_state){.text = "untouched"};
    if (impact_trace_state_parse(&state, text(string)))
        return state.text;
    CHECK_STRING(state.text, "untouched");
    return NULL;
}

/* Members "k00=vvv..." of `size` characters each, `count` of them. */
static const char *members(size_t count, size_t size)
{
    static char list[20000];
    list[0] = 0;
    for (size_t i = 0; i < count; i++)
        (void)snprintf(list + strlen(list), sizeof list - strlen(list), "%sk%02zu=%0*d",
                       i ? "," : "", i, (int)size - 4, 1);
    return list;
}

TEST(a_trace_state_is_read_without_blanks_and_empty_members)
{
    CHECK_STRING(parsed("a=1"), "a=1");
    CHECK_STRING(parsed(" a=1 , \tb=2,,c=3,"), "a=1,b=2,c=3");
    CHECK_STRING(parsed("a= x y"), "a= x y");
    CHECK_STRING(parsed(""), "");
    CHECK_STRING(parsed(NULL), "");
    CHECK_STRING(parsed(" , ,"), "");
}

TEST(a_trace_state_that_is_not_valid_is_refused)
{
    static const char *const refused[] = {
        "NOT=valid,,,==", "a",        "a=",     "=1",     "A=1",          "a=1,b", "a=1=2",
        "_a=1",           "a b=1",    "a=\x7f", "a=1\n",  "a=\xC3\xA9",   "@a=1",  "a =1",
        "a=1,B=2",        "a=\x01 b", "a.b=1",  "a=1;\r", "a=1\r\nb: x=2"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        CHECK_STRING(parsed(refused[i]), NULL);
    CHECK_STRING(parsed(members(33, 6)), NULL);
    CHECK(parsed(members(32, 6)) != NULL);
}

TEST(a_value_of_a_key_is_found)
{
    const impact_text state = text("a=1, bc=2 3 ,a=4");
    impact_text value = {NULL, 0};
    REQUIRE(impact_trace_state_get(&value, state, text("bc")));
    CHECK_EQUAL(value.size, 3);
    CHECK(memcmp(value.data, "2 3", 3) == 0);
    REQUIRE(impact_trace_state_get(&value, state, text("a")));
    CHECK(value.data[0] == '1'); /* the first of two */
    CHECK(!impact_trace_state_get(&value, state, text("b")));
    CHECK(!impact_trace_state_get(&value, state, text("")));
    CHECK(!impact_trace_state_get(&value, text("NOT=valid"), text("NOT")));
}

TEST(what_is_added_or_updated_comes_first)
{
    impact_trace_state state = {.text = ""};
    CHECK_EQUAL(impact_trace_state_add(&state, text(NULL), text("a"), text("1")), IMPACT_OK);
    CHECK_STRING(state.text, "a=1");
    CHECK_EQUAL(
        impact_trace_state_add(&state, impact_trace_state_text(&state), text("b"), text("2")),
        IMPACT_OK);
    CHECK_STRING(state.text, "b=2,a=1");
    CHECK_EQUAL(
        impact_trace_state_update(&state, impact_trace_state_text(&state), text("a"), text("3")),
        IMPACT_OK);
    CHECK_STRING(state.text, "a=3,b=2");
    CHECK_EQUAL(impact_trace_state_delete(&state, impact_trace_state_text(&state), text("a")),
                IMPACT_OK);
    CHECK_STRING(state.text, "b=2");
    CHECK_EQUAL(impact_trace_state_update(&state, text("x=1,y=1,x=2"), text("x"), text("3")),
                IMPACT_OK);
    CHECK_STRING(state.text, "x=3,y=1"); /* a key stands once */
}

TEST(what_would_not_be_valid_is_refused_and_changes_nothing)
{
    impact_trace_state state = {.text = "a=1"};
    const impact_text before = text("a=1");
    char long_text[300];
    memset(long_text, 'k', sizeof long_text);
    CHECK_EQUAL(impact_trace_state_add(&state, before, text("a"), text("2")), IMPACT_EEXIST);
    CHECK_EQUAL(impact_trace_state_update(&state, before, text("b"), text("2")), IMPACT_ENOENT);
    CHECK_EQUAL(impact_trace_state_delete(&state, before, text("b")), IMPACT_ENOENT);
    CHECK_EQUAL(impact_trace_state_add(&state, before, text("B"), text("2")), IMPACT_EINVAL);
    CHECK_EQUAL(impact_trace_state_add(&state, before, text("b"), text("")), IMPACT_EINVAL);
    CHECK_EQUAL(impact_trace_state_add(&state, before, text("b"), text("1,c=2")), IMPACT_EINVAL);
    CHECK_EQUAL(impact_trace_state_add(&state, before, text("b"), text("2 ")), IMPACT_EINVAL);
    CHECK_EQUAL(impact_trace_state_add(&state, text("NOT=valid,,,=="), text("b"), text("2")),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_trace_state_add(&state, before, impact_text_from(long_text, 257), text("2")),
                IMPACT_EINVAL);
    CHECK_EQUAL(impact_trace_state_add(&state, before, impact_text_from(long_text, 256),
                                       impact_text_from(long_text, 256)),
                IMPACT_ELIMIT);
    CHECK_STRING(state.text, "a=1");
    CHECK_EQUAL(impact_trace_state_add(&state, before, impact_text_from(long_text, 256),
                                       impact_text_from(long_text, 255)),
                IMPACT_OK);
    CHECK_EQUAL(strlen(state.text), 512);
}

TEST(the_thirty_third_member_pushes_the_last_one_out)
{
    impact_trace_state state = {.text = ""};
    CHECK_EQUAL(impact_trace_state_add(&state, text(members(32, 6)), text("new"), text("1")),
                IMPACT_OK);
    CHECK(check_contains(state.text, "new=1,k00="));
    CHECK(check_contains(state.text, ",k30="));
    CHECK(!check_contains(state.text, ",k31="));
}

TEST(what_has_no_room_goes_from_the_end)
{
    CHECK_EQUAL(strlen(parsed(members(4, 127))), 511);
    CHECK_EQUAL(strlen(parsed(members(5, 127))), 511);
    CHECK_STRING(parsed(members(5, 127)), members(4, 127));
    CHECK_EQUAL(strlen(parsed(members(27, 20))), 24 * 20 + 23); /* of 566, at most 512 */
}

TEST(members_above_128_characters_go_first_and_only_as_many_as_must)
{
    char state[1200];
    char large[160];
    (void)snprintf(large, sizeof large, "big=%0125d", 1); /* 129 characters */
    (void)snprintf(state, sizeof state, "%s,%s", large, members(4, 100));
    CHECK_STRING(parsed(state), members(4, 100));
    (void)snprintf(state, sizeof state, "%s,x%s,%s", large, large, members(3, 100));
    char should[1200];
    (void)snprintf(should, sizeof should, "%s,%s", large, members(3, 100));
    CHECK_STRING(parsed(state), should);
    (void)snprintf(state, sizeof state, "%s,y=1", members(5, 128));
    CHECK_STRING(parsed(state), members(3, 128)); /* of 128 characters is not above */
}

TEST(a_member_of_its_own_stays_whatever_its_size)
{
    impact_trace_state state = {.text = ""};
    char value[257];
    (void)snprintf(value, sizeof value, "%0256d", 7);
    CHECK_EQUAL(impact_trace_state_add(&state, text(members(3, 100)), text("own"), text(value)),
                IMPACT_OK);
    CHECK(strncmp(state.text, "own=0", 5) == 0);
    CHECK_EQUAL(strlen(state.text), 260 + 2 * 101);
}

TEST(null_and_nothing_are_no_trace_state)
{
    impact_trace_state state = {.text = "a=1"};
    impact_text value = {NULL, 0};
    const impact_text odd = {NULL, 3};
    CHECK(!impact_trace_state_parse(NULL, text("a=1")));
    CHECK(impact_trace_state_parse(&state, odd));
    CHECK_STRING(state.text, "");
    CHECK(!impact_trace_state_get(NULL, text("a=1"), text("a")));
    CHECK(!impact_trace_state_get(&value, odd, text("a")));
    CHECK(!impact_trace_state_get(&value, text("a=1"), odd));
    CHECK_EQUAL(impact_trace_state_add(NULL, text("a=1"), text("b"), text("2")), IMPACT_EINVAL);
    CHECK_EQUAL(impact_trace_state_update(NULL, text("a=1"), text("a"), text("2")), IMPACT_EINVAL);
    CHECK_EQUAL(impact_trace_state_delete(NULL, text("a=1"), text("a")), IMPACT_EINVAL);
    CHECK_EQUAL(impact_trace_state_add(&state, odd, odd, text("2")), IMPACT_EINVAL);
    CHECK_EQUAL(impact_trace_state_add(&state, odd, text("a"), odd), IMPACT_EINVAL);
    CHECK_EQUAL(impact_trace_state_text(NULL).size, 0);
}
