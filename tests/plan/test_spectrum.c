/* Tests: spectrum.c */
/* The spectrum of every method of the registry, and its rank, by second routes: positions counted one by one, and the
   eigenvalues of a Gram matrix that has a closed form. A method that is added to the registry is tested by walking. */
#include "test.h"
#include <ropelaw/plan_spectrum.h>
#include <ropelaw/rank.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { D = 16, PAIRS = D / 2, TRAIN = 256, TUNE = 1024 };
static ropelaw_error e;

/* A model small enough to step through, with what any method might ask for. */
static ropelaw_plan_model model_of(const char *method, ropelaw_method_params *params) {
    static const double longer[PAIRS] = {1, 1.1, 1.5, 2, 3, 3.5, 4, 4},
                        shorter[PAIRS] = {1, 1, 1, 1, 1, 1, 1, 1};
    *params = ropelaw_method_params_default;
    params->long_factor = longer;
    params->short_factor = shorter;
    params->n_factors = PAIRS;
    params->new_base = 5e4;
    params->partial = 0.75;
    ropelaw_plan_model m = ropelaw_plan_model_default;
    m.rotary_dim = m.head_dim = D;
    m.pretrain_base = 1e4;
    m.train_len = TRAIN;
    m.tune_len = TUNE;
    m.method = method;
    m.factor = 4;
    m.params = params;
    return m;
}

static ropelaw_plan_spectrum spectrum_of(const ropelaw_plan_model *m) {
    ropelaw_plan_spectrum x;
    test_assert_ok(ropelaw_plan_spectrum_eval(m, NULL, &x, &e), e);
    return x;
}

/* What pre-training used: plain RoPE, but for the two methods that are a way of pre-training. */
static void pretrained(const ropelaw_method *method, ropelaw_method_params p, double *freq) {
    int own = !strcmp(method->name, "proportional") || !strcmp(method->name, "evq-cosh");
    p.rotary_dim = p.head_dim = D;
    p.train_len = TRAIN;
    p.factor = 1;
    test_assert_ok(
        ropelaw_method_eval(own ? method : ropelaw_method_find("default"), &p, TRAIN, freq, NULL, &e), e);
}

static void in_use(const ropelaw_method *method, ropelaw_method_params p, double *freq) {
    p.rotary_dim = p.head_dim = D;
    p.train_len = TRAIN;
    p.tune_len = TUNE;
    p.factor = 4;
    test_assert_ok(ropelaw_method_eval(method, &p, TUNE, freq, NULL, &e), e);
}

/* Phases by walking over every distance of pre-training and of tuning. */
static void walk(double a, double w, int *critical, double *seen) {
    *critical = 0;
    *seen = 0;
    for (int s = 1; s <= TUNE && w > 0; s++) {
        if (s <= TRAIN && s * a >= 2 * M_PI) *critical = 1;
        if (s * w >= 2 * M_PI) *critical = 1;
        if (s == TUNE) break; /* distances end at TUNE - 1 */
        if (s < TRAIN) *seen = fmax(*seen, s * a);
        *seen = fmax(*seen, s * w);
    }
    *seen = fmin(*seen, 2 * M_PI);
}

