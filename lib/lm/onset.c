#include "core/core.h"
#include <ropelaw/lm.h>
#include <ropelaw/random.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* First crossing of the threshold that lasts two bins, or INFINITY. A curve that starts above has its onset
   at the first bin's length. */
static double crossing(const ropelaw_lm_curve *curve, const double *excess, double threshold) {
    for (size_t i = 0; i + 1 < curve->n_bins; i++) {
        if (!(excess[i] > threshold && excess[i + 1] > threshold)) continue;
        if (i == 0) return curve->bins[0].length_tok;
        double before = excess[i - 1], share = (threshold - before) / (excess[i] - before);
        double low = log(curve->bins[i - 1].length_tok), high = log(curve->bins[i].length_tok);
        return exp(low + (high - low) * (share > 0 ? share : 0));
    }
    return INFINITY;
}

static int ascending(const void *a, const void *b) {
    double x, y;
    memcpy(&x, a, sizeof x), memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* Onsets of resampled sets of windows, sorted. */
static void bootstrap(const ropelaw_lm_curve *c, double threshold, uint64_t seed, size_t n, double *sorted,
                      double *excess) {
    for (size_t b = 0; b < n; b++) {
        ropelaw_random r;
        ropelaw_random_init(&r, seed, b);
        memset(excess, 0, c->n_bins * sizeof *excess);
        for (size_t w = 0; w < c->n_windows; w++) {
            const double *row = c->window_excess + ropelaw_random_below(&r, c->n_windows) * c->n_bins;
            for (size_t i = 0; i < c->n_bins; i++) excess[i] += row[i] / (double)c->n_windows;
        }
        sorted[b] = crossing(c, excess, threshold);
    }
    qsort(sorted, n, sizeof *sorted, ascending);
}

ropelaw_status ropelaw_lm_onset(const ropelaw_lm_curve *curve, double threshold_nats, size_t n_bootstrap,
                                uint64_t seed, ropelaw_lm_onset_result *onset, ropelaw_error *error) {
    if (!curve || !onset || !curve->n_bins)
        return core_fail(error, ROPELAW_INVALID, onset ? "curve" : "onset", "", "",
                         "a required argument is missing");
    if (!(threshold_nats > 0) || !isfinite(threshold_nats))
        return core_fail_number(error, ROPELAW_DOMAIN, "threshold_nats", threshold_nats, "> 0 and finite");
    double *excess = core_malloc(curve->n_bins + n_bootstrap, sizeof *excess),
           *sorted = excess + curve->n_bins;
    if (!excess) return core_fail_memory(error, curve->n_bins + n_bootstrap, sizeof *excess);
    for (size_t i = 0; i < curve->n_bins; i++) excess[i] = curve->bins[i].excess_nats;
    double at = crossing(curve, excess, threshold_nats);
    ropelaw_lm_onset_result r = {.censored = isinf(at), .lo_tok = NAN, .hi_tok = NAN};
    r.onset_tok = isinf(at) ? curve->bins[curve->n_bins - 1].length_tok : at;
    if (n_bootstrap) {
        bootstrap(curve, threshold_nats, seed, n_bootstrap, sorted, excess);
        double lo = sorted[n_bootstrap / 40], hi = sorted[n_bootstrap - 1 - n_bootstrap / 40];
        r.lo_tok = isinf(lo) ? r.onset_tok : lo;
        r.hi_tok = isinf(hi) ? NAN : hi;
    }
    core_free(excess);
    *onset = r;
    return ROPELAW_OK;
}
