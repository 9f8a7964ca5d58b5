/* The law's mechanism in linear algebra, without a trained model.

   Stage one fits score weights on the positions 0 .. T-1 with the pre-training base (ridge towards zero), stage two
   refits them on the same positions with a new base (ridge towards the weights of stage one), and the error against
   the target function is followed beyond.

   What is exact gets the verdict: fitted to independent noise twice, the score at s has the variance
   |S1 (S1^2 + l1)^-1 V1' A f(s)|^2 + |S2 (S2^2 + l2)^-1 V2' f(s)|^2, A = V2 l2 (S2^2 + l2)^-1 V2', with the singular value
   decompositions of both stages; simulation must agree within its error.

   How far the score follows the target beyond T is reported beside the theory, for a set-up that was fixed before it was
   run: the target is the one that the theory supplies, the mean advantage of a similar token (probe `discrimination`) at
   the pre-training base; stage one has the ridge of the probe `leverage`; the ridge of stage two weighs the first fit as
   the recipe of docs/experiment.md weighs its stages, 2000 steps against 150; the onset is an error above the target's
   root mean square, where 0 would be as good a guess. It shows no order of the onsets by base. A narrow target,
   exp(-16 s/T) with ridges 1e-4 and 1 and a quarter of its height as threshold, does show one, but it was chosen among
   27 combinations for that: it says that the order is possible here, not that it is the rule. */
#include "probe/probe.h"
#include <ropelaw/coverage.h>
#include <ropelaw/law.h>
#include <ropelaw/random.h>
#include <math.h>
#include <string.h>

enum { BASES = 4, REPLICATES = 400 }; /* up to base x 64: trained models lose their wall beyond x 100 */
static const double growth = 4;       /* from base to base */

typedef struct {
    const char *name;
    double ridge_first, ridge_second; /* of a full column's square */
    double (*target)(const ropelaw_probe_options *o, double s);
    double threshold; /* of the target's root mean square on 0 .. T-1, or of its largest value */
    bool of_rms;
} setup;

static double similar_token(const ropelaw_probe_options *o, double s) {
    double sum = 0, theta[128];
    probe_frequencies(o->base, o->rotary_dim, theta);
    for (size_t n = 0; n < o->rotary_dim / 2; n++) sum += cos(s * theta[n]);
    return 2 * sum / (double)o->rotary_dim;
}

/* What a head that looks at nearby tokens would score: falling smoothly with distance. */
static double nearby(const ropelaw_probe_options *o, double s) {
    return exp(-16 * s / o->train_len_tok);
}

static const setup fixed = {"similar token", 1e-6, 2000. / 150, similar_token, 1, true};
static const setup narrow = {"narrow target", 1e-4, 1, nearby, 0.25, false};

/* Both stages: the pre-training base and the base in use. `rows` keeps the features that the decomposition of the
   second overwrites. */
typedef struct {
    const ropelaw_probe_options *options;
    const setup *setup;
    size_t n_tok, d;
    double theta[128], row[256], w[256];
    probe_svd first, second;
    double *rows, *target, *rest; /* [d][n_tok], [n_tok], [n_tok] */
} stages;

static void clear(stages *x) {
    probe_svd_clear(&x->first);
    probe_svd_clear(&x->second);
    core_free(x->rows);
}

static ropelaw_status create(stages *x, ropelaw_error *error) {
    x->n_tok = (size_t)x->options->train_len_tok, x->d = x->options->rotary_dim;
    x->rows = core_malloc(x->n_tok, (x->d + 2) * sizeof *x->rows);
    if (!x->rows) return core_fail_memory(error, x->n_tok, (x->d + 2) * sizeof *x->rows);
    x->target = x->rows + x->n_tok * x->d, x->rest = x->target + x->n_tok;
    ropelaw_status status = probe_svd_create(&x->first, x->n_tok, x->d, error);
    if (!status) status = probe_svd_create(&x->second, x->n_tok, x->d, error);
    if (status) return status;
    probe_frequencies(x->options->base, x->d, x->theta);
    probe_features_fill(&(probe_features){x->theta, x->d / 2}, x->n_tok, x->first.u, x->n_tok, 0);
    return probe_svd_factor(&x->first, error);
}

/* The features of a new base in stage two. */
static ropelaw_status change_base(stages *x, double base, ropelaw_error *error) {
    probe_frequencies(base, x->d, x->theta);
    const probe_features features = {x->theta, x->d / 2};
    probe_features_fill(&features, x->n_tok, x->rows, x->n_tok, 0);
    memcpy(x->second.u, x->rows, x->n_tok * x->d * sizeof *x->rows);
    return probe_svd_factor(&x->second, error);
}

