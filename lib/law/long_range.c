/* Men et al.: B(m), its negative distances, and the longest length of a base. The scan tells which distances are
 * clearly positive; what it leaves within its error of zero, or finds negative, is evaluated by itself. */
#include "law/law.h"
#include "law/long_range_scan.h"
#include <ropelaw/long_range.h>
#include <math.h>

double ropelaw_long_range_eval(const double *theta, size_t n_pairs, double distance_tok) {
    long double sum = 0;
    for (size_t n = 0; n < n_pairs; n++) sum += cosl((long double)distance_tok * theta[n]);
    return (double)sum;
}

static ropelaw_status check_theta(const double *theta, size_t n_pairs, ropelaw_error *error) {
    if (!theta) return law_null("theta", error);
    if (!n_pairs) return core_fail(error, ROPELAW_INVALID, "n_pairs", "0", "at least 1", "there is no pair");
    for (size_t n = 0; n < n_pairs; n++)
        if (!isfinite(theta[n]))
            return core_fail_number(error, ROPELAW_DOMAIN, "theta", theta[n], "finite frequencies");
    return ROPELAW_OK;
}

typedef struct {
    size_t n_negative, first; /* first: n_distances if there is none */
} tally;

/* Distances 0 .. n-1; stops behind the first negative one if `one` is set. */
static ropelaw_status scan(const double *theta, size_t n_pairs, size_t n, int one, tally *found,
                           ropelaw_error *error) {
    law_scan_pair *pairs = core_malloc(n_pairs, sizeof *pairs);
    if (!pairs) return core_fail_memory(error, n_pairs, sizeof *pairs);
    law_scan *sums_of = law_scan_best();
    double sums[LAW_SCAN_BLOCK], margin = LAW_SCAN_ERROR(n_pairs, (double)n);
    law_scan_prepare(theta, n_pairs, pairs);
    *found = (tally){0, n};
    for (size_t start = 0; start < n && !(one && found->n_negative); start += LAW_SCAN_BLOCK) {
        sums_of(pairs, n_pairs, (double)start, sums);
        size_t stop = n - start < LAW_SCAN_BLOCK ? n - start : LAW_SCAN_BLOCK;
        for (size_t k = 0; k < stop; k++) {
            if (sums[k] > margin) continue;
            if (sums[k] >= -margin && !(ropelaw_long_range_eval(theta, n_pairs, (double)(start + k)) < 0))
                continue;
            if (!found->n_negative++) found->first = start + k;
            if (one) break;
        }
    }
    core_free(pairs);
    return ROPELAW_OK;
}

ropelaw_status ropelaw_long_range_count(const double *theta, size_t n_pairs, size_t n_distances,
                                        size_t *n_negative, size_t *first, ropelaw_error *error) {
    ropelaw_status s = check_theta(theta, n_pairs, error);
    if (s) return s;
    if ((double)n_distances > ROPELAW_LONG_RANGE_LEN_MAX)
        return core_fail_number(error, ROPELAW_DOMAIN, "n_distances", (double)n_distances, "at most 2^24");
    tally t;
    s = scan(theta, n_pairs, n_distances, 0, &t, error);
    if (s) return s;
    if (n_negative) *n_negative = t.n_negative;
    if (first) *first = t.first;
    return ROPELAW_OK;
}

ropelaw_status ropelaw_long_range_len_find(double base, size_t rotary_dim, ropelaw_long_range_len *len,
                                           ropelaw_error *error) {
    if (!len) return law_null("len", error);
    ropelaw_status s = rope_check_base("base", base, error);
    if (!s) s = rope_check_dim(rotary_dim, error);
    if (s) return s;
    size_t n = rotary_dim / 2;
    double *theta = core_malloc(n, sizeof *theta);
    if (!theta) return core_fail_memory(error, n, sizeof *theta);
    tally t;
    s = ropelaw_freqs_eval(base, rotary_dim, theta, error);
    if (!s) s = scan(theta, n, (size_t)ROPELAW_LONG_RANGE_LEN_MAX, 1, &t, error);
    core_free(theta);
    if (s) return s;
    *len = (ropelaw_long_range_len){t.n_negative ? (double)t.first : NAN,
                                    t.n_negative ? 0 : ROPELAW_CAVEAT_CENSORED};
    return ROPELAW_OK;
}
