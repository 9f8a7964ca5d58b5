#include "rope/method_entry.h"

/* transformers switches by length; before 4.48 it took the long factors for every length when factor > 1. */
static const double *factors_in_use(const rope_request *r) {
    const ropelaw_method_params *p = r->params;
    int is_long = p->longrope_by_factor ? r->factor > 1 : r->len > p->train_len;
    return is_long ? p->long_factor : p->short_factor;
}

static void exact(const rope_request *r, double *inv_freq) {
    const double *divisor = factors_in_use(r);
    for (size_t n = 0; n < r->n_pairs; n++) inv_freq[n] /= divisor[n];
}

static void hf(const rope_request *r, const float *power, float *inv_freq) {
    const double *divisor = factors_in_use(r);
    for (size_t n = 0; n < r->n_pairs; n++) inv_freq[n] = 1.0f / ((float)divisor[n] * power[n]);
}

static double attention(const rope_request *r) {
    const ropelaw_method_params *p = r->params;
    if (p->attention_factor > 0) return p->attention_factor;
    return r->factor <= 1 ? 1 : sqrt(1 + log(r->factor) / log(p->train_len));
}

static ropelaw_status check(const rope_request *r, ropelaw_error *error) {
    if (r->params->train_len > 1 || r->params->attention_factor > 0) return ROPELAW_OK;
    return core_fail_number(error, ROPELAW_DOMAIN, "train_len", r->params->train_len,
                            "> 1: ln(train_len) divides");
}

const rope_method rope_method_longrope = {
    .about = {.name = "longrope",
              .aliases = "su phi3",
              .title = "LongRoPE: searched divisors, one set up to train_len and one beyond",
              .formula = "base^(-2n/d) / f_n, f = long_factor if L > train_len else short_factor;"
                         " attention sqrt(1 + ln factor / ln train_len)", .source = "Ding et al. 2024 (arXiv:2402.13753); transformers 4.57 longrope",
              .limits = "keys cached before the switch were rotated with the short factors",
              .uses = ROPELAW_USES_FACTOR | ROPELAW_USES_TRAIN_LEN | ROPELAW_USES_DECLARED_LEN |
                      ROPELAW_USES_ATTENTION | ROPELAW_USES_FACTORS | ROPELAW_USES_EVAL_LEN},
    .check = check,
    .exact = exact,
    .hf = hf,
    .attention = attention,
};
