/* SOFT: the break of any width, the family behind the onsets. */
#include "stats/hinge.h"
#include "stats/soft.h"
#include <math.h>
#include <string.h>

/* The exact hinge as a start of small width: the grid may miss a break between two of its nodes. */
static bool hinge_start(const stats_data *data, stats_start *start) {
    stats_hinge_plan *plan = NULL;
    if (stats_hinge_create(data, false, &plan, NULL)) return false;
    double *scratch = core_malloc(stats_hinge_scratch(plan), sizeof(double));
    stats_hinge h = {.slope_left = 0};
    if (scratch) stats_hinge_solve(plan, data->y, scratch, &h);
    core_free(scratch);
    stats_hinge_destroy(plan);
    if (!scratch || !(h.slope_right > h.slope_left)) return false;
    const double theta[] = {h.alpha, h.slope_left, log(h.slope_right - h.slope_left), h.psi,
                            log(stats_step(data) / 10)};
    memcpy(start->theta, theta, sizeof theta);
    start->rss = h.rss;
    return true;
}

/* A curve that bends nowhere upwards still has its best member on the edge d = 1e-3. */
static void flat_start(const stats_data *data, stats_start *start) {
    double mean = 0;
    for (size_t i = 0; i < data->n; i++) mean += data->y[i] / (double)data->n;
    const double theta[] = {mean, 0, log(1e-2), data->x[data->n / 2], log(stats_step(data))};
    memcpy(start->theta, theta, sizeof theta);
    start->rss = 0;
}

static size_t start(const stats_data *data, stats_start *starts) {
    stats_soft_plan *plan = NULL;
    if (stats_soft_create(data, &plan, NULL)) return 0;
    double *scratch = core_malloc(6 * data->n, sizeof(double));
    size_t count = scratch ? stats_soft_starts(plan, data->y, 2, scratch, starts) : 0;
    core_free(scratch);
    stats_soft_destroy(plan);
    count += hinge_start(data, &starts[count]);
    if (!count) flat_start(data, &starts[count++]);
    return count;
}

const stats_family stats_family_soft = {
    .info = {"SOFT",
             "alpha + s1 (x - psi) + d w sp((x - psi)/w)", "statistics; the one-break form of Caballero et al. 2210.14891 without its floor",
             "the break of any width, from which onsets are read; n >= 6", 5,
             {"alpha", "s1", "ln_d", "psi", "ln_w"},
             {"nat", "nat", "1", "ln token", "1"},
             6},
    .eval = stats_soft_eval,
    .start = start,
    .bounds = stats_soft_bounds
};
