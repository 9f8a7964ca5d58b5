/* From a series to laws: runs are grouped into models, each model's curves share a shape, each run becomes a term. */
#include "fit/law_group.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* One model's runs among the sorted entries. */
typedef struct {
    size_t from, to;
} span;

typedef struct {
    const ropelaw_series *series;
    const ropelaw_law_options *options;
    const entry *list;
    size_t n;
    const span *spans;
    ropelaw_law *law;
    fit_group *groups;
    bool alone; /* one model: its runs are spread over the threads, and it reports itself */
} law_work;

static ropelaw_status load(const law_work *w, size_t model, ropelaw_error *error) {
    fit_group *g = &w->groups[model];
    ropelaw_law_model *m = &w->law->models[model];
    for (size_t i = w->spans[model].from; i < w->spans[model].to; i++) {
        bool known, usable;
        fit_curve curve;
        const entry *e = &w->list[i];
        ropelaw_law_run *r = &w->law->runs[e->run];
        const ropelaw_run *run = &w->series->runs[e->run];
        r->model = model;
        if (e->use != ROPELAW_RUN_BROKEN) continue;
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
        fit_group_admit(g, &e->setting, e->run, m);
    }
    return ROPELAW_OK;
}

static ropelaw_status fit_model(void *context, size_t task, size_t thread, ropelaw_error *error) {
    const law_work *w = context;
    fit_group *g = &w->groups[task];
    ropelaw_law_model *m = &w->law->models[task];
    const ropelaw_law_options *o = w->options;
    fit_watch watch = {w->alone ? o->threads : 1, w->alone ? o->progress : NULL, 0, 0.95};
    (void)thread;
    g->data.threads = watch.threads;
    ropelaw_status s = load(w, task, error);
    if (!s && g->data.n) s = fit_group_curves(g, o, &watch, m, error);
    return s ? s : fit_group_finish(g, o, m, w->law->runs, error);
}

static ropelaw_status fit_models(law_work *w, span *spans, ropelaw_error *error) {
    for (size_t i = 0, end; i < w->n; i = end) {
        size_t j = w->law->n_models++;
        for (end = i; end < w->n && w->list[end].model == w->list[i].model; end++) continue;
        spans[j] = (span){i, end};
        ropelaw_status s =
            fit_law_model_name(&w->law->models[j], w->list[i].name, &w->list[i].setting, error);
        if (!s) s = fit_group_create(end - i, &w->groups[j], error);
        if (s) return s;
    }
    w->alone = w->law->n_models == 1;
    return core_parallel(w->alone ? 1 : w->options->threads, w->law->n_models, fit_model, w,
                         w->options->progress, error);
}

static ropelaw_status pool_groups(const fit_group *groups, const ropelaw_law_options *o, ropelaw_law *law,
                                  ropelaw_error *error) {
    fit_law_data *data = core_malloc(law->n_models ? law->n_models : 1, sizeof *data);
    if (!data) return core_fail_memory(error, law->n_models, sizeof *data);
    for (size_t j = 0; j < law->n_models; j++) data[j] = groups[j].data;
    ropelaw_status s = fit_law_pool(data, law, o, &law->pool, error);
    core_free(data);
    return s;
}

ropelaw_status ropelaw_law_fit(const ropelaw_series *series, const ropelaw_law_options *options,
                               ropelaw_law **law, ropelaw_error *error) {
    if (!series || !law) return core_fail(error, ROPELAW_INVALID, "series", "", "", "series or law is NULL");
    const ropelaw_law_options *o = options ? options : &ropelaw_law_options_default;
    size_t room = series->n_runs ? series->n_runs : 1;
    ropelaw_law *l = NULL;
    ropelaw_status s = fit_law_options_check(o, error);
    if (!s) s = fit_law_create(series->n_runs, o->level, &l, error);
    if (s) return s;
    entry *list = core_malloc(room, sizeof *list);
    fit_group *groups = core_calloc(room, sizeof *groups);
    span *spans = core_malloc(room, sizeof *spans);
    law_work w = {.series = series, .options = o, .list = list, .spans = spans, .law = l, .groups = groups};
    if (!list || !groups || !spans) s = core_fail_memory(error, room, sizeof *list);
    if (!s) w.n = sort_entries(series, o, l, list);
    if (!s) s = fit_models(&w, spans, error);
    if (!s) s = pool_groups(groups, o, l, error);
    for (size_t j = 0; groups && j < room; j++) fit_group_clear(&groups[j]);
    core_free(groups);
    core_free(list);
    core_free(spans);
    if (s)
        ropelaw_law_destroy(&l);
    else
        *law = l;
    return s;
}
