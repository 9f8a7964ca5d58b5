/* Liu et al. (2310.05209), eq (12), (13), (16a-d), and both inverses.
 *
 * The regime is a comparison, ln(b) ln(T/2pi) > ln(b0) ln(T'/2pi), and half of all published models sit on
 * its edge (b = b0, T' = T), where the answer is `tuned` by convention. Away from that exact case the two
 * products are never equal for rational inputs; they are compared in double first (each is off by at most 16
 * u, see spectrum.c) and in double-double when that leaves it open.
 *
 * With b > b0 the law is 2*pi*b^(critical_dim/d) up to the tuned length D at which b becomes critical,
 * D = 2*pi*exp(ln(b) ln(T/2pi)/ln(b0)), and T' after it. Because of the ceiling (16b) exceeds D: the bound
 * drops by at most a factor b^(2/d) as T' passes D, and recovers when T' reaches (16b). That is the only
 * place where a longer tuning makes the bound smaller. */
#include "law/law.h"
#include "rope/double_double.h"
#include <float.h>
#include <math.h>

/* Relative distance to the critical base below which a result carries AT_EDGE. */
#define EDGE 1e-3
/* NOT_MONOTONE is set from half the length of the drop on: doubling the tuning would cross it. */
#define DROP_NEAR 0.5

ropelaw_status law_null(const char *argument, ropelaw_error *error) {
    return core_fail(error, ROPELAW_INVALID, argument, "NULL", "an object", "%s is NULL", argument);
}

const char *ropelaw_regime_str(ropelaw_regime regime) {
    static const char *const names[] = {"tuned", "large_base", "small_base"};
    return (size_t)regime < CORE_COUNT(names) ? names[regime] : "unknown";
}

static ropelaw_status check_pretrained(const ropelaw_setting *x, ropelaw_error *error) {
    ropelaw_status s = rope_check_dim(x->rotary_dim, error);
    if (!s) s = rope_check_base("pretrain_base", x->pretrain_base, error);
    return s ? s : rope_check_len("train_len", x->train_len_tok, error);
}

static ropelaw_status check_tune_len(double len_tok, ropelaw_error *error) {
    if (len_tok > 0 && isfinite(len_tok)) return ROPELAW_OK;
    return core_fail_number(error, ROPELAW_DOMAIN, "tune_len", len_tok, "a finite number of tokens above 0");
}

ropelaw_status ropelaw_setting_check(const ropelaw_setting *setting, ropelaw_error *error) {
    if (!setting) return law_null("setting", error);
    ropelaw_status s = check_pretrained(setting, error);
    if (!s) s = rope_check_base("tune_base", setting->tune_base, error);
    return s ? s : check_tune_len(setting->tune_len_tok, error);
}

static ropelaw_critical critical_of(size_t rotary_dim, double base, double len_tok) {
    int open;
    size_t n = rope_full_periods(rotary_dim, base, len_tok, rotary_dim / 2 + 1, &open);
    return (ropelaw_critical){
        .dim = 2 * (n <= rotary_dim / 2 ? n : rotary_dim / 2),
        .dim_real = (double)((long double)rotary_dim * logl(len_tok / ROPE_2PI) / logl(base)),
        .full = n > rotary_dim / 2,
        .caveats = open ? ROPELAW_CAVEAT_ILL_CONDITIONED : 0,
    };
}

ropelaw_status ropelaw_critical_dim_count(size_t rotary_dim, double base, double train_len_tok,
                                          ropelaw_critical *critical, ropelaw_error *error) {
    if (!critical) return law_null("critical", error);
    ropelaw_status s = rope_check_dim(rotary_dim, error);
    if (!s) s = rope_check_base("base", base, error);
    if (!s) s = rope_check_len("train_len", train_len_tok, error);
    if (!s) *critical = critical_of(rotary_dim, base, train_len_tok);
    return s;
}

static double critical_base_of(double pretrain_base, double train_len_tok, double tune_len_tok) {
    if (tune_len_tok == train_len_tok) return pretrain_base;
    return (double)expl(logl(pretrain_base) * logl(tune_len_tok / ROPE_2PI) / logl(train_len_tok / ROPE_2PI));
}

ropelaw_status ropelaw_critical_base_eval(double pretrain_base, double train_len_tok, double tune_len_tok,
                                          double *base, ropelaw_error *error) {
    if (!base) return law_null("base", error);
    ropelaw_status s = rope_check_base("pretrain_base", pretrain_base, error);
    if (!s) s = rope_check_len("train_len", train_len_tok, error);
    if (!s) s = rope_check_len("tune_len", tune_len_tok, error);
    if (!s) *base = critical_base_of(pretrain_base, train_len_tok, tune_len_tok);
    return s;
}

double law_length(double base, double dim, size_t rotary_dim) {
    return (double)(ROPE_2PI * powl(base, (long double)dim / (long double)rotary_dim));
}

static double bound_base_of(size_t rotary_dim, ropelaw_critical critical, double len_tok) {
    if (critical.full) return NAN;
    return (double)powl(len_tok / ROPE_2PI, (long double)rotary_dim / (long double)critical.dim);
}

