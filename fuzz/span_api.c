/* Spans: bytes drive the calls; what comes out is well formed and adds up, also without memory. */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <impact/span_view.h>
#include <impact/trace.h>

#include "base/text.h"
#include "trace/thread_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact)
{
    if (!fact)
        abort();
}

/* ---- memory that fails as the input says ---- */

static atomic_uint allocations;
static atomic_uint fail_every; /* 0: never */

static bool may_allocate(void)
{
    const unsigned every = atomic_load(&fail_every);
    return !every || atomic_fetch_add(&allocations, 1) % every != every - 1;
}

static void *allocate(void *userdata, size_t size)
{
    (void)userdata;
    return may_allocate() ? malloc(size) : NULL;
}

static void *resize(void *userdata, void *memory, size_t size)
{
    (void)userdata;
    return may_allocate() ? realloc(memory, size) : NULL;
}

static void release(void *userdata, void *memory)
{
    (void)userdata;
    free(memory);
}

static const impact_allocator failing = {allocate, resize, release, NULL};

/* Once, before anything else: a worker of the last round may still be giving back what it has. */
__attribute__((constructor)) static void set_allocator(void)
{
    impact_allocator_set_default(&failing);
}

/* ---- input ---- */

typedef struct input {
    const uint8_t *data;
    size_t size;
} input;

static uint8_t take(input *in)
{
    if (!in->size)
        return 0;
    in->size--;
    return *in->data++;
}

/* A piece of the input itself, or now and then a long text. */
static impact_text take_text(input *in)
{
    static char long_text[70000];
    const uint8_t size = take(in);
    if (size > 250) {
        memset(long_text, take(in), sizeof long_text);
        return impact_text_from(long_text, sizeof long_text >> (size - 251) * 2);
    }
    const size_t count = size < in->size ? size : in->size;
    const impact_text text = impact_text_from((const char *)in->data, count);
    in->data += count;
    in->size -= count;
    return text;
}

/* Items of arrays and maps: as many as one input can have, each taken once. */
enum { pool_limit = 4096 };

static impact_value pool[pool_limit];
static impact_attribute member_pool[pool_limit];
static size_t pool_size;

static impact_text take_key(input *in)
{
    static const char *const keys[] = {"a", "b", "http.request.method", "k\xFF", "", "c", "d", "e"};
    const uint8_t key = take(in);
    return key < 128 ? impact_text_of(keys[key % 8]) : take_text(in);
}

static impact_value take_value(input *in);

/* The innermost value first: the input says with what each is wrapped, and what stands beside
 * it. */
static impact_value take_container(input *in, impact_value_type type)
{
    impact_value value = impact_value_null();
    for (uint8_t depth = take(in) % 40; depth > 0; depth--) {
        const size_t count = take(in) % 4;
        if (pool_size + count > pool_limit)
            break;
        impact_value *items = pool + pool_size;
        impact_attribute *members = member_pool + pool_size;
        pool_size += count;
        for (size_t i = 0; i < count; i++) {
            items[i] = i == 0 ? value : take_value(in);
            members[i] = (impact_attribute){take_key(in), items[i]};
        }
        value = type == IMPACT_VALUE_MAP ? impact_value_map(members, count)
                                         : impact_value_array(items, count);
        type = take(in) & 1 ? IMPACT_VALUE_MAP : IMPACT_VALUE_ARRAY;
    }
    return value;
}

/* An array whose items stand as C has them; some lack the items that they promise. */
static impact_value take_typed_array(input *in, impact_value_type type)
{
    static int64_t numbers[64];
    static impact_text texts[64];
    impact_value value = impact_value_of(type, take(in) % 64);
    if (type == IMPACT_VALUE_STRING_ARRAY) {
        for (size_t i = 0; i < value.count; i++)
            texts[i] = take_text(in);
        value.strings = texts;
        return value;
    }
    memset(numbers, take(in) & 1, sizeof numbers); /* valid as bool, too */
    value.integers = take(in) ? numbers : NULL;
    return value;
}

static impact_value take_value(input *in)
{
    impact_value value = impact_value_of((impact_value_type)(take(in) % 15), 0);
    if (value.type == IMPACT_VALUE_ARRAY || value.type == IMPACT_VALUE_MAP)
        return take_container(in, value.type);
    if (value.type >= IMPACT_VALUE_STRING_ARRAY && value.type <= IMPACT_VALUE_DOUBLE_ARRAY)
        return take_typed_array(in, value.type);
    if (value.type == IMPACT_VALUE_STRING || value.type == IMPACT_VALUE_BYTES) {
        const impact_text text = take_text(in);
        value.string = text.data;
        value.count = text.size;
        return value;
    }
    value.integer = (int64_t)((uint64_t)take(in) << (take(in) % 64));
    if (value.type == IMPACT_VALUE_BOOL)
        value.boolean = take(in) & 1;
    return value;
}

