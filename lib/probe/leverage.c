/* How far off a score can be at a position that no training position resembles.

   A score is w.f(s) with the rotary features f. Fitted by least squares to noisy values at the positions s < T, its
   standard deviation at s is g(s) sqrt(1/T) times the noise, g(s)^2 = f(s)' (F'F/T + lambda)^-1 f(s). Two identities
   hold exactly and are checked: the mean of g^2 over the fitted positions is the effective number of features
   sum s_k^2/(s_k^2 + T lambda), and fits to random targets spread as g says. What g does beyond T, and after a change
   of base, is reported against the theory. */
#include "probe/probe.h"
#include <ropelaw/attention.h>
#include <ropelaw/coverage.h>
#include <ropelaw/law.h>
#include <ropelaw/random.h>
#include <float.h>
#include <math.h>

static const double ridge = 1e-6; /* of a full column's norm: what training would leave undetermined */

typedef struct {
    const ropelaw_probe_options *options;
    ropelaw_probe_report *report;
    double theta[128], row[256], weights[256];
    size_t pairs, n_tok;
} bench;

/* ---- the identity and the onset */

static double leverage(const probe_svd *svd, bench *b, const double *theta, double s) {
    probe_features_row(&(probe_features){theta, b->pairs}, s, b->row);
    return sqrt((double)b->n_tok * probe_svd_leverage(svd, b->row, 0, (double)b->n_tok * ridge));
}

/* First s >= from where the leverage is twice the largest one on 0 .. n_tok-1; in steps of 2^(1/16). */
static double onset(const probe_svd *svd, bench *b, const double *theta, double largest, double from) {
    for (double s = from; s < 0x1p24; s = fmax(s + 1, floor(s * exp2(1.0 / 16))))
        if (leverage(svd, b, theta, s) > 2 * largest) return s;
    return NAN;
}

static double largest_inside(const probe_svd *svd, bench *b, const double *theta, double *mean_square) {
    double largest = 0;
    core_sum sum = {0, 0};
    for (size_t s = 0; s < b->n_tok; s++) {
        double g = leverage(svd, b, theta, (double)s);
        largest = fmax(largest, g);
        core_sum_add(&sum, g * g);
    }
    *mean_square = core_sum_value(&sum) / (double)b->n_tok;
    return largest;
}

static void check_identity(bench *b, const probe_svd *svd) {
    double measured[128], mean_square, predicted = 0;
    probe_frequencies(b->options->base * b->options->damage, b->options->rotary_dim, measured);
    double largest = largest_inside(svd, b, measured, &mean_square);
    for (size_t k = 0; k < svd->n; k++) {
        double s2 = svd->s[k] * svd->s[k];
        predicted += s2 / (s2 + (double)b->n_tok * ridge);
    }
    /* the ridge keeps the condition number below s_1 / sqrt(T ridge) */
    double tolerance = (double)svd->n * DBL_EPSILON * svd->s[0] * svd->s[0] / ((double)b->n_tok * ridge);
    probe_add(b->report,
              &(probe_comparison){
                  ROPELAW_PROBE_EQUAL, predicted, mean_square, tolerance,
                  "identity; rounding: features * eps * condition number of the ridged Gram matrix"},
              "mean leverage over the trained positions = effective features");
    probe_add(b->report,
              &(probe_comparison){
                  ROPELAW_PROBE_REPORT, b->options->train_len_tok,
                  onset(svd, b, b->theta, largest, (double)b->n_tok), NAN,
                  "train_len against the position where leverage is twice its largest trained value"},
              "onset of the blow-up [token], same base");
}

/* ---- after a change of base: trained rows with the old frequencies, tuned rows with the new ones */

