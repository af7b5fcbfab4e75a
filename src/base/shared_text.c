/* Text that several owners share. */
#include "base/shared_text.h"

#include <stdint.h>
#include <string.h>

#include "base/alloc.h"

static void close(void *text)
{
    impact__free(NULL, text);
}

impact__shared_text *impact__shared_text_open(impact_text text)
{
    if (text.size == 0 || text.size > SIZE_MAX / 2)
        return NULL;
    impact__shared_text *made = impact__alloc(NULL, sizeof *made + text.size);
    if (!made)
        return NULL;
    impact__shared_open(made, close);
    made->size = text.size;
    memcpy(made->data, text.data, text.size);
    return made;
}
