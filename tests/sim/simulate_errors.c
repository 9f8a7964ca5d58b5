/* Simulation: what intervals of the break are worth when errors are not independent and normal with one scale: a few wild
   points, noise that grows after the break, points that share documents; and four points with a known noise.

   usage: simulate_errors [CURVES] [--seed S] [--table FILE]
   Streams of one seed, as in simulate.c. A row with a gate fails below or above it by more than three simulation errors;
   rows without one show what the method is not for. Prints TAP. */
#include "fit/curve_data.h"
#include "num/lsq.h"
#include "num/quantile.h"
#include "stats/exact.h"
#include "stats/hinge_profile.h"
#include "stats/huber.h"
#include "stats/soft_solver.h"
#include <ropelaw/number.h>
#include <ropelaw/random.h>
#include <ropelaw/run_bootstrap.h>
#include <ropelaw/version.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 12, MOST_DOCUMENTS = 100 };
static const double octaves = 11;
static size_t n_curves = 2000, n_used, number,
              failures; /* used: of a row; bootstraps take every fifth curve */
static uint64_t seed = 20231005;
static FILE *table;

static void need(ropelaw_status status) {
    if (!status) return;
    fprintf(stderr, "simulate_errors: %s\n", ropelaw_status_str(status));
    exit(4);
}

/* lo > hi: no gate */
static void report(const char *name, double covered, double lo, double hi, double off) {
    char v[ROPELAW_NUMBER_SIZE], g[2 * ROPELAW_NUMBER_SIZE + 8], l[ROPELAW_NUMBER_SIZE],
        h[ROPELAW_NUMBER_SIZE], d[ROPELAW_NUMBER_SIZE];
    double used = (double)(n_used ? n_used : n_curves), rate = covered / used, se = sqrt(.95 * .05 / used);
    bool gate = lo <= hi, good = !gate || (rate >= lo - 3 * se && rate <= hi + 3 * se);
    failures += !good;
    ropelaw_number_str(rate, 4, v);
    if (isnan(off))
        strcpy(d, "-");
    else
        ropelaw_number_str(off, 3, d);
    snprintf(g, sizeof g, "%s to %s", ropelaw_number_str(lo, 3, l), ropelaw_number_str(hi, 3, h));
    if (!gate) strcpy(g, "-");
    printf("%s %zu - %s: coverage %s (gate %s), median error of the break %s\n", good ? "ok" : "not ok",
           ++number, name, v, g, d);
    fflush(stdout);
    if (table)
        fprintf(table, "| %s | %s | %s | %s | %s |\n", name, g, v, d, !gate ? "" : good ? "holds" : "FAILS");
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n) {
    qsort(v, n, sizeof *v, ascending);
    return n % 2 ? v[n / 2] : .5 * (v[n / 2 - 1] + v[n / 2]);
}

static double psi_true(void) {
    return .5 * octaves * log(2);
}

static double truth_at(double x, double psi) {
    return 2 - .05 * x + 2 * fmax(x - psi, 0);
}

/* ---- One curve of independent points */

typedef struct {
    double wild;  /* chance of a point to be ten deviations off */
    bool one;     /* one point for certain */
    double after; /* factor of the noise after the break */
} noise;

typedef struct {
    double x[N], y[N], weight[N];
    stats_data data;
} curve;

static void draw(const noise *g, size_t k, curve *c) {
    ropelaw_random random;
    ropelaw_random_init(&random, seed + 50, k);
    size_t chosen = ropelaw_random_below(&random, N);
    for (size_t i = 0; i < N; i++) {
        double sd = .1, e = ropelaw_random_normal(&random), u = ropelaw_random_uniform(&random);
        c->x[i] = octaves * log(2) * (double)i / (N - 1);
        if (c->x[i] > psi_true()) sd *= g->after;
        if (u < g->wild || (g->one && i == chosen)) e = (e > 0 ? 10 : -10);
        c->y[i] = truth_at(c->x[i], psi_true()) + sd * e;
        c->weight[i] = 1 / (sd * sd);
    }
    c->data = (stats_data){.n = N, .x = c->x, .y = c->y};
}

static double f_cut(double level, double df) {
    return num_f_quantile(level, 1, df);
}

static bool least_squares(const curve *c, bool weighted, double *off) {
    stats_data data = c->data;
    double scratch[8 * N], memory[4 * N];
    stats_hinge_plan *plan = NULL;
    stats_hinge h;
    if (weighted) data.weight = c->weight;
    need(stats_hinge_create(&data, false, &plan, NULL));
    stats_hinge_solve(plan, data.y, scratch, &h);
    stats_hinge_destroy(plan);
    *off = fabs(h.psi - psi_true());
    return stats_hinge_held(&data, false, psi_true(), memory) <= h.rss * (1 + f_cut(.95, N - 4) / (N - 4));
}

