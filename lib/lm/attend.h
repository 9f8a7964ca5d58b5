/* The attention problem of one window: plain causal attention on a fused [tok][q k v][head][dim] array,
   rotated on the whole head. */
#ifndef ROPELAW_LM_ATTEND_H
#define ROPELAW_LM_ATTEND_H

#include "lm/net.h"
#include <ropelaw/attention.h>

void lm_attention_problem(const lm_shape *shape, size_t n_tok, const lm_rotary *rotary,
                          ropelaw_attention_problem *problem);

#endif
