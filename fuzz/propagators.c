/* Every format: what one reads of a message, it writes so that it reads the same again; and whatever is
 * written can stand in a header. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <impact/baggage.h>
#include <impact/propagation.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact)
{
    if (!fact)
        abort();
}

/* ---- a message: its fields point into memory of its own ---- */

enum { field_limit = 8, text_limit = 40000 };

typedef struct field {
    const char *name;
    impact_text value;
} field;

typedef struct message {
    field fields[field_limit];
    size_t count;
    char texts[text_limit];
    size_t size;
} message;

static void get_all(void *carrier, const char *name, impact_carrier_visit_fn visit, void *userdata)
{
    const message *m = carrier;
    for (size_t i = 0; i < m->count; i++)
        if (strcasecmp(m->fields[i].name, name) == 0 && !visit(userdata, m->fields[i].value))
            return;
}

static void keys(void *carrier, impact_carrier_visit_fn visit, void *userdata)
{
    const message *m = carrier;
    for (size_t i = 0; i < m->count; i++)
        if (!visit(userdata, impact_text_of(m->fields[i].name)))
            return;
}

static const impact_carrier_getter getter = {
    .size = sizeof getter, .get_all = get_all, .keys = keys};

static const char *keep(message *m, const char *text)
{
    const size_t size = strlen(text) + 1;
    require(m->size + size <= sizeof m->texts);
    char *kept = memcpy(m->texts + m->size, text, size);
    m->size += size;
    return kept;
}

static void set(void *carrier, const char *name, const char *value)
{
    message *m = carrier;
    require(*name);
    for (const char *c = name; *c; c++)
        require(*c > ' ' && *c < 0x7F && *c != ':');
    for (const char *c = value; *c; c++)
        require((*c >= ' ' && *c < 0x7F) || *c == '\t');
    require(m->count < field_limit);
    m->fields[m->count].name = keep(m, name);
    m->fields[m->count++].value = impact_text_of(keep(m, value));
}

/* ---- the fields that the input fills, by number ---- */

static const char *const names[] = {
    "b3",        "x-b3-traceid",    "x-b3-spanid", "x-b3-sampled", "x-b3-flags", "uber-trace-id",
    "uberctx-k", "x-amzn-trace-id", "traceparent", "tracestate",   "baggage",    "uberctx-\xFF"};

/* Parts of the input: a byte for the name, then the value up to the next line's end. */
static void fill(message *m, impact_text input)
{
    impact_text part;
    *m = (message){.count = 0};
    while (m->count < 4 && impact__text_split(&part, &input, '\n'))
        if (part.size)
            m->fields[m->count++] =
                (field){names[(uint8_t)part.data[0] % (sizeof names / sizeof *names)],
                        impact_text_from(part.data + 1, part.size - 1)};
}

static bool is_same_baggage(const impact_baggage *a, const impact_baggage *b)
{
    impact_text name, value, other;
    for (size_t i = 0; impact_baggage_at(&name, &value, NULL, a, i); i++)
        if (!impact_baggage_get(&other, b, name) || !impact__text_equal(value, other))
            return false;
    return impact_baggage_count(a) == impact_baggage_count(b);
}

static bool is_same(const impact_context *a, const impact_context *b)
{
    const impact_span_context one = impact_context_span_context(a);
    const impact_span_context two = impact_context_span_context(b);
    return memcmp(&one.trace_id, &two.trace_id, sizeof one.trace_id) == 0 &&
           memcmp(&one.span_id, &two.span_id, sizeof one.span_id) == 0 &&
           (one.trace_flags & 1) == (two.trace_flags & 1) &&
           strcmp(one.trace_state.text, two.trace_state.text) == 0 &&
           is_same_baggage(impact_context_baggage(a), impact_context_baggage(b));
}

static void check(const char *name, message *came, bool is_short)
{
    static message sent;
    const impact_propagator *propagator = impact_propagator_find(name);
    const impact_context *first =
        propagator->extract(propagator, impact_context_root(), &getter, came);
    const impact_span_context found = impact_context_span_context(first);
    require(first == impact_context_root() || impact_span_context_is_valid(&found) ||
            impact_context_baggage(first));
    sent = (message){.count = 0};
    propagator->inject(propagator, first, set, &sent);
    const impact_context *second =
        propagator->extract(propagator, impact_context_root(), &getter, &sent);
    /* Encoding makes baggage longer, and then what has no room is left out. */
    require(!is_short || is_same(first, second));
    impact_context_release(first);
    impact_context_release(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const all[] = {"tracecontext", "baggage", "b3",  "b3multi",
                                      "jaeger",       "xray",    "none"};
    message came;
    fill(&came, impact_text_from((const char *)data, size));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        check(all[i], &came, size <= 2700);
    return 0;
}
