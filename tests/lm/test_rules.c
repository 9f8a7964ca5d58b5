/* What the committed curves say about the rules of extrapolation when set-ups are kept together: the split that was written
   down before the runs, set-ups left out one at a time, and phi against training length, width and amount of tuning with
   intervals that count models. Tests: compare.c again, by predictions made one at a time. */
#include "csv_cells.h"
#include "test.h"
#include <ropelaw/compare.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 256, MOST_MODELS = 64, COVERAGE = 2, BAND = 3 };

typedef struct {
    char model[64], setup[64];
    double width, tune_steps;
    ropelaw_compare_case c;
} measured;

static measured runs[MOST];
static size_t n_runs;

static void add(const char *line, const char *header) {
    static char last[96];
    char run[96];
    copy_cell(run, sizeof run, line, header, "run");
    if (!strcmp(run, last)) return;
    strcpy(last, run);
    ck_assert_uint_lt(n_runs, MOST);
    measured *m = &runs[n_runs];
    copy_cell(m->model, sizeof m->model, line, header, "model");
    strcpy(m->setup, m->model);
    *strrchr(m->setup, '-') = 0; /* without the seed */
    m->width = number(line, header, "width"), m->tune_steps = number(line, header, "tune_steps");
    m->c.setting =
        (ropelaw_setting){(size_t)number(line, header, "rotary_dim"), number(line, header, "pretrain_base"),
                          number(line, header, "train_len_tok"), number(line, header, "base"),
                          number(line, header, "tune_len_tok")};
    m->c.lo_tok = m->c.hi_tok = number(line, header, "onset_tok");
    if (isnan(m->c.lo_tok))
        m->c.lo_tok = 2048, m->c.hi_tok = INFINITY; /* not broken at the evaluated length */
    const ropelaw_setting *s = &m->c.setting;
    n_runs += s->tune_base >= s->pretrain_base && s->tune_len_tok == s->train_len_tok;
}

/* Runs tuned on the training length with at least the base of pre-training. */
static void load(void) {
    static char line[4096], header[4096];
    glob_t found;
    ck_assert(!glob("data/curves/lm/t*.csv", 0, NULL, &found));
    for (size_t i = 0; i < found.gl_pathc; i++) {
        FILE *f = fopen(found.gl_pathv[i], "r");
        ck_assert(f);
        header[0] = 0;
        while (fgets(line, sizeof line, f)) {
            if (*line == '#') continue;
            if (header[0])
                add(line, header);
            else
                strcpy(header, line);
        }
        fclose(f);
    }
    globfree(&found);
    for (size_t i = 0; i < n_runs; i++) runs[i].c.model = runs[i].model;
}

static double error_of(const measured *m, size_t rule, double parameter) {
    double length;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_compare_length(rule, &m->c.setting, parameter, &length, &error), error);
    if (isnan(length)) return log(10);
    return length < m->c.lo_tok   ? log(m->c.lo_tok / length)
           : length > m->c.hi_tok ? log(m->c.hi_tok / length)
                                  : 0;
}

/* ---- the split that was fixed before the runs: docs/experiment.md */

static int is_old(const measured *m) {
    return !strcmp(m->setup, "t128-b500-w64") || !strcmp(m->setup, "t64-b50-w64") ||
           !strcmp(m->setup, "t64-b10000-w64");
}

START_TEST(new_setups_predicted_from_old_ones) {
    load();
    ropelaw_compare_case old[MOST];
    ropelaw_compare_row rows[ROPELAW_COMPARE_RULES];
    ropelaw_error error = {0};
    double rms[ROPELAW_COMPARE_RULES];
    size_t n_old = 0, n_new = 0;
    for (size_t i = 0; i < n_runs; i++)
        if (is_old(&runs[i])) old[n_old++] = runs[i].c;
    test_assert_ok(ropelaw_compare_rules(old, n_old, rows, &error), error);
    for (size_t r = 0; r < ROPELAW_COMPARE_RULES; r++) {
        double sum = 0, lo = INFINITY, hi = -INFINITY;
        n_new = 0;
        for (size_t i = 0; i < n_runs; i++) {
            if (is_old(&runs[i])) continue;
            double e = error_of(&runs[i], r, rows[r].fitted);
            sum += e * e, n_new++, lo = fmin(lo, exp(e)), hi = fmax(hi, exp(e));
        }
        rms[r] = sqrt(sum / (double)n_new);
        printf("# fixed split: %s, %s %.3f from %zu runs of 3 set-ups; %zu runs of new ones: RMS %.3f, %.2f "
               "to %.2f\n",
               rows[r].rule, rows[r].parameter, rows[r].fitted, n_old, n_new, rms[r], lo, hi);
    }
    ck_assert(n_old >= 40 && n_new >= 20);
}
END_TEST

