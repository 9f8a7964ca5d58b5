/* Tests: curve_documents.c curve_flips.c curve_scale.c */
#include "corpus.h"
#include "gsl_handler.h"
#include "core/core.h"
#include "fit/curve_data.h"

/* The variance of c'y is that of the documents' own c'y over their number: computed here from the definition. */
START_TEST(variance_is_that_of_the_documents) {
    corpus c;
    draw(&c, &(design){7, .5, .2, .5, .05, .2}, 1);
    fit_curve curve;
    ropelaw_error error = {0};
    test_assert_ok(fit_curve_init(&c.run, &ropelaw_fit_options_default, &curve, &error), error);
    ck_assert_uint_eq(curve.documents.n, 7);
    double influence[LENGTHS], part[7] = {0}, mean = 0, squares = 0;
    for (size_t i = 0; i < LENGTHS; i++) influence[i] = sin(3.0 * (double)i);
    for (size_t d = 0; d < 7; d++) {
        for (size_t i = 0; i < LENGTHS; i++) part[d] += influence[i] * c.points[i * 7 + d].value;
        mean += part[d] / 7;
    }
    for (size_t d = 0; d < 7; d++) squares += (part[d] - mean) * (part[d] - mean);
    test_assert_rel(fit_documents_variance(&curve, NULL, influence, NULL), squares / 6 / 7, 1e-12);
    size_t drawn[7] = {0, 1, 2, 3, 4, 5, 6};
    double y[LENGTHS], share[LENGTHS];
    ck_assert(fit_documents_mean(&curve, drawn, y, share)); /* every document once: the mean itself */
    for (size_t i = 0; i < LENGTHS; i++) test_assert_rel(y[i], curve.y[i], 1e-14);
    memset(drawn, 0, sizeof drawn); /* one document seven times */
    ck_assert(fit_documents_mean(&curve, drawn, y, share));
    for (size_t i = 0; i < LENGTHS; i++) test_assert_rel(y[i], c.points[i * 7].value, 1e-14);
    fit_curve_clear(&curve);
}
END_TEST

/* A level of its own for every document moves neither estimates nor intervals. */
START_TEST(levels_of_documents_cancel) {
    corpus c, d;
    design g = {9, 0, .3, .4, .05, .1};
    draw(&c, &g, 2);
    d = c;
    d.run.points = d.points;
    for (size_t i = 0; i < c.run.n_points; i++) d.points[i].value += 3 * sin(7.0 * (double)d.points[i].doc);
    ropelaw_fit_options o = quick();
    ropelaw_run_fit a = fit_of(&c, &o), b = fit_of(&d, &o);
    ck_assert_str_eq(a.break_tok.method, "documents-F");
    ck_assert_str_eq(a.onset[0].length_tok.method, "documents-F");
    ck_assert_str_eq(a.p_break_method, "sign flips of documents");
    test_assert_rel(a.break_tok.lo, b.break_tok.lo, 1e-9);
    test_assert_rel(a.break_tok.hi, b.break_tok.hi, 1e-9);
    test_assert_rel(a.onset[0].length_tok.hi, b.onset[0].length_tok.hi, 1e-5);
    ck_assert_double_eq(a.p_break, b.p_break);
}
END_TEST

/* A wavy mean curve that all documents share: they agree on it, but it is no broken line. */
START_TEST(a_misfit_counts) {
    corpus c;
    draw(&c, &(design){8, .3, 0, 0, .01, .01}, 5);
    ropelaw_fit_options o = quick();
    double right = fit_of(&c, &o).documents.misfit_p;
    ck_assert(right > .001);
    for (size_t i = 0; i < c.run.n_points; i++)
        c.points[i].value += .1 * sin(5 * log2(c.points[i].eval_len_tok));
    ropelaw_run_fit f = fit_of(&c, &o);
    ck_assert(f.documents.misfit_p < .01 && f.sigma > 3 * f.documents.sigma);
    o.documents = ROPELAW_DOCUMENTS_AVERAGE;
    ropelaw_run_fit plain = fit_of(&c, &o);
    ck_assert_uint_eq(plain.documents.n, 0);
    ck_assert(f.onset[0].length_tok.lo <= plain.onset[0].length_tok.lo * (1 + 1e-9) &&
              f.onset[0].length_tok.hi >= plain.onset[0].length_tok.hi * (1 - 1e-9));
}
END_TEST

