/* HTTP answers, piece by piece: what is read lies in the bytes; more bytes change no verdict. */
#include "probe_answer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void must(bool fact)
{
    if (!fact)
        abort();
}

static void must_lie_in(impact_text part, const char *bytes, size_t size)
{
    must(!part.size || (part.data >= bytes && part.data - bytes <= (long)size &&
                        part.size <= size - (size_t)(part.data - bytes)));
}

/* Each time from a copy: chunks are put together where they stand. */
static probe_answer_state parse(const uint8_t *data, size_t size, probe_answer_rest rest)
{
    char *bytes = malloc(size + 1);
    must(bytes != NULL);
    if (size)
        memcpy(bytes, data, size);
    probe_answer answer = {.status = 0};
    const probe_answer_state state = probe_answer_parse(&answer, bytes, size, rest);
    must((state == probe_answer_whole) == (answer.status != 0));
    must(state != probe_answer_whole || (answer.status >= 200 && answer.status < 600));
    must_lie_in(answer.body, bytes, size);
    must_lie_in(answer.content_type, bytes, size);
    free(bytes);
    return state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    probe_answer_state before = probe_answer_incomplete;
    for (size_t part = 0; part <= size && size < 512; part++) {
        const probe_answer_state state = parse(data, part, probe_rest_open);
        must(before == probe_answer_incomplete || state == before);
        before = state;
    }
    (void)parse(data, size, probe_rest_open);
    must(parse(data, size, probe_rest_closed) != probe_answer_incomplete);
    must(parse(data, size, probe_rest_cut) != probe_answer_incomplete);
    return 0;
}
