/* The runs in the answer of `fit`: JSON, tables and caveats. */
#ifndef ROPELAW_TOOLS_FIT_RUNS_H
#define ROPELAW_TOOLS_FIT_RUNS_H

#include "cli.h"

/* Every caveat of a run: its own, its break's, its onsets' and those of the theory beside it. */
uint32_t fit_run_caveats(const ropelaw_run_fit *fit);

/* What a reader must be told, once each, with the runs that it is about. Exit code. */
int fit_runs_tell(cli_context *context, const ropelaw_series *series, const ropelaw_run_fit *fits);

/* One run at the end of `array`; its bootstrap is put too unless NULL. Exit code. */
typedef struct {
    int status; /* of the library; UNSUPPORTED and SHAPE: the run cannot be drawn, `reason` says why */
    char reason[320];
    ropelaw_run_bootstrap intervals;
} fit_bootstrap;
int fit_run_put(cli_context *context, cli_value *array, const ropelaw_run *run, const ropelaw_run_fit *fit,
                const fit_bootstrap *bootstrap);

/* --bootstrap: draw for every run ([n_runs], freed by the caller; NULL if not asked for), then JSON and table. Exit code. */
int fit_bootstrap_eval(cli_context *context, const ropelaw_series *series, const ropelaw_fit_options *options,
                       const ropelaw_run_fit *fits, fit_bootstrap **bootstraps);
void fit_bootstrap_put(cli_value *row, const ropelaw_run_fit *fit, const fit_bootstrap *bootstrap);
int fit_bootstrap_table(cli_context *context, const ropelaw_series *series, const ropelaw_run_fit *fits,
                        const fit_bootstrap *bootstraps);

/* --residuals as a table. Exit code. */
int fit_residuals_table(cli_context *context, const ropelaw_series *series, const ropelaw_run_fit *fits);

/* One row per run: for people the intervals are in the cells, for machines in columns of their own. Exit code. */
int fit_runs_people_table(cli_context *context, const ropelaw_series *series, const ropelaw_run_fit *fits);
int fit_runs_machine_table(cli_context *context, const ropelaw_series *series, const ropelaw_run_fit *fits);

#endif
