/* Tests: law_predict.c law_file.c */
#include "test.h"
#include "core/core.h"
#include "num/quantile.h"
#include <ropelaw/law_predict.h>
#include <ropelaw/table.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static ropelaw_fitted_law example(void) {
    ropelaw_fitted_law law = {
        .model = "LLaMA2 \"7B\"",
        .writer = "0.1.0",
        .rotary_dim = 128,
        .pretrain_base = 1e4,
        .train_len_tok = 4096,
        .critical_dim = 92,
        .intercept = 1.7,
        .slope = 0.73,
        .tau = 0.05,
        .covariance = {0.0225, -0.0018, 0.000146},
        .df = 8,
        .inflation = 1.25,
        .base_min = 1e4,
        .base_max = 1e6,
        .n_runs = 11,
        .n_censored = 1,
        .caveats = ROPELAW_CAVEAT_DIGITISED | ROPELAW_CAVEAT_OUTSIDE_THEORY
    };
    return law;
}

START_TEST(the_band_is_students) {
    ropelaw_fitted_law law = example();
    ropelaw_range r;
    ropelaw_error e = {0};
    uint32_t caveats;
    double u = log(3e5), v = 0.0225 - 2 * 0.0018 * u + 0.000146 * u * u, t = num_t_quantile(0.95, 8);
    test_assert_ok(ropelaw_fitted_law_interval(&law, 3e5, 0, ROPELAW_BAND_RUN, 0.9, &r, &caveats, &e), e);
    test_assert_rel(r.lo, exp(1.7 + 0.73 * u - t * sqrt(1.25 * (0.0025 + v))), 1e-12);
    test_assert_rel(r.hi / r.est, r.est / r.lo, 1e-12);
    ck_assert_uint_eq(caveats, law.caveats);
    test_assert_ok(ropelaw_fitted_law_interval(&law, 3e5, 0, ROPELAW_BAND_MEDIAN, 0.9, &r, NULL, &e), e);
    test_assert_rel(r.lo, exp(1.7 + 0.73 * u - t * sqrt(1.25 * v)), 1e-12);
    test_assert_ok(ropelaw_fitted_law_interval(&law, 2e4, 1e9, ROPELAW_BAND_RUN, 0.9, &r, &caveats, &e), e);
    ck_assert(r.lo == 1e9 && r.est == 1e9 && r.hi == 1e9 && caveats & ROPELAW_CAVEAT_AT_EDGE);
    law.df = 0, law.inflation = NAN;
    test_assert_ok(ropelaw_fitted_law_interval(&law, 3e5, 0, ROPELAW_BAND_RUN, 0.9, &r, &caveats, &e), e);
    ck_assert(isnan(r.lo) && isnan(r.hi) && r.est > 0 && caveats & ROPELAW_CAVEAT_FEW_POINTS);
}
END_TEST

START_TEST(the_inverse_meets_the_band) {
    ropelaw_fitted_law law = example();
    ropelaw_error e = {0};
    const double confidences[] = {0.5, 0.6, 0.9, 0.95};
    for (int k = 0; k < 4; k++)
        for (int band = 0; band < 2; band++)
            for (double target = 6000; target < 1e6; target *= 2.1) {
                double base, end;
                ropelaw_range r;
                ropelaw_band b = (ropelaw_band)band;
                test_assert_ok(
                    ropelaw_fitted_law_base_find(&law, target, b, confidences[k], &base, &end, NULL, &e), e);
                /* the lower end of the two-sided band at level 2c - 1 has one-sided confidence c */
                double level = fmax(2 * confidences[k] - 1, 1e-12);
                test_assert_ok(ropelaw_fitted_law_interval(&law, base, 0, b, level, &r, NULL, &e), e);
                test_assert_rel(r.lo, target, 1e-9);
                ck_assert(end > base);
                /* smallest: a little less is not enough */
                test_assert_ok(ropelaw_fitted_law_interval(&law, base * 0.99, 0, b, level, &r, NULL, &e), e);
                ck_assert(r.lo < target);
            }
}
END_TEST

