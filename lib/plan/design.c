/* The question turned round: ways to a wanted context, best first.
 *
 * Two "bases for a length" stand side by side because they answer different questions: (16a) is the largest base for
 * which tuning on T' keeps the bound at T'; the inverse of (16b) is the smallest base that carries a shorter tuning
 * to the target. */
#include "plan/plan.h"
#include <math.h>
#include <stdlib.h>

typedef struct {
    const ropelaw_plan_model *model;
    double target, long_len,
        short_len; /* long_len: tuned on the target; short_len: no more than pre-training */
    ropelaw_plan_design *design;
} request;

/* Bound and coverage of the option under the law; reaches and caveats follow. */
static ropelaw_status judge(const request *q, ropelaw_plan_option *o, ropelaw_error *error) {
    ropelaw_setting x = q->design->setting;
    x.tune_base = o->base;
    x.tune_len_tok = o->tune_len;
    int both = q->model->bidirectional != 0;
    ropelaw_bound b;
    ropelaw_status s = plan_law(&x, both, &b, error);
    ropelaw_setting doubled = plan_doubled(&x, both);
    if (!s) s = ropelaw_coverage_base_eval(&doubled, 0, &o->lo, error);
    if (!s) s = ropelaw_coverage_base_eval(&doubled, 1, &o->hi, error);
    if (s) return s;
    plan_halve(&o->lo, both);
    plan_halve(&o->hi, both);
    o->predicted_bound = b.bound_tok;
    o->caveats |= b.caveats;
    o->reaches = (b.caveats & ROPELAW_CAVEAT_UNBOUNDED) || b.bound_tok >= q->target;
    return ROPELAW_OK;
}

static ropelaw_status append(const request *q, ropelaw_plan_option o, ropelaw_error *error) {
    if (!(o.base > 1 && isfinite(o.base)) || q->design->n_options == ROPELAW_PLAN_OPTIONS_MAX)
        return ROPELAW_OK;
    ropelaw_status s = judge(q, &o, error);
    if (!s) q->design->options[q->design->n_options++] = o;
    return s;
}

/* The computed critical base may lie an ulp above the true one: the largest double that still is `tuned`. */
static ropelaw_status largest_tuned_base(ropelaw_setting x, double *base, ropelaw_error *error) {
    ropelaw_status s =
        ropelaw_critical_base_eval(x.pretrain_base, x.train_len_tok, x.tune_len_tok, base, error);
    for (int i = 0; !s && isfinite(*base) && i < 64; i++, *base = nextafter(*base, 1)) {
        ropelaw_bound b;
        x.tune_base = *base;
        s = ropelaw_bound_eval(&x, &b, error);
        if (!s && b.regime != ROPELAW_REGIME_LARGE_BASE) break;
    }
    return s;
}

static ropelaw_status add_base_changes(const request *q, ropelaw_error *error) {
    int both = q->model->bidirectional != 0;
    ropelaw_setting x = q->design->setting;
    x.tune_len_tok = q->long_len;
    x = plan_doubled(&x, both);
    ropelaw_plan_option o = {.kind = "critical_base",
                             .tune_len = q->long_len,
                             .factor = NAN,
                             .source = "Liu et al. 2024, arXiv:2310.05209, eq 16a"};
    double small[3];
    ropelaw_status s = largest_tuned_base(x, &o.base, error);
    if (!s) s = append(q, o, error);
    if (!s) s = ropelaw_small_base_eval(x.tune_len_tok, small, error);
    if (s) return s;
    o.kind = "small_base";
    o.base = small[2];
    o.source = "Liu et al. 2024, arXiv:2310.05209, eq 16d; against it Men et al. 2024, arXiv:2405.14591";
    s = append(q, o, error);
    if (s) return s;
    o.kind = "bound_base";
    o.tune_len = q->short_len;
    o.source = "inverse of Liu et al. eq 16b (survey arXiv:2502.17129, eq 4)";
    x.tune_len_tok = (both ? 2 : 1) * q->short_len;
    s = ropelaw_tune_base_find(&x, (both ? 2 : 1) * q->target, &o.base, error);
    return s ? s : append(q, o, error);
}

/* Methods that a factor alone describes: not those that need searched divisors, or that choose frequencies before
   pre-training, or that only restate a base. */
static int takes_a_factor(const ropelaw_method *m) {
    const uint32_t others = ROPELAW_USES_FACTORS | ROPELAW_USES_NEW_BASE | ROPELAW_USES_TUNE_LEN |
                            ROPELAW_USES_PARTIAL | ROPELAW_USES_TAU | ROPELAW_USES_EVAL_LEN;
    return (m->uses & ROPELAW_USES_FACTOR) && !(m->uses & others);
}

