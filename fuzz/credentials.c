/* Texts in which credentials are hidden: never longer, nothing behind them is touched, and a
 * password is hidden whatever stands before it. */
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

static void check_bounds(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    require(text != NULL);
    if (size)
        memcpy(text, data, size);
    text[size] = 'x';
    const size_t hidden = impact__credentials_hide(text, size);
    require(hidden <= size && text[size] == 'x');
    free(text);
}

static void check_password(const uint8_t *data, size_t size)
{
    static const char known[] = " password=hunter2 ";
    char text[text_limit + sizeof known];
    if (data && memmem(data, size, "hunter2", 7))
        return; /* it stands there already, as what it likes */
    if (size)
        memcpy(text, data, size);
    memcpy(text + size, known, sizeof known - 1);
    const size_t hidden = impact__credentials_hide(text, size + sizeof known - 1);
    require(!memmem(text, hidden, "hunter2", 7));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > text_limit)
        return 0;
    check_bounds(data, size);
    check_password(data, size);
    return 0;
}
