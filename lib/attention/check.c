#include "attention/case.h"
#include "attention/plan.h"
#include "attention/reference.h"
#include "core/core.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A case's problem, data and results; `memory` holds all arrays. */
typedef struct {
    const attention_case *c;
    const ropelaw_attention_check_options *options;
    ropelaw_attention_problem p;
    double *freq;
    ropelaw_attention_f32 x;
    ropelaw_attention_f64 exact;
    ropelaw_attention_workspace workspace;
    size_t n_q, n_kv, n_lse;
    double q_norm, k_norm;
    void *memory;
} check;

static void check_take(check *k, attention_arena *arena, bool backward) {
    float *x[8];
    double *y[8];
    size_t n[8] = {k->n_q, k->n_kv, k->n_kv, k->n_q, k->n_q, k->n_q, k->n_kv, k->n_kv};
    k->freq = attention_take(arena, k->p.rotary_dim / 2, sizeof(double));
    for (int i = 0; i < 8; i++) {
        bool needed = backward || i < 3 || i == 4;
        x[i] = attention_take(arena, needed ? n[i] : 0, sizeof(float));
        y[i] = attention_take(arena, needed && (backward || i < 3) ? n[i] : 0, sizeof(double));
    }
    double *lse = attention_take(arena, k->n_lse, sizeof(double));
    k->x = (ropelaw_attention_f32){x[0], x[1], x[2], x[4], lse, x[3], x[5], x[6], x[7]};
    k->exact = (ropelaw_attention_f64){y[0], y[1], y[2], y[4], NULL, y[3], y[5], y[6], y[7]};
    k->workspace.memory = attention_take(arena, k->workspace.bytes, 1);
}

static ropelaw_status workspace_bytes(check *k, ropelaw_error *error) {
    size_t backward = 0;
    ropelaw_status status = ropelaw_attention_workspace_size(
        &k->p, &k->options->options, ROPELAW_ATTENTION_FORWARD_F32, &k->workspace.bytes, error);
    if (!status && k->options->pass == ROPELAW_ATTENTION_PASS_BACKWARD)
        status = ropelaw_attention_workspace_size(&k->p, &k->options->options, ROPELAW_ATTENTION_BACKWARD_F32,
                                                  &backward, error);
    if (backward > k->workspace.bytes) k->workspace.bytes = backward;
    return status;
}

static ropelaw_status check_init(check *k, ropelaw_error *error) {
    double freq[256];
    bool backward = k->options->pass == ROPELAW_ATTENTION_PASS_BACKWARD;
    attention_case_problem(k->c, freq, &k->p);
    k->n_lse = k->p.n_tok * k->p.n_heads;
    k->n_q = k->n_lse * k->p.head_dim;
    k->n_kv = k->p.n_tok * k->p.n_kv_heads * k->p.head_dim;
    ropelaw_status status = workspace_bytes(k, error);
    if (status) return status;
    attention_arena arena = {0};
    check_take(k, &arena, backward);
    k->memory = core_malloc_aligned(arena.used, 1);
    if (!k->memory) return core_fail_memory(error, arena.used, 1);
    arena = (attention_arena){k->memory, 0};
    memset(k->memory, 0, 64);
    check_take(k, &arena, backward);
    attention_case_problem(k->c, k->freq, &k->p);
    float *const x[4] = {(float *)(uintptr_t)k->x.q, (float *)(uintptr_t)k->x.k, (float *)(uintptr_t)k->x.v,
                         (float *)(uintptr_t)k->x.dout};
    double *const y[4] = {(double *)(uintptr_t)k->exact.q, (double *)(uintptr_t)k->exact.k,
                          (double *)(uintptr_t)k->exact.v, (double *)(uintptr_t)k->exact.dout};
    for (int i = 0; i < (backward ? 4 : 3); i++) attention_case_fill(k->c, &k->p, i, x[i], y[i]);
    k->q_norm = attention_case_norm(&k->p, k->exact.q, k->n_lse);
    k->k_norm = attention_case_norm(&k->p, k->exact.k, k->n_kv / k->p.head_dim);
    return ROPELAW_OK;
}

/* `allowed` is the bound of this element. */
static void judge(ropelaw_attention_result *r, double fast, double exact, double allowed) {
    double off = fabs(fast - exact), quotient = off == 0 ? 0 : off / allowed;
    if (!(off <= r->max_error)) r->max_error = off;
    if (r->bound == 0 || !(quotient <= r->worst)) {
        r->worst = isnan(quotient) ? INFINITY : quotient;
        r->bound = allowed;
    }
}

static const double u = 0x1p-24, tiny = 0x1p-126; /* below 2^-126 weights and products may vanish */

