/* The words of impact view. */
#include "view_arguments.h"

#include "support/check.h"

static view_arguments arguments;

static const char *problem_of(int count, const char *const *words)
{
    view_arguments_parse(&arguments, count, (char *const *)words);
    return arguments.problem;
}

#define PARSE(...)                                                                                 \
    problem_of((int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),                      \
               (const char *[]){__VA_ARGS__})

TEST(without_words_it_listens_on_this_machine_alone)
{
    CHECK(!problem_of(0, NULL));
    CHECK_STRING(arguments.listen, "127.0.0.1:4318");
    CHECK_STRING(arguments.grpc, "127.0.0.1:4317");
    CHECK_EQUAL(arguments.span_limit, 0);
    CHECK_EQUAL(arguments.size_limit, 0);
}

TEST(options_have_values)
{
    CHECK(!PARSE("--listen", ":1", "--grpc", ":2", "--keep", "f", "--spans", "7", "--memory", "3"));
    CHECK_STRING(arguments.listen, ":1");
    CHECK_STRING(arguments.grpc, ":2");
    CHECK_STRING(arguments.keep, "f");
    CHECK_EQUAL(arguments.span_limit, 7);
    CHECK_EQUAL(arguments.size_limit, 3 << 20);
    CHECK(!PARSE("--certificate", "c", "--key", "k"));
    CHECK_STRING(arguments.certificate, "c");
    CHECK_STRING(arguments.key, "k");
    CHECK(!PARSE("--tui") && arguments.has_screen && !arguments.follows);
    CHECK(!PARSE("--help") && arguments.wants_help);
    CHECK(!PARSE("--version") && arguments.wants_version);
}

TEST(files_stand_behind_the_options)
{
    static const char *const words[] = {"--tree", "a", "--spans"};
    CHECK(!problem_of(3, words));
    CHECK(arguments.follows);
    CHECK_EQUAL(arguments.file_count, 2);
    CHECK_STRING(arguments.files[1], "--spans");
    CHECK(!PARSE("--", "--tree"));
    CHECK(!arguments.follows && arguments.file_count == 1);
    CHECK(!PARSE("-"));
    CHECK_EQUAL(arguments.file_count, 1);
}

TEST(what_is_wrong_first_is_told)
{
    CHECK_STRING(PARSE("--listen"), "this option needs a value");
    CHECK_STRING(PARSE("--nothing", "--listen"), "there is no such option");
    CHECK_STRING(arguments.problem_word, "--nothing");
    CHECK_STRING(PARSE("--tui", "--tree"), "there is one terminal, for one of --tree and --tui");
    CHECK_STRING(PARSE("--key", "k"), "a certificate and its key go together");
    CHECK_STRING(PARSE("--spans", "0"), "this is no such number");
    CHECK_STRING(PARSE("--memory", "-1"), "this is no such number");
    CHECK_STRING(PARSE("--spans", "99999999999"), "this is no such number");
}
