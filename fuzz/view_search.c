/* Any query of a search: what is read of it lies in its own text. */
#include "search.h"

#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static view_search search;
    if (!view_search_parse(&search, impact_text_from((const char *)data, size)))
        return 0;
    const uint8_t *text = (const uint8_t *)search.text;
    must(search.word_count <= view_search_word_limit && search.text_size <= sizeof search.text);
    must_lie_in(search.service, text, search.text_size);
    for (size_t i = 0; i < search.word_count; i++) {
        must_lie_in(search.words[i].key, text, search.text_size);
        must_lie_in(search.words[i].text, text, search.text_size);
    }
    return 0;
}
