/* The law is stated for a change of base; phase coverage takes the frequencies of any method. */
#include <ropelaw/ropelaw.h>
#include <stdio.h>

enum { PAIRS = 64 };

static ropelaw_status span(const char *name, ropelaw_error *error) {
    ropelaw_method_params params = ropelaw_method_params_default;
    params.base = 1e4, params.rotary_dim = 2 * PAIRS, params.train_len = 4096, params.factor = 4;
    double plain[PAIRS], scaled[PAIRS];
    ropelaw_status status = ropelaw_method_eval(ropelaw_method_find("default"), &params, 0, plain, NULL, error);
    if (!status) status = ropelaw_method_eval(ropelaw_method_find(name), &params, 16384, scaled, NULL, error);
    ropelaw_arcs arcs = {PAIRS, plain, scaled, 4096, 4096};
    ropelaw_coverage lo, hi;
    if (!status) status = ropelaw_coverage_eval(&arcs, 0, &lo, error);
    if (!status) status = ropelaw_coverage_eval(&arcs, 1, &hi, error);
    if (status) return status;
    printf("%-8s %6.0f to %6.0f tokens, pair %zu decides\n", name, lo.bound_tok, hi.bound_tok, lo.pair);
    return ROPELAW_OK;
}

int main(void) {
    static const char *const methods[] = {"default", "linear", "ntk", "yarn", "dynamic"};
    ropelaw_error error = {0};
    puts("LLaMA2 as pre-trained on 4096 tokens, scaling factor 4, phase coverage for phi 0 to 1 rad:");
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (span(methods[i], &error)) {
            fprintf(stderr, "%s: %s\n", methods[i], error.message);
            return 1;
        }
    return 0;
}
