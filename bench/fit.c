/* Fits of one curve of twelve lengths: exact hinge, SOFT, exact interval, ten thousand hinge bootstraps. Goals are
   seconds on one core. Beside them, where they are installed, scipy's curve_fit (fit_scipy.py) and R's segmented
   (fit_segmented.R), each in a process of its own, on the same data to the same optimum. */
#include "harness.h"
#include "num/nls.h"
#include "stats/exact.h"
#include "stats/soft_solver.h"
#include <ropelaw/random.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 12, BOOTSTRAPS = 10000 };

typedef struct {
    double x[N], y[N], fitted[N], residual[N], scratch[4 * N], sink;
    stats_data data;
    stats_hinge_plan *plan;
    stats_soft_solver *solver;
} state;

static void hinge(void *context) {
    state *s = context;
    stats_hinge h;
    stats_hinge_solve(s->plan, s->y, s->scratch, &h);
    s->sink += h.psi;
}

/* With the plan made anew, as one fit of one curve costs. */
static void hinge_alone(void *context) {
    state *s = context;
    stats_hinge_plan *plan = NULL;
    stats_hinge h;
    if (stats_hinge_create(&s->data, false, &plan, NULL)) abort();
    stats_hinge_solve(plan, s->y, s->scratch, &h);
    stats_hinge_destroy(plan);
    s->sink += h.psi;
}

static void soft(void *context) {
    state *s = context;
    stats_soft fit;
    if (stats_soft_solver_fit(s->solver, s->y, &fit)) abort();
    s->sink += fit.rss;
}

static void interval(void *context) {
    state *s = context;
    stats_exact *exact = NULL;
    stats_exact_interval k;
    if (stats_exact_create(&s->data, &(stats_exact_model){false, 0}, 999, 1, &exact, NULL)) abort();
    stats_exact_interval_find(exact, .95, &k);
    stats_exact_destroy(exact);
    s->sink += k.lo;
}

static void bootstraps(void *context) {
    state *s = context;
    double y[N];
    for (uint64_t b = 0; b < BOOTSTRAPS; b++) {
        ropelaw_random random;
        ropelaw_random_init(&random, 7, b);
        for (size_t i = 0; i < N; i++) y[i] = s->fitted[i] + s->residual[ropelaw_random_below(&random, N)];
        s->sink += stats_hinge_break(s->plan, y, s->scratch);
    }
}

static void make(state *s) {
    ropelaw_random random;
    ropelaw_random_init(&random, 3, 0);
    for (size_t i = 0; i < N; i++) {
        s->x[i] = log(256) + (double)i * log(2);
        s->y[i] = 2 - .05 * s->x[i] + 2 * fmax(0, s->x[i] - 9.6) + .05 * ropelaw_random_normal(&random);
    }
    s->data = (stats_data){.n = N, .x = s->x, .y = s->y};
    if (stats_hinge_create(&s->data, false, &s->plan, NULL) ||
        stats_soft_solver_create(&s->data, &s->solver, NULL))
        abort();
    stats_hinge h;
    stats_hinge_solve(s->plan, s->y, s->scratch, &h);
    for (size_t i = 0; i < N; i++) {
        double d = s->x[i] - h.psi;
        s->fitted[i] = h.alpha + (d > 0 ? h.slope_right : h.slope_left) * d;
        s->residual[i] = s->y[i] - s->fitted[i];
    }
    if (fabs(h.psi - 9.6) > .2) exit(1); /* a wrong fit is not timed */
}

/* ---- The same problems as other programs */

enum { LOGISTIC_N = 24, LOGISTIC_P = 4 };

typedef struct {
    double x[LOGISTIC_N], y[LOGISTIC_N], rss, xtol;
    size_t iterations;
    num_nls_work *work;
} logistic;

/* lo + rise / (1 + exp(-(x - middle) / width)) */
static void logistic_residual(void *context, const double *t, double *r) {
    const logistic *l = context;
    for (int i = 0; i < LOGISTIC_N; i++) r[i] = t[0] + t[1] / (1 + exp(-(l->x[i] - t[2]) / t[3])) - l->y[i];
}

static void logistic_jacobian(void *context, const double *t, double *j) {
    const logistic *l = context;
    for (int i = 0; i < LOGISTIC_N; i++, j += LOGISTIC_P) {
        double u = (l->x[i] - t[2]) / t[3], s = 1 / (1 + exp(-u)), by_u = t[1] * s * (1 - s);
        j[0] = 1, j[1] = s, j[2] = -by_u / t[3], j[3] = -by_u * u / t[3];
    }
}

static void fit_logistic(void *context) {
    logistic *l = context;
    double theta[LOGISTIC_P] = {.5, 4, 5, 1};
    num_nls_problem problem = {.n = LOGISTIC_N,
                               .p = LOGISTIC_P,
                               .residual = logistic_residual,
                               .jacobian = logistic_jacobian,
                               .context = l};
    num_nls_report report;
    num_nls_options options = num_nls_options_default;
    options.xtol = l->xtol;
    if (num_nls_fit(l->work, &problem, &options, theta, &report, NULL) || !report.converged) abort();
    l->rss = report.rss;
    l->iterations = report.iterations;
}

