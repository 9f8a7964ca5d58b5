/* Simulation gates: coverage, size, power and bias of the curve statistics on curves whose truth is known.

   usage: simulate [CURVES] [--seed S] [--table FILE]
   Every curve is a Philox stream of one seed, so that a table can be made again. A gate is an interval for the true
   rate (or a bound for a bias); with fewer curves it is widened by three standard errors of the simulation. Coverage
   is judged by the p value or the profile at the truth, which costs a thousandth of the whole interval. Prints TAP. */
#include "num/quantile.h"
#include "stats/break_test.h"
#include "stats/exact.h"
#include "stats/soft_solver.h"
#include <ropelaw/number.h>
#include <ropelaw/random.h>
#include <ropelaw/version.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 40 };
static const double octaves = 11, slope_before = -.05;

static size_t n_curves = 2000, number, failures;
static uint64_t seed = 20231005;
static FILE *table;

static void need(ropelaw_status status) {
    if (!status) return;
    fprintf(stderr, "simulate: %s\n", ropelaw_status_str(status));
    exit(4);
}

static void report(const char *gate, double value, double lo, double hi, double se) {
    char v[ROPELAW_NUMBER_SIZE], l[ROPELAW_NUMBER_SIZE], h[ROPELAW_NUMBER_SIZE], e[ROPELAW_NUMBER_SIZE];
    ropelaw_number_str(value, 4, v);
    ropelaw_number_str(lo, 4, l);
    ropelaw_number_str(hi, 4, h);
    ropelaw_number_str(se, 2, e);
    int good = value >= lo - 3 * se && value <= hi + 3 * se;
    failures += !good;
    printf("%s %zu - %s: %s (gate %s to %s, simulation error %s)\n", good ? "ok" : "not ok", ++number, gate,
           v, l, h, e);
    fflush(stdout);
    if (table)
        fprintf(table, "| %s | %s to %s | %s | %s | %s |\n", gate, l, h, v, e, good ? "holds" : "FAILS");
}

typedef struct {
    size_t n;
    double psi, d, w, sigma; /* w 0: hinge */
} design;

typedef struct {
    double x[MOST], y[MOST];
    stats_data data;
} curve;

static double step_of(size_t n) {
    return octaves * log(2) / (double)(n - 1);
}

/* Break in the middle of the range, and with two points behind it. */
static double psi_mid(size_t n) {
    (void)n;
    return .5 * octaves * log(2);
}

static double psi_end2(size_t n) {
    return octaves * log(2) - 1.5 * step_of(n);
}

static double truth_at(const design *g, double x) {
    double t = x - g->psi;
    double bend = g->w > 0 ? g->d * g->w * (t > 0 ? t / g->w + log1p(exp(-t / g->w)) : log1p(exp(t / g->w)))
                           : g->d * fmax(t, 0);
    return 2 + slope_before * t + bend;
}

static void draw(const design *g, size_t k, curve *c) {
    ropelaw_random random;
    ropelaw_random_init(&random, seed, k);
    for (size_t i = 0; i < g->n; i++) {
        c->x[i] = step_of(g->n) * (double)i;
        c->y[i] = truth_at(g, c->x[i]) + g->sigma * ropelaw_random_normal(&random);
    }
    c->data = (stats_data){.n = g->n, .x = c->x, .y = c->y};
}

static double rate_error(double p) {
    return sqrt(p * (1 - p) / (double)n_curves);
}

static double residual_squares(const curve *c, double psi0) {
    double basis[3 * MOST], v[MOST];
    size_t n = c->data.n;
    for (size_t i = 0; i < n; i++) {
        basis[i] = 1;
        basis[n + i] = c->x[i];
        basis[2 * n + i] = fmax(c->x[i] - psi0, 0);
        v[i] = c->y[i];
    }
    size_t rank = stats_orthonormalise(n, 3, basis);
    return stats_project_out(n, rank, basis, v);
}