START_TEST(more_confidence_costs_a_larger_base_until_there_is_none) {
    ropelaw_fitted_law law = example();
    ropelaw_error e = {0};
    double before = 0, base, end;
    for (double c = 0.5; c < 0.95; c += 0.05) {
        test_assert_ok(ropelaw_fitted_law_base_find(&law, 131072, ROPELAW_BAND_RUN, c, &base, NULL, NULL, &e),
                       e);
        ck_assert(base > before);
        before = base;
    }
    law.covariance[2] = 0.3, law.covariance[1] = -3.6, law.covariance[0] = 43.3; /* slope 0.73 +- 0.6 */
    double confidence = 0.9, top = -INFINITY;
    for (double b = 100; b < 1e12; b *= 1.01) { /* the band turns down: its highest value */
        ropelaw_range r;
        test_assert_ok(ropelaw_fitted_law_interval(&law, b, 0, ROPELAW_BAND_RUN, 0.8, &r, NULL, &e), e);
        top = fmax(top, r.lo);
    }
    test_assert_ok(
        ropelaw_fitted_law_base_find(&law, top * 0.98, ROPELAW_BAND_RUN, confidence, &base, &end, NULL, &e),
        e);
    ck_assert(isfinite(end) && end > base);
    e = (ropelaw_error){0};
    test_assert_fails(
        ropelaw_fitted_law_base_find(&law, top * 1.02, ROPELAW_BAND_RUN, confidence, &base, &end, NULL, &e),
        ROPELAW_UNSUPPORTED, e, "target_len_tok");
    test_assert_fails(ropelaw_fitted_law_base_find(&law, 1e5, ROPELAW_BAND_RUN, 0.4, &base, &end, NULL, &e),
                      ROPELAW_DOMAIN, e, "confidence");
    test_assert_fails(ropelaw_fitted_law_base_find(&law, 0, ROPELAW_BAND_RUN, 0.9, &base, &end, NULL, &e),
                      ROPELAW_DOMAIN, e, "target_len_tok");
    law.df = 0;
    test_assert_fails(ropelaw_fitted_law_base_find(&law, 1e5, ROPELAW_BAND_RUN, 0.9, &base, &end, NULL, &e),
                      ROPELAW_UNSUPPORTED, e, "law");
}
END_TEST

static char path[] = "/tmp/ropelaw-law-XXXXXX";

static void save(const char *text) {
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert(fputs(text, f) >= 0 && fclose(f) == 0);
}

static char *written(const ropelaw_law_file *file) {
    char *text;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_law_file_write(file, &text, NULL, &e), e);
    return text;
}

START_TEST(the_file_brings_back_every_bit) {
    char first[] = "a/base 1e4", second[] = "b";
    char *runs[] = {first, second};
    ropelaw_law_file file =
                         {
                             example(),
                             {0.62, 0.31, NAN, 0.95, 0.14, 5, 31, ROPELAW_CAVEAT_DIGITISED},
                             2,
                             runs
    },
                     back;
    ropelaw_error e = {0};
    file.law.slope = 0.1 + 0.2, file.law.covariance[1] = -1.0 / 3 * 1e-3;
    for (int k = 0; k < 2; k++) {
        char *text = written(&file);
        save(text);
        test_assert_ok(ropelaw_law_file_read(path, &back, &e), e);
        ck_assert_str_eq(back.law.model, file.law.model);
        ck_assert_str_eq(back.law.writer, file.law.writer);
        ck_assert(back.law.slope == file.law.slope && back.law.intercept == file.law.intercept);
        ck_assert(memcmp(back.law.covariance, file.law.covariance, sizeof back.law.covariance) == 0);
        ck_assert(back.law.tau == file.law.tau && back.law.df == file.law.df);
        ck_assert(back.law.base_min == 1e4 && back.law.base_max == 1e6 && back.law.critical_dim == 92);
        ck_assert(back.law.n_runs == 11 && back.law.n_censored == 1 && back.law.caveats == file.law.caveats);
        const ropelaw_fitted_phi *phi = &back.phi;
        if (k == 0) {
            ck_assert(phi->phi_rad == 0.62 && phi->lo_rad == 0.31 && isnan(phi->hi_rad) &&
                      phi->level == 0.95);
            ck_assert(phi->rms_out == 0.14 && phi->n_models == 5 && phi->n_runs == 31);
            ck_assert(phi->caveats == ROPELAW_CAVEAT_DIGITISED);
        } else {
            ck_assert(phi->n_models == 0);
        }
        ck_assert(back.n_runs == 2 && strcmp(back.runs[0], first) == 0);
        char *again = written(&back);
        ck_assert_str_eq(again, text);
        ropelaw_text_free(again), ropelaw_text_free(text);
        ropelaw_law_file_clear(&back);
        file.law.df = 0, file.law.inflation = NAN; /* second round: a law without degrees of freedom */
        file.phi.n_models = 0;                     /* and without phi */
    }
    unlink(path);
}
END_TEST

