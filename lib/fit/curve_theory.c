/* What theory says of a run's facts, beside what was measured. */
#include "fit/curve_fit.h"
#include "fit/run_arcs.h"
#include <math.h>

static const char *missing(const ropelaw_run *run) {
    if (!fit_method_is_plain(run->method)) return "the RoPE method is outside the closed form";
    if (!(run->rotary_dim >= 2)) return "rotary_dim is not given";
    if (!(run->pretrain_base > 1)) return "pretrain_base is not given";
    if (!(run->train_len_tok > 0)) return "train_len_tok is not given";
    return NULL;
}

/* Phase coverage under a method that rescales the frequencies: plain RoPE in pre-training, the method in tuning. */
static void cover_method(const ropelaw_run *run, ropelaw_fit_theory *t) {
    fit_arcs a;
    ropelaw_coverage lo, hi;
    if (!fit_run_arcs(run, &a) || ropelaw_coverage_eval(&a.arcs, 0, &lo, NULL) ||
        ropelaw_coverage_eval(&a.arcs, 1, &hi, NULL))
        return;
    t->lo = lo, t->hi = hi;
}

/* Measurement over theory: the onset where there is one, and the bracket in any case. */
static void compare(const ropelaw_run_fit *fit, ropelaw_fit_theory *t) {
    double measured = fit->n_onsets ? fit->onset[fit->n_onsets - 1].length_tok.est : NAN;
    if (isnan(measured)) measured = fit->break_tok.est;
    t->ratio = measured / t->bound_tok;
    if (fit->n_onsets) {
        t->ratio_lo = fit->onset[0].bracket_lo_tok / t->bound_tok;
        t->ratio_hi = fit->onset[0].bracket_hi_tok / t->bound_tok;
    }
    if (!isnan(t->ratio))
        t->ratio_reason = "";
    else if (isnan(t->bound_tok))
        t->ratio_reason = t->reason;
    else if (fit->status == ROPELAW_FIT_RIGHT)
        t->ratio_reason = "no break was seen: only a lower limit is known";
    else
        t->ratio_reason = "no onset could be estimated: only a bracket is known";
}

void fit_theory(fit_state *s) {
    const ropelaw_run *run = s->run;
    ropelaw_fit_theory *t = &s->fit->theory;
    const ropelaw_coverage none = {NAN, NAN, ROPELAW_NO_PAIR, 0};
    *t = (ropelaw_fit_theory){.bound_tok = NAN,
                              .reason = missing(run),
                              .lo = none,
                              .hi = none,
                              .ratio = NAN,
                              .ratio_lo = NAN,
                              .ratio_hi = NAN};
    if (t->reason) {
        t->ratio_reason = t->reason;
        if (!fit_method_is_plain(run->method)) {
            t->caveats |= ROPELAW_CAVEAT_METHOD;
            cover_method(run, t);
        }
        return;
    }
    ropelaw_setting setting = {.rotary_dim = (size_t)run->rotary_dim,
                               .pretrain_base = run->pretrain_base,
                               .train_len_tok = run->train_len_tok,
                               .tune_base = run->base > 1 ? run->base : run->pretrain_base,
                               .tune_len_tok =
                                   run->tune_len_tok > 0 ? run->tune_len_tok : run->train_len_tok};
    ropelaw_bound bound;
    if (ropelaw_bound_eval(&setting, &bound, NULL)) {
        t->reason = t->ratio_reason = "the run's facts lie outside the law's domain";
        return;
    }
    t->reason = isnan(bound.bound_tok) ? "every pair saw a full period: no bound" : "";
    t->bound_tok = bound.bound_tok;
    t->caveats = bound.caveats;
    if (!(run->base > 1) || !(run->tune_len_tok > 0)) t->caveats |= ROPELAW_CAVEAT_DEFAULTED;
    if (ropelaw_coverage_base_eval(&setting, 0, &t->lo, NULL)) t->lo = none;
    if (ropelaw_coverage_base_eval(&setting, 1, &t->hi, NULL)) t->hi = none;
    compare(s->fit, t);
}
