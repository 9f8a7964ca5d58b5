/* Whether a law is exact: the likelihood ratio against tau at its floor, from breaks that are known up to an error, where the
   likelihood has a closed form. */
#include "test.h"
#include "core/core.h"
#include <ropelaw/law_fit.h>
#include <ropelaw/random.h>

enum { N = 9 };

/* The largest log likelihood of psi_i ~ N(a + s u_i, tau^2 + se_i^2) over a and s: weighted least squares. */
static double profile(const double *u, const double *z, const double *se, double tau) {
    double w = 0, wu = 0, wz = 0, wuu = 0, wuz = 0, l = 0;
    for (int i = 0; i < N; i++) {
        double v = 1 / (tau * tau + se[i] * se[i]);
        w += v, wu += v * u[i], wz += v * z[i];
        wuu += v * u[i] * u[i], wuz += v * u[i] * z[i];
    }
    double s = (wuz - wu * wz / w) / (wuu - wu * wu / w), a = (wz - s * wu) / w;
    for (int i = 0; i < N; i++) {
        double v = tau * tau + se[i] * se[i], r = z[i] - a - s * u[i];
        l -= (log(v) + r * r / v) / 2;
    }
    return l;
}

static void compare(double tau, uint64_t seed) {
    ropelaw_random r;
    ropelaw_random_init(&r, 31, seed);
    double u[N], z[N], se[N], best = -INFINITY;
    ropelaw_law_bound bounds[N];
    for (int i = 0; i < N; i++) {
        u[i] = log(1e5) + .6 * i;
        se[i] = .02 + .01 * (i % 3);
        z[i] = log(2 * M_PI) + .72 * u[i] + hypot(tau, se[i]) * ropelaw_random_normal(&r);
        bounds[i] = (ropelaw_law_bound){exp(u[i]), NAN, exp(z[i]), exp(z[i]), se[i]};
    }
    for (int k = 0; k <= 20000; k++) best = fmax(best, profile(u, z, se, .005 * pow(400, k / 20000.)));
    double ratio = 2 * (best - profile(u, z, se, .005));
    ropelaw_law *law = NULL;
    ropelaw_error error = {0};
    ropelaw_law_facts facts = {NULL, 128, 1e4, 4096};
    test_assert_ok(ropelaw_law_fit_bounds(bounds, N, &facts, NULL, &law, &error), error);
    const ropelaw_law_model *m = &law->models[0];
    test_assert_abs(m->scatter_lr, ratio, 1e-5); /* the grid's step costs (1e-4)^2 of the curvature */
    if (ratio > 1e-6) /* half of chi-square's tail with one degree of freedom is the normal's */
        test_assert_abs(m->p_exact, erfc(sqrt(m->scatter_lr / 2)) / 2, 1e-9);
    else
        ck_assert(m->p_exact > .49);
    ropelaw_law_destroy(&law);
}

START_TEST(as_computed_directly) {
    for (uint64_t seed = 0; seed < 12; seed++) compare(seed % 3 == 0 ? 0 : .05 * (double)(seed % 3), seed);
}
END_TEST

/* Where no free line is fitted the line with c = 1 is tested; without degrees of freedom nothing is. */
START_TEST(where_there_is_none) {
    ropelaw_law_bound bounds[] = {
        {1e5, NAN, 2.0e4, 2.0e4, .02},
        {1e5, NAN, 2.6e4, 2.6e4, .02},
        {1e6, NAN, 1e5,   1e5,   .02}
    };
    ropelaw_law *law = NULL;
    ropelaw_error error = {0};
    ropelaw_law_facts facts = {NULL, 128, 1e4, 4096};
    test_assert_ok(ropelaw_law_fit_bounds(bounds, 2, &facts, NULL, &law, &error), error);
    ck_assert(isnan(law->models[0].free.slope) && law->models[0].scatter_lr > 1 &&
              law->models[0].p_exact < .05);
    ropelaw_law_destroy(&law);
    test_assert_ok(ropelaw_law_fit_bounds(bounds + 1, 2, &facts, NULL, &law, &error), error);
    ck_assert(!isnan(law->models[0].free.slope) && isnan(law->models[0].p_exact));
    ropelaw_law_destroy(&law);
}
END_TEST

int main(void) {
    Suite *s = suite_create("law scatter");
    const TTest *const tests[] = {as_computed_directly, where_there_is_none, NULL};
    test_add(s, "law scatter", tests);
    return test_run(s);
}
