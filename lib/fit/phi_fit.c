/* Runs are sorted by model. The shares of models in the likelihood of the mean are kept in at most GROUPS groups (up to so
   many, every model is one); memory does not grow beyond that. A model is left out by taking its group's share off the
   total. Sums run in fixed order, whatever the number of threads. */
#include "fit/phi_cases.h"
#include "fit/phi_models.h"
#include "num/quantile.h"
#include <ropelaw/phi_fit.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const ropelaw_phi_options ropelaw_phi_options_default = {0.95, 1, NULL};

enum { GROUPS = 64, FEW_MODELS = 3 };
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
    fit_phi_grid *scratch;            /* of one model, one per thread */
    fit_phi_marginal *total, *shares; /* shares: of the groups; of one model there are none */
    fit_phi_kernel *kernel;
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

/* The models of a group are neighbours: what each says of its own phi, and of the mean. */
static ropelaw_status add_group(void *context, size_t task, size_t thread, ropelaw_error *error) {
    const phi_work *w = context;
    size_t n = w->phi->n_models;
    fit_phi_grid *own = &w->scratch[thread];
    (void)error;
    for (size_t j = n * task / w->n_groups; j < n * (task + 1) / w->n_groups; j++) {
        memset(own, 0, sizeof *own);
        add_items(w, w->first[j], w->first[j + 1], own);
        if (w->phi->models[j].n_bounded) w->phi->models[j].phi_rad = fit_phi_find(own).phi;
        if (w->shares) fit_phi_marginal_add(&w->shares[task], w->kernel, own);
    }
    return ROPELAW_OK;
}

/* phi without the group of a model; of two models the other one stands for itself. */
static double without(const phi_work *w, size_t model) {
    if (w->phi->n_models == 2) return w->phi->models[1 - model].phi_rad;
    return fit_phi_mean_find(w->total, &w->shares[((model + 1) * w->n_groups - 1) / w->phi->n_models]).phi;
}

/* ln(observed / predicted): from the prediction to the nearer end of what is known. */
static double miss(const item *i, double phi) {
    fit_arcs arcs;
    double length = fit_run_arcs(i->c->run, &arcs) ? fit_phi_length(&arcs.arcs, phi) : NAN;
    if (isinf(length)) return isinf(i->c->hi_tok) ? 0 : -missed;
    double lo = log(i->c->lo_tok), hi = log(i->c->hi_tok);
    return length < lo ? lo - length : length > hi ? hi - length : 0;
}

/* One model: the others' phi, and how it is missed with that. */
static ropelaw_status leave_out(void *context, size_t task, size_t thread, ropelaw_error *error) {
    const phi_work *w = context;
    ropelaw_phi_model *m = &w->phi->models[task];
    double sum = 0, *row = w->squares + 3 * task;
    (void)thread, (void)error;
    row[0] = 0, row[1] = INFINITY, row[2] = -INFINITY;
    if (w->phi->n_bounded == m->n_bounded) return ROPELAW_OK;
    m->phi_others_rad = without(w, task);
    for (size_t i = w->first[task]; i < w->first[task + 1]; i++) {
        double e = miss(&w->items[i], m->phi_others_rad);
        sum += e * e;
        row[1] = fmin(row[1], e), row[2] = fmax(row[2], e);
    }
    m->rms_out = sqrt(sum / (double)m->n_runs);
    row[0] = sum;
    return ROPELAW_OK;
}

/* Profile likelihood, its cut from F: of models that are known exactly this is Student's interval of their mean. With one
   model its runs are the units. */
