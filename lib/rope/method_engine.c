/*
 * The frequencies as engines compute them, float operation by float operation.
 *
 * transformers: arange(0, d, 2).float() / d, then torch.pow with the base rounded to float, then one
 * division and whatever the method does next; a scalar divided by a tensor is its reciprocal times the
 * scalar. The power is taken in double and rounded once, which is what torch's scalar path gives; its
 * vector path (Sleef) is off by one unit now and then, hence by two in the reciprocal.
 *
 * ggml (ggml-cpu rope): theta_scale = powf(base, -2/d); theta starts at the position and is multiplied
 * by theta_scale from pair to pair; each pair uses theta / divisor, then the linear scale or YaRN's mix
 * with a ramp whose ends are always rounded outwards. A frequency here is the angle at position 1.
 */
#include "rope/method_entry.h"

static void hf_powers(const rope_request *r, float *power) {
    float base = (float)r->base, d = (float)r->denominator;
    for (size_t n = 0; n < r->n_pairs; n++) {
        float exponent = (float)(2 * n) / d;
        power[n] = (float)pow((double)base, (double)exponent);
    }
}

static void hf_eval(const rope_method *method, const rope_request *r, const double *exact, float *scratch,
                    float *inv_freq) {
    hf_powers(r, scratch);
    if (method->hf) {
        method->hf(r, scratch, inv_freq);
    } else {
        for (size_t n = 0; n < r->n_pairs; n++)
            inv_freq[n] = method->exact ? (float)exact[n] : 1.0f / scratch[n];
    }
    if (r->params->resonance && method != &rope_method_resonance) rope_resonance_float(r, inv_freq);
}

static float ggml_corr_dim(const rope_request *r, float turns, float base) {
    float d = (float)r->denominator, n_ctx = (float)r->params->train_len;
    return d * logf(n_ctx / (turns * 2 * (float)M_PI)) / (2 * logf(base));
}

/* theta is the extrapolated angle; as rope_yarn() with ext_factor = 1. */
static float ggml_yarn(float theta, float scale, const float *corr, size_t n) {
    float y = ((float)n - corr[0]) / fmaxf(0.001f, corr[1] - corr[0]);
    float mix = 1 - fminf(1, fmaxf(0, y));
    return scale * theta * (1 - mix) + theta * mix;
}

static int ggml_is_native(const rope_method *method, const rope_request *r, rope_ggml kind) {
    if (method->ggml != kind || r->params->resonance) return 0;
    return kind != ROPE_GGML_YARN || r->params->ramp == ROPELAW_RAMP_INDEX;
}

static void ggml_eval(const rope_method *method, const rope_request *r, const double *exact,
                      float *inv_freq) {
    int by_base = ggml_is_native(method, r, ROPE_GGML_BASE),
        linear = ggml_is_native(method, r, ROPE_GGML_LINEAR);
    int yarn = ggml_is_native(method, r, ROPE_GGML_YARN);
    int divisors = !by_base && !linear && !yarn;
    float base = (float)(divisors ? r->params->base : r->base), scale = 1.0f / (float)r->factor;
    float theta_scale = powf(base, -2.0f / (float)r->denominator), theta = 1;
    float corr[2] = {
        fmaxf(0, floorf(ggml_corr_dim(r, (float)r->params->beta_fast, base))),
        fminf((float)r->denominator - 1, ceilf(ggml_corr_dim(r, (float)r->params->beta_slow, base)))};
    for (size_t n = 0; n < r->n_pairs; n++, theta *= theta_scale) {
        /* a pair that does not rotate has the divisor infinity, and theta / inf is 0 */
        float divisor =
            divisors ? (float)(rope_plain_freq(r->params->base, r->denominator, n) / exact[n]) : 1.0f;
        if (linear)
            inv_freq[n] = scale * theta;
        else if (yarn)
            inv_freq[n] = ggml_yarn(theta, scale, corr, n);
        else
            inv_freq[n] = theta / divisor;
    }
}

static const rope_method *entry_of(const ropelaw_method *about) {
    return (const rope_method *)(const void *)about; /* `about` is the first member; checked by the caller */
}

