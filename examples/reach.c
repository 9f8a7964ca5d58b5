/* How far does LLaMA2 reach when it is tuned on 16384 tokens with base 1e6?
   The same from the shell: ropelaw predict --rotary-dim 128 --base 1e4 --train-len 4096 --tune-len 16k --tune-base 1e6 */
#include <ropelaw/ropelaw.h>
#include <stdio.h>

int main(void) {
    ropelaw_setting llama2 = {.rotary_dim = 128,
                              .pretrain_base = 1e4,
                              .train_len_tok = 4096,
                              .tune_base = 1e6,
                              .tune_len_tok = 16384};
    ropelaw_error error = {0};
    ropelaw_bound bound;
    ropelaw_coverage lo, hi;
    if (ropelaw_bound_eval(&llama2, &bound, &error) || ropelaw_coverage_base_eval(&llama2, 0, &lo, &error) ||
        ropelaw_coverage_base_eval(&llama2, 1, &hi, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    printf("critical dimension %zu of 128, critical base %.1f, regime %s\n", bound.critical.dim, bound.critical_base,
           ropelaw_regime_str(bound.regime));
    printf("closed form %.0f tokens; phase coverage %.0f to %.0f\n", bound.bound_tok, lo.bound_tok, hi.bound_tok);
    for (int i = 0; i < ROPELAW_CAVEAT_COUNT; i++)
        if (bound.caveats & 1u << i) printf("caveat: %s\n", ropelaw_caveat_str(1u << i));
    return 0;
}
