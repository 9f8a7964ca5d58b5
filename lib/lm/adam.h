/* Gradient clipping and AdamW. */
#ifndef ROPELAW_LM_ADAM_H
#define ROPELAW_LM_ADAM_H

#include <ropelaw/lm.h>

/* Learning rate of step 1 .. n_steps: linear warm-up, then a cosine from lr to lr * lr_end. */
double lm_learning_rate(const ropelaw_lm_train_options *options, size_t step);

/* params -= lr * (corrected mean / (sqrt(corrected square) + eps) + decay * params); step counts from 1. */
typedef struct {
    double lr, decay, beta1, beta2, eps;
    size_t step;
    float gradient_scale; /* multiplies the gradient first: clipping */
} lm_adam_step;
void lm_adam(const lm_adam_step *s, size_t n, const float *gradient, float *params, float *mean,
             float *square);

/* Sum of squares in double, over fixed lanes. */
double lm_sum_of_squares(size_t n, const float *x);

#endif