static bool exact(const curve *c, size_t k) {
    stats_exact *e = NULL;
    need(stats_exact_create(&c->data, &(stats_exact_model){false, 0}, 199, seed + 60 + k, &e, NULL));
    bool in = stats_exact_p(e, psi_true()) > .05 + 1e-12;
    stats_exact_destroy(e);
    return in;
}

static bool huber(const curve *c, double *off) {
    stats_huber_hinge f;
    double memory[6 * N];
    need(stats_huber_hinge_fit(&c->data, &f, NULL));
    *off = fabs(f.hinge.psi - psi_true());
    double limit = stats_huber_k * f.scale;
    stats_huber_held(&c->data, limit, f.hinge.psi, memory); /* leaves the residuals */
    double unit = stats_huber_unit(memory + 3 * N, N, 4, limit, NULL);
    return stats_huber_held(&c->data, limit, psi_true(), memory) - f.hinge.rss <= unit * f_cut(.95, N - 4);
}

static void noise_rows(const char *name, const noise *g, const double gates[4][2]) {
    double covered[4] = {0}, *off = malloc(4 * n_curves * sizeof *off);
    if (!off) need(ROPELAW_NOMEM);
    for (size_t k = 0; k < n_curves; k++) {
        curve c;
        draw(g, k, &c);
        covered[0] += least_squares(&c, false, &off[k]);
        covered[1] += exact(&c, k);
        off[n_curves + k] = off[k];
        covered[2] += huber(&c, &off[2 * n_curves + k]);
        covered[3] += least_squares(&c, true, &off[3 * n_curves + k]);
    }
    static const char *const methods[] = {"profile-F", "exact", "Huber-F", "profile-F, weights known"};
    for (size_t m = 0; m < (g->after > 1 ? 4 : 3); m++) {
        char text[160];
        snprintf(text, sizeof text, "%s: %s", name, methods[m]);
        report(text, covered[m], gates[m][0], gates[m][1], median(off + m * n_curves, n_curves));
    }
    free(off);
}

/* ---- Four points whose noise is known */

static void four_points(void) {
    double covered = 0, *off = malloc(n_curves * sizeof *off);
    if (!off) need(ROPELAW_NOMEM);
    for (size_t k = 0; k < n_curves; k++) {
        ropelaw_random random;
        double x[4], y[4], psi = 1.5 * log(2);
        ropelaw_random_init(&random, seed + 70, k);
        for (size_t i = 0; i < 4; i++) {
            x[i] = (double)i * log(2);
            y[i] = 2 + 2 * fmax(x[i] - psi, 0) + .1 * ropelaw_random_normal(&random);
        }
        stats_data data = {.n = 4, .x = x, .y = y, .sigma = .1};
        stats_exact *e = NULL;
        need(stats_exact_create(&data, &(stats_exact_model){true, 0}, 199, seed + 80 + k, &e, NULL));
        covered += stats_exact_p(e, psi) > .05 + 1e-12;
        off[k] = fabs(stats_exact_estimate(e) - psi);
        stats_exact_destroy(e);
    }
    report("n 4, plateau, sd .1 known: exact", covered, .935, .965, median(off, n_curves));
    free(off);
}

/* ---- A soft curve and a width that is given, right or wrong */

static void given_width(double factor, double lo, double hi) {
    double covered = 0, w = .3, *off = malloc(n_curves * sizeof *off);
    if (!off) need(ROPELAW_NOMEM);
    for (size_t k = 0; k < n_curves; k++) {
        curve c;
        draw(&(noise){0, false, 1}, k, &c);
        for (size_t i = 0; i < N; i++) {
            double t = c.x[i] - psi_true();
            c.y[i] += 2 * (w * log1p(exp(-fabs(t) / w)));
        }
        stats_exact *e = NULL;
        need(stats_exact_create(&c.data, &(stats_exact_model){false, factor * w}, 199, seed + 90 + k, &e,
                                NULL));
        covered += stats_exact_p(e, psi_true()) > .05 + 1e-12;
        off[k] = fabs(stats_exact_estimate(e) - psi_true());
        stats_exact_destroy(e);
    }
    char text[120], f[ROPELAW_NUMBER_SIZE];
    snprintf(text, sizeof text, "soft curve, width .3, given %s of it: exact given the width",
             ropelaw_number_str(factor, 3, f));
    report(text, covered, lo, hi, median(off, n_curves));
    free(off);
}

