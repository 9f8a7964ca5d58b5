/* What a reader of the runs must be told, once each, with the runs that it is about. */
#include "fit_runs.h"
#include <stdlib.h>
#include <string.h>

uint32_t fit_run_caveats(const ropelaw_run_fit *f) {
    uint32_t bits = f->caveats | f->theory.caveats | f->break_tok.caveats;
    for (size_t k = 0; k < f->n_onsets; k++) bits |= f->onset[k].length_tok.caveats;
    return bits;
}

/* One caveat with the names of its runs: all, or the first three and how many more. */
static void tell(cli_context *c, const ropelaw_series *series, const char *words, const bool *concerned) {
    enum { NAMES = 3 };
    size_t n = 0, shown = 0, used;
    char text[1024];
    for (size_t i = 0; i < series->n_runs; i++) n += concerned[i];
    if (!n) return;
    used = (size_t)snprintf(text, sizeof text, "%s", words);
    if (n == series->n_runs)
        snprintf(text + used, sizeof text - used, " (%s)", n == 1 ? series->runs[0].name : "all runs");
    for (size_t i = 0; n < series->n_runs && i < series->n_runs && shown < NAMES && used < sizeof text; i++)
        if (concerned[i])
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", shown++ ? ", " : " (",
                                     series->runs[i].name);
    if (n < series->n_runs && n > shown && used < sizeof text)
        snprintf(text + used, sizeof text - used, " and %s more)", cli_num((double)(n - shown), 0));
    else if (n < series->n_runs && used < sizeof text)
        snprintf(text + used, sizeof text - used, ")");
    cli_caveat(c, text);
}

int fit_runs_tell(cli_context *c, const ropelaw_series *series, const ropelaw_run_fit *fits) {
    bool *concerned = calloc(series->n_runs + 1, sizeof *concerned);
    if (!concerned)
        return cli_fail(c, &(ropelaw_error){.code = ROPELAW_NOMEM, .message = "no memory for caveats"});
    for (int bit = 0; bit < ROPELAW_CAVEAT_COUNT; bit++) {
        for (size_t i = 0; i < series->n_runs; i++) concerned[i] = fit_run_caveats(&fits[i]) & 1u << bit;
        tell(c, series, ropelaw_caveat_str(1u << bit), concerned);
    }
    for (size_t i = 0; i < series->n_runs; i++) concerned[i] = fits[i].diagnostics.too_narrow;
    tell(c, series, "the break's interval is shorter than the number of points can explain: do not trust it",
         concerned);
    for (size_t i = 0; i < series->n_runs; i++) concerned[i] = fits[i].documents.misfit_p < 0.01;
    tell(c, series, "the curve misses its points by more than its documents differ", concerned);
    for (size_t i = 0; i < series->n_runs; i++) { /* reasons for a missing theory, each once */
        const char *reason = fits[i].theory.reason;
        size_t first = 0;
        while (first < i && strcmp(fits[first].theory.reason, reason)) first++;
        if (!*reason || first < i || fits[i].theory.caveats & ROPELAW_CAVEAT_METHOD) continue;
        char words[160];
        snprintf(words, sizeof words, "no theory beside the measurement: %s", reason);
        for (size_t k = 0; k < series->n_runs; k++) concerned[k] = !strcmp(fits[k].theory.reason, reason);
        tell(c, series, words, concerned);
    }
    free(concerned);
    return CLI_OK;
}
