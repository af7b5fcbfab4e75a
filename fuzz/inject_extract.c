/* Every format, as a pair: what is injected is extracted alike, as far as the format carries it;
 * and nothing else is. The input makes the context, so that ids, trace state and baggage are such
 * as no message would have brought. */
#include <stdint.h>

#include <impact/baggage.h>
#include <impact/context.h>
#include <impact/trace_state.h>

#include "base/text.h"
#include "fuzz_headers.h"
#include "propagate/baggage_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Encoded, so much is three times as large, and has room in every header: nothing is cut. */
enum { input_limit = 2500, entry_limit = 40 };

/* Bytes of a field's name in jaeger, the prefix "uberctx-" among them. */
enum { field_name_most = 255, prefix_size = 8 };

/* ---- input ---- */

typedef struct input {
    const uint8_t *at;
    size_t left;
} input;

static uint8_t take_byte(input *in)
{
    if (!in->left)
        return 0;
    in->left--;
    return *in->at++;
}

static void take_bytes(input *in, uint8_t *to, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = take_byte(in);
}

/* A byte for its length, and the text. */
static impact_text take_text(input *in)
{
    const size_t wanted = take_byte(in);
    const size_t size = wanted < in->left ? wanted : in->left;
    const impact_text text = impact_text_from((const char *)in->at, size);
    in->at += size;
    in->left -= size;
    return text;
}

/* ---- a context ---- */

static const impact_context *take_span_context(input *in)
{
    impact_span_context made = {.trace_flags = take_byte(in)};
    take_bytes(in, made.trace_id.bytes, sizeof made.trace_id.bytes);
    take_bytes(in, made.span_id.bytes, sizeof made.span_id.bytes);
    const impact_text state =
        take_text(in); /* of any characters: what is no trace state is left out */
    memcpy(made.trace_state.text, state.data, state.size);
    return impact_context_with_span_context(impact_context_root(), &made);
}

static const impact_baggage *take_baggage(input *in)
{
    const impact_baggage *baggage = NULL;
    while (in->left && impact_baggage_count(baggage) < entry_limit) {
        const impact_baggage *more = NULL;
        const impact_text name = take_text(in);
        const impact_text value = take_text(in);
        if (impact_baggage_set(&more, baggage, name, value, take_text(in)))
            continue; /* not UTF-8, or no name */
        impact_baggage_release(baggage);
        baggage = more;
    }
    return baggage;
}

static const impact_context *take_context(input *in)
{
    const impact_context *with_span = take_span_context(in);
    const impact_baggage *baggage = take_baggage(in);
    const impact_context *context = impact_context_with_baggage(with_span, baggage);
    impact_context_release(with_span);
    impact_baggage_release(baggage);
    return context;
}

/* ---- what a format carries ---- */

typedef struct format {
    const char *name;
    uint8_t flags;     /* of a trace; 0: no span context at all */
    bool has_state;    /* the trace state */
    bool has_baggage;  /* names and values */
    bool has_metadata; /* and what stands behind them */
    bool is_folding;   /* names of baggage are names of fields: letters' case is lost */
} format;

static const uint8_t sampled = IMPACT_TRACE_FLAG_SAMPLED;
static const uint8_t all_flags = IMPACT_TRACE_FLAG_SAMPLED | IMPACT_TRACE_FLAG_RANDOM;

static void require_same_span(const format *f, const impact_context *sent,
                              const impact_context *came)
{
    const impact_span_context a = impact_context_span_context(sent);
    const impact_span_context b = impact_context_span_context(came);
    const bool is_sent = f->flags && impact_span_context_is_valid(&a);
    require(impact_span_context_is_valid(&b) == is_sent);
    if (!is_sent)
        return;
    require(b.is_remote);
    require(memcmp(&a.trace_id, &b.trace_id, sizeof a.trace_id) == 0);
    require(memcmp(&a.span_id, &b.span_id, sizeof a.span_id) == 0);
    require(b.trace_flags == (a.trace_flags & f->flags));
    require(strcmp(b.trace_state.text, f->has_state ? a.trace_state.text : "") == 0);
}

