/* Coverage of intervals from documents, size of the sign-flip test. */
#include "corpus.h"
#include "core/core.h"

static double coverage(const design *g, ropelaw_documents how, size_t curves) {
    size_t covered = 0;
    double x = 1024 * exp2(truth);
    ropelaw_fit_options o = quick();
    o.documents = how;
    for (size_t k = 0; k < curves; k++) {
        corpus c;
        draw(&c, g, 100 + k);
        ropelaw_run_fit f = fit_of(&c, &o);
        covered += f.break_profile.lo <= x && x <= f.break_profile.hi;
    }
    return (double)covered / (double)curves;
}

/* Nominal 95 %. The gate is one-sided: with few documents the interval is allowed to be long. */
START_TEST(intervals_cover_under_correlation) {
    enum { CURVES = 120 };
    double least = .95 - .02 - 3 * sqrt(.95 * .05 / CURVES);
    const design designs[] = {
        {5,  .5, 0,  .7, .1,  .5 }, /* correlated, noise grows */
        {10, .5, .3, .7, .03, .03}, /* documents break at lengths of their own */
        {30, .5, .3, .7, .1,  .5 }
    };
    for (size_t k = 0; k < CORE_COUNT(designs); k++) {
        double rate = coverage(&designs[k], ROPELAW_DOCUMENTS_CLUSTER, CURVES);
        ck_assert_msg(rate >= least, "design %zu: %g", k, rate);
    }
    /* what documents are for: as independent points the same curves mislead */
    ck_assert(coverage(&designs[1], ROPELAW_DOCUMENTS_AVERAGE, CURVES) < .7);
}
END_TEST

/* Without a break the p value is uniform, whatever the correlation. */
START_TEST(sign_flips_have_their_size) {
    enum { CURVES = 300 };
    size_t rejected = 0;
    ropelaw_fit_options o = quick();
    for (size_t k = 0; k < CURVES; k++) {
        corpus c;
        draw(&c, &(design){12, .5, 0, .8, .1, .1}, 1000 + k);
        for (size_t i = 0; i < c.run.n_points; i++) { /* the break taken out again */
            double x = log2(c.points[i].eval_len_tok / 1024);
            c.points[i].value -= 1.4 * fmax(0, x - truth);
        }
        rejected += fit_of(&c, &o).p_break <= .05;
    }
    test_assert_abs((double)rejected / CURVES, .05, 3.5 * sqrt(.05 * .95 / CURVES));
}
END_TEST

int main(void) {
    Suite *s = suite_create("curve documents gates");
    const TTest *const tests[] = {intervals_cover_under_correlation, sign_flips_have_their_size, NULL};
    test_add(s, "documents", tests);
    return test_run(s);
}