/* Fit y in stage one, then `again` in stage two from there; the weights end up in w. */
static void fit(stages *x, const double *y, const double *again) {
    double first[256], half = (double)x->n_tok / 2;
    probe_svd_solve(&x->first, y, 0, x->setup->ridge_first * half, first);
    memcpy(x->rest, again, x->n_tok * sizeof *x->rest);
    for (size_t j = 0; j < x->d; j++)
        for (size_t s = 0; s < x->n_tok; s++) x->rest[s] -= x->rows[j * x->n_tok + s] * first[j];
    probe_svd_solve(&x->second, x->rest, 0, x->setup->ridge_second * half, x->w);
    for (size_t j = 0; j < x->d; j++) x->w[j] += first[j];
}

/* ---- the exact part */

/* sum over k of (S/(S^2 + lambda) (V'f)_k)^2 */
static double noise(const probe_svd *svd, const double *row, double lambda) {
    double sum = 0;
    for (size_t k = 0; k < svd->n; k++) {
        double x = 0, s = svd->s[k];
        for (size_t j = 0; j < svd->n; j++) x += svd->vt[j * svd->n + k] * row[j];
        sum += x * x * s * s / ((s * s + lambda) * (s * s + lambda));
    }
    return sum;
}

/* V lambda (S^2 + lambda)^-1 V' f: what stage two leaves of the first fit. */
static void remaining(const probe_svd *svd, const double *row, double lambda, double *out) {
    for (size_t j = 0; j < svd->n; j++) out[j] = 0;
    for (size_t k = 0; k < svd->n; k++) {
        double x = 0;
        for (size_t j = 0; j < svd->n; j++) x += svd->vt[j * svd->n + k] * row[j];
        x *= lambda / (svd->s[k] * svd->s[k] + lambda);
        for (size_t j = 0; j < svd->n; j++) out[j] += svd->vt[j * svd->n + k] * x;
    }
}

static double predicted_spread(stages *x, double s) {
    double half = (double)x->n_tok / 2, left[256];
    probe_features_row(&(probe_features){x->theta, x->d / 2}, s, x->row);
    remaining(&x->second, x->row, x->setup->ridge_second * half, left);
    return sqrt(noise(&x->first, left, x->setup->ridge_first * half) +
                noise(&x->second, x->row, x->setup->ridge_second * half));
}

static ropelaw_status check_spread(stages *x, double base, ropelaw_probe_report *report,
                                   ropelaw_error *error) {
    enum { PLACES = 3 };
    static const double at[PLACES] = {0.5, 1.5, 4};
    double square[PLACES] = {0}, measured[128], *y = core_malloc(2 * x->n_tok, sizeof *y);
    if (!y) return core_fail_memory(error, 2 * x->n_tok, sizeof *y);
    probe_frequencies(base * x->options->damage, x->d, measured);
    for (size_t r = 0; r < REPLICATES; r++) {
        ropelaw_random random;
        ropelaw_random_init(&random, x->options->seed, r);
        for (size_t i = 0; i < 2 * x->n_tok; i++) y[i] = ropelaw_random_normal(&random);
        fit(x, y, y + x->n_tok);
        for (size_t i = 0; i < PLACES; i++) {
            probe_features_row(&(probe_features){measured, x->d / 2}, at[i] * (double)x->n_tok, x->row);
            double score = probe_dot(x->row, x->w, x->d);
            square[i] += score * score / REPLICATES;
        }
    }
    core_free(y);
    for (size_t i = 0; i < PLACES; i++) {
        double want = predicted_spread(x, at[i] * (double)x->n_tok);
        probe_add(report,
                  &(probe_comparison){ROPELAW_PROBE_EQUAL, 1, sqrt(square[i]) / want,
                                      5 / sqrt(2.0 * REPLICATES),
                                      "Monte-Carlo: five standard errors of a root mean square of 400 fits"},
                  "spread of two-stage fits to noise at %s train_len / prediction, base x %.0f",
                  i == 0   ? "0.5"
                  : i == 1 ? "1.5"
                           : "4",
                  base / x->options->base);
    }
    return ROPELAW_OK;
}

/* ---- the reported part */

static double limit_of(const stages *x) {
    double square = 0, largest = 0;
    for (size_t s = 0; s < x->n_tok; s++) {
        square += x->target[s] * x->target[s] / (double)x->n_tok;
        largest = fmax(largest, fabs(x->target[s]));
    }
    return x->setup->threshold * (x->setup->of_rms ? sqrt(square) : largest);
}

