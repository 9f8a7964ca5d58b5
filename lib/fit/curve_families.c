/* Every family that the number of lengths carries, compared by AICc with sigma counted as a parameter. */
#include "fit/curve_fit.h"
#include "stats/family.h"
#include "stats/straight.h"
#include <math.h>
#include <string.h>

/* A perfect fit has no likelihood: a sum that is rounding counts as the largest such sum, for all families alike. */
double fit_aicc(const stats_data *data, double rss, size_t p) {
    double n = (double)data->n, k = (double)p + (data->sigma > 0 ? 0 : 1);
    if (!(n - k - 1 > 0)) return NAN;
    double deviance = data->sigma > 0 ? rss / (data->sigma * data->sigma)
                                      : n * log(fmax(rss, stats_rounding_rss(data)) / n);
    return deviance + 2 * k + 2 * k * (k + 1) / (n - k - 1);
}

static void weigh(ropelaw_run_fit *fit) {
    double best = INFINITY, sum = 0;
    for (size_t i = 0; i < fit->n_rows; i++) {
        if (!(fit->rows[i].aicc < best)) continue;
        best = fit->rows[i].aicc;
        fit->family = fit->rows[i].family;
    }
    for (size_t i = 0; i < fit->n_rows; i++) {
        ropelaw_family_row *row = &fit->rows[i];
        row->weight = isnan(row->aicc) ? NAN : exp(-0.5 * (row->aicc - best));
        if (!isnan(row->weight)) sum += row->weight;
    }
    for (size_t i = 0; i < fit->n_rows; i++) fit->rows[i].weight /= sum;
}

ropelaw_status fit_families(fit_state *s, ropelaw_error *error) {
    const stats_data *data = &s->curve.data;
    ropelaw_run_fit *fit = s->fit;
    for (size_t i = 0; stats_families[i] && fit->n_rows < ROPELAW_FAMILY_ROWS_MAX; i++) {
        const stats_family *family = stats_families[i];
        ropelaw_family_row *row = &fit->rows[fit->n_rows];
        if (!family->info.n_parameters) continue; /* ISO has no number of parameters to count */
        if (family == &stats_family_bnsl2 && !s->options->all_families)
            continue; /* as costly as all others together */
        memset(row, 0, sizeof *row);
        row->family = &family->info;
        row->aicc = row->weight = NAN;
        fit->n_rows++;
        if (s->m < family->info.min_points || data->n <= family->info.n_parameters) continue;
        ropelaw_status status = stats_family_solve(family, data, &row->fit, NULL, error);
        if (status == ROPELAW_NOMEM) return status;
        if (status) continue;
        row->fitted = 1;
        row->aicc = fit_aicc(data, row->fit.rss, family->info.n_parameters);
    }
    weigh(fit);
    return ROPELAW_OK;
}
