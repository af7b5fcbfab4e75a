/* An input that is an environment: NAME=value, a line each. */
#ifndef IMPACT_FUZZ_LINES_H
#define IMPACT_FUZZ_LINES_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* What is not one of the specification's names may change the program that runs. */
static inline void lines_set(impact_text line)
{
    char *entry = strndup(line.data, line.size);
    char *value = entry ? strchr(entry, '=') : NULL;
    if (value && strncmp(entry, "OTEL_", 5) == 0) {
        *value = '\0';
        if (setenv(entry, value + 1, 1) != 0)
            abort();
    }
    free(entry);
}

/* Nothing is set but what the input says. A value goes on behind a line end that a backslash
 * precedes: values have line ends too. */
static inline void lines_set_all(const uint8_t *data, size_t size)
{
    size_t first = 0;
    (void)clearenv();
    for (size_t i = 0; i < size; i++) {
        if (data[i] != '\n' || (i && data[i - 1] == '\\'))
            continue;
        lines_set(impact_text_from((const char *)data + first, i - first));
        first = i + 1;
    }
    if (first < size)
        lines_set(impact_text_from((const char *)data + first, size - first));
}

#endif
