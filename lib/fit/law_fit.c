/* From a series to laws: runs are grouped into models, each model's curves share a shape, each run becomes a term. */
#include "fit/law_data.h"
#include <ropelaw/version.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const ropelaw_law_options ropelaw_law_options_default = {0.95, ROPELAW_FLOOR_DROP, 0, NAN, NULL};

static const struct {
    const char *name, *words;
} uses[] = {
    [ROPELAW_RUN_BROKEN] = {"BROKEN",      "used: broke within its lengths"                                                     },
    [ROPELAW_RUN_RIGHT] = {"RIGHT",       "used as a lower limit: did not break within its lengths"                            },
    [ROPELAW_RUN_LEFT] = {"LEFT",        "used as an upper limit: broken at its first length"                                 },
    [ROPELAW_RUN_FLAT] = {"FLAT",        "its curve does not say where it broke"                                              },
    [ROPELAW_RUN_BELOW_FLOOR] = {"BELOW_FLOOR", "left out: base below the critical base of its tuning"                               },
    [ROPELAW_RUN_NO_FACTS] =
        {"NO_FACTS",    "left out: rotary_dim, pretrain_base, train_len_tok or base is missing or impossible"},
    [ROPELAW_RUN_METHOD] = {"METHOD",      "left out: its RoPE method is not a change of base"                                  },
    [ROPELAW_RUN_KIND] = {"KIND",        "left out: accuracies do not share the shape of perplexity curves"                   },
    [ROPELAW_RUN_FEW_POINTS] = {"FEW_POINTS",
                            "left out: needs two lengths, a measured value and numbers throughout"                              },
    [ROPELAW_RUN_NO_LAW] = {"NO_LAW",      "its model has no law"                                                               },
};

const char *ropelaw_run_use_str(ropelaw_run_use use) {
    return (size_t)use < CORE_COUNT(uses) ? uses[use].name : "";
}

const char *ropelaw_run_use_words(ropelaw_run_use use) {
    return (size_t)use < CORE_COUNT(uses) ? uses[use].words : "";
}

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

static ropelaw_status check_options(const ropelaw_law_options *o, ropelaw_error *error) {
    if (!(o->level > 0 && o->level < 1))
        return core_fail_number(error, ROPELAW_DOMAIN, "level", o->level, "between 0 and 1");
    if (!(o->floor_margin >= 0))
        return core_fail_number(error, ROPELAW_DOMAIN, "floor_margin", o->floor_margin, ">= 0");
    if (o->rise_cap <= 0)
        return core_fail_number(error, ROPELAW_DOMAIN, "rise_cap", o->rise_cap, "> 0, or NAN");
    return ROPELAW_OK;
}

