/* The checks in the body of an answer. */
#include "probe_checks.h"

#include "support/check.h"

/* What was visited: "name=status(output)", each with a blank behind it. */
static char seen[1024];

static void visit(void *unused, const probe_check *check)
{
    const size_t size = strlen(seen);
    (void)unused;
    (void)snprintf(seen + size, sizeof seen - size, "%.*s=%d(%.*s) ", (int)check->name.size,
                   check->name.data, (int)check->status, (int)check->output.size,
                   check->output.data ? check->output.data : "");
}

static impact_health_status status;

static bool read_checks(const char *json)
{
    seen[0] = '\0';
    return probe_checks_read(&status, impact_text_of(json), visit, NULL);
}

TEST(the_originals_checks_are_booleans)
{
    CHECK(read_checks("{\"available_checks\":[\"db\",\"q\"],\"checks\":{\"db\":true,\"q\":false},"
                      "\"health\":\"degraded\"}\n"));
    CHECK_STRING(seen, "db=0() q=2() ");
    CHECK_EQUAL(status, IMPACT_HEALTH_FAIL);
    CHECK(read_checks("{\"available_checks\":[],\"checks\":{},\"health\":\"running\"}"));
    CHECK_STRING(seen, "");
    CHECK_EQUAL(status, IMPACT_HEALTH_PASS);
}

TEST(the_drafts_checks_have_entries)
{
    CHECK(read_checks("{\"status\": \"warn\", \"version\": \"1\", \"checks\": {"
                      "\"db:time\": [{\"observedValue\": 3.5e2, \"status\": \"pass\"},"
                      " {\"links\": {\"status\": 1}, \"status\": \"warn\", \"output\": \"slow\"}],"
                      "\"up\": [{\"status\":\"fail\",\"output\":\"no\"},{\"status\":\"pass\"}]},"
                      "\"notes\": [\"status\"]}"));
    CHECK(check_contains(seen, "(slow) up=2(no) "));
    CHECK_EQUAL(status, IMPACT_HEALTH_WARN);
}

TEST(a_check_may_be_named_as_anything)
{
    CHECK(
        read_checks("{\"checks\":{\"status\":false,\"checks\":true,\"\":true,\"a\\\"b\":false}}"));
    CHECK_STRING(seen, "status=2() checks=0() =0() a\\\"b=2() ");
    CHECK_EQUAL(status, IMPACT_HEALTH_UNKNOWN);
}

TEST(other_objects_name_no_checks)
{
    CHECK(read_checks("{\"error\":\"unknown checks\",\"unknown_checks\":[\"x\"]}"));
    CHECK(read_checks("{\"a\":{\"checks\":{\"db\":false}}}"));
    CHECK(read_checks("{\"checks\":[true,{\"db\":false}]}"));
    CHECK_STRING(seen, "");
}

TEST(what_is_no_object_is_refused)
{
    static const char *const texts[] = {
        "",      "pong", "[]",         "{",        "{\"a\"}", "{\"a\":", "{\"a\":1", "{\"a\":1}x",
        "{1:2}", "{]",   "{\"a\":1]}", "{\"a\":}", "\"a\"",   "{\"a",    "{{}}",     "{\"a\\\""};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (read_checks(texts[i]))
            check_failed(__FILE__, __LINE__, "taken: %s", texts[i]);
}

TEST(what_is_nested_too_deep_is_refused)
{
    char json[256] = "{\"a\":";
    for (int i = 0; i < 40; i++)
        json[5 + i] = '[';
    CHECK(!read_checks(json));
}

static const char *show(const char *from, size_t size)
{
    static char to[64];
    CHECK_EQUAL(probe_text_show(to, size, impact_text_of(from)), strlen(to));
    return to;
}

TEST(escapes_are_shown_as_what_they_mean_and_controls_are_not_obeyed)
{
    CHECK_STRING(show("a\\\"b\\\\c\\/d\\n\\te", 64), "a\"b\\c/d  e");
    CHECK_STRING(show("\\u00e9\\u20ac\\u0041", 64), "\xc3\xa9\xe2\x82\xac"
                                                    "A");
    CHECK_STRING(show("\\u001b[2J\\u009b1\\u0000", 64), "?[2J?1?");
    CHECK_STRING(show("\x1b[2J\x7f\xc2\x9b", 64), "?[2J??");
    CHECK_STRING(show("\\ud83d\\u12", 64), "\xef\xbf\xbd\xef\xbf\xbd");
    CHECK_STRING(show("\\\xc7\\", 64), "?\\");
    CHECK_STRING(show("\xff"
                      "a\xc3",
                      64),
                 "?a?");
}

TEST(what_does_not_fit_is_cut_between_characters)
{
    CHECK_STRING(show("abc", 3), "ab");
    CHECK_STRING(show("a\xc3\xa9", 3), "a");
    CHECK_STRING(show("a\xc3\xa9", 4), "a\xc3\xa9");
    CHECK_STRING(show("a", 1), "");
}
