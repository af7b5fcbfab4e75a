/* The words of `impact view`. */
#include "view_arguments.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

const char view_usage[] =
    "usage: impact view [OPTION]... [FILE]...\n"
    "Receives traces by OTLP over HTTP and gRPC, and shows them at http://localhost:4318/\n"
    "\n"
    "Traces in the FILEs (OTLP in protobuf or JSON, or one in JSON a line; - is standard input) "
    "are\n"
    "shown too.\n"
    "\n"
    "  --tui             show them on the terminal too, full screen; ? there says more\n"
    "  --tree            print each trace as it comes to rest\n"
    "  --listen ADDRESS  HOST:PORT; 127.0.0.1:4318. Of other hosts, who may reach the port may\n"
    "                    read all traces\n"
    "  --grpc ADDRESS    likewise for gRPC; 127.0.0.1:4317\n"
    "  --certificate FILE, --key FILE\n"
    "                    HTTPS instead of HTTP, with these in PEM; gRPC stays as it is\n"
    "  --keep FILE       keep them in a file too, and begin with what is in it\n"
    "  --spans COUNT     keep so many spans; 200000\n"
    "  --memory MIB      and so many mebibytes; 256\n"
    "  --help\n"
    "  --version\n";

static void refuse(view_arguments *to, const char *problem, const char *word)
{
    if (to->problem)
        return;
    to->problem = problem;
    to->problem_word = word;
}

static void set_count(view_arguments *to, size_t *count, const char *value, uint64_t most)
{
    uint64_t read = 0;
    if (!impact__text_parse_uint(&read, impact_text_of(value), most) || !read)
        refuse(to, "this is no such number", value);
    *count = (size_t)read;
}

/* Where an option's text goes; NULL: it has none. */
static const char **text_of(view_arguments *to, const char *name)
{
    const struct {
        const char *name;
        const char **text;
    } known[] = {{"--listen", &to->listen},
                 {"--grpc", &to->grpc},
                 {"--certificate", &to->certificate},
                 {"--key", &to->key},
                 {"--keep", &to->keep}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i].name) == 0)
            return known[i].text;
    return NULL;
}

static void set(view_arguments *to, const char *name, const char *value)
{
    const char **text = text_of(to, name);
    if (text)
        *text = value;
    else if (strcmp(name, "--spans") == 0)
        set_count(to, &to->span_limit, value, 100 * 1000 * 1000);
    else
        set_count(to, &to->size_limit, value, 1 << 20);
}

static bool takes_value(view_arguments *to, const char *word)
{
    return text_of(to, word) || strcmp(word, "--spans") == 0 || strcmp(word, "--memory") == 0;
}

static void set_flag(view_arguments *to, const char *word)
{
    if (strcmp(word, "--tree") == 0)
        to->follows = true;
    else if (strcmp(word, "--tui") == 0)
        to->has_screen = true;
    else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        to->wants_help = true;
    else if (strcmp(word, "--version") == 0)
        to->wants_version = true;
    else
        refuse(to, "there is no such option", word);
}

void view_arguments_parse(view_arguments *to, int count, char *const *words)
{
    *to = (view_arguments){.listen = "127.0.0.1:4318", .grpc = "127.0.0.1:4317"};
    int at = 0;
    while (at < count && words[at][0] == '-' && words[at][1]) {
        const char *word = words[at++];
        if (strcmp(word, "--") == 0)
            break;
        if (!takes_value(to, word))
            set_flag(to, word);
        else if (at == count)
            refuse(to, "this option needs a value", word);
        else
            set(to, word, words[at++]);
    }
    if (to->follows && to->has_screen)
        refuse(to, "there is one terminal, for one of --tree and --tui", "--tree");
    if (!to->certificate != !to->key)
        refuse(to, "a certificate and its key go together", to->key ? "--key" : "--certificate");
    to->files = at < count ? words + at : NULL;
    to->file_count = count - at;
    to->size_limit <<= 20;
}
