#include "attention_long.h"
#include "attention_plain.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void attention_threads_case(bench *b, const attention_case *c) {
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
        bench_note(b, "one processor: two threads are not compared");
        return;
    }
    attention_run one, two;
    attention_run_init(&one, c, ROPELAW_ATTENTION_FORWARD_F32, NULL, 1);
    attention_run_init(&two, c, ROPELAW_ATTENTION_FORWARD_F32, NULL, 2);
    size_t n = one.p.n_tok * one.p.n_heads * one.p.head_dim;
    if (memcmp(one.x.out, two.x.out, n * sizeof *one.x.out)) {
        bench_wrong(b, "two threads give other bytes", 1, 0);
    } else {
        char name[96];
        double flop = 2.0 * (double)n * (double)one.p.n_tok;
        bench_side sides[] = {
            {.name = "two threads",
             .run = attention_run_forward,
             .context = &two,
             .work = flop,
             .threads = 2},
            {.name = "one thread",                     .run = attention_run_forward,       .context = &one, .work = flop}
        };
        snprintf(name, sizeof name, "wall time, %s", c->about.name);
        bench_measure(b, name, sides, 2);
        bench_goal(b, "two threads against one", sides[1].seconds / sides[0].seconds, 1.85);
    }
    attention_run_clear(&one);
    attention_run_clear(&two);
}

/* ---- the path in double */

typedef struct {
    ropelaw_attention_problem p;
    double freq[64];
    ropelaw_attention_f64 fast, exact;
    ropelaw_attention_workspace workspace;
    attention_plain plain;
} doubles;

static void run_fast(void *context) {
    doubles *d = context;
    if (ropelaw_attention_forward_f64(&d->p, NULL, &d->fast, &d->workspace, NULL)) abort();
}

static void run_reference(void *context) {
    doubles *d = context;
    if (ropelaw_attention_reference_forward(&d->p, &d->exact, NULL)) abort();
}

static void run_plain(void *context) {
    attention_plain_run(&((doubles *)context)->plain);
}

static double *numbers(size_t n) {
    return attention_need(calloc(n, sizeof(double)));
}

static void doubles_init(doubles *d, size_t n_tok) {
    enum { DIM = 128 };
    ropelaw_attention_problem_init(&d->p, n_tok, 1, 1, DIM);
    for (int k = 0; k < DIM / 2; k++) d->freq[k] = pow(10000, -2.0 * k / DIM);
    d->p.rotary_dim = DIM;
    d->p.inv_freq = d->freq;
    double *x = numbers(3 * n_tok * DIM);
    for (size_t i = 0; i < 3 * n_tok * DIM; i++) x[i] = (double)(i * 7919 % 20011) / 10005.5 - 1;
    d->exact = d->fast = (ropelaw_attention_f64){.q = x, .k = x + n_tok * DIM, .v = x + 2 * n_tok * DIM};
    d->fast.out = numbers(n_tok * DIM);
    d->exact.out = numbers(n_tok * DIM);
    if (ropelaw_attention_workspace_size(&d->p, NULL, ROPELAW_ATTENTION_FORWARD_F64, &d->workspace.bytes,
                                         NULL))
        abort();
    d->workspace.memory = attention_need(calloc(d->workspace.bytes, 1));
    d->plain = (attention_plain){n_tok,
                                 DIM,
                                 d->freq,
                                 d->fast.q,
                                 d->fast.k,
                                 d->fast.v,
                                 numbers(n_tok * DIM),
                                 numbers(n_tok * DIM),
                                 numbers(n_tok)};
}

static void doubles_clear(doubles *d) {
    free((void *)(uintptr_t)d->fast.q);
    free(d->fast.out);
    free(d->exact.out);
    free(d->workspace.memory);
    free(d->plain.out);
    free(d->plain.keys);
    free(d->plain.weights);
}

static double most_apart(const double *x, const double *y, size_t n) {
    double most = 0;
    for (size_t i = 0; i < n; i++)
        if (!(fabs(x[i] - y[i]) <= most)) most = fabs(x[i] - y[i]);
    return most;
}

void attention_double_case(bench *b) {
    doubles d;
    const size_t n_tok = 2048, n = n_tok * 128;
    doubles_init(&d, n_tok);
    run_fast(&d);
    run_reference(&d);
    run_plain(&d);
    /* sums of 2048 weights of one sign and dot products of 128 terms: 2^-53 * (2048 + 2 * 136 * |q||k| / sqrt(128)) */
    double bound = 0x1p-53 * (2048 + 2 * 136 * 128 / sqrt(128)),
           fast = most_apart(d.fast.out, d.exact.out, n), plain = most_apart(d.plain.out, d.exact.out, n),
           flop = 2.0 * (double)n_tok * (double)n;
    if (!(fast <= bound) || !(plain <= bound)) {
        bench_wrong(b, "double", fmax(fast, plain), bound);
    } else {
        bench_side sides[] = {
            {.name = "ropelaw in double",  .run = run_fast,      .context = &d, .work = flop},
            {.name = "plain loops at -O2", .run = run_plain,     .context = &d, .work = flop},
            {.name = "the reference",      .run = run_reference, .context = &d, .work = flop}
        };
        bench_measure(b, "double, 2048 tokens, 1 head", sides, 3);
        bench_figure(b, "max error", fast, "");
        bench_figure(b, "fraction of the peak in double", flop / sides[0].seconds / (bench_peak(b) / 2), "");
        bench_goal(b, "times plain loops at -O2", sides[1].seconds / sides[0].seconds, 6);
    }
    doubles_clear(&d);
}

/* ---- long ones */

