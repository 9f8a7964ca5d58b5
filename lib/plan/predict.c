/* One question to the law, to phase coverage and to every predictor.
 *
 * A method that cannot be evaluated (LongRoPE without its factors) leaves the law, with its caveat, and no coverage:
 * the frequencies of plain RoPE would be an answer to another question. */
#include "plan/plan.h"
#include <ropelaw/long_range.h>
#include <math.h>

/* Frequencies in use: those of the options, else those of the model's method. */
static void fill_arcs(const ropelaw_plan_options *options, const plan_freqs *method,
                      const ropelaw_setting *doubled, ropelaw_arcs *arcs) {
    const ropelaw_plan_freqs *given = &options->freqs;
    size_t n = given->n_pairs ? given->n_pairs : method->n_pairs;
    *arcs = (ropelaw_arcs){n, given->n_pairs ? given->pretrain_freq : method->freq,
                           given->n_pairs ? given->tune_freq : method->freq + n, doubled->train_len_tok,
                           fmax(doubled->train_len_tok, doubled->tune_len_tok)};
}

static void fill_input(const ropelaw_plan_model *model, const ropelaw_plan_options *options,
                       const ropelaw_setting *doubled, ropelaw_predictor_input *input) {
    *input = ropelaw_predictor_input_default;
    input->setting = *doubled;
    input->phi_rad = options->phi_hi_rad;
    input->eps = options->eps;
    input->critical_dim = options->critical_dim;
    input->n_layers = model->n_layers;
    input->law = options->law;
}

static ropelaw_status coverage_of(const ropelaw_predictor_input *input, double phi_rad, int bidirectional,
                                  ropelaw_coverage *coverage, ropelaw_error *error) {
    ropelaw_status s = input->arcs ? ropelaw_coverage_eval(input->arcs, phi_rad, coverage, error)
                                   : ropelaw_coverage_base_eval(&input->setting, phi_rad, coverage, error);
    if (!s) plan_halve(coverage, bidirectional);
    return s;
}

static ropelaw_status fill_rows(const ropelaw_predictor_input *input, int slow, ropelaw_plan_result *r,
                                ropelaw_error *error) {
    for (size_t i = 0; i < ropelaw_predictor_count() && r->n_rows < ROPELAW_PLAN_PREDICTORS_MAX; i++) {
        const ropelaw_predictor *p = ropelaw_predictor_at(i);
        if (p->slow && !slow) continue;
        ropelaw_plan_row *row = &r->rows[r->n_rows];
        row->predictor = p;
        ropelaw_status s = ropelaw_predictor_eval(p, input, &row->prediction, error);
        if (s) return s;
        if (r->bidirectional && p->kind == ROPELAW_PREDICTS_LENGTH)
            row->prediction.value = row->prediction.pair == ROPELAW_NO_PAIR
                                        ? row->prediction.value / 2
                                        : floor(row->prediction.value / 2);
        r->n_rows++;
    }
    return ROPELAW_OK;
}

/* Smallest base for a length; NAN beyond 2^24 or base 1e12, and where there is no length. */
static ropelaw_status base_for(double length_tok, const ropelaw_plan_options *options, ropelaw_plan_result *r,
                               double *base, ropelaw_error *error) {
    *base = NAN;
    if (!(length_tok >= 2 && length_tok <= ROPELAW_LONG_RANGE_LEN_MAX)) {
        r->long_range.caveats |= ROPELAW_CAVEAT_CENSORED;
        return ROPELAW_OK;
    }
    ropelaw_long_range_query query = {length_tok, r->setting.rotary_dim, 1e12, options->progress};
    ropelaw_long_range_base found;
    ropelaw_status s = ropelaw_long_range_base_find(&query, &found, error);
    if (s) return s;
    *base = found.base;
    r->long_range.caveats |= found.caveats;
    return ROPELAW_OK;
}

