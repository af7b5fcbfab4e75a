/* Text that becomes HTML: nothing of it is markup, whatever it is, and it is UTF-8. */
#include "health/render/html.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static void require(bool fact)
{
    if (!fact)
        abort();
}

/* An ampersand begins one of the five that are written. */
static bool is_entity(impact_text text)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        const size_t size = strlen(entities[i]);
        if (text.size >= size && memcmp(text.data, entities[i], size) == 0)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    impact__buffer buffer = IMPACT__BUFFER(impact_allocator_default());
    impact__html_text(&buffer, impact_text_from((const char *)data, size));
    const impact_text html = impact__buffer_text(&buffer);
    require(impact__utf8_valid_prefix(html) == html.size);
    for (size_t i = 0; i < html.size; i++) {
        require((unsigned char)html.data[i] >= 0x20 && !memchr("<>\"'", html.data[i], 4));
        require(html.data[i] != '&' || is_entity(impact_text_from(html.data + i, html.size - i)));
    }
    impact__buffer_close(&buffer);
    return 0;
}
