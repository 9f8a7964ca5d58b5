#include "lm/adam.h"
#include <math.h>

double lm_learning_rate(const ropelaw_lm_train_options *o, size_t step) {
    if (step <= o->n_warmup) return o->lr * (double)step / (double)o->n_warmup;
    double done = (double)(step - o->n_warmup) / (double)(o->n_steps - o->n_warmup);
    return o->lr * (o->lr_end + (1 - o->lr_end) * 0.5 * (1 + cos(M_PI * done)));
}

double lm_sum_of_squares(size_t n, const float *x) {
    enum { LANES = 8 };
    double lane[LANES] = {0}, tail = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++) lane[j] += (double)x[i + j] * (double)x[i + j];
    for (; i < n; i++) tail += (double)x[i] * (double)x[i];
    for (size_t j = 0; j < LANES; j++) tail += lane[j];
    return tail;
}

void lm_adam(const lm_adam_step *s, size_t n, const float *gradient, float *params, float *mean,
             float *square) {
    float b1 = (float)s->beta1, b2 = (float)s->beta2, c1 = (float)(1 - s->beta1), c2 = (float)(1 - s->beta2);
    float correct1 = (float)(s->lr / (1 - pow(s->beta1, (double)s->step)));
    float correct2 = (float)(1 / sqrt(1 - pow(s->beta2, (double)s->step)));
    float eps = (float)s->eps, keep = (float)(1 - s->lr * s->decay);
    for (size_t i = 0; i < n; i++) {
        float g = gradient[i] * s->gradient_scale;
        mean[i] = b1 * mean[i] + c1 * g;
        square[i] = b2 * square[i] + c2 * g * g;
        params[i] = keep * params[i] - correct1 * mean[i] / (sqrtf(square[i]) * correct2 + eps);
    }
}
