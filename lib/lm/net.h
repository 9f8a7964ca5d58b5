/* The network: where the tensors lie, and forward and backward passes in float and in double (net.inc is
   compiled twice). Weights are one array; matrices are [out][in], so that y = x W^T. */
#ifndef ROPELAW_LM_NET_H
#define ROPELAW_LM_NET_H

#include <ropelaw/status.h>
#include <stdbool.h>

typedef struct {
    size_t n_layers, width, head_dim, vocab;
} lm_shape;

/* Feed-forward width over width. */
enum { LM_EXPANSION = 4 };

/* One tensor of the weights. */
typedef struct {
    const char *name;
    size_t layer; /* SIZE_MAX outside the layers */
    size_t rows, cols, offset;
    double init; /* standard deviation of the initial weights; 0: they are ones */
    bool decay;  /* weight decay applies */
} lm_tensor;

enum { LM_LAYER_TENSORS = 6, LM_OTHER_TENSORS = 3 };
size_t lm_n_tensors(const lm_shape *shape);
lm_tensor lm_tensor_at(const lm_shape *shape, size_t i);
size_t lm_n_params(const lm_shape *shape);

/* Rotation in use: frequencies [head_dim / 2] and the factor on cos and sin. */
typedef struct {
    const double *inv_freq;
    double factor;
} lm_rotary;

/* A batch of windows; window s has n_tok + 1 bytes: inputs and, one further, targets. */
typedef struct {
    size_t n_windows, n_tok;
    const char *const *windows;
} lm_batch;

/* What a pass works in: made for batches up to a size, used by one thread at a time. */
typedef struct lm_work_f32 lm_work_f32;
typedef struct lm_work_f64 lm_work_f64;

/* gradient: false makes a smaller area that only serves forward. */
ropelaw_status lm_work_create_f32(const lm_shape *shape, size_t n_windows, size_t n_tok, bool gradient,
                                  lm_work_f32 **work, ropelaw_error *error);
void lm_work_destroy_f32(lm_work_f32 **work);

/* Loss of every token, loss_nats [n_windows][n_tok]. */
ropelaw_status lm_forward_f32(lm_work_f32 *work, const float *params, const lm_rotary *rotary,
                              const lm_batch *batch, double *loss_nats, ropelaw_error *error);

/* After forward on the same batch: gradient [n_params] of scale * (sum of the losses), overwritten. */
ropelaw_status lm_backward_f32(lm_work_f32 *work, const float *params, const lm_rotary *rotary,
                               const lm_batch *batch, double scale, float *gradient, ropelaw_error *error);

ropelaw_status lm_work_create_f64(const lm_shape *shape, size_t n_windows, size_t n_tok, bool gradient,
                                  lm_work_f64 **work, ropelaw_error *error);
void lm_work_destroy_f64(lm_work_f64 **work);
ropelaw_status lm_forward_f64(lm_work_f64 *work, const double *params, const lm_rotary *rotary,
                              const lm_batch *batch, double *loss_nats, ropelaw_error *error);
ropelaw_status lm_backward_f64(lm_work_f64 *work, const double *params, const lm_rotary *rotary,
                               const lm_batch *batch, double scale, double *gradient, ropelaw_error *error);

#endif
