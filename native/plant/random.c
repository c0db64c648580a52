/* random.c: seeded noise. xoshiro256** (Blackman, Vigna) filled by splitmix64. */
#include "parts.h"

static uint64_t rotate_left(uint64_t word, unsigned count)
{
    return (word << count) | (word >> (64u - count));
}

static uint64_t next_word(uint64_t *random)
{
    uint64_t result = rotate_left(random[1] * 5u, 7) * 9u;
    uint64_t shifted = random[1] << 17;
    random[2] ^= random[0];
    random[3] ^= random[1];
    random[1] ^= random[2];
    random[0] ^= random[3];
    random[2] ^= shifted;
    random[3] = rotate_left(random[3], 45);
    return result;
}

void plant_random_seed(uint64_t *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += 0x9e3779b97f4a7c15ull;
        uint64_t word = seed;
        word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9ull;
        word = (word ^ (word >> 27)) * 0x94d049bb133111ebull;
        random[i] = word ^ (word >> 31);
    }
}

double plant_random_uniform(uint64_t *random)
{
    return (double)(next_word(random) >> 11) * (2.0 / 9007199254740992.0) - 1.0;
}

static uint64_t sum_of_quarters(uint64_t word)
{
    return (word & 0xffffu) + (word >> 16 & 0xffffu) + (word >> 32 & 0xffffu) + (word >> 48);
}

/* Sum of eight uniforms (Irwin-Hall): integer adds, no logarithm, and bounded at 4.9 sigma,
 * so that a noise sample alone never looks like a fault. Excess kurtosis -0.15. */
double plant_random_normal(uint64_t *random)
{
    uint64_t sum = sum_of_quarters(next_word(random));
    sum += sum_of_quarters(next_word(random));
    return ((double)sum - 4.0 * 65535.0) * (1.0 / 53509.91992145008);
}
