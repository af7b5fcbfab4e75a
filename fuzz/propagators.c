/* Every format: what one reads of a message, it writes so that it reads the same again; and
 * whatever is written can stand in a header. */
#include <stdint.h>

#include <impact/baggage.h>

#include "base/text.h"
#include "fuzz_headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- the fields that the input fills, by number ---- */

static const char *const names[] = {
    "b3",        "x-b3-traceid",    "x-b3-spanid", "x-b3-sampled", "x-b3-flags", "uber-trace-id",
    "uberctx-k", "x-amzn-trace-id", "traceparent", "tracestate",   "baggage",    "uberctx-\xFF"};

/* Parts of the input: a byte for the name, then the value up to the next line's end. */
static void fill(headers *m, impact_text input)
{
    impact_text part;
    *m = (headers){.count = 0};
    while (m->count < 4 && impact__text_split(&part, &input, '\n'))
        if (part.size)
            m->fields[m->count++] =
                (header){names[(uint8_t)part.data[0] % (sizeof names / sizeof *names)],
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

static void check(const char *name, headers *came, bool is_short)
{
    static headers sent;
    const impact_propagator *propagator = impact_propagator_find(name);
    const impact_context *first =
        propagator->extract(propagator, impact_context_root(), &headers_getter, came);
    const impact_span_context found = impact_context_span_context(first);
    require(first == impact_context_root() || impact_span_context_is_valid(&found) ||
            impact_context_baggage(first));
    sent = (headers){.count = 0};
    propagator->inject(propagator, first, headers_set, &sent);
    const impact_context *second =
        propagator->extract(propagator, impact_context_root(), &headers_getter, &sent);
    /* Encoding makes baggage longer, and then what has no room is left out. */
    require(!is_short || is_same(first, second));
    impact_context_release(first);
    impact_context_release(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const all[] = {"tracecontext", "baggage", "b3",  "b3multi",
                                      "jaeger",       "xray",    "none"};
    headers came;
    fill(&came, impact_text_from((const char *)data, size));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        check(all[i], &came, size <= 2700);
    return 0;
}
