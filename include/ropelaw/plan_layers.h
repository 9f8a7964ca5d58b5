/**
 * A model file and its layers: where the law applies, and what ends the context elsewhere.
 *
 * Models mix layers: full attention with rotary positions, sliding windows with a base of their own, layers
 * without positions, linear attention. The law speaks about full-attention layers that rotate. A window keeps
 * every distance below its width, so that its rotary positions are safe at any context once the width is; layers
 * without rotation know no distance at all. Each kind of layer gets its own answer.
 */
#ifndef ROPELAW_PLAN_LAYERS_H
#define ROPELAW_PLAN_LAYERS_H

#include <ropelaw/model.h>
#include <ropelaw/plan.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What decides how far a kind of layers reaches. */
typedef enum {
    ROPELAW_REACH_UNKNOWN = 0,  /* a value is missing or out of range: `reason` names it */
    ROPELAW_REACH_LAW,          /* full attention that rotates */
    ROPELAW_REACH_WINDOW,       /* the window keeps distances within what was trained: any context */
    ROPELAW_REACH_WINDOW_WIDER, /* the window is wider than what its positions cover: as full attention */
    ROPELAW_REACH_NO_POSITION,  /* attention without rotary positions */
    ROPELAW_REACH_NO_ATTENTION  /* linear attention, state space, convolution */
} ropelaw_reach;

/** "unknown", "law", "window", "window_wider", "no_position", "no_attention". Threads: pure. */
ROPELAW_API const char *ropelaw_reach_str(ropelaw_reach reach);

typedef struct {
    const ropelaw_layer_kind *kind; /* of the model that was asked about */
    ropelaw_reach reach;
    char reason[320]; /* one sentence, for people */
    double
        bound_tok; /* LAW, WINDOW_WIDER: closed form, strict coverage for a method outside it; NAN: none, UNBOUNDED */
    ropelaw_plan_model
        used;       /* what was asked about: the kind as a model, or the caller's; its params are not kept */
    int has_result; /* 1: `result` and `used` are filled */
    ropelaw_plan_result
        result; /* everything that predict says of a model with these rotary positions alone */
    uint32_t caveats;
} ropelaw_plan_layer;

#define ROPELAW_PLAN_LAYERS_MAX 16

typedef struct {
    size_t n;
    ropelaw_plan_layer layers[ROPELAW_PLAN_LAYERS_MAX];
    size_t deciding;  /* the layer kind with the smallest bound under the law; n if there is none */
    double bound_tok; /* its bound; NAN */
    uint32_t
        caveats; /* of the model and of the deciding kind; WINDOW if windows end the context for some layers */
} ropelaw_plan_layers;

/**
 * One kind of layers as a model of its own.
 *
 * pretrain_base is the base of the file (files do not say what pre-training used); train_len is the length before
 * scaling. MLA and partial rotary come through the kind's rotary_dim.
 * Out      plan_model (strings and arrays stay the model's); params: of its method, plan_model->params points to it
 * Returns  caveats: DEFAULTED if the model has inferred values. Threads: pure.
 */
ROPELAW_API uint32_t ropelaw_layer_kind_to_plan_model(const ropelaw_model *model,
                                                      const ropelaw_layer_kind *kind,
                                                      ropelaw_plan_model *plan_model,
                                                      ropelaw_method_params *params);

/**
 * Parameters of a kind's RoPE method for ropelaw_method_eval.
 *
 * Returns  OK; INVALID naming rotary_dim or base if it is not known; UNSUPPORTED for an unknown method.
 */
ROPELAW_API ropelaw_status ropelaw_layer_kind_method(const ropelaw_model *model,
                                                     const ropelaw_layer_kind *kind,
                                                     const ropelaw_method **method,
                                                     ropelaw_method_params *params,
                                                     ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Predict for every kind of layers.
 *
 * In       main: what to use instead of the file for the kind that the law speaks about (ropelaw_model_kind), as when a
 *          user overrides values; its train_len counts for every kind. NULL: as the file says
 *          model with has_rope; plan (NULL: as the file says; tune_base changes full-attention layers only, the base
 *          of windows stays); options as ropelaw_plan_predict, whose freqs are not read
 * Out      layers; pointers into the model
 * Returns  OK; UNSUPPORTED for a model without rotary positions, saying which kind it seems to be; INVALID for a NULL.
 *          A layer kind that cannot be predicted is UNKNOWN with its reason, not a failure.
 */
ROPELAW_API ropelaw_status ropelaw_plan_layers_predict(
    const ropelaw_model *model, const ropelaw_plan_model *main, const ropelaw_plan *plan,
    const ropelaw_plan_options *options, ropelaw_plan_layers *layers, ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
