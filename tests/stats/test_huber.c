/* Tests: huber.c hinge_profile.c soft_error.c */
#include "test.h"
#include "gsl_handler.h"
#include "num/quantile.h"
#include "stats/family.h"
#include "stats/hinge_profile.h"
#include "stats/huber.h"
#include "stats/soft_solver.h"
#include <ropelaw/random.h>
#include <string.h>

enum { N = 14 };

typedef struct {
    double x[N], y[N], weight[N];
    stats_data data;
} curve;

static void make(curve *c, double sigma, uint64_t seed) {
    ropelaw_random random;
    ropelaw_random_init(&random, 17, seed);
    for (int i = 0; i < N; i++) {
        c->x[i] = i;
        c->y[i] = 2 - .05 * i + 1.4 * fmax(0, i - 6.4) + sigma * ropelaw_random_normal(&random);
        c->weight[i] = 1 + i % 3;
    }
    c->data = (stats_data){.n = N, .x = c->x, .y = c->y};
}

static stats_huber_hinge fit_of(const curve *c) {
    stats_huber_hinge fit;
    ropelaw_error error = {0};
    test_assert_ok(stats_huber_hinge_fit(&c->data, &fit, &error), error);
    return fit;
}

START_TEST(the_loss) {
    ck_assert(stats_huber_square(.5, 1) == .25 && stats_huber_square(-3, 1) == 5);
    for (double r = -3; r < 3; r += .37) { /* half its derivative is the clipped residual */
        double h = 1e-6, slope = (stats_huber_square(r + h, 1) - stats_huber_square(r - h, 1)) / (2 * h);
        test_assert_abs(.5 * slope, stats_huber_clip(r, 1), 1e-8);
    }
}
END_TEST

/* With the break held the answer is optimal: clipped residuals are orthogonal to every column. And no break of a fine
   scan is better than the one found. */
START_TEST(optimality) {
    for (uint64_t seed = 0; seed < 6; seed++) {
        curve c;
        make(&c, .1, seed);
        c.y[3 + seed] += seed % 2 ? 2 : -1.5;
        if (seed > 3) c.data.weight = c.weight;
        stats_huber_hinge f = fit_of(&c);
        double limit = stats_huber_k * f.scale, memory[6 * N], sum[3] = {0, 0, 0}, total = 0, most = 0;
        for (int i = 0; i < N; i++) {
            double d = c.x[i] - f.hinge.psi, unit = c.data.weight ? sqrt(c.weight[i]) : 1;
            double r =
                unit * (c.y[i] - f.hinge.alpha - (d > 0 ? f.hinge.slope_right : f.hinge.slope_left) * d);
            double column[] = {unit, unit * d, unit * fmax(d, 0)};
            for (int k = 0; k < 3; k++) sum[k] += column[k] * stats_huber_clip(r, limit);
            total += stats_huber_square(r, limit);
            most = fmax(most, fabs(r));
        }
        ck_assert(most > limit); /* something is clipped */
        for (int k = 0; k < 3; k++) test_assert_abs(sum[k], 0, 1e-6 * limit * N * N);
        test_assert_rel(total, f.hinge.rss, 1e-8);
        for (double psi = 1; psi <= N - 2; psi += .01)
            ck_assert(stats_huber_held(&c.data, limit, psi, memory) >= f.hinge.rss * (1 - 1e-9));
    }
}
END_TEST

/* Without outliers and with a wide limit the robust fit is the ordinary one. */
START_TEST(least_squares_is_a_limit) {
    curve c;
    make(&c, .1, 9);
    double memory[6 * N];
    for (double psi = 1.3; psi < 12; psi += 1.7)
        test_assert_rel(stats_huber_held(&c.data, 1e3, psi, memory),
                        stats_hinge_held(&c.data, false, psi, memory), 1e-10);
    double residual[N], spread;
    for (int i = 0; i < N; i++) residual[i] = sin(2.0 * i);
    double squares = 0;
    for (int i = 0; i < N; i++) squares += residual[i] * residual[i];
    test_assert_rel(stats_huber_unit(residual, N, 4, 10, &spread), squares / (N - 4), 1e-14);
    test_assert_rel(spread, squares / (N - 4), 1e-14);
}
END_TEST

