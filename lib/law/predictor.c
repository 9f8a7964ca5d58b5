/* The registry of predictors, in the order of the tables. */
#include "law/predictor.h"
#include <string.h>

static const ropelaw_predictor *const registry[] = {
    &law_predictor_closed_form,       &law_predictor_closed_form_16b,
    &law_predictor_closed_form_real,  &law_predictor_strict,
    &law_predictor_phase_coverage,    &law_predictor_long_range,
    &law_predictor_real_critical_dim, &law_predictor_fitted,
    &law_predictor_phase_modulation,  &law_predictor_band,
};

const ropelaw_predictor_input ropelaw_predictor_input_default = {
    .phi_rad = 1, .eps = 0.9, .n_layers = NAN, .critical_dim = NAN};

const char *ropelaw_predictor_kind_str(ropelaw_predictor_kind kind) {
    static const char *const names[] = {"length", "base", "index"};
    return (size_t)kind < CORE_COUNT(names) ? names[kind] : "unknown";
}

size_t ropelaw_predictor_count(void) {
    return CORE_COUNT(registry);
}

const ropelaw_predictor *ropelaw_predictor_at(size_t n) {
    return n < CORE_COUNT(registry) ? registry[n] : NULL;
}

const ropelaw_predictor *ropelaw_predictor_find(const char *name) {
    for (size_t i = 0; name && i < CORE_COUNT(registry); i++)
        if (!strcmp(registry[i]->name, name)) return registry[i];
    return NULL;
}

ropelaw_status ropelaw_predictor_eval(const ropelaw_predictor *predictor,
                                      const ropelaw_predictor_input *input, ropelaw_prediction *prediction,
                                      ropelaw_error *error) {
    if (!predictor) return law_null("predictor", error);
    if (!input) return law_null("input", error);
    if (!prediction) return law_null("prediction", error);
    ropelaw_prediction p = {NAN, ROPELAW_NO_PAIR, 0};
    ropelaw_status s = ropelaw_setting_check(&input->setting, error);
    if (!s) s = predictor->predict(input, &p, error);
    if (!s) *prediction = p;
    return s;
}