/* Every set-up predicted from the others; the public call with models named by their set-up must agree with predictions
   made one at a time. */
START_TEST(setups_left_out) {
    load();
    ropelaw_compare_case all[MOST];
    ropelaw_compare_row rows[ROPELAW_COMPARE_RULES], others[ROPELAW_COMPARE_RULES];
    ropelaw_error error = {0};
    double sum = 0;
    for (size_t i = 0; i < n_runs; i++) all[i] = runs[i].c, all[i].model = runs[i].setup;
    test_assert_ok(ropelaw_compare_rules(all, n_runs, rows, &error), error);
    for (size_t r = 0; r < ROPELAW_COMPARE_RULES; r++)
        printf("# set-ups left out: %s, %zu runs of %zu set-ups: as it stands RMS %.3f, %.2f to %.2f; left "
               "out RMS %.3f, "
               "%.2f to %.2f, %s %.2f to %.2f\n",
               rows[r].rule, rows[r].n_cases, rows[r].n_models, rows[r].rms, rows[r].lo, rows[r].hi,
               rows[r].rms_out, rows[r].out_lo, rows[r].out_hi, rows[r].parameter, rows[r].fitted_lo,
               rows[r].fitted_hi);
    for (size_t i = 0; i < n_runs; i++) {
        ropelaw_compare_case rest[MOST];
        size_t n = 0;
        if (i == 0 || strcmp(runs[i].setup, runs[i - 1].setup)) {
            for (size_t k = 0; k < n_runs; k++)
                if (strcmp(runs[k].setup, runs[i].setup)) rest[n++] = runs[k].c;
            test_assert_ok(ropelaw_compare_rules(rest, n, others, &error), error);
        }
        sum += pow(error_of(&runs[i], 0, others[0].fitted), 2);
    }
    test_assert_rel(rows[0].rms_out, sqrt(sum / (double)n_runs), 1e-9);
}
END_TEST

/* ---- what the rules' numbers depend on: phi, and the factors on coverage (1 rad) and on the band, a value a model */

typedef enum { PHI, COVERAGE_FACTOR, BAND_FACTOR, KINDS } kind;
static const char *const kind_names[KINDS] = {"phi [rad]", "ln(onset/coverage)", "ln(onset/band)"};

typedef struct {
    const char *what;
    double levels[3]; /* of the factor */
    const char *setups[3];
} factor;

/* From the runs of a model with that many steps of tuning, bases from `least` to `most`. phi moves in steps where a pair
   turns safe; the mean logarithms are smooth. */
static double value_of(kind k, const char *model, double steps, double least, double most) {
    ropelaw_compare_case some[MOST];
    ropelaw_compare_row rows[ROPELAW_COMPARE_RULES];
    ropelaw_error error = {0};
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < n_runs; i++)
        if (!strcmp(runs[i].model, model) && runs[i].tune_steps == steps &&
            runs[i].c.setting.tune_base >= least && runs[i].c.setting.tune_base <= most) {
            if (k != PHI && isinf(runs[i].c.hi_tok)) continue; /* a mean needs an onset */
            some[n++] = runs[i].c;
            if (k != PHI) sum += error_of(&runs[i], k == BAND_FACTOR ? BAND : COVERAGE, 1);
        }
    ck_assert_msg(n > 0, "%s", model);
    if (k != PHI) return sum / (double)n;
    test_assert_ok(ropelaw_compare_rules(some, n, rows, &error), error);
    return rows[COVERAGE].fitted;
}

/* Two-sided 95 % quantiles of Student's t. */
static double t_quantile(size_t df) {
    static const double t[] = {NAN, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262};
    ck_assert(df >= 1 && df < sizeof t / sizeof *t);
    return t[df];
}

static void mean_and_half(const double *x, size_t n, double *mean, double *half) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) sum += x[i];
    *mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) squares += pow(x[i] - *mean, 2);
    *half = t_quantile(n - 1) * sqrt(squares / (double)(n - 1) / (double)n);
}

static int is_first_of_model(size_t i) {
    return i == 0 || strcmp(runs[i].model, runs[i - 1].model);
}

/* Three models have an interval with two degrees of freedom. Bases up to 10 times that of pre-training,
   which every set-up has. x, y: a point a model. Returns how many. */