/* A wild point moves the least-squares break far and Huber's hardly; the scale does not see it. */
START_TEST(one_wild_point) {
    curve c;
    make(&c, .05, 3);
    stats_huber_hinge clean = fit_of(&c);
    c.y[8] += 3;
    stats_huber_hinge wild = fit_of(&c);
    stats_hinge_plan *plan = NULL;
    ropelaw_error error = {0};
    double scratch[6 * N];
    test_assert_ok(stats_hinge_create(&c.data, false, &plan, &error), error);
    double squares = stats_hinge_break(plan, c.y, scratch);
    stats_hinge_destroy(plan);
    ck_assert_msg(fabs(squares - 6.4) > .3 && fabs(wild.hinge.psi - 6.4) < .15, "%g %g", squares,
                  wild.hinge.psi);
    ck_assert(wild.scale < 2.5 * clean.scale && wild.scale > .4 * clean.scale);
    /* where it is put beyond the limit does not matter for the break */
    c.y[8] += 50;
    test_assert_abs(fit_of(&c).hinge.psi, wild.hinge.psi, .01);
}
END_TEST

/* The median of what four zero residuals leave, over .6745, is about the deviation: 10 residuals on average. */
START_TEST(the_scale_is_a_deviation) {
    enum { CURVES = 200 };
    double sum = 0;
    for (uint64_t k = 0; k < CURVES; k++) {
        curve c;
        make(&c, .1, 100 + k);
        sum += fit_of(&c).scale / CURVES;
    }
    ck_assert_msg(sum > .085 && sum < .125, "%g", sum);
}
END_TEST

START_TEST(perfect_curves_have_no_scale) {
    curve c;
    make(&c, 0, 1);
    stats_huber_hinge f = fit_of(&c);
    ck_assert_double_eq(f.scale, 0);
    test_assert_abs(f.hinge.psi, 6.4, 1e-9);
}
END_TEST

/* SOFT under Huber's loss: stationary, and on clean wide-limit data the ordinary fit. */
START_TEST(soft_under_the_loss) {
    gsl_handler_install();
    curve c;
    make(&c, .05, 4);
    c.y[9] += 1;
    c.data.huber = .07;
    stats_soft_solver *solver = NULL;
    ropelaw_error error = {0};
    stats_soft fit;
    test_assert_ok(stats_soft_solver_create(&c.data, &solver, &error), error);
    ck_assert(!stats_soft_solver_fit(solver, c.y, &fit));
    double r[N], g[SOFT_P], sum[SOFT_P] = {0}, size[SOFT_P] = {0}, total = 0;
    stats_soft_residuals(&c.data, fit.theta, r);
    for (int i = 0; i < N; i++) {
        stats_soft_eval(fit.theta, c.x[i], g);
        total += stats_huber_square(r[i], .07);
        for (int k = 0; k < SOFT_P; k++) {
            sum[k] += g[k] * stats_huber_clip(r[i], .07);
            size[k] += fabs(g[k]) * .07;
        }
    }
    test_assert_rel(total, fit.rss, 1e-9);
    for (int k = 0; k < SOFT_P; k++)
        if (!(fit.at_bound >> k & 1)) test_assert_abs(sum[k], 0, 1e-5 * size[k]);
    test_assert_abs(fit.theta[SOFT_PSI], 6.4, .2);
    stats_soft_solver_destroy(solver);
    gsl_handler_check();
}
END_TEST

