/* The case table of attention: the tests judge every kernel on it, the bench judges and times. */
#ifndef TESTS_ATTENTION_CASES_H
#define TESTS_ATTENTION_CASES_H

#include <math.h>
#include <ropelaw/attention.h>
#include <ropelaw/random.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef enum {
    CASE_UNIFORM,    /* U(-1, 1) */
    CASE_EQUAL,      /* all logits 0 */
    CASE_DOMINATING, /* one key in seven is a hundred times longer */
    CASE_HUGE,       /* logits of several hundred */
    CASE_DENORMAL,   /* q, k of 1e-20 (products are denormal), v of 1e-39 */
    CASE_FAR_BELOW   /* logits near -1000: the maximum must be taken off */
} case_fill;

typedef struct {
    const char *name;
    size_t n_tok, n_heads, n_kv_heads, head_dim, rotary_dim;
    case_fill fill;
    int full, interleaved, head_major;
    size_t window, sink, pad;
    uint64_t offset;
    double factor, log_n; /* factor 0 means 1 */
} attention_case;

/* Tile edges: 8 keys, 48 lanes, 64 keys, 384 queries. */
static const attention_case attention_cases[] = {
    {"one token",        1,   1, 1, 128, 128, CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {"two tokens",       2,   2, 1, 64,  64,  CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  5,        0,   0 },
    {"tile - 1",         47,  2, 2, 32,  32,  CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {"tile",             48,  1, 1, 16,  16,  CASE_UNIFORM,    0, 0, 1, 0,  0, 0,  0,        0,   0 },
    {"tile + 1",         49,  4, 2, 16,  8,   CASE_UNIFORM,    0, 1, 0, 0,  0, 0,  0,        0,   0 },
    {"block - 1",        63,  1, 1, 8,   8,   CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {"block",            64,  1, 1, 128, 64,  CASE_UNIFORM,    1, 0, 0, 0,  0, 0,  0,        0,   0 },
    {"block + 1",        65,  3, 1, 80,  32,  CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {"prime",            251, 2, 1, 128, 128, CASE_UNIFORM,    0, 1, 0, 0,  0, 0,  0,        0,   0 },
    {"super - 1",        383, 1, 1, 32,  32,  CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {"super + 1",        385, 1, 1, 32,  32,  CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {"full",             131, 2, 2, 40,  40,  CASE_UNIFORM,    1, 0, 1, 0,  0, 0,  0,        0,   0 },
    {"no rotation",      70,  1, 1, 33,  0,   CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {"dim 1",            70,  1, 1, 1,   0,   CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {"dim 2",            70,  2, 1, 2,   2,   CASE_UNIFORM,    0, 1, 0, 0,  0, 0,  0,        0,   0 },
    {"dim 256",          67,  1, 1, 256, 256, CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {"rotary tail",      50,  1, 1, 66,  34,  CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {"window",           300, 1, 1, 16,  16,  CASE_UNIFORM,    0, 0, 0, 37, 0, 0,  0,        0,   0 },
    {"window 1",         100, 1, 1, 16,  16,  CASE_UNIFORM,    0, 0, 0, 1,  0, 0,  0,        0,   0 },
    {"window and sinks", 470, 2, 1, 16,  16,  CASE_UNIFORM,    0, 0, 0, 70, 5, 0,  0,        0,   0 },
    {"full window",      300, 1, 1, 16,  16,  CASE_UNIFORM,    1, 0, 0, 50, 3, 2,  0,        0,   0 },
    {"padding",          150, 1, 1, 16,  16,  CASE_UNIFORM,    0, 0, 0, 0,  0, 71, 0,        0,   0 },
    {"all padding",      60,  1, 1, 16,  16,  CASE_UNIFORM,    1, 0, 0, 0,  0, 60, 0,        0,   0 },
    {"equal logits",     200, 1, 1, 64,  64,  CASE_EQUAL,      0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {"one dominates",    200, 1, 1, 64,  64,  CASE_DOMINATING, 0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {"huge logits",      200, 1, 1, 64,  64,  CASE_HUGE,       0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {"far below zero",   200, 1, 1, 64,  0,   CASE_FAR_BELOW,  0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {"denormals",        90,  1, 1, 64,  64,  CASE_DENORMAL,   0, 0, 0, 0,  0, 0,  0,        0,   0 },
    {"position 2^24",    150, 1, 1, 64,  64,  CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  16777100, 0,   0 },
    {"factor and log n", 150, 1, 1, 64,  64,  CASE_UNIFORM,    0, 0, 0, 0,  0, 0,  100,      1.2, 64},
};

enum { N_ATTENTION_CASES = sizeof attention_cases / sizeof *attention_cases };

/* Memory with an inaccessible page right behind its last byte (which is what alignment leaves to chance). */
typedef struct {
    void *pages;
    size_t length;
} guarded;

static inline void *guarded_alloc(guarded *g, size_t bytes) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), usable = (bytes + page - 1) / page * page;
    g->length = usable + page;
    g->pages = mmap(NULL, g->length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (g->pages == MAP_FAILED || mprotect((char *)g->pages + usable, page, PROT_NONE)) abort();
    return (char *)g->pages + (usable - bytes);
}

static inline void guarded_free(guarded *g) {
    munmap(g->pages, g->length);
}

/* A case with its data, in fp32 and the same numbers in double. */
typedef struct {
    ropelaw_attention_problem p;
    double freq[256];
    size_t n_q, n_kv, n_rows; /* floats of q; of k; n_heads * n_tok */
    ropelaw_attention_f32 x;
    ropelaw_attention_f64 exact;
    guarded pages[24];
    size_t n_pages;
} case_data;

static inline void *case_alloc(case_data *d, size_t bytes) {
    return guarded_alloc(&d->pages[d->n_pages++], bytes);
}

static inline double case_value(const attention_case *c, ropelaw_random *random, int tensor, size_t tok) {
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

static inline void case_fill_tensor(const attention_case *c, case_data *d, int tensor, float *x,
                                    double *exact) {
    size_t n_heads = tensor == 1 || tensor == 2 ? c->n_kv_heads : c->n_heads;
    ropelaw_attention_stride stride = n_heads == c->n_heads ? d->p.q : d->p.k;
    ropelaw_random random;
    ropelaw_random_init(&random, 17, (uint64_t)tensor);
    for (size_t t = 0; t < c->n_tok; t++)
        for (size_t h = 0; h < n_heads; h++)
            for (size_t i = 0; i < c->head_dim; i++) {
                size_t at = t * stride.tok + h * stride.head + i;
                x[at] = (float)case_value(c, &random, tensor, t);
                exact[at] = x[at];
            }
}

static inline void case_problem(const attention_case *c, case_data *d) {
    ropelaw_attention_problem *p = &d->p;
    ropelaw_attention_problem_init(p, c->n_tok, c->n_heads, c->n_kv_heads, c->head_dim);
    if (c->head_major) ropelaw_attention_problem_layout(p, ROPELAW_ATTENTION_HEAD_TOK_DIM);
    for (size_t n = 0; n < c->rotary_dim / 2; n++)
        d->freq[n] = pow(10000, -2.0 * (double)n / (double)c->rotary_dim);
    p->rotary_dim = c->rotary_dim;
    p->inv_freq = c->rotary_dim ? d->freq : NULL;
    p->pairing = c->interleaved ? ROPELAW_ATTENTION_INTERLEAVED : ROPELAW_ATTENTION_HALF_SPLIT;
    p->causal = !c->full;
    p->window_tok = c->window;
    p->n_sink_tok = c->sink;
    p->n_pad_tok = c->pad;
    p->position_offset = c->offset;
    if (c->factor != 0) p->attention_factor = c->factor;
    p->log_n_train_len = c->log_n;
}

/* Buffers of every tensor, outputs filled with 7. */
static inline void case_init(const attention_case *c, case_data *d) {
    memset(d, 0, sizeof *d);
    case_problem(c, d);
    d->n_q = c->n_tok * c->n_heads * c->head_dim;
    d->n_kv = c->n_tok * c->n_kv_heads * c->head_dim;
    d->n_rows = c->n_tok * c->n_heads;
    size_t n[8] = {d->n_q, d->n_kv, d->n_kv, d->n_q, d->n_q, d->n_q, d->n_kv, d->n_kv};
    float *x[8];
    double *exact[8];
    for (int i = 0; i < 8; i++) {
        x[i] = case_alloc(d, n[i] * sizeof(float));
        exact[i] = case_alloc(d, n[i] * sizeof(double));
        if (i < 4)
            case_fill_tensor(c, d, i, x[i], exact[i]);
        else
            for (size_t j = 0; j < n[i]; j++) x[i][j] = 7;
    }
    d->x =
        (ropelaw_attention_f32){x[0], x[1], x[2], x[4], case_alloc(d, d->n_rows * 8), x[3], x[5], x[6], x[7]};
    d->exact = (ropelaw_attention_f64){exact[0], exact[1], exact[2], exact[4], case_alloc(d, d->n_rows * 8),
                                       exact[3], exact[5], exact[6], exact[7]};
}

static inline void case_clear(case_data *d) {
    for (size_t i = 0; i < d->n_pages; i++) guarded_free(&d->pages[i]);
}

/* Largest length of a row of q (or k) after rotation, |A| included; all rows of all heads. */
static inline double case_norm(const case_data *d, const double *x, size_t n) {
    double largest = 0, factor = fmax(1, fabs(d->p.attention_factor));
    for (size_t row = 0; row < n; row += d->p.head_dim) {
        double sum = 0;
        for (size_t c = 0; c < d->p.head_dim; c++) sum += x[row + c] * x[row + c];
        largest = fmax(largest, sqrt(sum));
    }
    return factor * largest;
}

/* How far a score may be off, in units of u = 2^-24: a dot product of head_dim terms of size |q||k|, whose
   factors carry the roundings of table, rotation and scale (8). */
static inline double case_score_error(const case_data *d) {
    double gain = d->p.log_n_train_len > 0
                      ? fmax(1, log((double)(d->p.position_offset + d->p.n_tok)) / log(d->p.log_n_train_len))
                      : 1;
    double size =
        d->p.softmax_scale * gain * case_norm(d, d->exact.q, d->n_q) * case_norm(d, d->exact.k, d->n_kv);
    return ((double)d->p.head_dim + 8) * size;
}

/* |out - exact| <= u * bound * sum_j P_ij |v_j|: weights off by twice the score's error (numerator and
   denominator), sums of n_tok terms in each, exp2 and division (8); far-away positions turn by another 4e-9
   rad per pair, which u * 8 covers. */
static inline double case_bound(const case_data *d) {
    return 2 * (case_score_error(d) + (double)d->p.n_tok) + 8;
}

#endif
