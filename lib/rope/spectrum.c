/* The spectrum of plain RoPE, and the exact count of full periods.
 *
 * 2*pi*base^(2n/d) <= T  <=>  2n ln(base) <= d ln(T/2pi). The count of such n >= 0 is floor(raw) + 1, and
 * since pi is transcendental over the rational inputs raw is never an integer: it equals ceil(raw). In
 * double, raw has a relative error below 8 u (two logarithms, one product, one quotient, the rounding of
 * T/2pi amplified by 1/ln(T/2pi) <= 9.3 at T = 7): a raw further than 32 u raw from an integer is decided;
 * the rest goes through double-double logarithms. Near base 1 raw is huge, and the cut at `limit` decides
 * before that. */
#include "rope/rope.h"
#include "rope/double_double.h"
#include <float.h>
#include <math.h>

ropelaw_status rope_check_dim(size_t rotary_dim, ropelaw_error *error) {
    if (rotary_dim >= 2 && rotary_dim <= ROPELAW_ROTARY_DIM_MAX && rotary_dim % 2 == 0) return ROPELAW_OK;
    return core_fail_number(error, ROPELAW_DOMAIN, "rotary_dim", (double)rotary_dim,
                            "an even number, 2 to 65536");
}

ropelaw_status rope_check_base(const char *argument, double base, ropelaw_error *error) {
    if (base > 1 && isfinite(base)) return ROPELAW_OK;
    return core_fail_number(error, ROPELAW_DOMAIN, argument, base, "a finite number above 1");
}

ropelaw_status rope_check_len(const char *argument, double len_tok, ropelaw_error *error) {
    if (len_tok >= ROPE_LEN_MIN && isfinite(len_tok)) return ROPELAW_OK;
    return core_fail_number(error, ROPELAW_DOMAIN, argument, len_tok,
                            "a finite number of tokens, at least 7");
}

long double rope_freq(double base, size_t rotary_dim, size_t n) {
    return powl(base, -2.0L * (long double)n / (long double)rotary_dim);
}

size_t rope_full_periods(size_t rotary_dim, double base, double train_len_tok, size_t limit, int *open) {
    double d = (double)rotary_dim;
    double raw = d / 2 * (double)logl(train_len_tok / ROPE_2PI) / log(base);
    double nearest = nearbyint(raw);
    *open = 0;
    if (raw >= (double)limit + 1) return limit;
    if (fabs(raw - nearest) > 64 * DBL_EPSILON * raw)
        return (size_t)ceil(raw) < limit ? (size_t)ceil(raw) : limit;
    rope_dd have = rope_dd_scale(rope_dd_log_turns(train_len_tok), d);
    int order = rope_dd_compare(have, rope_dd_scale(rope_dd_log(base), 2 * nearest));
    *open = order == 0;
    size_t count = (size_t)nearest + (order >= 0);
    return count < limit ? count : limit;
}

ropelaw_status ropelaw_freqs_eval(double base, size_t rotary_dim, double *theta, ropelaw_error *error) {
    if (!theta) return core_fail(error, ROPELAW_INVALID, "theta", "NULL", "an array", "theta is NULL");
    ropelaw_status s = rope_check_base("base", base, error);
    if (!s) s = rope_check_dim(rotary_dim, error);
    for (size_t n = 0; !s && n < rotary_dim / 2; n++) theta[n] = (double)rope_freq(base, rotary_dim, n);
    return s;
}

ropelaw_status ropelaw_spectrum_eval(double base, size_t rotary_dim, double train_len_tok,
                                     ropelaw_pair *pairs, ropelaw_error *error) {
    if (!pairs) return core_fail(error, ROPELAW_INVALID, "pairs", "NULL", "an array", "pairs is NULL");
    ropelaw_status s = rope_check_base("base", base, error);
    if (!s) s = rope_check_dim(rotary_dim, error);
    if (!s) s = rope_check_len("train_len", train_len_tok, error);
    if (s) return s;
    int open;
    size_t n_full = rope_full_periods(rotary_dim, base, train_len_tok, rotary_dim / 2, &open);
    for (size_t n = 0; n < rotary_dim / 2; n++) {
        long double theta = rope_freq(base, rotary_dim, n);
        double seen = (double)((train_len_tok - 1) * theta);
        pairs[n].theta = (double)theta;
        pairs[n].period_tok = (double)(ROPE_2PI / theta);
        pairs[n].turns = (double)(train_len_tok * theta / ROPE_2PI);
        pairs[n].phase_seen_rad = seen < (double)ROPE_2PI ? seen : (double)ROPE_2PI;
        pairs[n].critical = n < n_full;
    }
    return ROPELAW_OK;
}
