/* What the attention kernel is compared with. */
#ifndef BENCH_RIVALS_H
#define BENCH_RIVALS_H

#include <ropelaw/attention.h>

/* OPENBLAS_CORETYPE is read when the library loads: if it is not set, measure sgemm under each core type in a child
   and start this program again under the best. Returns if it is set or if nothing could be measured. */
void rival_best_core(int argc, char **argv);

/* Causal attention with RoPE through blocked sgemm and a vectorised online softmax; plain problems only (causal, half
   split, no window). Blocks of `n_rows` queries and `n_cols` keys. */
typedef struct {
    const ropelaw_attention_problem *problem;
    const ropelaw_attention_f32 *tensors;
    size_t n_rows, n_cols;
    float *memory; /* rival_blas_floats */
} rival_blas;

size_t rival_blas_floats(const rival_blas *rival);
void rival_blas_run(void *rival);

/* sgemm [n][n] x [n][n]. */
typedef struct {
    size_t n;
    float *a, *b, *c;
} rival_sgemm;
void rival_sgemm_run(void *rival);

#endif