void attention_long_case(bench *b, const attention_case *c) {
    if (!attention_judge(b, c, ROPELAW_ATTENTION_PASS_FORWARD, NULL)) return;
    attention_run r;
    attention_run_init(&r, c, ROPELAW_ATTENTION_FORWARD_F32, NULL, bench_threads(b));
    double flop = 2.0 * (double)r.p.n_tok * (double)r.p.n_tok * (double)r.p.head_dim * (double)r.p.n_heads;
    bench_side side = {.name = "ropelaw", .run = attention_run_forward, .context = &r, .work = flop};
    bench_rounds(b, 1);
    bench_measure(b, c->about.name, &side, 1);
    bench_rounds(b, 0);
    bench_goal(b, "fraction of the FMA peak", flop / side.seconds / bench_peak(b), 0.78);
    attention_run_clear(&r);
}

enum { STATS_ROWS = 48 };

typedef struct {
    attention_run *run;
    size_t rows[STATS_ROWS];
    ropelaw_attention_stats stats;
} statistics;

static void run_stats(void *context) {
    statistics *s = context;
    attention_run *r = s->run;
    if (ropelaw_attention_stats_f32(&r->p, &r->options, &r->x, &s->stats, &r->workspace, NULL)) abort();
}

/* Log-sum-exp and entropy of some rows, anew in double with one pass over the keys each, from the reference's angles. */
static double stats_error(const statistics *s) {
    const ropelaw_attention_problem *p = &s->run->p;
    double worst = 0;
    for (size_t at = 0; at < STATS_ROWS; at += STATS_ROWS / 3) {
        const size_t i = s->rows[at], dim = p->head_dim;
        double q[256], key[256], in[256], sum = 0, weighted = 0;
        ropelaw_attention_problem one = *p;
        ropelaw_attention_rotation turn = {1, p->q, p->q, ROPELAW_ATTENTION_ROTATE};
        one.n_tok = 1;
        for (size_t j = 0; j <= i; j++) {
            size_t t = j ? j - 1 : i; /* the query first, then keys 0 .. i - 1; key i below */
            const float *row = j ? s->run->x.k + t * dim : s->run->x.q + t * dim;
            one.position_offset = t;
            for (size_t c = 0; c < dim; c++) in[c] = row[c];
            if (ropelaw_attention_reference_rotate(&one, &turn, in, j ? key : q, NULL)) abort();
            double score = 0;
            for (size_t c = 0; j && c < dim; c++) score += q[c] * key[c];
            score *= p->softmax_scale;
            if (j) sum += exp(score), weighted += score * exp(score);
        }
        double last = 0; /* key i has the query's position: the rotation cancels */
        for (size_t c = 0; c < dim; c++) last += (double)s->run->x.q[i * dim + c] * s->run->x.k[i * dim + c];
        last *= p->softmax_scale;
        sum += exp(last);
        weighted += last * exp(last);
        worst = fmax(worst, fabs(s->stats.lse[at] - log(sum)));
        worst = fmax(worst, fabs(s->stats.entropy[at] - (log(sum) - weighted / sum)));
    }
    return worst;
}

void attention_stats_case(bench *b) {
    const attention_case c = {
        {"statistics, 48 rows of 1048576 tokens", (size_t)1 << 20, 1, 1, 128, 128, 1},
        CASE_UNIFORM,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0
    };
    attention_run r = {.options = {.n_threads = bench_threads(b)}};
    statistics s = {.run = &r};
    attention_case_problem(&c, r.freq, &r.p);
    const size_t n = r.p.n_tok;
    float *q = attention_need(malloc(n * 128 * sizeof *q)), *k = attention_need(malloc(n * 128 * sizeof *k));
    attention_case_fill(&c, &r.p, 0, q, NULL);
    attention_case_fill(&c, &r.p, 1, k, NULL);
    r.x = (ropelaw_attention_f32){.q = q, .k = k};
    for (size_t i = 0; i < STATS_ROWS; i++) s.rows[i] = (i + 1) * (n / STATS_ROWS) - 1;
    double *lse = numbers(STATS_ROWS), *entropy = numbers(STATS_ROWS), *mass = numbers(n), *mean = numbers(n);
    s.stats = (ropelaw_attention_stats){s.rows, STATS_ROWS, NULL, mean, mass, entropy, NULL, lse};
    if (ropelaw_attention_workspace_size(&r.p, &r.options, ROPELAW_ATTENTION_STATS_F32, &r.workspace.bytes,
                                         NULL))
        abort();
    r.workspace.memory = attention_need(calloc(r.workspace.bytes, 1));
    run_stats(&s);
    double error = stats_error(&s),
           bound = 0x1p-24 * 136 * 128 / sqrt(128); /* what a single score may be off by */
    if (!(error <= bound)) {
        bench_wrong(b, c.about.name, error, bound);
    } else {
        double pairs = 0;
        for (size_t i = 0; i < STATS_ROWS; i++) pairs += (double)s.rows[i] + 1;
        bench_side side = {.name = "ropelaw", .run = run_stats, .context = &s, .work = pairs};
        bench_flop(b, false, "Gscores/s");
        bench_rounds(b, 1);
        bench_measure(b, c.about.name, &side, 1);
        bench_rounds(b, 0);
        bench_flop(b, true, "GF/s");
        bench_figure(b, "max error of log-sum-exp and entropy", error, "");
        bench_figure(b, "workspace", (double)r.workspace.bytes, "bytes");
    }
    const void *all[] = {q, k, lse, entropy, mass, mean, r.workspace.memory};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free((void *)(uintptr_t)all[i]);
}
