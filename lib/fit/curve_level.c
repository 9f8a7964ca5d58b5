/* A perplexity cannot rise for ever: far above the break a curve bends down again and levels off, and a broken line or SOFT
   fitted to all of it finds that second bend, or a compromise. Two breaks, a rise and its end (HINGE2), tell where the
   levelling begins; the points beyond are left out of break, onsets and slopes, and the question is put again to the rest,
   as long as two breaks are clearly better than one and enough of the rise remains. */
#include "fit/curve_fit.h"
#include "stats/family.h"
#include <math.h>
#include <string.h>

enum { LEAST_LENGTHS = 9, LEAST_PAST = 3, ROUNDS = 20 };
static const double clearly = 10; /* difference of AICc: odds of 150 to 1 */

/* Different lengths in (from, to]. */
static size_t lengths_in(const stats_data *data, double from, double to) {
    size_t count = 0;
    for (size_t i = 0; i < data->n; i++)
        count += data->x[i] > from && data->x[i] <= to && (!i || data->x[i] != data->x[i - 1]);
    return count;
}

/* Number of points before the levelling; n if there is none. */
static ropelaw_status find_end(const stats_data *data, size_t *end, ropelaw_error *error) {
    ropelaw_family_fit one, two;
    *end = data->n;
    if (stats_count_distinct(data) < LEAST_LENGTHS) return ROPELAW_OK;
    ropelaw_status status = stats_family_solve(&stats_family_hinge, data, &one, NULL, error);
    if (status) return status;
    status = stats_family_solve(&stats_family_hinge2, data, &two, NULL, error);
    if (status) return status == ROPELAW_NOMEM ? status : ROPELAW_OK;
    double gain = fit_aicc(data, one.rss, 4) - fit_aicc(data, two.rss, 6);
    double psi = two.theta[3], bend = two.theta[5];
    if (!(gain > clearly) || !(two.theta[2] > 0 && two.theta[4] < 0 && psi < bend)) return ROPELAW_OK;
    if (lengths_in(data, psi, bend) < LEAST_PAST || lengths_in(data, -INFINITY, bend) < 6) return ROPELAW_OK;
    while (data->x[*end - 1] > bend) --*end;
    return ROPELAW_OK;
}

void fit_curve_truncate(fit_curve *c, size_t n) {
    fit_documents *d = &c->documents;
    for (size_t g = 1; g < d->n; g++) memmove(d->value + g * n, d->value + g * c->n, n * sizeof(double));
    for (size_t k = 1; c->lower && k < n; k++) /* the factor of a leading block is the leading block */
        memmove(c->lower + k * n, c->lower + k * c->n, n * sizeof(double));
    c->n = c->data.n = n;
}

/* The length where the smallest eps is first exceeded [ln token]; INFINITY: nowhere, and nothing has levelled off. */
static double first_exceedance(const ropelaw_run_fit *fit) {
    double smallest = INFINITY, x = INFINITY;
    for (size_t k = 0; k < fit->n_onsets; k++) {
        if (!(fit->onset[k].eps < smallest)) continue;
        smallest = fit->onset[k].eps;
        x = isnan(fit->onset[k].bracket_hi_tok) ? INFINITY : log(fit->onset[k].bracket_hi_tok);
    }
    return x;
}

ropelaw_status fit_levelled(fit_state *s, ropelaw_error *error) {
    double rise = first_exceedance(s->fit);
    for (int round = 0; round < ROUNDS && isfinite(rise); round++) {
        size_t end;
        ropelaw_status status = find_end(&s->curve.data, &end, error);
        if (status || end == s->curve.n || s->curve.x[end - 1] < rise) return status;
        fit_curve_truncate(&s->curve, end);
    }
    return ROPELAW_OK;
}
