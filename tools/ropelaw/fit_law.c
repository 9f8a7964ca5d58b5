#include "fit_law.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static cli_value *put_range(cli_value *parent, const char *key, ropelaw_range r) {
    cli_value *v = cli_put(parent, key, cli_object());
    cli_put_number(v, "est", r.est);
    cli_put_number(v, "lo", r.lo);
    cli_put_number(v, "hi", r.hi);
    return v;
}

static void put_test(cli_value *parent, const char *key, const ropelaw_law_test *t) {
    cli_value *v = cli_put(parent, key, cli_object());
    cli_put_number(v, "F", t->f);
    cli_put_number(v, "df1", t->df1);
    cli_put_number(v, "df2", t->df2);
    cli_put_number(v, "p", t->p);
}

static void put_line(cli_value *v, const ropelaw_law_line *l) {
    put_range(v, "effective_dim", l->effective_dim);
    put_range(v, "intercept_factor", l->intercept_factor);
    cli_put_number(v, "slope", l->slope);
    cli_put_number(v, "intercept", l->intercept);
    cli_put_number(v, "tau", l->tau);
    cli_put_number(v, "df", l->df);
    cli_put_number(v, "log_likelihood", l->log_likelihood);
}

static void put_shape(cli_value *parent, const ropelaw_law_shape *s) {
    cli_value *v = cli_put(parent, "shape", cli_object());
    cli_put_number(v, "before", s->before);
    cli_put_number(v, "rise", s->rise);
    cli_put_number(v, "width", s->width);
    cli_put_number(v, "sigma", s->sigma);
    cli_put_number(v, "shift_se_ln", s->shift_se);
    cli_put_number(v, "rise_cap", s->rise_cap);
    cli_put_number(v, "rss", s->rss);
    cli_put_number(v, "df", s->df);
    cli_put_number(v, "n_points", (double)s->n_points);
    cli_put_caveats(v, "caveats", s->caveats);
}

static void put_runs(cli_value *parent, const ropelaw_series *series, const ropelaw_law *law, size_t model) {
    cli_value *list = cli_put(parent, "runs", cli_array());
    for (size_t i = 0; i < law->n_runs; i++) {
        const ropelaw_law_run *r = &law->runs[i];
        if (r->model != model) continue;
        cli_value *v = cli_put(list, NULL, cli_object());
        cli_put_text(v, "run", series->runs[i].name);
        cli_put_text(v, "use", ropelaw_run_use_str(r->use));
        cli_put_number(v, "base", series->runs[i].base);
        cli_value *b = put_range(v, "break", r->break_tok);
        cli_put_number(b, "level", 0.95);
        cli_put_number(v, "law", r->law_tok);
        cli_put_number(v, "theory_bound", r->theory_tok);
    }
}

static void put_model(cli_value *v, const ropelaw_series *series, const ropelaw_law *law, size_t j) {
    const ropelaw_law_model *m = &law->models[j];
    bool fitted = !isnan(m->free.slope);
    cli_put_text(v, "model", m->name);
    cli_put_text(v, "reason", m->reason);
    cli_put_number(v, "rotary_dim", m->rotary_dim);
    cli_put_number(v, "pretrain_base", m->pretrain_base);
    cli_put_number(v, "train_len", m->train_len_tok);
    cli_put_number(v, "critical_dim", m->critical_dim);
    cli_put_number(v, "n_runs", (double)m->n_runs);
    cli_put_number(v, "n_censored", (double)m->n_censored);
    cli_put_number(v, "level", law->level);
    put_line(v, &m->free);
    cli_put_text(v, "intercept_reason",
                 fitted || m->reason ? NULL : "a free intercept needs two bases that broke");
    put_line(cli_put(v, "unit_intercept", cli_object()), &m->unit);
    put_test(v, "test_theory", &m->test_theory);
    cli_put_number(v, "p_smaller", m->p_smaller);
    put_range(v, "floor_base", m->floor_base);
    cli_put_number(v, "scatter_lr", m->scatter_lr);
    cli_put_number(v, "p_exact", m->p_exact);
    cli_value *weights = cli_put(v, "weights", cli_array());
    for (size_t k = 0; k < m->n_weights; k++) {
        cli_value *w = cli_put(weights, NULL, cli_object());
        cli_put_number(w, "dim", m->weights[k].dim);
        cli_put_number(w, "weight", m->weights[k].weight);
    }
    put_shape(v, &m->shape);
    put_runs(v, series, law, j);
    cli_put_caveats(v, "caveats", m->caveats | m->free.caveats | m->unit.caveats);
}

