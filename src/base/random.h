/* Random numbers for ids: xoshiro256++ (Blackman, Vigna 2019), seeded by getrandom. Not for
 * secrets. */
#ifndef IMPACT_BASE_RANDOM_H
#define IMPACT_BASE_RANDOM_H

#include <stdint.h>

/* One generator, owned by one thread. */
typedef struct impact__random {
    uint64_t state[4];
} impact__random;

void impact__random_seed(impact__random *random);

static inline uint64_t impact__random_rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static inline uint64_t impact__random_next(impact__random *random)
{
    uint64_t *s = random->state;
    const uint64_t result = impact__random_rotate(s[0] + s[3], 23) + s[0];
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = impact__random_rotate(s[3], 45);
    return result;
}

#endif
