#include "rope/method_entry.h"

static void fill(const ropelaw_method_params *p, double denominator, size_t n, double inv_freq,
                 ropelaw_method_pair *pair) {
    pair->inv_freq = inv_freq;
    pair->period_tok = inv_freq > 0 ? ROPE_TWO_PI / inv_freq : INFINITY;
    pair->turns = p->train_len > 0 ? p->train_len * inv_freq / ROPE_TWO_PI : NAN;
    pair->ratio = inv_freq / rope_plain_freq(p->base, denominator, n);
}

static ropelaw_status eval(const ropelaw_method *method, const ropelaw_method_params *p, double len,
                           size_t n_pairs, void *memory, ropelaw_method_pair *pairs,
                           ropelaw_method_facts *facts, ropelaw_error *error) {
    double *exact = memory;
    float *hf = (float *)(exact + n_pairs), *ggml = hf + n_pairs;
    ropelaw_method_facts own;
    ropelaw_status s = ropelaw_method_eval(method, p, len, exact, &own, error);
    if (!s) s = ropelaw_method_eval_engine(method, p, ROPELAW_ENGINE_HF, len, hf, error);
    if (!s) s = ropelaw_method_eval_engine(method, p, ROPELAW_ENGINE_GGML, len, ggml, error);
    for (size_t n = 0; !s && n < n_pairs; n++) {
        fill(p, 2 * (double)n_pairs, n, exact[n], &pairs[n]);
        pairs[n].hf = hf[n];
        pairs[n].ggml = ggml[n];
    }
    if (!s && facts) *facts = own;
    return s;
}

ropelaw_status ropelaw_method_eval_pairs(const ropelaw_method *method, const ropelaw_method_params *params,
                                         double eval_len, ropelaw_method_pair *pairs,
                                         ropelaw_method_facts *facts, ropelaw_error *error) {
    size_t n;
    ropelaw_status s = ropelaw_method_pairs(method, params, &n, error);
    if (s) return s;
    if (!pairs) return core_fail(error, ROPELAW_INVALID, "pairs", "NULL", "", "pairs is NULL");
    void *memory = core_malloc(n, sizeof(double) + 2 * sizeof(float));
    if (!memory) return core_fail_memory(error, n, sizeof(double) + 2 * sizeof(float));
    s = eval(method, params, eval_len, n, memory, pairs, facts, error);
    core_free(memory);
    return s;
}
