/* A journal's bytes. */
#include "pipeline/journal_layout.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <impact/span_view.h>

#include "base/protobuf.h"

static const uint64_t magic = UINT64_C(0x316C6E72756A7069); /* "ipjurnl1" */

enum {
    version = 1,
    name_align = 8,
    resource_number = -1, /* no scope has it */
    span_field = 2,       /* of ScopeSpans: see signal/encode.h */
    cell_size = sizeof(impact__open_cell),
};

typedef struct name_head {
    uint32_t number;
    uint32_t size;
    uint32_t schema_url_size;
    uint32_t apart;
} name_head;

/* A library whose ring has other structs reads nothing of ours. */
static uint32_t layout_of(void)
{
    return (uint32_t)(sizeof(impact__ring_memory) << 16 | sizeof(impact__ring_extent) << 8 |
                      sizeof(impact__ring_cell));
}

static size_t rounded(size_t size)
{
    return (size + name_align - 1) / name_align * name_align;
}

static size_t names_offset(size_t ring_size)
{
    return impact__journal_head_size + rounded(ring_size);
}

/* Where the names have to end: there begin the cells, each on a page of its own. */
static size_t names_end(size_t size, uint32_t cell_count)
{
    return cell_count ? size - (size_t)cell_count * cell_size : size;
}

size_t impact__journal_size(size_t ring_size, size_t resource_size, uint32_t cell_count)
{
    const size_t size = names_offset(ring_size) + sizeof(name_head) + rounded(resource_size) +
                        impact__journal_scopes_size;
    if (!cell_count)
        return size;
    return (size + cell_size - 1) / cell_size * cell_size + (size_t)cell_count * cell_size;
}

/* ---- one's own ---- */

static bool add_name(void *memory, uint32_t number, impact_text bytes, impact_text schema_url)
{
    impact__journal_head *head = memory;
    const size_t begin = names_offset((size_t)head->ring_size);
    const size_t used = (size_t)atomic_load_explicit(&head->names_used, memory_order_relaxed);
    const size_t room = names_end((size_t)head->size, head->cell_count) - begin - used;
    if (bytes.size > room || schema_url.size > room ||
        sizeof(name_head) + rounded(bytes.size + schema_url.size) > room)
        return false;
    uint8_t *to = (uint8_t *)memory + begin + used;
    const name_head name = {
        .number = number,
        .size = (uint32_t)bytes.size,
        .schema_url_size = (uint32_t)schema_url.size,
    };
    memcpy(to, &name, sizeof name);
    if (bytes.size)
        memcpy(to + sizeof name, bytes.data, bytes.size);
    if (schema_url.size)
        memcpy(to + sizeof name + bytes.size, schema_url.data, schema_url.size);
    /* Release: whoever finds the file with this sees the name. */
    atomic_store_explicit(&head->names_used,
                          used + sizeof name + rounded(bytes.size + schema_url.size),
                          memory_order_release);
    return true;
}

void impact__journal_format(void *memory, size_t size, size_t ring_size,
                            const impact__journal_owner *owner)
{
    assert(size >= impact__journal_size(ring_size, 0, owner->cell_count));
    impact__journal_head *head = memory;
    head->version = version;
    head->layout = layout_of();
    head->size = size;
    head->ring_size = ring_size;
    head->exporter_number = owner->exporter_number;
    head->cell_count = owner->cell_count;
    (void)snprintf(head->exporter, sizeof head->exporter, "%s", /* one that is longer is cut */
                   owner->exporter ? owner->exporter : "");
    (void)add_name(memory, (uint32_t)resource_number, owner->resource,
                   impact_text_from(NULL, 0)); /* there is room */
    head->magic = magic;
}

impact__open_cell *impact__journal_cell(void *memory, uint32_t number)
{
    const impact__journal_head *head = memory;
    if (number >= head->cell_count)
        return NULL;
    uint8_t *cells = (uint8_t *)memory + names_end((size_t)head->size, head->cell_count);
    return (impact__open_cell *)(void *)cells + number;
}

void impact__journal_close_cells(void *memory)
{
    impact__journal_head *head = memory;
    atomic_store_explicit(&head->cells_done, head->cell_count, memory_order_relaxed);
}

bool impact__journal_add_scope(void *memory, uint32_t number, const impact__scope *scope)
{
    return add_name(memory, number, scope->bytes, scope->schema_url);
}

/* ---- somebody else's ---- */

/* What an entry says of itself. */
typedef struct name_seen {
    uint32_t number;
    impact_text bytes;
    impact_text schema_url;
} name_seen;

