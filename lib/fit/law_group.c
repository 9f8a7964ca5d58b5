/* One model while its law is fitted: its runs, their curves, their terms. */
#include "fit/law_group.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const ropelaw_law_options ropelaw_law_options_default = {0.95, ROPELAW_FLOOR_DROP, 0, NAN, NULL, 1, NAN};

void ropelaw_law_destroy(ropelaw_law **law) {
    if (!law || !*law) return;
    for (size_t j = 0; (*law)->models && j < (*law)->n_models; j++) {
        union {
            const char *is;
            char *was;
        } name = {(*law)->models[j].name};
        core_free(name.was);
    }
    core_free((*law)->models);
    core_free((*law)->runs);
    core_free(*law);
    *law = NULL;
}

ropelaw_status fit_law_options_check(const ropelaw_law_options *o, ropelaw_error *error) {
    if (!(o->level > 0 && o->level < 1))
        return core_fail_number(error, ROPELAW_DOMAIN, "level", o->level, "between 0 and 1");
    if (!(o->floor_margin >= 0))
        return core_fail_number(error, ROPELAW_DOMAIN, "floor_margin", o->floor_margin, ">= 0");
    if (o->width < 0 || o->width > 10)
        return core_fail_number(error, ROPELAW_DOMAIN, "width", o->width, "0 to 10, or NAN");
    if (o->rise_cap <= 0)
        return core_fail_number(error, ROPELAW_DOMAIN, "rise_cap", o->rise_cap, "> 0, or NAN");
    return ROPELAW_OK;
}

ropelaw_status fit_law_create(size_t n_runs, double level, ropelaw_law **law, ropelaw_error *error) {
    ropelaw_law *l = core_calloc(1, sizeof *l);
    if (!l) return core_fail_memory(error, 1, sizeof *l);
    l->level = level;
    l->n_runs = n_runs;
    l->runs = core_calloc(n_runs ? n_runs : 1, sizeof *l->runs);
    l->models = core_calloc(n_runs ? n_runs : 1, sizeof *l->models);
    if (!l->runs || !l->models) {
        ropelaw_law_destroy(&l);
        return core_fail_memory(error, n_runs, sizeof *l->models);
    }
    for (size_t i = 0; i < n_runs; i++)
        l->runs[i] = (ropelaw_law_run){
            SIZE_MAX, ROPELAW_RUN_NO_FACTS, {NAN, NAN, NAN},
              NAN, NAN
        };
    *law = l;
    return ROPELAW_OK;
}

ropelaw_status fit_law_model_name(ropelaw_law_model *m, const char *name, const ropelaw_setting *s,
                                  ropelaw_error *error) {
    ropelaw_critical critical;
    m->name = core_strdup(name ? name : "");
    if (!m->name) return core_fail_memory(error, 1, 1);
    m->rotary_dim = (double)s->rotary_dim;
    m->pretrain_base = s->pretrain_base;
    m->train_len_tok = s->train_len_tok;
    ropelaw_status status =
        ropelaw_critical_dim_count(s->rotary_dim, s->pretrain_base, s->train_len_tok, &critical, error);
    if (status) return status;
    m->critical_dim = (double)critical.dim;
    if (s->pretrain_base != ROPELAW_PAPER_BASE) m->caveats |= ROPELAW_CAVEAT_OUTSIDE_THEORY;
    m->base_min = INFINITY, m->base_max = -INFINITY;
    return ROPELAW_OK;
}

void fit_group_clear(fit_group *g) {
    for (size_t i = 0; i < g->data.n; i++) {
        if (g->curves) fit_curve_free(&g->curves[i]);
        if (g->data.terms) fit_term_clear(&g->data.terms[i]);
    }
    core_free(g->curves);
    core_free(g->data.terms);
    core_free(g->data.u);
    core_free(g->run);
    *g = (fit_group){0};
}

ropelaw_status fit_group_create(size_t room, fit_group *g, ropelaw_error *error) {
    *g = (fit_group){.known = true};
    g->run = core_malloc(room, sizeof *g->run);
    g->curves = core_calloc(room, sizeof *g->curves);
    g->data.terms = core_calloc(room, sizeof *g->data.terms);
    g->data.u = core_malloc(room, 2 * sizeof *g->data.u);
    if (g->run && g->curves && g->data.terms && g->data.u) {
        g->data.floor = g->data.u + room;
        return ROPELAW_OK;
    }
    fit_group_clear(g);
    return core_fail_memory(error, room, sizeof *g->curves);
}

void fit_group_admit(fit_group *g, const ropelaw_setting *s, size_t run, ropelaw_law_model *m) {
    size_t i = g->data.n++;
    g->run[i] = run;
    g->data.u[i] = log(s->tune_base);
    g->data.floor[i] = s->tune_len_tok > 0 ? log(s->tune_len_tok) : -INFINITY;
    m->base_min = fmin(m->base_min, s->tune_base);
    m->base_max = fmax(m->base_max, s->tune_base);
}

