/* Runs are sorted by model. Models are gathered into at most GROUPS groups (up to so many, every model is one), each with
   its likelihood on a grid; memory does not grow beyond that. A model is left out by making its share again and taking
   it off the total. Sums run in fixed order, whatever the number of threads. */
#include "fit/phi_cases.h"
#include "fit/phi_grid.h"
#include "num/quantile.h"
#include <ropelaw/phi_fit.h>
#include <ropelaw/random.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const ropelaw_phi_options ropelaw_phi_options_default = {0.95, 1, NULL};

enum { GROUPS = 64, FEW_MODELS = 3, RESAMPLES = 399, SEED = 1 };
static const double phi_end = 3.14159265358979312;
static const double missed = 2.302585092994046; /* ln 10: a run that broke where coverage gives no bound */

typedef struct {
    const ropelaw_phi_case *c;
    fit_term term;
    size_t order;
} item;

typedef struct {
    const ropelaw_phi_options *options;
    ropelaw_phi *phi;
    item *items;
    size_t n, *first; /* first item of each model, [n_models + 1] */
    size_t n_groups;
    fit_phi_grid *total, *groups, *scratch; /* scratch: one per thread */
    double *resampled;                      /* [RESAMPLES] phi of models drawn anew */
    double *squares; /* [n_models][3]: sum of squares left out, smallest and largest error */
} phi_work;

static int compare_models(const ropelaw_run *a, const ropelaw_run *b) {
    int c = strcmp(a->model ? a->model : "", b->model ? b->model : "");
    if (c) return c;
    const double d[] = {a->rotary_dim - b->rotary_dim, a->pretrain_base - b->pretrain_base,
                        a->train_len_tok - b->train_len_tok};
    for (size_t k = 0; k < CORE_COUNT(d); k++)
        if (d[k] != 0) return d[k] < 0 ? -1 : 1;
    return 0;
}

static int by_model(const void *va, const void *vb) {
    const item *a = va, *b = vb;
    int c = compare_models(a->c->run, b->c->run);
    return c ? c : (a->order > b->order) - (a->order < b->order);
}

/* Runs whose frequencies are known and whose onset is not quite unknown, sorted by model. */
static void take(phi_work *w, const ropelaw_phi_case *cases, size_t n) {
    fit_arcs arcs;
    ropelaw_fitted_phi *f = &w->phi->fitted;
    for (size_t i = 0; i < n; i++) {
        if ((cases[i].lo_tok == 0 && isinf(cases[i].hi_tok)) || !fit_run_arcs(cases[i].run, &arcs)) continue;
        w->items[w->n++] = (item){&cases[i], fit_phi_term(&cases[i]), i};
        if (cases[i].run->digitised) f->caveats |= ROPELAW_CAVEAT_DIGITISED;
        w->phi->n_bounded += fit_term_is_bounded(&w->items[w->n - 1].term);
    }
    f->n_runs = w->n;
    qsort(w->items, w->n, sizeof *w->items, by_model);
}

static ropelaw_status name_models(phi_work *w, ropelaw_error *error) {
    ropelaw_phi *p = w->phi;
    for (size_t i = 0; i < w->n; i++) {
        const ropelaw_run *run = w->items[i].c->run;
        if (i == 0 || compare_models(w->items[i - 1].c->run, run)) {
            char *name = core_strdup(run->model ? run->model : "");
            if (!name) return core_fail_memory(error, 1, 1);
            w->first[p->n_models] = i;
            p->models[p->n_models++] = (ropelaw_phi_model){.name = name,
                                                           .rotary_dim = run->rotary_dim,
                                                           .pretrain_base = run->pretrain_base,
                                                           .train_len_tok = run->train_len_tok,
                                                           .phi_rad = NAN,
                                                           .phi_others_rad = NAN,
                                                           .rms_out = NAN};
        }
        p->models[p->n_models - 1].n_runs++;
        p->models[p->n_models - 1].n_bounded += fit_term_is_bounded(&w->items[i].term);
    }
    w->first[p->n_models] = w->n;
    if (p->n_models < w->n_groups) w->n_groups = p->n_models;
    return ROPELAW_OK;
}

static void add_items(const phi_work *w, size_t from, size_t to, fit_phi_grid *grid) {
    fit_arcs arcs;
    for (size_t i = from; i < to; i++)
        if (fit_run_arcs(w->items[i].c->run, &arcs)) fit_phi_add(grid, &w->items[i].term, &arcs.arcs);
}

/* The models of a group are neighbours. */
static ropelaw_status add_group(void *context, size_t task, size_t thread, ropelaw_error *error) {
    const phi_work *w = context;
    size_t j = w->phi->n_models;
    (void)thread, (void)error;
    add_items(w, w->first[j * task / w->n_groups], w->first[j * (task + 1) / w->n_groups], &w->groups[task]);
    return ROPELAW_OK;
}

