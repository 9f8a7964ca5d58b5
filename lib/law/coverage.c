/* Phase coverage. On the circle the unseen phases of a pair are an arc of 2*pi - arc_n; its middle is the
 * phase farthest from any seen one, (2*pi - arc_n)/2 away. So a tolerance phi covers everything iff arc_n + 2
 * phi >= 2 pi.
 *
 * An unsafe pair has made less than one turn on the trained distances, so the phase at distance m is m w_n
 * itself and leaves the tolerance when m w_n > arc_n + phi. The bound divides by w_n first: as pre-trained,
 * a_n / w_n = 1 and the distance is train_len - 1 exactly, whatever theta_n was rounded to. */
#include "law/law.h"
#include <ropelaw/coverage.h>
#include <math.h>

static ropelaw_status check_phi(double phi_rad, ropelaw_error *error) {
    if (phi_rad >= 0 && phi_rad <= (double)(ROPE_2PI / 2)) return ROPELAW_OK;
    return core_fail_number(error, ROPELAW_DOMAIN, "phi", phi_rad, "0 to pi");
}

static ropelaw_status check_len(const char *name, double len_tok, ropelaw_error *error) {
    if (len_tok >= 1 && isfinite(len_tok)) return ROPELAW_OK;
    return core_fail_number(error, ROPELAW_DOMAIN, name, len_tok, "a finite number of tokens, at least 1");
}

static ropelaw_status check_freqs(const char *name, const double *freq, size_t n, ropelaw_error *error) {
    if (!freq) return law_null(name, error);
    for (size_t i = 0; i < n; i++)
        if (!(freq[i] >= 0 && isfinite(freq[i])))
            return core_fail_number(error, ROPELAW_DOMAIN, name, freq[i], "finite frequencies, at least 0");
    return ROPELAW_OK;
}

static ropelaw_status check_arcs(const ropelaw_arcs *arcs, ropelaw_error *error) {
    if (!arcs) return law_null("arcs", error);
    if (arcs->n_pairs == 0)
        return core_fail(error, ROPELAW_INVALID, "n_pairs", "0", "at least 1", "there is no pair to judge");
    ropelaw_status s = check_freqs("pretrain_freq", arcs->pretrain_freq, arcs->n_pairs, error);
    if (!s) s = check_freqs("tune_freq", arcs->tune_freq, arcs->n_pairs, error);
    if (!s) s = check_len("train_len", arcs->train_len_tok, error);
    return s ? s : check_len("tune_len", arcs->tune_len_tok, error);
}

static double arc_of(const ropelaw_arcs *arcs, size_t n) {
    return fmax((arcs->train_len_tok - 1) * arcs->pretrain_freq[n],
                (arcs->tune_len_tok - 1) * arcs->tune_freq[n]);
}

/* Last good distance of one pair; NAN if it is safe at any, or does not rotate. */
static double good_distance(const ropelaw_arcs *arcs, size_t n, double phi_rad) {
    double a = arcs->pretrain_freq[n], w = arcs->tune_freq[n];
    if (w == 0 || arc_of(arcs, n) + 2 * phi_rad >= (double)ROPE_2PI) return NAN;
    double distance = fmax((arcs->train_len_tok - 1) * (a / w), arcs->tune_len_tok - 1) + phi_rad / w;
    return isfinite(distance) ? distance : NAN;
}

ropelaw_status ropelaw_coverage_eval(const ropelaw_arcs *arcs, double phi_rad, ropelaw_coverage *coverage,
                                     ropelaw_error *error) {
    if (!coverage) return law_null("coverage", error);
    ropelaw_status s = check_arcs(arcs, error);
    if (!s) s = check_phi(phi_rad, error);
    if (s) return s;
    ropelaw_coverage c = {NAN, NAN, ROPELAW_NO_PAIR, ROPELAW_CAVEAT_UNBOUNDED};
    for (size_t n = 0; n < arcs->n_pairs; n++) {
        double distance = good_distance(arcs, n, phi_rad);
        if (isnan(distance) || (c.pair != ROPELAW_NO_PAIR && distance >= c.distance_tok)) continue;
        c = (ropelaw_coverage){floor(distance) + 1, distance, n, 0};
    }
    *coverage = c;
    return ROPELAW_OK;
}

static void fill_pair(const ropelaw_arcs *arcs, size_t n, double phi_rad, ropelaw_pair_arc *pair) {
    const double full = (double)ROPE_2PI;
    double a = arcs->pretrain_freq[n], w = arcs->tune_freq[n];
    *pair = (ropelaw_pair_arc){
        .theta = w,
        .period_tok = w > 0 ? full / w : INFINITY,
        .turns = arcs->train_len_tok * w / full,
        .pretrain_turns = arcs->train_len_tok * a / full,
        .phase_seen_rad = w > 0 ? fmin(full, arc_of(arcs, n)) : 0,
        .critical = w > 0 && (arcs->train_len_tok * a >= full || arcs->tune_len_tok * w >= full),
        .good_tok = good_distance(arcs, n, phi_rad),
    };
}

ropelaw_status ropelaw_arcs_eval(const ropelaw_arcs *arcs, double phi_rad, ropelaw_pair_arc *pairs,
                                 ropelaw_error *error) {
    if (!pairs) return law_null("pairs", error);
    ropelaw_status s = check_arcs(arcs, error);
    if (!s) s = check_phi(phi_rad, error);
    for (size_t n = 0; !s && n < arcs->n_pairs; n++) fill_pair(arcs, n, phi_rad, &pairs[n]);
    return s;
}

ropelaw_status ropelaw_coverage_base_eval(const ropelaw_setting *setting, double phi_rad,
                                          ropelaw_coverage *coverage, ropelaw_error *error) {
    if (!coverage) return law_null("coverage", error);
    ropelaw_status s = ropelaw_setting_check(setting, error);
    if (!s) s = check_phi(phi_rad, error);
    if (s) return s;
    size_t n = setting->rotary_dim / 2;
    double *freq = core_malloc(n, 2 * sizeof *freq);
    if (!freq) return core_fail_memory(error, n, 2 * sizeof *freq);
    s = ropelaw_freqs_eval(setting->pretrain_base, setting->rotary_dim, freq, error);
    if (!s) s = ropelaw_freqs_eval(setting->tune_base, setting->rotary_dim, freq + n, error);
    ropelaw_arcs arcs = {n, freq, freq + n, setting->train_len_tok,
                         fmax(setting->train_len_tok, setting->tune_len_tok)};
    if (!s) s = ropelaw_coverage_eval(&arcs, phi_rad, coverage, error);
    core_free(freq);
    return s;
}
