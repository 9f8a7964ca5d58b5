/* What may be said: the rules of the status words, in order. */
#include "fit/curve_fit.h"
#include "stats/family.h"
#include <math.h>
#include <string.h>

const char *ropelaw_fit_status_str(ropelaw_fit_status status) {
    static const char *const names[] = {"ESTIMATED", "INTERVAL", "RIGHT",        "LEFT",
                                        "GRADUAL",   "NO_BREAK", "UNIDENTIFIED", "NOT_CONVERGED"};
    return (size_t)status < CORE_COUNT(names) ? names[status] : "UNKNOWN";
}

/* No length exceeds the smallest eps over the running minimum: whatever bends, nothing has risen yet. */
static bool nothing_rose(const ropelaw_run_fit *fit) {
    double smallest = INFINITY;
    bool rose = false;
    for (size_t k = 0; k < fit->n_onsets; k++) {
        if (fit->onset[k].eps > smallest) continue;
        smallest = fit->onset[k].eps;
        rose = !isnan(fit->onset[k].bracket_hi_tok);
    }
    return !rose;
}

/* Whether the last length alone lies past the break: then the rise is one point, and the lines cross at the length before
   it or, by the noise of that point, a little to its left. */
static bool one_length_past(const fit_state *s, double psi) {
    const double *x = s->curve.x;
    double last = x[s->curve.n - 1], before = last, second = last;
    for (size_t i = s->curve.n; i-- > 0 && second == before;) {
        if (before == last)
            before = second = x[i];
        else
            second = x[i];
    }
    return psi >= before - 0.1 * (before - second);
}

/* AICc prefers steady curvature, or the break is wider than an octave and that is not noise. */
static bool is_gradual(fit_state *s) {
    const ropelaw_run_fit *fit = s->fit;
    for (size_t i = 0; i < fit->n_rows; i++)
        if (fit->rows[i].family == &stats_family_quad.info && fit->family == fit->rows[i].family)
            return fit->rows[i].fit.theta[2] > 0;
    if (!s->solver || s->straight || !(exp(s->soft.theta[SOFT_LN_W]) > log(2))) return false;
    double step = stats_step(&s->curve.data), theta[SOFT_P];
    memcpy(theta, s->soft.theta, sizeof theta);
    stats_target width = {STATS_HOLD_LN_W, NULL};
    fit_estimator estimator = {stats_soft_variance(&s->curve.data, &s->soft, &width, s->influence),
                               s->influence, s->soft.rss, SOFT_P};
    fit_scale scale = fit_scale_of(s, &estimator);
    double rss = stats_soft_solver_profile(s->solver, &width, log(step / 4), theta);
    return rss - s->soft.rss > fit_rise(&scale, 0.95);
}

static ropelaw_fit_status judge(fit_state *s) {
    const ropelaw_run_fit *fit = s->fit;
    if (!s->has_hinge) return nothing_rose(fit) && s->m >= 2 ? ROPELAW_FIT_RIGHT : ROPELAW_FIT_UNIDENTIFIED;
    if (s->m >= 6 && !s->solver) return ROPELAW_FIT_NOT_CONVERGED;
    if (nothing_rose(fit)) return ROPELAW_FIT_RIGHT;
    if (is_gradual(s)) return ROPELAW_FIT_GRADUAL;
    if (!(fit->p_break <= 0.05) || !(s->hinge.theta[2] > 0)) return ROPELAW_FIT_NO_BREAK;
    if (one_length_past(s, s->hinge.theta[3])) return ROPELAW_FIT_INTERVAL;
    return ROPELAW_FIT_ESTIMATED;
}

/* A break that the curve does not carry is withheld; its limits are what was measured. */
static void withhold(fit_state *s) {
    ropelaw_run_fit *fit = s->fit;
    ropelaw_estimate *b = &fit->break_tok;
    double last = fit->len_max_tok, before = last;
    for (size_t i = s->curve.n; i-- > 0 && before == last;) before = fit_length(s, s->curve.x[i]);
    uint32_t edge = b->caveats;
    if (fit->status == ROPELAW_FIT_ESTIMATED) {
        b->status = fit->break_profile.status = fit->status;
        return;
    }
    fit->break_profile = *b = fit_no_estimate(fit->status);
    if (fit->status == ROPELAW_FIT_INTERVAL) {
        *b = (ropelaw_estimate){
            NAN, before, last, NAN, fit->status, "bracket", edge | ROPELAW_CAVEAT_CENSORED};
    } else if (fit->status == ROPELAW_FIT_RIGHT) {
        *b = (ropelaw_estimate){NAN, last, INFINITY, NAN, fit->status, "", ROPELAW_CAVEAT_CENSORED};
    }
}

void fit_status(fit_state *s) {
    ropelaw_run_fit *fit = s->fit;
    fit->status = judge(s);
    withhold(s);
    if (fit->status == ROPELAW_FIT_RIGHT) fit->caveats |= ROPELAW_CAVEAT_CENSORED | ROPELAW_CAVEAT_NO_BREAK;
    if (fit->status == ROPELAW_FIT_NO_BREAK) fit->caveats |= ROPELAW_CAVEAT_NO_BREAK;
    if (fit->status == ROPELAW_FIT_INTERVAL || s->curve.n_censored) fit->caveats |= ROPELAW_CAVEAT_CENSORED;
    if (s->m < 6) fit->caveats |= ROPELAW_CAVEAT_FEW_POINTS;
    if (s->run->digitised) fit->caveats |= ROPELAW_CAVEAT_DIGITISED;
    if (s->curve.binned) fit->caveats |= ROPELAW_CAVEAT_GRID;
}