/* ln(observed / predicted): from the prediction to the nearer end of what is known. */
static double miss(const item *i, double phi) {
    fit_arcs arcs;
    double length = fit_run_arcs(i->c->run, &arcs) ? fit_phi_length(&arcs.arcs, phi) : NAN;
    if (isinf(length)) return isinf(i->c->hi_tok) ? 0 : -missed;
    double lo = log(i->c->lo_tok), hi = log(i->c->hi_tok);
    return length < lo ? lo - length : length > hi ? hi - length : 0;
}

/* One model: its own phi, the others' phi, and how they miss it. */
static ropelaw_status leave_out(void *context, size_t task, size_t thread, ropelaw_error *error) {
    const phi_work *w = context;
    ropelaw_phi_model *m = &w->phi->models[task];
    fit_phi_grid *own = &w->scratch[thread];
    double sum = 0, *row = w->squares + 3 * task;
    (void)error;
    if (w->n_groups == w->phi->n_models) {
        own = &w->groups[task]; /* every model is a group: it is there already */
    } else {
        memset(own, 0, sizeof *own);
        add_items(w, w->first[task], w->first[task + 1], own);
    }
    if (m->n_bounded) m->phi_rad = fit_phi_find(own, NULL).phi;
    row[0] = 0, row[1] = INFINITY, row[2] = -INFINITY;
    if (w->phi->n_bounded == m->n_bounded) return ROPELAW_OK;
    m->phi_others_rad = fit_phi_find(w->total, own).phi;
    for (size_t i = w->first[task]; i < w->first[task + 1]; i++) {
        double e = miss(&w->items[i], m->phi_others_rad);
        sum += e * e;
        row[1] = fmin(row[1], e), row[2] = fmax(row[2], e);
    }
    m->rms_out = sqrt(sum / (double)m->n_runs);
    row[0] = sum;
    return ROPELAW_OK;
}

/* phi of groups drawn with replacement. */
static ropelaw_status resample(void *context, size_t task, size_t thread, ropelaw_error *error) {
    const phi_work *w = context;
    fit_phi_grid *sum = &w->scratch[thread];
    ropelaw_random random;
    size_t count[GROUPS] = {0};
    (void)error;
    ropelaw_random_init(&random, SEED, task);
    for (size_t g = 0; g < w->n_groups; g++) count[ropelaw_random_below(&random, w->n_groups)]++;
    memset(sum, 0, sizeof *sum);
    for (size_t g = 0; g < w->n_groups; g++)
        if (count[g]) fit_phi_sum(sum, &w->groups[g], (double)count[g]);
    w->resampled[task] = fit_phi_find(sum, NULL).phi;
    return ROPELAW_OK;
}

/* Half the length of Student's interval with the standard error of the resampled phi. The variance of a resample is that
   of n - 1 degrees of freedom times (n - 1) / n. */
static ropelaw_status bootstrap(phi_work *w, double *half, ropelaw_error *error) {
    double n = (double)w->n_groups, mean = 0, squares = 0;
    ropelaw_status s =
        core_parallel(w->options->threads, RESAMPLES, resample, w, w->options->progress, error);
    if (s) return s;
    for (int b = 0; b < RESAMPLES; b++) mean += w->resampled[b] / RESAMPLES;
    for (int b = 0; b < RESAMPLES; b++) squares += pow(w->resampled[b] - mean, 2) / RESAMPLES;
    *half = num_t_quantile((1 + w->phi->fitted.level) / 2, n - 1) * sqrt(squares * n / (n - 1));
    return ROPELAW_OK;
}

/* The bootstrap sees what differs between models but not a likelihood that is flat (brackets alone leave a range of phi
   equally good, in every resample); the profile sees that, but takes runs for units. So the interval holds both. */
static ropelaw_status find_interval(phi_work *w, ropelaw_error *error) {
    ropelaw_fitted_phi *f = &w->phi->fitted;
    double n = (double)w->phi->n_bounded, interval[2], half = 0;
    size_t with = 0; /* models that say where phi is */
    for (size_t k = 0; k < w->phi->n_models; k++) with += w->phi->models[k].n_bounded > 0;
    if (n < 2 || (w->phi->n_models > 1 && with < 2)) return ROPELAW_OK;
    ropelaw_status s = w->phi->n_models > 1 ? bootstrap(w, &half, error) : ROPELAW_OK;
    if (s) return s;
    fit_phi_profile(w->total, n * log1p(num_f_quantile(f->level, 1, n - 1) / (n - 1)), interval);
    f->lo_rad = fmax(fmin(f->phi_rad - half, interval[0]), 0);
    f->hi_rad = fmin(fmax(f->phi_rad + half, interval[1]), phi_end);
    return ROPELAW_OK;
}

