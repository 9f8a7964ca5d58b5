/* A run of `fit` as JSON. */
#include "fit_runs.h"
#include <math.h>
#include <stdlib.h>

/* Unbounded ends are null, with the status to tell why. */
static void put_estimate(cli_value *parent, const char *key, const ropelaw_estimate *e) {
    cli_value *v = cli_put(parent, key, cli_object());
    cli_put_number(v, "est", e->est);
    cli_put_number(v, "lo", e->lo > 0 ? e->lo : NAN);
    cli_put_number(v, "hi", e->hi);
    cli_put_number(v, "se_ln", e->se);
    cli_put_text(v, "status", ropelaw_fit_status_str(e->status));
    cli_put_text(v, "method", *e->method ? e->method : NULL);
    cli_put_caveats(v, "caveats", e->caveats);
}

static void put_slope(cli_value *parent, const char *key, const ropelaw_estimate *e) {
    cli_value *v = cli_put(parent, key, cli_object());
    cli_put_number(v, "est", e->est);
    cli_put_number(v, "lo", e->lo);
    cli_put_number(v, "hi", e->hi);
    cli_put_number(v, "se", e->se);
}

static void put_onsets(cli_value *row, const ropelaw_run_fit *f) {
    cli_value *onsets = cli_put(row, "onset", cli_array());
    for (size_t k = 0; k < f->n_onsets; k++) {
        const ropelaw_onset *o = &f->onset[k];
        cli_value *v = cli_put(onsets, NULL, cli_object());
        cli_put_number(v, "eps", o->eps);
        cli_put_number(v, "est", o->length_tok.est);
        cli_put_number(v, "lo", o->length_tok.lo > 0 ? o->length_tok.lo : NAN);
        cli_put_number(v, "hi", o->length_tok.hi);
        cli_put_number(v, "se_ln", o->length_tok.se);
        cli_put_text(v, "status", ropelaw_fit_status_str(o->length_tok.status));
        cli_put_text(v, "method", *o->length_tok.method ? o->length_tok.method : NULL);
        cli_value *b = cli_put(v, "bracket", cli_array());
        cli_put_number(b, NULL, o->bracket_lo_tok);
        cli_put_number(b, NULL, o->bracket_hi_tok);
        cli_put_caveats(v, "caveats", o->length_tok.caveats);
    }
    cli_value *b = cli_put(row, "bracket", cli_array()); /* of the first eps */
    cli_put_number(b, NULL, f->onset[0].bracket_lo_tok);
    cli_put_number(b, NULL, f->onset[0].bracket_hi_tok);
}

static void put_families(cli_value *row, const ropelaw_run_fit *f) {
    cli_value *list = cli_put(row, "families", cli_array());
    for (size_t i = 0; i < f->n_rows; i++) {
        const ropelaw_family_row *r = &f->rows[i];
        if (!r->fitted) continue;
        cli_value *v = cli_put(list, NULL, cli_object());
        cli_put_text(v, "family", r->family->name);
        cli_put_number(v, "rss", r->fit.rss);
        cli_put_number(v, "aicc", r->aicc);
        cli_put_number(v, "weight", r->weight);
        cli_put_bool(v, "converged", r->fit.converged);
        cli_value *p = cli_put(v, "parameters", cli_object());
        for (size_t k = 0; k < r->family->n_parameters; k++)
            cli_put_number(p, r->family->parameters[k], r->fit.theta[k]);
        cli_put_caveats(v, "caveats", r->fit.caveats);
    }
}

static void put_theory(cli_value *row, const ropelaw_fit_theory *t) {
    cli_put_number(row, "theory_bound", t->bound_tok);
    cli_put_text(row, "theory_reason", *t->reason ? t->reason : NULL);
    cli_put_number(row, "ratio", t->ratio);
    cli_put_text(row, "ratio_reason", *t->ratio_reason ? t->ratio_reason : NULL);
    cli_value *b = cli_put(row, "bracket_ratio", cli_array());
    cli_put_number(b, NULL, t->ratio_lo);
    cli_put_number(b, NULL, t->ratio_hi);
    cli_value *c = cli_put(row, "coverage", cli_object());
    cli_put_number(c, "lo", t->lo.distance_tok);
    cli_put_number(c, "hi", t->hi.distance_tok);
    cli_put_text(c, "status",
                 (t->lo.caveats | t->hi.caveats) & ROPELAW_CAVEAT_UNBOUNDED ? "UNBOUNDED"
                 : isnan(t->lo.distance_tok)                                ? "UNKNOWN"
                                                                            : "BOUNDED");
}

