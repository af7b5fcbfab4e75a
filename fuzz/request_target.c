/* Request targets: what is read lies in the text, and nothing of a user's is read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/request_target.h"

static void must(bool fact)
{
    if (!fact)
        abort();
}

static void must_lie_in(impact_text part, impact_text whole)
{
    must(!part.size || (part.data >= whole.data && part.data - whole.data <= (long)whole.size &&
                        part.size <= whole.size - (size_t)(part.data - whole.data)));
}

static void check(impact_text text, bool is_decoded)
{
    static const char root[] = "/";
    const impact__request_target t = impact__request_target_of(text, is_decoded);
    must_lie_in(t.authority, text);
    must_lie_in(t.query, text);
    must(!t.authority.size || !memchr(t.authority.data, '@', t.authority.size));
    if (t.path.size == 1 && memcmp(t.path.data, root, 1) == 0)
        return;
    must_lie_in(t.path, text);
    must(!t.path.size || t.path.data[0] == '/' || t.path.data[0] == '*');
    const bool is_absolute = t.path.size && t.path.data != text.data;
    must(!is_decoded || !is_absolute || !memchr(t.path.data, '@', t.path.size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const impact_text text = impact_text_from((const char *)data, size);
    check(text, false);
    check(text, true);
    return 0;
}
