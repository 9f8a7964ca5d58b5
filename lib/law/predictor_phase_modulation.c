/* F. Liu, RoPE as phase modulation (2602.10959). The phase of the slowest pair over L tokens, L/base, multiplies the
 * DC component by cos(L/base): base >= L/arccos(eps) keeps eps of it, N layers in a row keep eps^(1/N) each. Near
 * eps^(1/N) = 1 arccos(x) loses digits: arccos(x) = 2 arcsin(sqrt((1-x)/2)), and expm1 gives 1-x. */
#include "law/predictor.h"

ropelaw_status ropelaw_phase_modulation_eval(double length_tok, double eps, double n_layers,
                                             ropelaw_phase_modulation *bases, ropelaw_error *error) {
    if (!bases) return law_null("bases", error);
    ropelaw_status s = rope_check_len("length", length_tok, error);
    if (s) return s;
    if (!(eps > 0 && eps < 1)) return core_fail_number(error, ROPELAW_DOMAIN, "eps", eps, "between 0 and 1");
    if (!(n_layers >= 1 && n_layers <= 1e6))
        return core_fail_number(error, ROPELAW_DOMAIN, "n_layers", n_layers, "1 to 1000000");
    bases->alias = length_tok / (double)ROPE_2PI;
    bases->stable = length_tok / acos(eps);
    bases->deep = length_tok / (2 * asin(sqrt(-expm1(log(eps) / n_layers) / 2)));
    bases->precision = 0x1p23;
    return ROPELAW_OK;
}

static ropelaw_status predict(const ropelaw_predictor_input *input, ropelaw_prediction *p,
                              ropelaw_error *error) {
    ropelaw_phase_modulation bases;
    double layers = isnan(input->n_layers) ? 1 : input->n_layers;
    double tune = fmax(input->setting.train_len_tok, input->setting.tune_len_tok);
    ropelaw_status s = ropelaw_phase_modulation_eval(tune, input->eps, layers, &bases, error);
    if (s) return s;
    *p = (ropelaw_prediction){bases.deep, ROPELAW_NO_PAIR, ROPELAW_CAVEAT_DEFAULTED};
    return ROPELAW_OK;
}

const ropelaw_predictor law_predictor_phase_modulation = {
    .name = "phase_modulation",
    .title = "smallest base that keeps the slowest pair coherent over tune_len",
    .formula = "tune_len / arccos(eps^(1/n_layers))",
    .source = "F. Liu, arXiv:2602.10959 (abstract)",
    .limits =
        "eps is a free parameter (0.9 here; the paper's value was not available); gives a base, not a length",
    .kind = ROPELAW_PREDICTS_BASE,
    .predict = predict,
};
