/* The spectrum of any method: the frequencies of pre-training and those in use, judged pair by pair. */
#include "plan/plan.h"
#include <ropelaw/plan_spectrum.h>
#include <math.h>

/* Plain RoPE has no frequencies of its own in plan_freqs: those of the two bases. */
static ropelaw_status plain(const ropelaw_setting *x, plan_freqs *f, ropelaw_error *error) {
    size_t n = x->rotary_dim / 2;
    f->freq = core_malloc(n, 2 * sizeof *f->freq);
    if (!f->freq) return core_fail_memory(error, n, 2 * sizeof *f->freq);
    f->n_pairs = n;
    f->base = x->tune_base;
    ropelaw_status s = ropelaw_freqs_eval(x->pretrain_base, x->rotary_dim, f->freq, error);
    return s ? s : ropelaw_freqs_eval(x->tune_base, x->rotary_dim, f->freq + n, error);
}

static void halve(ropelaw_plan_spectrum *r, int bidirectional) {
    plan_halve(&r->lo, bidirectional);
    plan_halve(&r->hi, bidirectional);
    for (size_t n = 0; bidirectional && n < r->n_pairs; n++) r->pairs[n].good_tok /= 2;
}

static ropelaw_status judge(ropelaw_plan_spectrum *r, int bidirectional, ropelaw_error *error) {
    ropelaw_setting x = plan_doubled(&r->setting, bidirectional);
    ropelaw_arcs arcs = {r->n_pairs, r->pretrain_freq, r->freq, x.train_len_tok,
                         fmax(x.train_len_tok, x.tune_len_tok)};
    ropelaw_status s = ropelaw_arcs_eval(&arcs, 0, r->pairs, error);
    if (!s) s = ropelaw_coverage_eval(&arcs, 0, &r->lo, error);
    if (!s) s = ropelaw_coverage_eval(&arcs, 1, &r->hi, error);
    if (!s)
        s = ropelaw_critical_dim_count(x.rotary_dim, x.pretrain_base, x.train_len_tok, &r->pretrain_critical,
                                       error);
    if (s) return s;
    for (size_t n = 0; n < r->n_pairs; n++) r->critical_dim += 2 * (size_t)r->pairs[n].critical;
    halve(r, bidirectional);
    r->caveats |= r->lo.caveats;
    if (x.pretrain_base != ROPELAW_PAPER_BASE) r->caveats |= ROPELAW_CAVEAT_OUTSIDE_THEORY;
    if (r->is_method) r->caveats |= ROPELAW_CAVEAT_METHOD;
    return ROPELAW_OK;
}

/* Takes over the frequencies. */
static ropelaw_status fill(ropelaw_plan_spectrum *r, plan_freqs *f, int bidirectional, ropelaw_error *error) {
    r->is_method = isnan(f->base);
    if (!r->is_method) r->setting.tune_base = f->base;
    r->attention_factor = f->attention;
    r->eval_len_tok = f->len;
    r->n_pairs = f->n_pairs;
    r->pretrain_freq = f->freq;
    r->freq = f->freq + f->n_pairs;
    *f = (plan_freqs){.base = NAN};
    r->pairs = core_malloc(r->n_pairs, sizeof *r->pairs);
    if (!r->pairs) return core_fail_memory(error, r->n_pairs, sizeof *r->pairs);
    return judge(r, bidirectional, error);
}

ropelaw_status ropelaw_plan_spectrum_eval(const ropelaw_plan_model *model, const ropelaw_plan *plan,
                                          ropelaw_plan_spectrum *spectrum, ropelaw_error *error) {
    if (!spectrum)
        return core_fail(error, ROPELAW_INVALID, "spectrum", "NULL", "an object", "spectrum is NULL");
    ropelaw_plan_spectrum r = {0};
    plan_freqs f;
    ropelaw_status s = plan_setting(model, plan, &r.setting, error);
    if (!s) s = plan_freqs_eval(model, &r.setting, &f, error);
    if (s) return s;
    if (!f.n_pairs) s = plain(&r.setting, &f, error);
    if (!s) s = fill(&r, &f, model->bidirectional != 0, error);
    plan_freqs_clear(&f);
    if (s)
        ropelaw_plan_spectrum_clear(&r);
    else
        *spectrum = r;
    return s;
}

void ropelaw_plan_spectrum_clear(ropelaw_plan_spectrum *spectrum) {
    core_free(spectrum->pretrain_freq); /* freq lies behind it */
    core_free(spectrum->pairs);
    *spectrum = (ropelaw_plan_spectrum){0};
}