/* First position from T on, in steps of 1 %, whose error exceeds the limit at it and at the next step. */
static double find_onset(stages *x) {
    int above = 0;
    double first = NAN, limit = limit_of(x);
    for (double s = (double)x->n_tok; s < 0x1p22; s = fmax(s + 1, floor(s * 1.01))) {
        probe_features_row(&(probe_features){x->theta, x->d / 2}, s, x->row);
        double error = fabs(probe_dot(x->row, x->w, x->d) - x->setup->target(x->options, s));
        if (error <= limit) {
            above = 0;
            continue;
        }
        if (!above) first = s;
        if (++above == 2) return first;
    }
    return NAN;
}

static void follow(stages *x, const setup *in_use, double *onset) {
    x->setup = in_use;
    for (size_t s = 0; s < x->n_tok; s++) x->target[s] = in_use->target(x->options, (double)s);
    fit(x, x->target, x->target);
    *onset = find_onset(x);
}

static ropelaw_status report_onsets(const stages *x, size_t i, const double *onset,
                                    ropelaw_probe_report *report, ropelaw_error *error) {
    const ropelaw_probe_options *o = x->options;
    ropelaw_setting setting = {o->rotary_dim, o->base, o->train_len_tok, o->base * pow(growth, (double)i),
                               o->train_len_tok};
    ropelaw_bound bound;
    ropelaw_coverage strict, one;
    ropelaw_status status = ropelaw_bound_eval(&setting, &bound, error);
    if (!status) status = ropelaw_coverage_base_eval(&setting, 0, &strict, error);
    if (!status) status = ropelaw_coverage_base_eval(&setting, 1, &one, error);
    if (status) return status;
    static const char *const why = "closed form against the onset of the error (-: none up to 2^22); in brackets coverage with phi 0 .. 1";
    for (size_t k = 0; k < 2; k++)
        probe_add(report, &(probe_comparison){ROPELAW_PROBE_REPORT, bound.bound_tok, onset[k], NAN, why},
                  "onset [token] at base x %.0f, %s (coverage %.0f .. %.0f)", pow(growth, (double)i),
                  k ? narrow.name : fixed.name, strict.bound_tok, one.bound_tok);
    return ROPELAW_OK;
}

static void report_order(double onset[BASES][2], ropelaw_probe_report *report) {
    static const char *const why = "number of steps of the base with a longer onset, of 3";
    for (size_t k = 0; k < 2; k++) {
        double longer = 0;
        for (size_t i = 1; i < BASES; i++) longer += onset[i][k] > onset[i - 1][k];
        probe_add(report, &(probe_comparison){ROPELAW_PROBE_REPORT, BASES - 1, longer, NAN, why},
                  "bases whose onset is longer than that of the base before, %s",
                  k ? narrow.name : fixed.name);
    }
}

static ropelaw_status all(stages *x, const ropelaw_progress *progress, ropelaw_probe_report *report,
                          ropelaw_error *error) {
    double onset[BASES][2];
    ropelaw_status status = create(x, error);
    for (size_t i = 0; i < BASES && !status; i++) {
        double base = x->options->base * pow(growth, (double)i);
        x->setup = &fixed;
        status = change_base(x, base, error);
        if (!status && i % 2) status = check_spread(x, base, report, error);
        if (status) break;
        follow(x, &fixed, &onset[i][0]), follow(x, &narrow, &onset[i][1]);
        status = report_onsets(x, i, onset[i], report, error);
        if (!status) status = core_progress(progress, (double)(i + 1) / BASES, error);
    }
    if (!status) report_order(onset, report);
    return status;
}

static ropelaw_status run(const ropelaw_probe_options *o, const ropelaw_progress *progress,
                          ropelaw_probe_report *report, ropelaw_error *error) {
    stages x = {.options = o};
    if ((size_t)o->train_len_tok < o->rotary_dim)
        return core_fail_number(error, ROPELAW_DOMAIN, "train_len", o->train_len_tok,
                                ">= rotary_dim for this probe");
    ropelaw_status status = all(&x, progress, report, error);
    clear(&x);
    return status;
}

const probe_entry probe_two_stage = {
    {"two_stage",
     "after a change of base the reach grows with the base (reported); what two fits leave undetermined is known exactly",
     "ridge fit of score weights at the old base, refit at the new one; 400 fits to noise; error against the target beyond",
     "Liu et al. 2024 (arXiv:2310.05209), eq. 16b; derivation and set-ups: lib/probe/two_stage.c"},
    .run = run,
};
