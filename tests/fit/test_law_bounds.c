/* The law from limits and values alone: against Olsen's globally concave likelihood, and what is refused. */
#include "test.h"
#include "core/core.h"
#include "num/log_normal.h"
#include <ropelaw/law_fit.h>
#include <ropelaw/random.h>

/* Newton on the Tobit likelihood in Olsen's parameters (a/tau, s/tau, 1/tau), where it is globally concave. */
static double olsen(const ropelaw_law_bound *b, size_t n, double out[3]) {
    double p[3] = {0, 0, 1}, value = -INFINITY;
    for (int it = 0; it < 200; it++) {
        double g[3] = {0}, h[3][3] = {{0}}, l = 0;
        for (size_t i = 0; i < n; i++) {
            double u = log(b[i].base) - 12, y = log(b[i].lo_tok), z = p[2] * y - p[0] - p[1] * u;
            double x[3] = {-1, -u, y}, d, dd;
            if (isinf(b[i].hi_tok)) { /* ln Phi(-z) */
                double lz = num_log_below(-z), mills = exp(num_log_density(z) - lz);
                l += lz, d = -mills, dd = -mills * (mills - z);
            } else {
                l += log(p[2]) + num_log_density(z), d = -z, dd = -1;
                g[2] += 1 / p[2], h[2][2] -= 1 / (p[2] * p[2]);
            }
            for (int j = 0; j < 3; j++) {
                g[j] += d * x[j];
                for (int k = 0; k < 3; k++) h[j][k] += dd * x[j] * x[k];
            }
        }
        value = l;
        for (int k = 0; k < 3; k++) /* solve h step = -g by elimination */
            for (int j = 0; j < 3; j++) {
                if (j == k) continue;
                double f = h[j][k] / h[k][k];
                for (int c = 0; c < 3; c++) h[j][c] -= f * h[k][c];
                g[j] -= f * g[k];
            }
        double t = 1;
        while (p[2] - t * g[2] / h[2][2] <= 0) t /= 2;
        for (int k = 0; k < 3; k++) p[k] -= t * g[k] / h[k][k];
    }
    out[2] = 1 / p[2], out[1] = p[1] / p[2], out[0] = p[0] / p[2] - 12 * out[1];
    return value;
}

START_TEST(bounds_agree_with_olsens_newton) {
    ropelaw_law_facts facts = {NULL, 128, 1e4, 4096};
    for (uint64_t seed = 0; seed < 10; seed++) {
        ropelaw_law_bound b[14];
        ropelaw_random r;
        ropelaw_random_init(&r, 77, seed);
        for (int i = 0; i < 14; i++) {
            double u = 9.5 + 0.5 * i, z = log(2 * M_PI) + 0.7 * u + 0.2 * ropelaw_random_normal(&r);
            bool censored = z > log(60000);
            double t = censored ? 60000 : exp(z);
            b[i] = (ropelaw_law_bound){exp(u), NAN, t, censored ? INFINITY : t, 0};
        }
        double p[3];
        ropelaw_law *law;
        ropelaw_error e = {0};
        double value = olsen(b, 14, p);
        test_assert_ok(ropelaw_law_fit_bounds(b, 14, &facts, NULL, &law, &e), e);
        const ropelaw_law_line *l = &law->models[0].free;
        test_assert_abs(l->log_likelihood, value, 1e-8);
        test_assert_abs(l->slope, p[1], 2e-5);
        test_assert_abs(l->intercept, p[0], 3e-4);
        test_assert_rel(l->tau, p[2], 1e-4);
        ropelaw_law_destroy(&law);
    }
}
END_TEST

START_TEST(bounds_that_make_no_sense) {
    ropelaw_law_facts facts = {"m", 128, 1e4, 4096};
    ropelaw_law_bound good = {1e5, NAN, 8192, 16384, 0}, b = good;
    ropelaw_law *law = NULL;
    ropelaw_error e = {0};
    b.base = 1;
    test_assert_fails(ropelaw_law_fit_bounds(&b, 1, &facts, NULL, &law, &e), ROPELAW_DOMAIN, e, "base");
    b = good, b.hi_tok = 100;
    test_assert_fails(ropelaw_law_fit_bounds(&b, 1, &facts, NULL, &law, &e), ROPELAW_DOMAIN, e, "hi_tok");
    b = good, b.se = NAN;
    test_assert_fails(ropelaw_law_fit_bounds(&b, 1, &facts, NULL, &law, &e), ROPELAW_DOMAIN, e, "se");
    b = good, b.lo_tok = -1;
    test_assert_fails(ropelaw_law_fit_bounds(&b, 1, &facts, NULL, &law, &e), ROPELAW_DOMAIN, e, "lo_tok");
    facts.rotary_dim = 3;
    test_assert_fails(ropelaw_law_fit_bounds(&good, 1, &facts, NULL, &law, &e), ROPELAW_DOMAIN, e, "facts");
    facts.rotary_dim = 128;
    ropelaw_law_options o = ropelaw_law_options_default;
    o.level = 1;
    test_assert_fails(ropelaw_law_fit_bounds(&good, 1, &facts, &o, &law, &e), ROPELAW_DOMAIN, e, "level");
    o.level = 0.9, o.rise_cap = 0;
    test_assert_fails(ropelaw_law_fit_bounds(&good, 1, &facts, &o, &law, &e), ROPELAW_DOMAIN, e, "rise_cap");
    ck_assert_ptr_null(law);
    test_assert_ok(ropelaw_law_fit_bounds(&good, 1, &facts, NULL, &law, &e), e); /* one run: only c = 1 */
    ck_assert(law->models[0].reason == NULL && isnan(law->models[0].free.slope));
    ck_assert(law->models[0].unit.effective_dim.est > 0 && isnan(law->models[0].unit.effective_dim.lo));
    ropelaw_law_destroy(&law);
    test_assert_ok(ropelaw_law_fit_bounds(NULL, 0, &facts, NULL, &law, &e), e);
    ck_assert(law->models[0].reason != NULL);
    ropelaw_law_destroy(&law);
}
END_TEST

int main(void) {
    Suite *s = suite_create("law_bounds");
    const TTest *const tests[] = {bounds_agree_with_olsens_newton, bounds_that_make_no_sense, NULL};
    test_add(s, "law_bounds", tests);
    return test_run(s);
}
