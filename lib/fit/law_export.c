/* A model's law as the plain value that prediction needs, and the words for what became of runs. */
#include "core/core.h"
#include <ropelaw/law_fit.h>
#include <ropelaw/version.h>
#include <math.h>
#include <string.h>

static const struct {
    const char *name, *words;
} uses[] = {
    [ROPELAW_RUN_BROKEN] = {"BROKEN",      "used: broke within its lengths"                                                     },
    [ROPELAW_RUN_RIGHT] = {"RIGHT",       "used as a lower limit: did not break within its lengths"                            },
    [ROPELAW_RUN_LEFT] = {"LEFT",        "used as an upper limit: broken at its first length"                                 },
    [ROPELAW_RUN_FLAT] = {"FLAT",        "its curve does not say where it broke"                                              },
    [ROPELAW_RUN_BELOW_FLOOR] = {"BELOW_FLOOR", "left out: base below the critical base of its tuning"                               },
    [ROPELAW_RUN_NO_FACTS] =
        {"NO_FACTS",    "left out: rotary_dim, pretrain_base, train_len_tok or base is missing or impossible"},
    [ROPELAW_RUN_METHOD] = {"METHOD",      "left out: its RoPE method is not a change of base"                                  },
    [ROPELAW_RUN_KIND] = {"KIND",        "left out: accuracies do not share the shape of perplexity curves"                   },
    [ROPELAW_RUN_FEW_POINTS] = {"FEW_POINTS",
                            "left out: needs two lengths, a measured value and numbers throughout"                              },
    [ROPELAW_RUN_NO_LAW] = {"NO_LAW",      "its model has no law"                                                               },
};

const char *ropelaw_run_use_str(ropelaw_run_use use) {
    return (size_t)use < CORE_COUNT(uses) ? uses[use].name : "";
}

const char *ropelaw_run_use_words(ropelaw_run_use use) {
    return (size_t)use < CORE_COUNT(uses) ? uses[use].words : "";
}

/* As much as fits, never half a UTF-8 character. */
static void copy_name(char *to, size_t size, const char *from) {
    size_t n = strlen(from);
    if (n >= size)
        for (n = size - 1; n > 0 && ((unsigned char)from[n] & 0xC0) == 0x80;) n--;
    memcpy(to, from, n);
    to[n] = 0;
}

ropelaw_status ropelaw_law_model_export(const ropelaw_law_model *m, int unit, ropelaw_fitted_law *fitted,
                                        ropelaw_error *error) {
    const ropelaw_law_line *line = unit ? &m->unit : &m->free;
    if (m->reason || isnan(line->slope))
        return core_fail(error, ROPELAW_INVALID, "model", m->name, "", "there is no law to export: %s",
                         m->reason ? m->reason : "a free intercept needs two bases that broke");
    ropelaw_fitted_law f = {.rotary_dim = m->rotary_dim,
                            .pretrain_base = m->pretrain_base,
                            .train_len_tok = m->train_len_tok,
                            .critical_dim = m->critical_dim};
    copy_name(f.model, sizeof f.model, m->name);
    copy_name(f.writer, sizeof f.writer, ropelaw_version());
    f.intercept = line->intercept, f.slope = line->slope, f.tau = line->tau;
    memcpy(f.covariance, line->covariance, sizeof f.covariance);
    f.df = line->df;
    f.inflation = line->df >= 1 ? (line->df + (unit ? 1 : 2)) / line->df : NAN;
    f.base_min = m->base_min, f.base_max = m->base_max;
    f.n_runs = m->n_runs, f.n_censored = m->n_censored;
    f.caveats = m->caveats | line->caveats;
    ropelaw_status s = ropelaw_fitted_law_check(&f, error);
    if (!s) *fitted = f;
    return s;
}
