/* Tracers: instrumentation scopes, each once.
 *
 * DESIGN: two scopes are the same when their bytes are, so a scope is encoded first and looked up
 * then. Its attributes are encoded in the order of their keys, as the order in which they were
 * given means nothing.
 */
#include "trace/tracer.h"

#include <assert.h>

#include <impact/diagnostics.h>

#include "base/alloc.h"
#include "base/options.h"
#include "base/text.h"
#include "base/thread.h"
#include "signal/encode.h"

/* ---- a scope as bytes ---- */

static int compare_keys(impact_text a, impact_text b)
{
    const size_t both = a.size < b.size ? a.size : b.size;
    const int difference = both ? memcmp(a.data, b.data, both) : 0;
    return difference ? difference : (a.size > b.size) - (a.size < b.size);
}

/* Stable, as the last of a key is the one that counts. Scopes have few attributes. */
static void copy_sorted(impact_attribute *to, const impact_attribute *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t place = i;
        for (; place > 0 && compare_keys(to[place - 1].key, from[i].key) > 0; place--)
            to[place] = to[place - 1];
        to[place] = from[i];
    }
}

static size_t string_field_size(uint32_t field, const impact__string *string)
{
    return string->size ? impact__field_size(field, string->size) : 0;
}

static uint8_t *write_string_field(uint8_t *to, uint32_t field, const impact__string *string)
{
    return string->size ? impact__write_string(to, field, string) : to;
}

/* InstrumentationScope: what is empty is left out. */
static bool write_scope(impact_tracer *tracer, const impact_tracer_options *options,
                        impact__attribute_list *attributes)
{
    const impact__string name =
        impact__string_of(impact_text_of(options->name), IMPACT__ANY_LENGTH);
    const impact__string version =
        impact__string_of(impact_text_of(options->version), IMPACT__ANY_LENGTH);
    impact__attribute_list_measure(attributes, IMPACT__SCOPE_ATTRIBUTES);
    tracer->scope_size =
        string_field_size(IMPACT__SCOPE_NAME, &name) +
        string_field_size(IMPACT__SCOPE_VERSION, &version) + attributes->size +
        impact__count_field_size(IMPACT__SCOPE_DROPPED_ATTRIBUTES, attributes->dropped);
    tracer->scope = impact__alloc(NULL, tracer->scope_size + 1);
    if (!tracer->scope)
        return false;
    uint8_t *to = (uint8_t *)tracer->scope;
    to = write_string_field(to, IMPACT__SCOPE_NAME, &name);
    to = write_string_field(to, IMPACT__SCOPE_VERSION, &version);
    to = impact__write_attribute_list(to, IMPACT__SCOPE_ATTRIBUTES, attributes);
    (void)impact__write_count(to, IMPACT__SCOPE_DROPPED_ATTRIBUTES, attributes->dropped);
    return true;
}

/* A list looks at so many, and counts the others as dropped. */
static size_t looked_at(const impact_tracer_options *options)
{
    assert(options);
    return options->attribute_count < impact__list_count_limit ? options->attribute_count
                                                               : impact__list_count_limit;
}

static bool encode_scope(impact_tracer *tracer, const impact_tracer_options *options)
{
    impact__attribute_list attributes = {.count_limit = UINT32_MAX,
                                         .value_length_limit = IMPACT__ANY_LENGTH};
    if (!options->attributes || !options->attribute_count)
        return write_scope(tracer, options, &attributes);
    impact_attribute *sorted = impact__alloc(NULL, looked_at(options) * sizeof *sorted);
    if (!sorted)
        return false;
    copy_sorted(sorted, options->attributes, looked_at(options));
    attributes.attributes = sorted;
    attributes.count = options->attribute_count;
    const bool is_written = write_scope(tracer, options, &attributes);
    impact__free(NULL, sorted);
    return is_written;
}

static bool encode_schema_url(impact_tracer *tracer, const char *schema_url)
{
    const impact__string url = impact__string_of(impact_text_of(schema_url), IMPACT__ANY_LENGTH);
    tracer->schema_url = impact__alloc(NULL, url.size + 1);
    tracer->schema_url_size = url.size;
    if (!tracer->schema_url)
        return false;
    impact__utf8_repair(tracer->schema_url, url.text);
    return true;
}

