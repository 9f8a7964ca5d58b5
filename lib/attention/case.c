#include "attention/case.h"
#include "core/core.h"
#include <math.h>
#include <ropelaw/random.h>

/* Tile edges: 8 keys, 48 lanes, 64 keys, 384 queries. */
const attention_case attention_cases[] = {
    {{"one token", 1, 1, 1, 128, 128, 0},                  CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"two tokens", 2, 2, 1, 64, 64, 0},                   CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  5,        0,   0 },
    {{"tile - 1", 47, 2, 2, 32, 32, 0},                    CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"tile", 48, 1, 1, 16, 16, 0},                        CASE_UNIFORM,    0, 0, 1, 0,  0, 0,  0,        0,   0 },
    {{"tile + 1", 49, 4, 2, 16, 8, 0},                     CASE_UNIFORM,    0, 1, 0, 0,  0, 0,  0,        0,   0 },
    {{"block - 1", 63, 1, 1, 8, 8, 0},                     CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"block", 64, 1, 1, 128, 64, 0},                      CASE_UNIFORM,    1, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"block + 1", 65, 3, 1, 80, 32, 0},                   CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"prime", 251, 2, 1, 128, 128, 0},                    CASE_UNIFORM,    0, 1, 0, 0,  0, 0,  0,        0,   0 },
    {{"super - 1", 383, 1, 1, 32, 32, 0},                  CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"super + 1", 385, 1, 1, 32, 32, 0},                  CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"full", 131, 2, 2, 40, 40, 0},                       CASE_UNIFORM,    1, 0, 1, 0,  0, 0,  0,        0,   0 },
    {{"no rotation", 70, 1, 1, 33, 0, 0},                  CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"dim 1", 70, 1, 1, 1, 0, 0},                         CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"dim 2", 70, 2, 1, 2, 2, 0},                         CASE_UNIFORM,    0, 1, 0, 0,  0, 0,  0,        0,   0 },
    {{"dim 256", 67, 1, 1, 256, 256, 0},                   CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"rotary tail", 50, 1, 1, 66, 34, 0},                 CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"window", 300, 1, 1, 16, 16, 0},                     CASE_UNIFORM,    0, 0, 0, 37, 0, 0,  0,        0,   0 },
    {{"window 1", 100, 1, 1, 16, 16, 0},                   CASE_UNIFORM,    0, 0, 0, 1,  0, 0,  0,        0,   0 },
    {{"window and sinks", 470, 2, 1, 16, 16, 0},           CASE_UNIFORM,    0, 0, 0, 70, 5, 0,  0,        0,   0 },
    {{"full window", 300, 1, 1, 16, 16, 0},                CASE_UNIFORM,    1, 0, 0, 50, 3, 2,  0,        0,   0 },
    {{"padding", 150, 1, 1, 16, 16, 0},                    CASE_UNIFORM,    0, 0, 0, 0,  0, 71, 0,        0,   0 },
    {{"all padding", 60, 1, 1, 16, 16, 0},                 CASE_UNIFORM,    1, 0, 0, 0,  0, 60, 0,        0,   0 },
    {{"equal logits", 200, 1, 1, 64, 64, 0},               CASE_EQUAL,      0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"one dominates", 200, 1, 1, 64, 64, 0},              CASE_DOMINATING, 0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"huge logits", 200, 1, 1, 64, 64, 0},                CASE_HUGE,       0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"far below zero", 200, 1, 1, 64, 0, 0},              CASE_FAR_BELOW,  0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"denormals", 90, 1, 1, 64, 64, 0},                   CASE_DENORMAL,   0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"position 2^24", 150, 1, 1, 64, 64, 0},              CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  16777100, 0,   0 },
    {{"factor and log n", 150, 1, 1, 64, 64, 0},           CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  100,      1.2, 64},
    {{"1024 tokens, 8 heads", 1024, 8, 8, 128, 128, 1},    CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"4096 tokens, 8 heads", 4096, 8, 8, 128, 128, 1},    CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"4096 tokens, 8:2 heads", 4096, 8, 2, 128, 128, 1},  CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"4096 tokens, 1 head", 4096, 1, 1, 128, 128, 1},     CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"16384 tokens, 1 head", 16384, 1, 1, 128, 128, 1},   CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {{"131072 tokens, 1 head", 131072, 1, 1, 128, 128, 1}, CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
};