static impact_attribute take_attribute(input *in)
{
    const impact_value value = take_value(in);
    return (impact_attribute){take_key(in), value};
}

static impact_span_context take_context(input *in)
{
    impact_span_context context = {.trace_flags = take(in), .is_remote = take(in) & 1};
    context.trace_id.bytes[3] = take(in);
    context.span_id.bytes[3] = take(in);
    const impact_text state = take_text(in);
    const size_t room = sizeof context.trace_state.text;
    if (state.size) /* perhaps without an end */
        memcpy(context.trace_state.text, state.data, state.size < room ? state.size : room);
    return context;
}

/* ---- calls ---- */

typedef struct expected {
    size_t events;
    size_t links;
    impact_span_status status;
} expected;

static void add_link(impact_span *span, input *in, expected *should)
{
    const impact_span_context context = take_context(in);
    const impact_attribute attribute = take_attribute(in);
    const bool has_attribute = take(in) & 1;
    impact_span_add_link(span, &(impact_link){&context, &attribute, has_attribute});
    should->links +=
        impact_span_context_is_valid(&context) || has_attribute || context.trace_state.text[0];
}

static void set_status(impact_span *span, input *in, expected *should)
{
    char description[256] = "";
    const impact_text text = take_text(in);
    memcpy(description, text.data ? text.data : "", text.size < 255 ? text.size : 255);
    const impact_span_status status = (impact_span_status)(take(in) % 4);
    impact_span_set_status(span, status, description);
    if (should->status != IMPACT_SPAN_STATUS_OK &&
        (status == IMPACT_SPAN_STATUS_OK || status == IMPACT_SPAN_STATUS_ERROR))
        should->status = status;
}

static void call(impact_span *span, input *in, expected *should)
{
    const uint8_t what = take(in) % 8;
    if (what == 0) {
        const impact_text name = take_text(in);
        impact_span_set_name_n(span, name.data, name.size);
    } else if (what == 1) {
        const impact_attribute attributes[] = {take_attribute(in), take_attribute(in)};
        impact_span_add_event(span, "event", take(in), attributes, take(in) % 3);
        should->events++;
    } else if (what == 2) {
        add_link(span, in, should);
    } else if (what == 3) {
        set_status(span, in, should);
    } else if (what == 4) {
        const impact_attribute attributes[] = {take_attribute(in), take_attribute(in)};
        impact_span_record_exception(span, "Type", take(in) & 1 ? "message" : NULL, NULL,
                                     attributes, take(in) % 3);
        should->events++;
    } else {
        impact_span_set(span, take_attribute(in));
    }
}

/* ---- what came out ---- */

static void check_text(impact_text text)
{
    require(impact__utf8_valid_prefix(text) == text.size);
}

/* Maps are walked as attributes are. */
static void check_attributes(impact_message_walk walk, unsigned depth);

static void check_value(impact_value_view value, unsigned depth)
{
    require(depth <= IMPACT_VALUE_DEPTH_LIMIT);
    if (value.type == IMPACT_VALUE_STRING)
        check_text(value.string);
    if (value.type == IMPACT_VALUE_MAP)
        check_attributes(value.items, depth + 1);
    if (value.type != IMPACT_VALUE_ARRAY)
        return;
    impact_value_view item;
    while (impact_value_view_next(&value.items, &item))
        check_value(item, depth + 1);
    require(value.items.rest.size == 0);
}

static void check_attributes(impact_message_walk walk, unsigned depth)
{
    impact_text key;
    impact_value_view value;
    while (impact_attribute_view_next(&walk, &key, &value)) {
        require(key.size > 0);
        check_text(key);
        check_value(value, depth);
        impact_message_walk rest = walk; /* each key stands once */
        impact_text other;
        while (depth == 0 && impact_attribute_view_next(&rest, &other, &value))
            require(!impact__text_equal(key, other));
    }
    require(walk.rest.size == 0);
}

