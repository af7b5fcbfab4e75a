/* The words of `impact probe`. */
#include "probe_arguments.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"

enum {
    default_timeout_ms = 2000,
    default_interval_ms = 2000,
    longest_ms = 24 * 60 * 60 * 1000,
};

const char probe_usage[] =
    "usage: impact probe [OPTION]... TARGET\n"
    "Asks a health endpoint, prints the checks that fail, and says it by its exit status: 0 when\n"
    "all is well, else 1.\n"
    "\n"
    "TARGET is a port of this machine (8081), HOST:PORT, http://HOST[:PORT]/PATH, or a Unix "
    "socket\n"
    "(/run/orders.sock, unix:@NAME). The path is /health/ unless it is said.\n"
    "\n"
    "  -p, --path PATH            ask for PATH, with a query or without\n"
    "  -c, --checks LIST          ask for these checks and groups only\n"
    "  -x, --exclude LIST         leave these out\n"
    "  -t, --timeout-ms MS        for all of it; 2000\n"
    "  -s, --secret-file FILE     send the first line of FILE as the secret\n"
    "  -e, --secret-variable NAME send the environment variable NAME as the secret\n"
    "  -n, --nagios               exit statuses and first line of a monitoring plugin: 0 to 3\n"
    "  -w, --watch                ask again and again\n"
    "  -i, --interval-ms MS       so often; 2000\n"
    "  -v, --verbose              print the checks that hold, too\n"
    "  -q, --quiet                print nothing\n"
    "  -h, --help\n"
    "  -V, --version\n";

/* ---- what there is ---- */

typedef enum option_kind {
    option_flag,
    option_text,
    option_ms,
    option_path,
    option_checks,
    option_exclude,
} option_kind;

typedef struct option {
    char letter;
    const char *name;
    option_kind kind;
    size_t offset; /* of the member that it sets */
} option;

#define MEMBER(name) offsetof(probe_arguments, name)

static const option options[] = {
    {'p', "path", option_path, 0},
    {'c', "checks", option_checks, 0},
    {'x', "exclude", option_exclude, 0},
    {'t', "timeout-ms", option_ms, MEMBER(timeout_ms)},
    {'s', "secret-file", option_text, MEMBER(secret_file)},
    {'e', "secret-variable", option_text, MEMBER(secret_variable)},
    {'n', "nagios", option_flag, MEMBER(is_nagios)},
    {'w', "watch", option_flag, MEMBER(is_watching)},
    {'i', "interval-ms", option_ms, MEMBER(interval_ms)},
    {'v', "verbose", option_flag, MEMBER(is_verbose)},
    {'q', "quiet", option_flag, MEMBER(is_quiet)},
    {'h', "help", option_flag, MEMBER(wants_help)},
    {'V', "version", option_flag, MEMBER(wants_version)},
};

static const option *find_letter(char letter)
{
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (options[i].letter == letter)
            return &options[i];
    return NULL;
}

/* `word` is "name" or "name=value". */
static const option *find_name(const char *word)
{
    const impact_text name = impact_text_from(word, strcspn(word, "="));
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (impact__text_equal_string(name, options[i].name))
            return &options[i];
    return NULL;
}

/* ---- reading ---- */

/* The words, and what may be said before or behind the target that it is about. */
typedef struct reader {
    probe_arguments *to;
    char *const *words;
    int count;
    int at;
    const char *target;
    const char *path;
    const char *checks;
    const char *exclude;
} reader;

static void refuse(probe_arguments *to, const char *problem, const char *word)
{
    if (to->problem)
        return;
    to->problem = problem;
    to->problem_word = word;
}

static void set_ms(reader *r, const option *found, const char *value)
{
    uint64_t ms = 0;
    if (!impact__text_parse_uint(&ms, impact_text_of(value), longest_ms) || !ms) {
        refuse(r->to, "this is no number of milliseconds from 1 to a day's", value);
        return;
    }
    *(uint32_t *)(void *)((char *)r->to + found->offset) = (uint32_t)ms;
}

static void set(reader *r, const option *found, const char *value)
{
    switch (found->kind) {
    case option_flag:
        *((bool *)(void *)((char *)r->to + found->offset)) = true;
        break;
    case option_text:
        *((const char **)(void *)((char *)r->to + found->offset)) = value;
        break;
    case option_ms:
        set_ms(r, found, value);
        break;
    case option_path:
        r->path = value;
        break;
    case option_checks:
        r->checks = value;
        break;
    case option_exclude:
        r->exclude = value;
        break;
    }
}

/* `attached` is what stands in the same word; NULL: nothing. */
static void take(reader *r, const option *found, const char *attached, const char *word)
{
    if (found->kind == option_flag) {
        if (attached)
            refuse(r->to, "this option takes no value", word);
        set(r, found, NULL);
        return;
    }
    if (!attached && r->at == r->count) {
        refuse(r->to, "this option needs a value", word);
        return;
    }
    set(r, found, attached ? attached : r->words[r->at++]);
}

static void read_name(reader *r, const char *word)
{
    const option *found = find_name(word + 2);
    const char *value = strchr(word, '=');
    if (found)
        take(r, found, value ? value + 1 : NULL, word);
    else
        refuse(r->to, "there is no such option", word);
}

/* "-qn", "-t500", "-t 500" */
static void read_letters(reader *r, const char *word)
{
    for (const char *letter = word + 1; *letter; letter++) {
        const option *found = find_letter(*letter);
        if (!found) {
            refuse(r->to, "there is no such option", word);
            return;
        }
        if (found->kind != option_flag) {
            take(r, found, letter[1] ? letter + 1 : NULL, word);
            return;
        }
        set(r, found, NULL);
    }
}

static void read_word(reader *r, bool may_be_option)
{
    const char *word = r->words[r->at++];
    if (may_be_option && word[0] == '-' && word[1] == '-')
        read_name(r, word);
    else if (may_be_option && word[0] == '-' && word[1])
        read_letters(r, word);
    else if (r->target)
        refuse(r->to, "there is one target only", word);
    else
        r->target = word;
}

static void read_words(reader *r)
{
    bool may_be_option = true;
    while (r->at < r->count) {
        if (may_be_option && strcmp(r->words[r->at], "--") == 0) {
            may_be_option = false;
            r->at++;
            continue;
        }
        read_word(r, may_be_option);
    }
}

static void add_to_query(reader *r, const char *name, const char *value)
{
    if (value && !probe_target_add(&r->to->target, name, value))
        refuse(r->to, "the list is too long", value);
}

/* What was kept until the target was known. */
static void complete(reader *r)
{
    const char *problem =
        r->target ? probe_target_parse(&r->to->target, r->target) : "there is no target";
    if (problem) {
        refuse(r->to, problem, r->target);
        return;
    }
    problem = r->path ? probe_target_set_path(&r->to->target, r->path) : NULL;
    if (problem)
        refuse(r->to, problem, r->path);
    add_to_query(r, "checks", r->checks);
    add_to_query(r, "exclude", r->exclude);
}

void probe_arguments_parse(probe_arguments *to, int count, char *const *words)
{
    *to = (probe_arguments){
        .timeout_ms = default_timeout_ms,
        .interval_ms = default_interval_ms,
    };
    reader r = {.to = to, .words = words, .count = count};
    read_words(&r);
    if (!to->wants_help && !to->wants_version)
        complete(&r);
}