static ropelaw_status report_base(bench *b, double base, ropelaw_error *error) {
    double tuned[128], unused;
    probe_svd svd;
    probe_frequencies(base, b->options->rotary_dim, tuned);
    ropelaw_setting setting = {b->options->rotary_dim, b->options->base, b->options->train_len_tok, base,
                               b->options->train_len_tok};
    ropelaw_bound bound;
    ropelaw_coverage strict, one;
    ropelaw_status status = ropelaw_bound_eval(&setting, &bound, error);
    if (!status) status = ropelaw_coverage_base_eval(&setting, 0, &strict, error);
    if (!status) status = ropelaw_coverage_base_eval(&setting, 1, &one, error);
    if (!status) status = probe_svd_create(&svd, 2 * b->n_tok, 2 * b->pairs, error);
    if (status) return status;
    probe_features_fill(&(probe_features){b->theta, b->pairs}, b->n_tok, svd.u, svd.m, 0);
    probe_features_fill(&(probe_features){tuned, b->pairs}, b->n_tok, svd.u, svd.m, b->n_tok);
    status = probe_svd_factor(&svd, error);
    if (!status) {
        double largest = largest_inside(&svd, b, tuned, &unused);
        double measured = onset(&svd, b, tuned, largest, (double)b->n_tok);
        const struct {
            const char *name;
            double value;
        } theory[] = {
            {"closed form",     bound.bound_tok },
            {"coverage, phi 0", strict.bound_tok},
            {"coverage, phi 1", one.bound_tok   }
        };
        for (size_t i = 0; i < CORE_COUNT(theory); i++)
            probe_add(b->report,
                      &(probe_comparison){
                          ROPELAW_PROBE_REPORT, theory[i].value, measured, NAN,
                          "theory against the leverage onset: linear algebra has no per-pair reuse"},
                      "onset [token] after base x %.0f, against %s", base / b->options->base, theory[i].name);
    }
    probe_svd_clear(&svd);
    return status;
}

/* ---- random targets (the least-squares experiment of Position Interpolation, section 2.2) */

enum { REPLICATES = 400 };
static const double float_rank =
    1e-7; /* what float32 leaves of the singular values, relative to the largest */

static double worst(bench *b, const double *w, double from, double to, double step) {
    double largest = 0;
    for (double s = from; s < to; s += step) {
        probe_features_row(&(probe_features){b->theta, b->pairs}, s, b->row);
        largest = fmax(largest, fabs(probe_dot(b->row, w, 2 * b->pairs)));
    }
    return largest;
}

/* The fit of one set of targets through the attention kernel: R(s) turns k0 = (1 .. 1, 0 .. 0) into the features, so
   the score of q = w at position 0 with k0 at position s is w.f(s). */
static ropelaw_status through_kernel(bench *b, const double *w, ropelaw_error *error) {
    enum { POSITIONS = 64 };
    size_t d = 2 * b->pairs;
    double *k = core_calloc(2 * POSITIONS * d, sizeof *k);
    if (!k) return core_fail_memory(error, 2 * POSITIONS * d, sizeof *k);
    uint64_t positions[POSITIONS];
    for (size_t i = 0; i < POSITIONS; i++) {
        positions[i] = i * b->n_tok / 32;
        for (size_t n = 0; n < b->pairs; n++) k[i * d + n] = 1;
    }
    ropelaw_attention_problem problem;
    ropelaw_attention_problem_init(&problem, POSITIONS, 1, 1, d);
    problem.rotary_dim = d;
    problem.inv_freq = b->theta;
    problem.positions = positions;
    ropelaw_attention_rotation rotation = {1, problem.k, problem.k, ROPELAW_ATTENTION_ROTATE};
    ropelaw_status status =
        ropelaw_attention_reference_rotate(&problem, &rotation, k, k + POSITIONS * d, error);
    double difference = 0, magnitude = 0;
    for (size_t i = 0; !status && i < POSITIONS; i++) {
        probe_features_row(&(probe_features){b->theta, b->pairs}, (double)positions[i], b->row);
        difference =
            fmax(difference, fabs(probe_dot(k + (POSITIONS + i) * d, w, d) - probe_dot(b->row, w, d)));
    }
    for (size_t j = 0; j < d; j++) magnitude += fabs(w[j]);
    core_free(k);
    if (status) return status;
    /* angle s*theta <= 2T rounded once: half an ulp of 2T, and the sums */
    double tolerance = magnitude * DBL_EPSILON * (2 * (double)b->n_tok + (double)d);
    probe_add(b->report,
              &(probe_comparison){ROPELAW_PROBE_EQUAL, 0, difference, tolerance,
                                  "rounding of the angle in double: sum|w| eps (2 T + d)"},
              "fit through the attention kernel minus fit through LAPACK");
    return ROPELAW_OK;
}

