/* The multi-precision cases of tests/golden/attention.py, as problems. */
#ifndef TESTS_ATTENTION_GOLDEN_H
#define TESTS_ATTENTION_GOLDEN_H

#include <math.h>
#include <ropelaw/attention.h>

typedef struct {
    const char *name;
    size_t n_tok, n_heads, n_kv_heads, head_dim, rotary_dim;
    int interleaved, causal;
    size_t window, sink, pad;
    double factor, scale, log_n;
    const double *freq, *q, *k, *v, *dout, *out, *lse, *dq, *dk, *dv, *entropy, *largest, *mean, *mass;
    const uint64_t *pos, *pairs;
} golden;

#include "../golden/attention.inc"

static inline ropelaw_attention_problem golden_problem(const golden *g) {
    ropelaw_attention_problem p;
    ropelaw_attention_problem_init(&p, g->n_tok, g->n_heads, g->n_kv_heads, g->head_dim);
    p.rotary_dim = g->rotary_dim;
    p.inv_freq = g->freq;
    p.pairing = g->interleaved ? ROPELAW_ATTENTION_INTERLEAVED : ROPELAW_ATTENTION_HALF_SPLIT;
    p.positions = g->pos;
    p.causal = g->causal;
    p.window_tok = g->window;
    p.n_sink_tok = g->sink;
    p.n_pad_tok = g->pad;
    p.attention_factor = g->factor;
    p.softmax_scale = g->scale;
    p.log_n_train_len = g->log_n;
    return p;
}

#endif