/* Cut the first entry off; false at the end, and where the rest is none. */
static bool read_name(name_seen *name, impact_text *rest)
{
    name_head head;
    if (rest->size < sizeof head)
        return false;
    memcpy(&head, rest->data, sizeof head);
    const size_t room = rest->size - sizeof head;
    if (head.size > room || head.schema_url_size > room - head.size)
        return false;
    const char *bytes = rest->data + sizeof head;
    *name = (name_seen){head.number, impact_text_from(bytes, head.size),
                        impact_text_from(bytes + head.size, head.schema_url_size)};
    const size_t whole = rounded((size_t)head.size + head.schema_url_size);
    const size_t taken = sizeof head + (whole < room ? whole : room);
    *rest = impact_text_from(rest->data + taken, rest->size - taken);
    return true;
}

static bool is_head(const impact__journal_head *head, size_t size)
{
    if (head->magic != magic || head->version != version || head->layout != layout_of())
        return false;
    if (head->size != size || head->ring_size > size - impact__journal_head_size)
        return false;
    if (!memchr(head->exporter, 0, sizeof head->exporter) ||
        names_offset((size_t)head->ring_size) > size)
        return false;
    const size_t behind = size - names_offset((size_t)head->ring_size);
    return !head->cell_count || (size % cell_size == 0 && head->cell_count <= behind / cell_size);
}

/* The resource is the first entry. */
static bool read_names(impact__journal_view *view, const impact__journal_head *head, size_t size)
{
    impact_message_walk walk;
    name_seen first;
    const size_t begin = names_offset((size_t)head->ring_size);
    const uint64_t used = atomic_load_explicit(&head->names_used, memory_order_relaxed);
    if (used > names_end(size, head->cell_count) - begin)
        return false;
    view->names = impact_text_from((const char *)head + begin, (size_t)used);
    impact_text rest = view->names;
    if (!read_name(&first, &rest) || first.number != (uint32_t)resource_number ||
        !impact_resource_view_parse(&walk, first.bytes))
        return false;
    view->resource = first.bytes;
    return true;
}

bool impact__journal_read(impact__journal_view *view, void *memory, size_t size)
{
    const impact__journal_head *head = memory;
    if (size < impact__journal_head_size || !is_head(head, size))
        return false;
    impact__journal_view read = {.exporter = head->exporter,
                                 .exporter_number = head->exporter_number};
    if (!read_names(&read, head, size) ||
        !impact__ring_attach(&read.ring, impact__journal_ring_memory(memory),
                             (size_t)head->ring_size))
        return false;
    read.open = impact__open_walk_of((uint8_t *)memory + names_end(size, head->cell_count),
                                     head->cell_count,
                                     atomic_load_explicit(&head->cells_done, memory_order_relaxed));
    *view = read;
    impact__ring_reader_open(&view->reader, &view->ring);
    impact__ring_reader_step_over(&view->reader);
    return true;
}

impact__scope impact__journal_scope(const impact__journal_view *view, uint32_t number)
{
    impact_scope_view seen;
    name_seen name;
    impact_text rest = view->names;
    while (read_name(&name, &rest))
        if (name.number == number && number != (uint32_t)resource_number &&
            impact_scope_view_parse(&seen, name.bytes))
            return (impact__scope){name.bytes, name.schema_url};
    return (impact__scope){0};
}

/* Field 2 of ScopeSpans, and nothing behind it. */
static bool read_record(impact_text *span, const impact__ring_record *record)
{
    impact_span_view view;
    impact__field field;
    impact_text rest = impact_text_from((const char *)record->bytes, record->size);
    if (!impact__read_field(&field, &rest) || rest.size || field.number != span_field ||
        !impact_span_view_parse(&view, field.bytes))
        return false;
    *span = field.bytes;
    return true;
}

bool impact__journal_take(impact__journal_view *view, impact_text *span, uint32_t *scope)
{
    impact__ring_record record;
    while (impact__ring_take(&view->reader, &record) == IMPACT__RING_RECORD) {
        *scope = record.scope;
        if (read_record(span, &record))
            return true;
        view->reader.skipped++;
    }
    return impact__open_walk_next(&view->open, span, scope);
}

impact_text impact__journal_release(impact__journal_view *view, size_t *offset)
{
    const size_t begin = offsetof(impact__ring_memory, head);
    const size_t end = offsetof(impact__ring_memory, begun) + sizeof view->ring.memory->begun;
    impact__ring_return(&view->reader);
    impact__ring_release(&view->reader);
    *offset = impact__journal_head_size + begin;
    return impact_text_from((const char *)view->ring.memory + begin, end - begin);
}

impact_text impact__journal_release_cells(impact__journal_view *view, size_t *offset)
{
    *offset = offsetof(impact__journal_head, cells_done);
    return impact_text_from((const char *)&view->open.next, sizeof view->open.next);
}
