/* The law's mechanism in linear algebra, without a trained model.

   Stage one fits score weights on the positions 0 .. T-1 with the pre-training base (ridge towards zero), stage two
   refits them on the same positions with a new base (ridge towards the weights of stage one), and the error against
   the target function is followed beyond. Its onset plays the perplexity wall. The theory predicts that the onset
   grows with the base, as base^(critical_dim/d). Linear weights have no nonlinearity and no data, so only the order
   is held to a verdict; how well the onset follows the formulas is reported. The set-up (target, ridges, threshold)
   was chosen among 27 combinations for showing an order at all: targets wider than T/4 show none. */
#include "probe/probe.h"
#include <ropelaw/coverage.h>
#include <ropelaw/law.h>
#include <math.h>

enum {
    BASES = 6,
    ORDERED = 4
}; /* the verdict stops at base x 64: trained models lose their wall beyond x 100 */
static const double growth = 4; /* from base to base */
/* Of a full column's square. The second stage is a short tuning that stays near what pre-training left: with a
   weak ridge there (0.01) the weights are fitted anew and the onset stays near T whatever the base. */
static const double ridge_first = 1e-4, ridge_second = 1;
static const double threshold = 0.25; /* of the target's largest value */

/* What a head that looks at nearby tokens would score: falling smoothly with distance. */
static double target(double s, double n_tok) {
    return exp(-s / (n_tok / 16));
}

typedef struct {
    const ropelaw_probe_options *options;
    size_t n_tok, d;
    double first[256], second[256], row[256];
} stages;

static ropelaw_status refit(stages *x, double base, const double *start, double ridge, double *w,
                            ropelaw_error *error) {
    double theta[128];
    probe_svd svd;
    double *rest = core_malloc(x->n_tok, sizeof *rest);
    if (!rest) return core_fail_memory(error, x->n_tok, sizeof *rest);
    ropelaw_status status = probe_svd_create(&svd, x->n_tok, x->d, error);
    if (status) {
        core_free(rest);
        return status;
    }
    probe_frequencies(base, x->d, theta);
    probe_features features = {theta, x->d / 2};
    for (size_t s = 0; s < x->n_tok; s++) {
        probe_features_row(&features, (double)s, x->row);
        rest[s] = target((double)s, (double)x->n_tok) - (start ? probe_dot(x->row, start, x->d) : 0);
    }
    probe_features_fill(&features, x->n_tok, svd.u, x->n_tok, 0);
    status = probe_svd_factor(&svd, error);
    if (!status) probe_svd_solve(&svd, rest, 0, ridge * (double)x->n_tok / 2, w);
    for (size_t j = 0; !status && start && j < x->d; j++) w[j] += start[j];
    probe_svd_clear(&svd);
    core_free(rest);
    return status;
}

/* First position from T on, in steps of 1 %, whose error exceeds the threshold at it and at the next step. */
static double find_onset(stages *x, double base) {
    double theta[128];
    int above = 0;
    double first = NAN;
    probe_frequencies(base, x->d, theta);
    for (double s = (double)x->n_tok; s < 0x1p26; s = fmax(s + 1, floor(s * 1.01))) {
        probe_features_row(&(probe_features){theta, x->d / 2}, s, x->row);
        double error = fabs(probe_dot(x->row, x->second, x->d) - target(s, (double)x->n_tok));
        if (error <= threshold) {
            above = 0;
            continue;
        }
        if (!above) first = s;
        if (++above == 2) return first;
    }
    return NAN;
}

typedef struct {
    double onset[BASES], law[BASES], strict[BASES], one_rad[BASES];
} outcome;

static ropelaw_status follow(stages *x, size_t i, outcome *out, ropelaw_error *error) {
    const ropelaw_probe_options *o = x->options;
    double base = o->base * pow(growth, (double)i);
    /* the damaged run tunes every copy with the pre-training base: the wall must then not move */
    ropelaw_status status =
        refit(x, o->damage == 1 ? base : o->base, x->first, ridge_second, x->second, error);
    if (status) return status;
    out->onset[i] = find_onset(x, o->damage == 1 ? base : o->base);
    ropelaw_setting setting = {o->rotary_dim, o->base, o->train_len_tok, base, o->train_len_tok};
    ropelaw_bound bound;
    ropelaw_coverage strict, one;
    status = ropelaw_bound_eval(&setting, &bound, error);
    if (!status) status = ropelaw_coverage_base_eval(&setting, 0, &strict, error);
    if (!status) status = ropelaw_coverage_base_eval(&setting, 1, &one, error);
    if (status) return status;
    out->law[i] = bound.bound_tok, out->strict[i] = strict.bound_tok, out->one_rad[i] = one.bound_tok;
    return ROPELAW_OK;
}

