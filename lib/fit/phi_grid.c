/* The likelihood of phi has kinks and jumps: a pair that becomes safe leaves the minimum, and where none is left there is
   no bound at all. So phi is looked for on a grid, and so is the scatter tau, whose likelihood is smooth: a parabola
   through three neighbours in ln tau is good to 0.002 nat per run. */
#include "fit/phi_grid.h"
#include <math.h>

static const double phi_step = 0.01, phi_end = 3.14159265358979312; /* the largest double below pi */
static const double tau_first = 0.01, tau_ratio = 1.25;             /* up to 1.7: a factor of 5.5 in length */
/* a run that broke although every pair is safe: as unlikely as 140 standard deviations, yet finite, so that
   such runs cancel when a model is taken off again */
static const double impossible = -1e4;
static const double half_log_2pi = 0.91893853320467274;
static const double plateau = 1e-6;

static double phi_at(int k) {
    return fmin(phi_step * k, phi_end);
}

static double tau_at(double m) {
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
        tau[m] = tau_at(m);
        variance[m] = tau[m] * tau[m] + term->se * term->se;
        log_sd[m] = log(variance[m]) / 2;
    }
    for (int k = 0; k < FIT_PHI_STEPS; k++) {
        double length = fit_phi_length(arcs, phi_at(k)), *row = grid->log[k];
        if (isinf(length))
            for (int m = 0; m < FIT_PHI_TAUS; m++) row[m] += term->kind == FIT_TERM_RIGHT ? 0 : impossible;
        else if (term->kind == FIT_TERM_POINT)
            add_point(row, term->lo - length, variance, log_sd);
        else
            for (int m = 0; m < FIT_PHI_TAUS; m++)
                row[m] += fmax(fit_term_log(term, length, tau[m], &by_mean, &by_tau), impossible);
    }
}

void fit_phi_sum(fit_phi_grid *grid, const fit_phi_grid *more, double times) {
    for (int k = 0; k < FIT_PHI_STEPS; k++)
        for (int m = 0; m < FIT_PHI_TAUS; m++) grid->log[k][m] += times * more->log[k][m];
}

/* Top of the parabola through (-1, a), (0, b), (1, c), b the largest: its place and height. */
static double top(double a, double b, double c, double *height) {
    double bend = a - 2 * b + c, x = bend < 0 ? (a - c) / (2 * bend) : 0;
    *height = b + (c - a) / 4 * x;
    return x;
}

/* Largest value over tau at one phi. */
static double over_tau(const fit_phi_grid *g, const fit_phi_grid *without, int k, double *tau) {
    double value[FIT_PHI_TAUS], height;
    int best = 0;
    for (int m = 0; m < FIT_PHI_TAUS; m++) {
        value[m] = g->log[k][m] - (without ? without->log[k][m] : 0);
        if (value[m] > value[best]) best = m;
    }
    *tau = tau_at(best);
    if (best == 0 || best == FIT_PHI_TAUS - 1) return value[best];
    *tau = tau_at(best + top(value[best - 1], value[best], value[best + 1], &height));
    return height;
}

fit_phi_best fit_phi_find(const fit_phi_grid *grid, const fit_phi_grid *without) {
    double value[FIT_PHI_STEPS], tau[FIT_PHI_STEPS], height;
    int first = 0, last;
    for (int k = 0; k < FIT_PHI_STEPS; k++) {
        value[k] = over_tau(grid, without, k, &tau[k]);
        if (value[k] > value[first]) first = k;
    }
    double best = value[first], phi;
    while (first > 0 && value[first - 1] > best - plateau) first--;
    for (last = first; last + 1 < FIT_PHI_STEPS && value[last + 1] > best - plateau;) last++;
    int middle = (first + last) / 2;
    if (first < last)
        phi = (phi_at(first) + phi_at(last)) / 2;
    else if (middle == 0 || middle == FIT_PHI_STEPS - 1)
        phi = phi_at(middle);
    else
        phi = phi_at(middle) + phi_step * top(value[middle - 1], value[middle], value[middle + 1], &height);
    return (fit_phi_best){fmin(fmax(phi, 0), phi_end), tau[middle], best};
}

void fit_phi_profile(const fit_phi_grid *grid, double cut, double interval[2]) {
    double best = fit_phi_find(grid, NULL).log_likelihood, tau;
    int first = FIT_PHI_STEPS, last = -1;
    for (int k = 0; k < FIT_PHI_STEPS; k++) {
        if (2 * (best - over_tau(grid, NULL, k, &tau)) > cut) continue;
        if (k < first) first = k;
        last = k;
    }
    interval[0] = first > 0 ? phi_at(first - 1) : 0;
    interval[1] = last + 1 < FIT_PHI_STEPS ? phi_at(last + 1) : phi_end;
}
