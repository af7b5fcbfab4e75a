/* JSON strings: between the quotes is nothing that JSON or HTML could take for an end, and valid
 * UTF-8. */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_safe(const char *inside, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)inside[i] < 0x20 || strchr("\"<>&", inside[i]))
            return 0;
        if (inside[i] == '\\' && (++i == size || !strchr("\"\\nrtu", inside[i])))
            return 0;
    }
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    impact__buffer buffer = IMPACT__BUFFER(NULL);
    impact__json_string(&buffer, impact_text_from((const char *)data, size));
    if (!buffer.has_failed) {
        const impact_text all = impact__buffer_text(&buffer);
        if (all.size < 2 || all.data[0] != '"' || all.data[all.size - 1] != '"')
            abort();
        if (!is_safe(all.data + 1, all.size - 2) || impact__utf8_valid_prefix(all) != all.size)
            abort();
    }
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
