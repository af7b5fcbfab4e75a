/* Heads of requests, piece by piece: what is read lies in the bytes, and no field has a control
 * character. */
#include "serve/request_head.h"

#include <stdlib.h>
#include <string.h>

static void must(bool fact)
{
    if (!fact)
        abort();
}

static void must_lie_in(impact_text part, impact_text whole)
{
    must(!part.size || (part.data >= whole.data && part.data - whole.data <= (long)whole.size &&
                        part.size <= whole.size - (size_t)(part.data - whole.data)));
    for (size_t i = 0; i < part.size; i++)
        must(part.data[i] != '\r' && part.data[i] != '\n' && part.data[i] != '\0');
}

static void check(impact__request_head *head, impact_text text)
{
    if (head->refusal) {
        must(head->refusal >= 400 && head->refusal < 600 && !head->size);
        return;
    }
    must(head->size && head->size <= text.size && text.data[head->size - 1] == '\n');
    must(head->method.size && head->target.size);
    must_lie_in(head->method, text);
    must_lie_in(head->target, text);
    must_lie_in(impact__request_head_field(head, "host"), text);
    must_lie_in(impact__request_head_field(head, "authorization"), text);
    must(!memchr(head->target.data, ' ', head->target.size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const impact_text text = impact_text_from((const char *)data, size);
    impact__request_head head;
    size_t whole_at = 0;
    for (size_t part = 0; part <= size && size < 512 && !whole_at; part++)
        if (impact__request_head_parse(&head, impact_text_from(text.data, part)))
            whole_at = part;
    const bool is_whole = impact__request_head_parse(&head, text);
    must(!whole_at || is_whole);
    if (is_whole)
        check(&head, text);
    return 0;
}
