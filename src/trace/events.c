/* What is recorded into a live span: events, exceptions and links. */
#include "trace/events.h"

#include <assert.h>

#include "base/text.h"
#include "signal/encode.h"
#include "signal/encode_short.h"
#include "trace/access.h"
#include "trace/provider.h"
#include "trace/room.h"
#include "trace/span_time.h"
#include "trace/trace_state.h"

/* semantic conventions, exceptions-spans: an event of this name is one, whoever adds it. */
static const char exception_name[] = "exception";

enum { least_room = 64 }; /* what has less is not worth cutting */

static impact__attribute_list list_of(const impact__span *span, const impact_attribute *attributes,
                                      size_t count, uint32_t count_limit)
{
    return (impact__attribute_list){
        .attributes = attributes,
        .count = attributes ? count : 0,
        .count_limit = count_limit,
        .value_length_limit = span->provider->event_value_length_limit,
    };
}

/* ---- fitting: an event or a link ---- */

typedef struct fitted {
    impact__event *event; /* one of the two */
    impact__link *link;
    const impact__attribute_list *given;
    size_t room;
    size_t size; /* of the field */
} fitted;

static void measure(fitted *item, uint32_t value_length_limit, uint32_t count_limit)
{
    assert(!item->event != !item->link);
    impact__attribute_list *list = item->event ? &item->event->attributes : &item->link->attributes;
    *list = *item->given;
    list->value_length_limit = value_length_limit;
    list->count_limit = count_limit;
    item->size =
        item->event ? impact__event_field_size(item->event) : impact__link_field_size(item->link);
}

static bool fits(void *item, uint32_t value_length_limit)
{
    fitted *f = item;
    measure(f, value_length_limit, f->given->count_limit);
    return f->size <= f->room;
}

/* Cut all values to one length, so that it fits; or leave them out, counted, if no length will
 * do. */
static bool cut(impact__span *span, fitted *item)
{
    assert(item->size > item->room);
    const uint32_t limit = item->given->value_length_limit;
    span->cut_count++;
    if (item->room < least_room)
        return false;
    if (item->event) /* half of the room is enough for a name */
        impact__string_cut(&item->event->name, IMPACT__EVENT_NAME, item->room / 2);
    const uint32_t most = limit < item->room ? limit : (uint32_t)item->room;
    const uint32_t length = impact__room_most(most, fits, item);
    measure(item, length, length ? item->given->count_limit : 0);
    return item->size <= item->room;
}

/* Room for it, measured; NULL: it is dropped. */
static uint8_t *fit(impact__span *span, fitted *item, impact__room_use use)
{
    item->room = impact__room_left(span, use, 0);
    const bool is_whole = fits(item, item->given->value_length_limit);
    return is_whole || cut(span, item) ? impact__room_reserve(span, item->size, use) : NULL;
}

/* ---- events ---- */

/* A span that is full of events still says why it failed; of more exceptions than these the newest
 * are dropped, too. */
enum { exception_places = 8 };

static bool has_place(const impact__span *span, impact__room_use use)
{
    const uint64_t limit = span->provider->limits.event_limit;
    const bool is_exception = use == IMPACT__ROOM_EXCEPTION;
    return span->event_count < limit + (limit && is_exception ? (uint64_t)exception_places : 0);
}

static void record_event(impact__span *span, impact__event *event,
                         const impact__attribute_list *attributes, impact__room_use use)
{
    fitted item = {.event = event, .given = attributes};
    uint8_t *to = has_place(span, use) ? fit(span, &item, use) : NULL;
    if (!to) {
        span->dropped_event_count++;
        return;
    }
    (void)impact__write_event(to, event);
    span->size += (uint32_t)item.size;
    span->event_count++;
}

/* Most events: a short name, no attributes, and there is room. False: it takes the long way. */
static inline bool record_short_event(impact__span *span, impact_text name, uint64_t unix_ns)
{
    if (span->event_count >= span->provider->limits.event_limit ||
        span->size + impact__short_size > span->short_end)
        return false;
    uint8_t *to = span->bytes + span->size;
    const uint8_t *end = impact__write_short_event(to, IMPACT__SPAN_EVENTS, name, unix_ns);
    if (!end)
        return false;
    span->size += (uint32_t)(end - to);
    span->event_count++;
    return true;
}

