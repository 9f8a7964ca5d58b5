/* One model while its law is fitted. */
#ifndef ROPELAW_FIT_LAW_GROUP_H
#define ROPELAW_FIT_LAW_GROUP_H

#include "fit/law_data.h"

typedef struct {
    fit_law_data data;
    size_t *run; /* index of each used run */
    fit_curve *curves;
    bool known;
} fit_group;

ropelaw_status fit_law_options_check(const ropelaw_law_options *options, ropelaw_error *error);

/* A law with room for as many models as runs; every run is NO_FACTS until someone looks. */
ropelaw_status fit_law_create(size_t n_runs, double level, ropelaw_law **law, ropelaw_error *error);

/* The model's name, facts and theory from the setting of one of its runs. */
ropelaw_status fit_law_model_name(ropelaw_law_model *model, const char *name, const ropelaw_setting *setting,
                                  ropelaw_error *error);

/* Clear in any case. */
ropelaw_status fit_group_create(size_t room, fit_group *group, ropelaw_error *error);
void fit_group_clear(fit_group *group);

/* One more run of the model; its curve or its term is the caller's to put. */
void fit_group_admit(fit_group *group, const ropelaw_setting *setting, size_t run, ropelaw_law_model *model);

/* The shared shape and from it each run's term; model->reason where there is none. */
ropelaw_status fit_group_curves(fit_group *group, const ropelaw_law_options *options, const fit_watch *watch,
                                ropelaw_law_model *model, ropelaw_error *error);

/* The law from the terms, and what it says of each run. */
ropelaw_status fit_group_finish(fit_group *group, const ropelaw_law_options *options,
                                ropelaw_law_model *model, ropelaw_law_run *runs, ropelaw_error *error);

#endif
