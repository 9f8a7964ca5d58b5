#include "fit/run_arcs.h"
#include <ropelaw/method.h>
#include <ropelaw/rope.h>
#include <math.h>
#include <string.h>

bool fit_method_is_plain(const char *method) {
    return !method || !*method || !strcmp(method, "default") || !strcmp(method, "ntk");
}

/* Whether the frequencies in use follow from the method's name, its factor and the run's lengths alone. */
static const ropelaw_method *fixed_method(const ropelaw_run *run) {
    const ropelaw_method *m = ropelaw_method_find(run->method);
    const uint32_t more = ROPELAW_USES_FACTORS | ROPELAW_USES_EVAL_LEN | ROPELAW_USES_NEW_BASE |
                          ROPELAW_USES_HEAD_DIM | ROPELAW_USES_PARTIAL;
    if (!m || (m->uses & more)) return NULL;
    return !(m->uses & ROPELAW_USES_FACTOR) || run->factor > 0 ? m : NULL;
}

static bool scale(const ropelaw_run *run, double base, size_t dim, double *freq) {
    if (fit_method_is_plain(run->method)) return !ropelaw_freqs_eval(base, dim, freq, NULL);
    const ropelaw_method *method = fixed_method(run);
    ropelaw_method_params params = ropelaw_method_params_default;
    params.base = base;
    params.rotary_dim = dim;
    params.train_len = run->train_len_tok;
    params.factor = run->factor > 0 ? run->factor : 0;
    return method && !ropelaw_method_eval(method, &params, 0, freq, NULL, NULL);
}

bool fit_run_arcs(const ropelaw_run *run, fit_arcs *a) {
    double d = run->rotary_dim, base = run->base > 1 ? run->base : run->pretrain_base;
    if (!(d >= 2 && d <= FIT_ARCS_DIM_MOST) || fmod(d, 2) != 0 || !(run->pretrain_base > 1) ||
        !(run->train_len_tok >= 1))
        return false;
    size_t dim = (size_t)d;
    double untuned = fit_method_is_plain(run->method) ? run->train_len_tok : 1;
    double tune = run->tune_len_tok > 0 ? fmax(run->tune_len_tok, untuned) : untuned;
    if (ropelaw_freqs_eval(run->pretrain_base, dim, a->pretrain, NULL) || !scale(run, base, dim, a->tune))
        return false;
    a->arcs = (ropelaw_arcs){dim / 2, a->pretrain, a->tune, run->train_len_tok, tune};
    return isfinite(tune) && isfinite(run->train_len_tok);
}
