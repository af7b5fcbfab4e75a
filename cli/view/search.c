/* What traces are searched for. */
#include "search.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/text.h"

enum { number_limit = 32 };

/* ---- reading ---- */

bool view_query_find(impact_text *value, impact_text query, const char *name)
{
    impact_text parameter;
    while (impact__text_split(&parameter, &query, '&')) {
        impact_text rest = parameter;
        impact_text key;
        if (!impact__text_split(&key, &rest, '=') || !impact__text_equal_string(key, name))
            continue;
        *value = rest.data ? rest : impact_text_from("", 0);
        return true;
    }
    return false;
}

/* A parameter, decoded into the search's own text; empty when it is not there. */
static bool read_parameter(impact_text *to, view_search *search, impact_text query,
                           const char *name)
{
    impact_text value;
    size_t size = 0;
    *to = impact_text_from(NULL, 0);
    if (!view_query_find(&value, query, name) || !value.size)
        return true;
    char *room = search->text + search->text_size;
    if (value.size > sizeof search->text - search->text_size ||
        !impact__percent_decode(room, &size, value, true))
        return false;
    search->text_size += size;
    *to = impact_text_from(room, size);
    return true;
}

/* Cut the next word off; a quoted part of it may have blanks in it. Its quotes are taken out, in
 * place. */
static bool cut_word(impact_text *word, char *text, size_t *at, size_t size)
{
    bool is_quoted = false;
    while (*at < size && text[*at] == ' ')
        (*at)++;
    const size_t start = *at;
    size_t end = start;
    for (; *at < size && (is_quoted || text[*at] != ' '); (*at)++) {
        if (text[*at] == '"')
            is_quoted = !is_quoted;
        else
            text[end++] = text[*at];
    }
    *word = impact_text_from(text + start, end - start);
    return *at > start;
}

static bool add_word(view_search *search, impact_text word)
{
    const char *equals = word.size ? memchr(word.data, '=', word.size) : NULL;
    impact_text key = impact_text_from(NULL, 0);
    if (!word.size)
        return true;
    if (search->word_count == view_search_word_limit)
        return false;
    if (equals && equals != word.data) {
        key = impact_text_from(word.data, (size_t)(equals - word.data));
        word = impact_text_from(equals + 1, word.size - key.size - 1);
    }
    search->words[search->word_count].key = key;
    search->words[search->word_count++].text = word;
    return true;
}

static bool add_words(view_search *search, impact_text text)
{
    impact_text word;
    size_t at = 0;
    if (!text.size)
        return true;
    char *own = search->text + (text.data - search->text);
    while (cut_word(&word, own, &at, text.size))
        if (!add_word(search, word))
            return false;
    return true;
}

static bool read_duration(view_search *search, impact_text text)
{
    uint64_t ms = 0;
    if (!text.size)
        return true;
    if (!impact__text_parse_uint(&ms, text, UINT32_MAX))
        return false;
    search->least_ns = ms * IMPACT__NS_PER_MS;
    return true;
}

bool view_search_parse(view_search *search, impact_text query)
{
    impact_text words;
    impact_text errors;
    impact_text least;
    search->word_count = 0;
    search->text_size = 0;
    search->least_ns = 0;
    if (!read_parameter(&search->service, search, query, "service") ||
        !read_parameter(&words, search, query, "q") ||
        !read_parameter(&errors, search, query, "errors") ||
        !read_parameter(&least, search, query, "least_ms") || !read_duration(search, least))
        return false;
    search->has_error = impact__text_equal_string(errors, "1");
    return add_words(search, words);
}

/* ---- matching ---- */

/* Whatever the case of ASCII letters. */
static bool contains(impact_text whole, impact_text part)
{
    for (size_t i = 0; i + part.size <= whole.size; i++)
        if (impact__text_equal_ignoring_case(impact_text_from(whole.data + i, part.size), part))
            return true;
    return false;
}

/* A scalar as text, `room` being for numbers; an array, a map and null have none. */
static impact_text text_of(const impact_value_view *value, char room[number_limit])
{
    int size = 0;
    switch (value->type) {
    case IMPACT_VALUE_STRING:
        return value->string;
    case IMPACT_VALUE_BOOL:
        return impact_text_of(value->boolean ? "true" : "false");
    case IMPACT_VALUE_INT:
        size = snprintf(room, number_limit, "%" PRId64, value->integer);
        break;
    case IMPACT_VALUE_DOUBLE:
        size = snprintf(room, number_limit, "%.15g", value->real);
        break;
    default:
        break;
    }
    return impact_text_from(room, (size_t)size);
}

static bool has_in_attributes(impact_message_walk attributes, impact_text key, impact_text text)
{
    impact_text name;
    impact_value_view value;
    char room[number_limit];
    while (impact_attribute_view_next(&attributes, &name, &value)) {
        const impact_text is = text_of(&value, room);
        if (key.size ? impact__text_equal(name, key) && impact__text_equal(is, text)
                     : contains(is, text))
            return true;
    }
    return false;
}

static bool has_in_events(impact_message_walk events, impact_text key, impact_text text)
{
    impact_event_view event;
    while (impact_event_view_next(&events, &event))
        if ((!key.size && contains(event.name, text)) ||
            has_in_attributes(event.attributes, key, text))
            return true;
    return false;
}

static bool has_own_word(const impact_span_view *view, impact_text key, impact_text text)
{
    if (!key.size && (contains(view->name, text) || contains(view->status_description, text)))
        return true;
    return has_in_attributes(view->attributes, key, text) || has_in_events(view->events, key, text);
}

static bool has_word(const view_span *span, const impact_span_view *view, impact_text key,
                     impact_text text)
{
    impact_message_walk resource;
    return has_own_word(view, key, text) ||
           (impact_resource_view_parse(&resource, span->resource->bytes) &&
            has_in_attributes(resource, key, text));
}

static bool has_all_words(const view_search *search, const view_span *span)
{
    impact_span_view view;
    if (!search->word_count)
        return true;
    if (!impact_span_view_parse(&view, span->bytes))
        return false;
    for (size_t i = 0; i < search->word_count; i++)
        if (!has_word(span, &view, search->words[i].key, search->words[i].text))
            return false;
    return true;
}

static bool is_of_service(impact_text service, impact_text key, impact_text text)
{
    return key.size
               ? impact__text_equal_string(key, "service.name") && impact__text_equal(service, text)
               : contains(service, text);
}

bool view_search_matches_span(const view_search *search, const impact_span_view *span,
                              impact_text service)
{
    for (size_t i = 0; i < search->word_count; i++) {
        const impact_text key = search->words[i].key;
        const impact_text text = search->words[i].text;
        if (!has_own_word(span, key, text) && !is_of_service(service, key, text))
            return false;
    }
    return true;
}

static bool matches_span(const view_search *search, const view_span *span)
{
    return (!search->has_error || span->has_error) &&
           (!search->service.size ||
            impact__text_equal(span->resource->service, search->service)) &&
           has_all_words(search, span);
}

bool view_search_matches(const view_search *search, const view_trace *trace)
{
    if (trace->end_ns - trace->start_ns < search->least_ns ||
        (search->has_error && !trace->error_count))
        return false;
    for (const view_span *span = trace->first; span; span = span->next)
        if (matches_span(search, span))
            return true;
    return false;
}