static void put_diagnostics(cli_value *row, const ropelaw_run_fit *f) {
    const ropelaw_fit_diagnostics *d = &f->diagnostics;
    cli_value *v = cli_put(row, "diagnostics", cli_object());
    cli_put_number(v, "largest_influence_ln", d->largest_influence);
    cli_put_number(v, "most_influential_point", (double)d->most_influential);
    cli_put_number(v, "skewness", d->skewness);
    cli_put_number(v, "kurtosis_excess", d->kurtosis_excess);
    cli_put_number(v, "lag1", d->lag1);
    cli_put_number(v, "n_implied", d->n_implied);
    cli_put_bool(v, "too_narrow", d->too_narrow);
}

static int put_residuals(cli_context *c, cli_value *row, const ropelaw_run *run, const ropelaw_run_fit *f) {
    ropelaw_error error = {0};
    double *memory = calloc(6 * f->n + 1, sizeof *memory);
    if (!memory)
        return cli_fail(c, &(ropelaw_error){.code = ROPELAW_NOMEM, .message = "no memory for residuals"});
    ropelaw_residual_rows rows = {
        memory, memory + f->n, memory + 2 * f->n, memory + 3 * f->n, memory + 4 * f->n, memory + 5 * f->n};
    ropelaw_status status = ropelaw_run_residuals(run, f, &rows, &error);
    if (!status) {
        cli_value *list = cli_put(row, "residuals", cli_array());
        for (size_t i = 0; i < f->n; i++) {
            cli_value *v = cli_put(list, NULL, cli_object());
            cli_put_number(v, "x", rows.x[i]);
            cli_put_number(v, "y", rows.y[i]);
            cli_put_number(v, "fitted", rows.fitted[i]);
            cli_put_number(v, "residual", rows.residual[i]);
            cli_put_number(v, "normal_score", rows.normal_score[i]);
            cli_put_number(v, "influence_ln", rows.influence[i]);
        }
    }
    free(memory);
    if (!status || status == ROPELAW_UNSUPPORTED) return CLI_OK;
    return cli_fail(c, &error);
}

static void put_documents(cli_value *row, const ropelaw_run_fit *f) {
    const ropelaw_fit_documents *d = &f->documents;
    if (!d->n) {
        cli_put_null(row, "documents");
        return;
    }
    cli_value *v = cli_put(row, "documents", cli_object());
    cli_put_number(v, "n", (double)d->n);
    cli_put_number(v, "sigma", d->sigma);
    cli_put_number(v, "misfit_p", d->misfit_p);
}

static void put_huber(cli_value *row, const ropelaw_run_fit *f) {
    if (isnan(f->huber_limit)) {
        cli_put_null(row, "huber");
        return;
    }
    cli_value *v = cli_put(row, "huber", cli_object());
    cli_put_number(v, "limit", f->huber_limit);
    cli_put_number(v, "n_clipped", (double)f->n_clipped);
}

int fit_run_put(cli_context *c, cli_value *array, const ropelaw_run *run, const ropelaw_run_fit *f,
                const fit_bootstrap *bootstrap) {
    cli_value *row = cli_put(array, NULL, cli_object());
    cli_put_text(row, "run", run->name);
    cli_put_number(row, "n", (double)f->n);
    cli_put_number(row, "n_lengths", (double)f->n_lengths);
    cli_put_number(row, "n_censored", (double)f->n_censored);
    cli_put_number(row, "len_min", f->len_min_tok);
    cli_put_number(row, "len_max", f->len_max_tok);
    cli_put_text(row, "status", ropelaw_fit_status_str(f->status));
    cli_put_text(row, "family", f->family ? f->family->name : NULL);
    put_onsets(row, f);
    put_estimate(row, "break", &f->break_tok);
    put_estimate(row, "break_profile", &f->break_profile);
    cli_put_number(row, "p_break", f->p_break);
    cli_put_text(row, "p_break_method", *f->p_break_method ? f->p_break_method : NULL);
    cli_put_number(row, "sup_f", f->sup_f);
    cli_put_number(row, "p_davies", f->p_davies);
    put_theory(row, &f->theory);
    put_slope(row, "slope_before", &f->slope_before);
    put_slope(row, "slope_after", &f->slope_after);
    put_slope(row, "width_ln", &f->width);
    cli_put_number(row, "sigma", f->sigma);
    cli_put_number(row, "df", f->df);
    cli_put_number(row, "n_levelled", (double)f->n_levelled);
    put_documents(row, f);
    put_huber(row, f);
    if (bootstrap) fit_bootstrap_put(row, f, bootstrap);
    put_families(row, f);
    put_diagnostics(row, f);
    cli_put_caveats(row, "caveats", fit_run_caveats(f));
    return cli_given(c, "residuals") ? put_residuals(c, row, run, f) : CLI_OK;
}