/* Printable, so it goes; without the blanks around it, which mean nothing there. */
static impact_text metadata_that_goes(const format *f, impact_text metadata)
{
    const impact_text none = {NULL, 0};
    for (size_t i = 0; i < metadata.size; i++) {
        const char c = metadata.data[i];
        if (c != '\t' && (c < 0x20 || c > 0x7E || c == ','))
            return none;
    }
    return f->has_metadata ? impact__text_trim(metadata) : none;
}

/* The metadata of `name`. */
static impact_text metadata_of(const impact_baggage *baggage, impact_text name)
{
    impact_text found, metadata;
    for (size_t i = 0; impact_baggage_at(&found, NULL, &metadata, baggage, i); i++)
        if (impact__text_equal(found, name))
            return metadata;
    abort();
}

/* Its name may stand where the format puts it. */
static bool is_carried(const format *f, impact_text name)
{
    return f->has_baggage && impact__is_token(name) &&
           (!f->is_folding || prefix_size + name.size <= field_name_most);
}

static void require_same_baggage(const format *f, const impact_baggage *sent,
                                 const impact_baggage *came)
{
    impact_text name, value, metadata, other;
    size_t count = 0;
    for (size_t i = 0; impact_baggage_at(&name, &value, &metadata, sent, i); i++) {
        if (!is_carried(f, name))
            continue;
        require(impact_baggage_get(&other, came, name) && impact__text_equal(value, other));
        require(impact__text_equal(metadata_that_goes(f, metadata), metadata_of(came, name)));
        count++;
    }
    require(impact_baggage_count(came) == count);
}

/* Two names are one but for case. */
static bool has_twins(const impact_baggage *baggage)
{
    impact_text a, b;
    for (size_t i = 0; impact_baggage_at(&a, NULL, NULL, baggage, i); i++)
        for (size_t j = 0; j < i && impact_baggage_at(&b, NULL, NULL, baggage, j); j++)
            if (impact__text_equal_ignoring_case(a, b))
                return true;
    return false;
}

static void check(const format *f, const impact_context *sent, const impact_context *came)
{
    const impact_baggage *baggage = impact_context_baggage(sent);
    require_same_span(f, sent, came);
    if (!f->is_folding || !has_twins(baggage))
        require_same_baggage(f, baggage, impact_context_baggage(came));
    impact_context_release(came);
}

static void check_propagator(const impact_propagator *propagator, const format *f,
                             const impact_context *sent)
{
    static headers message;
    message.count = message.size = 0;
    propagator->inject(propagator, sent, headers_set, &message);
    check(f, sent,
          propagator->extract(propagator, impact_context_root(), &headers_getter, &message));
}

/* ---- all of them ---- */

static const format formats[] = {
    {.name = "tracecontext", .flags = all_flags, .has_state = true},
    {.name = "baggage", .has_baggage = true, .has_metadata = true},
    {.name = "b3", .flags = sampled},
    {.name = "b3multi", .flags = sampled},
    {.name = "jaeger", .flags = sampled, .has_baggage = true, .is_folding = true},
    {.name = "xray", .flags = sampled},
    {.name = "none"},
};

static const format w3c = {
    .flags = all_flags, .has_state = true, .has_baggage = true, .has_metadata = true};

static void check_several(const impact_context *sent)
{
    impact_propagator *both = NULL;
    const impact_propagator *members[] = {impact_propagator_find("baggage"),
                                          impact_propagator_find("tracecontext")};
    require(impact_propagator_composite_open(&both, members, 2) == IMPACT_OK);
    check_propagator(both, &w3c, sent);
    impact_propagator_composite_close(both);
}

/* The process's propagator, which is W3C's, and the environment of a child. */
static void check_environment(const impact_context *sent)
{
    char *none[] = {NULL};
    char **environment = NULL;
    require(impact_propagation_environment_open(&environment, sent, none) == IMPACT_OK);
    check(&w3c, sent,
          impact_propagation_extract(impact_context_root(), impact_environment_getter(),
                                     environment));
    impact_propagation_environment_close(environment);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size < input_limit ? size : input_limit};
    const impact_context *sent = take_context(&in);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        check_propagator(impact_propagator_find(formats[i].name), &formats[i], sent);
    check_several(sent);
    check_environment(sent);
    impact_context_release(sent);
    return 0;
}
