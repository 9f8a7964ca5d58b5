/* The rank of rotary features of any frequencies, from their singular values. */
#include "probe/probe.h"
#include <ropelaw/rank.h>
#include <math.h>

/* As many pairs as a head of 4096 rotated dimensions. */
#define PAIRS_MAX 2048

static ropelaw_status check(const ropelaw_rotary_features *x, const double *tolerance, size_t n,
                            ropelaw_error *error) {
    if (x->n_pairs < 1 || x->n_pairs > PAIRS_MAX)
        return core_fail_number(error, ROPELAW_DOMAIN, "n_pairs", (double)x->n_pairs, "1 to 2048");
    if (x->n_tok < 2 * x->n_pairs || x->n_tok > ROPELAW_RANK_TOK_MAX)
        return core_fail_number(error, ROPELAW_DOMAIN, "n_tok", (double)x->n_tok,
                                "2 * n_pairs to 16384 positions");
    for (size_t i = 0; i < x->n_pairs; i++)
        if (!(x->freq[i] >= 0 && isfinite(x->freq[i])))
            return core_fail_number(error, ROPELAW_DOMAIN, "freq", x->freq[i],
                                    "finite frequencies, at least 0");
    for (size_t i = 0; i < n; i++)
        if (!(tolerance[i] > 0 && isfinite(tolerance[i])))
            return core_fail_number(error, ROPELAW_DOMAIN, "tolerance", tolerance[i], "> 0");
    return ROPELAW_OK;
}

ropelaw_status ropelaw_rank_eval(const ropelaw_rotary_features *features, const double *tolerance, size_t n,
                                 size_t *rank, ropelaw_error *error) {
    if (!features || !features->freq || !tolerance || !rank)
        return core_fail(error, ROPELAW_INVALID, "features", "NULL", "", "NULL was given");
    probe_svd svd;
    ropelaw_status s = check(features, tolerance, n, error);
    if (!s) s = probe_svd_create(&svd, features->n_tok, 2 * features->n_pairs, error);
    if (s) return s;
    probe_features_fill(&(probe_features){features->freq, features->n_pairs}, features->n_tok, svd.u,
                        features->n_tok, 0);
    s = probe_svd_factor(&svd, error);
    double norm = sqrt((double)features->n_tok / 2);
    for (size_t i = 0; !s && i < n; i++) rank[i] = probe_svd_rank(&svd, tolerance[i] * norm);
    probe_svd_clear(&svd);
    return s;
}