static void put_pool(cli_value *parent, const ropelaw_law_pool *p) {
    cli_put_text(parent, "pool_reason", p->reason);
    if (!p->n_models) {
        cli_put_null(parent, "pool");
        return;
    }
    cli_value *v = cli_put(parent, "pool", cli_object());
    cli_put_number(v, "n_models", (double)p->n_models);
    cli_put_number(v, "n_runs", (double)p->n_runs);
    put_range(v, "ratio", p->rho);
    put_test(v, "one_ratio", &p->one_ratio);
    put_range(v, "random_ratio", p->random_mean);
    cli_put_number(v, "omega", p->omega);
    put_range(v, "one_intercept_factor", p->intercept_factor);
    put_test(v, "one_intercept", &p->one_c);
    put_range(v, "one_law_factor", p->both_factor);
    put_range(v, "one_law_ratio", p->both_rho);
    put_test(v, "one_law", &p->one_law);
    cli_put_number(v, "tau", p->tau);
}

/* ---- For people */

static void say_range(FILE *f, ropelaw_range r, int digits) {
    fprintf(f, "%s", cli_num(r.est, digits));
    if (isnan(r.lo))
        fprintf(f, " (too few runs for an interval)");
    else
        fprintf(f, " [%s, %s]", isinf(r.lo) ? "no limit" : cli_num(r.lo, digits),
                isinf(r.hi) ? "no limit" : cli_num(r.hi, digits));
}

static void say_model(FILE *f, const ropelaw_law *law, const ropelaw_law_model *m) {
    fprintf(f, "\nlaw of %s (rotary dim %s, base %s, %s tokens): ", *m->name ? m->name : "the model",
            cli_num(m->rotary_dim, 0), cli_num(m->pretrain_base, 0), cli_num(m->train_len_tok, 0));
    if (m->reason) {
        fprintf(f, "none: %s\n", m->reason);
        return;
    }
    fprintf(f, "%s runs, %s of them only limits; %s %% intervals\n", cli_num((double)m->n_runs, 0),
            cli_num((double)m->n_censored, 0), cli_num(100 * law->level, 4));
    if (!isnan(m->free.slope)) {
        fprintf(f, "  effective dim    ");
        say_range(f, m->free.effective_dim, 4);
        fprintf(f, "   theory %s\n  intercept c      ", cli_num(m->critical_dim, 0));
        say_range(f, m->free.intercept_factor, 3);
        fprintf(f, "   theory 1\n  scatter tau      %s of ln length\n", cli_num(m->free.tau, 2));
    }
    fprintf(f, "  with c = 1       ");
    say_range(f, m->unit.effective_dim, 4);
    fprintf(f, "   likeliest even dims:");
    for (size_t k = 0; k < m->n_weights && k < 3; k++)
        fprintf(f, " %s (%s)", cli_num(m->weights[k].dim, 0), cli_num(m->weights[k].weight, 2));
    fprintf(f, "\n");
    if (!isnan(m->test_theory.p))
        fprintf(f,
                "  theory (dim %s, c 1): F(%s, %s) = %s, p = %s; effective dim smaller than theory: p = %s\n",
                cli_num(m->critical_dim, 0), cli_num(m->test_theory.df1, 0), cli_num(m->test_theory.df2, 0),
                cli_num(m->test_theory.f, 3), cli_num(m->test_theory.p, 2), cli_num(m->p_smaller, 2));
    if (!isnan(m->floor_base.est)) {
        fprintf(f, "  above its floor  from base ");
        say_range(f, m->floor_base, 4);
        fprintf(f, "\n");
    }
    if (!isnan(m->p_exact))
        fprintf(f, "  all runs exactly on the law (no scatter): likelihood ratio %s, p = %s\n",
                cli_num(m->scatter_lr, 3), cli_num(m->p_exact, 2));
    if (isfinite(m->shape.rise_cap))
        fprintf(f, "  curves level off: points more than %s nats up count as limits\n",
                cli_num(m->shape.rise_cap, 3));
}