/* Runs another program; its time [s], NAN where it is not installed. Its rss must not be below ours, nor far above. */
static double rival(bench *b, const char *name, const char *command, double rss) {
    char version[64] = "", note[160];
    double us = NAN, theirs = NAN;
    FILE *child = popen(command, "r");
    bool ran = child && fscanf(child, "%lf %63s %lf", &us, version, &theirs) == 3;
    if (child) pclose(child);
    if (!ran) {
        snprintf(note, sizeof note, "%s: not installed, or not run from the root of the repository", name);
        bench_note(b, note);
        return NAN;
    }
    snprintf(note, sizeof note, "%s %s, in a process of its own", name, version);
    bench_note(b, note);
    bench_figure(b, name, us, "us");
    bench_figure(b, "its rss over ours, minus one", theirs / rss - 1, "");
    if (!(rss <= theirs * (1 + 1e-9))) bench_wrong(b, "ours has the larger rss", rss / theirs - 1, 1e-9);
    return us / 1e6;
}

static void against_scipy(bench *b) {
    static logistic l;
    for (int i = 0; i < LOGISTIC_N; i++) {
        l.x[i] = i / 2.0;
        l.y[i] = 1 + 3 / (1 + exp(-(l.x[i] - 6) / .8)) + .05 * sin(5.0 * i);
    }
    if (!(l.work = num_nls_create(LOGISTIC_N, LOGISTIC_P))) abort();
    logistic same = l;
    l.xtol = num_nls_options_default.xtol, same.xtol = 1e-8;
    bench_side sides[] = {
        {.name = "GSL, steps to 1e-12 (default)", .run = fit_logistic, .context = &l   },
        {.name = "GSL, steps to 1e-8 as scipy",   .run = fit_logistic, .context = &same}
    };
    bench_measure(b, "4 parameters, 24 points", sides, 2);
    bench_figure(b, "iterations to 1e-12", (double)l.iterations, "");
    bench_figure(b, "iterations to 1e-8", (double)same.iterations, "");
    double scipy =
        rival(b, "scipy curve_fit", "/usr/bin/python3 bench/fit_scipy.py logistic 2>/dev/null", l.rss);
    if (!isnan(scipy))
        bench_figure(b, "times faster than scipy, steps to 1e-12", scipy / sides[0].seconds, "x");
    if (!isnan(scipy)) bench_goal(b, "times faster than scipy", scipy / sides[1].seconds, 12);
    num_nls_destroy(l.work);
}

/* The fixed curve of the scripts. */
static void remake(state *s, bool bent) {
    stats_hinge_destroy(s->plan);
    stats_soft_solver_destroy(s->solver);
    s->plan = NULL, s->solver = NULL;
    for (int i = 0; i < N; i++) {
        s->x[i] = log(256) + i * log(2);
        double d = s->x[i] - 9.6, rise = bent ? log1p(exp(d / .5)) / 2 : fmax(0, d);
        s->y[i] = 2 - .05 * s->x[i] + 2 * rise + .05 * sin(5.0 * i);
    }
    if (stats_hinge_create(&s->data, false, &s->plan, NULL) ||
        stats_soft_solver_create(&s->data, &s->solver, NULL))
        abort();
}

static void against_curves(bench *b, state *s) {
    stats_hinge h;
    stats_soft f;
    remake(s, false);
    stats_hinge_solve(s->plan, s->y, s->scratch, &h);
    bench_side broken = {.name = "ropelaw, exact", .run = hinge_alone, .context = s};
    bench_measure(b, "broken line, 12 points", &broken, 1);
    double r = rival(b, "R segmented", "Rscript bench/fit_segmented.R 2>/dev/null", h.rss);
    if (!isnan(r)) bench_figure(b, "times faster than segmented", r / broken.seconds, "x");
    remake(s, true);
    if (stats_soft_solver_fit(s->solver, s->y, &f)) abort();
    bench_side bend = {.name = "ropelaw, global", .run = soft, .context = s};
    bench_measure(b, "SOFT, 5 parameters, 12 points", &bend, 1);
    double scipy = rival(b, "scipy curve_fit", "/usr/bin/python3 bench/fit_scipy.py soft 2>/dev/null", f.rss);
    if (!isnan(scipy))
        bench_figure(b, "times faster than scipy from a good start", scipy / bend.seconds, "x");
}

int main(int argc, char **argv) {
    bench *b = bench_start(argc, argv, "fit");
    static state s;
    make(&s);
    static const struct {
        const char *name;
        void (*run)(void *);
        double goal;
    } cases[] = {
        {"hinge, 12 lengths, plan at hand",       hinge,       5e-6  },
        {"hinge, 12 lengths, alone",              hinge_alone, 5e-6  },
        {"SOFT, 12 lengths",                      soft,        150e-6},
        {"exact interval, 12 lengths, 999 draws", interval,    .3    },
        {"10^4 hinge bootstraps, 12 lengths",     bootstraps,  .1    }
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench_side side = {.name = "ropelaw", .run = cases[i].run, .context = &s};
        bench_measure(b, cases[i].name, &side, 1);
        bench_goal(b, "times faster than the goal", cases[i].goal / side.seconds, 1);
        bench_goal(b, "the same, stretch", cases[i].goal / side.seconds, 2);
    }
    against_scipy(b);
    against_curves(b, &s);
    stats_hinge_destroy(s.plan);
    stats_soft_solver_destroy(s.solver);
    return bench_finish(b);
}