/* ---- Documents */

typedef struct {
    size_t documents;
    double own_break, correlation, after;
} corpus;

typedef struct {
    double value[MOST_DOCUMENTS * N], share[N];
    fit_curve curve;
    curve c;
} corpus_curve;

static void draw_corpus(const corpus *g, size_t k, corpus_curve *c) {
    ropelaw_random random;
    ropelaw_random_init(&random, seed + 100, k);
    draw(&(noise){0, false, 1}, 0, &c->c);
    memset(c->c.y, 0, sizeof c->c.y);
    for (size_t d = 0; d < g->documents; d++) {
        double level = .5 * ropelaw_random_normal(&random), e = ropelaw_random_normal(&random);
        double own = psi_true() + g->own_break * ropelaw_random_normal(&random);
        for (size_t i = 0; i < N; i++) {
            double x = c->c.x[i], sd = .1 * (x > psi_true() ? g->after : 1);
            c->value[d * N + i] = truth_at(x, own) + level + sd * e;
            c->c.y[i] += c->value[d * N + i] / (double)g->documents;
            e = g->correlation * e +
                sqrt(1 - g->correlation * g->correlation) * ropelaw_random_normal(&random);
        }
    }
    for (size_t i = 0; i < N; i++) c->share[i] = 1 / (double)g->documents;
    c->curve = (fit_curve){
        .n = N, .x = c->c.x, .y = c->c.y, .documents = {g->documents, c->value, c->share}
    };
}

static bool between_documents(const corpus_curve *c, double *off) {
    double scratch[8 * N], memory[4 * N], influence[N];
    stats_hinge_plan *plan = NULL;
    stats_hinge h;
    need(stats_hinge_create(&c->c.data, false, &plan, NULL));
    stats_hinge_solve(plan, c->c.y, scratch, &h);
    stats_hinge_destroy(plan);
    *off = fabs(h.psi - psi_true());
    double variance = stats_hinge_influence(&c->c.data, false, &h, memory, influence);
    double unit = fit_documents_variance(&c->curve, NULL, influence, NULL) / variance;
    double rise = stats_hinge_held(&c->c.data, false, psi_true(), memory) - h.rss;
    return rise <= unit * f_cut(.95, (double)c->curve.documents.n - 1);
}

/* The covariance of the means as the documents estimate it, taken for known. */
static bool plugged_in(const corpus_curve *c) {
    double lower[N * N] = {0}, scratch[8 * N], memory[4 * N];
    size_t documents = c->curve.documents.n;
    for (size_t d = 0; d < documents; d++)
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < N; k++)
                lower[i * N + k] += (c->value[d * N + i] - c->c.y[i]) * (c->value[d * N + k] - c->c.y[k]) /
                                    (double)(documents - 1) / (double)documents;
    need(num_cholesky(N, lower, NULL));
    stats_data data = c->c.data;
    data.lower = lower;
    stats_hinge_plan *plan = NULL;
    need(stats_hinge_create(&data, false, &plan, NULL));
    double rss = stats_hinge_rss(plan, data.y, scratch);
    stats_hinge_destroy(plan);
    return stats_hinge_held(&data, false, psi_true(), memory) - rss <= num_chi2_quantile(.95, 1);
}

static void document_rows(const char *name, const corpus *g, double least) {
    static corpus_curve c;
    double covered[3] = {0}, ignored, *off = malloc(n_curves * sizeof *off);
    if (!off) need(ROPELAW_NOMEM);
    for (size_t k = 0; k < n_curves; k++) {
        draw_corpus(g, k, &c);
        covered[0] += between_documents(&c, &off[k]);
        covered[1] += least_squares(&c.c, false, &ignored);
        if (g->documents > N + 2) covered[2] += plugged_in(&c);
    }
    char text[200];
    double error = median(off, n_curves);
    snprintf(text, sizeof text, "%zu documents, %s: documents-F", g->documents, name);
    report(text, covered[0], least, 1, error);
    snprintf(text, sizeof text, "%zu documents, %s: means as independent points", g->documents, name);
    report(text, covered[1], 1, 0, error);
    snprintf(text, sizeof text, "%zu documents, %s: their covariance taken for known", g->documents, name);
    if (g->documents > N + 2) report(text, covered[2], 1, 0, NAN);
    free(off);
}

/* ---- Onsets of documents: the length where the mean curve of all documents has risen by a half */

