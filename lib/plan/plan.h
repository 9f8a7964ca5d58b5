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

#endif
