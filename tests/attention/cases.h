/* The cases of lib/attention/case.h with their data between guard pages. */
#ifndef TESTS_ATTENTION_CASES_H
#define TESTS_ATTENTION_CASES_H

#include "test.h"
#include <math.h>
#include "attention/case.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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
    double q_norm, k_norm;
    guarded pages[24];
    size_t n_pages;
} case_data;

static inline void *case_alloc(case_data *d, size_t bytes) {
    return guarded_alloc(&d->pages[d->n_pages++], bytes);
}

static inline double case_norm(const case_data *d, const double *x, size_t n) {
    return attention_case_norm(&d->p, x, n / d->p.head_dim);
}

static inline double case_score_error(const case_data *d) {
    return attention_case_score_error(&d->p, d->q_norm, d->k_norm);
}

static inline double case_bound(const case_data *d) {
    return attention_case_bound(&d->p, d->q_norm, d->k_norm);
}

/* The cases small enough for the whole reference. */
static inline int n_small_cases(void) {
    int n = 0;
    while ((size_t)n < n_attention_cases && !attention_cases[n].about.timed) n++;
    return n;
}

/* Buffers of every tensor, outputs filled with 7. */
static inline void case_init(const attention_case *c, case_data *d) {
    memset(d, 0, sizeof *d);
    attention_case_problem(c, d->freq, &d->p);
    d->n_rows = c->about.n_tok * c->about.n_heads;
    d->n_q = d->n_rows * c->about.head_dim;
    d->n_kv = c->about.n_tok * c->about.n_kv_heads * c->about.head_dim;
    size_t n[8] = {d->n_q, d->n_kv, d->n_kv, d->n_q, d->n_q, d->n_q, d->n_kv, d->n_kv};
    float *x[8];
    double *exact[8];
    for (int i = 0; i < 8; i++) {
        x[i] = case_alloc(d, n[i] * sizeof(float));
        exact[i] = case_alloc(d, n[i] * sizeof(double));
        if (i < 4)
            attention_case_fill(c, &d->p, i, x[i], exact[i]);
        else
            for (size_t j = 0; j < n[i]; j++) x[i][j] = 7;
    }
    d->x =
        (ropelaw_attention_f32){x[0], x[1], x[2], x[4], case_alloc(d, d->n_rows * 8), x[3], x[5], x[6], x[7]};
    d->exact = (ropelaw_attention_f64){exact[0], exact[1], exact[2], exact[4], case_alloc(d, d->n_rows * 8),
                                       exact[3], exact[5], exact[6], exact[7]};
    d->q_norm = case_norm(d, exact[0], d->n_q);
    d->k_norm = case_norm(d, exact[1], d->n_kv);
}

static inline void case_clear(case_data *d) {
    for (size_t i = 0; i < d->n_pages; i++) guarded_free(&d->pages[i]);
}

/* One of the two calls in fp32, in a workspace of just the size that it asks for, full of NaN: whatever is read
   unwritten shows. */
static inline void case_run(case_data *d, ropelaw_attention_call call, const char *kernel, size_t n_threads) {
    ropelaw_attention_options options = {.n_threads = n_threads, .kernel = kernel};
    ropelaw_error e = {0};
    ropelaw_attention_workspace w;
    guarded pages;
    test_assert_ok(ropelaw_attention_workspace_size(&d->p, &options, call, &w.bytes, &e), e);
    w.memory = guarded_alloc(&pages, w.bytes);
    memset(w.memory, 0xff, w.bytes);
    test_assert_ok(call == ROPELAW_ATTENTION_BACKWARD_F32
                       ? ropelaw_attention_backward(&d->p, &options, &d->x, &w, &e)
                       : ropelaw_attention_forward(&d->p, &options, &d->x, &w, &e),
                   e);
    guarded_free(&pages);
}

#endif
