/* What a model holds, for the files of this folder. */
#ifndef ROPELAW_LM_MODEL_H
#define ROPELAW_LM_MODEL_H

#include "lm/net.h"
#include <ropelaw/lm.h>

struct ropelaw_lm {
    ropelaw_lm_config config;
    lm_shape shape;
    size_t n_params, step;
    double *inv_freq;              /* [head_dim / 2] */
    double factor;                 /* on cos and sin */
    float *params, *mean, *square; /* [n_params] each, one block: weights and Adam's two moments */
};

/* A model without weights yet. */
ropelaw_status lm_model_allocate(const ropelaw_lm_config *config, ropelaw_lm **model, ropelaw_error *error);

/* The rotation in use. */
lm_rotary lm_model_rotary(const ropelaw_lm *model);

/* Whether the bytes text[0..n) are all below the vocab; DOMAIN naming the offset. */
ropelaw_status lm_check_bytes(const ropelaw_lm *model, const char *text, size_t n, ropelaw_error *error);

/* Streams of the model's seed: initial weights take one, each phase's windows another. */
enum { LM_STREAM_INIT = 0, LM_STREAM_WINDOWS = 1 };

#endif