static void say_pool(FILE *f, const ropelaw_law_pool *p) {
    if (p->reason) fprintf(f, "\npool of the models: none: %s\n", p->reason);
    if (!p->n_models) return;
    fprintf(f, "\neffective / critical dim over %s models: ", cli_num((double)p->n_models, 0));
    say_range(f, p->rho, 4);
    fprintf(f, "; one ratio for all: F(%s, %s) = %s, p = %s\n", cli_num(p->one_ratio.df1, 0),
            cli_num(p->one_ratio.df2, 0), cli_num(p->one_ratio.f, 3), cli_num(p->one_ratio.p, 2));
    fprintf(f, "  one intercept c  ");
    say_range(f, p->intercept_factor, 3);
    fprintf(f, " for all: p = %s; one c and one ratio: c ", cli_num(p->one_c.p, 2));
    say_range(f, p->both_factor, 3);
    fprintf(f, ", ratio ");
    say_range(f, p->both_rho, 4);
    fprintf(f, ": p = %s\n", cli_num(p->one_law.p, 2));
    if (isnan(p->omega)) return;
    fprintf(f, "  as a random ratio: ");
    say_range(f, p->random_mean, 4);
    fprintf(f, ", spread between models %s\n", cli_num(p->omega, 2));
}

static int runs_table(cli_context *c, const ropelaw_series *series, const ropelaw_law *law) {
    static const ropelaw_column columns[] = {
        {"run",        NULL,         ROPELAW_COLUMN_TEXT,   0},
        {"base",       NULL,         ROPELAW_COLUMN_NUMBER, 6},
        {"use",        "in the law", ROPELAW_COLUMN_TEXT,   0},
        {"break_tok",  "break",      ROPELAW_COLUMN_NUMBER, 6},
        {"lo_tok",     "from",       ROPELAW_COLUMN_NUMBER, 6},
        {"hi_tok",     "to",         ROPELAW_COLUMN_NUMBER, 6},
        {"law_tok",    "fitted law", ROPELAW_COLUMN_NUMBER, 6},
        {"theory_tok", "theory",     ROPELAW_COLUMN_NUMBER, 6},
    };
    cli_rows rows = cli_rows_start("Runs in the law", columns, CLI_COUNT_OF(columns));
    for (size_t i = 0; i < law->n_runs; i++) {
        const ropelaw_law_run *r = &law->runs[i];
        cli_cell_text(&rows, series->runs[i].name);
        cli_cell(&rows, series->runs[i].base);
        cli_cell_text(&rows, ropelaw_run_use_str(r->use));
        cli_cell(&rows, nearbyint(r->break_tok.est));
        cli_cell(&rows, r->break_tok.lo > 0 ? nearbyint(r->break_tok.lo) : NAN);
        cli_cell(&rows, isinf(r->break_tok.hi) ? NAN : nearbyint(r->break_tok.hi));
        cli_cell(&rows, nearbyint(r->law_tok));
        cli_cell(&rows, nearbyint(r->theory_tok));
    }
    cli_rows_note(&rows, "break: under the shape that the runs of a model share, 95 % likelihood interval");
    return cli_rows_end(c, &rows, true);
}

/* ---- The law file */

/* The model whose law is saved; `index` is SIZE_MAX where phi alone is there to save. Exit code. */
static int model_to_save(cli_context *c, const ropelaw_law *law, const ropelaw_fitted_phi *phi,
                         size_t *index) {
    const char *name = cli_text(c, "save-model", NULL);
    *index = SIZE_MAX;
    for (size_t j = 0; j < law->n_models; j++) {
        const ropelaw_law_model *m = &law->models[j];
        if (m->reason || (name && strcmp(m->name, name))) continue;
        if (*index != SIZE_MAX)
            return cli_usage(c, "--save-law: several models have a law, choose one with --save-model");
        *index = j;
    }
    if (*index != SIZE_MAX || (!name && phi->n_models)) return CLI_OK;
    return cli_usage(c, "--save-law: %s",
                     name ? "that model has no law"
                          : "no model has a law, and phi could not be fitted either");
}

/* Law and names of the runs behind it. */
static int fill_law(cli_context *c, const ropelaw_series *series, const ropelaw_law *law, size_t j,
                    ropelaw_law_file *file) {
    ropelaw_error error = {0};
    const ropelaw_law_model *m = &law->models[j];
    bool unit = cli_given(c, "save-unit") || isnan(m->free.slope);
    if (unit && !cli_given(c, "save-unit"))
        cli_note(c, "the law is saved with c = 1: a free intercept needs two bases that broke");
    if (ropelaw_law_model_export(m, unit, &file->law, &error)) return cli_fail(c, &error);
    file->runs = calloc(law->n_runs + 1, sizeof *file->runs);
    if (!file->runs)
        return cli_fail(c, &(ropelaw_error){.code = ROPELAW_NOMEM, .message = "no memory for names"});
    for (size_t i = 0; i < law->n_runs; i++)
        if (law->runs[i].model == j && law->runs[i].use <= ROPELAW_RUN_FLAT)
            file->runs[file->n_runs++] = series->runs[i].name;
    return CLI_OK;
}