static void find_interval(phi_work *w) {
    ropelaw_fitted_phi *f = &w->phi->fitted;
    double interval[2];
    size_t with = 0; /* models that say where phi is */
    for (size_t k = 0; k < w->phi->n_models; k++) with += w->phi->models[k].n_bounded > 0;
    size_t units = w->shares ? with : w->phi->n_bounded;
    if (units < 2) return;
    double n = (double)units, cut = n * log1p(num_f_quantile(f->level, 1, n - 1) / (n - 1));
    if (w->shares)
        fit_phi_mean_profile(w->total, cut, interval);
    else
        fit_phi_profile(w->scratch, cut, interval);
    f->lo_rad = interval[0], f->hi_rad = interval[1];
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

/* The shares of models in the likelihood of their mean; of one model there is no mean. */
static ropelaw_status create_shares(phi_work *w, ropelaw_error *error) {
    if (w->n_groups < 2) return ROPELAW_OK;
    w->total = core_calloc(1 + w->n_groups, sizeof *w->total);
    w->kernel = core_malloc(1, sizeof *w->kernel);
    if (!w->total || !w->kernel) return core_fail_memory(error, 1 + w->n_groups, sizeof *w->total);
    w->shares = w->total + 1;
    fit_phi_kernel_init(w->kernel);
    return ROPELAW_OK;
}

static ropelaw_status fit(phi_work *w, ropelaw_error *error) {
    ropelaw_phi *p = w->phi;
    ropelaw_fitted_phi *f = &p->fitted;
    ropelaw_status s = create_shares(w, error);
    if (!s) s = core_parallel(w->options->threads, w->n_groups, add_group, w, NULL, error);
    if (s) return s;
    f->n_models = p->n_models;
    if (w->shares) {
        for (size_t g = 0; g < w->n_groups; g++) fit_phi_marginal_sum(w->total, &w->shares[g]);
        fit_phi_mean mean = fit_phi_mean_find(w->total, NULL);
        f->phi_rad = mean.phi, p->tau = mean.tau, p->spread_rad = mean.spread;
        if (mean.at_edge) f->caveats |= ROPELAW_CAVEAT_AT_EDGE;
    } else {
        fit_phi_best best = fit_phi_find(w->scratch);
        f->phi_rad = best.phi, p->tau = best.tau;
    }
    s = core_parallel(w->options->threads, p->n_models, leave_out, w, w->options->progress, error);
    if (s) return s;
    find_interval(w);
    if (f->phi_rad < 0.005 || f->phi_rad > phi_end - 0.005) f->caveats |= ROPELAW_CAVEAT_AT_EDGE;
    if (p->n_models < FEW_MODELS) f->caveats |= ROPELAW_CAVEAT_FEW_POINTS;
    summarise(w);
    return ROPELAW_OK;
}

static ropelaw_phi *create(size_t n, double level) {
    ropelaw_phi *p = core_calloc(1, sizeof *p);
    if (!p) return NULL;
    p->fitted = (ropelaw_fitted_phi){NAN, NAN, NAN, level, NAN, 0, 0, 0};
    p->tau = p->spread_rad = p->rms = p->out_lo = p->out_hi = p->others_lo = p->others_hi = NAN;
    p->models = core_calloc(n ? n : 1, sizeof *p->models);
    if (!p->models) ropelaw_phi_destroy(&p);
    return p;
}

static ropelaw_status work_create(phi_work *w, size_t n, ropelaw_error *error) {
    size_t room = n ? n : 1, threads = core_threads(w->options->threads, room);
    w->n_groups = room < GROUPS ? room : GROUPS;
    w->phi = create(n, w->options->level);
    w->items = core_malloc(room, sizeof *w->items);
    w->first = core_malloc(room + 1, sizeof *w->first);
    w->squares = core_malloc(room, 3 * sizeof *w->squares);
    w->scratch = core_calloc(threads, sizeof *w->scratch);
    if (!w->phi || !w->items || !w->first || !w->squares || !w->scratch)
        return core_fail_memory(error, room, sizeof *w->items);
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
    core_free(w.items), core_free(w.first), core_free(w.squares), core_free(w.scratch);
    core_free(w.total), core_free(w.kernel);
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