static ropelaw_status create(size_t n_runs, double level, ropelaw_law **law, ropelaw_error *error) {
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

static ropelaw_status name_model(ropelaw_law_model *m, const char *name, const ropelaw_setting *s,
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

/* Everything about one model while it is fitted. */
typedef struct {
    fit_law_data data;
    size_t *run; /* index of each used run */
    fit_curve *curves;
    bool known;
} group;

static void group_clear(group *g) {
    for (size_t i = 0; i < g->data.n; i++) {
        if (g->curves) fit_curve_free(&g->curves[i]);
        if (g->data.terms) fit_term_clear(&g->data.terms[i]);
    }
    core_free(g->curves);
    core_free(g->data.terms);
    core_free(g->data.u);
    core_free(g->run);
    *g = (group){0};
}

static ropelaw_status group_create(size_t room, group *g, ropelaw_error *error) {
    *g = (group){.known = true};
    g->run = core_malloc(room, sizeof *g->run);
    g->curves = core_calloc(room, sizeof *g->curves);
    g->data.terms = core_calloc(room, sizeof *g->data.terms);
    g->data.u = core_malloc(room, 2 * sizeof *g->data.u);
    if (g->run && g->curves && g->data.terms && g->data.u) {
        g->data.floor = g->data.u + room;
        return ROPELAW_OK;
    }
    group_clear(g);
    return core_fail_memory(error, room, sizeof *g->curves);
}

static void admit(group *g, const ropelaw_setting *s, size_t run, ropelaw_law_model *m) {
    size_t i = g->data.n++;
    g->run[i] = run;
    g->data.u[i] = log(s->tune_base);
    g->data.floor[i] = s->tune_len_tok > 0 ? log(s->tune_len_tok) : -INFINITY;
    m->base_min = fmin(m->base_min, s->tune_base);
    m->base_max = fmax(m->base_max, s->tune_base);
}

static ropelaw_status fit_curves(group *g, double rise_cap, ropelaw_law_model *m, ropelaw_error *error) {
    fit_shape_fit f;
    ropelaw_error detail = {0};
    for (size_t i = 0; i < g->data.n && !g->known; i++)
        for (size_t k = 0; k < g->curves[i].n; k++) g->curves[i].weight[k] = 1;
    rise_cap = fit_curves_cap(g->curves, g->data.n, rise_cap);
    ropelaw_status s = fit_shape_joint(g->curves, g->data.n, g->known, &f, &detail);
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
    m->shape.before = f.shape.pre, m->shape.rise = f.shape.rise, m->shape.width = f.shape.width;
    g->data.shift_variance = f.shift_variance;
    m->shape.shift_se = sqrt(f.shift_variance);
    m->shape.sigma = f.sigma, m->shape.rss = f.rss, m->shape.df = f.df;
    m->shape.rise_cap = rise_cap, m->shape.n_points = f.n_points;
    m->shape.caveats = (f.at_bound ? ROPELAW_CAVEAT_AT_EDGE : 0u) |
                       (f.sigma_given ? ROPELAW_CAVEAT_DEFAULTED : 0u) |
                       (f.df < FIT_DF_GOOD ? ROPELAW_CAVEAT_FEW_POINTS : 0u);
    for (size_t i = 0; i < g->data.n && !s; i++)
        s = fit_term_tabulate(&g->curves[i], &f.shape, f.sigma, &g->data.terms[i], error);
    return s;
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
static void report_runs(const group *g, const ropelaw_law_model *m, ropelaw_law_run *runs) {
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

static ropelaw_status finish(group *g, const ropelaw_law_options *o, ropelaw_law_model *m,
                             ropelaw_law_run *runs, ropelaw_error *error) {
    m->n_runs = g->data.n;
    for (size_t i = 0; i < g->data.n; i++) m->n_censored += !fit_term_is_bounded(&g->data.terms[i]);
    if (m->n_runs == 0) m->base_min = m->base_max = NAN;
    ropelaw_status s = fit_law_model(&g->data, o, m, error);
    if (!s) report_runs(g, m, runs);
    return s;
}

/* Runs of the series in the order of their models. */
typedef struct {
    size_t run, model;
    const char *name;
    ropelaw_setting setting;
    ropelaw_run_use use;
} entry;

static int compare_models(const void *va, const void *vb) {
    const entry *a = va, *b = vb;
    int c = strcmp(a->name, b->name);
    if (c) return c;
    const double d[] = {(double)a->setting.rotary_dim - (double)b->setting.rotary_dim,
                        a->setting.pretrain_base - b->setting.pretrain_base,
                        a->setting.train_len_tok - b->setting.train_len_tok};
    for (size_t k = 0; k < CORE_COUNT(d); k++)
        if (d[k] != 0) return d[k] < 0 ? -1 : 1;
    return 0;
}

static int by_model(const void *va, const void *vb) {
    const entry *a = va, *b = vb;
    int c = compare_models(a, b);
    return c ? c : (a->run > b->run) - (a->run < b->run);
}

static int by_first_run(const void *va, const void *vb) {
    const entry *a = va, *b = vb;
    if (a->model != b->model) return a->model < b->model ? -1 : 1;
    return (a->run > b->run) - (a->run < b->run);
}

/* Sorted by model, models in order of first appearance: `model` is the first run's index. */
static size_t sort_entries(const ropelaw_series *series, const ropelaw_law_options *o, ropelaw_law *law,
                           entry *list) {
    size_t n = 0;
    for (size_t i = 0; i < series->n_runs; i++) {
        const ropelaw_run *r = &series->runs[i];
        entry e = {i, i, r->model ? r->model : "", {0}, fit_run_setting(r, &e.setting)};
        ropelaw_bound bound;
        if (e.use == ROPELAW_RUN_NO_FACTS) continue;
        if (e.use != ROPELAW_RUN_METHOD && !ropelaw_bound_eval(&e.setting, &bound, NULL))
            law->runs[i].theory_tok = bound.bound_tok;
        if (e.use == ROPELAW_RUN_BROKEN) e.use = fit_setting_use(&e.setting, o);
        law->runs[i].use = e.use;
        if (e.use == ROPELAW_RUN_BROKEN || e.use == ROPELAW_RUN_BELOW_FLOOR) list[n++] = e;
    }
    qsort(list, n, sizeof *list, by_model);
    for (size_t i = 1; i < n; i++)
        if (compare_models(&list[i - 1], &list[i]) == 0) list[i].model = list[i - 1].model;
    qsort(list, n, sizeof *list, by_first_run);
    return n;
}

static ropelaw_status load(const ropelaw_series *series, const entry *e, size_t n, group *g, ropelaw_law *law,
                           ropelaw_error *error) {
    ropelaw_law_model *m = &law->models[law->n_models - 1];
    for (size_t i = 0; i < n; i++) {
        bool known, usable;
        fit_curve curve;
        ropelaw_law_run *r = &law->runs[e[i].run];
        const ropelaw_run *run = &series->runs[e[i].run];
        r->model = law->n_models - 1;
        if (e[i].use != ROPELAW_RUN_BROKEN) continue;
        ropelaw_status s = fit_run_curve(run, &curve, &known, &usable, error);
        if (s) return s;
        if (!usable) {
            fit_curve_free(&curve);
            r->use = ROPELAW_RUN_FEW_POINTS;
            continue;
        }
        if (!known) g->known = false;
        if (run->digitised) m->caveats |= ROPELAW_CAVEAT_DIGITISED;
        if (isnan(run->tune_len_tok)) m->caveats |= ROPELAW_CAVEAT_DEFAULTED;
        g->curves[g->data.n] = curve;
        admit(g, &e[i].setting, e[i].run, m);
    }
    return ROPELAW_OK;
}

static ropelaw_status fit_groups(const ropelaw_series *series, const entry *list, size_t n,
                                 const ropelaw_law_options *o, ropelaw_law *law, group *groups,
                                 ropelaw_error *error) {
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && list[end].model == list[i].model; end++) continue;
        group *g = &groups[law->n_models];
        ropelaw_law_model *m = &law->models[law->n_models++];
        ropelaw_status s = name_model(m, list[i].name, &list[i].setting, error);
        if (!s) s = group_create(end - i, g, error);
        if (!s) s = load(series, list + i, end - i, g, law, error);
        if (!s && g->data.n) s = fit_curves(g, o->rise_cap, m, error);
        if (!s) s = finish(g, o, m, law->runs, error);
        if (!s) s = core_progress(o->progress, (double)end / (double)n, error);
        if (s) return s;
    }
    return ROPELAW_OK;
}

static ropelaw_status pool_groups(const group *groups, ropelaw_law *law, ropelaw_error *error) {
    fit_law_data *data = core_malloc(law->n_models ? law->n_models : 1, sizeof *data);
    if (!data) return core_fail_memory(error, law->n_models, sizeof *data);
    for (size_t j = 0; j < law->n_models; j++) data[j] = groups[j].data;
    ropelaw_status s = fit_law_pool(data, law, &law->pool, error);
    core_free(data);
    return s;
}

ropelaw_status ropelaw_law_fit(const ropelaw_series *series, const ropelaw_law_options *options,
                               ropelaw_law **law, ropelaw_error *error) {
    if (!series || !law) return core_fail(error, ROPELAW_INVALID, "series", "", "", "series or law is NULL");
    const ropelaw_law_options *o = options ? options : &ropelaw_law_options_default;
    size_t room = series->n_runs ? series->n_runs : 1;
    ropelaw_law *l = NULL;
    ropelaw_status s = check_options(o, error);
    if (!s) s = create(series->n_runs, o->level, &l, error);
    if (s) return s;
    entry *list = core_malloc(room, sizeof *list);
    group *groups = core_calloc(room, sizeof *groups);
    if (!list || !groups) s = core_fail_memory(error, room, sizeof *list);
    if (!s) s = fit_groups(series, list, sort_entries(series, o, l, list), o, l, groups, error);
    if (!s) s = pool_groups(groups, l, error);
    for (size_t j = 0; groups && j < room; j++) group_clear(&groups[j]);
    core_free(groups);
    core_free(list);
    if (s)
        ropelaw_law_destroy(&l);
    else
        *law = l;
    return s;
}

static ropelaw_status check_bound(const ropelaw_law_bound *b, ropelaw_error *error) {
    if (!(b->base > 1) || !isfinite(b->base))
        return core_fail_number(error, ROPELAW_DOMAIN, "base", b->base, "> 1");
    if (!(b->se >= 0) || !isfinite(b->se))
        return core_fail_number(error, ROPELAW_DOMAIN, "se", b->se, ">= 0");
    if (!(b->lo_tok >= 0) || !isfinite(b->lo_tok))
        return core_fail_number(error, ROPELAW_DOMAIN, "lo_tok", b->lo_tok, "a finite number >= 0");
    if (!(b->hi_tok >= b->lo_tok) || !(b->hi_tok > 0))
        return core_fail_number(error, ROPELAW_DOMAIN, "hi_tok", b->hi_tok, ">= lo_tok and > 0");
    return ROPELAW_OK;
}

static fit_term bound_term(const ropelaw_law_bound *b) {
    fit_term t = {.kind = FIT_TERM_INTERVAL, .lo = log(b->lo_tok), .hi = log(b->hi_tok), .se = b->se};
    if (b->lo_tok == b->hi_tok)
        t.kind = FIT_TERM_POINT;
    else if (b->lo_tok == 0)
        t.kind = FIT_TERM_LEFT;
    else if (isinf(b->hi_tok))
        t.kind = FIT_TERM_RIGHT;
    return t;
}

static ropelaw_status load_bounds(const ropelaw_law_bound *b, size_t n, const ropelaw_setting *model,
                                  const ropelaw_law_options *o, group *g, ropelaw_law *law,
                                  ropelaw_error *error) {
    for (size_t i = 0; i < n; i++) {
        ropelaw_setting setting = *model;
        ropelaw_bound theory;
        ropelaw_status s = check_bound(&b[i], error);
        if (s) return s;
        setting.tune_base = b[i].base;
        if (!isnan(b[i].tune_len_tok)) setting.tune_len_tok = b[i].tune_len_tok;
        s = ropelaw_bound_eval(&setting, &theory, error);
        if (s) return s;
        law->runs[i].model = 0;
        law->runs[i].theory_tok = theory.bound_tok;
        law->runs[i].use = fit_setting_use(&setting, o);
        if (b[i].lo_tok == 0 && isinf(b[i].hi_tok)) law->runs[i].use = ROPELAW_RUN_FLAT;
        if (law->runs[i].use != ROPELAW_RUN_BROKEN) continue;
        g->data.terms[g->data.n] = bound_term(&b[i]);
        admit(g, &setting, i, &law->models[0]);
    }
    return ROPELAW_OK;
}

ropelaw_status ropelaw_law_fit_bounds(const ropelaw_law_bound *bounds, size_t n,
                                      const ropelaw_law_facts *facts, const ropelaw_law_options *options,
                                      ropelaw_law **law, ropelaw_error *error) {
    if (!facts || !law || (n && !bounds))
        return core_fail(error, ROPELAW_INVALID, "bounds", "", "", "bounds, facts or law is NULL");
    const ropelaw_law_options *o = options ? options : &ropelaw_law_options_default;
    ropelaw_run run = {.rotary_dim = facts->rotary_dim,
                       .pretrain_base = facts->pretrain_base,
                       .train_len_tok = facts->train_len_tok,
                       .tune_len_tok = NAN,
                       .base = facts->pretrain_base};
    ropelaw_setting setting;
    if (fit_run_setting(&run, &setting) != ROPELAW_RUN_BROKEN)
        return core_fail(error, ROPELAW_DOMAIN, "facts", "",
                         "rotary_dim even >= 2, pretrain_base > 1, train_len >= 7",
                         "the facts of the model are missing or impossible");
    ropelaw_law *l = NULL;
    group g = {0};
    ropelaw_status s = check_options(o, error);
    if (!s) s = create(n, o->level, &l, error);
    if (s) return s;
    l->n_models = 1;
    s = name_model(&l->models[0], facts->name, &setting, error);
    if (!s) s = group_create(n ? n : 1, &g, error);
    if (!s) s = load_bounds(bounds, n, &setting, o, &g, l, error);
    if (!s) s = finish(&g, o, &l->models[0], l->runs, error);
    group_clear(&g);
    if (s)
        ropelaw_law_destroy(&l);
    else
        *law = l;
    return s;
}

/* As much as fits, never half a UTF-8 character. */
static void copy_name(char *to, size_t size, const char *from) {
    size_t n = strlen(from);
    if (n >= size)
        for (n = size - 1; n > 0 && ((unsigned char)from[n] & 0xC0) == 0x80;) n--;
    memcpy(to, from, n);
    to[n] = 0;
}

ropelaw_status ropelaw_law_model_export(const ropelaw_law_model *m, int unit, ropelaw_fitted_law *fitted,
                                        ropelaw_error *error) {
    const ropelaw_law_line *line = unit ? &m->unit : &m->free;
    if (m->reason || isnan(line->slope))
        return core_fail(error, ROPELAW_INVALID, "model", m->name, "", "there is no law to export: %s",
                         m->reason ? m->reason : "a free intercept needs two bases that broke");
    ropelaw_fitted_law f = {.rotary_dim = m->rotary_dim,
                            .pretrain_base = m->pretrain_base,
                            .train_len_tok = m->train_len_tok,
                            .critical_dim = m->critical_dim};
    copy_name(f.model, sizeof f.model, m->name);
    copy_name(f.writer, sizeof f.writer, ropelaw_version());
    f.intercept = line->intercept, f.slope = line->slope, f.tau = line->tau;
    memcpy(f.covariance, line->covariance, sizeof f.covariance);
    f.df = line->df;
    f.inflation = line->df >= 1 ? (line->df + (unit ? 1 : 2)) / line->df : NAN;
    f.base_min = m->base_min, f.base_max = m->base_max;
    f.n_runs = m->n_runs, f.n_censored = m->n_censored;
    f.caveats = m->caveats | line->caveats;
    ropelaw_status s = ropelaw_fitted_law_check(&f, error);
    if (!s) *fitted = f;
    return s;
}
