/* Links against ropelaw-core and libm alone: the proof that core, rope and law need nothing else. It asks each of them
   something, so that their objects are really in the program. */
#include <ropelaw/coverage.h>
#include <ropelaw/law.h>
#include <ropelaw/long_range.h>
#include <ropelaw/method.h>
#include <ropelaw/predictor.h>
#include <ropelaw/sweep.h>
#include <ropelaw/version.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static int law_answers(void) {
    ropelaw_setting x = {128, 1e4, 4096, 1e6, 16384};
    ropelaw_bound b;
    ropelaw_coverage c;
    ropelaw_predictor_input input = ropelaw_predictor_input_default;
    ropelaw_prediction p;
    input.setting = x;
    return !ropelaw_bound_eval(&x, &b, NULL) && fabs(b.bound_tok - 129026.78) < 0.01 &&
           !ropelaw_coverage_base_eval(&x, 0, &c, NULL) && c.bound_tok == 112139 &&
           !ropelaw_predictor_eval(ropelaw_predictor_find("closed_form"), &input, &p, NULL) &&
           p.value == b.bound_tok;
}

static int arrays_answer(void) {
    const double base[] = {1e4}, train[] = {4096};
    const size_t dim[] = {128};
    double bound;
    ropelaw_sweep sweep = {1, base, train, dim, NULL, NULL};
    ropelaw_sweep_out out = {.bound_tok = &bound};
    ropelaw_long_range_query query = {1024, 128, 1e12, NULL};
    ropelaw_long_range_base found;
    return !ropelaw_sweep_eval(&sweep, ROPELAW_ISA_AVX512, &out, NULL) && bound == 4096 &&
           !ropelaw_long_range_base_find(&query, &found, NULL) && fabs(found.base - 4293.44) < 0.01 &&
           ropelaw_method_find("yarn") != NULL;
}

int main(void) {
    const struct {
        const char *name;
        int ok;
    } tests[] = {
        {"ropelaw-core stands alone", strcmp(ropelaw_version(), ROPELAW_VERSION_STRING) == 0},
        {"the law answers without GSL",                           law_answers()                      },
        {"sweeps and searches answer without GSL",                           arrays_answer()}
    };
    int failed = 0, n = (int)(sizeof tests / sizeof *tests);
    printf("1..%d\n", n);
    for (int i = 0; i < n; i++) {
        printf("%s %d - %s\n", tests[i].ok ? "ok" : "not ok", i + 1, tests[i].name);
        failed += !tests[i].ok;
    }
    return failed > 0;
}
