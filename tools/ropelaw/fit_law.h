/* The law in the answer of `fit`. */
#ifndef ROPELAW_TOOLS_FIT_LAW_H
#define ROPELAW_TOOLS_FIT_LAW_H

#include "cli.h"

/* Lines for the option table of a command that calls fit_law_answer. */
#define FIT_LAW_OPTIONS                                                                                      \
    {"floor", CLI_CHOICE, "drop|model|ignore",                                                               \
     "runs whose base is below the critical base of their tuning (drop)"},                                   \
        {"rise-cap", CLI_NUMBER, "X",                                                                        \
         "points X nats above a run's lowest are limits only (automatic where curves level off)"},           \
        {"save-law", CLI_TEXT, "FILE", "write the law for predict --law and design --law"},                  \
        {"save-model", CLI_TEXT, "NAME", "which model's law to save, if there are several"},                 \
        {"save-unit", CLI_FLAG, NULL, "save the law with c = 1 instead of the fitted intercept"}, {          \
        "test", CLI_FLAG, NULL, "exit with 1 if a model's runs reject the theory at 1 - level"               \
    }

/* Fit the law and phi, put `law`, `laws`, `pool` and `phi` into the result, write for people, save what was asked for.
   Exit code. */
int fit_law_answer(cli_context *context, const ropelaw_series *series, const ropelaw_fit_options *options,
                   const ropelaw_run_fit *fits);

/* Put `phi` into the result and write it for people. */
void fit_phi_say(cli_context *context, const ropelaw_phi *phi);

#endif
