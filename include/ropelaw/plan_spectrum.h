/**
 * The rotary spectrum of a model under any RoPE method: what the law asks of frequencies, pair by pair.
 *
 * The closed form speaks about plain RoPE and changes of its base. Turns, phases seen, the count of pairs that came
 * round in training, and phase coverage need nothing but the frequencies of pre-training and those in use, and so
 * they are there for every method of the registry (method.h): YaRN, LongRoPE, per-pair divisors, p-RoPE.
 */
#ifndef ROPELAW_PLAN_SPECTRUM_H
#define ROPELAW_PLAN_SPECTRUM_H

#include <ropelaw/plan.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    ropelaw_setting setting; /* as understood; tune_base is what the method amounts to where is_method is 0 */
    int is_method;           /* 1: more than a change of base, the closed form is outside it */
    double attention_factor; /* of the method, on cos and sin [1] */
    double eval_len_tok;     /* longest sequence that the frequencies are for [token] */
    size_t n_pairs;
    double *pretrain_freq;              /* [n_pairs] rad per token; owned */
    double *freq;                       /* in use; owned with pretrain_freq */
    ropelaw_pair_arc *pairs;            /* [n_pairs] good_tok with phi 0; owned */
    size_t critical_dim;                /* twice the number of pairs that came round in training [1] */
    ropelaw_critical pretrain_critical; /* closed form, of pre-training with plain RoPE */
    ropelaw_coverage lo, hi;            /* coverage at phi 0 and 1 */
    uint32_t caveats; /* METHOD where the closed form is outside; OUTSIDE_THEORY; UNBOUNDED */
} ropelaw_plan_spectrum;

/**
 * The spectrum of a model under a plan.
 *
 * In       model; plan (NULL: as the model says). For bidirectional models every length counts twice in turns and
 *          phases, and distances are halved again.
 * Out      spectrum: free with ropelaw_plan_spectrum_clear
 * Returns  OK; INVALID naming what is not known of the model, or a parameter that the method lacks (LongRoPE without
 *          its factors); DOMAIN naming the argument; NOMEM.
 * Golden   LLaMA2 (d 128, 1e4, 4096), yarn factor 4 tuned on 16384: 92 critical dimensions, coverage 16383 and
 *          20383.
 */
ROPELAW_API ropelaw_status ropelaw_plan_spectrum_eval(const ropelaw_plan_model *model,
                                                      const ropelaw_plan *plan,
                                                      ropelaw_plan_spectrum *spectrum,
                                                      ropelaw_error *error) ROPELAW_MUST_USE;

/** Free what a spectrum holds and zero it. A zeroed spectrum is fine. */
ROPELAW_API void ropelaw_plan_spectrum_clear(ropelaw_plan_spectrum *spectrum);

#ifdef __cplusplus
}
#endif
#endif