START_TEST(every_method_by_stepping) {
    for (size_t i = 0; i < ropelaw_method_count(); i++) {
        const ropelaw_method *method = ropelaw_method_at(i);
        ropelaw_method_params params;
        ropelaw_plan_model m = model_of(method->name, &params);
        ropelaw_plan_spectrum x = spectrum_of(&m);
        double a[PAIRS], w[PAIRS];
        pretrained(method, params, a);
        in_use(method, params, w);
        ck_assert_uint_eq(x.n_pairs, PAIRS);
        size_t n_critical = 0;
        double least = INFINITY;
        for (size_t n = 0; n < PAIRS; n++) {
            const ropelaw_pair_arc *p = &x.pairs[n];
            int critical;
            double seen;
            walk(a[n], w[n], &critical, &seen);
            test_assert_rel(p->theta, w[n], 1e-15);
            ck_assert_msg(p->critical == critical, "%s pair %zu", method->name, n);
            test_assert_rel(p->phase_seen_rad, seen, 1e-14);
            if (w[n] > 0) test_assert_rel(p->turns * p->period_tok, (double)TRAIN, 1e-14);
            if (w[n] == 0) ck_assert(isinf(p->period_tok) && isnan(p->good_tok) && p->turns == 0);
            test_assert_rel(p->pretrain_turns, TRAIN * a[n] / (2 * M_PI), 1e-14);
            n_critical += (size_t)critical;
            if (p->good_tok < least) least = p->good_tok;
        }
        ck_assert_uint_eq(x.critical_dim, 2 * n_critical);
        ck_assert_msg(n_critical >= 1 && n_critical < PAIRS, "%s: nothing to tell apart", method->name);
        /* the smallest of the pairs is the coverage of the whole, and of predict */
        ck_assert(x.lo.distance_tok == least);
        ropelaw_plan_result r;
        test_assert_ok(ropelaw_plan_predict(&m, NULL, NULL, &r, &e), e);
        ck_assert(r.lo.distance_tok == least && r.hi.distance_tok == x.hi.distance_tok);
        ck_assert_int_eq(r.is_method, x.is_method);
        /* every whole distance up to it lies in phases seen, the next one of that pair does not */
        const double w_bad = w[x.lo.pair], seen_bad = x.pairs[x.lo.pair].phase_seen_rad;
        ck_assert(floor(least) * w_bad <= seen_bad * (1 + 1e-12) && (floor(least) + 1) * w_bad > seen_bad);
        ropelaw_plan_spectrum_clear(&x);
    }
}
END_TEST

/* Plain RoPE and changes of base: the count of pairs is the law's critical dimension, exact count against frequencies. */
START_TEST(closed_form_where_it_is_stated) {
    const struct {
        double d, base, train, tune_base, tune;
    } cases[] = {
        {128, 1e4, 4096, NAN, NAN  },
        {128, 1e4, 4096, 1e6, 16384},
        {128, 5e5, 8192, NAN, NAN  },
        {64,  1e4, 2048, 5e3, 8192 },
        {24,  1e4, 2048, NAN, NAN  },
        {256, 1e6, 8192, 1e7, 65536}
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        ropelaw_plan_model m = ropelaw_plan_model_default;
        m.rotary_dim = cases[i].d;
        m.pretrain_base = cases[i].base;
        m.train_len = cases[i].train;
        m.tune_base = cases[i].tune_base;
        m.tune_len = cases[i].tune;
        ropelaw_plan_spectrum x = spectrum_of(&m);
        ropelaw_bound law;
        test_assert_ok(ropelaw_bound_eval(&x.setting, &law, &e), e);
        size_t larger = law.critical.dim > law.tuned.dim ? law.critical.dim : law.tuned.dim;
        ck_assert_uint_eq(x.critical_dim, isnan(cases[i].tune) ? law.critical.dim : larger);
        ck_assert_uint_eq(x.pretrain_critical.dim, law.critical.dim);
        ck_assert(!x.is_method && x.attention_factor == 1 && !(x.caveats & ROPELAW_CAVEAT_METHOD));
        ck_assert_int_eq(!(x.caveats & ROPELAW_CAVEAT_OUTSIDE_THEORY), cases[i].base == 1e4);
        ropelaw_plan_spectrum_clear(&x);
    }
}
END_TEST

START_TEST(goldens) {
    ropelaw_method_params params;
    ropelaw_plan_model m = model_of("yarn", &params);
    m.rotary_dim = m.head_dim = 128;
    m.train_len = 4096;
    m.tune_len = 16384;
    ropelaw_plan_spectrum x = spectrum_of(&m);
    ck_assert_uint_eq(x.critical_dim, 92);
    ck_assert(round(x.lo.distance_tok) == 16383 && round(x.hi.distance_tok) == 20383);
    test_assert_rel(x.attention_factor, 0.1 * log(4) + 1, 1e-15);
    test_assert_rel(x.pairs[30].theta, 0.711538461538 * pow(1e4, -60 / 128.0),
                    1e-11); /* laws.md section 3.1 */
    ck_assert(x.caveats & ROPELAW_CAVEAT_METHOD);
    ropelaw_plan_spectrum_clear(&x);
    m.method = "ntk";
    x = spectrum_of(&m);
    ck_assert_uint_eq(x.critical_dim, 96); /* 2 ceil(64 ln(16384/2pi) / ln(40889.94)) = 2 ceil(47.4) */
    ck_assert(!x.is_method);
    ropelaw_plan_spectrum_clear(&x);
}
END_TEST

