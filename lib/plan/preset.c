/* A row of the preset table as a model: fields by name, and "key=value;key=value" as parameters of its method. */
#include "plan/plan.h"
#include "model/preset.h"
#include <math.h>
#include <string.h>

static void set_params(const ropelaw_preset *preset, ropelaw_method_params *params) {
    const struct {
        const char *key;
        double *to;
    } numbers[] = {
        {"original_max_position_embeddings", &params->train_len       },
        {"low_freq_factor",                  &params->low_freq_factor },
        {"high_freq_factor",                 &params->high_freq_factor},
        {"beta_fast",                        &params->beta_fast       },
        {"beta_slow",                        &params->beta_slow       },
        {"mscale",                           &params->mscale          },
        {"mscale_all_dim",                   &params->mscale_all_dim  },
        {"attention_factor",                 &params->attention_factor},
        {"partial_rotary_factor",            &params->partial         },
    };
    for (size_t i = 0; i < CORE_COUNT(numbers); i++) {
        double x = model_preset_parameter(preset, numbers[i].key);
        if (!isnan(x)) *numbers[i].to = x;
    }
    if (strstr(preset->parameters, "truncate=false")) params->truncate = 0;
}

uint32_t ropelaw_preset_to_plan_model(const ropelaw_preset *preset, ropelaw_plan_model *model,
                                      ropelaw_method_params *params) {
    int inferred = isnan(preset->pretrain_base) && !isnan(preset->base);
    *params = ropelaw_method_params_default;
    set_params(preset, params);
    *model = ropelaw_plan_model_default;
    model->name = preset->name;
    model->rotary_dim = preset->rotary_dim;
    model->head_dim = preset->head_dim;
    model->pretrain_base = inferred ? preset->base : preset->pretrain_base;
    model->train_len = preset->train_len_tok;
    model->tune_base = preset->tune_base;
    model->tune_len = preset->tune_len_tok;
    model->method = preset->method;
    model->factor = preset->factor;
    model->declared_len = preset->declared_len_tok;
    model->params = params;
    return inferred ? ROPELAW_CAVEAT_DEFAULTED : 0;
}