static int save(cli_context *c, const ropelaw_series *series, const ropelaw_law *law,
                const ropelaw_fitted_phi *phi) {
    size_t j, length;
    char *text;
    ropelaw_error error = {0};
    ropelaw_law_file file = {.phi = *phi};
    int code = model_to_save(c, law, phi, &j);
    if (!code && j != SIZE_MAX) code = fill_law(c, series, law, j, &file);
    if (code) return code;
    if (j == SIZE_MAX) {
        snprintf(file.law.writer, sizeof file.law.writer, "%s", ropelaw_version());
        cli_note(c, "no model has a law: the file carries phi alone");
    }
    ropelaw_status status = ropelaw_law_file_write(&file, &text, &length, &error);
    free(file.runs);
    if (status) return cli_fail(c, &error);
    code = cli_write_file(c, cli_text(c, "save-law", NULL), text, length);
    ropelaw_text_free(text);
    return code;
}

static int put_laws(cli_context *c, const ropelaw_series *series, const ropelaw_law *law) {
    size_t with_law = 0, one = 0;
    cli_value *laws = cli_put(c->result, "laws", cli_array());
    for (size_t j = 0; j < law->n_models; j++) {
        put_model(cli_put(laws, NULL, cli_object()), series, law, j);
        if (!law->models[j].reason) with_law++, one = j;
        if (c->text) say_model(c->text, law, &law->models[j]);
    }
    if (with_law == 1)
        put_model(cli_put(c->result, "law", cli_object()), series, law, one);
    else
        cli_put_null(c->result, "law");
    const char *reason = with_law > 1    ? "several models: see laws and pool"
                         : with_law == 1 ? NULL
                         : law->n_models == 0
                             ? "no run carries rotary_dim, pretrain_base, train_len_tok and base"
                         : law->models[0].reason ? law->models[0].reason
                                                 : NULL;
    cli_put_text(c->result, "law_reason", reason);
    if (c->text && law->n_models == 0) fprintf(c->text, "\nlaw: none: %s\n", reason);
    put_pool(c->result, &law->pool);
    if (c->text) say_pool(c->text, &law->pool);
    return law->n_models ? runs_table(c, series, law) : CLI_OK;
}

static int answer(cli_context *c, const ropelaw_series *series, const ropelaw_law *law,
                  const ropelaw_fitted_phi *phi) {
    int code = put_laws(c, series, law);
    if (!code && cli_given(c, "save-law")) code = save(c, series, law, phi);
    if (code || !cli_given(c, "test")) return code;
    for (size_t j = 0; j < law->n_models; j++)
        if (law->models[j].test_theory.p < 1 - law->level) return CLI_CHECK;
    return CLI_OK;
}

static void read_options(cli_context *c, const ropelaw_fit_options *fit, ropelaw_law_options *o) {
    const char *floor = cli_text(c, "floor", "drop");
    o->level = fit->level;
    o->floor = !strcmp(floor, "model")    ? ROPELAW_FLOOR_MODEL
               : !strcmp(floor, "ignore") ? ROPELAW_FLOOR_IGNORE
                                          : ROPELAW_FLOOR_DROP;
    o->rise_cap = cli_number(c, "rise-cap", NAN);
    o->threads = fit->threads;
    o->width = fit->width;
}

static int phi_answer(cli_context *c, const ropelaw_series *series, const ropelaw_fit_options *o,
                      const ropelaw_run_fit *fits, const ropelaw_law *law) {
    ropelaw_phi *phi = NULL;
    ropelaw_error error = {0};
    ropelaw_phi_options options = {o->level, o->threads, cli_progress(c, "fitting phi")};
    if (ropelaw_series_phi_fit(series, fits, law, &options, &phi, &error)) return cli_fail(c, &error);
    int code = answer(c, series, law, &phi->fitted);
    fit_phi_say(c, phi);
    ropelaw_phi_destroy(&phi);
    return code;
}

int fit_law_answer(cli_context *c, const ropelaw_series *series, const ropelaw_fit_options *o,
                   const ropelaw_run_fit *fits) {
    ropelaw_law_options options = ropelaw_law_options_default;
    ropelaw_law *law = NULL;
    ropelaw_error error = {0};
    read_options(c, o, &options);
    options.progress = cli_progress(c, "fitting the law");
    if (ropelaw_law_fit(series, &options, &law, &error)) return cli_fail(c, &error);
    int code = phi_answer(c, series, o, fits, law);
    if (law->n_models)
        cli_source(c, "law: joint likelihood of all runs, docs/law-fit.md; theory: arXiv:2310.05209");
    ropelaw_law_destroy(&law);
    return code;
}
