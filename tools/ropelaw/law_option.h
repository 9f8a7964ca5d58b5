/* --law FILE: a law fitted to the user's measurements, read once. */
#ifndef ROPELAW_TOOLS_LAW_OPTION_H
#define ROPELAW_TOOLS_LAW_OPTION_H

#include "cli.h"

typedef struct {
    bool given, has_law; /* a file may carry phi alone */
    double level;        /* of the interval */
    ropelaw_law_file file;
} cli_law;

/* Exit code. Clear in any case. */
int cli_law_read(cli_context *c, cli_law *law);
void cli_law_clear(cli_law *law);

/* `interval` of one answer: where a new run breaks; null without a law. A model other than the law's is told. */
int cli_law_interval(cli_context *c, const cli_law *law, const ropelaw_setting *setting, cli_value *parent);

/* Phase coverage at the phi of the law file: `fitted` in `coverage`, null without one. */
int cli_law_coverage(cli_context *c, const cli_law *law, const ropelaw_plan_model *model,
                     const ropelaw_plan *plan, cli_value *coverage);

/* The same of one option of a design, as `coverage_fitted`. */
int cli_law_option_coverage(cli_context *c, const cli_law *law, const ropelaw_setting *setting,
                            const ropelaw_plan_option *option, cli_value *parent);

/* The option that reaches target with the confidence asked for, put before the others; none where no base does, and
   the reason becomes a caveat. */
int cli_law_design(cli_context *c, const cli_law *law, ropelaw_plan_design *design);

#endif
