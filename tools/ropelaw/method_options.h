/* The model options (--model, --config, --base ...) as parameters of a RoPE method. */
#ifndef ROPELAW_TOOLS_METHOD_OPTIONS_H
#define ROPELAW_TOOLS_METHOD_OPTIONS_H

#include "cli.h"

typedef struct {
    ropelaw_method_params params;
    const char *method;  /* name in the registry; "default" without a model */
    double declared_len; /* of the model; NAN */
    ropelaw_model file;  /* of --config, keeps the arrays; zeroed otherwise */
} cli_method;

/* Exit code. Flags override the preset or the file; `kind` names a kind of layers of the file (NULL: the one that the
   law speaks about). Puts model, kind, base, rotary_dim and train_len_tok into c->input. Clear in any case. */
int cli_method_read(cli_context *c, const char *kind, cli_method *m);
void cli_method_clear(cli_method *m);

#endif
