#include "core/core.h"
#include <ropelaw/compare.h>
#include <ropelaw/coverage.h>
#include <ropelaw/predictor.h>
#include <math.h>
#include <string.h>

typedef enum { CLOSED_FORM, STRICT, COVERAGE, BAND, REAL_CRITICAL_DIM } rule;

static const struct {
    const char *name, *parameter;
    double as_is, first, step;
    int n_steps;
} rules[ROPELAW_COMPARE_RULES] = {
    {"closed_form",       "factor",    1,        -1,  0.005,  400},
    {"strict",            "factor",    1,        -1,  0.005,  400},
    {"coverage",          "phi_rad",   1,        0,   0.01,   310},
    {"band",              "factor",    1,        -1,  0.005,  400},
    {"real_critical_dim", "dim_ratio", 30. / 35, 0.5, 0.0025, 400},
};

static bool is_factor(rule r) {
    return !strcmp(rules[r].parameter, "factor");
}

/* Oka et al. name a pair, not a length: the one whose cosine varies most over the trained positions. It stays that pair
   after a change of base as long as theta L does, which gives L = train_len (base/pretrain_base)^(2 j/d). */
static ropelaw_status band_length(const ropelaw_setting *s, double *length, ropelaw_error *error) {
    double pair;
    ropelaw_status status =
        ropelaw_band_eval(s->rotary_dim, s->pretrain_base, s->train_len_tok, &pair, error);
    if (status) return status;
    double stretch = pow(s->tune_base / s->pretrain_base, 2 * pair / (double)s->rotary_dim);
    *length = fmax(s->tune_len_tok, s->train_len_tok * stretch);
    return ROPELAW_OK;
}

/* LongRoPE2 finds the critical dimension by search on the model; here it is a share of the theory's. */
static ropelaw_status real_dim_length(const ropelaw_setting *s, double ratio, double *length,
                                      ropelaw_error *error) {
    ropelaw_critical critical;
    ropelaw_status status =
        ropelaw_critical_dim_count(s->rotary_dim, s->pretrain_base, s->train_len_tok, &critical, error);
    if (status) return status;
    double exponent = ratio * (double)critical.dim / (double)s->rotary_dim;
    *length = fmax(s->tune_len_tok, 2 * M_PI * pow(s->tune_base, exponent));
    return ROPELAW_OK;
}

ropelaw_status ropelaw_compare_length(size_t rule_index, const ropelaw_setting *setting, double parameter,
                                      double *length_tok, ropelaw_error *error) {
    ropelaw_coverage coverage;
    ropelaw_bound bound;
    double tokens = NAN;
    if (!setting || !length_tok || rule_index >= ROPELAW_COMPARE_RULES)
        return core_fail(error, ROPELAW_INVALID,
                         !setting      ? "setting"
                         : !length_tok ? "length_tok"
                                       : "rule",
                         "", "", "a required argument is missing");
    const rule r = (rule)rule_index;
    ropelaw_status status = ropelaw_setting_check(setting, error);
    if (status) return status;
    switch (r) {
    case CLOSED_FORM:
        status = ropelaw_bound_eval(setting, &bound, error);
        if (!status) tokens = bound.bound_tok;
        break;
    case STRICT:
    case COVERAGE:
        status = ropelaw_coverage_base_eval(setting, r == STRICT ? 0 : parameter, &coverage, error);
        if (!status) tokens = coverage.bound_tok;
        break;
    case BAND:
        status = band_length(setting, &tokens, error);
        break;
    default:
        status = real_dim_length(setting, parameter, &tokens, error);
    }
    if (!status) *length_tok = is_factor(r) ? tokens * parameter : tokens;
    return status;
}

static double error_of(const ropelaw_compare_case *c, double length) {
    double lo = log(c->lo_tok), hi = log(c->hi_tok);
    return length < lo ? lo - length : length > hi ? hi - length : 0;
}

static double parameter_at(rule r, int step) {
    double x = rules[r].first + rules[r].step * step;
    return r == COVERAGE || r == REAL_CRITICAL_DIM ? x : exp(x);
}

/* All errors of a rule: [n_steps + 1] rows of the grid and, last, as it stands. A factor multiplies one length, which is
   computed once. */
static ropelaw_status tabulate(rule r, const ropelaw_compare_case *cases, size_t n, double *errors,
                               ropelaw_error *error) {
    for (size_t i = 0; i < n; i++) {
        double length = NAN;
        for (int step = 0; step <= rules[r].n_steps + 1; step++) {
            double parameter = step > rules[r].n_steps ? rules[r].as_is : parameter_at(r, step);
            if (!is_factor(r) || !step) {
                ropelaw_status status = ropelaw_compare_length(r, &cases[i].setting,
                                                               is_factor(r) ? 1 : parameter, &length, error);
                if (status) return status;
            }
            double at = is_factor(r) ? length * parameter : length;
            errors[(size_t)step * n + i] = isnan(at) ? NAN : error_of(&cases[i], log(at));
        }
    }
    return ROPELAW_OK;
}

