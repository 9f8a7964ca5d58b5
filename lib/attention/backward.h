/* The backward pass: backward.c multiplies, backward_rows.c holds the rows that are multiplied. */
#ifndef ROPELAW_ATTENTION_BACKWARD_H
#define ROPELAW_ATTENTION_BACKWARD_H

#include "attention/plan.h"

enum { TILES = 4, LANES = ATTENTION_LANES, KEYS = ATTENTION_KEYS, GROUP = TILES * LANES };

typedef struct {
    float *keys, *values, *dkeys, *dvalues; /* [n_keys][n_columns] of one key head */
    float *queries, *dout;                  /* [4][48][n_columns] of a group; queries rotated and scaled */
    float *queries_t, *dout_t;              /* [4][n_columns][48] */
    float *dqueries;                        /* [4][48][n_columns] */
    float *lse, *delta;                     /* [4][48] */
    float *weights, *dscores;               /* [64][48] */
    float *table;                           /* [2][n_pairs] */
} attention_backward_rows;

typedef struct {
    attention_plan plan;
    const ropelaw_attention_f32 *x;
    attention_backward_rows *threads;
    /* more threads than key heads: */
    bool shares_head;
    attention_backward_rows head; /* keys and all groups of one head */
    size_t n_groups, n_runs, run_keys, kv, h, diagonal;
} attention_backward;

/* Sizes and the sharing of work, then the memory; with an arena that only counts, the memory stays NULL. */
void attention_backward_init(attention_backward *b, const ropelaw_attention_problem *p,
                             const ropelaw_attention_options *options, const attention_kernel *kernel);
void attention_backward_take(attention_backward *b, attention_arena *arena);

/* The head's memory at a group, with the thread's own tiles. */
attention_backward_rows attention_backward_view(const attention_backward *b, size_t thread, size_t group);

/* Zero the gradients of a key head and what lies behind its last key and column. */
void attention_backward_clear_keys(const attention_backward *b, const attention_backward_rows *s);
/* Keys and values j .. end - 1 of a key head; the queries of the group that starts at token q0. */
void attention_backward_pack_keys(const attention_backward *b, const attention_backward_rows *s, size_t kv,
                                  size_t j, size_t end);
void attention_backward_pack_queries(const attention_backward *b, const attention_backward_rows *s, size_t h,
                                     size_t q0);
/* Their gradients, into the caller's tensors. */
void attention_backward_finish_keys(const attention_backward *b, const attention_backward_rows *s, size_t kv,
                                    size_t j, size_t end);
void attention_backward_finish_queries(const attention_backward *b, const attention_backward_rows *s,
                                       size_t h, size_t q0);

#endif