static void summarise(phi_work *w) {
    ropelaw_phi *p = w->phi;
    double sum = 0, out = 0, lo = INFINITY, hi = -INFINITY;
    p->others_lo = INFINITY, p->others_hi = -INFINITY;
    for (size_t i = 0; i < w->n; i++) sum += pow(miss(&w->items[i], p->fitted.phi_rad), 2);
    p->rms = sqrt(sum / (double)w->n);
    bool known = p->n_models > 1;
    for (size_t k = 0; k < p->n_models; k++) {
        known = known && !isnan(p->models[k].phi_others_rad);
        p->others_lo = fmin(p->others_lo, p->models[k].phi_others_rad);
        p->others_hi = fmax(p->others_hi, p->models[k].phi_others_rad);
        out += w->squares[3 * k];
        lo = fmin(lo, w->squares[3 * k + 1]), hi = fmax(hi, w->squares[3 * k + 2]);
    }
    p->fitted.rms_out = known ? sqrt(out / (double)w->n) : NAN;
    p->out_lo = known ? exp(lo) : NAN, p->out_hi = known ? exp(hi) : NAN;
    if (!known) p->others_lo = p->others_hi = NAN;
}

static ropelaw_status fit(phi_work *w, ropelaw_error *error) {
    ropelaw_fitted_phi *f = &w->phi->fitted;
    ropelaw_status s = core_parallel(w->options->threads, w->n_groups, add_group, w, NULL, error);
    if (s) return s;
    for (size_t g = 0; g < w->n_groups; g++) fit_phi_sum(w->total, &w->groups[g], 1);
    fit_phi_best best = fit_phi_find(w->total, NULL);
    f->phi_rad = best.phi, w->phi->tau = best.tau;
    f->n_models = w->phi->n_models;
    s = core_parallel(w->options->threads, w->phi->n_models, leave_out, w, w->options->progress, error);
    if (s) return s;
    s = find_interval(w, error);
    if (s) return s;
    if (f->phi_rad < 0.005 || f->phi_rad > phi_end - 0.005) f->caveats |= ROPELAW_CAVEAT_AT_EDGE;
    if (w->phi->n_models < FEW_MODELS) f->caveats |= ROPELAW_CAVEAT_FEW_POINTS;
    summarise(w);
    return ROPELAW_OK;
}

static ropelaw_phi *create(size_t n, double level) {
    ropelaw_phi *p = core_calloc(1, sizeof *p);
    if (!p) return NULL;
    p->fitted = (ropelaw_fitted_phi){NAN, NAN, NAN, level, NAN, 0, 0, 0};
    p->tau = p->rms = p->out_lo = p->out_hi = p->others_lo = p->others_hi = NAN;
    p->models = core_calloc(n ? n : 1, sizeof *p->models);
    if (!p->models) ropelaw_phi_destroy(&p);
    return p;
}

static ropelaw_status work_create(phi_work *w, size_t n, ropelaw_error *error) {
    size_t threads = w->options->threads ? w->options->threads : 1, room = n ? n : 1;
    if (threads > room + RESAMPLES) threads = room + RESAMPLES;
    w->n_groups = room < GROUPS ? room : GROUPS;
    w->phi = create(n, w->options->level);
    w->items = core_malloc(room, sizeof *w->items);
    w->first = core_malloc(room + 1, sizeof *w->first);
    w->squares = core_malloc(room, 3 * sizeof *w->squares);
    w->total = core_calloc(1 + w->n_groups + threads, sizeof *w->total);
    w->resampled = core_malloc(RESAMPLES, sizeof *w->resampled);
    if (!w->phi || !w->items || !w->first || !w->squares || !w->total || !w->resampled)
        return core_fail_memory(error, room, sizeof *w->items);
    w->groups = w->total + 1, w->scratch = w->groups + w->n_groups;
    return ROPELAW_OK;
}

ropelaw_status ropelaw_phi_fit(const ropelaw_phi_case *cases, size_t n, const ropelaw_phi_options *options,
                               ropelaw_phi **phi, ropelaw_error *error) {
    phi_work w = {.options = options ? options : &ropelaw_phi_options_default};
    if ((n && !cases) || !phi)
        return core_fail(error, ROPELAW_INVALID, "cases", "", "", "cases or phi is NULL");
    if (!(w.options->level > 0 && w.options->level < 1))
        return core_fail_number(error, ROPELAW_DOMAIN, "level", w.options->level, "between 0 and 1");
    for (size_t i = 0; i < n; i++) {
        ropelaw_status s = fit_phi_case_check(&cases[i], error);
        if (s) return s;
    }
    ropelaw_status s = work_create(&w, n, error);
    if (!s) {
        take(&w, cases, n);
        s = name_models(&w, error);
    }
    if (!s && w.phi->n_bounded == 0)
        w.phi->reason = w.n ? "no run broke within its lengths"
                            : "no run has an onset or a limit, and facts that fix its frequencies";
    else if (!s)
        s = fit(&w, error);
    core_free(w.items), core_free(w.first), core_free(w.squares), core_free(w.total);
    core_free(w.resampled);
    if (s)
        ropelaw_phi_destroy(&w.phi);
    else
        *phi = w.phi;
    return s;
}

void ropelaw_phi_destroy(ropelaw_phi **phi) {
    if (!phi || !*phi) return;
    for (size_t j = 0; (*phi)->models && j < (*phi)->n_models; j++) {
        union {
            const char *is;
            char *was;
        } name = {(*phi)->models[j].name};
        core_free(name.was);
    }
    core_free((*phi)->models);
    core_free(*phi);
    *phi = NULL;
}