/* Sum of squares of a grid row, without the runs of one model (NULL: all). A case without a prediction somewhere on the
   grid (large phi covers everything) counts there with a factor of 10, so that such a phi is not preferred. */
static double squares(const ropelaw_compare_case *cases, size_t n, const double *row, const double *usable,
                      const char *without) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(usable[i]) || (without && !strcmp(cases[i].model, without))) continue;
        sum += isnan(row[i]) ? log(10) * log(10) : row[i] * row[i];
    }
    return sum;
}

static int best_step(rule r, const ropelaw_compare_case *cases, size_t n, const double *errors,
                     const double *usable, const char *without) {
    int best = 0;
    double least = INFINITY;
    for (int step = 0; step <= rules[r].n_steps; step++) {
        double sum = squares(cases, n, errors + (size_t)step * n, usable, without);
        if (sum < least) least = sum, best = step;
    }
    return best;
}

static bool is_first(const ropelaw_compare_case *cases, size_t i, const double *usable) {
    for (size_t k = 0; k < i; k++)
        if (!isnan(usable[k]) && !strcmp(cases[k].model, cases[i].model)) return false;
    return !isnan(usable[i]);
}

static void leave_out(rule r, const ropelaw_compare_case *cases, size_t n, const double *errors,
                      ropelaw_compare_row *row) {
    const double *usable = errors + (size_t)(rules[r].n_steps + 1) * n;
    double sum = 0;
    row->fitted_lo = row->out_lo = INFINITY, row->fitted_hi = row->out_hi = -INFINITY;
    for (size_t m = 0; m < n; m++) {
        if (!is_first(cases, m, usable)) continue;
        int step = best_step(r, cases, n, errors, usable, cases[m].model);
        row->fitted_lo = fmin(row->fitted_lo, parameter_at(r, step));
        row->fitted_hi = fmax(row->fitted_hi, parameter_at(r, step));
        for (size_t i = 0; i < n; i++) {
            double e = errors[(size_t)step * n + i];
            if (isnan(usable[i]) || strcmp(cases[i].model, cases[m].model)) continue;
            if (isnan(e)) e = log(10);
            sum += e * e;
            row->out_lo = fmin(row->out_lo, exp(e)), row->out_hi = fmax(row->out_hi, exp(e));
        }
        row->n_models++;
    }
    row->rms_out = row->n_models < 2 ? NAN : sqrt(sum / (double)row->n_cases);
}

static void fill(rule r, const ropelaw_compare_case *cases, size_t n, const double *errors,
                 ropelaw_compare_row *row) {
    const double *as_is = errors + (size_t)(rules[r].n_steps + 1) * n;
    *row = (ropelaw_compare_row){
        .rule = rules[r].name, .parameter = rules[r].parameter, .as_is = rules[r].as_is};
    row->lo = INFINITY, row->hi = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (isnan(as_is[i])) continue;
        row->n_cases++;
        row->lo = fmin(row->lo, exp(as_is[i])), row->hi = fmax(row->hi, exp(as_is[i]));
    }
    int best = best_step(r, cases, n, errors, as_is, NULL);
    row->fitted = parameter_at(r, best);
    row->rms = sqrt(squares(cases, n, as_is, as_is, NULL) / (double)row->n_cases);
    row->rms_fitted = sqrt(squares(cases, n, errors + (size_t)best * n, as_is, NULL) / (double)row->n_cases);
    leave_out(r, cases, n, errors, row);
}

ropelaw_status ropelaw_compare_rules(const ropelaw_compare_case *cases, size_t n_cases,
                                     ropelaw_compare_row *rows, ropelaw_error *error) {
    if (!cases || !rows || !n_cases)
        return core_fail(error, ROPELAW_INVALID, rows ? "cases" : "rows", "", "",
                         "a required argument is missing");
    for (size_t i = 0; i < n_cases; i++)
        if (!cases[i].model || !(cases[i].lo_tok > 0) || !(cases[i].hi_tok >= cases[i].lo_tok))
            return core_fail_number(error, ROPELAW_DOMAIN, "lo_tok", cases[i].lo_tok,
                                    "> 0 and at most hi_tok");
    double *errors =
        core_malloc(n_cases, 402 * sizeof *errors); /* the longest grid, its end and as it stands */
    if (!errors) return core_fail_memory(error, n_cases, 402 * sizeof *errors);
    ropelaw_status status = ROPELAW_OK;
    ropelaw_compare_row made[ROPELAW_COMPARE_RULES];
    for (size_t r = 0; r < ROPELAW_COMPARE_RULES && !status; r++) {
        status = tabulate((rule)r, cases, n_cases, errors, error);
        if (!status) fill((rule)r, cases, n_cases, errors, &made[r]);
    }
    core_free(errors);
    if (!status) memcpy(rows, made, sizeof made);
    return status;
}