/* One row of the reference, and sum_j P_ij |v_j| for its bound. */
static void judge_row(const check *k, size_t h, size_t i, double *const scratch[3],
                      ropelaw_attention_result *r) {
    const ropelaw_attention_problem *p = &k->p;
    double *keys = scratch[0], *scores = scratch[1], *query = scratch[2];
    const double *v = k->exact.v + h / (p->n_heads / p->n_kv_heads) * p->v.head;
    reference_rotate_row(p, ROPELAW_ATTENTION_ROTATE, i, k->exact.q + i * p->q.tok + h * p->q.head, query);
    double lse = reference_scores(p, query, keys, i, scores),
           bound = attention_case_bound(p, k->q_norm, k->k_norm);
    for (size_t j = 0; j < p->n_tok; j++) scores[j] = lse == -INFINITY ? 0 : exp(scores[j] - lse);
    for (size_t c = 0; c < p->head_dim; c++) {
        double sum = 0, size = 0;
        for (size_t j = 0; j < p->n_tok; j++) {
            sum += scores[j] * v[j * p->v.tok + c];
            size += scores[j] * fabs(v[j * p->v.tok + c]);
        }
        judge(r, k->x.out[i * p->out.tok + h * p->out.head + c], sum, u * bound * size + tiny);
    }
    r->n_rows++;
}

/* Long cases: the first rows, whose errors are largest because least is averaged, and some up to the last. */
enum { ALL_ROWS = 512, FIRST_ROWS = 16, SAMPLED_ROWS = 40 };

static size_t sampled_row(size_t s, size_t n_tok) {
    return s < FIRST_ROWS ? s : s * (n_tok - 1) / (SAMPLED_ROWS - 1);
}

static ropelaw_status judge_forward(const check *k, ropelaw_attention_result *r, ropelaw_error *error) {
    const ropelaw_attention_problem *p = &k->p;
    double *keys = core_malloc(p->n_tok, p->head_dim * sizeof *keys);
    double *row = core_malloc(p->n_tok + p->head_dim, sizeof *row);
    size_t n = p->n_tok <= ALL_ROWS ? p->n_tok : SAMPLED_ROWS;
    for (size_t h = 0; keys && row && h < p->n_heads; h++) {
        double *const scratch[3] = {keys, row, row + p->n_tok};
        reference_keys(p, k->exact.k, h / (p->n_heads / p->n_kv_heads), keys);
        for (size_t s = 0; s < n; s++)
            judge_row(k, h, n == p->n_tok ? s : sampled_row(s, p->n_tok), scratch, r);
    }
    ropelaw_status status =
        keys && row ? ROPELAW_OK : core_fail_memory(error, p->n_tok, p->head_dim * sizeof *keys);
    core_free(keys);
    core_free(row);
    return status;
}

/* The bounds are those derived in tests/attention/test_backward.c, with 1 for the column sums of P of one head's rows
   replaced by their largest possible value through dv for dout = 1. */
static ropelaw_status judge_backward(const check *k, ropelaw_attention_result *r, ropelaw_error *error) {
    const ropelaw_attention_problem *p = &k->p;
    double *ones = core_malloc(2 * k->n_q + 2 * k->n_kv, sizeof *ones);
    if (!ones) return core_fail_memory(error, 2 * k->n_q + 2 * k->n_kv, sizeof *ones);
    ropelaw_attention_f64 y = k->exact;
    y.dout = ones;
    y.dq = ones + k->n_q;
    y.dk = y.dq + k->n_q;
    y.dv = y.dk + k->n_kv;
    for (size_t i = 0; i < k->n_q; i++) ones[i] = 1;
    ropelaw_status status = ropelaw_attention_reference_backward(p, &y, error);
    if (!status) status = ropelaw_attention_reference_backward(p, &k->exact, error);
    double dout = attention_case_norm(p, k->exact.dout, k->n_lse);
    double g = 2 * dout * attention_case_norm(p, k->exact.v, k->n_kv / p->head_dim);
    double scale = p->softmax_scale * (p->log_n_train_len > 0 ? 2 : 1) * fmax(1, fabs(p->attention_factor));
    double terms = (double)(p->n_tok * (p->n_heads / p->n_kv_heads));
    double bound = 2 * attention_case_bound(p, k->q_norm, k->k_norm) + 4 * (double)p->head_dim + 2 * terms;
    double of_q = bound * scale * g * k->k_norm, of_k = bound * scale * g * k->q_norm, of_v = bound * dout;
    for (size_t i = 0; !status && i < k->n_q; i++)
        judge(r, k->x.dq[i], k->exact.dq[i], u * of_q + tiny * (1 + of_q));
    for (size_t i = 0; !status && i < k->n_kv; i++) {
        judge(r, k->x.dk[i], k->exact.dk[i], u * of_k * y.dv[i] + tiny * (1 + of_k));
        judge(r, k->x.dv[i], k->exact.dv[i], u * of_v * y.dv[i] + tiny * (1 + of_v));
    }
    r->n_rows = k->n_lse;
    core_free(ones);
    return status;
}

