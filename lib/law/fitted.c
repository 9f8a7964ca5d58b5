/* Arithmetic of a fitted law: a straight line in (ln base, ln length) with a floor. */
#include "core/core.h"
#include <ropelaw/fitted_law.h>
#include <math.h>

static ropelaw_status positive(const char *name, double value, ropelaw_error *error) {
    if (value > 0 && isfinite(value)) return ROPELAW_OK;
    return core_fail_number(error, ROPELAW_DOMAIN, name, value, "a finite number > 0");
}

static ropelaw_status not_negative(const char *name, double value, ropelaw_error *error) {
    if (value >= 0 && isfinite(value)) return ROPELAW_OK;
    return core_fail_number(error, ROPELAW_DOMAIN, name, value, "a finite number >= 0");
}

static ropelaw_status check_covariance(const double *c, ropelaw_error *error) {
    ropelaw_status s = not_negative("covariance[0]", c[0], error);
    if (!s) s = not_negative("covariance[2]", c[2], error);
    if (s) return s;
    /* a correlation of one up to rounding is what a law with a fixed intercept has */
    if (fabs(c[1]) <= sqrt(c[0]) * sqrt(c[2]) * (1 + 1e-9)) return ROPELAW_OK;
    return core_fail_number(error, ROPELAW_DOMAIN, "covariance[1]", c[1], "a covariance matrix");
}

ropelaw_status ropelaw_fitted_law_check(const ropelaw_fitted_law *law, ropelaw_error *error) {
    if (!law) return core_fail(error, ROPELAW_INVALID, "law", "", "", "law is NULL");
    ropelaw_status s = positive("rotary_dim", law->rotary_dim, error);
    if (!s) s = positive("slope", law->slope, error);
    if (!s && !isfinite(law->intercept))
        s = core_fail_number(error, ROPELAW_DOMAIN, "intercept", law->intercept, "a finite number");
    if (!s) s = not_negative("tau", law->tau, error);
    if (!s) s = check_covariance(law->covariance, error);
    if (!s) s = positive("base_min", law->base_min, error);
    if (!s && !(law->base_max >= law->base_min && isfinite(law->base_max)))
        s = core_fail_number(error, ROPELAW_DOMAIN, "base_max", law->base_max, ">= base_min");
    if (!s && !(law->df > -1e9 && law->df < 1e9))
        s = core_fail_number(error, ROPELAW_DOMAIN, "df", law->df, "a finite number");
    if (!s && law->df > 0) s = positive("inflation", law->inflation, error);
    return s;
}

static uint32_t outside(const ropelaw_fitted_law *law, double base) {
    return base < law->base_min || base > law->base_max ? ROPELAW_CAVEAT_EXTRAPOLATED : 0u;
}

ropelaw_status ropelaw_fitted_law_predict(const ropelaw_fitted_law *law, double base, double tune_len_tok,
                                          double *length_tok, uint32_t *caveats, ropelaw_error *error) {
    ropelaw_status s = ropelaw_fitted_law_check(law, error);
    if (s) return s;
    if (!(base > 1) || !isfinite(base)) return core_fail_number(error, ROPELAW_DOMAIN, "base", base, "> 1");
    s = not_negative("tune_len_tok", tune_len_tok, error);
    if (s) return s;
    double length = exp(law->intercept + law->slope * log(base));
    bool floored = length < tune_len_tok;
    *length_tok = floored ? tune_len_tok : length;
    if (caveats) *caveats = law->caveats | outside(law, base) | (floored ? ROPELAW_CAVEAT_AT_EDGE : 0u);
    return ROPELAW_OK;
}

ropelaw_status ropelaw_fitted_law_base(const ropelaw_fitted_law *law, double target_len_tok, double *base,
                                       uint32_t *caveats, ropelaw_error *error) {
    ropelaw_status s = ropelaw_fitted_law_check(law, error);
    if (!s) s = positive("target_len_tok", target_len_tok, error);
    if (s) return s;
    double u = (log(target_len_tok) - law->intercept) / law->slope;
    if (!(u > 0 && u < log(1e300)))
        return core_fail_number(error, ROPELAW_UNSUPPORTED, "target_len_tok", target_len_tok,
                                "a length whose base lies between 1 and 1e300");
    *base = exp(u);
    if (caveats) *caveats = law->caveats | outside(law, *base);
    return ROPELAW_OK;
}

void ropelaw_fitted_law_variance(const ropelaw_fitted_law *law, double base, double *median, double *run) {
    double u = log(base), m = NAN;
    if (law->df > 0) {
        m = law->covariance[0] + u * (2 * law->covariance[1] + u * law->covariance[2]);
        m = law->inflation * (m > 0 ? m : 0);
    }
    *median = m;
    *run = m + law->inflation * law->tau * law->tau;
}
