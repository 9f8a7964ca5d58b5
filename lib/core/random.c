/* Philox4x32 with ten rounds (Salmon et al. 2011). The counter is 128 bits: the low half counts blocks, the high
   half is the stream number, so that streams of one seed never overlap within 2^64 blocks. */
#include "core/core.h"
#include <ropelaw/random.h>
#include <math.h>
#include <string.h>

enum { ROUNDS = 10 };
static const uint32_t multiplier0 = 0xD2511F53u, multiplier1 = 0xCD9E8D57u;
static const uint32_t weyl0 = 0x9E3779B9u, weyl1 = 0xBB67AE85u;

static void philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]) {
    uint32_t k0 = key[0], k1 = key[1];
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t p0 = (uint64_t)multiplier0 * c0, p1 = (uint64_t)multiplier1 * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1, c3 = (uint32_t)p0, c0 = n0, c2 = n2;
        k0 += weyl0, k1 += weyl1;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

void ropelaw_random_init(ropelaw_random *r, uint64_t seed, uint64_t stream) {
    memset(r, 0, sizeof *r);
    r->key[0] = (uint32_t)seed, r->key[1] = (uint32_t)(seed >> 32);
    r->counter[2] = (uint32_t)stream, r->counter[3] = (uint32_t)(stream >> 32);
    r->used = 4;
}

uint32_t ropelaw_random_bits(ropelaw_random *r) {
    if (r->used == 4) {
        philox(r->key, r->counter, r->block);
        if (++r->counter[0] == 0) r->counter[1]++;
        r->used = 0;
    }
    return r->block[r->used++];
}

static uint64_t bits64(ropelaw_random *r) {
    uint64_t low = ropelaw_random_bits(r);
    return low | (uint64_t)ropelaw_random_bits(r) << 32;
}

double ropelaw_random_uniform(ropelaw_random *r) {
    /* 52 bits and a half: symmetric about 1/2 and never an end point */
    return ((double)(bits64(r) >> 12) + 0.5) * 0x1p-52;
}

double ropelaw_random_normal(ropelaw_random *r) {
    if (r->has_normal) {
        r->has_normal = 0;
        return r->normal;
    }
    double radius = sqrt(-2 * log(ropelaw_random_uniform(r)));
    double angle = 2 * M_PI * ropelaw_random_uniform(r);
    r->normal = radius * sin(angle);
    r->has_normal = 1;
    return radius * cos(angle);
}

uint64_t ropelaw_random_below(ropelaw_random *r, uint64_t n) {
    uint64_t limit = UINT64_MAX - UINT64_MAX % n; /* rejection: whole multiples of n only */
    uint64_t x;
    do x = bits64(r);
    while (x >= limit);
    return x % n;
}
