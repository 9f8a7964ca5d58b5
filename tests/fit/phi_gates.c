/* Each replicate has its own random stream and its own slot, so the figures do not depend on the number of threads. */
#include "phi_gates.h"
#include "core/core.h"
#include <math.h>
#include <ropelaw/phi_fit.h>
#include <ropelaw/random.h>
#include <stdlib.h>

enum { MODELS_MOST = 20, BASES_MOST = 8, MOST = MODELS_MOST * BASES_MOST };

static const double truth = 0.5;

typedef struct {
    const phi_design *design;
    const gate_options *options;
    double (*slot)[4]; /* error, covered, length, rms_out */
} gate;

static double draw_length(const ropelaw_run *run, double phi, double tau, ropelaw_random *r) {
    ropelaw_setting s = {(size_t)run->rotary_dim, run->pretrain_base, run->train_len_tok, run->base,
                         run->train_len_tok};
    ropelaw_coverage c;
    if (ropelaw_coverage_base_eval(&s, phi, &c, NULL)) abort();
    return (c.distance_tok + 1) * exp(tau * ropelaw_random_normal(r));
}

/* Models of four shapes; bases up to thirty times that of pre-training. */
static size_t draw(const phi_design *d, ropelaw_random *r, ropelaw_run *runs, ropelaw_phi_case *cases) {
    static const double dims[] = {32, 64, 128, 128}, bases[] = {500, 1e4, 1e4, 5e5},
                        lens[] = {128, 2048, 4096, 8192};
    static char names[MODELS_MOST][2];
    size_t n = 0;
    for (size_t j = 0; j < d->models; j++) {
        double phi = fmin(fmax(truth + d->spread * ropelaw_random_normal(r), 0), 3);
        for (size_t b = 0; b < d->bases; b++, n++) {
            names[j][0] = (char)('a' + j);
            runs[n] = (ropelaw_run){.model = names[j],
                                    .rotary_dim = dims[j % 4],
                                    .pretrain_base = bases[j % 4],
                                    .train_len_tok = lens[j % 4],
                                    .tune_len_tok = NAN,
                                    .base = bases[j % 4] * pow(30, ropelaw_random_uniform(r)),
                                    .factor = NAN};
            double t = draw_length(&runs[n], phi, d->tau, r), step = log(2) / 2;
            double below = exp(step * floor(log(t) / step));
            cases[n] = d->brackets ? (ropelaw_phi_case){&runs[n], below, below * exp(step), 0}
                                   : (ropelaw_phi_case){&runs[n], t, t, 0};
        }
    }
    return n;
}

static ropelaw_status replicate(void *context, size_t task, size_t thread, ropelaw_error *error) {
    const gate *g = context;
    ropelaw_run runs[MOST];
    ropelaw_phi_case cases[MOST];
    ropelaw_random r;
    ropelaw_phi *phi;
    (void)thread;
    ropelaw_random_init(&r, g->options->seed, task);
    size_t n = draw(g->design, &r, runs, cases);
    ropelaw_status s = ropelaw_phi_fit(cases, n, NULL, &phi, error);
    if (s) return s;
    const ropelaw_fitted_phi *f = &phi->fitted;
    double *slot = g->slot[task];
    slot[0] = f->phi_rad - truth, slot[1] = f->lo_rad <= truth && truth <= f->hi_rad;
    slot[2] = f->hi_rad - f->lo_rad, slot[3] = f->rms_out;
    ropelaw_phi_destroy(&phi);
    return ROPELAW_OK;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double (*slot)[4], size_t reps, int k, double *sorted) {
    for (size_t i = 0; i < reps; i++) sorted[i] = slot[i][k];
    qsort(sorted, reps, sizeof *sorted, ascending);
    return sorted[reps / 2];
}

phi_result gate_phi(const phi_design *d, const gate_options *o) {
    double(*slot)[4] = calloc(o->reps, sizeof *slot), *sorted = calloc(o->reps, sizeof *sorted);
    gate g = {d, o, slot};
    phi_result r = {0};
    if (!slot || !sorted || d->models > MODELS_MOST || d->bases > BASES_MOST ||
        core_parallel(o->threads, o->reps, replicate, &g, NULL, NULL))
        abort();
    for (size_t i = 0; i < o->reps; i++) {
        r.bias += slot[i][0] / (double)o->reps;
        r.covers += slot[i][1] / (double)o->reps;
    }
    for (size_t i = 0; i < o->reps; i++) r.sd += pow(slot[i][0] - r.bias, 2);
    r.sd = sqrt(r.sd / ((double)o->reps - 1));
    r.length = median(slot, o->reps, 2, sorted), r.rms_out = median(slot, o->reps, 3, sorted);
    free(slot), free(sorted);
    return r;
}
