/* The registry of tables, and presets as settings. */
#include "report/rows.h"
#include <math.h>
#include <string.h>

static const ropelaw_report_table *const tables[] = {&report_table_critical, &report_table_bases,
                                                     &report_table_onsets, &report_table_rules};

const ropelaw_report_table *ropelaw_report_table_get(size_t index) {
    return index < CORE_COUNT(tables) ? tables[index] : NULL;
}

const ropelaw_report_table *ropelaw_report_table_find(const char *name) {
    for (size_t i = 0; name && i < CORE_COUNT(tables); i++)
        if (!strcmp(tables[i]->name, name)) return tables[i];
    return NULL;
}

ropelaw_status ropelaw_report_table_build(const char *name, const ropelaw_report_input *input,
                                          ropelaw_table **table, uint32_t *caveats, ropelaw_error *error) {
    const ropelaw_report_table *found = ropelaw_report_table_find(name);
    uint32_t bits = 0;
    if (!found)
        return core_fail(error, ROPELAW_INVALID, "table", name, "", "no table \"%.40s\"",
                         name ? name : "(null)");
    if (!input || !table)
        return core_fail(error, ROPELAW_INVALID, input ? "table" : "input", "", "", "NULL was given");
    ropelaw_status status = found->build(input, table, &bits, error);
    if (!status && caveats) *caveats = bits;
    return status;
}

ropelaw_status ropelaw_report_model_plan(const ropelaw_plan_model *p, ropelaw_report_model *model,
                                         ropelaw_error *error) {
    const char *missing = isnan(p->rotary_dim)      ? "rotary_dim"
                          : isnan(p->pretrain_base) ? "pretrain_base"
                          : isnan(p->train_len)     ? "train_len"
                                                    : NULL;
    const char *name = p->name ? p->name : "model";
    if (missing)
        return core_fail(error, ROPELAW_INVALID, missing, "", "", "%s of %.60s is not known", missing, name);
    *model = (ropelaw_report_model){
        name,
        {(size_t)p->rotary_dim, p->pretrain_base, p->train_len,
          isnan(p->tune_base) ? p->pretrain_base : p->tune_base,
          isnan(p->tune_len) ? p->train_len : p->tune_len},
        p->method
    };
    return ROPELAW_OK;
}

/* Tables print no inferred base: what the preset does not say of pre-training stays unknown. */
ropelaw_status report_model_of(const ropelaw_preset *p, ropelaw_report_model *model, ropelaw_error *error) {
    ropelaw_plan_model plan;
    ropelaw_method_params params;
    if (ropelaw_preset_to_plan_model(p, &plan, &params) & ROPELAW_CAVEAT_DEFAULTED) plan.pretrain_base = NAN;
    return ropelaw_report_model_plan(&plan, model, error);
}

ropelaw_status ropelaw_report_model_preset(const char *name, ropelaw_report_model *model,
                                           ropelaw_error *error) {
    const ropelaw_preset *preset;
    ropelaw_status status = ropelaw_preset_find(name, &preset, error);
    return status ? status : report_model_of(preset, model, error);
}
