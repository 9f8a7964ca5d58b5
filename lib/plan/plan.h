/* Internal to plan: from a model and a plan to the setting that the law reads. */
#ifndef ROPELAW_PLAN_PLAN_H
#define ROPELAW_PLAN_PLAN_H

#include "core/core.h"
#include <ropelaw/plan.h>

/* Missing facts named, counts checked; plan may be NULL. *caveats collects how the question was understood. */
ropelaw_status plan_setting(const ropelaw_plan_model *model, const ropelaw_plan *plan,
                            ropelaw_setting *setting, ropelaw_error *error);

/* The law over context lengths: doubles the lengths of a bidirectional model and halves the answers. */
ropelaw_setting plan_doubled(const ropelaw_setting *setting, int bidirectional);
ropelaw_status plan_law(const ropelaw_setting *setting, int bidirectional, ropelaw_bound *bound,
                        ropelaw_error *error);
void plan_halve(ropelaw_coverage *coverage, int bidirectional);

/* Frequencies of the model's method, pre-training first: freq [2 * n_pairs]; n_pairs 0 for plain RoPE. base: of the
   plain RoPE that the method amounts to, NAN where it is more than a change of base. len: longest sequence that they
   are for; attention: factor on cos and sin. */
typedef struct {
    size_t n_pairs;
    double *freq;
    double base, len, attention;
} plan_freqs;
ropelaw_status plan_freqs_eval(const ropelaw_plan_model *model, const ropelaw_setting *setting, plan_freqs *freqs,
                               ropelaw_error *error);
void plan_freqs_clear(plan_freqs *freqs);

#endif