/* Apart, so that the short way does not pay for its frame. */
__attribute__((noinline)) static void record_long_event(impact__span *span, impact_text name,
                                                        uint64_t unix_ns,
                                                        const impact_attribute *attributes,
                                                        size_t attribute_count)
{
    const impact__attribute_list list =
        list_of(span, attributes, attribute_count, span->provider->limits.event_attribute_limit);
    impact__event event = {
        .unix_ns = unix_ns,
        .name = impact__string_of(name, IMPACT__ANY_LENGTH),
    };
    const bool is_exception = impact__text_equal(name, impact_text_of(exception_name));
    record_event(span, &event, &list,
                 is_exception ? IMPACT__ROOM_EXCEPTION : IMPACT__ROOM_ORDINARY);
}

void impact_span_add_event(impact_span *span, const char *name, uint64_t unix_ns,
                           const impact_attribute *attributes, size_t attribute_count)
{
    impact__access access;
    impact__span *live = name ? impact__access_begin(&access, span) : NULL;
    if (!live)
        return;
    const impact_text text = impact_text_of(name);
    const uint64_t when = unix_ns ? unix_ns : impact__span_time_now(live);
    const bool has_more = attributes && attribute_count;
    if (has_more || !record_short_event(live, text, when))
        record_long_event(live, text, when, attributes, attribute_count);
    impact__access_end(&access, live);
}

void impact_span_record_exception(impact_span *span, const char *type, const char *message,
                                  const char *stacktrace, const impact_attribute *attributes,
                                  size_t attribute_count)
{
    impact__access access;
    impact__span *live = impact__access_begin(&access, span);
    if (!live)
        return;
    const impact_attribute defaults[] = {
        impact_string("exception.type", type), /* those without a text are ignored */
        impact_string("exception.message", message),
        impact_string("exception.stacktrace", stacktrace),
    };
    impact__attribute_list list =
        list_of(live, attributes, attribute_count, live->provider->limits.event_attribute_limit);
    list.defaults = defaults;
    list.default_count = sizeof defaults / sizeof *defaults;
    impact__event event = {
        .unix_ns = impact__span_time_now(live),
        .name = impact__string_of(impact_text_of(exception_name), IMPACT__ANY_LENGTH),
    };
    record_event(live, &event, &list, IMPACT__ROOM_EXCEPTION);
    impact__access_end(&access, live);
}

/* ---- links ---- */

/* trace/api "Link": to a context that is not valid, where anything else is said. */
static bool says_something(const impact_link *link)
{
    return impact_span_context_is_valid(link->context) ||
           (link->attributes && link->attribute_count) ||
           (link->context && link->context->trace_state.text[0]);
}

void impact__span_record_link(impact__span *span, const impact_link *link)
{
    static const impact_span_context none;
    char state[impact__trace_state_limit];
    if (!says_something(link))
        return;
    const impact_span_limits *limits = &span->provider->limits;
    const impact_span_context *context = link->context ? link->context : &none;
    const impact__attribute_list list =
        list_of(span, link->attributes, link->attribute_count, limits->link_attribute_limit);
    impact__link encoded = {
        .context = context,
        .trace_state =
            impact__trace_state_to_send(state, impact_trace_state_text(&context->trace_state)),
    };
    fitted item = {.link = &encoded, .given = &list};
    uint8_t *to =
        span->link_count < limits->link_limit ? fit(span, &item, IMPACT__ROOM_ORDINARY) : NULL;
    if (!to) {
        span->dropped_link_count++;
        return;
    }
    (void)impact__write_link(to, &encoded);
    span->size += (uint32_t)item.size;
    span->link_count++;
}

void impact_span_add_link(impact_span *span, const impact_link *link)
{
    impact__access access;
    impact__span *live = link ? impact__access_begin(&access, span) : NULL;
    if (!live)
        return;
    impact__span_record_link(live, link);
    impact__access_end(&access, live);
}