/* A phi without a law goes there and back; neither is nothing to write, or to read. */
START_TEST(phi_alone) {
    ropelaw_law_file file = {
        .phi = {0.62, 0.31, 0.9, 0.95, 0.14, 5, 31, ROPELAW_CAVEAT_DIGITISED}
    };
    ropelaw_law_file back;
    ropelaw_error e = {0};
    strcpy(file.law.writer, "1.2.3");
    char *text = written(&file), *again, *none = NULL;
    ck_assert(!strstr(text, "slope") && !strstr(text, "covariance"));
    save(text);
    test_assert_ok(ropelaw_law_file_read(path, &back, &e), e);
    ck_assert(back.law.n_runs == 0 && back.n_runs == 0 && back.phi.phi_rad == 0.62 && back.phi.hi_rad == 0.9);
    ck_assert(back.phi.n_models == 5 && back.phi.caveats == ROPELAW_CAVEAT_DIGITISED);
    ck_assert_str_eq(back.law.writer, "1.2.3");
    again = written(&back);
    ck_assert_str_eq(again, text);
    ropelaw_law_file_clear(&back);
    file.phi.n_models = 0;
    test_assert_fails(ropelaw_law_file_write(&file, &none, NULL, &e), ROPELAW_INVALID, e, "n_runs");
    save("{\"schema_version\": 1, \"model\": \"\", \"writer\": \"1\", \"n_runs\": 0, \"n_censored\": 0, "
         "\"caveats\": [], \"runs\": []}");
    test_assert_fails(ropelaw_law_file_read(path, &back, &e), ROPELAW_PARSE, e, "n_runs");
    ropelaw_text_free(again), ropelaw_text_free(text);
    unlink(path);
}
END_TEST

/* Replace one line of a good file. */
static void damaged(const char *key, const char *line) {
    ropelaw_law_file file = {
        example(), {0.62, 0.31, 0.9, 0.95, 0.14, 5, 31, 0},
         0, NULL
    };
    char *text = written(&file), out[8192] = "";
    for (char *p = strtok(text, "\n"); p; p = strtok(NULL, "\n")) {
        strcat(out, strstr(p, key) ? line : p);
        strcat(out, "\n");
    }
    save(out);
    ropelaw_text_free(text);
}