static double rms_log_ratio(const double *measured, const double *predicted) {
    double sum = 0;
    for (size_t i = 0; i < ORDERED; i++) sum += pow(log(measured[i] / predicted[i]), 2);
    return sqrt(sum / ORDERED);
}

static double slope(const double *onset) {
    double sxx = 0, sxy = 0, mean = (ORDERED - 1) / 2.0;
    for (size_t i = 0; i < ORDERED; i++) {
        sxx += ((double)i - mean) * ((double)i - mean);
        sxy += ((double)i - mean) * log(onset[i]);
    }
    return sxy / sxx / log(growth);
}

static void compare(const stages *x, const outcome *out, ropelaw_probe_report *report) {
    double smallest = INFINITY;
    for (size_t i = 1; i < ORDERED; i++) smallest = fmin(smallest, out->onset[i] / out->onset[i - 1]);
    probe_add(
        report,
        &(probe_comparison){ROPELAW_PROBE_AT_LEAST, 1.01, smallest, 0,
                            "order only: each base must reach farther than the one before by a search step"},
        "smallest growth of the onset from base to base (x %.0f, up to x 64)", growth);
    for (size_t i = 0; i < BASES; i++)
        probe_add(report,
                  &(probe_comparison){ROPELAW_PROBE_REPORT, out->law[i], out->onset[i], NAN,
                                      "closed form against the error's onset"},
                  "onset [token] at base x %.0f", pow(growth, (double)i));
    ropelaw_critical critical;
    const ropelaw_probe_options *o = x->options;
    double predicted = NAN;
    if (!ropelaw_critical_dim_count(o->rotary_dim, o->base, o->train_len_tok, &critical, NULL))
        predicted = (double)critical.dim / (double)o->rotary_dim;
    probe_add(report,
              &(probe_comparison){ROPELAW_PROBE_REPORT, predicted, slope(out->onset), NAN,
                                  "critical_dim/d against the fitted power of the base"},
              "slope of ln onset on ln base, up to base x 64");
    static const char *const why = "0: follows exactly; 0.1: within ten per cent";
    probe_add(report,
              &(probe_comparison){ROPELAW_PROBE_REPORT, 0, rms_log_ratio(out->onset, out->law), NAN, why},
              "RMS of ln(onset / closed form), up to base x 64");
    probe_add(report,
              &(probe_comparison){ROPELAW_PROBE_REPORT, 0, rms_log_ratio(out->onset, out->strict), NAN, why},
              "RMS of ln(onset / coverage, phi 0), up to base x 64");
    probe_add(report,
              &(probe_comparison){ROPELAW_PROBE_REPORT, 0, rms_log_ratio(out->onset, out->one_rad), NAN, why},
              "RMS of ln(onset / coverage, phi 1), up to base x 64");
}

static ropelaw_status run(const ropelaw_probe_options *o, const ropelaw_progress *progress,
                          ropelaw_probe_report *report, ropelaw_error *error) {
    stages x = {.options = o, .n_tok = (size_t)o->train_len_tok, .d = o->rotary_dim};
    outcome out;
    if (x.n_tok < x.d)
        return core_fail_number(error, ROPELAW_DOMAIN, "train_len", o->train_len_tok,
                                ">= rotary_dim for this probe");
    ropelaw_status status = refit(&x, o->base, NULL, ridge_first, x.first, error);
    for (size_t i = 0; i < BASES && !status; i++) {
        status = follow(&x, i, &out, error);
        if (!status) status = core_progress(progress, (double)(i + 1) / BASES, error);
    }
    if (!status) compare(&x, &out, report);
    return status;
}

const probe_entry probe_two_stage = {
    {"two_stage", "after a change of base the reach grows with the base, as base^(critical_dim/d)",
     "ridge fit of score weights at the old base, refit at the new one, error against the target beyond", "Liu et al. 2024 (arXiv:2310.05209), eq. 16b; set-up: lib/probe/two_stage.c"},
    run
};