/* Distances run both ways: as a model of twice the length, with distances halved again. */
START_TEST(bidirectional) {
    ropelaw_method_params params;
    ropelaw_plan_model m = model_of("yarn", &params), twice = m;
    m.bidirectional = 1;
    params.train_len = twice.train_len = 2 * TRAIN; /* what the ramp reads is the file's, for both */
    twice.tune_len = 2 * TUNE;
    params.declared_len = 4096;
    ropelaw_plan_spectrum x = spectrum_of(&m), y = spectrum_of(&twice);
    ck_assert_uint_eq(x.critical_dim, y.critical_dim);
    test_assert_rel(x.lo.distance_tok, y.lo.distance_tok / 2, 1e-15);
    for (size_t n = 0; n < PAIRS; n++) {
        test_assert_rel(x.pairs[n].phase_seen_rad, y.pairs[n].phase_seen_rad, 1e-15);
        if (!isnan(y.pairs[n].good_tok)) test_assert_rel(x.pairs[n].good_tok, y.pairs[n].good_tok / 2, 1e-15);
    }
    ropelaw_plan_spectrum_clear(&x);
    ropelaw_plan_spectrum_clear(&y);
}
END_TEST

/* sum over s = 0 .. t-1 of cos(s x) and sin(s x) (Dirichlet's kernel) */
static void sums(double x, double t, double *c, double *s) {
    if (fabs(sin(x / 2)) < 1e-12) {
        *c = t, *s = 0;
        return;
    }
    *c = sin(t * x / 2) / sin(x / 2) * cos((t - 1) * x / 2);
    *s = sin(t * x / 2) / sin(x / 2) * sin((t - 1) * x / 2);
}

/* G = F'F in closed form, without building F. */
static void gram(const double *w, double t, double g[D][D]) {
    for (size_t i = 0; i < PAIRS; i++)
        for (size_t j = 0; j < PAIRS; j++) {
            double minus_c, minus_s, plus_c, plus_s;
            sums(w[i] - w[j], t, &minus_c, &minus_s);
            sums(w[i] + w[j], t, &plus_c, &plus_s);
            g[i][j] = (minus_c + plus_c) / 2;
            g[PAIRS + i][PAIRS + j] = (minus_c - plus_c) / 2;
            g[i][PAIRS + j] = (plus_s - minus_s) / 2; /* cos(i s) sin(j s) */
            g[PAIRS + j][i] = g[i][PAIRS + j];
        }
}

/* Eigenvalues of a symmetric matrix by Jacobi rotations; on return on the diagonal. */
static void jacobi(double g[D][D]) {
    for (int sweep = 0; sweep < 60; sweep++)
        for (int p = 0; p < D; p++)
            for (int q = p + 1; q < D; q++) {
                if (g[p][q] == 0) continue;
                double tau = (g[q][q] - g[p][p]) / (2 * g[p][q]);
                double t = (tau >= 0 ? 1 : -1) / (fabs(tau) + sqrt(1 + tau * tau));
                double c = 1 / sqrt(1 + t * t), s = t * c;
                for (int k = 0; k < D; k++) {
                    double x = g[k][p], y = g[k][q];
                    g[k][p] = c * x - s * y, g[k][q] = s * x + c * y;
                }
                for (int k = 0; k < D; k++) {
                    double x = g[p][k], y = g[q][k];
                    g[p][k] = c * x - s * y, g[q][k] = s * x + c * y;
                }
            }
}

/* The squares of singular values are known to about 1e-13 of the largest this way: tolerances above 1e-5, and none
   that lies within a hundredth of a singular value. */