ropelaw_status ropelaw_bound_base_eval(const ropelaw_setting *setting, double length_tok, double *base,
                                       ropelaw_error *error) {
    if (!setting) return law_null("setting", error);
    if (!base) return law_null("base", error);
    ropelaw_status s = check_pretrained(setting, error);
    if (!s) s = rope_check_len("length", length_tok, error);
    if (s) return s;
    ropelaw_critical c = critical_of(setting->rotary_dim, setting->pretrain_base, setting->train_len_tok);
    *base = bound_base_of(setting->rotary_dim, c, length_tok);
    return ROPELAW_OK;
}

ropelaw_status ropelaw_small_base_eval(double tune_len_tok, double *base, ropelaw_error *error) {
    if (!base) return law_null("base", error);
    ropelaw_status s = check_tune_len(tune_len_tok, error);
    for (int i = 0; !s && i < 3; i++) base[i] = (double)(tune_len_tok * 4.0L / ROPE_2PI) / (1 << i);
    return s;
}

int law_is_large_base(const ropelaw_setting *x, int *open) {
    *open = 0;
    if (x->tune_base == x->pretrain_base && x->tune_len_tok == x->train_len_tok) return 0;
    double have = log(x->tune_base) * (double)logl(x->train_len_tok / ROPE_2PI);
    double need = log(x->pretrain_base) * (double)logl(x->tune_len_tok / ROPE_2PI);
    if (fabs(have - need) > 64 * DBL_EPSILON * need) return have > need;
    rope_dd a = rope_dd_mul(rope_dd_log(x->tune_base), rope_dd_log_turns(x->train_len_tok));
    rope_dd b = rope_dd_mul(rope_dd_log(x->pretrain_base), rope_dd_log_turns(x->tune_len_tok));
    int order = rope_dd_compare(a, b);
    *open = order == 0;
    return order > 0;
}

static void set_lengths(const ropelaw_setting *x, int large, ropelaw_bound *b) {
    long double ratio = logl(x->tune_base) / logl(x->pretrain_base);
    double real = (double)(ROPE_2PI * expl(ratio * logl(x->train_len_tok / ROPE_2PI)));
    int full = b->critical.full;
    b->bound_16b_tok = full ? NAN : law_length(x->tune_base, (double)b->critical.dim, x->rotary_dim);
    b->drop_len_tok = x->tune_base > x->pretrain_base ? real : NAN;
    b->bound_tok = large ? b->bound_16b_tok : x->tune_len_tok;
    b->bound_real_tok = !large ? x->tune_len_tok : full ? NAN : real;
}

static uint32_t caveats_of(const ropelaw_setting *x, int large, const ropelaw_bound *b) {
    uint32_t bits = b->critical.caveats;
    int pretrained = x->tune_base == x->pretrain_base && x->tune_len_tok == x->train_len_tok;
    int full = b->critical.full;
    if (x->pretrain_base != ROPELAW_PAPER_BASE) bits |= ROPELAW_CAVEAT_OUTSIDE_THEORY;
    if (large && full) bits |= ROPELAW_CAVEAT_UNBOUNDED;
    if (large && !full && b->critical.dim == x->rotary_dim) bits |= ROPELAW_CAVEAT_AT_EDGE;
    if (!pretrained && fabs(x->tune_base - b->critical_base) <= EDGE * b->critical_base)
        bits |= ROPELAW_CAVEAT_AT_EDGE;
    int near_drop =
        large ? x->tune_len_tok >= DROP_NEAR * b->drop_len_tok : x->tune_len_tok < b->bound_16b_tok;
    if (!full && x->tune_base > x->pretrain_base && near_drop) bits |= ROPELAW_CAVEAT_NOT_MONOTONE;
    if (b->regime == ROPELAW_REGIME_SMALL_BASE) bits |= ROPELAW_CAVEAT_REGIME_SMALL_BASE;
    return bits;
}

ropelaw_status ropelaw_bound_eval(const ropelaw_setting *setting, ropelaw_bound *bound,
                                  ropelaw_error *error) {
    if (!bound) return law_null("bound", error);
    ropelaw_status s = ropelaw_setting_check(setting, error);
    if (s) return s;
    ropelaw_setting x = *setting;
    int below = x.tune_len_tok < x.train_len_tok, open;
    if (below) x.tune_len_tok = x.train_len_tok;
    int large = law_is_large_base(&x, &open);
    ropelaw_bound b = {.tune_len_tok = x.tune_len_tok};
    b.critical = critical_of(x.rotary_dim, x.pretrain_base, x.train_len_tok);
    b.tuned = critical_of(x.rotary_dim, x.tune_base, x.tune_len_tok);
    b.critical_base = critical_base_of(x.pretrain_base, x.train_len_tok, x.tune_len_tok);
    b.bound_base = bound_base_of(x.rotary_dim, b.critical, x.tune_len_tok);
    s = ropelaw_small_base_eval(x.tune_len_tok, b.small_base, error);
    if (s) return s;
    b.regime = large                           ? ROPELAW_REGIME_LARGE_BASE
               : x.tune_base < b.small_base[0] ? ROPELAW_REGIME_SMALL_BASE
                                               : ROPELAW_REGIME_TUNED;
    set_lengths(&x, large, &b);
    b.caveats = caveats_of(&x, large, &b) | (below ? ROPELAW_CAVEAT_TUNE_BELOW_TRAIN : 0) |
                (open ? ROPELAW_CAVEAT_ILL_CONDITIONED : 0);
    *bound = b;
    return ROPELAW_OK;
}