static ropelaw_status eval(const rope_method *method, const rope_request *r, ropelaw_engine engine,
                           float *inv_freq, ropelaw_error *error) {
    double *exact = core_malloc(r->n_pairs, sizeof *exact);
    float *scratch = core_malloc(r->n_pairs, sizeof *scratch);
    ropelaw_status s = ROPELAW_OK;
    if (exact && scratch) {
        rope_request_exact(method, r, exact);
        if (engine == ROPELAW_ENGINE_HF)
            hf_eval(method, r, exact, scratch, inv_freq);
        else
            ggml_eval(method, r, exact, inv_freq);
    } else {
        s = core_fail_memory(error, r->n_pairs, sizeof *exact);
    }
    core_free(scratch);
    core_free(exact);
    return s;
}

ropelaw_status ropelaw_method_eval_engine(const ropelaw_method *method, const ropelaw_method_params *params,
                                          ropelaw_engine engine, double eval_len, float *inv_freq,
                                          ropelaw_error *error) {
    size_t n_pairs;
    rope_request r;
    ropelaw_status s = ropelaw_method_pairs(method, params, &n_pairs, error);
    if (s) return s;
    if (!inv_freq) return core_fail(error, ROPELAW_INVALID, "inv_freq", "NULL", "", "inv_freq is NULL");
    if (engine != ROPELAW_ENGINE_HF && engine != ROPELAW_ENGINE_GGML)
        return core_fail_number(error, ROPELAW_INVALID, "engine", (double)engine, "HF or GGML");
    if ((s = rope_request_fill(entry_of(method), params, eval_len, &r, error))) return s;
    return eval(entry_of(method), &r, engine, inv_freq, error);
}

/* attention_factor and mscale reach llama.cpp as a flag that divides the kernel's own factor out. */
static float ggml_attention(const rope_request *r, double exact) {
    const ropelaw_method_params *p = r->params;
    float scale = 1.0f / (float)r->factor, in_kernel = 1.0f + 0.1f * logf(1.0f / scale);
    int given = p->attention_factor > 0 || (p->mscale != 0 && p->mscale_all_dim != 0);
    float flag = given ? (float)(exact / (1 + 0.1 * log(r->factor))) : 1.0f;
    return flag * in_kernel;
}

ropelaw_status ropelaw_method_attention_engine(const ropelaw_method *method,
                                               const ropelaw_method_params *params, ropelaw_engine engine,
                                               double eval_len, float *attention, ropelaw_error *error) {
    size_t n_pairs;
    rope_request r;
    ropelaw_status s = ropelaw_method_pairs(method, params, &n_pairs, error);
    if (s) return s;
    if (!attention) return core_fail(error, ROPELAW_INVALID, "attention", "NULL", "", "attention is NULL");
    if (engine != ROPELAW_ENGINE_HF && engine != ROPELAW_ENGINE_GGML)
        return core_fail_number(error, ROPELAW_INVALID, "engine", (double)engine, "HF or GGML");
    const rope_method *entry = entry_of(method);
    if ((s = rope_request_fill(entry, params, eval_len, &r, error))) return s;
    double exact = entry->attention ? entry->attention(&r) : 1;
    int in_kernel = engine == ROPELAW_ENGINE_GGML && ggml_is_native(entry, &r, ROPE_GGML_YARN);
    *attention = in_kernel ? ggml_attention(&r, exact) : (float)exact;
    return ROPELAW_OK;
}

static void deviation_of(const double *exact, const float *engine, size_t n, double *deviation,
                         size_t *pair) {
    double worst = 0;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        double x = exact[i] == 0 ? fabs((double)engine[i]) : fabs((double)engine[i] / exact[i] - 1);
        if (x > worst) {
            worst = x;
            at = i;
        }
    }
    *deviation = worst;
    if (pair) *pair = at;
}

ropelaw_status ropelaw_method_deviation(const ropelaw_method *method, const ropelaw_method_params *params,
                                        ropelaw_engine engine, double eval_len, double *deviation,
                                        size_t *pair, ropelaw_error *error) {
    size_t n;
    ropelaw_status s = ropelaw_method_pairs(method, params, &n, error);
    if (s) return s;
    if (!deviation) return core_fail(error, ROPELAW_INVALID, "deviation", "NULL", "", "deviation is NULL");
    double *exact = core_malloc(n, sizeof *exact);
    float *floats = core_malloc(n, sizeof *floats);
    if (exact && floats) {
        s = ropelaw_method_eval(method, params, eval_len, exact, NULL, error);
        if (!s) s = ropelaw_method_eval_engine(method, params, engine, eval_len, floats, error);
        if (!s) deviation_of(exact, floats, n, deviation, pair);
    } else {
        s = core_fail_memory(error, n, sizeof *exact);
    }
    core_free(floats);
    core_free(exact);
    return s;
}