START_TEST(what_documents_need) {
    corpus c;
    ropelaw_fit_options o = quick();
    draw(&c, &(design){2, .3, .1, 0, .05, .05}, 6);
    ck_assert_uint_eq(fit_of(&c, &o).documents.n, 0); /* two documents: no variance worth the name */
    draw(&c, &(design){5, .3, .1, 0, .05, .05}, 6);
    ck_assert_uint_eq(fit_of(&c, &o).documents.n, 5);
    ck_assert_str_eq(fit_of(&c, &o).p_break_method, "sup-F"); /* 16 sign patterns show no p below 1/16 */
    c.points[7].doc = SIZE_MAX;                               /* a row of no document */
    ropelaw_run_fit f = fit_of(&c, &o);
    ck_assert(f.documents.n == 0 && f.n == LENGTHS + 1);
    draw(&c, &(design){5, .3, .1, 0, .05, .05}, 6);
    c.run.n_points =
        4 * 5; /* four lengths: documents stand for a known noise, and a plateau hinge has its break */
    for (size_t i = 0; i < 20; i++) c.points[i].value += i >= 10 ? 1.2 * (double)(i / 5 - 1) : 0;
    f = fit_of(&c, &o);
    ck_assert(f.break_profile.method != NULL && f.documents.n == 5 && f.df == 1);
    draw(&c, &(design){6, .3, .1, 0, .05, .05}, 6);
    for (size_t i = 0; i < c.run.n_points; i++)
        if (c.points[i].doc == 2 && c.points[i].eval_len_tok > 20000) c.points[i].censored = 1;
    f = fit_of(&c, &o); /* a mean with a limit in it is a limit */
    ck_assert(f.n == 5 && f.n_censored == 7);
    ropelaw_run_fit fit;
    ropelaw_error error = {0};
    o.robust = ROPELAW_ROBUST_HUBER;
    draw(&c, &(design){6, .3, .1, 0, .05, .05}, 6);
    test_assert_fails(ropelaw_run_fit_eval(&c.run, &o, &fit, &error), ROPELAW_INVALID, error, "documents");
}
END_TEST

/* Documents that are missing at some lengths leave the rest in use. */
START_TEST(unbalanced_documents) {
    corpus c;
    draw(&c, &(design){8, .01, .1, 0, .05, .05}, 7);
    size_t kept = 0;
    for (size_t i = 0; i < c.run.n_points; i++)
        if (!(c.points[i].doc == 1 && c.points[i].eval_len_tok > 1e5)) c.points[kept++] = c.points[i];
    c.run.n_points = kept;
    ropelaw_fit_options o = quick();
    ropelaw_run_fit f = fit_of(&c, &o);
    ck_assert(f.documents.n == 8 && f.n == LENGTHS && f.break_tok.lo < 1024 * exp2(truth) &&
              f.break_tok.hi > 1024 * exp2(truth));
}
END_TEST

START_TEST(no_memory) {
    corpus c;
    draw(&c, &(design){6, .3, .1, 0, .05, .05}, 8);
    ropelaw_fit_options o = quick();
    ropelaw_run_fit fit;
    ropelaw_error error = {0};
    gsl_handler_install();
    for (long n = 1; n < 300; n += 1 + n / 8) {
        core_fail_allocations_from(n);
        ropelaw_status status = ropelaw_run_fit_eval(&c.run, &o, &fit, &error);
        core_fail_allocations_from(0);
        ck_assert(status == ROPELAW_NOMEM || status == ROPELAW_OK);
    }
    gsl_handler_check();
}
END_TEST

int main(void) {
    Suite *s = suite_create("curve documents");
    const TTest *const tests[] = {variance_is_that_of_the_documents,
                                  levels_of_documents_cancel,
                                  a_misfit_counts,
                                  what_documents_need,
                                  unbalanced_documents,
                                  no_memory,
                                  NULL};
    test_add(s, "documents", tests);
    return test_run(s);
}
