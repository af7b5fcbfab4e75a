/* Texts in which credentials are hidden: never longer, nothing behind them is touched, and what is
 * hidden stays so. */
#include "base/credentials.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { text_limit = 1024 };

static void require(bool fact)
{
    if (!fact)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > text_limit)
        return 0;
    char *text = malloc(size + 1);
    require(text != NULL);
    if (size)
        memcpy(text, data, size);
    text[size] = 'x';
    const size_t hidden = impact__credentials_hide(text, size);
    require(hidden <= size && text[size] == 'x');
    free(text);
    return 0;
}
