#include "rivals.h"
#include "attention/plan.h"
#include "harness.h"
#include "num/blas.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void rival_sgemm_run(void *rival) {
    const rival_sgemm *r = rival;
    num_gemm_shape shape = {false, false, r->n, r->n, r->n, r->n, r->n, r->n};
    num_gemm_f32(&shape, 1, r->a, r->b, 0, r->c);
}

static double sgemm_rate(void) {
    enum { N = 768 };
    float *x = malloc(3 * N * N * sizeof *x);
    double best = 0;
    if (!x) return 0;
    for (size_t i = 0; i < 3 * N * N; i++) x[i] = (float)(i % 7) / 7;
    rival_sgemm r = {N, x, x + N * N, x + 2 * N * N};
    for (int i = 0; i < 6; i++) {
        double start = bench_cpu_seconds();
        rival_sgemm_run(&r);
        best = fmax(best, 2.0 * N * N * N / (bench_cpu_seconds() - start));
    }
    free(x);
    return best;
}

void rival_best_core(int argc, char **argv) {
    static const char *const types[] = {"Haswell", "SkylakeX", "Zen", "Cooperlake"};
    if (argc > 1 && !strcmp(argv[1], "--sgemm-rate")) {
        printf("%.0f\n", sgemm_rate() / 1e6);
        exit(0);
    }
    const char *best = NULL;
    double best_rate = 0;
    if (getenv("OPENBLAS_CORETYPE")) return;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char command[4200], exe[4096] = "";
        if (readlink("/proc/self/exe", exe, sizeof exe - 1) < 0) return;
        snprintf(command, sizeof command, "OPENBLAS_NUM_THREADS=1 OPENBLAS_CORETYPE=%s '%s' --sgemm-rate",
                 types[i], exe);
        FILE *child = popen(command, "r");
        double rate = 0;
        if (!child) return;
        if (fscanf(child, "%lf", &rate) != 1) rate = 0;
        pclose(child);
        printf("# sgemm 768 with OPENBLAS_CORETYPE=%s: %.1f GF/s\n", types[i], rate / 1e3);
        if (rate > best_rate) best = types[i];
        if (rate > best_rate) best_rate = rate;
    }
    fflush(stdout);
    if (!best) return;
    setenv("OPENBLAS_CORETYPE", best, 1);
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    execv("/proc/self/exe", argv);
}

/* ---- blocked attention through sgemm */

typedef float vec __attribute__((vector_size(64)));
typedef uint32_t bits __attribute__((vector_size(64)));
enum { W = 16 };

/* One row of scores in units of ln 2: p = 2^(s - m), returns the sum; *largest is the running maximum. n is a multiple
   of 16. The compiler makes one version per instruction set. */
__attribute__((target_clones("avx512f", "avx2", "default"))) static float softmax_row(float *s, size_t n,
                                                                                      float *largest) {
    vec most, total = {0}, x;
    for (int i = 0; i < W; i++) most[i] = *largest;
    for (size_t j = 0; j < n; j += W) {
        memcpy(&x, s + j, sizeof x);
        bits greater = (bits)(x > most);
        most = (vec)(((bits)x & greater) | ((bits)most & ~greater));
    }
    float m = most[0], sum = 0;
    for (int i = 1; i < W; i++) m = most[i] > m ? most[i] : m;
    const vec magic = (vec){0} + 0x1.8p23f;
    for (size_t j = 0; j < n; j += W) {
        memcpy(&x, s + j, sizeof x);
        x -= m;
        bits keep = ~(bits)(x < (vec){0} - 126.0f);
        vec round = x + magic, f = x - (round - magic);
        vec p = 1.53458326562e-4f * f + 1.33999311364e-3f;
        p = p * f + 9.61848888174e-3f;
        p = p * f + 5.55032877739e-2f;
        p = p * f + 2.40226468913e-1f;
        p = p * f + 6.93147205737e-1f;
        p = p * f + 1.0f;
        p = (vec)((bits)(p * (vec)(((bits)round + 127u) << 23)) & keep);
        total += p;
        memcpy(s + j, &p, sizeof p);
    }
    for (int i = 0; i < W; i++) sum += total[i];
    *largest = m;
    return sum;
}

typedef struct {
    attention_plan plan;
    float *keys, *queries, *scores, *out, *largest, *sum, *table;
} blocks;

