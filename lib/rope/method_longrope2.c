/*
 * LongRoPE2 without its search: divisors that grow like those of a larger base up to the critical pair r, the
 * first whose period does not fit into training, and the whole factor from there on: lambda_n = s^(min(n/r, 1)).
 * The paper searches r in a range below eq (7) and lambda_n beyond r in [s, 2s] by needle perplexity; its released
 * divisors for LLaMA3-8B are this rule with r = 33 and s = 21.81 up to pair 33.
 */
#include "rope/method_entry.h"
#include "rope/rope.h"

static double split_of(const rope_request *r) {
    if (r->params->critical_pairs) return (double)r->params->critical_pairs;
    int open;
    return (double)rope_full_periods(2 * r->n_pairs, r->base, r->params->train_len, r->n_pairs, &open);
}

static void exact(const rope_request *r, double *inv_freq) {
    double split = split_of(r);
    for (size_t n = 0; n < r->n_pairs; n++) inv_freq[n] /= pow(r->factor, fmin((double)n / split, 1));
}

static void hf(const rope_request *r, const float *power, float *inv_freq) {
    double split = split_of(r);
    for (size_t n = 0; n < r->n_pairs; n++)
        inv_freq[n] = 1.0f / ((float)pow(r->factor, fmin((double)n / split, 1)) * power[n]);
}

static double attention(const rope_request *r) {
    const ropelaw_method_params *p = r->params;
    if (p->attention_factor > 0) return p->attention_factor;
    return sqrt(1 + log(r->factor) / log(p->train_len));
}

static ropelaw_status check(const rope_request *r, ropelaw_error *error) {
    const ropelaw_method_params *p = r->params;
    ropelaw_status s = rope_check_len("train_len", p->train_len, error);
    if (s) return s;
    if (!(r->factor >= 1)) return core_fail_number(error, ROPELAW_DOMAIN, "factor", r->factor, ">= 1");
    if (p->critical_pairs > r->n_pairs)
        return core_fail_number(error, ROPELAW_DOMAIN, "critical_pairs", (double)p->critical_pairs,
                                "at most rotary_dim / 2");
    return ROPELAW_OK;
}

const rope_method rope_method_longrope2 = {
    .about = {.name = "longrope2",
              .aliases = "longrope-style",
              .title = "LongRoPE2 before its search: the factor reached at the critical pair",
              .formula =
                  "base^(-2n/d) / factor^min(n/r, 1), r = ceil(d/2 ln(train_len/2pi)/ln(base)) unless given;"
                  " attention sqrt(1 + ln factor / ln train_len)", .source = "Shang et al. 2025 (arXiv:2502.20082) eq 7, 8, 10",
              .limits = "the search may move r down and the divisors beyond it up to twice the factor",
              .uses = ROPELAW_USES_FACTOR | ROPELAW_USES_TRAIN_LEN | ROPELAW_USES_DECLARED_LEN |
                      ROPELAW_USES_ATTENTION | ROPELAW_USES_CRITICAL},
    .check = check,
    .exact = exact,
    .hf = hf,
    .attention = attention,
};
