/* Random numbers for ids: xoroshiro128++ (Blackman, Vigna 2019), seeded by getrandom. Not
 * for secrets. */
#ifndef IMPACT_BASE_RANDOM_H
#define IMPACT_BASE_RANDOM_H

#include <stdint.h>

/* One generator, owned by one thread. */
typedef struct impact__random {
    uint64_t state[2]; /* never both 0 */
} impact__random;

void impact__random_seed(impact__random *random);

static inline uint64_t impact__random_rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static inline uint64_t impact__random_next(impact__random *random)
{
    const uint64_t s0 = random->state[0];
    const uint64_t s1 = random->state[1] ^ s0;
    const uint64_t result = impact__random_rotate(s0 + random->state[1], 17) + s0;
    random->state[0] = impact__random_rotate(s0, 49) ^ s1 ^ (s1 << 21);
    random->state[1] = impact__random_rotate(s1, 28);
    return result;
}

#endif
