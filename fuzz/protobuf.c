/* Protobuf fields: they lie within the input, and the reader always moves on or stops. */
#include "base/protobuf.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int lies_within(impact_text inner, impact_text outer)
{
    return !inner.size || (inner.data >= outer.data && inner.size <= outer.size &&
                           (size_t)(inner.data - outer.data) <= outer.size - inner.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const impact_text all = impact_text_from((const char *)data, size);
    impact_text rest = all;
    impact__field field = {0};
    for (size_t before = rest.size; impact__read_field(&field, &rest); before = rest.size) {
        if (rest.size >= before || !field.number || field.number > 536870911)
            abort();
        if (!lies_within(field.bytes, all) || rest.data + rest.size != all.data + all.size)
            abort();
    }
    return 0;
}