const size_t n_attention_cases = CORE_COUNT(attention_cases);

const ropelaw_attention_case *ropelaw_attention_case_at(size_t i) {
    return i < n_attention_cases ? &attention_cases[i].about : NULL;
}

static double value(const attention_case *c, ropelaw_random *random, int tensor, size_t tok) {
    double x = (float)(2 * ropelaw_random_uniform(random) - 1);
    switch (c->fill) {
    case CASE_EQUAL:
        return tensor == 0 ? 0 : x;
    case CASE_DOMINATING:
        return tensor == 1 && tok % 7 == 3 ? 100 * x : x;
    case CASE_HUGE:
        return tensor < 2 ? 30 * x : x;
    case CASE_DENORMAL:
        return tensor < 2 ? (float)(1e-20 * x) : (float)(1e-39 * x);
    case CASE_FAR_BELOW:
        return tensor == 0 ? 11 + x / 8 : tensor == 1 ? -11 + x / 8 : x;
    default:
        return x;
    }
}

void attention_case_fill(const attention_case *c, const ropelaw_attention_problem *p, int tensor, float *x,
                         double *exact) {
    bool of_k = tensor == 1 || tensor == 2;
    ropelaw_attention_stride stride = of_k ? p->k : p->q;
    ropelaw_random random;
    ropelaw_random_init(&random, 17, (uint64_t)tensor);
    for (size_t t = 0; t < p->n_tok; t++)
        for (size_t h = 0; h < (of_k ? p->n_kv_heads : p->n_heads); h++)
            for (size_t i = 0; i < p->head_dim; i++) {
                size_t at = t * stride.tok + h * stride.head + i;
                x[at] = (float)value(c, &random, tensor, t);
                if (exact) exact[at] = x[at];
            }
}

void attention_case_problem(const attention_case *c, double *freq, ropelaw_attention_problem *p) {
    const ropelaw_attention_case *a = &c->about;
    ropelaw_attention_problem_init(p, a->n_tok, a->n_heads, a->n_kv_heads, a->head_dim);
    if (c->head_major) ropelaw_attention_problem_layout(p, ROPELAW_ATTENTION_HEAD_TOK_DIM);
    for (size_t n = 0; n < a->rotary_dim / 2; n++)
        freq[n] = pow(10000, -2.0 * (double)n / (double)a->rotary_dim);
    p->rotary_dim = a->rotary_dim;
    p->inv_freq = a->rotary_dim ? freq : NULL;
    p->pairing = c->interleaved ? ROPELAW_ATTENTION_INTERLEAVED : ROPELAW_ATTENTION_HALF_SPLIT;
    p->causal = !c->full;
    p->window_tok = c->window;
    p->n_sink_tok = c->sink;
    p->n_pad_tok = c->pad;
    p->position_offset = c->offset;
    if (c->factor != 0) p->attention_factor = c->factor;
    p->log_n_train_len = c->log_n;
}

double attention_case_norm(const ropelaw_attention_problem *p, const double *x, size_t n_rows) {
    double largest = 0;
    for (size_t row = 0; row < n_rows; row++) {
        double sum = 0;
        for (size_t c = 0; c < p->head_dim; c++) sum += x[row * p->head_dim + c] * x[row * p->head_dim + c];
        largest = fmax(largest, sqrt(sum));
    }
    return fmax(1, fabs(p->attention_factor)) * largest;
}

double attention_case_score_error(const ropelaw_attention_problem *p, double q_norm, double k_norm) {
    double gain = 1, last = (double)(p->position_offset + p->n_tok);
    if (p->log_n_train_len > 0) gain = fmax(1, log(last) / log(p->log_n_train_len));
    return ((double)p->head_dim + 8) * p->softmax_scale * gain * q_norm * k_norm;
}

double attention_case_bound(const ropelaw_attention_problem *p, double q_norm, double k_norm) {
    return 2 * (attention_case_score_error(p, q_norm, k_norm) + (double)p->n_tok) + 8;
}
