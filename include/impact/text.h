/* A piece of text with its length: borrowed bytes, not terminated, UTF-8 where it leaves the
 * process. */
#ifndef IMPACT_TEXT_H
#define IMPACT_TEXT_H

#include <stddef.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct impact_text {
    const char *data; /* borrowed; may be NULL when size is 0 */
    size_t size;      /* bytes */
} impact_text;

/* Text from a NUL-terminated string; NULL gives the empty text. */
static inline impact_text impact_text_of(const char *string)
{
    impact_text text = {string, string ? strlen(string) : 0};
    return text;
}

/* Text from `size` bytes at `data`. */
static inline impact_text impact_text_from(const char *data, size_t size)
{
    impact_text text = {data, data ? size : 0};
    return text;
}

#ifdef __cplusplus
}
#endif

#endif
