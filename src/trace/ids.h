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

/* 8 random bytes, not all zero. */
static inline void impact__id_write_random(uint8_t *to, impact__random *random)
{
    uint64_t bits;
    do {
        bits = impact__random_next(random);
    } while (!bits);
    memcpy(to, &bits, sizeof bits);
}

/* From the program's own generator; random where that gives none. */
impact_trace_id impact__id_ask_trace(const impact__id_generator *generator, impact__random *random);
impact_span_id impact__id_ask_span(const impact__id_generator *generator, impact__random *random);

static inline impact_span_id impact__id_new_span(const impact__id_generator *generator,
                                                 impact__random *random)
{
    impact_span_id id;
    if (__builtin_expect(generator->of != NULL, 0))
        return impact__id_ask_span(generator, random);
    impact__id_write_random(id.bytes, random);
    return id;
}

static inline impact_trace_id impact__id_new_trace(const impact__id_generator *generator,
                                                   impact__random *random)
{
    impact_trace_id id;
    if (__builtin_expect(generator->of != NULL, 0))
        return impact__id_ask_trace(generator, random);
    impact__id_write_random(id.bytes, random);
    impact__id_write_random(id.bytes + 8, random);
    return id;
}

/* The flags of a new trace: whether its id is random. */
static inline uint8_t impact__id_flags(const impact__id_generator *generator)
{
    return !generator->of || generator->is_random ? IMPACT_TRACE_FLAG_RANDOM : 0;
}

#endif
