/* The table of tensors: embedding; per layer norm1, qkv, proj, norm2, up, down; final norm; output. */
#include "lm/net.h"
#include <math.h>

size_t lm_n_tensors(const lm_shape *s) {
    return LM_OTHER_TENSORS + LM_LAYER_TENSORS * s->n_layers;
}

static size_t layer_params(const lm_shape *s) {
    return 2 * s->width + (3 + 1 + 2 * LM_EXPANSION) * s->width * s->width;
}

size_t lm_n_params(const lm_shape *s) {
    return 2 * s->vocab * s->width + s->n_layers * layer_params(s) + s->width;
}

static lm_tensor layer_tensor(const lm_shape *s, size_t layer, size_t part) {
    size_t d = s->width, ff = LM_EXPANSION * d;
    double plain = 1 / sqrt((double)d), back = 1 / sqrt(2 * (double)s->n_layers);
    const lm_tensor parts[LM_LAYER_TENSORS] = {
        {"norm1", layer, 1,     d,  0, 0,                       false},
        {"qkv",   layer, 3 * d, d,  0, plain,                   true },
        {"proj",  layer, d,     d,  0, plain * back,            true },
        {"norm2", layer, 1,     d,  0, 0,                       false},
        {"up",    layer, ff,    d,  0, plain,                   true },
        {"down",  layer, d,     ff, 0, back / sqrt((double)ff), true },
    };
    size_t offset = s->vocab * d + layer * layer_params(s);
    for (size_t i = 0; i < part; i++) offset += parts[i].rows * parts[i].cols;
    lm_tensor t = parts[part];
    t.offset = offset;
    return t;
}

lm_tensor lm_tensor_at(const lm_shape *s, size_t i) {
    size_t d = s->width, inside = LM_LAYER_TENSORS * s->n_layers;
    if (i == 0) return (lm_tensor){"embedding", SIZE_MAX, s->vocab, d, 0, 0.5, true};
    if (i <= inside) return layer_tensor(s, (i - 1) / LM_LAYER_TENSORS, (i - 1) % LM_LAYER_TENSORS);
    size_t offset = s->vocab * d + s->n_layers * layer_params(s);
    if (i == inside + 1) return (lm_tensor){"norm", SIZE_MAX, 1, d, offset, 0, false};
    return (lm_tensor){"output", SIZE_MAX, s->vocab, d, offset + d, 0.02, true};
}
