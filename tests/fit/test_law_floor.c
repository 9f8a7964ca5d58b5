/* The base at which a law leaves its floor: at both ends of its interval the likelihood, maximised here by brute force, has
   fallen by what F allows. */
#include "test.h"
#include "core/core.h"
#include "num/quantile.h"
#include <ropelaw/law_fit.h>
#include <ropelaw/random.h>

enum { N = 12 };

typedef struct {
    double u[N], z[N], se;
} data;

static const double tune = 16384;

/* psi_i ~ N(max(floor, floor + s (u_i - u0)), tau^2 + se^2). */
static double log_likelihood(const data *d, double u0, double s, double tau) {
    double v = tau * tau + d->se * d->se, l = 0;
    for (int i = 0; i < N; i++) {
        double r = d->z[i] - fmax(log(tune), log(tune) + s * (d->u[i] - u0));
        l -= (log(v) + r * r / v) / 2 + log(2 * M_PI) / 2;
    }
    return l;
}

/* Over slope and tau: a grid, refined around its best node. */
static double profile(const data *d, double u0) {
    double s = .7, t = log(.1), best = log_likelihood(d, u0, s, exp(t));
    for (double step = .3; step > 1e-6; step /= 1.5)
        for (int a = -3; a <= 3; a++)
            for (int b = -3; b <= 3; b++) {
                double l = log_likelihood(d, u0, s + step * a / 3, hypot(.005, exp(t + step * b)));
                if (!(l > best)) continue;
                best = l, s += step * a / 3, t += step * b;
            }
    return best;
}

START_TEST(ends_are_where_the_likelihood_has_fallen) {
    for (uint64_t seed = 0; seed < 6; seed++) {
        data d = {.se = .02};
        ropelaw_random r;
        ropelaw_random_init(&r, 53, seed);
        ropelaw_law_bound b[N];
        for (int i = 0; i < N; i++) {
            d.u[i] = 9.5 + .45 * i;
            d.z[i] = fmax(log(tune), log(2 * M_PI) + .72 * d.u[i]) + .1 * ropelaw_random_normal(&r);
            b[i] = (ropelaw_law_bound){exp(d.u[i]), tune, exp(d.z[i]), exp(d.z[i]), d.se};
        }
        ropelaw_law_options o = ropelaw_law_options_default;
        o.floor = ROPELAW_FLOOR_MODEL;
        ropelaw_law_facts facts = {NULL, 128, 1e4, 4096};
        ropelaw_law *law = NULL;
        ropelaw_error error = {0};
        test_assert_ok(ropelaw_law_fit_bounds(b, N, &facts, &o, &law, &error), error);
        const ropelaw_law_model *m = &law->models[0];
        const ropelaw_range *at = &m->floor_base;
        test_assert_rel(at->est, exp((log(tune) - m->free.intercept) / m->free.slope), 1e-12);
        ck_assert(at->lo < at->est && at->est < at->hi && at->lo > 1e4 && at->hi < 1e7);
        double most = profile(&d, log(at->est)), df = m->free.df, n = df + 2;
        test_assert_abs(most, m->free.log_likelihood, 1e-4);
        double fall = .5 * n * log1p(num_f_quantile(.95, 1, df) / df);
        test_assert_abs(most - profile(&d, log(at->lo)), fall, 2e-3);
        test_assert_abs(most - profile(&d, log(at->hi)), fall, 2e-3);
        ropelaw_law_destroy(&law);
        test_assert_ok(ropelaw_law_fit_bounds(b + 6, N - 6, &facts, &o, &law, &error),
                       error); /* none on it */
        ck_assert(!isnan(law->models[0].free.slope) && isnan(law->models[0].floor_base.est));
        ropelaw_law_destroy(&law);
        o.floor = ROPELAW_FLOOR_IGNORE; /* no floor, no base */
        test_assert_ok(ropelaw_law_fit_bounds(b, N, &facts, &o, &law, &error), error);
        ck_assert(isnan(law->models[0].floor_base.est));
        ropelaw_law_destroy(&law);
        b[0].tune_len_tok = 8192; /* two floors: none of them is the law's */
        o.floor = ROPELAW_FLOOR_MODEL;
        test_assert_ok(ropelaw_law_fit_bounds(b, N, &facts, &o, &law, &error), error);
        ck_assert(isnan(law->models[0].floor_base.est));
        ropelaw_law_destroy(&law);
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("law floor");
    const TTest *const tests[] = {ends_are_where_the_likelihood_has_fallen, NULL};
    test_add(s, "law floor", tests);
    return test_run(s);
}