static size_t gather(kind k, const factor *f, double *x, double *y) {
    size_t all = 0;
    for (size_t level = 0; level < 3; level++) {
        double v[8], mean, half;
        size_t n = 0;
        for (size_t i = 0; i < n_runs; i++) {
            if (!is_first_of_model(i) || strcmp(runs[i].setup, f->setups[level])) continue;
            double b0 = runs[i].c.setting.pretrain_base;
            v[n] = value_of(k, runs[i].model, 150, b0, 10.01 * b0);
            x[all] = log2(f->levels[level]), y[all++] = v[n++];
        }
        ck_assert_uint_ge(n, 1);
        printf("# %s, %s %g:", kind_names[k], f->what, f->levels[level]);
        for (size_t m = 0; m < n; m++) printf(" %.3f", v[m]);
        if (n > 1) {
            mean_and_half(v, n, &mean, &half);
            printf("; mean %.3f [%.3f, %.3f]", mean, mean - half, mean + half);
        }
        printf("\n");
    }
    return all;
}

/* Least-squares slope over the models, a point a model. */
static void slope_of(size_t count, const double *x, const double *y, double *slope, double *half) {
    double n = (double)count, sx = 0, sy = 0, sxx = 0, sxy = 0, rest = 0;
    for (size_t i = 0; i < count; i++) sx += x[i], sy += y[i], sxx += x[i] * x[i], sxy += x[i] * y[i];
    double centre = sxx - sx * sx / n;
    *slope = (sxy - sx * sy / n) / centre;
    for (size_t i = 0; i < count; i++) rest += pow(y[i] - sy / n - *slope * (x[i] - sx / n), 2);
    *half = t_quantile(count - 2) * sqrt(rest / (n - 2) / centre);
}

START_TEST(numbers_by_training_length_width_and_base) {
    load();
    static const factor factors[] = {
        {"training length",   {64, 128, 256},   {"t64-b500-w64", "t128-b500-w64", "t256-b500-w64"}  },
        {"width",             {32, 64, 128},    {"t128-b500-w32", "t128-b500-w64", "t128-b500-w128"}},
        {"pre-training base", {50, 500, 10000}, {"t64-b50-w64", "t64-b500-w64", "t64-b10000-w64"}   },
    };
    for (kind k = PHI; k < KINDS; k++)
        for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
            double x[MOST_MODELS], y[MOST_MODELS], slope, half;
            size_t n = gather(k, &factors[i], x, y);
            slope_of(n, x, y, &slope, &half);
            printf("# %s, per doubling of the %s: %+.3f [%+.3f, %+.3f], %zu models\n", kind_names[k],
                   factors[i].what, slope, slope - half, slope + half, n);
            ck_assert_uint_ge(n, 7);
            ck_assert(isfinite(slope) && half > 0);
        }
}
END_TEST

/* The same models with 50, 150 and 600 steps of tuning at bases 1500 and 5000: differences within a model. */
START_TEST(numbers_by_amount_of_tuning) {
    load();
    static const double steps[] = {50, 150, 600};
    for (kind k = PHI; k < KINDS; k++) {
        double v[3][8], mean, half;
        size_t n = 0;
        for (size_t i = 0; i < n_runs; i++) {
            if (!is_first_of_model(i) || strcmp(runs[i].setup, "t128-b500-w64")) continue;
            for (size_t j = 0; j < 3; j++) v[j][n] = value_of(k, runs[i].model, steps[j], 1500, 5000);
            n++;
        }
        ck_assert_uint_eq(n, 3);
        for (size_t j = 0; j < 3; j++) {
            double change[8];
            for (size_t i = 0; i < n; i++) change[i] = v[j][i] - v[1][i];
            mean_and_half(change, n, &mean, &half);
            printf("# %s, %g steps of tuning: %.3f, %.3f, %.3f; change from 150 steps %+.3f [%+.3f, %+.3f]\n",
                   kind_names[k], steps[j], v[j][0], v[j][1], v[j][2], mean, mean - half, mean + half);
        }
    }
}
END_TEST

int main(void) {
    setenv("CK_DEFAULT_TIMEOUT", "60", 0);
    Suite *s = suite_create("rules");
    const TTest *const tests[] = {new_setups_predicted_from_old_ones, setups_left_out,
                                  numbers_by_training_length_width_and_base, numbers_by_amount_of_tuning,
                                  NULL};
    test_add(s, "rules", tests);
    return test_run(s);
}
