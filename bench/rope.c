/* The rotation against memcpy of the same bytes, and the table of cosines and sines in pairs a second. */
#include "harness.h"
#include <math.h>
#include <ropelaw/attention.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADS = 8, DIM = 128, PAIRS = DIM / 2 };

typedef struct {
    ropelaw_attention_problem p;
    ropelaw_attention_rotation r;
    ropelaw_attention_options options;
    double freq[PAIRS];
    size_t bytes;
    float *in, *out, *cosine, *sine;
} run;

static void *aligned(size_t bytes) {
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!memory) {
        fputs("bench: out of memory\n", stderr);
        exit(4);
    }
    memset(memory, 0, bytes);
    return memory;
}

static void rotate(void *context) {
    run *r = context;
    if (ropelaw_attention_rotate(&r->p, &r->options, &r->r, r->in, r->out, NULL)) abort();
}

static void copy(void *context) {
    run *r = context;
    memcpy(r->out, r->in, r->bytes);
}

static void table(void *context) {
    run *r = context;
    if (ropelaw_attention_table(&r->p, &r->options, r->cosine, r->sine, NULL)) abort();
}

static void run_init(run *r, size_t n_tok, size_t n_threads) {
    memset(r, 0, sizeof *r);
    ropelaw_attention_problem_init(&r->p, n_tok, HEADS, HEADS, DIM);
    for (int n = 0; n < PAIRS; n++) r->freq[n] = pow(10000, -n / (double)PAIRS);
    r->p.rotary_dim = DIM;
    r->p.inv_freq = r->freq;
    r->options.n_threads = n_threads;
    r->r = (ropelaw_attention_rotation){HEADS, r->p.q, r->p.q, ROPELAW_ATTENTION_ROTATE};
    r->bytes = n_tok * HEADS * DIM * sizeof(float);
}

/* Right first: a sample against the reference. */
static double rotation_error(const run *r) {
    double in[HEADS * DIM], out[HEADS * DIM], worst = 0;
    for (size_t t = 0; t < r->p.n_tok; t += 1 + r->p.n_tok / 97) {
        ropelaw_attention_problem one = r->p;
        one.n_tok = 1;
        one.position_offset = t;
        for (int i = 0; i < HEADS * DIM; i++) in[i] = r->in[t * HEADS * DIM + (size_t)i];
        if (ropelaw_attention_reference_rotate(&one, &r->r, in, out, NULL)) abort();
        for (int i = 0; i < HEADS * DIM; i++)
            worst = fmax(worst, fabs(out[i] - (double)r->out[t * HEADS * DIM + (size_t)i]));
    }
    return worst;
}

static void rotation_case(bench *b, const char *name, size_t n_tok, double least) {
    run r;
    run_init(&r, n_tok, bench_threads(b));
    r.in = aligned(r.bytes);
    r.out = aligned(r.bytes);
    for (size_t i = 0; i < r.bytes / sizeof(float); i++) r.in[i] = (float)(i % 1013) / 1013;
    rotate(&r);
    double error = rotation_error(&r);
    if (error > 4e-7) {
        bench_wrong(b, name, error, 4e-7);
    } else {
        bench_side sides[] = {
            {.name = "rotate", .run = rotate, .context = &r, .work = 2.0 * (double)r.bytes},
            {.name = "memcpy", .run = copy,   .context = &r, .work = 2.0 * (double)r.bytes}
        };
        bench_measure(b, name, sides, 2);
        bench_figure(b, "max error", error, "");
        bench_goal(b, "of memcpy's speed", sides[1].seconds / sides[0].seconds, least);
    }
    free(r.in);
    free(r.out);
}

static double table_error(const run *r) {
    double worst = 0;
    for (size_t t = 0; t < r->p.n_tok; t++)
        for (size_t n = 0; n < PAIRS; n++) {
            long double angle = (long double)(r->p.position_offset + t) * r->freq[n];
            worst = fmax(worst, fabs((double)(cosl(angle) - (long double)r->cosine[t * PAIRS + n])));
            worst = fmax(worst, fabs((double)(sinl(angle) - (long double)r->sine[t * PAIRS + n])));
        }
    return worst;
}

static void table_case(bench *b) {
    enum { N = 512 }; /* 256 KB: the table stays in L2, so that arithmetic is measured */
    run r;
    run_init(&r, N, 1);
    r.cosine = aligned(N * PAIRS * sizeof(float));
    r.sine = aligned(N * PAIRS * sizeof(float));
    r.p.position_offset = 16777216 - N;
    table(&r);
    double error = table_error(&r);
    if (error > 1e-7) {
        bench_wrong(b, "table", error, 1e-7);
    } else {
        bench_side side = {.name = "pairs", .run = table, .context = &r, .work = (double)N * PAIRS};
        bench_flop(b, false, "Gpairs/s");
        bench_measure(b, "cos and sin table near position 2^24", &side, 1);
        bench_figure(b, "max error", error, "");
        bench_goal(b, "pairs in 1e9/s", side.work / side.seconds / 1e9, 3);
        bench_figure(b, "pairs per flop of the peak", side.work / side.seconds / bench_peak(b), "");
    }
    free(r.cosine);
    free(r.sine);
}

int main(int argc, char **argv) {
    bench *b = bench_start(argc, argv, "rope");
    bench_flop(b, false, "GB/s");
    rotation_case(b, "rotation within L3 (1024 tokens, 8 heads of 128, 4 MB)", 1024, 0.75);
    rotation_case(b, "rotation beyond L3 (32768 tokens, 8 heads of 128, 128 MB)", 32768, 0.90);
    table_case(b);
    return bench_finish(b);
}