/* ---- tracers ---- */

static void tracer_close(impact_tracer *tracer)
{
    if (!tracer)
        return;
    impact__free(NULL, tracer->scope);
    impact__free(NULL, tracer->schema_url);
    impact__free(NULL, tracer);
}

static impact_tracer *tracer_open(impact_tracer_provider *provider,
                                  const impact_tracer_options *options)
{
    impact_tracer *tracer = impact__alloc(NULL, sizeof *tracer);
    if (!tracer)
        return NULL;
    *tracer = (impact_tracer){.provider = provider};
    if (encode_scope(tracer, options) && encode_schema_url(tracer, options->schema_url))
        return tracer;
    tracer_close(tracer);
    return NULL;
}

static bool is_same(const impact_tracer *a, const impact_tracer *b)
{
    return impact__text_equal(impact__tracer_scope(a), impact__tracer_scope(b)) &&
           impact__text_equal(impact__tracer_schema_url(a), impact__tracer_schema_url(b));
}

static impact_tracer *find(const impact__tracer_set *set, const impact_tracer *wanted)
{
    for (impact_tracer *tracer = set->first; tracer; tracer = tracer->next)
        if (is_same(tracer, wanted))
            return tracer;
    return NULL;
}

impact__tracer_set impact__default_tracers = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void show_by_number(impact__tracer_set *set, impact_tracer *tracer, uint32_t number)
{
    assert(impact__lock_is_held(&set->lock));
    tracer->number = set == &impact__default_tracers ? number | IMPACT__DEFAULT_TRACER : number;
    /* Pairs with the load in impact__tracer_by_number. */
    atomic_store_explicit(&set->by_number[number], tracer, memory_order_release);
}

const impact_tracer *impact__tracer_by_number(const impact__tracer_set *set, uint32_t number)
{
    const uint32_t place = number & ~IMPACT__DEFAULT_TRACER;
    if (number & IMPACT__DEFAULT_TRACER)
        set = &impact__default_tracers;
    /* Pairs with the store in show_by_number. */
    return place <= impact__tracer_limit
               ? atomic_load_explicit(&set->by_number[place], memory_order_acquire)
               : NULL;
}

/* The one that is there already, or this one; NULL: there are too many. */
static impact_tracer *find_or_add(impact__tracer_set *set, impact_tracer *made)
{
    (void)pthread_mutex_lock(&set->lock); /* cannot fail for a normal lock; likewise below */
    impact_tracer *tracer = find(set, made);
    if (!tracer && set->count < impact__tracer_limit) {
        tracer = made;
        tracer->next = set->first;
        set->first = tracer;
        show_by_number(set, tracer, (uint32_t)++set->count);
    }
    (void)pthread_mutex_unlock(&set->lock);
    return tracer;
}

static impact_tracer *nameless(impact__tracer_set *set, impact_tracer_provider *provider,
                               const char *why)
{
    (void)pthread_mutex_lock(&set->lock);
    set->nameless.provider = provider; /* the same each time */
    (void)pthread_mutex_unlock(&set->lock);
    impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "tracer", NULL, "A tracer has no name: %s",
                              why);
    return &set->nameless;
}

impact_tracer *impact__tracer_set_get(impact__tracer_set *set, impact_tracer_provider *provider,
                                      const impact_tracer_options *options)
{
    impact_tracer_options whole;
    if (!impact__struct_read(&whole, sizeof whole, options))
        return nameless(set, provider, "its options are of a later version");
    impact_tracer *made = tracer_open(provider, &whole);
    if (!made)
        return nameless(set, provider, "there is no memory for it");
    impact_tracer *tracer = find_or_add(set, made);
    if (tracer != made)
        tracer_close(made);
    return tracer ? tracer : nameless(set, provider, "there are 1024 others");
}

void impact__tracer_set_clear(impact__tracer_set *set)
{
    while (set->first) {
        impact_tracer *tracer = set->first;
        set->first = tracer->next;
        tracer_close(tracer);
    }
    set->count = 0;
}