START_TEST(damaged_and_newer_files_are_refused) {
    ropelaw_law_file back = {0};
    ropelaw_error e = {0};
    damaged("\"schema_version\"", "\"schema_version\": 2,");
    test_assert_fails(ropelaw_law_file_read(path, &back, &e), ROPELAW_UNSUPPORTED, e, "schema_version");
    ck_assert(e.line == 2 && strstr(e.message, "newer") && strcmp(e.file, path) == 0);
    damaged("\"schema_version\"", "\"schema_version\": 0,");
    test_assert_fails(ropelaw_law_file_read(path, &back, &e), ROPELAW_PARSE, e, "schema_version");
    damaged("\"schema_version\"", "");
    test_assert_fails(ropelaw_law_file_read(path, &back, &e), ROPELAW_PARSE, e, "schema_version");
    damaged("\"slope\"", "\"slope\": \"x\",");
    test_assert_fails(ropelaw_law_file_read(path, &back, &e), ROPELAW_PARSE, e, "slope");
    damaged("\"slope\"", "\"slope\": -1,");
    test_assert_fails(ropelaw_law_file_read(path, &back, &e), ROPELAW_DOMAIN, e, "slope");
    damaged("\"n_runs\"", "\"n_runs\": 1.5,");
    test_assert_fails(ropelaw_law_file_read(path, &back, &e), ROPELAW_PARSE, e, "n_runs");
    damaged("\"tau\"", "");
    test_assert_fails(ropelaw_law_file_read(path, &back, &e), ROPELAW_PARSE, e, "tau");
    damaged("\"phi_rad\"", "\"phi_rad\": 4,");
    test_assert_fails(ropelaw_law_file_read(path, &back, &e), ROPELAW_PARSE, e, "phi_rad");
    damaged("\"hi_rad\"", "\"hi_rad\": \"x\",");
    test_assert_fails(ropelaw_law_file_read(path, &back, &e), ROPELAW_PARSE, e, "hi_rad");
    damaged("\"n_models\"", "\"n_models\": 0,");
    test_assert_fails(ropelaw_law_file_read(path, &back, &e), ROPELAW_PARSE, e, "n_models");
    save("[1, 2]");
    test_assert_fails(ropelaw_law_file_read(path, &back, &e), ROPELAW_PARSE, e, "law");
    save("{");
    ck_assert_int_eq(ropelaw_law_file_read(path, &back, &e), ROPELAW_PARSE);
    unlink(path);
    ck_assert_int_eq(ropelaw_law_file_read(path, &back, &e), ROPELAW_IO);
    ck_assert_ptr_null(back.runs);
}
END_TEST

START_TEST(memory_runs_out_while_reading_and_writing) {
    char first[] = "a";
    char *runs[] = {first};
    ropelaw_law_file file =
                         {
                             example(), {0.62, 0.31, NAN, 0.95, 0.14, 5, 31, 0},
                              1, runs
    },
                     back;
    char *text = written(&file);
    save(text);
    ropelaw_text_free(text);
    int reads = 0, writes = 0;
    for (long k = 1; k < 2000 && !(reads && writes); k++) {
        core_fail_allocations_from(k);
        ropelaw_status r = ropelaw_law_file_read(path, &back, NULL);
        core_fail_allocations_from(0);
        if (r == ROPELAW_OK)
            reads++, ropelaw_law_file_clear(&back);
        else
            ck_assert_int_eq(r, ROPELAW_NOMEM);
        core_fail_allocations_from(k);
        ropelaw_status w = ropelaw_law_file_write(&file, &text, NULL, NULL);
        core_fail_allocations_from(0);
        if (w == ROPELAW_OK)
            writes++, ropelaw_text_free(text);
        else
            ck_assert_int_eq(w, ROPELAW_NOMEM);
    }
    ck_assert(reads && writes);
    unlink(path);
}
END_TEST

int main(void) {
    int fd = mkstemp(path);
    if (fd >= 0) close(fd);
    Suite *s = suite_create("law_predict");
    const TTest *const tests[] = {the_band_is_students,
                                  the_inverse_meets_the_band,
                                  more_confidence_costs_a_larger_base_until_there_is_none,
                                  the_file_brings_back_every_bit,
                                  phi_alone,
                                  damaged_and_newer_files_are_refused,
                                  memory_runs_out_while_reading_and_writing,
                                  NULL};
    test_add(s, "law_predict", tests);
    return test_run(s);
}
