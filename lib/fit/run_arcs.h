/* The rotary frequencies of a run, in pre-training and in use, where its facts fix them. */
#ifndef ROPELAW_FIT_RUN_ARCS_H
#define ROPELAW_FIT_RUN_ARCS_H

#include "core/core.h"
#include <ropelaw/coverage.h>
#include <ropelaw/series.h>

enum { FIT_ARCS_DIM_MOST = 1024 };

typedef struct {
    ropelaw_arcs arcs; /* points into this struct */
    double pretrain[FIT_ARCS_DIM_MOST / 2], tune[FIT_ARCS_DIM_MOST / 2];
} fit_arcs;

/* "", "default" and "ntk" change nothing but the base. */
bool fit_method_is_plain(const char *method);

/* False if the facts do not fix the frequencies. A change of base was tuned on tune_len, or on train_len if that is
   longer or tune_len not given; a method without tune_len was never tuned. */
bool fit_run_arcs(const ropelaw_run *run, fit_arcs *arcs);

#endif
