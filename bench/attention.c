/* Attention: judged by the error bound against the reference, then timed against the multiply-add peak, OpenBLAS at its
   best core type, a blocked-BLAS baseline and torch, all in one run. */
#include "attention/case.h"
#include "attention_long.h"
#include "harness.h"
#include "rivals.h"
#include <ropelaw/number.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *attention_need(void *memory) {
    if (memory) return memory;
    fputs("bench: out of memory\n", stderr);
    exit(4);
}

void attention_run_forward(void *context) {
    attention_run *r = context;
    if (ropelaw_attention_forward(&r->p, &r->options, &r->x, &r->workspace, NULL)) abort();
}

static void backward(void *context) {
    attention_run *r = context;
    if (ropelaw_attention_backward(&r->p, &r->options, &r->x, &r->workspace, NULL)) abort();
}

void attention_run_init(attention_run *r, const attention_case *c, ropelaw_attention_call call,
                        const char *kernel, size_t threads) {
    memset(r, 0, sizeof *r);
    attention_case_problem(c, r->freq, &r->p);
    r->options = (ropelaw_attention_options){.n_threads = threads, .kernel = kernel};
    size_t n_q = r->p.n_tok * r->p.n_heads * r->p.head_dim,
           n_k = r->p.n_tok * r->p.n_kv_heads * r->p.head_dim, bytes;
    float *x[8];
    for (int i = 0; i < 8; i++)
        x[i] = attention_need(calloc(i == 1 || i == 2 || i > 5 ? n_k : n_q, sizeof(float)));
    for (int i = 0; i < 4; i++) attention_case_fill(c, &r->p, i, x[i], NULL);
    r->x =
        (ropelaw_attention_f32){x[0], x[1], x[2], x[4], attention_need(malloc(r->p.n_tok * r->p.n_heads * 8)),
                                x[3], x[5], x[6], x[7]};
    if (ropelaw_attention_workspace_size(&r->p, &r->options, ROPELAW_ATTENTION_FORWARD_F32, &bytes, NULL) ||
        ropelaw_attention_workspace_size(&r->p, &r->options, call, &r->workspace.bytes, NULL))
        abort();
    if (bytes > r->workspace.bytes) r->workspace.bytes = bytes;
    r->workspace.memory = attention_need(calloc(r->workspace.bytes, 1));
    attention_run_forward(r);
}

void attention_run_clear(attention_run *r) {
    const void *all[] = {r->x.q,    r->x.k,  r->x.v,  r->x.out, r->x.lse,
                         r->x.dout, r->x.dq, r->x.dk, r->x.dv,  r->workspace.memory};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free((void *)(uintptr_t)all[i]);
}

/* Right first: the library's own check; prints what ran. */
bool attention_judge(bench *b, const attention_case *c, ropelaw_attention_pass pass, const char *kernel) {
    ropelaw_attention_check_options options = {
        pass, {.n_threads = bench_threads(b), .kernel = kernel},
         0
    };
    ropelaw_attention_result r;
    ropelaw_error e = {0};
    if (ropelaw_attention_check_run(&c->about, &options, &r, &e)) {
        fprintf(stderr, "bench: %s\n", e.message);
        exit(4);
    }
    char title[160], error[ROPELAW_NUMBER_SIZE], bound[ROPELAW_NUMBER_SIZE];
    snprintf(title, sizeof title, "%s: kernel %s (%s), %zu rows judged, max error %s, bound there %s",
             c->about.name, r.kernel->name, r.kernel->tile, r.n_rows,
             ropelaw_number_str(r.max_error, 3, error), ropelaw_number_str(r.bound, 3, bound));
    bench_note(b, title);
    if (!r.ok) bench_wrong(b, c->about.name, r.max_error, r.bound);
    return r.ok;
}

/* Largest difference between our output and the rival's, which must also be right to be a rival. */
static double difference(const attention_run *r, const float *out) {
    double most = 0;
    for (size_t i = 0; i < r->p.n_tok * r->p.n_heads * r->p.head_dim; i++)
        most = fmax(most, fabs((double)r->x.out[i] - out[i]));
    return most;
}

/* Time of torch's forward [s], NAN if it is not installed. */
static double torch_seconds(bench *b, const ropelaw_attention_case *c) {
    char command[4400], version[64] = "", note[96];
    double ms = NAN;
    snprintf(command, sizeof command, "/usr/bin/python3 '" ATTENTION_TORCH "' %zu %zu %zu %zu 3 2>/dev/null",
             c->n_tok, c->n_heads, c->n_kv_heads, c->head_dim);
    FILE *child = popen(command, "r");
    if (child && fscanf(child, "%lf %63s", &ms, version) != 2) ms = NAN;
    if (child) pclose(child);
    snprintf(note, sizeof note, isnan(ms) ? "torch: not installed%s" : "torch %s", version);
    bench_note(b, note);
    return ms / 1e3;
}