/* Coverage of the exact interval and of the profile-F interval, bias of the break. */
static void hinge_gates(const char *name, const design *g, bool profile_gate, double most_bias) {
    size_t exact = 0, profile = 0;
    double sum = 0, squares = 0, cut = 1 + num_f_quantile(.95, 1, (double)g->n - 4) / ((double)g->n - 4);
    for (size_t k = 0; k < n_curves; k++) {
        curve c;
        draw(g, k, &c);
        stats_exact *e = NULL;
        need(stats_exact_create(&c.data, &(stats_exact_model){false, 0}, 199, seed + 1 + k, &e, NULL));
        exact += stats_exact_p(e, g->psi) > .05 + 1e-12;
        stats_exact_destroy(e);
        stats_hinge_plan *plan = NULL;
        double scratch[4 * MOST];
        need(stats_hinge_create(&c.data, false, &plan, NULL));
        double rss = stats_hinge_rss(plan, c.y, scratch),
               off = stats_hinge_break(plan, c.y, scratch) - g->psi;
        stats_hinge_destroy(plan);
        profile += residual_squares(&c, g->psi) <= cut * rss;
        sum += off;
        squares += off * off;
    }
    char text[160];
    double n = (double)n_curves, bias = sum / n, se = sqrt(squares / n - bias * bias) / sqrt(n);
    snprintf(text, sizeof text, "exact interval of the break, %s: coverage", name);
    report(text, (double)exact / n, .935, .965, rate_error(.95));
    if (profile_gate) {
        snprintf(text, sizeof text, "profile-F of the break, %s: coverage", name);
        report(text, (double)profile / n, .93, .97, rate_error(.95));
    }
    if (most_bias > 0) {
        snprintf(text, sizeof text, "bias of the break, %s", name);
        report(text, bias, -most_bias, most_bias, se);
    }
}

/* Coverage and bias of the onset at 50 % excess. */
static void soft_gates(const design *g, size_t every) {
    size_t covered = 0, n_used = 0;
    double sum = 0, squares = 0,
           cut = 1 + num_f_quantile(.95, 1, (double)g->n - SOFT_P) / ((double)g->n - SOFT_P);
    double c = log(1.5), t = g->w > 0 ? c / (g->d * g->w) : 0;
    double onset = g->psi + (g->w > 0 ? g->w * log(expm1(t)) : c / g->d);
    for (size_t k = 0; k < n_curves; k += every, n_used++) {
        curve v;
        draw(g, k, &v);
        stats_soft_solver *solver = NULL;
        stats_soft fit;
        stats_onset question = {.reference = STATS_REF_LINE, .excess = c, .first = v.x[0]};
        stats_target target = {STATS_HOLD_ONSET, &question};
        need(stats_soft_solver_create(&v.data, &solver, NULL));
        need(stats_soft_solver_fit(solver, v.y, &fit));
        double theta[SOFT_P], off = stats_target_value(&target, fit.theta, NULL) - onset;
        memcpy(theta, fit.theta, sizeof theta);
        covered += stats_soft_solver_profile(solver, &target, onset, theta) <= cut * fit.rss;
        stats_soft_solver_destroy(solver);
        sum += off;
        squares += off * off;
    }
    char text[160], w[ROPELAW_NUMBER_SIZE], s[ROPELAW_NUMBER_SIZE];
    ropelaw_number_str(g->w, 3, w);
    ropelaw_number_str(g->sigma, 3, s);
    double n = (double)n_used, bias = sum / n;
    snprintf(text, sizeof text, "onset at 50 %%, n 12, width %s, sd %s: coverage", w, s);
    report(text, (double)covered / n, .925, .99, sqrt(.95 * .05 / n));
    snprintf(text, sizeof text, "onset at 50 %%, n 12, width %s, sd %s: bias", w, s);
    double most = g->sigma < .05 ? .05 : .07;
    report(text, bias, -most, most, sqrt(fmax(squares / n - bias * bias, 0) / n));
}

