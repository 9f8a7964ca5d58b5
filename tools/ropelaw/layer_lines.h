/* The kinds of layers of a model file, each with what decides how far it reaches. */
#ifndef ROPELAW_TOOLS_LAYER_LINES_H
#define ROPELAW_TOOLS_LAYER_LINES_H

#include "plan_options.h"

/* Puts `layers` and `layers_bound` into result, and lines into the text where the kinds differ or the law is not
   what decides. Options that override the file count for its main kind of layers. Without layers (flags alone, a preset
   of one kind) nothing. Exit code. */
int cli_put_layers(cli_context *c, const cli_model *model, const ropelaw_plan *plan,
                   const ropelaw_plan_options *options, cli_value *result);

#endif