static void forward_case(bench *b, const attention_case *c, double least, double least_blas) {
    if (!attention_judge(b, c, ROPELAW_ATTENTION_PASS_FORWARD, NULL)) return;
    attention_run ours, other;
    attention_run_init(&ours, c, ROPELAW_ATTENTION_FORWARD_F32, NULL, bench_threads(b));
    attention_run_init(&other, c, ROPELAW_ATTENTION_FORWARD_F32, NULL, 1);
    const ropelaw_attention_case *a = &c->about;
    double flop = 2.0 * (double)a->n_tok * (double)a->n_tok * (double)a->head_dim * (double)a->n_heads;
    /* the baseline's block sizes were chosen by trying: see docs/attention.md */
    rival_blas small = {&other.p, &other.x, 128, 256, NULL}, large = {&other.p, &other.x, 256, 512, NULL};
    small.memory = attention_need(calloc(rival_blas_floats(&small), sizeof(float)));
    large.memory = attention_need(calloc(rival_blas_floats(&large), sizeof(float)));
    rival_sgemm gemm = {1024, attention_need(calloc(1024 * 1024, 4)), attention_need(calloc(1024 * 1024, 4)),
                        attention_need(calloc(1024 * 1024, 4))};
    bench_side sides[] = {
        {.name = "ropelaw",                 .run = attention_run_forward, .context = &ours,  .work = flop                    },
        {.name = "blocked sgemm 128 x 256", .run = rival_blas_run,        .context = &small, .work = flop                    },
        {.name = "blocked sgemm 256 x 512", .run = rival_blas_run,        .context = &large, .work = flop                    },
        {.name = "sgemm 1024",              .run = rival_sgemm_run,       .context = &gemm,  .work = 2.0 * 1024 * 1024 * 1024}
    };
    bench_measure(b, a->name, sides, 4);
    bench_figure(b, "max difference to blocked sgemm", difference(&ours, other.x.out), "");
    bench_figure(b, "workspace beyond k and v",
                 (double)ours.workspace.bytes - 8.0 * (double)(a->n_tok * a->n_kv_heads * a->head_dim),
                 "bytes");
    if (bench_threads(b) == 1) {
        bench_goal(b, "fraction of the FMA peak", flop / sides[0].seconds / bench_peak(b), least);
        bench_goal(b, "times blocked sgemm", fmin(sides[1].seconds, sides[2].seconds) / sides[0].seconds,
                   least_blas);
        if (!bench_is_quick(b)) bench_goal(b, "times torch", torch_seconds(b, a) / sides[0].seconds, 8);
    }
    free(small.memory);
    free(large.memory);
    free(gemm.a);
    free(gemm.b);
    free(gemm.c);
    attention_run_clear(&ours);
    attention_run_clear(&other);
}

static void backward_case(bench *b, const attention_case *c) {
    if (!attention_judge(b, c, ROPELAW_ATTENTION_PASS_BACKWARD, NULL)) return;
    attention_run r;
    char name[80];
    attention_run_init(&r, c, ROPELAW_ATTENTION_BACKWARD_F32, NULL, bench_threads(b));
    double flop = 5.0 * (double)c->about.n_tok * (double)c->about.n_tok * (double)c->about.head_dim *
                  (double)c->about.n_heads;
    bench_side side = {.name = "ropelaw", .run = backward, .context = &r, .work = flop};
    snprintf(name, sizeof name, "backward, %s", c->about.name);
    bench_measure(b, name, &side, 1);
    bench_goal(b, "fraction of the FMA peak", flop / side.seconds / bench_peak(b), 0.45);
    attention_run_clear(&r);
}

/* Every kernel that runs here, on one case. */
static void kernel_cases(bench *b, const attention_case *c) {
    const ropelaw_attention_kernel *k;
    for (size_t i = 0; (k = ropelaw_attention_kernel_at(i)); i++) {
        ropelaw_attention_options options = {.kernel = k->name};
        if (ropelaw_attention_kernel_find(&options, &k, NULL)) continue;
        if (!attention_judge(b, c, ROPELAW_ATTENTION_PASS_FORWARD, k->name)) continue;
        attention_run r;
        char name[80];
        attention_run_init(&r, c, ROPELAW_ATTENTION_FORWARD_F32, k->name, 1);
        double flop = 2.0 * (double)c->about.n_tok * (double)c->about.n_tok * (double)c->about.head_dim *
                      (double)c->about.n_heads;
        bench_side side = {.name = k->name, .run = attention_run_forward, .context = &r, .work = flop};
        snprintf(name, sizeof name, "kernel %s, %s", k->name, c->about.name);
        bench_measure(b, name, &side, 1);
        attention_run_clear(&r);
    }
}

int main(int argc, char **argv) {
    rival_best_core(argc, argv);
    bench *b = bench_start(argc, argv, "attention");
    size_t large = bench_is_quick(b) ? 4096 : 16384;
    for (size_t i = 0; i < n_attention_cases; i++) {
        const attention_case *c = attention_cases + i;
        if (!c->about.timed || c->about.n_tok > large) continue;
        bool is_short = c->about.n_tok < 4096;
        forward_case(b, c, is_short ? 0.70 : 0.78, 1.15);
        if (is_short) kernel_cases(b, c);
        if (bench_threads(b) == 1 && c->about.n_tok <= 4096 && c->about.n_heads == c->about.n_kv_heads)
            attention_threads_case(b, c);
        if (c->about.n_tok == 4096 && c->about.n_heads == 1 && !bench_is_quick(b)) backward_case(b, c);
    }
    attention_double_case(b);
    if (!bench_is_quick(b)) attention_stats_case(b);
    for (size_t i = 0; i < n_attention_cases && !bench_is_quick(b); i++)
        if (attention_cases[i].about.n_tok > large) attention_long_case(b, attention_cases + i);
    return bench_finish(b);
}
