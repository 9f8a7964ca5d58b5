/* The sweep over arrays of (base, train_len, rotary_dim) against a plain loop of pow at -O2 (sweep_plain.c), and the
 * scalars alone. A case is judged before it is timed. In cache: blocks of rows whose output stays in L2; in memory: the
 * whole output written once. numpy, where it is installed, does the same rows in the same run (sweep_numpy.py). */
#include "harness.h"
#include "sweep_plain.h"
#include <ropelaw/cpu.h>
#include <ropelaw/random.h>
#include <ropelaw/sweep.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { D = 128, PAIRS = D / 2 };

typedef struct {
    size_t n_rows, block;
    int whole; /* 1: every row has its place in the output; 0: blocks share it */
    int with_periods;
    ropelaw_isa isa;
    double *base, *train, *dim, *bound, *period;
    size_t *rotary_dim;
} problem;

static void *memory(size_t n, size_t size) {
    void *p = aligned_alloc(64, (n * size + 63) / 64 * 64);
    if (!p) abort();
    return p;
}

static problem *create(size_t n_rows, int whole, int with_periods) {
    problem *p = memory(1, sizeof *p);
    *p = (problem){
        .n_rows = n_rows, .block = whole ? n_rows : 256, .whole = whole, .with_periods = with_periods};
    p->base = memory(n_rows, sizeof(double));
    p->train = memory(n_rows, sizeof(double));
    p->dim = memory(n_rows, sizeof(double));
    p->bound = memory(n_rows, sizeof(double));
    p->rotary_dim = memory(n_rows, sizeof(size_t));
    p->period = memory(p->block * PAIRS, sizeof(double));
    ropelaw_random r;
    ropelaw_random_init(&r, 1, 0);
    for (size_t i = 0; i < n_rows; i++) {
        p->base[i] = exp(6 + 14 * ropelaw_random_uniform(&r));
        p->train[i] = floor(exp(6 + 8 * ropelaw_random_uniform(&r)));
        p->rotary_dim[i] = D;
        p->dim[i] = p->bound[i] = 0;
    }
    for (size_t i = 0; i < p->block * PAIRS; i++) p->period[i] = 0; /* touched before it is timed */
    return p;
}

static void destroy(problem *p) {
    void *const parts[] = {p->base, p->train, p->dim, p->bound, p->rotary_dim, p->period, p};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) free(parts[i]);
}

static void run_ours(void *context) {
    const problem *p = context;
    for (size_t i = 0; i < p->n_rows; i += p->block) {
        size_t n = p->n_rows - i < p->block ? p->n_rows - i : p->block;
        ropelaw_sweep sweep = {n, p->base + i, p->train + i, p->rotary_dim + i, NULL, NULL};
        ropelaw_sweep_out out = {p->dim + i, NULL, p->bound + i, p->with_periods ? p->period : NULL, PAIRS};
        if (ropelaw_sweep_eval(&sweep, p->isa, &out, NULL)) abort();
    }
}

static void run_plain(void *context) {
    const problem *p = context;
    for (size_t i = 0; i < p->n_rows; i += p->block) {
        size_t n = p->n_rows - i < p->block ? p->n_rows - i : p->block;
        sweep_plain(n, p->base + i, p->train + i, p->rotary_dim + i, p->dim + i, p->bound + i,
                    p->with_periods ? p->period : NULL);
    }
}

/* The largest relative difference between the two; the dimension must be the same. */
static double difference(problem *p) {
    run_plain(p);
    size_t n = p->n_rows, last = p->block * PAIRS;
    double *dim = memory(n, sizeof(double)), *bound = memory(n, sizeof(double)),
           *period = memory(last, sizeof(double));
    for (size_t i = 0; i < n; i++) dim[i] = p->dim[i], bound[i] = p->bound[i];
    for (size_t i = 0; i < last; i++) period[i] = p->period[i];
    run_ours(p);
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(p->bound[i]) != isnan(bound[i]) || dim[i] != p->dim[i])
            worst = INFINITY;
        else if (!isnan(bound[i]))
            worst = fmax(worst, fabs(p->bound[i] / bound[i] - 1));
    }
    for (size_t i = 0; p->with_periods && i < last; i++)
        worst = fmax(worst, fabs(p->period[i] / period[i] - 1));
    free(dim);
    free(bound);
    free(period);
    return worst;
}

/* Time of numpy on as many rows [s], the better of two block sizes; NAN without numpy or from another folder. */
static double numpy_seconds(bench *b, const problem *p) {
    char command[160], version[64] = "", note[120];
    double best = NAN;
    const size_t blocks[] = {p->block, 2048}; /* small temporaries stay in cache, large ones save calls */
    for (size_t i = 0; i < 2; i++) {
        double ms;
        snprintf(command, sizeof command, "/usr/bin/python3 bench/sweep_numpy.py %zu %zu %d 5 2>/dev/null",
                 p->n_rows, blocks[i], p->with_periods);
        FILE *child = popen(command, "r");
        if (child && fscanf(child, "%lf %63s", &ms, version) == 2) best = fmin(best, ms / 1e3);
        if (child) pclose(child);
    }
    if (isnan(best))
        snprintf(note, sizeof note, "numpy: not installed, or not run from the root of the repository");
    else
        snprintf(note, sizeof note, "numpy %s, in a process of its own", version);
    bench_note(b, note);
    return best;
}

static void measure(bench *b, const char *name, problem *p, double must, double stretch, double numpy_must) {
    static const char *const names[] = {"ours portable", "ours avx2", "ours avx512"};
    bench_side sides[4];
    problem copies[3];
    size_t n = 0;
    for (int isa = (int)ropelaw_isa_best(); isa >= 0; isa--) {
        copies[n] = *p;
        copies[n].isa = (ropelaw_isa)isa;
        double error = difference(&copies[n]);
        if (!(error <= 1e-13)) {
            bench_wrong(b, names[isa], error, 1e-13);
            return;
        }
        sides[n] = (bench_side){
            .name = names[isa], .run = run_ours, .context = &copies[n], .work = (double)p->n_rows};
        n++;
    }
    sides[n] =
        (bench_side){.name = "plain pow loop -O2", .run = run_plain, .context = p, .work = (double)p->n_rows};
    bench_measure(b, name, sides, n + 1);
    double ratio = sides[n].seconds / sides[0].seconds;
    bench_figure(b, "rows per second", (double)p->n_rows / sides[0].seconds, "row/s");
    bench_goal(b, "against the pow loop, must", ratio, must);
    bench_goal(b, "against the pow loop, stretch", ratio, stretch);
    double numpy = numpy_seconds(b, p);
    if (isnan(numpy)) return;
    bench_figure(b, "numpy, milliseconds", 1e3 * numpy, "ms");
    bench_goal(b, "times numpy", numpy / sides[0].seconds, numpy_must);
}

int main(int argc, char **argv) {
    bench *b = bench_start(argc, argv, "sweep");
    bench_flop(b, false, "row");
    size_t n = bench_is_quick(b) ? 20000 : 200000;
    const struct {
        const char *name;
        int whole, with_periods;
    } cases[] = {
        {"64 periods, dimension and bound, in cache",          0, 1},
        {"64 periods, dimension and bound, written to memory", 1, 1},
        {"dimension and bound only",                           1, 0}
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        problem *p = create(n, cases[i].whole, cases[i].with_periods);
        measure(b, cases[i].name, p, cases[i].with_periods ? 20 : 1, cases[i].with_periods ? 40 : 1,
                cases[i].with_periods ? 1 : 4);
        destroy(p);
    }
    return bench_finish(b);
}
