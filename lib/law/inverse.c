/* The inverses of the closed form: the smallest tuned length, or the smallest base, for a wanted bound.
 *
 * Tuned length. As T' grows from T the bound is (16b) while b > critical_base(T'), then T'. (16b) does not
 * depend on T', and where it ends (T' = D, law.c) it is at least D. So the wanted bound W is reached at T' =
 * T if (16b) reaches it; otherwise W > (16b) >= D, hence T' = W lies in the regime `tuned`, gives W, and
 * nothing shorter does.
 *
 * Base. Every base up to critical_base gives T'; above it (16b) grows with the base. So W <= T' needs no
 * change, and W > T' needs the larger of critical_base and the inverse of (16b), the first taken exclusively.
 */
#include "law/law.h"
#include <float.h>
#include <math.h>

/* Neither inverse reads the member that it is asked for. */
static ropelaw_status check_wanted(ropelaw_setting *x, double bound_tok, ropelaw_error *error) {
    ropelaw_status s = ropelaw_setting_check(x, error);
    if (!s) s = rope_check_len("bound", bound_tok, error);
    if (!s && x->tune_len_tok < x->train_len_tok) x->tune_len_tok = x->train_len_tok;
    return s;
}

ropelaw_status ropelaw_tune_len_find(const ropelaw_setting *setting, double bound_tok, double *tune_len_tok,
                                     ropelaw_error *error) {
    if (!setting) return law_null("setting", error);
    if (!tune_len_tok) return law_null("tune_len_tok", error);
    ropelaw_setting x = *setting;
    x.tune_len_tok = x.train_len_tok;
    ropelaw_bound b;
    ropelaw_status s = check_wanted(&x, bound_tok, error);
    if (!s) s = ropelaw_bound_eval(&x, &b, error);
    if (s) return s;
    int reached = (b.caveats & ROPELAW_CAVEAT_UNBOUNDED) || b.bound_tok >= bound_tok;
    *tune_len_tok = reached ? x.train_len_tok : bound_tok;
    return ROPELAW_OK;
}

ropelaw_status ropelaw_tune_base_find(const ropelaw_setting *setting, double bound_tok, double *base,
                                      ropelaw_error *error) {
    if (!setting) return law_null("setting", error);
    if (!base) return law_null("base", error);
    ropelaw_setting x = *setting;
    x.tune_base = x.pretrain_base;
    ropelaw_bound b;
    ropelaw_status s = check_wanted(&x, bound_tok, error);
    if (!s) s = ropelaw_bound_eval(&x, &b, error);
    if (s) return s;
    if (bound_tok <= x.tune_len_tok || b.critical.full) {
        *base = bound_tok <= x.tune_len_tok ? x.pretrain_base : NAN;
        return ROPELAW_OK;
    }
    double wanted;
    s = ropelaw_bound_base_eval(&x, bound_tok, &wanted, error);
    if (s) return s;
    x.tune_base = fmax(wanted, b.critical_base);
    /* Rounding may leave the base a few ulp short of its regime or of the bound: step up, doubling the step.
     */
    for (double step = DBL_EPSILON; isfinite(x.tune_base); x.tune_base *= 1 + step, step *= 2) {
        s = ropelaw_bound_eval(&x, &b, error);
        if (s) return s;
        if (b.bound_tok >= bound_tok) break;
    }
    *base = x.tune_base;
    return ROPELAW_OK;
}
