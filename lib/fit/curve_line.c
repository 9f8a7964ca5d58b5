/* A curve without a bend. SOFT's bend has a smallest size (d >= 1e-3), so that a straight curve is better told by its
   limit d = 0, the line. Where the line fits no worse, it is the minimum that profiles rise from, and what is printed:
   the misfit of the smallest bend is not taken for noise, nor its slopes for the curve's. */
#include "fit/curve_fit.h"
#include <math.h>
#include <string.h>

ropelaw_status fit_line(fit_state *s, ropelaw_error *error) {
    if (s->m < 2) return ROPELAW_OK;
    ropelaw_status status = stats_straight_fit(&s->curve.data, NULL, &s->line);
    return status ? core_fail_memory(error, s->curve.n, 3 * sizeof(double)) : ROPELAW_OK;
}

double fit_soft_rss(const fit_state *s) {
    return s->straight ? s->line.rss : s->soft.rss;
}

ropelaw_status fit_straight(fit_state *s, ropelaw_error *error) {
    ropelaw_run_fit *fit = s->fit;
    stats_straight line;
    double *influence = s->curve.lower ? NULL : s->influence;
    if (stats_straight_fit(&s->curve.data, influence, &line))
        return core_fail_memory(error, s->curve.n, 3 * sizeof(double));
    fit_estimator e = {line.variance, s->influence, line.rss, 2};
    fit_scale scale = fit_scale_of(s, &e);
    double half = sqrt(line.variance * fit_rise(&scale, s->options->level));
    fit->slope_before = (ropelaw_estimate){
        line.slope, line.slope - half, line.slope + half, fit_se(s, &e), fit->status, scale.method, 0};
    fit->slope_after = fit->slope_before;
    const double theta[] = {line.alpha, line.slope, -INFINITY, line.center, log(stats_step(&s->curve.data))};
    memcpy(fit->soft, theta, sizeof fit->soft);
    fit->df = (double)s->curve.n - 2;
    if (!(s->curve.data.sigma > 0)) fit->sigma = sqrt(line.rss / fit->df);
    return ROPELAW_OK;
}
