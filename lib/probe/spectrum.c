/* What the partially seen pairs add to the features of the trained positions.

   F holds the rows [cos(s theta_n), sin(s theta_n)], s < T, of all pairs, A those of the pairs that completed a turn,
   B those of the others. With c = theta (T-1)/2 <= c_max the entries of B are cos and sin of c (1 + x), |x| <= 1, whose
   Chebyshev series in x have coefficients 2 J_j(c): polynomials of degree below k come within 2 sum_{j>=k} |J_j(c_max)|
   of every entry (c_max <= pi, where these tails grow with c). So B = P + E with rank(P) <= k and
   |E| <= eps_k = sqrt(entries of B) * tail, and by Weyl's inequalities for singular values

       #{ s_i(F) > 2 eps_k } <= #{ s_i(A) > eps_k } + k        for every k:

   the partially seen dimensions, however many, add at most k directions above that level. */
#include "probe/probe.h"
#include <math.h>
#include <stdlib.h>

static double tail(int k, double c) {
    double sum = 0;
    for (int j = k; j < k + 60; j++) sum += fabs(jn(j, c));
    return 2 * sum;
}

#define PAIRS_MAX 128

typedef struct {
    probe_svd all, seen;
    double theta[PAIRS_MAX]; /* falling */
    size_t n_pairs, n_seen, n_tok;
} spectra;

static int falling(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Frequencies of the options with the base times `damage`, falling: features do not mind the order of pairs. */
static ropelaw_status frequencies(const ropelaw_probe_options *o, double damage, size_t *n, double *theta,
                                  ropelaw_error *error) {
    *n = o->rotary_dim / 2;
    if (!o->rotation) {
        probe_frequencies(o->base * damage, o->rotary_dim, theta);
        return ROPELAW_OK;
    }
    ropelaw_method_params p = *o->rotation->params;
    p.base *= damage;
    ropelaw_status s = ropelaw_method_pairs(o->rotation->method, &p, n, error);
    if (!s && (*n < 4 || *n > PAIRS_MAX))
        s = core_fail_number(error, ROPELAW_DOMAIN, "rotary_dim", 2 * (double)*n, "even, 8 .. 256");
    if (!s) s = ropelaw_method_eval(o->rotation->method, &p, o->rotation->eval_len, theta, NULL, error);
    if (!s) qsort(theta, *n, sizeof *theta, falling);
    return s;
}

static ropelaw_status decompose(const ropelaw_probe_options *o, spectra *x, ropelaw_error *error) {
    ropelaw_status status = probe_svd_create(&x->all, x->n_tok, 2 * x->n_pairs, error);
    if (!status) status = probe_svd_create(&x->seen, x->n_tok, 2 * x->n_seen, error);
    double measured[PAIRS_MAX];
    size_t n;
    if (!status) status = frequencies(o, o->damage, &n, measured, error);
    if (status) return status;
    for (n = 0; n < x->n_seen; n++) measured[n] = x->theta[n];
    probe_features_fill(&(probe_features){measured, x->n_pairs}, x->n_tok, x->all.u, x->n_tok, 0);
    probe_features_fill(&(probe_features){x->theta, x->n_seen}, x->n_tok, x->seen.u, x->n_tok, 0);
    status = probe_svd_factor(&x->all, error);
    return status ? status : probe_svd_factor(&x->seen, error);
}

static void compare(const ropelaw_probe_options *o, const spectra *x, ropelaw_probe_report *report) {
    double t = o->train_len_tok, c = x->theta[x->n_seen] * (t - 1) / 2;
    double entries = sqrt(2 * (double)(x->n_pairs - x->n_seen) * t);
    for (int k = 6; k <= 14; k += 4) {
        double eps = entries * tail(k, c);
        probe_add(report,
                  &(probe_comparison){ROPELAW_PROBE_AT_MOST, (double)probe_svd_rank(&x->seen, eps) + k,
                                      (double)probe_svd_rank(&x->all, 2 * eps), 0,
                                      "exact: Weyl's inequality, Chebyshev tail of the partially seen pairs"},
                  "rank of all %zu dimensions (seen pairs + %d at most)", 2 * x->n_pairs, k);
    }
    static const struct {
        double level;
        const char *name;
    } levels[] = {
        {1,    "1"   },
        {0.1,  "0.1" },
        {1e-3, "1e-3"},
        {1e-6, "1e-6"}
    };
    for (size_t i = 0; i < CORE_COUNT(levels); i++)
        probe_add(report,
                  &(probe_comparison){
                      ROPELAW_PROBE_REPORT, 2 * (double)x->n_seen,
                      (double)probe_svd_rank(&x->all, levels[i].level * sqrt(t / 2)), NAN,
                      "critical dimension against the numerical rank, which depends on the tolerance"},
                  "rank at tolerance %s of a full column's norm", levels[i].name);
    size_t last = 2 * x->n_seen - 1;
    probe_add(report,
              &(probe_comparison){ROPELAW_PROBE_REPORT, NAN, x->seen.s[0] / x->seen.s[last], NAN,
                                  "neighbouring pairs just past one turn still resemble each other"},
              "condition number, fully seen pairs");
    probe_add(report,
              &(probe_comparison){ROPELAW_PROBE_REPORT, NAN, x->all.s[0] / x->all.s[2 * x->n_pairs - 1], NAN,
                                  "the partially seen pairs make the features singular in double precision"},
              "condition number, all pairs");
}

static ropelaw_status run(const ropelaw_probe_options *o, const ropelaw_progress *progress,
                          ropelaw_probe_report *report, ropelaw_error *error) {
    spectra x = {.n_tok = (size_t)o->train_len_tok};
    ropelaw_status status = frequencies(o, 1, &x.n_pairs, x.theta, error);
    if (status) return status;
    while (x.n_seen < x.n_pairs && o->train_len_tok * x.theta[x.n_seen] >= 2 * M_PI) x.n_seen++;
    if (!x.n_seen || x.n_seen == x.n_pairs)
        return core_fail(error, ROPELAW_DOMAIN, "train_len", "", "some pairs seen, some not",
                         "the probe needs pairs that completed a turn in train_len and pairs that did not");
    status = decompose(o, &x, error);
    if (!status) status = core_progress(progress, 1, error);
    if (!status) compare(o, &x, report);
    probe_svd_clear(&x.all);
    probe_svd_clear(&x.seen);
    return status;
}

const probe_entry probe_spectrum = {
    {"spectrum",
     "pairs that completed a turn in training span the trained positions; the others collapse onto few "
     "directions", "singular values (LAPACK dgesdd) of [cos(s theta_n), sin(s theta_n)], s < train_len",
     "Liu et al. 2024 (arXiv:2310.05209), Lemma 1; bound: derivation in lib/probe/spectrum.c"},
    .run = run,
    .any_method = 1,
};
