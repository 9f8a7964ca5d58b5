/* The equations of <ropelaw/attention.h>, one loop per index.

   Angle. p * f with p up to 2^53 and f of 53 bits does not fit a long double, so f is split into a part of 24
   bits, whose product with p <= 2^40 is exact in 64 bits, and the rest; cos and sin of the sum by the
   addition theorem. What remains is the rounding of the second product, p * f * 2^-24 * 2^-64: 5e-20 rad at p
   = 2^24, f = 1. */
#include "attention/reference.h"
#include "core/core.h"
#include <math.h>

bool reference_sees(const ropelaw_attention_problem *p, size_t i, size_t j) {
    if (j < p->n_pad_tok) return false;
    if (p->causal && j > i) return false;
    size_t distance = i > j ? i - j : j - i;
    return !p->window_tok || distance < p->window_tok || j - p->n_pad_tok < p->n_sink_tok;
}

static uint64_t position(const ropelaw_attention_problem *p, size_t t) {
    return p->positions ? p->positions[t] : p->position_offset + t;
}

double reference_scale(const ropelaw_attention_problem *p, size_t i) {
    if (p->log_n_train_len == 0) return p->softmax_scale;
    return p->softmax_scale * fmax(1, log((double)position(p, i) + 1) / log(p->log_n_train_len));
}

static void cosine_sine(uint64_t position, double inv_freq, long double *cosine, long double *sine) {
    double head = (double)(float)inv_freq, tail = inv_freq - head;
    long double a = (long double)position * head, b = (long double)position * tail;
    *cosine = cosl(a) * cosl(b) - sinl(a) * sinl(b);
    *sine = sinl(a) * cosl(b) + cosl(a) * sinl(b);
}

void reference_rotate_row(const ropelaw_attention_problem *p, ropelaw_attention_direction direction, size_t t,
                          const double *in, double *out) {
    size_t half = p->rotary_dim / 2;
    long double factor = p->attention_factor, sign = direction == ROPELAW_ATTENTION_ROTATE ? 1 : -1;
    if (direction == ROPELAW_ATTENTION_INVERSE) factor = 1 / factor;
    for (size_t n = 0; n < half; n++) {
        size_t a = p->pairing == ROPELAW_ATTENTION_INTERLEAVED ? 2 * n : n;
        size_t b = p->pairing == ROPELAW_ATTENTION_INTERLEAVED ? 2 * n + 1 : n + half;
        long double c, s, x = in[a], y = in[b];
        cosine_sine(position(p, t), p->inv_freq[n], &c, &s);
        out[a] = (double)(factor * (x * c - sign * y * s));
        out[b] = (double)(factor * (y * c + sign * x * s));
    }
    for (size_t c = p->rotary_dim; c < p->head_dim; c++) out[c] = in[c];
}

void reference_keys(const ropelaw_attention_problem *p, const double *k, size_t kv_head, double *keys) {
    for (size_t j = 0; j < p->n_tok; j++)
        reference_rotate_row(p, ROPELAW_ATTENTION_ROTATE, j, k + j * p->k.tok + kv_head * p->k.head,
                             keys + j * p->head_dim);
}

/* A NaN among the scores must reach the sum: fmax drops it, the comparison with `seen` below does not. */
double reference_scores(const ropelaw_attention_problem *p, const double *query, const double *keys, size_t i,
                        double *scores) {
    double scale = reference_scale(p, i), largest = -INFINITY, sum = 0;
    bool nan = false;
    for (size_t j = 0; j < p->n_tok; j++) {
        scores[j] = -INFINITY;
        if (!reference_sees(p, i, j)) continue;
        double dot = 0;
        for (size_t c = 0; c < p->head_dim; c++) dot += query[c] * keys[j * p->head_dim + c];
        scores[j] = scale * dot;
        largest = fmax(largest, scores[j]);
        nan = nan || isnan(scores[j]);
    }
    if (nan || largest == INFINITY) return NAN;
    if (largest == -INFINITY) return -INFINITY;
    for (size_t j = 0; j < p->n_tok; j++) sum += exp(scores[j] - largest);
    return largest + log(sum);
}

static void forward_row(const ropelaw_attention_problem *p, const ropelaw_attention_f64 *x, size_t h,
                        size_t i, double *const scratch[3]) {
    double *keys = scratch[0], *scores = scratch[1], *query = scratch[2];
    const double *v = x->v + h / (p->n_heads / p->n_kv_heads) * p->v.head;
    double *out = x->out + i * p->out.tok + h * p->out.head;
    reference_rotate_row(p, ROPELAW_ATTENTION_ROTATE, i, x->q + i * p->q.tok + h * p->q.head, query);
    double lse = reference_scores(p, query, keys, i, scores);
    for (size_t c = 0; c < p->head_dim; c++) {
        double sum = 0;
        for (size_t j = 0; j < p->n_tok && lse != -INFINITY; j++)
            if (reference_sees(p, i, j)) sum += exp(scores[j] - lse) * v[j * p->v.tok + c];
        out[c] = sum;
    }
    if (x->lse) x->lse[h * p->n_tok + i] = lse;
}

ropelaw_status ropelaw_attention_reference_forward(const ropelaw_attention_problem *p,
                                                   const ropelaw_attention_f64 *x, ropelaw_error *error) {
    ropelaw_status status = ropelaw_attention_problem_check(p, error);
    if (status || attention_is_empty(p)) return status;
    if (!x) return core_fail(error, ROPELAW_INVALID, "tensors", "", "", "tensors is missing");
    attention_buffer buffers[] = {
        attention_buffer_tensor(p, "q", x->q, 8, false), attention_buffer_tensor(p, "k", x->k, 8, false),
        attention_buffer_tensor(p, "v", x->v, 8, false), attention_buffer_tensor(p, "out", x->out, 8, true),
        attention_buffer_flat("lse", x->lse, 8, x->lse ? p->n_heads * p->n_tok : 0, true)};
    status = attention_buffers_check(buffers, CORE_COUNT(buffers), error);
    if (status) return status;
    double *keys = core_malloc(p->n_tok, p->head_dim * sizeof *keys);
    double *row = core_malloc(p->n_tok + p->head_dim, sizeof *row);
    if (!keys || !row) {
        core_free(keys);
        core_free(row);
        return core_fail_memory(error, p->n_tok, p->head_dim * sizeof *keys);
    }
    double *const scratch[3] = {keys, row, row + p->n_tok};
    for (size_t h = 0; h < p->n_heads; h++) {
        reference_keys(p, x->k, h / (p->n_heads / p->n_kv_heads), keys);
        for (size_t i = 0; i < p->n_tok; i++) forward_row(p, x, h, i, scratch);
    }
    core_free(keys);
    core_free(row);
    return ROPELAW_OK;
}

ropelaw_status ropelaw_attention_reference_rotate(const ropelaw_attention_problem *p,
                                                  const ropelaw_attention_rotation *r, const double *in,
                                                  double *out, ropelaw_error *error) {
    ropelaw_status status = attention_rotation_check(p, r, in, out, sizeof *in, error);
    if (status || !p->n_tok || !r->n_heads) return status;
    for (size_t t = 0; t < p->n_tok; t++)
        for (size_t h = 0; h < r->n_heads; h++)
            reference_rotate_row(p, r->direction, t, in + t * r->in.tok + h * r->in.head,
                                 out + t * r->out.tok + h * r->out.head);
    return ROPELAW_OK;
}
