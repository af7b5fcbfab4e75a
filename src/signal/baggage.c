/* Baggage: names and values in one piece of memory that is never changed. */
#include "signal/baggage.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

/* ---- owners ---- */

const impact_baggage *impact_baggage_retain(const impact_baggage *baggage)
{
    return impact__shared_retain(baggage);
}

void impact_baggage_release(const impact_baggage *baggage)
{
    impact__shared_release(baggage);
}

static void close(void *baggage)
{
    impact__free(NULL, baggage);
}

/* ---- filling ---- */

impact_baggage *impact__baggage_open(size_t count, size_t size)
{
    assert(count > 0);
    const size_t entries_size = count * sizeof(impact__baggage_entry);
    impact_baggage *made = impact__alloc(NULL, sizeof *made + entries_size + size);
    if (!made)
        return NULL;
    impact__shared_open(made, close);
    made->texts = (char *)made->entries + entries_size;
    return made;
}

static impact_text keep(impact_baggage *baggage, impact_text text)
{
    assert(text.data || text.size == 0);
    char *to = baggage->texts + baggage->size;
    if (text.size)
        memcpy(to, text.data, text.size);
    baggage->size += text.size;
    return impact_text_from(to, text.size);
}

/* The number of the entry; baggage->count when there is none. */
static size_t find(const impact_baggage *baggage, impact_text name)
{
    size_t i = 0;
    while (i < baggage->count && !impact__text_equal(baggage->entries[i].name, name))
        i++;
    return i;
}

void impact__baggage_put(impact_baggage *baggage, const impact__baggage_entry *entry)
{
    assert(entry->name.size > 0);
    const size_t number = find(baggage, entry->name);
    impact__baggage_entry *at = &baggage->entries[number];
    if (number == baggage->count) {
        baggage->count++;
        at->name = keep(baggage, entry->name);
    }
    at->value = keep(baggage, entry->value);
    at->metadata = keep(baggage, entry->metadata);
}

/* All entries but that of `name`. */
static void copy_others(impact_baggage *to, const impact_baggage *from, impact_text name)
{
    for (size_t i = 0; from && i < from->count; i++)
        if (!impact__text_equal(from->entries[i].name, name))
            impact__baggage_put(to, &from->entries[i]);
}

/* ---- new ones ---- */

static bool is_utf8(impact_text text)
{
    return text.size == 0 || (text.data && impact__utf8_valid_prefix(text) == text.size);
}

static size_t size_of(const impact__baggage_entry *entry)
{
    return entry->name.size + entry->value.size + entry->metadata.size;
}

static size_t size_of_others(const impact_baggage *baggage, impact_text name)
{
    size_t size = 0;
    for (size_t i = 0; baggage && i < baggage->count; i++)
        if (!impact__text_equal(baggage->entries[i].name, name))
            size += size_of(&baggage->entries[i]);
    return size;
}

static bool is_valid(const impact__baggage_entry *entry)
{
    return entry->name.size && is_utf8(entry->name) && is_utf8(entry->value) &&
           is_utf8(entry->metadata);
}

/* Three sizes below the limit cannot overflow together. */
static bool has_room(const impact_baggage *from, const impact__baggage_entry *entry)
{
    const size_t limit = impact__baggage_size_limit;
    const bool is_new = !from || find(from, entry->name) == from->count;
    return entry->name.size <= limit && entry->value.size <= limit &&
           entry->metadata.size <= limit &&
           size_of_others(from, entry->name) + size_of(entry) <= limit &&
           impact_baggage_count(from) + is_new <= impact__baggage_count_limit;
}

impact_status impact_baggage_set(const impact_baggage **baggage, const impact_baggage *from,
                                 impact_text name, impact_text value, impact_text metadata)
{
    const impact__baggage_entry entry = {name, value, metadata};
    if (!baggage || !is_valid(&entry))
        return IMPACT_EINVAL;
    if (!has_room(from, &entry))
        return IMPACT_ELIMIT;
    impact_baggage *made = impact__baggage_open(impact_baggage_count(from) + 1,
                                                size_of_others(from, name) + size_of(&entry));
    if (!made)
        return IMPACT_ENOMEM;
    copy_others(made, from, name);
    impact__baggage_put(made, &entry);
    *baggage = made;
    return IMPACT_OK;
}

impact_status impact_baggage_remove(const impact_baggage **baggage, const impact_baggage *from,
                                    impact_text name)
{
    if (!baggage)
        return IMPACT_EINVAL;
    if (!from || find(from, name) == from->count)
        return IMPACT_ENOENT;
    impact_baggage *made = NULL;
    if (from->count > 1) {
        made = impact__baggage_open(from->count - 1, from->size);
        if (!made)
            return IMPACT_ENOMEM;
        copy_others(made, from, name);
    }
    *baggage = made;
    return IMPACT_OK;
}

/* ---- questions ---- */

size_t impact_baggage_count(const impact_baggage *baggage)
{
    return baggage ? baggage->count : 0;
}

bool impact_baggage_get(impact_text *value, const impact_baggage *baggage, impact_text name)
{
    const size_t number = baggage ? find(baggage, name) : 0;
    return value && impact_baggage_at(NULL, value, NULL, baggage, number);
}

bool impact_baggage_at(impact_text *name, impact_text *value, impact_text *metadata,
                       const impact_baggage *baggage, size_t number)
{
    if (number >= impact_baggage_count(baggage))
        return false;
    const impact__baggage_entry *entry = &baggage->entries[number];
    if (name)
        *name = entry->name;
    if (value)
        *value = entry->value;
    if (metadata)
        *metadata = entry->metadata;
    return true;
}
