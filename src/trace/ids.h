/* The ids of new spans: random, or from a generator of the program's own. */
#ifndef IMPACT_TRACE_IDS_H
#define IMPACT_TRACE_IDS_H

#include <stdbool.h>
#include <string.h>

#include <impact/id_generator.h>

#include "base/random.h"

/* A provider's generator, as it was read when the provider opened; all zero: ids are random. */
typedef struct impact__id_generator {
    impact_id_generator *of; /* owned */
    impact_trace_id (*new_trace_id)(impact_id_generator *generator);
    impact_span_id (*new_span_id)(impact_id_generator *generator);
    bool is_random;
} impact__id_generator;

/* `given` may be NULL. False, and nothing is taken: it lacks one of its two functions. */
bool impact__id_generator_open(impact__id_generator *generator, impact_id_generator *given);
void impact__id_generator_close(impact__id_generator *generator);

/* The ids of a span, as their bytes lie in memory: in words, which are copied without a stall. */
typedef struct impact__ids {
    uint64_t trace_begin;
    uint64_t trace_end;
    uint64_t span;
} impact__ids;

static inline void impact__ids_set_trace_id(impact__ids *ids, const impact_trace_id *id)
{
    memcpy(&ids->trace_begin, id->bytes, sizeof ids->trace_begin);
    memcpy(&ids->trace_end, id->bytes + 8, sizeof ids->trace_end);
}

static inline impact_trace_id impact__ids_trace_id(const impact__ids *ids)
{
    impact_trace_id id;
    memcpy(id.bytes, &ids->trace_begin, sizeof ids->trace_begin);
    memcpy(id.bytes + 8, &ids->trace_end, sizeof ids->trace_end);
    return id;
}

/* Not zero. */
static inline uint64_t impact__id_random(impact__random *random)
{
    uint64_t bits;
    do {
        bits = impact__random_next(random);
    } while (!bits);
    return bits;
}

/* The id of a new span and, where it is a root, of its trace. */
static inline void impact__ids_draw(impact__ids *ids, impact__random *random, bool is_root)
{
    impact__random numbers = *random; /* a copy, which stays in registers */
    ids->span = impact__id_random(&numbers);
    if (is_root) {
        ids->trace_begin = impact__random_next(&numbers);
        ids->trace_end = impact__id_random(&numbers);
    }
    *random = numbers;
}

/* The same from the program's own generator; random where that gives none. */
void impact__ids_ask(impact__ids *ids, const impact__id_generator *generator,
                     impact__random *random, bool is_root);

/* The flags of a new trace: whether its id is random. */
static inline uint8_t impact__id_flags(const impact__id_generator *generator)
{
    return !generator->of || generator->is_random ? IMPACT_TRACE_FLAG_RANDOM : 0;
}

#endif
