/* Values as protobuf bytes.
 *
 * DESIGN: a message is written from its end to its front. A length stands before what it measures,
 * so it is known when its turn comes, and one pass over a value of any depth suffices; without room
 * the same pass only measures, so what is measured is what is written. Nothing recurses: the
 * containers around the place that is written are a stack of at most IMPACT_VALUE_DEPTH_LIMIT
 * frames.
 *
 *     array [1, {"k": 2}]       pushed: array, map        written: 2, "k", lengths; 1; lengths
 */
#include "signal/encode_value.h"

#include <assert.h>

#include "base/text.h"

/* ---- text ---- */

enum { replacement_size = 3 }; /* U+FFFD in UTF-8 */

impact__string impact__string_of(impact_text text, uint32_t character_limit)
{
    assert(text.data || text.size == 0);
    if (text.size > character_limit)
        text.size = impact__utf8_prefix_of_characters(text, character_limit);
    impact__string string = {text, text.size};
    if (impact__utf8_valid_prefix(text) != text.size)
        string.size = impact__utf8_repaired_size(text);
    return string;
}

uint8_t *impact__write_string(uint8_t *to, uint32_t field, const impact__string *string)
{
    to = impact__write_varint(to, IMPACT__TAG(field, IMPACT__WIRE_LENGTH));
    to = impact__write_varint(to, string->size);
    if (string->size == string->text.size) /* nothing to repair: that only makes text longer */
        return impact__write_bytes(to, string->text.data, string->text.size);
    impact__utf8_repair((char *)to, string->text);
    return to + string->size;
}

/* Bytes of `text` that take at most `size` once repaired, whole characters all. */
static size_t prefix_of_repaired(impact_text text, size_t size)
{
    size_t used = 0;
    size_t taken = 0;
    while (taken < text.size) {
        const size_t sequence =
            impact__utf8_sequence(impact_text_from(text.data + taken, text.size - taken));
        const size_t repaired = sequence ? sequence : replacement_size;
        if (used + repaired > size)
            break;
        used += repaired;
        taken += sequence ? sequence : 1;
    }
    return taken;
}

void impact__string_cut(impact__string *string, uint32_t field, size_t field_size)
{
    assert(string->size > 0 || field_size > 0);
    size_t size = string->size < field_size ? string->size : field_size;
    while (size && impact__field_size(field, size) > field_size)
        size--; /* as often as a length has bytes */
    if (size == string->size)
        return;
    string->text.size = prefix_of_repaired(string->text, size);
    string->size = impact__utf8_repaired_size(string->text);
}

/* ---- writing backwards ---- */

/* An array or a map whose items are being written, the last one first. */
typedef struct frame {
    const impact_value *container;
    size_t left;        /* items that are still to be written */
    size_t size_behind; /* bytes that were there before its first one */
} frame;

typedef struct writer {
    uint8_t *start; /* of what was written; NULL: it is only measured */
    size_t size;
    uint32_t length_limit;
    frame frames[IMPACT_VALUE_DEPTH_LIMIT];
    size_t depth;
} writer;

/* Room for `size` bytes before all that was written, or NULL. */
static uint8_t *put(writer *to, size_t size)
{
    to->size += size;
    if (to->start)
        to->start -= size;
    return to->start;
}

/* What was written since there were `size_behind` bytes is the content of this field. */
static void put_length(writer *to, uint32_t field, size_t size_behind)
{
    assert(size_behind <= to->size);
    const size_t content = to->size - size_behind;
    uint8_t *at = put(to, impact__field_size(field, content) - content);
    if (!at)
        return;
    at = impact__write_varint(at, IMPACT__TAG(field, IMPACT__WIRE_LENGTH));
    (void)impact__write_varint(at, content);
}

static void put_string(writer *to, uint32_t field, impact_text text, uint32_t limit)
{
    const impact__string string = impact__string_of(text, limit);
    uint8_t *at = put(to, impact__field_size(field, string.size));
    if (at)
        (void)impact__write_string(at, field, &string);
}

static void put_bytes(writer *to, const void *bytes, size_t size)
{
    if (size > to->length_limit)
        size = to->length_limit;
    uint8_t *at = put(to, impact__field_size(IMPACT__ANY_VALUE_BYTES, size));
    if (at)
        (void)impact__write_field(at, IMPACT__ANY_VALUE_BYTES, bytes, size);
}

/* A value without items; what is none of these is null, which takes no bytes. */
static void put_scalar(writer *to, const impact_value *value)
{
    uint8_t *at = NULL;
    switch (value->type) {
    case IMPACT_VALUE_STRING:
        put_string(to, IMPACT__ANY_VALUE_STRING, impact_text_from(value->string, value->count),
                   to->length_limit);
        return;
    case IMPACT_VALUE_BYTES:
        put_bytes(to, value->bytes, value->bytes ? value->count : 0);
        return;
    case IMPACT_VALUE_BOOL:
        if ((at = put(to, 1 + 1)))
            (void)impact__write_bool_value(at, value->boolean);
        return;
    case IMPACT_VALUE_INT:
        if ((at = put(to, 1 + impact__varint_size((uint64_t)value->integer))))
            (void)impact__write_int_value(at, value->integer);
        return;
    case IMPACT_VALUE_DOUBLE:
        if ((at = put(to, 1 + 8)))
            (void)impact__write_double_value(at, value->real);
        return;
    default:
        return;
    }
}

