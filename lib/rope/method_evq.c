/*
 * EVQ-Cosh: phi_k = 1 - asinh((1 - u_k) sinh tau) / tau with u_k = (k + 1/2) / K, K = d/2 pairs, and
 * omega_k = base^(-phi_k). tau -> 0 is the geometric series on midpoints. sinh overflows near 710; above
 * 350 asinh(y) is ln(2y) to the last digit for every u_k, so ln(1 - u_k) + tau replaces it.
 */
#include "rope/method_entry.h"

static double tau_of(const rope_request *r) {
    return r->params->tau >= 0 ? r->params->tau : r->denominator / sqrt(r->params->train_len);
}

static double phi(double u, double tau) {
    if (tau == 0) return u;
    if (tau > 350) return -log1p(-u) / tau;
    return 1 - asinh((1 - u) * sinh(tau)) / tau;
}

static void exact(const rope_request *r, double *inv_freq) {
    double tau = tau_of(r);
    for (size_t n = 0; n < r->n_pairs; n++)
        inv_freq[n] = pow(r->base, -phi(((double)n + 0.5) / (double)r->n_pairs, tau));
}

static ropelaw_status check(const rope_request *r, ropelaw_error *error) {
    if (!isfinite(r->params->tau))
        return core_fail_number(error, ROPELAW_DOMAIN, "tau", r->params->tau,
                                ">= 0, or negative for the default");
    return ROPELAW_OK;
}

const rope_method rope_method_evq = {
    .about = {.name = "evq-cosh",
              .aliases = "evq",
              .title = "EVQ-Cosh: frequencies re-spaced between 1 and 1/base by one parameter tau",
              .formula = "base^(-phi_n), phi_n = 1 - asinh((1-u_n) sinh tau)/tau, u_n = (n+1/2)/(d/2),"
                         " tau = d/sqrt(train_len) unless given", .source = "misaya-yang/hybrid-rope, paper/sections/03_theory.tex at cb7d83e (2026-05)",
              .limits =
                  "for training from scratch; tau = 0 is the geometric series on midpoints, not plain RoPE", .uses = ROPELAW_USES_TRAIN_LEN | ROPELAW_USES_TAU},
    .check = check,
    .exact = exact,
};
