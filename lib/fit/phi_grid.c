/* The likelihood of phi has kinks and jumps: a pair that becomes safe leaves the minimum, and where none is left there is
   no bound at all. So phi is looked for on a grid, and so is the scatter tau, whose likelihood is smooth: a parabola
   through three neighbours in ln tau is good to 0.002 nat per run. */
#include "fit/phi_grid.h"
#include <math.h>

static const double phi_end = 3.14159265358979312;      /* the largest double below pi */
static const double tau_first = 0.01, tau_ratio = 1.25; /* up to 1.7: a factor of 5.5 in length */
/* a run that broke although every pair is safe: as unlikely as 140 standard deviations, yet finite, so that
   such runs cancel when a model is taken off again */
static const double impossible = -1e4;
static const double half_log_2pi = 0.91893853320467274;
static const double plateau = 1e-6;

double fit_phi_at(int k) {
    return fmin(FIT_PHI_STEP * k, phi_end);
}

double fit_phi_tau_at(double m) {
    return tau_first * pow(tau_ratio, m);
}

double fit_phi_length(const ropelaw_arcs *arcs, double phi_rad) {
    ropelaw_coverage c;
    if (ropelaw_coverage_eval(arcs, phi_rad, &c, NULL) || isnan(c.distance_tok)) return INFINITY;
    return log(c.distance_tok + 1);
}

/* A value seen with its error: ln of the normal density, by every tau. */
static void add_point(double *row, double distance, const double *variance, const double *log_sd) {
    for (int m = 0; m < FIT_PHI_TAUS; m++)
        row[m] += fmax(-distance * distance / (2 * variance[m]) - log_sd[m] - half_log_2pi, impossible);
}

void fit_phi_add(fit_phi_grid *grid, const fit_term *term, const ropelaw_arcs *arcs) {
    double tau[FIT_PHI_TAUS], variance[FIT_PHI_TAUS], log_sd[FIT_PHI_TAUS], by_mean, by_tau;
    for (int m = 0; m < FIT_PHI_TAUS; m++) {
        tau[m] = fit_phi_tau_at(m);
        variance[m] = tau[m] * tau[m] + term->se * term->se;
        log_sd[m] = log(variance[m]) / 2;
    }
    for (int k = 0; k < FIT_PHI_STEPS; k++) {
        double length = fit_phi_length(arcs, fit_phi_at(k)), *row = grid->log[k];
        if (isinf(length))
            for (int m = 0; m < FIT_PHI_TAUS; m++) row[m] += term->kind == FIT_TERM_RIGHT ? 0 : impossible;
        else if (term->kind == FIT_TERM_POINT)
            add_point(row, term->lo - length, variance, log_sd);
        else
            for (int m = 0; m < FIT_PHI_TAUS; m++)
                row[m] += fmax(fit_term_log(term, length, tau[m], &by_mean, &by_tau), impossible);
    }
}

/* Top of the parabola through (-1, a), (0, b), (1, c), b the largest: its place and height. */
double fit_phi_top(double a, double b, double c, double *height) {
    double bend = a - 2 * b + c, x = bend < 0 ? (a - c) / (2 * bend) : 0;
    *height = b + (c - a) / 4 * x;
    return x;
}

/* Largest value over tau at one phi. */
static double over_tau(const fit_phi_grid *g, int k, double *tau) {
    double value[FIT_PHI_TAUS], height;
    int best = 0;
    for (int m = 0; m < FIT_PHI_TAUS; m++) {
        value[m] = g->log[k][m];
        if (value[m] > value[best]) best = m;
    }
    *tau = fit_phi_tau_at(best);
    if (best == 0 || best == FIT_PHI_TAUS - 1) return value[best];
    *tau = fit_phi_tau_at(best + fit_phi_top(value[best - 1], value[best], value[best + 1], &height));
    return height;
}

double fit_phi_peak(const double *value, int best) {
    double height, phi;
    int first = best, last = best;
    while (first > 0 && value[first - 1] > value[best] - plateau) first--;
    while (last + 1 < FIT_PHI_STEPS && value[last + 1] > value[best] - plateau) last++;
    int middle = (first + last) / 2;
    if (first < last)
        phi = (fit_phi_at(first) + fit_phi_at(last)) / 2;
    else if (middle == 0 || middle == FIT_PHI_STEPS - 1)
        phi = fit_phi_at(middle);
    else
        phi = fit_phi_at(middle) +
              FIT_PHI_STEP * fit_phi_top(value[middle - 1], value[middle], value[middle + 1], &height);
    return fmin(fmax(phi, 0), phi_end);
}

fit_phi_best fit_phi_find(const fit_phi_grid *grid) {
    double value[FIT_PHI_STEPS], tau[FIT_PHI_STEPS];
    int best = 0;
    for (int k = 0; k < FIT_PHI_STEPS; k++) {
        value[k] = over_tau(grid, k, &tau[k]);
        if (value[k] > value[best]) best = k;
    }
    return (fit_phi_best){fit_phi_peak(value, best), tau[best], value[best]};
}

void fit_phi_cut(const double *value, double level, double interval[2]) {
    int first = 0, last = FIT_PHI_STEPS - 1;
    while (first < last && value[first] < level) first++;
    while (last > first && value[last] < level) last--;
    interval[0] = first > 0 ? fit_phi_at(first - 1) : 0;
    interval[1] = last + 1 < FIT_PHI_STEPS ? fit_phi_at(last + 1) : phi_end;
}

void fit_phi_profile(const fit_phi_grid *grid, double cut, double interval[2]) {
    double value[FIT_PHI_STEPS], most = -INFINITY, tau;
    for (int k = 0; k < FIT_PHI_STEPS; k++) {
        value[k] = over_tau(grid, k, &tau);
        most = fmax(most, value[k]);
    }
    fit_phi_cut(value, most - cut / 2, interval);
}
