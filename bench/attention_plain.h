/* Causal attention with RoPE (half split) in double as one would write it first; compiled at -O2. */
#ifndef BENCH_ATTENTION_PLAIN_H
#define BENCH_ATTENTION_PLAIN_H

#include <stddef.h>

typedef struct {
    size_t n_tok, head_dim;
    const double *inv_freq, *q, *k, *v; /* [n_tok][head_dim] */
    double *out, *keys;                 /* [n_tok][head_dim] */
    double *weights;                    /* [n_tok] */
} attention_plain;

void attention_plain_run(const attention_plain *a);

#endif
