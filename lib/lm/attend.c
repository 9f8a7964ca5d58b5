#include "lm/attend.h"

void lm_attention_problem(const lm_shape *shape, size_t n_tok, const lm_rotary *rotary,
                          ropelaw_attention_problem *problem) {
    size_t n_heads = shape->width / shape->head_dim;
    ropelaw_attention_problem_init(problem, n_tok, n_heads, n_heads, shape->head_dim);
    problem->rotary_dim = shape->head_dim;
    problem->inv_freq = rotary->inv_freq;
    problem->attention_factor = rotary->factor;
    problem->q = problem->k = problem->v = (ropelaw_attention_stride){3 * shape->width, shape->head_dim};
    problem->out = (ropelaw_attention_stride){shape->width, shape->head_dim};
}
