/* From what is known of a model to the setting that the law reads.
 *
 * Bidirectional models (UltraLLaDA): a context of L tokens holds distances from -(L-1) to L-1, so every length enters
 * the law doubled and the lengths that come out are halved: as pre-trained the bound is train_len again. */
#include "plan/plan.h"
#include <math.h>

const ropelaw_plan_model ropelaw_plan_model_default = {.rotary_dim = NAN,
                                                       .head_dim = NAN,
                                                       .pretrain_base = NAN,
                                                       .train_len = NAN,
                                                       .tune_base = NAN,
                                                       .tune_len = NAN,
                                                       .factor = NAN,
                                                       .declared_len = NAN,
                                                       .n_layers = NAN};

const ropelaw_plan_options ropelaw_plan_options_default = {
    .phi_lo_rad = 0, .phi_hi_rad = 1, .eps = 0.9, .critical_dim = NAN};

static ropelaw_status check_known(const ropelaw_plan_model *model, ropelaw_error *error) {
    const struct {
        const char *name;
        double value;
    } needed[] = {
        {"rotary_dim",    model->rotary_dim   },
        {"pretrain_base", model->pretrain_base},
        {"train_len",     model->train_len    }
    };
    for (size_t i = 0; i < CORE_COUNT(needed); i++)
        if (isnan(needed[i].value))
            return core_fail(error, ROPELAW_INVALID, needed[i].name, "", "a number", "%s%s%s is not known",
                             model->name ? model->name : "", model->name ? ": " : "", needed[i].name);
    double d = model->rotary_dim;
    if (d >= 2 && d <= ROPELAW_ROTARY_DIM_MAX && fmod(d, 2) == 0) return ROPELAW_OK;
    return core_fail_number(error, ROPELAW_DOMAIN, "rotary_dim", d, "an even number, 2 to 65536");
}

static double first_known(double a, double b, double c) {
    return !isnan(a) ? a : !isnan(b) ? b : c;
}

ropelaw_status plan_setting(const ropelaw_plan_model *model, const ropelaw_plan *plan,
                            ropelaw_setting *setting, ropelaw_error *error) {
    if (!model) return core_fail(error, ROPELAW_INVALID, "model", "NULL", "an object", "model is NULL");
    ropelaw_status s = check_known(model, error);
    if (s) return s;
    ropelaw_setting x = {
        .rotary_dim = (size_t)model->rotary_dim,
        .pretrain_base = model->pretrain_base,
        .train_len_tok = model->train_len,
        .tune_base = first_known(plan ? plan->tune_base : NAN, model->tune_base, model->pretrain_base),
        .tune_len_tok = first_known(plan ? plan->tune_len : NAN, model->tune_len, model->train_len),
    };
    s = ropelaw_setting_check(&x, error);
    if (!s) *setting = x;
    return s;
}

ropelaw_setting plan_doubled(const ropelaw_setting *setting, int bidirectional) {
    ropelaw_setting x = *setting;
    if (bidirectional) x.train_len_tok *= 2, x.tune_len_tok *= 2;
    return x;
}

ropelaw_status plan_law(const ropelaw_setting *setting, int bidirectional, ropelaw_bound *bound,
                        ropelaw_error *error) {
    ropelaw_setting x = plan_doubled(setting, bidirectional);
    ropelaw_status s = ropelaw_bound_eval(&x, bound, error);
    if (s || !bidirectional) return s;
    double *lengths[] = {&bound->tune_len_tok, &bound->bound_tok, &bound->bound_real_tok,
                         &bound->bound_16b_tok, &bound->drop_len_tok};
    for (size_t i = 0; i < CORE_COUNT(lengths); i++) *lengths[i] /= 2;
    return s;
}

void plan_halve(ropelaw_coverage *coverage, int bidirectional) {
    if (!bidirectional) return;
    coverage->distance_tok /= 2;
    coverage->bound_tok = floor(coverage->bound_tok / 2);
}
