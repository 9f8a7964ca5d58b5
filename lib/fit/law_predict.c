/* Bands of a fitted law and their inverse.

   With a = intercept, s = slope, z = ln target, h = t^2 inflation, the lower band meets z where
   a + s u - z = sqrt(h (tau^2 + V0 + 2 u C + u^2 V1)), tau^2 left out for the median. The square root of a positive
   semidefinite quadratic is convex in u, so the band is concave: where it lies above z is an interval, whose ends are
   roots of the squared equation (s^2 - h V1) u^2 + 2 (s b - h C) u + b^2 - h (tau^2 + V0) = 0, b = a - z, that also satisfy
   a + s u >= z. If s^2 > h V1 the band rises for ever and there is one such root. */
#include "core/core.h"
#include "num/quantile.h"
#include <ropelaw/law_predict.h>
#include <math.h>

static ropelaw_status check_probability(const char *name, double p, double least, const char *range,
                                        ropelaw_error *error) {
    if (p >= least && p < 1 && p > 0) return ROPELAW_OK;
    return core_fail_number(error, ROPELAW_DOMAIN, name, p, range);
}

ropelaw_status ropelaw_fitted_law_interval(const ropelaw_fitted_law *law, double base, double tune_len_tok,
                                           ropelaw_band band, double level, ropelaw_range *length_tok,
                                           uint32_t *caveats, ropelaw_error *error) {
    ropelaw_range r = {NAN, NAN, NAN};
    uint32_t bits = 0;
    double median, run;
    ropelaw_status s = check_probability("level", level, 0, "between 0 and 1", error);
    if (!s) s = ropelaw_fitted_law_predict(law, base, tune_len_tok, &r.est, &bits, error);
    if (s) return s;
    if (law->df > 0) {
        ropelaw_fitted_law_variance(law, base, &median, &run);
        double half =
            num_t_quantile((1 + level) / 2, law->df) * sqrt(band == ROPELAW_BAND_RUN ? run : median);
        double z = law->intercept + law->slope * log(base);
        r.lo = fmax(exp(z - half), tune_len_tok);
        r.hi = fmax(exp(z + half), tune_len_tok);
    } else {
        bits |= ROPELAW_CAVEAT_FEW_POINTS;
    }
    *length_tok = r;
    if (caveats) *caveats = bits;
    return ROPELAW_OK;
}

/* Roots of a u^2 + 2 b u + c = 0 in ascending order, without cancellation; their number. */
static int quadratic(double a, double b, double c, double root[2]) {
    double d = b * b - a * c;
    if (a == 0) {
        if (b == 0) return 0;
        root[0] = -c / (2 * b);
        return 1;
    }
    if (!(d >= 0)) return 0;
    double q = -(b + copysign(sqrt(d), b));
    double r0 = q / a, r1 = q != 0 ? c / q : 0;
    root[0] = fmin(r0, r1), root[1] = fmax(r0, r1);
    return 2;
}

static int solve(const ropelaw_fitted_law *law, double z, double t, ropelaw_band band, double end[2]) {
    double h = t * t * law->inflation, b = law->intercept - z, root[2];
    if (t == 0) {
        end[0] = -b / law->slope, end[1] = INFINITY;
        return 1;
    }
    double scatter = band == ROPELAW_BAND_RUN ? law->tau * law->tau : 0;
    double a = law->slope * law->slope - h * law->covariance[2];
    int n = quadratic(a, law->slope * b - h * law->covariance[1], b * b - h * (scatter + law->covariance[0]),
                      root),
        k = 0;
    for (int i = 0; i < n; i++) /* roots below the line belong to the upper band */
        if (b + law->slope * root[i] >= 0) end[k++] = root[i];
    if (a > 0 && k > 1) end[0] = end[1], k = 1; /* a double root on the line itself */
    if (k == 1) end[1] = INFINITY;
    return k;
}

ropelaw_status ropelaw_fitted_law_base_find(const ropelaw_fitted_law *law, double target_len_tok,
                                            ropelaw_band band, double confidence, double *base,
                                            double *base_end, uint32_t *caveats, ropelaw_error *error) {
    ropelaw_status s = ropelaw_fitted_law_check(law, error);
    if (!s) s = check_probability("confidence", confidence, 0.5, "0.5 or more and below 1", error);
    if (s) return s;
    if (!(target_len_tok > 0) || !isfinite(target_len_tok))
        return core_fail_number(error, ROPELAW_DOMAIN, "target_len_tok", target_len_tok,
                                "a finite number > 0");
    if (!(law->df > 0))
        return core_fail(error, ROPELAW_UNSUPPORTED, "law", "", "",
                         "the law has no degrees of freedom for a confidence");
    double end[2], t = confidence > 0.5 ? num_t_quantile(confidence, law->df) : 0;
    if (solve(law, log(target_len_tok), t, band, end) == 0 || !(end[0] < log(1e300)))
        return core_fail_number(error, ROPELAW_UNSUPPORTED, "target_len_tok", target_len_tok,
                                "a length that the lower band of the law reaches");
    *base = exp(end[0]);
    if (base_end) *base_end = exp(end[1]);
    if (caveats)
        *caveats = law->caveats |
                   (*base < law->base_min || *base > law->base_max ? ROPELAW_CAVEAT_EXTRAPOLATED : 0u);
    return ROPELAW_OK;
}