static blocks take(const rival_blas *r, attention_arena *arena) {
    blocks b;
    const ropelaw_attention_problem *p = r->problem;
    const attention_kernel *kernel = NULL;
    if (attention_kernel_choose(NULL, &kernel, NULL)) abort();
    attention_plan_init(&b.plan, p, NULL, kernel);
    attention_plan_take(&b.plan, arena);
    b.keys = attention_take(arena, b.plan.n_keys + r->n_cols, b.plan.n_columns * sizeof(float));
    b.queries = attention_take(arena, r->n_rows, b.plan.n_columns * sizeof(float));
    b.scores = attention_take(arena, r->n_rows * r->n_cols, sizeof(float));
    b.out = attention_take(arena, r->n_rows, p->head_dim * sizeof(float));
    b.largest = attention_take(arena, r->n_rows, sizeof(float));
    b.sum = attention_take(arena, r->n_rows, sizeof(float));
    b.table = attention_take(arena, 2 * b.plan.n_pairs, sizeof(float));
    return b;
}

size_t rival_blas_floats(const rival_blas *r) {
    attention_arena arena = {0};
    take(r, &arena);
    return arena.used / sizeof(float) + 16;
}

static void query_block(const rival_blas *r, const blocks *b, size_t h, size_t q0) {
    const ropelaw_attention_problem *p = r->problem;
    size_t d = p->head_dim, n = p->n_tok - q0 < r->n_rows ? p->n_tok - q0 : r->n_rows;
    const float *v = r->tensors->v + h / (p->n_heads / p->n_kv_heads) * p->v.head;
    for (size_t i = 0; i < n; i++) {
        float scale = attention_scale(p, q0 + i);
        attention_plan_table(&b->plan, q0 + i, b->table);
        attention_pack_turned(&b->plan, b->table, r->tensors->q + (q0 + i) * p->q.tok + h * p->q.head,
                              b->queries + i * d);
        for (size_t c = 0; c < d; c++) b->queries[i * d + c] *= scale;
        b->largest[i] = -INFINITY;
        b->sum[i] = 0;
    }
    memset(b->out, 0, n * d * sizeof(float));
    for (size_t j0 = 0; j0 < q0 + n; j0 += r->n_cols) {
        size_t cols = q0 + n - j0 < r->n_cols ? q0 + n - j0 : r->n_cols, padded = (cols + W - 1) / W * W;
        num_gemm_shape s = {false, true, n, cols, d, d, d, r->n_cols};
        num_gemm_f32(&s, 1, b->queries, b->keys + j0 * d, 0, b->scores);
        for (size_t i = 0; i < n; i++) {
            float *row = b->scores + i * r->n_cols, before = b->largest[i];
            size_t seen = q0 + i + 1 > j0 ? q0 + i + 1 - j0 : 0;
            for (size_t j = seen < cols ? seen : cols; j < padded; j++) row[j] = -INFINITY;
            if (!seen) memset(row, 0, padded * sizeof *row);
            if (!seen) continue;
            float sum = softmax_row(row, padded, &b->largest[i]);
            float scale = before == -INFINITY ? 0 : exp2f(before - b->largest[i]);
            b->sum[i] = scale * b->sum[i] + sum;
            if (scale != 1)
                for (size_t c = 0; c < d; c++) b->out[i * d + c] *= scale;
        }
        num_gemm_shape pv = {false, false, n, d, cols, r->n_cols, p->v.tok, d};
        num_gemm_f32(&pv, 1, b->scores, v + j0 * p->v.tok, 1, b->out);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < d; c++)
            r->tensors->out[(q0 + i) * p->out.tok + h * p->out.head + c] = b->out[i * d + c] / b->sum[i];
}

void rival_blas_run(void *rival) {
    const rival_blas *r = rival;
    const ropelaw_attention_problem *p = r->problem;
    attention_arena arena = {(char *)r->memory + (64 - (uintptr_t)r->memory % 64) % 64, 0};
    blocks b = take(r, &arena);
    attention_plan_start(&b.plan);
    for (size_t h = 0; h < p->n_heads; h++) {
        size_t group = p->n_heads / p->n_kv_heads;
        for (size_t j = 0; j < p->n_tok && h % group == 0; j++) {
            attention_plan_table(&b.plan, j, b.table);
            attention_pack_turned(&b.plan, b.table, r->tensors->k + j * p->k.tok + h / group * p->k.head,
                                  b.keys + j * p->head_dim);
        }
        for (size_t q0 = 0; q0 < p->n_tok; q0 += r->n_rows) query_block(r, &b, h, q0);
    }
}