static double mean_excess(const corpus *g, double x) {
    double t = x - psi_true(), w = g->own_break;
    if (!(w > 0)) return 2 * fmax(t, 0);
    return 2 * (t * num_normal_cdf(t / w) + w * exp(-.5 * t * t / w / w) / sqrt(2 * M_PI));
}

static double onset_true(const corpus *g) {
    double lo = psi_true() - 1, hi = psi_true() + 2;
    for (int i = 0; i < 60; i++) *(mean_excess(g, .5 * (lo + hi)) < log(1.5) ? &lo : &hi) = .5 * (lo + hi);
    return .5 * (lo + hi);
}

static void onset_row(const char *name, const corpus *g, double least) {
    static corpus_curve c;
    double covered = 0, truth = onset_true(g), *off = malloc(n_curves * sizeof *off);
    if (!off) need(ROPELAW_NOMEM);
    for (size_t k = 0; k < n_curves; k++) {
        draw_corpus(g, k, &c);
        stats_onset question = {.reference = STATS_REF_LINE, .excess = log(1.5), .first = c.c.x[0]};
        stats_target target = {STATS_HOLD_ONSET, &question};
        stats_soft_solver *solver = NULL;
        stats_soft fit;
        double influence[N], theta[SOFT_P];
        need(stats_soft_solver_create(&c.c.data, &solver, NULL));
        need(stats_soft_solver_fit(solver, c.c.y, &fit));
        double variance = stats_soft_variance(&c.c.data, &fit, &target, influence);
        double unit = fit_documents_variance(&c.curve, NULL, influence, NULL) / variance;
        off[k] = fabs(stats_target_value(&target, fit.theta, NULL) - truth);
        stats_soft held = fit; /* as fit does: the larger of the units with the width free and held */
        held.at_bound |= 1u << SOFT_LN_W;
        variance = stats_soft_variance(&c.c.data, &held, &target, influence);
        unit = fmax(unit, fit_documents_variance(&c.curve, NULL, influence, NULL) / variance);
        memcpy(theta, fit.theta, sizeof theta);
        double rise = stats_soft_solver_profile(solver, &target, truth, theta) - fit.rss;
        covered += rise <= unit * f_cut(.95, (double)g->documents - 1);
        stats_soft_solver_destroy(solver);
    }
    char text[200];
    snprintf(text, sizeof text, "onset at 50 %%, %zu documents, %s: documents-F", g->documents, name);
    report(text, covered, least, 1, median(off, n_curves));
    free(off);
}

/* ---- Bootstraps */

enum { METHODS = 4, BOOTSTRAP_DRAWS = 199 };

typedef struct {
    ropelaw_run run;
    ropelaw_point points[N * MOST_DOCUMENTS];
} measured_run;

/* The curve's own points, or the values of documents. */
static void make_run(const curve *c, const corpus_curve *documents, size_t n_documents, measured_run *m) {
    static char name[] = "run", empty[] = "";
    size_t per = documents ? n_documents : 1;
    m->run = (ropelaw_run){.name = name,
                           .kind = ROPELAW_VALUE_LOSS,
                           .points = m->points,
                           .n_points = N * per,
                           .model = empty,
                           .method = empty};
    for (size_t i = 0; i < N; i++)
        for (size_t d = 0; d < per; d++)
            m->points[i * per + d] =
                (ropelaw_point){.eval_len_tok = exp(c->x[i]),
                                .value = documents ? documents->value[d * N + i] : c->y[i],
                                .se = NAN,
                                .n_tokens = NAN,
                                .n_trials = NAN,
                                .doc = documents ? d : SIZE_MAX,
                                .replicate = SIZE_MAX};
}

static void count(const ropelaw_bootstrap_target *t, double truth, double covered[METHODS]) {
    const ropelaw_bootstrap_ends *all[METHODS] = {&t->percentile, &t->bca, &t->studentised, &t->bootstrap_f};
    for (size_t m = 0; m < METHODS; m++) covered[m] += all[m]->lo <= exp(truth) && exp(truth) <= all[m]->hi;
}

