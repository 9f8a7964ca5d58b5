/* Residuals of `fit` as a table: against the fit, against length, against the normal law, and each point's influence. */
#include "fit_runs.h"
#include <math.h>
#include <stdlib.h>

static ropelaw_status add_run(cli_rows *rows, const ropelaw_run *run, const ropelaw_run_fit *f,
                              ropelaw_error *error) {
    size_t n = f->n;
    double *m = calloc(6 * n + 1, sizeof *m);
    if (!m) {
        *error = (ropelaw_error){.code = ROPELAW_NOMEM, .message = "no memory for residuals"};
        return ROPELAW_NOMEM;
    }
    ropelaw_residual_rows r = {m, m + n, m + 2 * n, m + 3 * n, m + 4 * n, m + 5 * n};
    ropelaw_status status = ropelaw_run_residuals(run, f, &r, error);
    for (size_t i = 0; i < n && !status; i++) {
        cli_cell_text(rows, run->name);
        cli_cell(rows, nearbyint(exp(r.x[i])));
        cli_cell(rows, r.y[i]);
        cli_cell(rows, r.fitted[i]);
        cli_cell(rows, r.residual[i]);
        cli_cell(rows, r.normal_score[i]);
        cli_cell(rows, r.influence[i]);
    }
    free(m);
    return status == ROPELAW_UNSUPPORTED ? ROPELAW_OK : status;
}

int fit_residuals_table(cli_context *c, const ropelaw_series *series, const ropelaw_run_fit *fits) {
    static const ropelaw_column columns[] = {
        {"run",          NULL,             ROPELAW_COLUMN_TEXT,   0},
        {"eval_len_tok", "length [tok]",   ROPELAW_COLUMN_NUMBER, 0},
        {"y",            "ln ppl",         ROPELAW_COLUMN_NUMBER, 5},
        {"fitted",       NULL,             ROPELAW_COLUMN_NUMBER, 5},
        {"residual",     NULL,             ROPELAW_COLUMN_NUMBER, 3},
        {"normal_score", "normal score",   ROPELAW_COLUMN_NUMBER, 3},
        {"influence_ln", "moves ln break", ROPELAW_COLUMN_NUMBER, 3}
    };
    cli_rows rows = cli_rows_start("Residuals", columns, CLI_COUNT_OF(columns));
    ropelaw_error error = {0};
    if (c->text) fputs("\n", c->text);
    for (size_t i = 0; i < series->n_runs; i++)
        if (add_run(&rows, &series->runs[i], &fits[i], &error)) {
            ropelaw_table_destroy(&rows.table);
            return cli_fail(c, &error);
        }
    return cli_rows_end(c, &rows, true);
}
