/* HINGE and PLATEAU_HINGE: exact, by hinge.c. */
#include "stats/family.h"
#include "stats/hinge.h"
#include <math.h>

static double eval_hinge(const double *theta, double x, double *g) {
    double d = x - theta[3], positive = d > 0 ? d : 0;
    if (g) {
        g[0] = 1;
        g[1] = d;
        g[2] = positive;
        g[3] = -theta[1] - (d > 0 ? theta[2] : 0);
    }
    return theta[0] + theta[1] * d + theta[2] * positive;
}

static double eval_plateau(const double *theta, double x, double *g) {
    double d = x - theta[2], positive = d > 0 ? d : 0;
    if (g) {
        g[0] = 1;
        g[1] = positive;
        g[2] = d > 0 ? -theta[1] : 0;
    }
    return theta[0] + theta[1] * positive;
}

static ropelaw_status solve(const stats_data *data, bool plateau, stats_hinge *hinge, ropelaw_error *error) {
    stats_hinge_plan *plan = NULL;
    ropelaw_status status = stats_hinge_create(data, plateau, &plan, error);
    if (status) return status;
    double *scratch = core_malloc(stats_hinge_scratch(plan), sizeof(double));
    if (scratch)
        stats_hinge_solve(plan, data->y, scratch, hinge);
    else
        status = core_fail_memory(error, stats_hinge_scratch(plan), sizeof(double));
    core_free(scratch);
    stats_hinge_destroy(plan);
    return status;
}

static void finish(const stats_family *family, const stats_data *data, ropelaw_family_fit *fit,
                   double *fitted) {
    fit->converged = 1;
    for (size_t i = 0; fitted && i < data->n; i++) fitted[i] = family->eval(fit->theta, data->x[i], NULL);
}

static ropelaw_status solve_hinge(const stats_data *data, ropelaw_family_fit *fit, double *fitted,
                                  ropelaw_error *error) {
    stats_hinge h;
    ropelaw_status status = solve(data, false, &h, error);
    if (status) return status;
    *fit = (ropelaw_family_fit){
        .theta = {h.alpha, h.slope_left, h.slope_right - h.slope_left, h.psi},
          .rss = h.rss
    };
    finish(&stats_family_hinge, data, fit, fitted);
    return ROPELAW_OK;
}

static ropelaw_status solve_plateau(const stats_data *data, ropelaw_family_fit *fit, double *fitted,
                                    ropelaw_error *error) {
    stats_hinge h;
    ropelaw_status status = solve(data, true, &h, error);
    if (status) return status;
    *fit = (ropelaw_family_fit){
        .theta = {h.alpha, h.slope_right, h.psi},
          .rss = h.rss
    };
    finish(&stats_family_plateau_hinge, data, fit, fitted);
    return ROPELAW_OK;
}

const stats_family stats_family_plateau_hinge = {
    .info = {"PLATEAU_HINGE",
             "alpha + d (x - psi)_+", "Hudson 1966 with the left slope 0",
             "n = 4 with a known residual deviation, and n = 5", 3,
             {"alpha", "d", "psi"},
             {"nat", "nat", "ln token"},
             4},
    .eval = eval_plateau,
    .solve = solve_plateau
};

const stats_family stats_family_hinge = {
    .info = {"HINGE",
             "alpha + s1 (x - psi) + d (x - psi)_+", "Hudson 1966",
             "the sharp break; n >= 5", 4,
             {"alpha", "s1", "d", "psi"},
             {"nat", "nat", "nat", "ln token"},
             5},
    .eval = eval_hinge,
    .solve = solve_hinge
};