typedef struct {
    fit_group *g;
    const fit_shape_fit *fit;
} tables;

static ropelaw_status tabulate_one(void *context, size_t task, size_t thread, ropelaw_error *error) {
    const tables *t = context;
    (void)thread;
    return fit_term_tabulate(&t->g->curves[task], &t->fit->shape, t->fit->sigma, &t->g->data.terms[task],
                             error);
}

ropelaw_status fit_group_curves(fit_group *g, const ropelaw_law_options *o, const fit_watch *watch,
                                ropelaw_law_model *m, ropelaw_error *error) {
    fit_shape_fit f;
    ropelaw_error detail = {0};
    for (size_t i = 0; i < g->data.n && !g->known; i++)
        for (size_t k = 0; k < g->curves[i].n; k++) g->curves[i].weight[k] = 1;
    for (size_t i = 0; i < g->data.n; i++) fit_curve_bin(&g->curves[i]);
    double rise_cap = fit_curves_cap(g->curves, g->data.n, o->rise_cap);
    fit_shape_given given = {g->known, o->width, watch};
    ropelaw_status s = fit_shape_watched(g->curves, g->data.n, &given, &f, &detail);
    if (s == ROPELAW_NOCONV || s == ROPELAW_INVALID) {
        m->reason =
            "too few points to fit the shape that its runs share: add lengths, runs or standard errors";
        return ROPELAW_OK;
    }
    if (s) {
        if (error) *error = detail;
        return s;
    }
    if (f.p_break > 0.01) {
        m->reason = "no run of this model shows a break: straight lines fit as well";
        return ROPELAW_OK;
    }
    if (f.n_broken == 0) {
        /* a bend whose corner lies outside every run's lengths is curvature, not a measured break */
        m->reason = "no run of this model broke within its lengths";
        return ROPELAW_OK;
    }
    m->shape.before = f.shape.pre, m->shape.rise = f.shape.rise, m->shape.width = f.shape.width;
    g->data.shift_variance = f.shift_variance;
    m->shape.shift_se = sqrt(f.shift_variance);
    m->shape.sigma = f.sigma, m->shape.rss = f.rss, m->shape.df = f.df;
    m->shape.rise_cap = rise_cap, m->shape.n_points = f.n_points;
    m->shape.caveats = (f.at_bound ? ROPELAW_CAVEAT_AT_EDGE : 0u) |
                       (f.sigma_given ? ROPELAW_CAVEAT_DEFAULTED : 0u) |
                       (f.df < FIT_DF_GOOD ? ROPELAW_CAVEAT_FEW_POINTS : 0u);
    tables t = {g, &f};
    return core_parallel(watch->threads, g->data.n, tabulate_one, &t, NULL, error);
}

static ropelaw_run_use classify(const fit_term *t) {
    if (t->kind != FIT_TERM_TABLE) {
        if (fit_term_is_bounded(t)) return ROPELAW_RUN_BROKEN;
        return t->kind == FIT_TERM_RIGHT ? ROPELAW_RUN_RIGHT : ROPELAW_RUN_LEFT;
    }
    if (t->bounded_low) return t->bounded_high ? ROPELAW_RUN_BROKEN : ROPELAW_RUN_RIGHT;
    return t->bounded_high ? ROPELAW_RUN_LEFT : ROPELAW_RUN_FLAT;
}

/* What each run gave and what the law says of it. */
static void report_runs(const fit_group *g, const ropelaw_law_model *m, ropelaw_law_run *runs) {
    const ropelaw_law_line *line = isnan(m->free.slope) ? &m->unit : &m->free;
    for (size_t i = 0; i < g->data.n; i++) {
        ropelaw_law_run *r = &runs[g->run[i]];
        const fit_term *t = &g->data.terms[i];
        bool table = t->kind == FIT_TERM_TABLE;
        if (table && !t->cells) {
            r->use = ROPELAW_RUN_NO_LAW;
            continue;
        }
        r->use = classify(t);
        double best = table ? t->best : (t->lo == t->hi ? t->lo : NAN);
        r->break_tok.est = r->use == ROPELAW_RUN_BROKEN ? exp(best) : NAN;
        r->break_tok.lo = exp(table || t->lo != t->hi ? t->lo : t->lo - 1.96 * t->se);
        r->break_tok.hi = exp(table || t->lo != t->hi ? t->hi : t->hi + 1.96 * t->se);
        r->law_tok = exp(line->intercept + line->slope * g->data.u[i]);
    }
}

ropelaw_status fit_group_finish(fit_group *g, const ropelaw_law_options *o, ropelaw_law_model *m,
                                ropelaw_law_run *runs, ropelaw_error *error) {
    m->n_runs = g->data.n;
    for (size_t i = 0; i < g->data.n; i++) m->n_censored += !fit_term_is_bounded(&g->data.terms[i]);
    if (m->n_runs == 0) m->base_min = m->base_max = NAN;
    ropelaw_status s = fit_law_model(&g->data, o, m, error);
    if (!s) report_runs(g, m, runs);
    return s;
}
