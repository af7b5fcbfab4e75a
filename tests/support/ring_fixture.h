/* A ring with its reader, and records that say who they are: for tests of the ring. */
#ifndef IMPACT_TESTS_RING_FIXTURE_H
#define IMPACT_TESTS_RING_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "pipeline/ring_reader.h"
#include "support/check.h"

enum { area_size = 256 * 1024 };

static impact__ring ring;
static impact__ring_reader reader;
static void *memory;

static inline void open_ring(uint32_t limit, size_t bytes)
{
    const size_t size = impact__ring_size(limit, bytes);
    memory = size ? aligned_alloc(impact__ring_unit, (size + 63) / 64 * 64) : NULL;
    if (!memory)
        abort();
    memset(memory, 0xA5, size); /* what is there before means nothing */
    impact__ring_format(&ring, memory, limit, bytes);
    impact__ring_reader_open(&reader, &ring);
    reader.gives_back = true;
}

static inline void close_ring(void)
{
    free(memory);
}

/* A record of `size` bytes, the first eight of them `number`. */
static inline impact__ring_answer put(uint64_t number, uint32_t size)
{
    impact__ring_claim claim;
    const impact__ring_answer answer = impact__ring_claim_bytes(&ring, size, &claim);
    if (answer != IMPACT__RING_TAKEN)
        return answer;
    memset(claim.bytes, (int)(number & 0x7F), size);
    memcpy(claim.bytes, &number, sizeof number);
    claim.cell->scope = (uint32_t)number;
    impact__ring_commit(&claim);
    return answer;
}

static inline uint64_t number_of(const impact__ring_record *record)
{
    uint64_t number;
    memcpy(&number, record->bytes, sizeof number);
    return number;
}

/* The bytes behind the number are what `put` wrote. */
static inline bool is_whole(const impact__ring_record *record)
{
    const uint8_t should = (uint8_t)(number_of(record) & 0x7F);
    for (size_t i = sizeof(uint64_t); i < record->size; i++)
        if (record->bytes[i] != should)
            return false;
    return record->scope == (uint32_t)number_of(record);
}

static inline bool take_is(uint64_t number)
{
    impact__ring_record record;
    return impact__ring_take(&reader, &record) == IMPACT__RING_RECORD &&
           number_of(&record) == number && is_whole(&record);
}

static inline bool is_empty(void)
{
    impact__ring_record record;
    return impact__ring_take(&reader, &record) == IMPACT__RING_NOTHING &&
           impact__ring_waiting(&reader) == 0;
}

static inline void release(void)
{
    impact__ring_return(&reader);
    impact__ring_release(&reader);
}

#endif
