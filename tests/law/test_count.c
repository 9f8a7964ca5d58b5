/* The critical dimension against direct counting: 10^5 random triples, and the neighbourhood of exact integers, where
   a base of 53 bits leaves 2*pi*base^(2n/d) and train_len equal to 16 digits. Near ties go to MPFR. */
#include "test.h"
#include <ropelaw/law.h>
#include <ropelaw/random.h>
#ifdef HAVE_MPFR
#include <mpfr.h>
#endif

static ropelaw_error e;

static size_t counted(size_t d, double base, double train) {
    ropelaw_critical c;
    test_assert_ok(ropelaw_critical_dim_count(d, base, train, &c, &e), e);
    ck_assert_uint_eq(c.caveats, 0);
    return c.dim;
}

#ifdef HAVE_MPFR
/* 1 if 2*pi*base^(2n/d) <= train, by 256-bit arithmetic */
static int fits(size_t d, double base, double train, size_t n) {
    mpfr_t x, y;
    mpfr_inits2(256, x, y, (mpfr_ptr)0);
    mpfr_set_ui(y, 2 * n, MPFR_RNDN);
    mpfr_div_ui(y, y, d, MPFR_RNDN);
    mpfr_set_d(x, base, MPFR_RNDN);
    mpfr_pow(x, x, y, MPFR_RNDN);
    mpfr_const_pi(y, MPFR_RNDN);
    mpfr_mul(x, x, y, MPFR_RNDN);
    mpfr_mul_ui(x, x, 2, MPFR_RNDN);
    int yes = mpfr_cmp_d(x, train) <= 0;
    mpfr_clears(x, y, (mpfr_ptr)0);
    return yes;
}
#else
static int fits(size_t d, double base, double train, size_t n) {
    (void)d, (void)base, (void)train, (void)n;
    return -1;
}
#endif

/* Does pair n fit? -1 where long double leaves it open and there is no MPFR. */
static int pair_fits(size_t d, double base, double train, size_t n) {
    long double period =
        6.283185307179586476925286766559L * powl(base, 2.0L * (long double)n / (long double)d);
    return fabsl(period / train - 1) < 1e-15L ? fits(d, base, train, n) : period <= train;
}

/* Number of pairs that fit, by the definition: periods grow with n, so the first that does not fit is bisected. */
static long direct(size_t d, double base, double train) {
    size_t low = 0, high = d / 2; /* pairs below low fit, pair high does not (or is none) */
    while (low < high) {
        size_t n = low + (high - low) / 2;
        int yes = pair_fits(d, base, train, n);
        if (yes < 0) return -1;
        if (yes)
            low = n + 1;
        else
            high = n;
    }
    return (long)low;
}

START_TEST(random_triples) {
    ropelaw_random r;
    ropelaw_random_init(&r, 51, 0);
    int n_open = 0;
    for (int i = 0; i < 100000; i++) {
        size_t d = 2 + 2 * (size_t)(256 * pow(ropelaw_random_uniform(&r), 3));
        double base = i % 10 ? exp(27.631 * ropelaw_random_uniform(&r)) : 1 + 10 * ropelaw_random_uniform(&r);
        double train = i % 3 ? floor(exp(2 + 19.4 * ropelaw_random_uniform(&r)))
                             : (double)(7 + ropelaw_random_below(&r, 1u << 31));
        if (base <= 1 || train < 7) continue;
        long want = direct(d, base, train);
        n_open += want < 0;
        if (want >= 0)
            ck_assert_msg(counted(d, base, train) == 2 * (size_t)want,
                          "d %zu, base %a, train_len %g: %zu, counted %ld", d, base, train,
                          counted(d, base, train), 2 * want);
    }
    ck_assert_int_lt(n_open, 10);
}
END_TEST

#ifdef HAVE_MPFR
START_TEST(neighbourhood_of_integers) {
    ropelaw_random r;
    ropelaw_random_init(&r, 52, 0);
    int n_inside = 0, n_outside = 0;
    for (int i = 0; i < 10000; i++) {
        size_t d = 4 + 2 * ropelaw_random_below(&r, 255), n = 1 + ropelaw_random_below(&r, d / 2 - 1);
        double train = floor(exp(2 + 19.4 * ropelaw_random_uniform(&r)));
        if (train < 7) train = 7;
        double base =
            (double)powl(train / 6.283185307179586476925286766559L, (long double)d / (2 * (long double)n));
        if (!(base > 1.0001 && base < 1e12)) continue;
        for (int step = -1; step <= 1; step++) {
            double b = step ? nextafter(base, step > 0 ? INFINITY : 0) : base;
            int yes = fits(d, b, train, n);
            ck_assert_msg(counted(d, b, train) == 2 * (n + (size_t)yes), "d %zu, base %a, train_len %g", d, b,
                          train);
            n_inside += yes;
            n_outside += !yes;
        }
    }
    ck_assert(n_inside > 1000 && n_outside > 1000);
}
END_TEST
#endif

int main(void) {
    Suite *s = suite_create("count");
#ifdef HAVE_MPFR
    const TTest *const tests[] = {random_triples, neighbourhood_of_integers, NULL};
#else
    const TTest *const tests[] = {random_triples, NULL};
    test_skip("count: neighbourhood_of_integers", "no MPFR");
#endif
    test_add(s, "count", tests);
    return test_run(s);
}
