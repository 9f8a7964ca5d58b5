/* Which base for which context? One sweep over lengths; both "bases for a length" side by side. */
#include <ropelaw/ropelaw.h>
#include <stdio.h>

int main(void) {
    ropelaw_error error = {0};
    ropelaw_setting llama3 = {.rotary_dim = 128, .pretrain_base = 5e5, .train_len_tok = 8192};
    puts("context   critical base   base whose bound it is");
    for (double context = 16384; context <= 1048576; context *= 4) {
        double critical, for_bound;
        if (ropelaw_critical_base_eval(llama3.pretrain_base, llama3.train_len_tok, context, &critical, &error) ||
            ropelaw_bound_base_eval(&llama3, context, &for_bound, &error)) {
            fprintf(stderr, "%s\n", error.message);
            return 1;
        }
        printf("%7.0f   %13.0f   %13.0f\n", context, critical, for_bound);
    }
    puts("Tune on the whole context and take at least the critical base, or tune shorter and take the other.");
    return 0;
}
