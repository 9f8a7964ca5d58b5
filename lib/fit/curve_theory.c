/* What theory says of a run's facts, beside what was measured. */
#include "fit/curve_fit.h"
#include <math.h>
#include <string.h>

static bool plain_method(const char *method) {
    return !method || !*method || !strcmp(method, "default") || !strcmp(method, "ntk");
}

static const char *missing(const ropelaw_run *run) {
    if (!plain_method(run->method)) return "the RoPE method is outside the closed form";
    if (!(run->rotary_dim >= 2)) return "rotary_dim is not given";
    if (!(run->pretrain_base > 1)) return "pretrain_base is not given";
    if (!(run->train_len_tok > 0)) return "train_len_tok is not given";
    return NULL;
}

void fit_theory(fit_state *s) {
    const ropelaw_run *run = s->run;
    ropelaw_fit_theory *t = &s->fit->theory;
    const ropelaw_coverage none = {NAN, NAN, ROPELAW_NO_PAIR, 0};
    *t = (ropelaw_fit_theory){.bound_tok = NAN, .reason = missing(run), .lo = none, .hi = none, .ratio = NAN};
    if (t->reason) return;
    ropelaw_setting setting = {.rotary_dim = (size_t)run->rotary_dim,
                               .pretrain_base = run->pretrain_base,
                               .train_len_tok = run->train_len_tok,
                               .tune_base = run->base > 1 ? run->base : run->pretrain_base,
                               .tune_len_tok =
                                   run->tune_len_tok > 0 ? run->tune_len_tok : run->train_len_tok};
    ropelaw_bound bound;
    if (ropelaw_bound_eval(&setting, &bound, NULL)) {
        t->reason = "the run's facts lie outside the law's domain";
        return;
    }
    t->reason = isnan(bound.bound_tok) ? "every pair saw a full period: no bound" : "";
    t->bound_tok = bound.bound_tok;
    t->caveats = bound.caveats;
    if (!(run->base > 1) || !(run->tune_len_tok > 0)) t->caveats |= ROPELAW_CAVEAT_DEFAULTED;
    if (ropelaw_coverage_base_eval(&setting, 0, &t->lo, NULL)) t->lo = none;
    if (ropelaw_coverage_base_eval(&setting, 1, &t->hi, NULL)) t->hi = none;
    double measured = s->fit->n_onsets ? s->fit->onset[s->fit->n_onsets - 1].length_tok.est : NAN;
    if (isnan(measured)) measured = s->fit->break_tok.est;
    t->ratio = measured / t->bound_tok;
}
