/* With dP_ij = dout_i . v_j and D_i = sum_j P_ij dP_ij the softmax gives dS_ij = P_ij (dP_ij - D_i), and from
   s_ij = c_i q'_i . k'_j follow dq'_i = c_i sum_j dS_ij k'_j, dk'_j = sum_i c_i dS_ij q'_i, dv_j = sum_i P_ij
   dout_i. The rotation is linear, so its transpose carries dq' and dk' back to dq and dk. */
#include "attention/reference.h"
#include "core/core.h"
#include <math.h>

typedef struct {
    const ropelaw_attention_problem *p;
    const ropelaw_attention_f64 *x;
    double *keys, *dkeys, *dvalues; /* of one key head [n_tok][head_dim] */
    double *scores, *query, *dquery;
} state;

static void backward_row(state *s, size_t h, size_t i) {
    const ropelaw_attention_problem *p = s->p;
    size_t d = p->head_dim, kv = h / (p->n_heads / p->n_kv_heads);
    const double *v = s->x->v + kv * p->v.head, *dout = s->x->dout + i * p->out.tok + h * p->out.head;
    double scale = reference_scale(p, i), weighted = 0;
    reference_rotate_row(p, ROPELAW_ATTENTION_ROTATE, i, s->x->q + i * p->q.tok + h * p->q.head, s->query);
    double lse = reference_scores(p, s->query, s->keys, i, s->scores);
    for (size_t c = 0; c < d; c++) s->dquery[c] = 0;
    for (int pass = 0; pass < 2 && lse != -INFINITY; pass++)
        for (size_t j = 0; j < p->n_tok; j++) {
            if (!reference_sees(p, i, j)) continue;
            double weight = exp(s->scores[j] - lse), dweight = 0;
            for (size_t c = 0; c < d; c++) dweight += dout[c] * v[j * p->v.tok + c];
            if (pass == 0) weighted += weight * dweight;
            if (pass == 0) continue;
            double dscore = weight * (dweight - weighted);
            for (size_t c = 0; c < d; c++) {
                s->dquery[c] += scale * dscore * s->keys[j * d + c];
                s->dkeys[j * d + c] += scale * dscore * s->query[c];
                s->dvalues[j * d + c] += weight * dout[c];
            }
        }
    reference_rotate_row(p, ROPELAW_ATTENTION_TRANSPOSE, i, s->dquery,
                         s->x->dq + i * p->q.tok + h * p->q.head);
}

static void backward_kv_head(state *s, size_t kv) {
    const ropelaw_attention_problem *p = s->p;
    size_t d = p->head_dim, group = p->n_heads / p->n_kv_heads;
    reference_keys(p, s->x->k, kv, s->keys);
    for (size_t c = 0; c < p->n_tok * d; c++) s->dkeys[c] = s->dvalues[c] = 0;
    for (size_t h = kv * group; h < (kv + 1) * group; h++)
        for (size_t i = 0; i < p->n_tok; i++) backward_row(s, h, i);
    for (size_t j = 0; j < p->n_tok; j++) {
        reference_rotate_row(p, ROPELAW_ATTENTION_TRANSPOSE, j, s->dkeys + j * d,
                             s->x->dk + j * p->k.tok + kv * p->k.head);
        for (size_t c = 0; c < d; c++) s->x->dv[j * p->v.tok + kv * p->v.head + c] = s->dvalues[j * d + c];
    }
}

static ropelaw_status check(const ropelaw_attention_problem *p, const ropelaw_attention_f64 *x,
                            ropelaw_error *error) {
    if (!x) return core_fail(error, ROPELAW_INVALID, "tensors", "", "", "tensors is missing");
    attention_buffer buffers[] = {attention_buffer_tensor(p, "q", x->q, 8, false),
                                  attention_buffer_tensor(p, "k", x->k, 8, false),
                                  attention_buffer_tensor(p, "v", x->v, 8, false),
                                  attention_buffer_tensor(p, "dout", x->dout, 8, false),
                                  attention_buffer_tensor(p, "dq", x->dq, 8, true),
                                  attention_buffer_tensor(p, "dk", x->dk, 8, true),
                                  attention_buffer_tensor(p, "dv", x->dv, 8, true)};
    return attention_buffers_check(buffers, CORE_COUNT(buffers), error);
}

ropelaw_status ropelaw_attention_reference_backward(const ropelaw_attention_problem *p,
                                                    const ropelaw_attention_f64 *x, ropelaw_error *error) {
    ropelaw_status status = ropelaw_attention_problem_check(p, error);
    if (status || attention_is_empty(p)) return status;
    status = check(p, x, error);
    if (status) return status;
    size_t d = p->head_dim;
    double *tensors = core_malloc(p->n_tok, 3 * d * sizeof *tensors);
    double *rows = core_malloc(p->n_tok + 2 * d, sizeof *rows);
    if (tensors && rows) {
        state s = {p,
                   x,
                   tensors,
                   tensors + p->n_tok * d,
                   tensors + 2 * p->n_tok * d,
                   rows,
                   rows + p->n_tok,
                   rows + p->n_tok + d};
        for (size_t kv = 0; kv < p->n_kv_heads; kv++) backward_kv_head(&s, kv);
    } else
        status = core_fail_memory(error, p->n_tok, 3 * d * sizeof *tensors);
    core_free(tensors);
    core_free(rows);
    return status;
}
