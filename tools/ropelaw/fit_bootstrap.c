/* Bootstrap intervals in the answer of `fit`. */
#include "fit_runs.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One bar over all runs. */
typedef struct {
    const ropelaw_progress *bar;
    size_t run, n_runs;
} overall;

static int report(void *context, double fraction) {
    const overall *o = context;
    return o->bar->call(o->bar->context, ((double)o->run + fraction) / (double)o->n_runs);
}

static int read_options(cli_context *c, ropelaw_run_bootstrap_options *o) {
    const char *word = cli_text(c, "bootstrap", "residuals");
    for (int k = ROPELAW_RESAMPLE_RESIDUALS; k <= ROPELAW_RESAMPLE_DOCUMENTS; k++)
        if (!strcmp(word, ropelaw_resample_str((ropelaw_resample)k))) o->resample = (ropelaw_resample)k;
    o->n_draws = (size_t)cli_number(c, "bootstrap-draws", (double)o->n_draws);
    o->seed = c->seed;
    o->threads = c->threads;
    cli_put_text(c->input, "bootstrap", word);
    cli_put_number(c->input, "bootstrap_draws", (double)o->n_draws);
    return CLI_OK;
}

static int draw_run(cli_context *c, const ropelaw_run *run, const ropelaw_fit_options *options,
                    const ropelaw_run_bootstrap_options *o, fit_bootstrap *b) {
    ropelaw_error error = {0};
    b->status = (int)ropelaw_run_bootstrap_eval(run, options, o, &b->intervals, &error);
    snprintf(b->reason, sizeof b->reason, "%s", error.message);
    if (!b->status || b->status == ROPELAW_UNSUPPORTED || b->status == ROPELAW_SHAPE) return CLI_OK;
    return cli_fail(c, &error);
}

int fit_bootstrap_eval(cli_context *c, const ropelaw_series *series, const ropelaw_fit_options *options,
                       const ropelaw_run_fit *fits, fit_bootstrap **bootstraps) {
    ropelaw_run_bootstrap_options o = ropelaw_run_bootstrap_options_default;
    *bootstraps = NULL;
    if (!cli_given(c, "bootstrap"))
        return cli_given(c, "bootstrap-draws") ? cli_usage(c, "--bootstrap-draws needs --bootstrap") : CLI_OK;
    int code = read_options(c, &o);
    fit_bootstrap *all = calloc(series->n_runs + 1, sizeof *all);
    if (!all)
        return cli_fail(c, &(ropelaw_error){.code = ROPELAW_NOMEM, .message = "no memory for bootstraps"});
    overall part = {cli_progress(c, "bootstrap"), 0, series->n_runs};
    ropelaw_progress progress = {report, &part};
    o.progress = &progress;
    for (part.run = 0; part.run < series->n_runs && !code; part.run++) {
        o.fit = &fits[part.run];
        code = draw_run(c, &series->runs[part.run], options, &o, &all[part.run]);
    }
    *bootstraps = all;
    return code;
}

static void put_ends(cli_value *parent, const char *key, const ropelaw_bootstrap_ends *k) {
    cli_value *v = cli_put(parent, key, cli_object());
    cli_put_number(v, "lo", k->lo > 0 ? k->lo : NAN);
    cli_put_number(v, "hi", k->hi);
}

static void put_target(cli_value *v, const ropelaw_bootstrap_target *t) {
    cli_put_number(v, "est", t->est_tok);
    put_ends(v, "percentile", &t->percentile);
    put_ends(v, "bca", &t->bca);
    put_ends(v, "studentised", &t->studentised);
    put_ends(v, "bootstrap_f", &t->bootstrap_f);
    cli_put_number(v, "n_lost", (double)t->n_lost);
}

void fit_bootstrap_put(cli_value *row, const ropelaw_run_fit *f, const fit_bootstrap *b) {
    const ropelaw_run_bootstrap *k = &b->intervals;
    if (b->status) {
        cli_put_null(row, "bootstrap");
        cli_put_text(row, "bootstrap_reason", b->reason);
        return;
    }
    cli_value *v = cli_put(row, "bootstrap", cli_object());
    cli_put_text(v, "draws_of", ropelaw_resample_str(k->resample));
    cli_put_number(v, "n_draws", (double)k->n_draws);
    cli_put_number(v, "n_units", (double)k->n_units);
    put_target(cli_put(v, "break", cli_object()), &k->break_tok);
    cli_value *onsets = cli_put(v, "onset", cli_array());
    for (size_t i = 0; i < k->n_onsets; i++) {
        cli_value *o = cli_put(onsets, NULL, cli_object());
        cli_put_number(o, "eps", f->onset[i].eps);
        put_target(o, &k->onset[i]);
    }
    cli_put_caveats(v, "caveats", k->caveats);
    cli_put_text(row, "bootstrap_reason", NULL);
}

static const char *end_text(double length) {
    return isfinite(length) && length > 0 ? cli_num(nearbyint(length), 0) : "no limit";
}

static void ends_cell(cli_rows *rows, const ropelaw_bootstrap_ends *k) {
    char text[80];
    if (isnan(k->lo) || isnan(k->hi))
        snprintf(text, sizeof text, "-");
    else
        snprintf(text, sizeof text, "[%s, %s]", end_text(k->lo), end_text(k->hi));
    cli_cell_text(rows, text);
}

static void target_row(cli_rows *rows, const char *run, const char *what, const ropelaw_bootstrap_target *t) {
    if (isnan(t->est_tok)) return;
    cli_cell_text(rows, run);
    cli_cell_text(rows, what);
    cli_cell(rows, nearbyint(t->est_tok));
    ends_cell(rows, &t->percentile);
    ends_cell(rows, &t->bca);
    ends_cell(rows, &t->studentised);
    ends_cell(rows, &t->bootstrap_f);
}

int fit_bootstrap_table(cli_context *c, const ropelaw_series *series, const ropelaw_run_fit *fits,
                        const fit_bootstrap *all) {
    static const ropelaw_column columns[] = {
        {"run",         NULL,             ROPELAW_COLUMN_TEXT,   0},
        {"what",        NULL,             ROPELAW_COLUMN_TEXT,   0},
        {"est",         "estimate [tok]", ROPELAW_COLUMN_NUMBER, 0},
        {"percentile",  NULL,             ROPELAW_COLUMN_TEXT,   0},
        {"bca",         "BCa",            ROPELAW_COLUMN_TEXT,   0},
        {"studentised", NULL,             ROPELAW_COLUMN_TEXT,   0},
        {"bootstrap_f", "bootstrap-F",    ROPELAW_COLUMN_TEXT,   0}
    };
    cli_rows rows = cli_rows_start("Bootstrap", columns, CLI_COUNT_OF(columns));
    if (c->text) fputs("\n", c->text);
    for (size_t i = 0; i < series->n_runs; i++) {
        const ropelaw_run_bootstrap *k = &all[i].intervals;
        const char *name = series->runs[i].name;
        if (all[i].status) {
            cli_note(c, "no bootstrap: %s", all[i].reason);
            continue;
        }
        target_row(&rows, name, "break", &k->break_tok);
        for (size_t e = 0; e < k->n_onsets; e++) {
            char what[48];
            snprintf(what, sizeof what, "+%s %%", cli_num(100 * fits[i].onset[e].eps, 3));
            target_row(&rows, name, what, &k->onset[e]);
        }
    }
    return cli_rows_end(c, &rows, true);
}