static ropelaw_status append_method(const request *q, const ropelaw_method *m, ropelaw_error *error) {
    ropelaw_plan_model model = *q->model;
    ropelaw_plan plan = {q->design->setting.pretrain_base, q->long_len};
    ropelaw_plan_option o = {.kind = m->name, .tune_len = q->long_len, .source = m->source};
    model.method = m->name;
    model.params = NULL;
    model.declared_len = NAN;
    model.factor = o.factor = q->target / q->design->setting.train_len_tok;
    ropelaw_plan_result r;
    ropelaw_status s = ropelaw_plan_predict(&model, &plan, NULL, &r, error);
    if (s || q->design->n_options == ROPELAW_PLAN_OPTIONS_MAX) return s;
    o.base = r.setting.tune_base;
    o.lo = r.lo;
    o.hi = r.hi;
    o.predicted_bound = r.is_method ? r.lo.bound_tok : r.law.bound_tok;
    o.caveats = r.caveats;
    o.reaches = isnan(o.predicted_bound) || o.predicted_bound >= q->target;
    q->design->options[q->design->n_options++] = o;
    return ROPELAW_OK;
}

static ropelaw_status add_methods(const request *q, ropelaw_error *error) {
    ropelaw_status s = ROPELAW_OK;
    if (q->target <= q->design->setting.train_len_tok || q->design->setting.rotary_dim < 4) return s;
    for (size_t i = 0; !s && i < ropelaw_method_count(); i++)
        if (takes_a_factor(ropelaw_method_at(i))) s = append_method(q, ropelaw_method_at(i), error);
    return s;
}

/* 0 a change of base, 1 a method, 2 a small base */
static int class_of(const ropelaw_plan_option *o) {
    if (!isnan(o->factor)) return 1;
    return o->caveats & ROPELAW_CAVEAT_REGIME_SMALL_BASE ? 2 : 0;
}

static int better(const ropelaw_plan_option *a, const ropelaw_plan_option *b, double target) {
    if (a->reaches != b->reaches) return a->reaches;
    if (class_of(a) != class_of(b)) return class_of(a) < class_of(b);
    int strict_a = !(a->lo.bound_tok < target), strict_b = !(b->lo.bound_tok < target);
    if (strict_a != strict_b) return strict_a;
    return a->tune_len < b->tune_len;
}

static void sort_options(ropelaw_plan_design *d) {
    for (size_t i = 1; i < d->n_options; i++) {
        ropelaw_plan_option o = d->options[i];
        size_t k = i;
        for (; k > 0 && better(&o, &d->options[k - 1], d->target_len); k--) d->options[k] = d->options[k - 1];
        d->options[k] = o;
    }
}

static ropelaw_status check_lengths(double target_len, double tune_len, ropelaw_error *error) {
    if (!(target_len >= ROPELAW_LEN_MIN && isfinite(target_len)))
        return core_fail_number(error, ROPELAW_DOMAIN, "target_len", target_len,
                                "a finite number of tokens, at least 7");
    if (!isnan(tune_len) && !(tune_len > 0 && isfinite(tune_len)))
        return core_fail_number(error, ROPELAW_DOMAIN, "tune_len", tune_len,
                                "a finite number of tokens above 0");
    return ROPELAW_OK;
}

ropelaw_status ropelaw_plan_design_find(const ropelaw_plan_model *model, double target_len, double tune_len,
                                        ropelaw_plan_design *design, ropelaw_error *error) {
    if (!design) return core_fail(error, ROPELAW_INVALID, "design", "NULL", "an object", "design is NULL");
    ropelaw_status s = check_lengths(target_len, tune_len, error);
    if (s) return s;
    ropelaw_plan_design d = {.target_len = target_len};
    ropelaw_plan none = {NAN, NAN};
    if (!model) return core_fail(error, ROPELAW_INVALID, "model", "NULL", "an object", "model is NULL");
    ropelaw_plan_model pretrained = *model;
    pretrained.tune_base = pretrained.tune_len = NAN;
    s = plan_setting(&pretrained, &none, &d.setting, error);
    if (s) return s;
    double train = d.setting.train_len_tok;
    request q = {model, target_len, fmax(train, isnan(tune_len) ? target_len : tune_len),
                 fmax(train, isnan(tune_len) ? train : tune_len), &d};
    s = add_base_changes(&q, error);
    if (!s) s = add_methods(&q, error);
    if (s) return s;
    sort_options(&d);
    *design = d;
    return ROPELAW_OK;
}