static void bootstrap_rows(ropelaw_resample resample, const corpus *g) {
    static const char *const methods[METHODS] = {"percentile", "BCa", "studentised", "bootstrap-F"};
    static corpus_curve c;
    static measured_run m;
    double covered[2][METHODS] = {{0}, {0}};
    ropelaw_fit_options options = ropelaw_fit_options_default;
    ropelaw_run_bootstrap_options o = ropelaw_run_bootstrap_options_default;
    options.n_eps = 1;
    options.eps[0] = .5;
    o.resample = resample;
    o.n_draws = BOOTSTRAP_DRAWS;
    n_used = (n_curves + 4) / 5;
    for (size_t k = 0; k < n_used; k++) {
        ropelaw_run_bootstrap b;
        if (g)
            draw_corpus(g, k, &c);
        else
            draw(&(noise){0, false, 1}, k, &c.c);
        make_run(&c.c, g ? &c : NULL, g ? g->documents : 0, &m);
        o.seed = seed + 200 + k;
        need(ropelaw_run_bootstrap_eval(&m.run, &options, &o, &b, NULL));
        count(&b.break_tok, psi_true(), covered[0]);
        count(&b.onset[0], g ? onset_true(g) : psi_true() + .5 * log(1.5), covered[1]);
    }
    for (size_t t = 0; t < 2; t++)
        for (size_t k = 0; k < METHODS; k++) {
            char text[200], documents[40] = "";
            if (g) snprintf(documents, sizeof documents, ", %zu documents, correlation .7", g->documents);
            snprintf(text, sizeof text, "%s%s, bootstrap of %s: %s", t ? "onset at 50 %" : "break", documents,
                     ropelaw_resample_str(resample), methods[k]);
            report(text, covered[t][k], 1, 0, NAN);
        }
    n_used = 0;
}

static void open_table(const char *path) {
    table = fopen(path, "w");
    if (table)
        fprintf(
            table,
            "# The break under other errors\n\n"
            "Made by `tests/sim/simulate_errors %zu --seed %llu`, ropelaw %s (Philox streams). %zu curves a "
            "row: 12 lengths, "
            "11 octaves,\nbreak in the middle, slopes -0.05 and 1.95 per e-fold, sd .1. Coverage of "
            "nominal 95 %% intervals of "
            "the break by the value at\nthe truth; a gate holds within three simulation errors; the last "
            "number is the median "
            "error of ln break. Rows\nwithout a gate "
            "show what a method is not for, or for what it is offered; bootstraps: every fifth curve, "
            "199 draws.\n\n"
            "| errors: method | accepted | coverage | median error | |\n|---|---|---|---|---|\n",
            n_curves, (unsigned long long)seed, ropelaw_version(), n_curves);
}

int main(int argc, char **argv) {
    const char *path = NULL;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--table") && i + 1 < argc)
            path = argv[++i];
        else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 10);
        else
            n_curves = (size_t)strtoul(argv[i], NULL, 10);
    }
    if (n_curves < 10) {
        fputs("usage: simulate_errors [CURVES] [--seed S] [--table FILE]\n", stderr);
        return 2;
    }
    if (path) open_table(path);
    static const double good[] = {.93, .97}, valid[] = {.92, 1};
#define NONE {1, 0}
#define GATE(g)                                                                                              \
    { g[0], g[1] }
    noise_rows("normal", &(noise){0, false, 1},
               (const double[4][2]){GATE(good), GATE(good), GATE(valid), NONE});
    noise_rows("5 % of points ten deviations off", &(noise){.05, false, 1},
               (const double[4][2]){NONE, NONE, GATE(valid), NONE});
    noise_rows("one point ten deviations off", &(noise){0, true, 1},
               (const double[4][2]){NONE, NONE, GATE(valid), NONE});
    noise_rows("five times the noise after the break", &(noise){0, false, 5},
               (const double[4][2]){NONE, NONE, NONE, GATE(good)});
    four_points();
    given_width(1, .935, .965);
    given_width(.5, 1, 0);
    given_width(2, 1, 0);
    static const size_t sizes[] = {3, 5, 10, 30, 100};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t n = sizes[i];
        document_rows("independent errors", &(corpus){n, 0, 0, 1}, .92);
        document_rows("correlation .7, noise grows 5 times", &(corpus){n, 0, .7, 5}, .92);
        document_rows("each breaks at a length of its own (sd .15)", &(corpus){n, .15, .7, 1}, .92);
    }
    onset_row("independent errors", &(corpus){10, 0, 0, 1}, .92);
    onset_row("correlation .7, noise grows 5 times", &(corpus){10, 0, .7, 5}, .92);
    onset_row("each breaks at a length of its own (sd .15)", &(corpus){10, .15, .7, 1}, .92);
    for (int r = ROPELAW_RESAMPLE_RESIDUALS; r <= ROPELAW_RESAMPLE_CASES; r++)
        bootstrap_rows((ropelaw_resample)r, NULL);
    bootstrap_rows(ROPELAW_RESAMPLE_DOCUMENTS, &(corpus){10, 0, .7, 1});
    printf("1..%zu\n", number);
    if (table) fclose(table);
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
