/*
 * YaRN as released: NTK-by-parts with the ramp over the pair index between the (real) indices at which
 * beta_fast and beta_slow turns fit into training, and an attention factor. The ends are rounded outwards
 * unless truncate is off (gpt-oss), clamped to [0, d-1], and kept apart by 0.001.
 */
#include "rope/method_entry.h"

static double correction_dim(const rope_request *r, double turns) {
    return r->denominator * log(r->params->train_len / (turns * 2 * M_PI)) / (2 * log(r->base));
}

void rope_yarn_range(const rope_request *r, double *low, double *high) {
    double first = correction_dim(r, r->params->beta_fast), last = correction_dim(r, r->params->beta_slow);
    if (r->params->truncate) {
        first = floor(first);
        last = ceil(last);
    }
    *low = fmax(first, 0);
    *high = fmin(last, r->denominator - 1);
    if (*low == *high) *high += 0.001;
}

static void exact(const rope_request *r, double *inv_freq) {
    if (r->params->ramp == ROPELAW_RAMP_TURNS) {
        rope_turns_ramp(r, inv_freq);
        return;
    }
    double low, high;
    rope_yarn_range(r, &low, &high);
    for (size_t n = 0; n < r->n_pairs; n++) {
        double ramp = fmin(fmax(((double)n - low) / (high - low), 0), 1);
        inv_freq[n] = inv_freq[n] / r->factor * ramp + inv_freq[n] * (1 - ramp);
    }
}

/* The ramp over turns is the paper's alone: the exact value rounded once. */
static void hf_turns(const rope_request *r, float *inv_freq) {
    for (size_t n = 0; n < r->n_pairs; n++) {
        double one = rope_plain_freq(r->base, r->denominator, n);
        rope_request single = *r;
        single.n_pairs = 1;
        rope_turns_ramp(&single, &one);
        inv_freq[n] = (float)one;
    }
}

static void hf(const rope_request *r, const float *power, float *inv_freq) {
    if (r->params->ramp == ROPELAW_RAMP_TURNS) {
        hf_turns(r, inv_freq);
        return;
    }
    double low, high;
    rope_yarn_range(r, &low, &high);
    float factor = (float)r->factor, start = (float)low, span = (float)(high - low);
    for (size_t n = 0; n < r->n_pairs; n++) {
        float ramp = fminf(fmaxf(((float)n - start) / span, 0), 1), keep = 1 - ramp;
        float extrapolated = 1.0f / power[n], interpolated = 1.0f / (factor * power[n]);
        inv_freq[n] = interpolated * (1 - keep) + extrapolated * keep;
    }
}

static double mscale(double factor, double weight) {
    return factor <= 1 ? 1 : 0.1 * weight * log(factor) + 1;
}

static double attention(const rope_request *r) {
    const ropelaw_method_params *p = r->params;
    if (p->attention_factor > 0) return p->attention_factor;
    if (p->mscale != 0 && p->mscale_all_dim != 0)
        return mscale(r->factor, p->mscale) / mscale(r->factor, p->mscale_all_dim);
    return mscale(r->factor, 1);
}

static ropelaw_status check(const rope_request *r, ropelaw_error *error) {
    const ropelaw_method_params *p = r->params;
    if (!isfinite(p->mscale))
        return core_fail_number(error, ROPELAW_DOMAIN, "mscale", p->mscale,
                                "0 for absent, or a finite number");
    if (!isfinite(p->mscale_all_dim))
        return core_fail_number(error, ROPELAW_DOMAIN, "mscale_all_dim", p->mscale_all_dim,
                                "0 for absent, or a finite number");
    if (p->ramp != ROPELAW_RAMP_INDEX && p->ramp != ROPELAW_RAMP_TURNS)
        return core_fail_number(error, ROPELAW_INVALID, "ramp", (double)p->ramp, "0 or 1");
    return ROPELAW_OK;
}

const rope_method rope_method_yarn = {
    .about = {.name = "yarn",
              .aliases = "deepseek_yarn telechat3-yarn dynamic-yarn ntk_yarn",
              .title = "YaRN: slow pairs interpolated, fast ones kept, cos and sin scaled",
              .formula =
                  "theta/factor * ramp + theta * (1-ramp), ramp = clamp((n - low) / (high - low), 0, 1);"
                  " attention 0.1 ln(factor) + 1", .source = "Peng et al. 2023 (arXiv:2309.00071); transformers 4.57 yarn",
              .limits =
                  "where all pairs turn more than beta_fast or less than beta_slow times, the code's clamps"
                  " cross and its ramp runs backwards", .uses = ROPELAW_USES_FACTOR | ROPELAW_USES_TRAIN_LEN | ROPELAW_USES_DECLARED_LEN |
                      ROPELAW_USES_BETA | ROPELAW_USES_ATTENTION},
    .check = check,
    .exact = exact,
    .hf = hf,
    .attention = attention,
    .ggml = ROPE_GGML_YARN,
};
