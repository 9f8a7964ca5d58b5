/* Models differ in phi: phi_j ~ N(mean, spread^2), what falls outside 0 .. pi lying on the edge. The likelihood of a
   model's runs, on the grid of phi, is integrated over that, step by step, and so are models that are known by brackets
   or limits only. */
#include "fit/phi_models.h"
#include <math.h>
#include <stdlib.h>

static const double spread_first = 0.01, spread_ratio = 1.5; /* up to 0.86 rad */
static const double nothing = 1e-300;                        /* keeps the logarithm finite */

static double spread_at(double s) {
    return spread_first * pow(spread_ratio, s);
}

/* P(N(0, 1) < x) */
static double below(double x) {
    return erfc(-x * 0.70710678118654752) / 2;
}

void fit_phi_kernel_init(fit_phi_kernel *kernel) {
    const int last = FIT_PHI_STEPS - 1;
    for (int s = 0; s < FIT_PHI_SPREADS; s++) {
        double step = FIT_PHI_STEP / spread_at(s);
        for (int d = -last; d <= last; d++) {
            double far = abs(d), near = (far - .5) * step, beyond = (far + .5) * step;
            kernel->step[s][d + last] = below(-near) - below(-beyond);
        }
        for (int k = 0; k <= last; k++) {
            kernel->below[s][k] = below((.5 - k) * step);
            kernel->above[s][k] = below((k - last + .5) * step);
        }
    }
}

/* over[i] = integral of weight over phi ~ N(phi_i, spread_s^2) */
static void integrate(const fit_phi_kernel *kernel, int s, const double *weight, double *over) {
    const int last = FIT_PHI_STEPS - 1;
    for (int i = 0; i <= last; i++)
        over[i] = nothing + weight[0] * kernel->below[s][i] + weight[last] * kernel->above[s][i];
    for (int k = 1; k < last; k++) {
        const double w = weight[k], *away = kernel->step[s] + last - k;
        if (w == 0) continue;
        for (int i = 0; i <= last; i++) over[i] += w * away[i];
    }
}

void fit_phi_marginal_add(fit_phi_marginal *m, const fit_phi_kernel *kernel, const fit_phi_grid *runs) {
    double weight[FIT_PHI_STEPS], over[FIT_PHI_STEPS];
    for (int t = 0; t < FIT_PHI_TAUS; t++) {
        double most = -INFINITY;
        for (int k = 0; k < FIT_PHI_STEPS; k++) most = fmax(most, runs->log[k][t]);
        for (int k = 0; k < FIT_PHI_STEPS; k++) weight[k] = exp(runs->log[k][t] - most);
        for (int s = 0; s < FIT_PHI_SPREADS; s++) {
            integrate(kernel, s, weight, over);
            for (int i = 0; i < FIT_PHI_STEPS; i++) m->log[s][t][i] += most + log(over[i]);
        }
    }
}

void fit_phi_marginal_sum(fit_phi_marginal *m, const fit_phi_marginal *more) {
    double *to = &m->log[0][0][0];
    const double *from = &more->log[0][0][0];
    for (size_t i = 0; i < sizeof m->log / sizeof *to; i++) to[i] += from[i];
}

/* Largest over spread and tau at mean i: the best node, with a parabola along either. */
static fit_phi_mean best_at(const fit_phi_marginal *m, const fit_phi_marginal *without, int i) {
    double value[FIT_PHI_SPREADS][FIT_PHI_TAUS], most = -INFINITY, by_spread = 0, by_tau = 0, height;
    int s0 = 0, t0 = 0;
    for (int s = 0; s < FIT_PHI_SPREADS; s++)
        for (int t = 0; t < FIT_PHI_TAUS; t++) {
            value[s][t] = m->log[s][t][i] - (without ? without->log[s][t][i] : 0);
            if (value[s][t] > most) most = value[s][t], s0 = s, t0 = t;
        }
    fit_phi_mean best = {.phi = fit_phi_at(i), .log_likelihood = most};
    if (s0 > 0 && s0 < FIT_PHI_SPREADS - 1) {
        by_spread = fit_phi_top(value[s0 - 1][t0], most, value[s0 + 1][t0], &height);
        best.log_likelihood += height - most;
    }
    if (t0 > 0 && t0 < FIT_PHI_TAUS - 1) {
        by_tau = fit_phi_top(value[s0][t0 - 1], most, value[s0][t0 + 1], &height);
        best.log_likelihood += height - most;
    }
    best.at_edge = s0 == FIT_PHI_SPREADS - 1;
    best.spread = s0 == 0 ? 0 : spread_at(s0 + by_spread);
    best.tau = fit_phi_tau_at(t0 + by_tau);
    return best;
}

fit_phi_mean fit_phi_mean_find(const fit_phi_marginal *m, const fit_phi_marginal *without) {
    fit_phi_mean at[FIT_PHI_STEPS];
    double value[FIT_PHI_STEPS];
    int best = 0;
    for (int i = 0; i < FIT_PHI_STEPS; i++) {
        at[i] = best_at(m, without, i);
        value[i] = at[i].log_likelihood;
        if (value[i] > value[best]) best = i;
    }
    at[best].phi = fit_phi_peak(value, best);
    return at[best];
}

void fit_phi_mean_profile(const fit_phi_marginal *m, double cut, double interval[2]) {
    double value[FIT_PHI_STEPS], most = -INFINITY;
    for (int i = 0; i < FIT_PHI_STEPS; i++) {
        value[i] = best_at(m, NULL, i).log_likelihood;
        most = fmax(most, value[i]);
    }
    fit_phi_cut(value, most - cut / 2, interval);
}
