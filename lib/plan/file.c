/* A model file as a model: the layers that the law speaks about, and their method with all its parameters. */
#include "plan/plan.h"
#include <ropelaw/plan_layers.h>

ropelaw_status ropelaw_model_to_plan_model(const ropelaw_model *file, ropelaw_plan_model *model,
                                           ropelaw_method_params *params, ropelaw_error *error) {
    const ropelaw_layer_kind *kind = ropelaw_model_kind(file);
    if (!file->has_rope || !kind)
        return core_fail(error, ROPELAW_UNSUPPORTED, "positions", file->positions, "rotary positions",
                         "%s: the model has no rotary positions (%s)", file->file, file->positions);
    (void)ropelaw_layer_kind_to_plan_model(file, kind, model, params);
    model->name = file->name[0] ? file->name : file->file;
    return ROPELAW_OK;
}
