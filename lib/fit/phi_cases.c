/* What is known of the onset of a run, for the fit of phi. Bases below that of pre-training stay out: there curves rise
   slowly and have no wall that a phase could set (docs/experiment.md). */
#include "fit/phi_cases.h"
#include <math.h>

ropelaw_status fit_phi_case_check(const ropelaw_phi_case *c, ropelaw_error *error) {
    if (!c->run) return core_fail(error, ROPELAW_INVALID, "run", "", "", "a case has no run");
    if (!(c->se >= 0) || !isfinite(c->se))
        return core_fail_number(error, ROPELAW_DOMAIN, "se", c->se, ">= 0");
    if (!(c->lo_tok >= 0) || !isfinite(c->lo_tok))
        return core_fail_number(error, ROPELAW_DOMAIN, "lo_tok", c->lo_tok, "a finite number >= 0");
    if (!(c->hi_tok >= c->lo_tok) || !(c->hi_tok > 0))
        return core_fail_number(error, ROPELAW_DOMAIN, "hi_tok", c->hi_tok, ">= lo_tok and > 0");
    return ROPELAW_OK;
}

fit_term fit_phi_term(const ropelaw_phi_case *c) {
    fit_term t = {.kind = FIT_TERM_INTERVAL, .lo = log(c->lo_tok), .hi = log(c->hi_tok), .se = c->se};
    if (c->lo_tok == c->hi_tok)
        t.kind = FIT_TERM_POINT;
    else if (c->lo_tok == 0)
        t.kind = FIT_TERM_LEFT;
    else if (isinf(c->hi_tok))
        t.kind = FIT_TERM_RIGHT;
    return t;
}

static const double normal_95 = 1.959963984540054;

/* The break under the shape that the model's runs share, where the law could use the run. */
static bool case_of_law(const ropelaw_law *law, const ropelaw_law_run *r, ropelaw_phi_case *c) {
    const ropelaw_range *b = &r->break_tok;
    if (r->model >= law->n_models || law->models[r->model].reason) return false;
    if (r->use == ROPELAW_RUN_BROKEN && b->est > 0 && b->lo > 0 && isfinite(b->hi)) {
        c->lo_tok = c->hi_tok = b->est;
        c->se = log(b->hi / b->lo) / (2 * normal_95);
        return true;
    }
    if (r->use == ROPELAW_RUN_RIGHT && b->lo > 0) return c->lo_tok = b->lo, true;
    if (r->use == ROPELAW_RUN_LEFT && isfinite(b->hi)) return c->hi_tok = b->hi, true;
    return false;
}

/* The onset of the first eps if the measured lengths agree with it, else the lengths that bracket it. */
static void case_of_fit(const ropelaw_run_fit *fit, ropelaw_phi_case *c) {
    const ropelaw_onset *o = &fit->onset[0];
    const ropelaw_estimate *e = &o->length_tok;
    if (!fit->n_onsets) return;
    if (o->bracket_lo_tok > 0) c->lo_tok = o->bracket_lo_tok;
    if (o->bracket_hi_tok > 0) c->hi_tok = o->bracket_hi_tok;
    if (!(e->se >= 0) || !isfinite(e->se) || !(e->est >= c->lo_tok && e->est <= c->hi_tok)) return;
    c->lo_tok = c->hi_tok = e->est;
    c->se = e->se;
}

ropelaw_status ropelaw_series_phi_fit(const ropelaw_series *series, const ropelaw_run_fit *fits,
                                      const ropelaw_law *law, const ropelaw_phi_options *options,
                                      ropelaw_phi **phi, ropelaw_error *error) {
    if (!series || !phi || (series->n_runs && !fits))
        return core_fail(error, ROPELAW_INVALID, "series", "", "", "series, fits or phi is NULL");
    if (law && law->n_runs != series->n_runs)
        return core_fail(error, ROPELAW_SHAPE, "law", "", "", "the law is of another series");
    ropelaw_phi_case *cases = core_malloc(series->n_runs ? series->n_runs : 1, sizeof *cases);
    if (!cases) return core_fail_memory(error, series->n_runs, sizeof *cases);
    for (size_t i = 0; i < series->n_runs; i++) {
        const ropelaw_run *run = &series->runs[i];
        cases[i] = (ropelaw_phi_case){run, 0, INFINITY, 0};
        if (run->kind == ROPELAW_VALUE_ACCURACY || run->base < run->pretrain_base) continue;
        if (!law || !case_of_law(law, &law->runs[i], &cases[i])) case_of_fit(&fits[i], &cases[i]);
    }
    ropelaw_status s = ropelaw_phi_fit(cases, series->n_runs, options, phi, error);
    core_free(cases);
    return s;
}