static ropelaw_status check_targets(bench *b, const probe_svd *svd, ropelaw_error *error) {
    double level = float_rank * svd->s[0], square[4] = {0}, *y = core_malloc(svd->m, sizeof *y);
    const double at[4] = {0.5, 1.25, 1.5, 2};
    double measured[128];
    probe_frequencies(b->options->base * b->options->damage, b->options->rotary_dim, measured);
    if (!y) return core_fail_memory(error, svd->m, sizeof *y);
    for (size_t r = 0; r < REPLICATES; r++) {
        ropelaw_random random;
        ropelaw_random_init(&random, b->options->seed, r);
        for (size_t i = 0; i < svd->m; i++) y[i] = ropelaw_random_normal(&random);
        probe_svd_solve(svd, y, level, 0, b->weights);
        for (size_t i = 0; i < 4; i++) {
            probe_features_row(&(probe_features){measured, b->pairs}, at[i] * (double)b->n_tok, b->row);
            double fit = probe_dot(b->row, b->weights, svd->n);
            square[i] += fit * fit / REPLICATES;
        }
    }
    for (size_t i = 0; i < 4; i++) {
        probe_features_row(&(probe_features){b->theta, b->pairs}, at[i] * (double)b->n_tok, b->row);
        double predicted = sqrt(probe_svd_leverage(svd, b->row, level, 0));
        probe_add(b->report,
                  &(probe_comparison){ROPELAW_PROBE_EQUAL, 1, sqrt(square[i]) / predicted,
                                      5 / sqrt(2.0 * REPLICATES),
                                      "Monte-Carlo: five standard errors of a root mean square of 400 fits"},
                  "spread of fits to random targets at %s train_len / leverage",
                  i == 0   ? "0.5"
                  : i == 1 ? "1.25"
                  : i == 2 ? "1.5"
                           : "2");
    }
    /* the last replicate as the paper shows it */
    double n = (double)b->n_tok;
    double outside = worst(b, b->weights, n, 2 * n, 1), inside = worst(b, b->weights, 0, n, 1);
    double between = worst(b, b->weights, 25, 75, 0.125);
    ropelaw_status status = through_kernel(b, b->weights, error);
    probe_svd_solve(svd, y, 0, n * 1e-2, b->weights);
    double ridged = worst(b, b->weights, n, 2 * n, 1);
    core_free(y);
    if (status) return status;
    const char *why =
        "Position Interpolation shows values beyond 8000 outside, bounded ones between positions";
    probe_add(b->report, &(probe_comparison){ROPELAW_PROBE_REPORT, 8000, outside, NAN, why},
              "largest |fit| outside, singular values cut at 1e-7");
    probe_add(b->report, &(probe_comparison){ROPELAW_PROBE_REPORT, NAN, inside, NAN, "targets are N(0, 1)"},
              "largest |fit| inside");
    probe_add(b->report, &(probe_comparison){ROPELAW_PROBE_REPORT, NAN, between, NAN, why},
              "largest |fit| between positions, 25 .. 75");
    probe_add(b->report,
              &(probe_comparison){ROPELAW_PROBE_REPORT, NAN, ridged, NAN,
                                  "a ridge of 0.01 of a column's square removes it"},
              "largest |fit| outside with ridge");
    return ROPELAW_OK;
}

static ropelaw_status run(const ropelaw_probe_options *o, const ropelaw_progress *progress,
                          ropelaw_probe_report *report, ropelaw_error *error) {
    bench b = {.options = o, .report = report, .pairs = o->rotary_dim / 2, .n_tok = (size_t)o->train_len_tok};
    probe_svd svd;
    if (b.n_tok < o->rotary_dim)
        return core_fail_number(error, ROPELAW_DOMAIN, "train_len", o->train_len_tok,
                                ">= rotary_dim for this probe");
    probe_frequencies(o->base, o->rotary_dim, b.theta);
    ropelaw_status status = probe_svd_create(&svd, b.n_tok, o->rotary_dim, error);
    if (status) return status;
    probe_features_fill(&(probe_features){b.theta, b.pairs}, b.n_tok, svd.u, svd.m, 0);
    status = probe_svd_factor(&svd, error);
    if (!status) check_identity(&b, &svd);
    if (!status) status = core_progress(progress, 0.3, error);
    if (!status) status = check_targets(&b, &svd, error);
    probe_svd_clear(&svd);
    for (int i = 1; !status && i <= 2; i++) {
        status = core_progress(progress, 0.4 + 0.2 * i, error);
        if (!status) status = report_base(&b, o->base * (i == 1 ? 10 : 100), error);
    }
    return status;
}

const probe_entry probe_leverage = {
    {"leverage", "a score fitted on trained positions is determined there and arbitrary beyond",
     "leverage f'(F'F/T + ridge)^-1 f of the rotary features, fits to random targets, the attention kernel's "
     "scores", "Chen et al. 2023 (arXiv:2306.15595), section 2.2; identities: lib/probe/leverage.c"},
    .run = run,
};
