/* Shared by the files of the reference only: no fast path includes this. */
#ifndef ROPELAW_ATTENTION_REFERENCE_H
#define ROPELAW_ATTENTION_REFERENCE_H

#include "attention/attention.h"

/* Whether query token i sees key token j. */
bool reference_sees(const ropelaw_attention_problem *problem, size_t i, size_t j);

/* out[head_dim] = the rotation (in the given direction) of in[head_dim] for token t; in == out is fine. */
void reference_rotate_row(const ropelaw_attention_problem *problem, ropelaw_attention_direction direction,
                          size_t t, const double *in, double *out);

/* softmax_scale * g_i */
double reference_scale(const ropelaw_attention_problem *problem, size_t i);

/* Keys k'_j of one key head, rotated, dense [n_tok][head_dim]. */
void reference_keys(const ropelaw_attention_problem *problem, const double *k, size_t kv_head, double *keys);

/* Scores s_ij of one row for seen keys, -inf for the others; returns the log-sum-exp. */
double reference_scores(const ropelaw_attention_problem *problem, const double *query, const double *keys,
                        size_t i, double *scores);

#endif
