#include "core/core.h"
#include "lm/model.h"
#include <ropelaw/random.h>
#include <math.h>
#include <string.h>

const ropelaw_lm_config ropelaw_lm_config_default = {
    .n_layers = 2, .width = 64, .head_dim = 32, .vocab = 128, .train_len = 128, .base = 500, .seed = 1};

/* Widths and lengths stay far below the int sizes of BLAS and below sizes whose products could overflow. */
enum { MOST_LAYERS = 64, MOST_WIDTH = 1 << 14, LEAST_TOK = 8, MOST_TOK = 1 << 20 };

static ropelaw_status check_config(const ropelaw_lm_config *c, ropelaw_error *error) {
    if (c->n_layers < 1 || c->n_layers > MOST_LAYERS)
        return core_fail_number(error, ROPELAW_DOMAIN, "n_layers", (double)c->n_layers, "1 .. 64");
    if (c->head_dim < 2 || c->head_dim % 2)
        return core_fail_number(error, ROPELAW_DOMAIN, "head_dim", (double)c->head_dim,
                                "an even number >= 2");
    if (c->width < 2 || c->width > MOST_WIDTH)
        return core_fail_number(error, ROPELAW_DOMAIN, "width", (double)c->width, "2 .. 16384");
    if (c->width % c->head_dim)
        return core_fail(error, ROPELAW_SHAPE, "head_dim", "", "", "head_dim %zu does not divide width %zu",
                         c->head_dim, c->width);
    if (c->vocab != 128 && c->vocab != 256)
        return core_fail_number(error, ROPELAW_DOMAIN, "vocab", (double)c->vocab, "128 or 256");
    if (c->train_len < LEAST_TOK || c->train_len > MOST_TOK)
        return core_fail_number(error, ROPELAW_DOMAIN, "train_len", (double)c->train_len, "8 .. 1048576");
    if (!(c->base > 1) || !isfinite(c->base))
        return core_fail_number(error, ROPELAW_DOMAIN, "base", c->base, "> 1 and finite");
    return ROPELAW_OK;
}

static void plain_inv_freq(size_t head_dim, double base, double *inv_freq) {
    for (size_t n = 0; n < head_dim / 2; n++) inv_freq[n] = pow(base, -2 * (double)n / (double)head_dim);
}

ropelaw_status lm_model_allocate(const ropelaw_lm_config *config, ropelaw_lm **model, ropelaw_error *error) {
    ropelaw_status status = check_config(config, error);
    if (status) return status;
    ropelaw_lm *m = core_calloc(1, sizeof *m);
    if (!m) return core_fail_memory(error, 1, sizeof *m);
    m->config = *config;
    m->shape = (lm_shape){config->n_layers, config->width, config->head_dim, config->vocab};
    m->n_params = lm_n_params(&m->shape);
    m->inv_freq = core_malloc(config->head_dim / 2, sizeof *m->inv_freq);
    m->params = core_calloc(m->n_params, 3 * sizeof *m->params);
    if (!m->inv_freq || !m->params) {
        ropelaw_lm_destroy(&m);
        return core_fail_memory(
            error,
            3 * lm_n_params(&(lm_shape){config->n_layers, config->width, config->head_dim, config->vocab}),
            sizeof(float));
    }
    m->mean = m->params + m->n_params, m->square = m->mean + m->n_params;
    m->factor = 1;
    plain_inv_freq(config->head_dim, config->base, m->inv_freq);
    *model = m;
    return ROPELAW_OK;
}

static void draw_weights(ropelaw_lm *m) {
    ropelaw_random r;
    ropelaw_random_init(&r, m->config.seed, LM_STREAM_INIT);
    for (size_t i = 0; i < lm_n_tensors(&m->shape); i++) {
        lm_tensor t = lm_tensor_at(&m->shape, i);
        for (size_t j = 0; j < t.rows * t.cols; j++)
            m->params[t.offset + j] = t.init == 0 ? 1.f : (float)(t.init * ropelaw_random_normal(&r));
    }
}

