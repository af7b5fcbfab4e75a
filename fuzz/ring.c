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

static void read_all(impact__ring *ring, const uint8_t *memory, size_t size)
{
    impact__ring_reader reader;
    impact__ring_record record;
    impact__ring_reader_open(&reader, ring);
    reader.steps_over = true;
    while (impact__ring_take(&reader, &record) == IMPACT__RING_RECORD)
        require(record.bytes >= memory && record.size <= size &&
                (size_t)(record.bytes - memory) <= size - record.size);
    require(impact__ring_waiting(&reader) == 0);
    impact__ring_return(&reader);
    impact__ring_release(&reader);
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
    for (size_t i = 0; i + 2 < size; i += 3)
        memory[(size_t)(data[i] << 8 | data[i + 1]) % whole] = data[i + 2];
    if (impact__ring_attach(&ring, memory, whole)) {
        read_all(&ring, memory, whole);
        impact__ring_forget(&ring); /* as a journal does once it was read */
        require(impact__ring_claim_bytes(&ring, 100, &claim) != IMPACT__RING_FULL);
    }
    free(memory);
    return 0;
}
