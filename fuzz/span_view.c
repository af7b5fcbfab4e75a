/* The decoder, walked through to its last leaf. */
#include <impact/span_view.h>

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is used, so that a view outside the input is seen. */
static volatile unsigned char sink;

static void touch(impact_text text)
{
    for (size_t i = 0; i < text.size; i++)
        sink ^= (unsigned char)text.data[i];
}

/* Values lie in one another as deep as the input is long: what is still to be walked is a stack,
 * and what finds no place on it is not walked. */
enum { stack_size = 64 };

typedef struct stack {
    impact_value_view values[stack_size];
    size_t size;
} stack;

static void push(stack *to, const impact_value_view *value)
{
    touch(value->string);
    if (to->size < stack_size)
        to->values[to->size++] = *value;
}

static void push_members(stack *to, impact_message_walk walk)
{
    impact_text key;
    impact_value_view value;
    while (impact_attribute_view_next(&walk, &key, &value)) {
        touch(key);
        push(to, &value);
    }
}

static void walk_attributes(impact_message_walk walk)
{
    stack open;
    open.size = 0;
    push_members(&open, walk);
    while (open.size) {
        impact_value_view value = open.values[--open.size];
        impact_value_view item;
        if (value.type == IMPACT_VALUE_MAP)
            push_members(&open, value.items);
        while (value.type == IMPACT_VALUE_ARRAY && impact_value_view_next(&value.items, &item))
            push(&open, &item);
    }
}

static void walk_span(const impact_span_view *span)
{
    touch(span->name);
    touch(span->context.trace_state);
    touch(span->status_description);
    walk_attributes(span->attributes);
    impact_message_walk walk = span->events;
    impact_event_view event;
    while (impact_event_view_next(&walk, &event)) {
        touch(event.name);
        walk_attributes(event.attributes);
    }
    walk = span->links;
    impact_link_view link;
    while (impact_link_view_next(&walk, &link)) {
        touch(link.context.trace_state);
        walk_attributes(link.attributes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const impact_text input = impact_text_from((const char *)data, size);
    impact_span_view span;
    if (impact_span_view_parse(&span, input))
        walk_span(&span);
    impact_message_walk attributes;
    if (impact_resource_view_parse(&attributes, input))
        walk_attributes(attributes);
    impact_scope_view scope;
    if (impact_scope_view_parse(&scope, input)) {
        touch(scope.name);
        touch(scope.version);
        walk_attributes(scope.attributes);
    }
    return 0;
}