static double seconds(bool wall) {
    struct timespec t;
    clock_gettime(wall ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct {
    const attention_kernel *kernel;
    double flop[256];
} spinning;

static ropelaw_status spin(void *context, size_t task, size_t thread, ropelaw_error *error) {
    (void)thread;
    (void)error;
    spinning *s = context;
    s->flop[task] = s->kernel->spin(200000);
    return ROPELAW_OK;
}

/* GF/s of multiply-adds on n threads at once. */
static double peak(const attention_kernel *kernel, size_t n_threads) {
    spinning s = {.kernel = kernel};
    if (n_threads > CORE_COUNT(s.flop)) n_threads = CORE_COUNT(s.flop);
    double start = seconds(n_threads > 1), flop = 0;
    if (core_parallel(n_threads, n_threads, spin, &s, NULL, NULL)) return NAN;
    double took = seconds(n_threads > 1) - start;
    for (size_t i = 0; i < n_threads; i++) flop += s.flop[i];
    return flop / took / 1e9;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, size_t n) {
    qsort(x, n, sizeof *x, ascending);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

static ropelaw_status run_once(const check *k, ropelaw_error *error) {
    if (k->options->pass == ROPELAW_ATTENTION_PASS_BACKWARD)
        return ropelaw_attention_backward(&k->p, &k->options->options, &k->x, &k->workspace, error);
    return ropelaw_attention_forward(&k->p, &k->options->options, &k->x, &k->workspace, error);
}

static double seen_pairs(const ropelaw_attention_problem *p) {
    double n = (double)p->n_tok, pairs = 0;
    if (p->causal && !p->window_tok && !p->n_pad_tok) return n * n / 2;
    for (size_t i = 0; i < p->n_tok; i++)
        for (size_t j = 0; j < p->n_tok; j++) pairs += reference_sees(p, i, j);
    return pairs;
}

static ropelaw_status time_case(const check *k, const attention_kernel *kernel, ropelaw_attention_result *r,
                                ropelaw_error *error) {
    size_t n = k->options->n_rounds;
    double *took = core_malloc(n, 2 * sizeof *took), *peaks = took + n;
    ropelaw_status status = took ? ROPELAW_OK : core_fail_memory(error, n, 2 * sizeof *took);
    for (size_t round = 0; !status && round < n; round++) {
        double start = seconds(r->n_threads > 1);
        status = run_once(k, error);
        took[round] = seconds(r->n_threads > 1) - start;
        peaks[round] = peak(kernel, r->n_threads);
    }
    if (!status) {
        r->ns = 1e9 * median(took, n);
        r->gflops = r->flop / r->ns;
        r->fma_peak_gflops = median(peaks, n);
        r->fraction_of_fma_peak = r->gflops / r->fma_peak_gflops;
    }
    core_free(took);
    return status;
}

static ropelaw_status check_run(check *k, const attention_kernel *kernel, ropelaw_attention_result *r,
                                ropelaw_error *error) {
    ropelaw_status status = check_init(k, error);
    if (status) return status;
    bool backward = k->options->pass == ROPELAW_ATTENTION_PASS_BACKWARD;
    status = ropelaw_attention_forward(&k->p, &k->options->options, &k->x, &k->workspace, error);
    if (!status && backward) status = run_once(k, error);
    if (!status) status = backward ? judge_backward(k, r, error) : judge_forward(k, r, error);
    if (status) return status;
    r->ok = r->worst <= 1;
    r->flop = 4 * (double)k->p.head_dim * (double)k->p.n_heads * seen_pairs(&k->p) * (backward ? 2.5 : 1);
    if (r->ok && k->options->n_rounds) status = time_case(k, kernel, r, error);
    return status;
}

ropelaw_status ropelaw_attention_check_run(const ropelaw_attention_case *about,
                                           const ropelaw_attention_check_options *options,
                                           ropelaw_attention_result *result, ropelaw_error *error) {
    if (!about || !options || !result)
        return core_fail(error, ROPELAW_INVALID, "case", "", "", "case, options or result is missing");
    const attention_kernel *kernel = NULL;
    ropelaw_status status = attention_kernel_choose(&options->options, &kernel, error);
    if (status) return status;
    check k = {.options = options};
    for (size_t i = 0; i < n_attention_cases; i++)
        if (&attention_cases[i].about == about) k.c = attention_cases + i;
    if (!k.c) return core_fail(error, ROPELAW_INVALID, "case", "", "", "the case is not of the table");
    size_t n_threads = options->options.n_threads ? options->options.n_threads : 1;
    ropelaw_attention_result r = {.name = about->name,
                                  .kernel = &kernel->about,
                                  .n_tok = about->n_tok,
                                  .n_heads = about->n_heads,
                                  .n_kv_heads = about->n_kv_heads,
                                  .head_dim = about->head_dim,
                                  .n_threads = n_threads,
                                  .ns = NAN,
                                  .gflops = NAN,
                                  .fma_peak_gflops = NAN,
                                  .fraction_of_fma_peak = NAN};
    status = check_run(&k, kernel, &r, error);
    core_free(k.memory);
    if (!status) *result = r;
    return status;
}

ropelaw_status ropelaw_attention_fma_peak(const ropelaw_attention_options *options, double spend,
                                          double *flop_per_s, ropelaw_error *error) {
    const attention_kernel *kernel = NULL;
    ropelaw_status status = attention_kernel_choose(options, &kernel, error);
    if (status) return status;
    double start = seconds(false), flop = 0, took;
    do {
        flop += kernel->spin(20000);
        took = seconds(false) - start;
    } while (took < spend);
    *flop_per_s = flop / took;
    return ROPELAW_OK;
}
