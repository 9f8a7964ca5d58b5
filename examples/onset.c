/* Where does a measured curve leave its plateau? A run of a shipped file, its break with the 95 % interval, and theory.
   The same from the shell: ropelaw fit data/curves/yarn_llama2_70b.csv */
#include <ropelaw/ropelaw.h>
#include <stdio.h>
#include <string.h>

static const ropelaw_run *find(const ropelaw_series *series, const char *name) {
    for (size_t i = 0; i < series->n_runs; i++)
        if (!strcmp(series->runs[i].name, name)) return &series->runs[i];
    return NULL;
}

static void show(const ropelaw_run *run, const ropelaw_run_fit *fit) {
    printf("%s: %zu lengths, %s\n", run->name, fit->n_lengths, ropelaw_fit_status_str(fit->status));
    printf("measured: rises by 10 %% between %.0f and %.0f tokens\n", fit->onset[0].bracket_lo_tok,
           fit->onset[0].bracket_hi_tok);
    printf("break %.0f, 95 %% interval %.0f to %.0f (%s)\n", fit->break_tok.est, fit->break_tok.lo,
           fit->break_tok.hi, fit->break_tok.method);
    printf("theory %.0f; the onset at +50 %% lies at %.2f times that\n", fit->theory.bound_tok,
           fit->theory.ratio);
    for (int i = 0; i < ROPELAW_CAVEAT_COUNT; i++)
        if ((fit->caveats | fit->theory.caveats) & 1u << i)
            printf("caveat: %s\n", ropelaw_caveat_str(1u << i));
}

int main(void) {
    ropelaw_error error = {0};
    ropelaw_series series;
    ropelaw_run_fit fit;
    if (ropelaw_series_read("data/curves/yarn_llama2_70b.csv", &series, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    const ropelaw_run *run = find(&series, "yarn-llama2_70b/Llama-2-70b-hf");
    int failed = !run || ropelaw_run_fit_eval(run, NULL, &fit, &error);
    if (failed)
        fprintf(stderr, "%s\n", run ? error.message : "no such run");
    else
        show(run, &fit);
    ropelaw_series_clear(&series);
    return failed;
}