START_TEST(rank_of_every_method) {
    const double tolerance[] = {0.9, 0.25, 0.07, 0.011, 1.5e-3, 1.2e-4};
    size_t lowest = D, highest = 0;
    for (size_t i = 0; i < ropelaw_method_count(); i++) {
        ropelaw_method_params params;
        ropelaw_plan_model m = model_of(ropelaw_method_at(i)->name, &params);
        ropelaw_plan_spectrum x = spectrum_of(&m);
        ropelaw_rotary_features features = {x.freq, x.n_pairs, TRAIN};
        size_t rank[COUNT(tolerance)];
        double g[D][D];
        test_assert_ok(ropelaw_rank_eval(&features, tolerance, COUNT(tolerance), rank, &e), e);
        gram(x.freq, TRAIN, g);
        jacobi(g);
        for (size_t k = 0; k < COUNT(tolerance); k++) {
            size_t expected = 0;
            for (int n = 0; n < D; n++) {
                double sigma = sqrt(fmax(g[n][n], 0) / (TRAIN / 2.0));
                ck_assert_msg(fabs(sigma / tolerance[k] - 1) > 0.01, "%s: %g is too near %g to decide",
                              ropelaw_method_at(i)->name, sigma, tolerance[k]);
                expected += sigma > tolerance[k];
            }
            ck_assert_msg(rank[k] == expected, "%s at %g: %zu, by the Gram matrix %zu",
                          ropelaw_method_at(i)->name, tolerance[k], rank[k], expected);
            lowest = rank[k] < lowest ? rank[k] : lowest;
            highest = rank[k] > highest ? rank[k] : highest;
        }
        ropelaw_plan_spectrum_clear(&x);
    }
    ck_assert_msg(lowest <= D / 2 && highest >= D - 3, "ranks from %zu to %zu", lowest, highest);
}
END_TEST

START_TEST(bad_input) {
    ropelaw_method_params params;
    ropelaw_plan_model m = model_of("longrope", &params);
    ropelaw_plan_spectrum x = {.n_pairs = 7};
    params.long_factor = NULL;
    test_assert_fails(ropelaw_plan_spectrum_eval(&m, NULL, &x, &e), ROPELAW_INVALID, e, "long_factor");
    m.method = "no such";
    test_assert_fails(ropelaw_plan_spectrum_eval(&m, NULL, &x, &e), ROPELAW_INVALID, e, "method");
    m = ropelaw_plan_model_default;
    test_assert_fails(ropelaw_plan_spectrum_eval(&m, NULL, &x, &e), ROPELAW_INVALID, e, "rotary_dim");
    test_assert_fails(ropelaw_plan_spectrum_eval(&m, NULL, NULL, &e), ROPELAW_INVALID, e, "spectrum");
    ck_assert_uint_eq(x.n_pairs, 7);
    double freq[] = {1, 0.1}, level = 0.1;
    size_t rank = 42;
    ropelaw_rotary_features f = {freq, 2, 3};
    test_assert_fails(ropelaw_rank_eval(&f, &level, 1, &rank, &e), ROPELAW_DOMAIN, e, "n_tok");
    f.n_tok = 16385;
    test_assert_fails(ropelaw_rank_eval(&f, &level, 1, &rank, &e), ROPELAW_DOMAIN, e, "n_tok");
    f.n_tok = 100;
    level = 0;
    test_assert_fails(ropelaw_rank_eval(&f, &level, 1, &rank, &e), ROPELAW_DOMAIN, e, "tolerance");
    level = 0.1;
    freq[1] = NAN;
    test_assert_fails(ropelaw_rank_eval(&f, &level, 1, &rank, &e), ROPELAW_DOMAIN, e, "freq");
    test_assert_fails(ropelaw_rank_eval(NULL, &level, 1, &rank, &e), ROPELAW_INVALID, e, "features");
    ck_assert_uint_eq(rank, 42);
}
END_TEST

int main(void) {
    Suite *s = suite_create("spectrum");
    const TTest *const tests[] = {every_method_by_stepping,
                                  closed_form_where_it_is_stated,
                                  goldens,
                                  bidirectional,
                                  rank_of_every_method,
                                  bad_input,
                                  NULL};
    test_add(s, "spectrum", tests);
    return test_run(s);
}
