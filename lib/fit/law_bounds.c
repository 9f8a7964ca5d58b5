/* The law of one model from limits alone, without curves. */
#include "fit/law_group.h"
#include <math.h>

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
                                  const ropelaw_law_options *o, fit_group *g, ropelaw_law *law,
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
        fit_group_admit(g, &setting, i, &law->models[0]);
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
    fit_group g = {0};
    ropelaw_status s = fit_law_options_check(o, error);
    if (!s) s = fit_law_create(n, o->level, &l, error);
    if (s) return s;
    l->n_models = 1;
    s = fit_law_model_name(&l->models[0], facts->name, &setting, error);
    if (!s) s = fit_group_create(n ? n : 1, &g, error);
    if (!s) s = load_bounds(bounds, n, &setting, o, &g, l, error);
    if (!s) s = fit_group_finish(&g, o, &l->models[0], l->runs, error);
    fit_group_clear(&g);
    if (s)
        ropelaw_law_destroy(&l);
    else
        *law = l;
    return s;
}
