/* What a service says of itself. */
#include "health/service_facts.h"

#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

enum { text_limit = 255, fact_count = 4 }; /* bytes of a text: it is shown with every answer */

static bool is_fact(const char *text)
{
    const impact_text whole = impact_text_of(text);
    for (size_t i = 0; i < whole.size; i++)
        if ((unsigned char)whole.data[i] < 0x20 || whole.data[i] == 0x7f)
            return false;
    return whole.size <= text_limit && impact__utf8_valid_prefix(whole) == whole.size;
}

/* It is compared as it stands in a header, so without blanks at its ends. */
static bool is_id(const char *text)
{
    const impact_text whole = impact_text_of(text);
    for (size_t i = 0; i < whole.size; i++)
        if ((unsigned char)whole.data[i] >= 0x80)
            return false;
    return impact__text_trim(whole).size == whole.size;
}

static void free_facts(void *thing)
{
    const impact__service_facts *facts = thing;
    impact__free(facts->allocator, thing);
}

/* Copy one behind those that were copied before; NULL: it was not said. */
static const char *keep(char **next, const char *text)
{
    if (!text || !*text)
        return NULL;
    const size_t size = strlen(text) + 1;
    char *kept = memcpy(*next, text, size);
    *next += size;
    return kept;
}

impact_status impact__service_facts_open(impact__service_facts **facts,
                                         const impact_allocator *allocator,
                                         const impact_health_options *options)
{
    const char *const texts[fact_count] = {options->service_id, options->version,
                                           options->release_id, options->description};
    size_t size = 0;
    for (size_t i = 0; i < fact_count; i++) {
        if (texts[i] && !is_fact(texts[i]))
            return IMPACT_EINVAL;
        size += texts[i] && *texts[i] ? strlen(texts[i]) + 1 : 0;
    }
    if (texts[0] && !is_id(texts[0]))
        return IMPACT_EINVAL;
    *facts = NULL;
    if (!size)
        return IMPACT_OK;
    impact__service_facts *opened = impact__alloc(allocator, sizeof *opened + size);
    if (!opened)
        return IMPACT_ENOMEM;
    char *next = opened->texts;
    impact__shared_open(opened, free_facts);
    opened->allocator = allocator;
    opened->id = keep(&next, texts[0]);
    opened->version = keep(&next, texts[1]);
    opened->release_id = keep(&next, texts[2]);
    opened->description = keep(&next, texts[3]);
    *facts = opened;
    return IMPACT_OK;
}