/* ---- arrays and maps ---- */

static bool is_container(const impact_value *value)
{
    return (value->type >= IMPACT_VALUE_STRING_ARRAY && value->type <= IMPACT_VALUE_DOUBLE_ARRAY) ||
           value->type == IMPACT_VALUE_ARRAY || value->type == IMPACT_VALUE_MAP;
}

bool impact__value_is_writable(const impact_value *value)
{
    if (value->type <= IMPACT_VALUE_NONE || value->type > IMPACT_VALUE_MAP)
        return false;
    return !is_container(value) || value->count == 0 || value->items;
}

/* An item of an array of one type, as a value; borrowed from `room`. */
static const impact_value *typed_item(impact_value *room, const impact_value *array, size_t index)
{
    assert(index < array->count);
    if (array->type == IMPACT_VALUE_BOOL_ARRAY) {
        *room = impact_value_bool(array->booleans[index]);
    } else if (array->type == IMPACT_VALUE_INT_ARRAY) {
        *room = impact_value_int(array->integers[index]);
    } else if (array->type == IMPACT_VALUE_DOUBLE_ARRAY) {
        *room = impact_value_double(array->reals[index]);
    } else {
        *room = impact_value_of(IMPACT_VALUE_STRING, array->strings[index].size);
        room->string = array->strings[index].data;
    }
    return room;
}

static const impact_value *item_of(impact_value *room, const impact_value *container, size_t index)
{
    if (container->type == IMPACT_VALUE_ARRAY)
        return &container->items[index];
    if (container->type == IMPACT_VALUE_MAP)
        return &container->members[index].value;
    return typed_item(room, container, index);
}

/* As attributes are: without a key or a value there is nothing to say. */
static bool is_ignored(const impact_attribute *member)
{
    return member->key.size == 0 || !member->key.data || member->value.type == IMPACT_VALUE_NONE;
}

static bool is_set_again(const impact_value *map, size_t index)
{
    size_t end = map->count;
    if (end - index > impact__member_window)
        end = index + impact__member_window;
    for (size_t i = index + 1; i < end; i++)
        if (!is_ignored(&map->members[i]) &&
            impact__text_equal(map->members[i].key, map->members[index].key))
            return true;
    return false;
}

static bool is_left_out(const impact_value *container, size_t index)
{
    return container->type == IMPACT_VALUE_MAP &&
           (is_ignored(&container->members[index]) || is_set_again(container, index));
}

/* An item is written, as far as its AnyValue: what stands before that. */
static void put_item_head(writer *to, const frame *in, size_t size_behind)
{
    if (in->container->type != IMPACT_VALUE_MAP) {
        put_length(to, IMPACT__ARRAY_VALUE_VALUES, size_behind);
        return;
    }
    put_length(to, IMPACT__KEY_VALUE_VALUE, size_behind);
    put_string(to, IMPACT__KEY_VALUE_KEY, in->container->members[in->left].key, IMPACT__ANY_LENGTH);
    put_length(to, IMPACT__KEY_VALUE_LIST_VALUES, size_behind);
}

static void open_container(writer *to, const impact_value *value)
{
    assert(is_container(value));
    to->frames[to->depth++] = (frame){value, value->count, to->size};
}

static void close_container(writer *to)
{
    assert(to->depth > 0);
    const frame *closed = &to->frames[--to->depth];
    const bool is_map = closed->container->type == IMPACT_VALUE_MAP;
    put_length(to, is_map ? IMPACT__ANY_VALUE_MAP : IMPACT__ANY_VALUE_ARRAY, closed->size_behind);
    if (to->depth)
        put_item_head(to, &to->frames[to->depth - 1], closed->size_behind);
}

static void put_item(writer *to, frame *in)
{
    impact_value room;
    in->left--;
    if (is_left_out(in->container, in->left))
        return;
    const impact_value *item = item_of(&room, in->container, in->left);
    const bool is_open = is_container(item) && impact__value_is_writable(item);
    if (is_open && to->depth < IMPACT_VALUE_DEPTH_LIMIT) {
        open_container(to, item); /* its frame says where it goes on */
        return;
    }
    const size_t size_behind = to->size;
    put_scalar(to, item);
    put_item_head(to, in, size_behind);
}

/* False: it has grown over the limit. */
static bool put_value(writer *to, const impact_value *value)
{
    if (!is_container(value)) {
        put_scalar(to, value);
        return to->size <= impact__value_size_limit;
    }
    open_container(to, value);
    while (to->depth && to->size <= impact__value_size_limit) {
        frame *top = &to->frames[to->depth - 1];
        if (top->left)
            put_item(to, top);
        else
            close_container(to);
    }
    return to->size <= impact__value_size_limit;
}

bool impact__value_measure(size_t *size, const impact_value *value, uint32_t length_limit)
{
    writer measure;
    measure.start = NULL;
    measure.size = 0;
    measure.length_limit = length_limit;
    measure.depth = 0;
    const bool fits = put_value(&measure, value);
    *size = measure.size;
    return fits;
}

uint8_t *impact__write_value(uint8_t *to, size_t size, const impact_value *value,
                             uint32_t length_limit)
{
    writer backwards;
    backwards.start = to + size;
    backwards.size = 0;
    backwards.length_limit = length_limit;
    backwards.depth = 0;
    (void)put_value(&backwards, value); /* it was measured to fit */
    assert(backwards.start == to);
    return to + size;
}
