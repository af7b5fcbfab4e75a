/* The words of impact probe. */
#include "probe_arguments.h"

#include "support/check.h"

enum { word_limit = 16 };

/* Words are separated by one blank. */
static probe_arguments parse(const char *line)
{
    static char copy[1024];
    char *words[word_limit];
    int count = 0;
    probe_arguments arguments;
    (void)snprintf(copy, sizeof copy, "%s", line);
    for (char *word = copy; *word && count < word_limit;) {
        words[count++] = word;
        word += strcspn(word, " ");
        if (*word)
            *word++ = '\0';
    }
    probe_arguments_parse(&arguments, count, words);
    return arguments;
}

TEST(a_target_is_enough)
{
    const probe_arguments a = parse("8081");
    CHECK_STRING(a.problem, NULL);
    CHECK_EQUAL(a.target.port, 8081);
    CHECK_EQUAL(a.timeout_ms, 2000);
    CHECK_EQUAL(a.interval_ms, 2000);
    CHECK(!a.is_nagios && !a.is_watching && !a.is_quiet && !a.is_verbose);
    CHECK(!a.secret_file && !a.secret_variable);
}

TEST(options_may_be_long_or_letters_before_or_behind_the_target)
{
    static const char *const lines[] = {
        "--nagios --quiet --timeout-ms 500 --secret-file f 8081",
        "--nagios --quiet --timeout-ms=500 8081 --secret-file=f",
        "8081 -n -q -t 500 -s f",
        "-nqt500 -sf 8081",
        "-nqt500 -sf -- 8081",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const probe_arguments a = parse(lines[i]);
        CHECK_STRING(a.problem, NULL);
        CHECK(a.is_nagios && a.is_quiet);
        CHECK_EQUAL(a.timeout_ms, 500);
        CHECK_EQUAL(a.target.port, 8081);
        CHECK_STRING(a.secret_file, "f");
    }
}

TEST(path_checks_and_exclude_make_the_target_whole)
{
    CHECK_STRING(parse("-p /readyz 80").target.path, "/readyz");
    CHECK_STRING(parse("-c a,b -x c 80").target.path, "/health/?checks=a,b&exclude=c");
    CHECK_STRING(parse("-p /x?y -c a 80").target.path, "/x?y&checks=a");
}

static void check_refused(const char *line, const char *word)
{
    const probe_arguments a = parse(line);
    if (!a.problem)
        check_failed(__FILE__, __LINE__, "\"%s\" was taken", line);
    CHECK_STRING(a.problem_word, word);
}

TEST(what_is_wrong_first_is_said)
{
    check_refused("", NULL);
    check_refused("-q", NULL);
    check_refused("80 81", "81");
    check_refused("--what 80", "--what");
    check_refused("-z 80", "-z");
    check_refused("-qz 80", "-qz");
    check_refused("--quiet=1 80", "--quiet=1");
    check_refused("80 -t", "-t");
    check_refused("80 --timeout-ms", "--timeout-ms");
    check_refused("80 -t 0", "0");
    check_refused("80 -t 1s", "1s");
    check_refused("80 -t -5", "-5");
    check_refused("80 -t 99999999999999999999", "99999999999999999999");
    check_refused("-p readyz 80", "readyz");
    check_refused("nonsense", "nonsense");
    check_refused("-- -q 80", "80");
    check_refused("--what -t 0 80", "--what");
}

TEST(a_wrong_word_does_not_hide_that_nagios_asks)
{
    CHECK(parse("--what -n").is_nagios);
    CHECK(parse("80 81 --nagios").is_nagios);
}

TEST(help_and_version_need_no_target)
{
    CHECK_STRING(parse("--help").problem, NULL);
    CHECK(parse("-h").wants_help);
    CHECK(parse("-V").wants_version);
}

TEST(the_usage_names_every_option)
{
    static const char *const names[] = {"--path",    "--checks",      "--exclude",
                                        "--nagios",  "--secret-file", "--secret-variable",
                                        "--watch",   "--interval-ms", "--timeout-ms",
                                        "--verbose", "--quiet",       "--version"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        CHECK(check_contains(probe_usage, names[i]));
}