static ropelaw_status fill_long_range(const ropelaw_plan_options *options, ropelaw_plan_result *r,
                                      ropelaw_error *error) {
    r->long_range = (ropelaw_plan_long_range){NAN, NAN, NAN, 0};
    if (!options->slow) return ROPELAW_OK;
    for (size_t i = 0; i < r->n_rows; i++)
        if (r->rows[i].predictor == ropelaw_predictor_find("long_range")) {
            r->long_range.len_max = r->rows[i].prediction.value;
            r->long_range.caveats |= r->rows[i].prediction.caveats;
        }
    ropelaw_status s = base_for(r->setting.train_len_tok, options, r, &r->long_range.base_min_train, error);
    return s ? s : base_for(floor(r->law.bound_tok), options, r, &r->long_range.base_min_bound, error);
}

/* What the frequencies decide is not known. */
static void forget_coverage(ropelaw_plan_result *r) {
    r->lo = r->hi = (ropelaw_coverage){NAN, NAN, ROPELAW_NO_PAIR, ROPELAW_CAVEAT_METHOD};
    for (size_t i = 0; i < r->n_rows; i++)
        if (r->rows[i].prediction.pair != ROPELAW_NO_PAIR)
            r->rows[i].prediction = (ropelaw_prediction){NAN, ROPELAW_NO_PAIR, ROPELAW_CAVEAT_METHOD};
        else
            r->rows[i].prediction.caveats |= ROPELAW_CAVEAT_METHOD;
}

static ropelaw_status fill_result(const ropelaw_plan_model *model, const ropelaw_plan_options *options,
                                  const plan_freqs *method, ropelaw_plan_result *r, ropelaw_error *error) {
    ropelaw_setting doubled = plan_doubled(&r->setting, r->bidirectional);
    ropelaw_predictor_input input;
    ropelaw_arcs arcs;
    fill_input(model, options, &doubled, &input);
    fill_arcs(options, method, &doubled, &arcs);
    if (arcs.n_pairs) input.arcs = &arcs;
    ropelaw_status s = plan_law(&r->setting, r->bidirectional, &r->law, error);
    if (!s) s = coverage_of(&input, options->phi_lo_rad, r->bidirectional, &r->lo, error);
    if (!s) s = coverage_of(&input, options->phi_hi_rad, r->bidirectional, &r->hi, error);
    if (!s) s = fill_rows(&input, options->slow, r, error);
    if (!s) s = fill_long_range(options, r, error);
    if (arcs.n_pairs) r->is_method = 1;
    return s;
}

ropelaw_status ropelaw_plan_predict(const ropelaw_plan_model *model, const ropelaw_plan *plan,
                                    const ropelaw_plan_options *options, ropelaw_plan_result *result,
                                    ropelaw_error *error) {
    if (!result) return core_fail(error, ROPELAW_INVALID, "result", "NULL", "an object", "result is NULL");
    if (!options) options = &ropelaw_plan_options_default;
    ropelaw_plan_result r = {0};
    ropelaw_status s = plan_setting(model, plan, &r.setting, error);
    if (s) return s;
    r.bidirectional = model->bidirectional != 0;
    plan_freqs method;
    ropelaw_error reason = {0};
    s = plan_freqs_eval(model, &r.setting, &method, &reason);
    int lacking = s && !options->freqs.n_pairs;
    if (lacking && (s == ROPELAW_NOMEM || !ropelaw_method_find(model->method))) {
        if (error) *error = reason;
        return s;
    }
    if (!isnan(method.base)) {
        r.setting.tune_base = method.base;
        plan_freqs_clear(&method);
    }
    s = fill_result(model, options, &method, &r, error);
    plan_freqs_clear(&method);
    if (s) return s;
    if (lacking) forget_coverage(&r);
    r.is_method |= lacking;
    r.caveats = r.law.caveats | (r.is_method ? ROPELAW_CAVEAT_METHOD : 0);
    *result = r;
    return ROPELAW_OK;
}
