/*
 * Llama 3.1: periods above train_len / low are divided by the factor, those below train_len / high kept,
 * and the ones between mixed linearly in turns. With high <= low (Llama-4 Scout has high = low = 1) there
 * is nothing between: a period that is not longer than train_len / low is kept.
 */
#include "rope/method_entry.h"

static void exact(const rope_request *r, double *inv_freq) {
    const ropelaw_method_params *p = r->params;
    double low = p->low_freq_factor, high = p->high_freq_factor;
    for (size_t n = 0; n < r->n_pairs; n++) {
        double period = ROPE_TWO_PI / inv_freq[n], kept = inv_freq[n];
        if (period > p->train_len / low)
            inv_freq[n] = kept / r->factor;
        else if (high > low && period >= p->train_len / high) {
            double smooth = (p->train_len / period - low) / (high - low);
            inv_freq[n] = (1 - smooth) * kept / r->factor + smooth * kept;
        }
    }
}

static float mixed(const rope_request *r, float kept, float period) {
    const ropelaw_method_params *p = r->params;
    float low = (float)p->low_freq_factor, span = (float)(p->high_freq_factor - p->low_freq_factor);
    float smooth = (1.0f / period * (float)p->train_len - low) / span; /* torch: a / t is a * reciprocal(t) */
    return (1 - smooth) * kept / (float)r->factor + smooth * kept;
}

static void hf(const rope_request *r, const float *power, float *inv_freq) {
    const ropelaw_method_params *p = r->params;
    float longest = (float)(p->train_len / p->low_freq_factor),
          shortest = (float)(p->train_len / p->high_freq_factor);
    for (size_t n = 0; n < r->n_pairs; n++) {
        float kept = 1.0f / power[n], period = 1.0f / kept * (float)(2 * M_PI);
        if (period > longest)
            inv_freq[n] = kept / (float)r->factor;
        else if (p->high_freq_factor <= p->low_freq_factor || period < shortest)
            inv_freq[n] = kept;
        else
            inv_freq[n] = mixed(r, kept, period);
    }
}

static ropelaw_status check(const rope_request *r, ropelaw_error *error) {
    const ropelaw_method_params *p = r->params;
    if (!(isfinite(p->low_freq_factor) && p->low_freq_factor > 0))
        return core_fail_number(error, ROPELAW_DOMAIN, "low_freq_factor", p->low_freq_factor, "> 0");
    if (!(isfinite(p->high_freq_factor) && p->high_freq_factor > 0))
        return core_fail_number(error, ROPELAW_DOMAIN, "high_freq_factor", p->high_freq_factor, "> 0");
    return ROPELAW_OK;
}

const rope_method rope_method_llama3 = {
    .about =
        {.name = "llama3",
                .aliases = "llama-3",
                .title = "Llama 3.1: long periods divided by the factor, short ones kept, a ramp in turns between",
                .formula =
             "theta/factor if train_len theta/2pi < low; theta if > high; else (1-s) theta/factor + s theta,"
             " s = (train_len theta/2pi - low) / (high - low)", .source = "Llama 3.1 reference code; transformers 4.57 llama3",
                .limits = "transformers gives nan for a period of exactly train_len / low when high = low",
                .uses = ROPELAW_USES_FACTOR | ROPELAW_USES_TRAIN_LEN | ROPELAW_USES_LOW_HIGH},
    .check = check,
    .exact = exact,
    .hf = hf,
};
