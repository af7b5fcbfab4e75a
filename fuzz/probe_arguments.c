/* Words of impact probe, a line each: no byte that could end a line comes into a request. */
#include "probe_arguments.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { word_limit = 32, input_limit = 8192 };

static void must(bool fact)
{
    if (!fact)
        abort();
}

static void must_be_visible(const char *text)
{
    for (; *text; text++)
        must(*text > ' ' && *text <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char input[input_limit + 1] = "";
    char *words[word_limit];
    int count = 0;
    probe_arguments arguments;
    if (size)
        memcpy(input, data, size < input_limit ? size : input_limit);
    for (char *word = input; word && *word && count < word_limit;) {
        words[count++] = word;
        word = strchr(word, '\n');
        if (word)
            *word++ = '\0';
    }
    probe_arguments_parse(&arguments, count, words);
    must(arguments.timeout_ms && arguments.interval_ms);
    if (arguments.problem || arguments.wants_help || arguments.wants_version)
        return 0;
    must(arguments.target.path[0] == '/' && arguments.target.host[0]);
    must_be_visible(arguments.target.path);
    must_be_visible(arguments.target.host);
    must(arguments.target.is_unix || arguments.target.port);
    return 0;
}
