#include "core/core.h"
#include "lm/experiment.h"
#include <ropelaw/coverage.h>
#include <ropelaw/law.h>
#include <math.h>
#include <string.h>

static ropelaw_status add_theory(ropelaw_train_run *run, ropelaw_error *error) {
    ropelaw_setting setting = {run->head_dim, run->pretrain_base, (double)run->train_len, run->base,
                               (double)run->tune_len};
    ropelaw_bound bound;
    ropelaw_coverage strict, coverage;
    ropelaw_status status = ropelaw_bound_eval(&setting, &bound, error);
    if (!status) status = ropelaw_coverage_base_eval(&setting, 0, &strict, error);
    if (!status) status = ropelaw_coverage_base_eval(&setting, 1, &coverage, error);
    if (status) return status;
    run->closed_form = bound.bound_tok;
    run->closed_form_16b = bound.bound_16b_tok;
    run->strict = strict.bound_tok;
    run->coverage = coverage.bound_tok;
    return ROPELAW_OK;
}

/* Largest excess of the bins in [from, to], or NAN. */
static double largest(const ropelaw_lm_curve *c, double from, double to) {
    double most = NAN;
    for (size_t i = 0; i < c->n_bins; i++) {
        double length = c->bins[i].length_tok;
        if (length >= from && length <= to) most = fmax(most, c->bins[i].excess_nats);
    }
    return most;
}

/* Mean excess of the bins in [from, to], or NAN if the curve ends before. */
static double mean(const ropelaw_lm_curve *c, double from, double to) {
    double sum = 0, n = 0;
    if (c->bins[c->n_bins - 1].length_tok < to) return NAN;
    for (size_t i = 0; i < c->n_bins; i++) {
        double length = c->bins[i].length_tok;
        if (length >= from && length <= to) sum += c->bins[i].excess_nats, n++;
    }
    return n > 0 ? sum / n : NAN;
}

ropelaw_status lm_run_summarise(ropelaw_train_run *run, const ropelaw_lm_curve *curve, ropelaw_error *error) {
    ropelaw_status status = add_theory(run, error);
    if (!status)
        status = ropelaw_lm_onset(curve, LM_ONSET_NATS, LM_ONSET_REPLICATES, run->seed, &run->onset, error);
    if (status) return status;
    double onset = run->onset.censored ? NAN : run->onset.onset_tok, tune_len = (double)run->tune_len;
    run->ratio_closed_form = onset / run->closed_form;
    run->ratio_strict = onset / run->strict;
    run->ratio_coverage = onset / run->coverage;
    run->plateau_nats = largest(curve, tune_len, 0.8 * run->strict);
    run->wall_nats = mean(curve, 2.5 * run->closed_form_16b, 3.2 * run->closed_form_16b);
    run->pedestal_nats = largest(curve, tune_len, 0.5 * run->closed_form_16b);
    run->reference_nats = curve->reference_nats;
    run->final_ppl = curve->bins[curve->n_bins - 1].cumulative_ppl;
    return ROPELAW_OK;
}

static ropelaw_status grow_runs(ropelaw_series *s, ropelaw_error *error) {
    ropelaw_run *runs = core_realloc(s->runs, s->n_runs + 1, sizeof *runs);
    if (!runs) return core_fail_memory(error, s->n_runs + 1, sizeof *runs);
    s->runs = runs;
    memset(&runs[s->n_runs], 0, sizeof *runs);
    s->n_runs++;
    return ROPELAW_OK;
}

ropelaw_status lm_series_add(ropelaw_series *series, const ropelaw_train_run *run,
                             const ropelaw_lm_curve *curve, ropelaw_error *error) {
    ropelaw_status status = grow_runs(series, error);
    if (status) return status;
    ropelaw_run *r = &series->runs[series->n_runs - 1];
    r->kind = ROPELAW_VALUE_LOSS;
    r->rotary_dim = (double)run->head_dim, r->pretrain_base = run->pretrain_base;
    r->train_len_tok = (double)run->train_len, r->tune_len_tok = (double)run->tune_len;
    r->base = run->base, r->factor = NAN;
    r->name = core_strdup(run->run), r->model = core_strdup(run->model), r->method = core_strdup("default");
    r->points = core_calloc(curve->n_bins, sizeof *r->points);
    if (!r->name || !r->model || !r->method || !r->points)
        return core_fail_memory(error, curve->n_bins, sizeof *r->points);
    for (size_t i = 0; i < curve->n_bins; i++) {
        const ropelaw_lm_bin *bin = &curve->bins[i];
        if (bin->length_tok <= (double)run->tune_len) continue;
        r->points[r->n_points++] = (ropelaw_point){.eval_len_tok = bin->length_tok,
                                                   .value = run->reference_nats + bin->excess_nats,
                                                   .se = bin->excess_se > 0 ? bin->excess_se : NAN,
                                                   .n_tokens = bin->n_tokens,
                                                   .n_trials = NAN,
                                                   .doc = SIZE_MAX,
                                                   .replicate = SIZE_MAX};
    }
    return ROPELAW_OK;
}
