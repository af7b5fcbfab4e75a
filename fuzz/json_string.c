/* JSON strings: between the quotes is nothing that JSON, or HTML where that matters, could take for
 * an end, and valid UTF-8. */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_safe(const char *inside, size_t size, const char *forbidden)
{
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)inside[i] < 0x20 || strchr(forbidden, inside[i]))
            return 0;
        if (inside[i] == '\\' && (++i == size || !strchr("\"\\bfnrtu", inside[i])))
            return 0;
    }
    return 1;
}

static void check_string(const impact__buffer *buffer, const char *forbidden)
{
    if (buffer->has_failed)
        return;
    const impact_text all = impact__buffer_text(buffer);
    if (all.size < 2 || all.data[0] != '"' || all.data[all.size - 1] != '"')
        abort();
    if (!is_safe(all.data + 1, all.size - 2, forbidden) ||
        impact__utf8_valid_prefix(all) != all.size)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    impact__json_string(&buffer, impact_text_from((const char *)data, size));
    check_string(&buffer, "\"");
    impact__buffer_clear(&buffer);
    impact__json_html_string(&buffer, impact_text_from((const char *)data, size));
    check_string(&buffer, "\"<>&");
    double value = 0;
    if (size >= sizeof value) {
        memcpy(&value, data, sizeof value);
        impact__buffer_clear(&buffer);
        impact__json_double(&buffer, value);
        const impact_text number = impact__buffer_text(&buffer);
        if (!number.size || number.size > 26)
            abort();
    }
    impact__buffer_close(&buffer);
    return 0;
}
