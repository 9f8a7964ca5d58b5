/* The float layers, compiled once for each instruction set. All give the same bytes: sums run over fixed lanes and
   products are not fused. */
#ifndef ROPELAW_LM_LAYERS_F32_H
#define ROPELAW_LM_LAYERS_F32_H

#include "lm/net.h"

typedef struct {
    void (*norm_forward)(size_t n_rows, size_t d, const float *x, const float *gain, float *inverse,
                         float *y);
    void (*norm_backward)(size_t n_rows, size_t d, const float *x, const float *gain, const float *inverse,
                          const float *dy, float *dx, float *dgain, float *scratch);
    void (*relu2_forward)(size_t n, const float *x, float *y);
    void (*relu2_backward)(size_t n, const float *x, float *dy);
    void (*loss_forward)(size_t vocab, const lm_batch *batch, float *logits, double *loss_nats);
    void (*loss_backward)(size_t vocab, const lm_batch *batch, float scale, float *probabilities);
    void (*embed_forward)(size_t d, const lm_batch *batch, const float *embedding, float *x);
    void (*embed_backward)(size_t d, const lm_batch *batch, const float *dx, float *dembedding);
} lm_layers_f32;

extern const lm_layers_f32 lm_layers_f32_portable, lm_layers_f32_avx2, lm_layers_f32_avx512;

/* The newest that this build and processor allow. */
const lm_layers_f32 *lm_layers_f32_best(void);

#endif
