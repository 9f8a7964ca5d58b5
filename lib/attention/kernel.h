/* Microkernels: what differs between instruction sets. Everything is fp32; a tile is scores[key][lane] with
   the queries in the lanes, so that maximum, sum and masks need no horizontal operation and nothing is packed
   inside the loops. The shapes are the same for all kernels, the registers that hold them are not.

   Sizes. 48 lanes = 3 vectors of 16; with 8 keys they fill 24 of 32 accumulators, leaving 3 for the query
   vectors and the rest for broadcasts. 64 keys keep a tile (12 KB) and half of their values (16 KB) in a 32
   KB L1. Eight tiles (384 queries) share each block of keys and values from L2: with head_dim 128 their
   transposed queries and accumulators take 384 KB. Columns are padded to 16, keys to 64, both with zeros. */
#ifndef ROPELAW_ATTENTION_KERNEL_H
#define ROPELAW_ATTENTION_KERNEL_H

#include "attention/attention.h"

enum {
    ATTENTION_LANES = 48, /* queries of a tile */
    ATTENTION_KEYS = 64,  /* keys of a block */
    ATTENTION_GROUP = 8,  /* keys that `scores` takes at once */
    ATTENTION_TILES = 8,  /* tiles that share a block */
    ATTENTION_ALIGN = 16, /* padding of columns [float] */
    ATTENTION_PANEL = 64  /* columns that `multiply` takes at once */
};

/* C(r, c) = scale[r] C(r, c) + sum over k of A(r, k) B(k, c), r < n_rows, c < n_cols (a multiple of 16). */
typedef struct {
    const float *a; /* A(r, k) = a[r * a_row + k * a_k] */
    size_t a_row, a_k;
    const float *b; /* B(k, c) = b[c / 64 * b_panel + k * b_k + c % 64] */
    size_t b_k, b_panel;
    float *c; /* C(r, c) = c[r * c_row + c] */
    size_t c_row;
    const float *scale; /* NULL: 1 */
    size_t n_rows, n_k, n_cols;
} attention_product;

/* One row of the rotation: pairs (in[a], in[b]) with cosines and sines that carry the factor. */
typedef struct {
    size_t n_pairs, head_dim;
    bool interleaved;
    const float *cosine, *sine;
} attention_turn;

typedef struct {
    ropelaw_attention_kernel about;
    /* scores[key][lane] = sum over c < dim of keys[key * dim + c] * queries[c * 48 + lane]; n_keys a multiple
       of 8. Lanes below first_lane may be left alone. */
    void (*scores)(const float *keys, size_t n_keys, size_t dim, const float *queries, size_t first_lane,
                   float *scores);
    /* Scores in units of ln 2 become weights exp2(score - largest); updates largest[48] and sum[48] and gives
       in rescale[48] the factor for what was summed before. -inf weighs exactly 0, a NaN stays NaN. */
    void (*softmax)(float *scores, size_t n_keys, float *largest, float *sum, float *rescale);
    /* scores become P = exp2(score - lse), dweights become P * (dweight - delta). */
    void (*dsoftmax)(float *scores, float *dweights, size_t n_keys, const float *lse, const float *delta);
    void (*multiply)(const attention_product *product);
    /* cosine[n] = factor * cos(position * rate[n] * pi/2), likewise sine; n < n_pairs, all arrays padded
       to 16. |position * rate| < 2^50. */
    void (*angles)(const double *rate, size_t n_pairs, double position, float factor, float *cosine,
                   float *sine);
    /* out[head_dim] = the rotated in[head_dim]; in == out is fine. */
    void (*turn)(const attention_turn *turn, const float *in, float *out);
    /* Multiply-adds in registers and nothing else; returns the number of operations. */
    double (*spin)(size_t n);
    /* row[i] = e^(row[i] - base), i < n; row[i] <= base; what is below e^-708 may be 0, NaN for NaN. */
    void (*exp_row)(double *row, size_t n, double base);
    /* `turn` past the cache, or NULL: half split, rotary_dim = head_dim a multiple of 32, out on 64 bytes, in != out;
       stream_end() makes the stores visible to other threads. */
    void (*turn_stream)(const attention_turn *turn, const float *in, float *out);
    void (*stream_end)(void);
} attention_kernel;

extern const attention_kernel attention_kernel_portable, attention_kernel_avx2, attention_kernel_avx512;

/* The kernel for these options (NULL: default). */
ropelaw_status attention_kernel_choose(const ropelaw_attention_options *options,
                                       const attention_kernel **kernel, ropelaw_error *error);

#endif
