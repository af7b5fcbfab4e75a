/* The ring in a file: whatever it says, a reader stays within it, ends, and a writer may go on. */
#include "pipeline/ring_reader.h"

#include <stdlib.h>
#include <string.h>

enum { limit = 8, area_size = 4096, steps = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact)
{
    if (!fact)
        abort();
}

/* What is written over the file: three bytes of input say where and what. */
typedef struct changes {
    const uint8_t *data;
    size_t size;
} changes;

static bool change_one(changes *rest, uint8_t *memory, size_t size)
{
    if (rest->size < 3)
        return false;
    memory[(size_t)(rest->data[0] << 8 | rest->data[1]) % size] = rest->data[2];
    rest->data += 3;
    rest->size -= 3;
    return true;
}

static volatile uint8_t sink;

/* Its rows and cells change between one record and the next. */
static void read_all(impact__ring *ring, uint8_t *memory, size_t size, changes *later)
{
    impact__ring_reader reader;
    impact__ring_record record;
    impact__ring_reader_open(&reader, ring);
    impact__ring_reader_step_over(&reader);
    while (impact__ring_take(&reader, &record) == IMPACT__RING_RECORD) {
        require(record.bytes >= memory && record.size <= size &&
                (size_t)(record.bytes - memory) <= size - record.size);
        for (uint32_t i = 0; i < record.size; i++)
            sink = record.bytes[i];
        (void)change_one(later, memory, size);
    }
    require(impact__ring_waiting(&reader) == 0);
    impact__ring_return(&reader);
    impact__ring_release(&reader);
}

/* As a journal does once it was read. */
static void use_again(impact__ring *ring)
{
    impact__ring_reader reader;
    impact__ring_record record;
    impact__ring_claim claim;
    impact__ring_clear(ring);
    impact__ring_reader_open(&reader, ring);
    require(impact__ring_take(&reader, &record) == IMPACT__RING_NOTHING);
    const impact__ring_answer answer = impact__ring_claim_bytes(ring, 100, &claim);
    require(answer != IMPACT__RING_FULL);
    if (answer == IMPACT__RING_CLOSED)
        return;
    impact__ring_commit(&claim);
    require(impact__ring_take(&reader, &record) == IMPACT__RING_RECORD && record.size == 100);
}

/* The input is laid over a ring that holds something: so most of it is as it should be. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t whole = impact__ring_size(limit, area_size);
    uint8_t *memory = aligned_alloc(impact__ring_unit, (whole + 63) / 64 * 64);
    impact__ring ring;
    impact__ring_claim claim;
    require(memory != NULL);
    impact__ring_format(&ring, memory, limit, area_size);
    for (uint32_t i = 0; i < 4; i++) {
        require(impact__ring_claim_bytes(&ring, 20 * i, &claim) == IMPACT__RING_TAKEN);
        impact__ring_commit(&claim);
    }
    changes before = {data, size / 2};
    changes later = {data + size / 2, size - size / 2};
    while (change_one(&before, memory, whole))
        continue;
    if (impact__ring_attach(&ring, memory, whole)) {
        read_all(&ring, memory, whole, &later);
        use_again(&ring);
    }
    free(memory);
    return 0;
}