ropelaw_status ropelaw_lm_create(const ropelaw_lm_config *config, ropelaw_lm **model, ropelaw_error *error) {
    if (!config || !model)
        return core_fail(error, ROPELAW_INVALID, config ? "model" : "config", "", "",
                         "a required argument is NULL");
    ropelaw_lm *m = NULL;
    ropelaw_status status = lm_model_allocate(config, &m, error);
    if (status) return status;
    draw_weights(m);
    *model = m;
    return ROPELAW_OK;
}

ropelaw_status ropelaw_lm_copy(const ropelaw_lm *model, ropelaw_lm **copy, ropelaw_error *error) {
    if (!model || !copy)
        return core_fail(error, ROPELAW_INVALID, model ? "copy" : "model", "", "",
                         "a required argument is NULL");
    ropelaw_lm *m = NULL;
    ropelaw_status status = lm_model_allocate(&model->config, &m, error);
    if (status) return status;
    memcpy(m->params, model->params, 3 * m->n_params * sizeof *m->params);
    memcpy(m->inv_freq, model->inv_freq, m->shape.head_dim / 2 * sizeof *m->inv_freq);
    m->factor = model->factor;
    m->step = model->step;
    *copy = m;
    return ROPELAW_OK;
}

void ropelaw_lm_destroy(ropelaw_lm **model) {
    if (!model || !*model) return;
    core_free((*model)->inv_freq);
    core_free((*model)->params);
    core_free(*model);
    *model = NULL;
}

ropelaw_lm_config ropelaw_lm_config_get(const ropelaw_lm *model) {
    return model->config;
}

size_t ropelaw_lm_n_params(const ropelaw_lm *model) {
    return model->n_params;
}

const float *ropelaw_lm_params(const ropelaw_lm *model) {
    return model->params;
}

const double *ropelaw_lm_inv_freq(const ropelaw_lm *model) {
    return model->inv_freq;
}

size_t ropelaw_lm_step(const ropelaw_lm *model) {
    return model->step;
}

ropelaw_status ropelaw_lm_set_inv_freq(ropelaw_lm *model, const double *inv_freq, double attention_factor,
                                       ropelaw_error *error) {
    if (!model || !inv_freq)
        return core_fail(error, ROPELAW_INVALID, model ? "inv_freq" : "model", "", "",
                         "a required argument is NULL");
    size_t n = model->shape.head_dim / 2;
    for (size_t i = 0; i < n; i++)
        if (!(inv_freq[i] >= 0) || !isfinite(inv_freq[i]))
            return core_fail_number(error, ROPELAW_DOMAIN, "inv_freq", inv_freq[i], ">= 0 and finite");
    if (!isfinite(attention_factor))
        return core_fail_number(error, ROPELAW_DOMAIN, "attention_factor", attention_factor, "finite");
    memcpy(model->inv_freq, inv_freq, n * sizeof *inv_freq);
    model->factor = attention_factor;
    return ROPELAW_OK;
}

ropelaw_status ropelaw_lm_set_base(ropelaw_lm *model, double base, ropelaw_error *error) {
    if (!model) return core_fail(error, ROPELAW_INVALID, "model", "", "", "model is NULL");
    if (!(base > 1) || !isfinite(base))
        return core_fail_number(error, ROPELAW_DOMAIN, "base", base, "> 1 and finite");
    plain_inv_freq(model->shape.head_dim, base, model->inv_freq);
    model->factor = 1;
    return ROPELAW_OK;
}

void ropelaw_lm_new_phase(ropelaw_lm *model) {
    memset(model->mean, 0, 2 * model->n_params * sizeof *model->mean);
    model->step = 0;
}

ropelaw_status lm_check_bytes(const ropelaw_lm *model, const char *text, size_t n, ropelaw_error *error) {
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] >= model->shape.vocab)
            return core_fail(error, ROPELAW_DOMAIN, "text", "", "",
                             "byte %u at offset %zu is outside the vocab of %zu",
                             (unsigned)(unsigned char)text[i], i, model->shape.vocab);
    return ROPELAW_OK;
}

lm_rotary lm_model_rotary(const ropelaw_lm *model) {
    return (lm_rotary){model->inv_freq, model->factor};
}