/* Size and power of the test of a break: one critical value for the x, then counting. */
static void sup_f_gate(const char *name, const design *g, double lo, double hi) {
    static double critical;
    static size_t critical_n;
    curve c;
    draw(g, 0, &c);
    if (critical_n != g->n) {
        stats_simulation s = {.n_draws = 99999, .seed = seed + 2, .threads = 1};
        need(stats_sup_f_critical(&c.data, .05, &s, &critical, NULL));
        critical_n = g->n;
    }
    stats_simulation none = {.n_draws = 0, .seed = 1, .threads = 1};
    size_t count = 0;
    for (size_t k = 0; k < n_curves; k++) {
        stats_sup_f test;
        draw(g, k, &c);
        need(stats_sup_f_test(&c.data, &none, &test, NULL));
        count += test.f > critical;
    }
    double rate = (double)count / (double)n_curves;
    report(name, rate, lo, hi, rate_error(fmax(rate, 1 / (double)n_curves)));
}

static void hinge_designs(void) {
    static const size_t sizes[] = {5, 6, 8, 12, 24, 40};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t n = sizes[i];
        char name[80];
        snprintf(name, sizeof name, "n %zu, middle, d 2, sd .1", n);
        hinge_gates(name, &(design){n, psi_mid(n), 2, 0, .1}, n == 8 || n == 12 || n == 24,
                    n == 12 ? .005 : 0);
        snprintf(name, sizeof name, "n %zu, two points behind, d .4, sd .1", n);
        hinge_gates(name, &(design){n, psi_end2(n), .4, 0, .1}, false, 0);
    }
    hinge_gates("n 12, middle, d 2, sd .02", &(design){12, psi_mid(12), 2, 0, .02}, false, .005);
    hinge_gates("n 12, two points behind, d 2, sd .02", &(design){12, psi_end2(12), 2, 0, .02}, false, .015);
    hinge_gates("n 12, two points behind, d 2, sd .1", &(design){12, psi_end2(12), 2, 0, .1}, false, .015);
}

static void power_designs(void) {
    static const struct {
        const char *name;
        double d, power;
        int behind;
    } rows[] = {
        {"test of a break, n 12: size",    0,  .05, 0},
        {"power, middle, d .1",            .1, .32, 0},
        {"power, middle, d .2",            .2, .84, 0},
        {"power, middle, d .5",            .5, 1,   0},
        {"power, two points behind, d .1", .1, .09, 2},
        {"power, two points behind, d .2", .2, .20, 2},
        {"power, two points behind, d .5", .5, .84, 2},
        {"power, one point behind, d .5",  .5, .14, 1},
        {"power, one point behind, d 1",   1,  .49, 1}
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double last = octaves * log(2), step = step_of(12);
        double psi = rows[i].behind == 2 ? last - 1.5 * step : rows[i].behind ? last - .5 * step : .5 * last;
        double room = i ? .03 : .01;
        sup_f_gate(rows[i].name, &(design){12, psi, rows[i].d, 0, .1}, rows[i].power - room,
                   rows[i].power + room);
    }
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--table") && i + 1 < argc)
            table = fopen(argv[++i], "w");
        else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 10);
        else
            n_curves = (size_t)strtoul(argv[i], NULL, 10);
    }
    if (n_curves < 10) {
        fputs("usage: simulate [CURVES] [--seed S] [--table FILE]\n", stderr);
        return 2;
    }
    if (table)
        fprintf(
            table,
            "# Simulation gates of the curve statistics\n\n"
            "Made by `tests/sim/simulate %zu --seed %llu`, ropelaw %s (Philox streams). %zu curves a row; "
            "rows of onsets "
            "take every fourth.\nCurves: %d octaves, slope before the break -0.05 per e-fold, normal "
            "noise. A gate "
            "holds if the value lies in it\nwithin three simulation errors.\n\n"
            "| gate | accepted | measured | simulation error | |\n|---|---|---|---|---|\n",
            n_curves, (unsigned long long)seed, ropelaw_version(), n_curves, (int)octaves);
    hinge_designs();
    power_designs();
    for (int i = 0; i < 8; i++) {
        static const double widths[] = {0, .1, .3, .6};
        soft_gates(&(design){12, psi_mid(12), 2, widths[i / 2], i % 2 ? .1 : .02}, 4);
    }
    printf("1..%zu\n", number);
    if (table) fclose(table);
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
