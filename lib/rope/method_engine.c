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

static float ggml_mix(const float *corr, size_t n) {
    float y = ((float)n - corr[0]) / fmaxf(0.001f, corr[1] - corr[0]);
    return 1 - fminf(1, fmaxf(0, y));
}

/* theta is the extrapolated angle; as rope_yarn() with ext_factor = 1. */
static float ggml_yarn(float theta, float scale, float mix) {
    return scale * theta * (1 - mix) + theta * mix;
}

static int ggml_is_native(const rope_method *method, const rope_request *r, rope_ggml kind) {
    if (method->ggml != kind || r->params->resonance) return 0;
    return kind != ROPE_GGML_YARN || r->params->ramp == ROPELAW_RAMP_INDEX;
}

void rope_ggml_path_fill(const rope_method *method, const rope_request *r, const double *exact,
                         rope_ggml_path *path) {
    int by_base = ggml_is_native(method, r, ROPE_GGML_BASE);
    path->linear = ggml_is_native(method, r, ROPE_GGML_LINEAR);
    path->yarn = ggml_is_native(method, r, ROPE_GGML_YARN);
    int divisors = !by_base && !path->linear && !path->yarn;
    path->base = divisors ? r->params->base : r->base;
    float base = (float)path->base;
    path->scale = 1.0f / (float)r->factor;
    path->step = powf(base, -2.0f / (float)r->denominator);
    path->corr[0] = fmaxf(0, floorf(ggml_corr_dim(r, (float)r->params->beta_fast, base)));
    path->corr[1] =
        fminf((float)r->denominator - 1, ceilf(ggml_corr_dim(r, (float)r->params->beta_slow, base)));
    /* a pair that does not rotate has the divisor infinity, and theta / inf is 0 */
    for (size_t n = 0; n < r->n_pairs; n++)
        path->divisor[n] =
            divisors ? (float)(rope_plain_freq(r->params->base, r->denominator, n) / exact[n]) : 1.0f;
}

float rope_ggml_angle(const rope_ggml_path *path, float theta, size_t n) {
    if (path->linear) return path->scale * theta;
    if (path->yarn) return ggml_yarn(theta, path->scale, ggml_mix(path->corr, n));
    return theta / path->divisor[n];
}

double rope_ggml_gain(const rope_ggml_path *path, size_t n, int *roundings) {
    double mix = (double)ggml_mix(path->corr, n), scale = (double)path->scale,
           divisor = (double)path->divisor[n];
    *roundings = path->linear || (!path->yarn && divisor != 1) || (path->yarn && mix == 0);
    if (path->linear) return scale;
    if (!path->yarn) return 1 / divisor;
    if (mix > 0 && mix < 1) *roundings = 5; /* 1 - mix, three products, a sum */
    return scale * (1 - mix) + mix;
}

static void ggml_eval(const rope_method *method, const rope_request *r, const double *exact, float *scratch,
                      float *inv_freq) {
    rope_ggml_path path = {.divisor = scratch};
    float theta = 1;
    rope_ggml_path_fill(method, r, exact, &path);
    for (size_t n = 0; n < r->n_pairs; n++, theta *= path.step)
        inv_freq[n] = rope_ggml_angle(&path, theta, n);
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
            ggml_eval(method, r, exact, scratch, inv_freq);
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
    if ((s = rope_request_fill(rope_method_entry(method), params, eval_len, &r, error))) return s;
    return eval(rope_method_entry(method), &r, engine, inv_freq, error);
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
    const rope_method *entry = rope_method_entry(method);
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
