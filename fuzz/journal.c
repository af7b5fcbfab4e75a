/* A journal that somebody left: whatever stands in it, a reader stays within it, and ends. */
#include "pipeline/journal_layout.h"

#include <stdlib.h>
#include <string.h>

enum { limit = 8, area_size = 4096, record_count = 4, cell_count = 3, open_count = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact)
{
    if (!fact)
        abort();
}

static volatile char sink;

static void read_text(impact_text text)
{
    for (size_t i = 0; i < text.size; i++)
        sink = text.data[i];
}

static void put_spans(uint8_t *memory, size_t ring_size)
{
    static const char record[] = "\x12\x05\x2a\x03xyz"; /* a Span with a name */
    impact__ring ring;
    impact__ring_claim claim;
    require(impact__ring_attach(&ring, impact__journal_ring_memory(memory), ring_size));
    for (uint32_t i = 0; i < record_count; i++) {
        require(impact__ring_claim_bytes(&ring, sizeof record - 1, &claim) == IMPACT__RING_TAKEN);
        claim.cell->scope = i % 2;
        memcpy(claim.bytes, record, sizeof record - 1);
        impact__ring_commit(&claim);
    }
}

/* The last of them was open, and is not any more. */
static void open_spans(uint8_t *memory)
{
    static const char span[] = "\x0a\x10iiiiiiiiiiiiiiii" /* ids, a name, a start, an end */
                               "\x12\x08ssssssss\x2a\x04open\x39\1\0\0\0\0\0\0\0"
                               "\x41\0\0\0\0\0\0\0\0\x4a\x09\x0a\x01k\x12\x04\x0a\x02me";
    for (uint32_t i = 0; i < cell_count; i++) {
        const impact__open_span open = {i, i, impact_text_from(span, sizeof span - 1), i};
        impact__open_cell_write(impact__journal_cell(memory, i), &open);
        impact__open_cell_write(impact__journal_cell(memory, i), &open);
    }
    impact__open_cell_clear(impact__journal_cell(memory, open_count), 7);
}

/* As a process leaves it that was killed. */
static void make(uint8_t *memory, size_t size, size_t ring_size)
{
    const impact__journal_owner owner = {.exporter = "otlp",
                                         .resource = impact_text_of("\x0a\x03\x0a\x01k"),
                                         .cell_count = cell_count};
    const impact__scope scope = {impact_text_of("\x0a\x01n"), impact_text_of("url")};
    impact__ring ring;
    memset(memory, 0, size);
    impact__journal_format(memory, size, ring_size, &owner);
    impact__ring_format(&ring, impact__journal_ring_memory(memory), limit, area_size);
    require(impact__journal_add_scope(memory, 1, &scope));
    put_spans(memory, ring_size);
    open_spans(memory);
}

static size_t read_all(impact__journal_view *view)
{
    impact_text span;
    uint32_t number = 0;
    size_t count = 0;
    size_t offset = 0;
    read_text(impact_text_of(view->exporter));
    read_text(view->resource);
    while (impact__journal_take(view, &span, &number)) {
        const impact__scope scope = impact__journal_scope(view, number);
        read_text(span);
        read_text(scope.bytes);
        read_text(scope.schema_url);
        count++;
    }
    read_text(impact__journal_release(view, &offset));
    read_text(impact__journal_release_cells(view, &offset));
    return count;
}

/* Three bytes of the input say what is changed: of the head, the names and the cells mostly, for
 * the ring has a target of its own. */
static void change(uint8_t *memory, size_t ring_size, const uint8_t *data, size_t size)
{
    const struct {
        size_t begin;
        size_t size;
    } parts[] = {
        {0, 128},
        {impact__journal_head_size, ring_size},
        {impact__journal_head_size + ring_size, 256},
        {(size_t)((uint8_t *)impact__journal_cell(memory, 0) - memory),
         cell_count * sizeof(impact__open_cell)},
    };
    for (; size >= 3; data += 3, size -= 3) {
        const size_t at = (size_t)(data[0] & 0x3F) << 8 | data[1];
        const size_t part = data[0] >> 6;
        memory[parts[part].begin + at % parts[part].size] = data[2];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t ring_size = impact__ring_size(limit, area_size);
    const size_t whole = impact__journal_size(ring_size, 16, cell_count);
    uint8_t *memory = aligned_alloc(impact__ring_unit, (whole + 63) / 64 * 64);
    impact__journal_view view;
    require(memory != NULL);
    make(memory, whole, ring_size);
    require(impact__journal_read(&view, memory, whole) &&
            read_all(&view) == record_count + open_count);
    make(memory, whole, ring_size);
    change(memory, ring_size, data, size);
    if (impact__journal_read(&view, memory, whole))
        (void)read_all(&view);
    free(memory);
    return 0;
}
