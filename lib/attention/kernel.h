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
    ATTENTION_PANEL = 64, /* columns that `multiply` takes at once */
    ATTENTION_TURNS = 16  /* tokens whose angles are worth computing together */
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

/* cosine[t * step + n] = factor * cos(position[t] * rate[n] * pi/2), likewise sine; n < n_pairs, a multiple of 16. */
typedef struct {
    const double *rate; /* [n_pairs] quarter turns a token */
    size_t n_pairs, step;
    float factor;
    float *cosine, *sine;
    double *start; /* [n_pairs] what a call may leave to the next for the same 64 positions; NULL: nothing */
    double start_at; /* for which positions; NAN at first */
} attention_angles;

/* The rotation of the rows of a token: pairs (in[a], in[b]) with cosines and sines that carry the factor. */
typedef struct {
    size_t n_pairs, head_dim;
    bool interleaved;
    const float *cosine, *sine;
    size_t n_rows, in_step, out_step; /* row h: in + h * in_step becomes out + h * out_step */
} attention_turn;

/* A run of tokens: token t of `in` is at t * in_tok. */
typedef struct {
    const float *in;
    float *out;
    size_t in_tok, out_tok;
    bool stream; /* past the cache: `out` and its steps on 64 bytes, in != out */
} attention_rows;

enum { ANGLE_STACK = 64 };

/* Tokens whose positions differ in their last six bits alone. */
typedef struct {
    double start, ahead[ANGLE_STACK]; /* what they share, a multiple of 64; what they do not */
    size_t n;
} angle_stack;

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
    /* Fills rows of n_tok tokens at these positions; |position * rate| < 2^50, |rate| < 2^9. */
    void (*angles)(attention_angles *angles, const double *position, size_t n_tok);
    /* Rows of out = the rotated rows of in; in == out with equal steps is fine. */
    void (*turn)(const attention_turn *turn, const float *in, float *out);
    /* Multiply-adds in registers and nothing else; returns the number of operations. */
    double (*spin)(size_t n);
    /* In double. row[i] becomes e^(row[i] - m) with m the largest of the row and *largest, which becomes m (NaN if
       there is a NaN; e^-inf for all if m is -inf); returns the sum. n is a multiple of 8. Weights below e^-708 are 0. */
    double (*softmax_row)(double *row, size_t n, double *largest);
    /* cosine[i] = cos(position * inv_freq[i]) to 4e-16, likewise sine; |position * inv_freq| < 2^50. NULL: by libm. */
    void (*angles_f64)(const double *inv_freq, size_t n, double position, double *cosine, double *sine);
    /* `angles` and `turn` of a run at once, or NULL: half split, rotary_dim = head_dim, n_pairs a multiple of 16; two
       rows of the table and its starts are scratch. */
    void (*rotate_run)(attention_angles *angles, const double *position, size_t n_tok,
                       const attention_turn *turn, const attention_rows *rows);
} attention_kernel;

extern const attention_kernel attention_kernel_portable, attention_kernel_avx2, attention_kernel_avx512;

/* The kernel for these options (NULL: default). */
ropelaw_status attention_kernel_choose(const ropelaw_attention_options *options,
                                       const attention_kernel **kernel, ropelaw_error *error);

#endif