static void check_events_and_links(const impact_span_view *view, const expected *should)
{
    impact_message_walk events = view->events;
    impact_message_walk links = view->links;
    impact_event_view event;
    impact_link_view link;
    size_t event_count = 0;
    size_t link_count = 0;
    for (; impact_event_view_next(&events, &event); event_count++)
        check_attributes(event.attributes, 0);
    for (; impact_link_view_next(&links, &link); link_count++) {
        check_text(link.context.trace_state);
        check_attributes(link.attributes, 0);
    }
    require(events.rest.size == 0 && links.rest.size == 0);
    require(event_count + view->dropped_event_count == should->events);
    require(link_count + view->dropped_link_count == should->links);
}

static void check_span(impact_text bytes, const expected *should, bool has_memory)
{
    impact_span_view view;
    require(bytes.size <= 16 * 1024 * 1024);
    require(impact_span_view_parse(&view, bytes));
    const impact_span_context context = impact_span_context_of_view(&view.context);
    require(impact_span_context_is_valid(&context) && view.end_unix_ns != 0);
    require(strlen(context.trace_state.text) == view.context.trace_state.size);
    check_text(view.name);
    check_text(view.status_description);
    check_text(view.context.trace_state);
    (void)has_memory; /* a status needs none */
    require(view.status == should->status);
    check_attributes(view.attributes, 0);
    check_events_and_links(&view, should);
}

typedef struct witness {
    impact_exporter exporter; /* first: a pointer to it is a pointer to this */
    const expected *should;
    bool has_memory;
} witness;

static impact_status look(impact_exporter *exporter, const impact_batch *batch, uint32_t timeout_ms,
                          size_t *rejected)
{
    (void)timeout_ms;
    (void)rejected;
    const witness *w = (const witness *)exporter;
    for (size_t i = 0; i < batch->scope_count; i++)
        for (size_t j = 0; j < batch->scopes[i]->span_count; j++)
            check_span(batch->scopes[i]->spans[j], w->should, w->has_memory);
    return IMPACT_OK;
}

static void close_nothing(impact_exporter *exporter)
{
    (void)exporter;
}

static void check_stats(impact_tracer_provider *provider)
{
    impact_trace_stats s = {.size = sizeof s};
    impact_tracer_provider_get_stats(provider, &s);
    require(s.ended == s.queued + s.in_flight + s.exported + s.dropped_full + s.dropped_memory +
                           s.dropped_closed + s.rejected + s.failed);
    require(s.ended == 1 && s.exported + s.dropped_memory == 1);
}

static void record(impact_tracer_provider *provider, input *in, expected *should)
{
    impact_tracer *tracer = impact_tracer_provider_get_tracer(provider, "fuzz", NULL);
    const impact_span_context parent = take_context(in);
    const impact_text name = take_text(in);
    const impact_attribute attribute = take_attribute(in);
    require(tracer != NULL);
    atomic_store(&allocations, 0);
    atomic_store(&fail_every, take(in) % 8 == 1 ? take(in) % 8 + 1 : 0);
    impact_span *span = impact_span_start(
        tracer, name.size ? name.data : "", /* size 0: NUL-terminated */
        IMPACT_SPAN_OPTIONS(.parent = &parent, .name_size = name.size, .attributes = &attribute,
                            .attribute_count = take(in) & 1));
    while (in->size)
        call(span, in, should);
    impact_span_end(span);
    atomic_store(&fail_every, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    expected should = {0};
    pool_size = 0;
    input in = {data, size};
    witness w = {{.size = sizeof w.exporter,
                  .name = "witness",
                  .export_batch = look,
                  .close = close_nothing},
                 &should,
                 true};
    impact_exporter *exporter = &w.exporter;
    impact_tracer_provider *provider = NULL;
    require(impact_tracer_provider_open(
                &provider, IMPACT_TRACE_OPTIONS(.exporters = &exporter, .exporter_count = 1,
                                                .queue_limit = 2, .schedule_delay_ms = 3600000,
                                                .sampler = impact_sampler_always_on(),
                                                .limits = {.attribute_limit = 1 + take(&in) % 20,
                                                           .event_limit = 1 + take(&in) % 20,
                                                           .link_limit = 1 + take(&in) % 20,
                                                           .value_length_limit = take(&in),
                                                           .span_bytes = take(&in) * 512u})) ==
            IMPACT_OK);
    record(provider, &in, &should);
    w.has_memory = atomic_load(&allocations) == 0;
    require(impact_tracer_provider_shutdown(provider, 60000) == IMPACT_OK);
    check_stats(provider);
    impact_tracer_provider_close(provider);
    impact__thread_state_release();
    return 0;
}