/* Influences against finite differences of the fits themselves. */
START_TEST(influences_are_derivatives) {
    curve c;
    make(&c, .05, 6);
    c.data.weight = c.weight;
    stats_hinge_plan *plan = NULL;
    stats_soft_solver *solver = NULL;
    ropelaw_error error = {0};
    double scratch[6 * N], influence[N], soft_influence[N], step = 1e-4;
    stats_hinge h;
    stats_soft fit, up, down;
    stats_onset onset = {.reference = STATS_REF_LINE, .excess = log(1.5), .first = c.x[0]};
    stats_target target = {STATS_HOLD_ONSET, &onset};
    test_assert_ok(stats_hinge_create(&c.data, false, &plan, &error), error);
    test_assert_ok(stats_soft_solver_create(&c.data, &solver, &error), error);
    stats_hinge_solve(plan, c.y, scratch, &h);
    ck_assert(isfinite(stats_hinge_influence(&c.data, false, &h, scratch, influence)));
    ck_assert(!stats_soft_solver_fit(solver, c.y, &fit));
    double variance = stats_soft_variance(&c.data, &fit, &target, soft_influence), squares = 0, sum = 0;
    for (int i = 0; i < N; i++) {
        squares += soft_influence[i] * soft_influence[i] / c.weight[i];
        sum += influence[i];
    }
    test_assert_rel(variance, squares, 1e-9); /* var of sum c_i y_i with var y_i = 1/weight */
    test_assert_abs(sum, 0, 1e-9);            /* a shift of all points moves no length */
    for (int i = 0; i < N; i++) {
        double y[N], there, back;
        memcpy(y, c.y, sizeof y);
        y[i] += step;
        there = stats_hinge_break(plan, y, scratch);
        ck_assert(!stats_soft_solver_fit(solver, y, &up));
        y[i] -= 2 * step;
        back = stats_hinge_break(plan, y, scratch);
        ck_assert(!stats_soft_solver_fit(solver, y, &down));
        /* hinges: exact up to the curvature, step^2. SOFT: Gauss-Newton neglects residual times curvature */
        test_assert_abs((there - back) / (2 * step), influence[i], .02);
        double slope =
            (stats_target_value(&target, up.theta, NULL) - stats_target_value(&target, down.theta, NULL)) /
            (2 * step);
        if (!fit.at_bound) test_assert_abs(slope, soft_influence[i], .15);
    }
    stats_hinge_destroy(plan);
    stats_soft_solver_destroy(solver);
}
END_TEST

static double parabola(double psi, void *context) {
    (void)context;
    return (psi - 6) * (psi - 6);
}

START_TEST(hulls) {
    curve c;
    make(&c, 0, 1);
    stats_hull k = stats_hinge_hull(&c.data, parabola, NULL, 6, 4);
    test_assert_abs(k.lo, 4, 1e-10);
    test_assert_abs(k.hi, 8, 1e-10);
    k = stats_hinge_hull(&c.data, parabola, NULL, 6, 40);
    ck_assert(k.lo == -INFINITY);
    test_assert_abs(k.hi, 6 + sqrt(40), 1e-10);
}
END_TEST

START_TEST(no_memory) {
    curve c;
    make(&c, .1, 1);
    stats_huber_hinge fit;
    ropelaw_error error = {0};
    for (long n = 1; n <= 12; n++) {
        core_fail_allocations_from(n);
        ropelaw_status status = stats_huber_hinge_fit(&c.data, &fit, &error);
        core_fail_allocations_from(0);
        ck_assert_int_eq(status, ROPELAW_NOMEM);
    }
    c.data.n = 3;
    test_assert_fails(stats_huber_hinge_fit(&c.data, &fit, &error), ROPELAW_SHAPE, error, "eval_len_tok");
}
END_TEST

int main(void) {
    Suite *s = suite_create("huber");
    const TTest *const tests[] = {the_loss,
                                  optimality,
                                  least_squares_is_a_limit,
                                  one_wild_point,
                                  the_scale_is_a_deviation,
                                  perfect_curves_have_no_scale,
                                  soft_under_the_loss,
                                  influences_are_derivatives,
                                  hulls,
                                  no_memory,
                                  NULL};
    test_add(s, "huber", tests);
    return test_run(s);
}
