/* What the fast fp32 paths share: sizes, the workspace, packing of keys, values and queries, masks. */
#ifndef ROPELAW_ATTENTION_PLAN_H
#define ROPELAW_ATTENTION_PLAN_H

#include "attention/kernel.h"

/* Workspace is handed out front to back; with no memory behind it, it only counts. */
typedef struct {
    char *memory; /* NULL: count */
    size_t used;  /* SIZE_MAX: overflow */
} attention_arena;

/* `count` items of `size` bytes, 64-byte aligned; NULL when counting. */
void *attention_take(attention_arena *arena, size_t count, size_t size);

/* What every fast call checks first; gives the kernel. */
ropelaw_status attention_call_check(const ropelaw_attention_problem *problem,
                                    const ropelaw_attention_options *options, const void *tensors,
                                    const attention_kernel **kernel, ropelaw_error *error);

/* The arena over a workspace that must hold `bytes`. */
ropelaw_status attention_arena_init(attention_arena *arena, const ropelaw_attention_workspace *workspace,
                                    size_t bytes, ropelaw_error *error);

/* Bytes that each call takes from its arena; SIZE_MAX if that overflows. */
size_t attention_forward_bytes(const ropelaw_attention_problem *problem,
                               const ropelaw_attention_options *options, const attention_kernel *kernel);
size_t attention_backward_bytes(const ropelaw_attention_problem *problem,
                                const ropelaw_attention_options *options, const attention_kernel *kernel);
size_t attention_f64_bytes(const ropelaw_attention_problem *problem, const ropelaw_attention_options *options,
                           const attention_kernel *kernel);
size_t attention_stats_bytes(const ropelaw_attention_problem *problem,
                             const ropelaw_attention_options *options, const attention_kernel *kernel);

typedef struct {
    const ropelaw_attention_problem *p;
    const attention_kernel *kernel;
    void (*angles)(attention_angles *angles, const double *position, size_t n_tok);
    size_t n_threads;
    size_t n_columns;          /* head_dim padded to 16 */
    size_t n_keys;             /* n_tok padded to 64 */
    size_t n_pairs;            /* rotary_dim / 2 padded to 16 */
    size_t b_k, b_panel;       /* strides of packed values */
    size_t values_per_head;    /* floats */
    double *rate;              /* [n_pairs] inv_freq in quarter turns a token */
    unsigned char *not_finite; /* [n_kv_heads][n_keys / 64]: the block of values holds NaN or infinity */
} attention_plan;

/* Sizes and strides; the problem and options must have passed their checks. */
void attention_plan_init(attention_plan *plan, const ropelaw_attention_problem *problem,
                         const ropelaw_attention_options *options, const attention_kernel *kernel);

/* Take rate and not_finite from the arena. */
void attention_plan_take(attention_plan *plan, attention_arena *arena);

/* Fill rate; after attention_plan_take with memory. */
void attention_plan_start(attention_plan *plan);

/* No angle is beyond 2^50 quarter turns and none grows by 2^9 rad a token: what the vector kernels can reduce. */
bool attention_turns_are_moderate(const ropelaw_attention_problem *p);

double attention_position(const ropelaw_attention_problem *p, size_t t);

/* A cos and A sin of tokens t .. t + n - 1, those of them that exist; n <= 16: table is [n][2][n_pairs]. */
void attention_plan_tables(const attention_plan *plan, size_t t, size_t n, float *table);

/* The same of one token. */
static inline void attention_plan_table(const attention_plan *plan, size_t t, float *table) {
    attention_plan_tables(plan, t, 1, table);
}

/* out[n_columns] = rotated row of token t, padded with zeros. */
void attention_pack_turned(const attention_plan *plan, const float *table, const float *in, float *out);

/* softmax_scale * g_t in units of ln 2, so that weights are powers of two. */
float attention_scale(const ropelaw_attention_problem *p, size_t t);

/* Lanes of four rows [4][n_columns], each times its scale, into a transposed tile at `lane`. */
void attention_transpose4(const float *rows, size_t n_columns, const float *scale, float *tile, size_t lane);

/* Which part of a tile is seen: key j0 + k sees lanes first[k] <= lane < end[k]. */
typedef struct {
    size_t n_keys; /* keys worth looking at, a multiple of 8 */
    bool any, all; /* something, everything (of the lanes that exist) is seen */
    unsigned char first[ATTENTION_KEYS], end[ATTENTION_KEYS];
} attention_mask;

/* Queries q0 .. q0 + n_lanes - 1 against keys j0 .. j0 + 63. */
void attention_mask_init(attention_mask *mask, const ropelaw_attention_problem *p, size_t q0, size_t n_lanes,
                         size_t j0);

/* Put `value` where the mask sees nothing. */
void attention_mask_fill(const attention_mask *mask, float *tile, float value);

/* Keys that token i sees form two runs: sinks [pad, sinks_end) and [first, end). */
typedef struct {
    size_t pad, sinks_end, first, end;
} attention_seen;
attention_seen attention_seen_keys(const ropelaw_attention_problem *p, size_t i);

static inline bool attention_sees(const attention_seen *s, size_t j) {
    return (j >= s->first && j < s->end) || (j >= s->pad && j < s->sinks_end);
}

/* First key block that queries from q0 on can see behind block j0, a multiple of 64. */
size_t attention_next_block(const ropelaw_attention_problem *p, size_t q0, size_t j0);

#endif
