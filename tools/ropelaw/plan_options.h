/* The model options (--model, --config, --base, ...) as a model for the plan calls. */
#ifndef ROPELAW_TOOLS_PLAN_OPTIONS_H
#define ROPELAW_TOOLS_PLAN_OPTIONS_H

#include "cli.h"

typedef struct {
    ropelaw_plan_model plan;
    ropelaw_method_params params;
    ropelaw_model file;   /* of --config, or of a preset whose kinds of layers differ; zeroed otherwise */
    double window_tok;    /* of a preset that does not say which of its layers have it; NAN */
    uint32_t caveats;     /* how the options were understood */
    const char *source;   /* of the preset; NULL */
    double *short_factor; /* all 1 where only long factors were given */
} cli_model;

/* Exit code. Flags override the preset or the file; --kind names a kind of layers of the file. Puts the model into c->input. Clear in any case. */
int cli_model_read(cli_context *c, cli_model *model);
void cli_model_clear(cli_model *model);

/* "phase coverage 112138 to 161118", the two equations with their numbers, and so on */
void cli_explain_law(cli_context *c, const ropelaw_setting *setting, const ropelaw_bound *bound);

#endif
