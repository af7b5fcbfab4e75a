/* impact: the command. `impact probe` is in it, and needs nothing beside it; any other word WORD
 * runs the program impact-WORD. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

enum { word_limit = 32 };

static int say_usage(FILE *to, int status)
{
    (void)fputs("usage: impact COMMAND [WORD]...\n"
                "  probe  ask a health endpoint; impact probe --help\n"
                "  tree   print traces from files\n"
                "  flush  export what killed processes left in a journal's directory\n"
                "  view   receive traces and show them in a browser or the terminal\n",
                to);
    return status;
}

/* Letters only: the word becomes part of a file's name. */
static int run_program(char **argv)
{
    char name[word_limit + sizeof "impact-"];
    for (const char *c = argv[1]; *c; c++)
        if (*c < 'a' || *c > 'z')
            return say_usage(stderr, 2);
    if (strlen(argv[1]) > word_limit)
        return say_usage(stderr, 2);
    (void)snprintf(name, sizeof name, "impact-%s", argv[1]); /* it fits */
    argv[1] = name;
    (void)execvp(name, argv + 1); /* it returns only when it failed */
    (void)fprintf(stderr, "impact: %s: %s\n", name, strerror(errno));
    return 2;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return say_usage(stderr, 2);
    if (strcmp(argv[1], "probe") == 0)
        return probe_main(argc - 2, argv + 2);
    if (strcmp(argv[1], "--version") == 0)
        return printf("impact %s\n", IMPACT_VERSION) < 0;
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return say_usage(stdout, 0);
    return run_program(argv);
}
