/* params.json of Meta's and Mistral's own checkpoints, the inference JSON of DeepSeek and the original config
   of gpt-oss: small files whose code supplies most of the meaning. Sources: meta-llama/llama-models
   models/llama3/args.py and models/llama4/args.py; mistralai/mistral-inference transformer.py;
   deepseek-ai/DeepSeek-V3 inference/model.py; openai/gpt-oss torch/model.py. */
#include "model/internal.h"
#include <stdio.h>
#include <string.h>

#define META   "default of meta-llama/llama-models ModelArgs"
#define SCALED "hard-coded in llama-models for use_scaled_rope"

bool model_is_params(const json_value *root) {
    static const char *const heads[] = {"n_heads", "n_layers", NULL};
    if (json_get_set(root, "model_type")) return false;
    if (json_get(root, "rope_ntk_alpha") || json_get(root, "initial_context_length")) return true;
    return json_get_set(root, "dim") && model_find(root, heads).value;
}

typedef struct {
    model_builder *b;
    ropelaw_layer_kind *kind;
    ropelaw_status status;
} reader;

/* A number by key, else `fallback` with where that comes from (NULL: stays NAN). */
static double number(reader *r, const char *key, const char *fact, double fallback, const char *source) {
    const char *const names[] = {key, NULL};
    double value = NAN;
    model_place place;
    if (!r->status) r->status = model_number(r->b, r->b->root, names, &value, &place);
    if (r->status) return NAN;
    if (isnan(value) && source) {
        value = fallback;
        place = (model_place){ROPELAW_ORIGIN_DEFAULT, source, 0};
    }
    if (fact) model_fact_number(r->b, r->kind ? r->kind->name : "", fact, value, place);
    return value;
}

static void sizes(reader *r) {
    ropelaw_model *m = r->b->model;
    bool oss = json_get(r->b->root, "initial_context_length") != NULL;
    m->n_layers = number(r, oss ? "num_hidden_layers" : "n_layers", "n_layers", NAN, NULL);
    m->hidden_size = number(r, oss ? "hidden_size" : "dim", "hidden_size", NAN, NULL);
    m->n_heads = number(r, oss ? "num_attention_heads" : "n_heads", "n_heads", NAN, NULL);
    m->n_kv_heads = number(r, oss ? "num_key_value_heads" : "n_kv_heads", "n_kv_heads", NAN, NULL);
}

static void head(reader *r) {
    ropelaw_model *m = r->b->model;
    ropelaw_rope_settings *rope = &r->kind->rope;
    rope->head_dim = number(r, "head_dim", "head_dim", NAN, NULL);
    if (isnan(rope->head_dim)) {
        rope->head_dim = floor(m->hidden_size / m->n_heads);
        model_fact_number(r->b, r->kind->name, "head_dim", rope->head_dim,
                          (model_place){ROPELAW_ORIGIN_DERIVED, "dim / n_heads", 0});
    }
    rope->rotary_dim = rope->head_dim;
    model_fact_number(r->b, r->kind->name, "rotary_dim", rope->rotary_dim,
                      (model_place){ROPELAW_ORIGIN_DERIVED, "head_dim", 0});
}

static void method(reader *r, const char *name, const char *from) {
    snprintf(r->kind->rope.method, sizeof r->kind->rope.method, "%s", name);
    model_fact(r->b, r->kind->name, "method", name, (model_place){ROPELAW_ORIGIN_DERIVED, from, 0});
}

static void lengths(reader *r, double train, const char *from, double declared, const char *declared_from) {
    r->b->model->train_len_tok = train;
    r->b->model->declared_len_tok = declared;
    model_fact_number(r->b, "", "train_len", train, (model_place){ROPELAW_ORIGIN_DERIVED, from, 0});
    model_fact_number(r->b, "", "declared_len", declared,
                      (model_place){ROPELAW_ORIGIN_DERIVED, declared_from, 0});
}

static void gpt_oss(reader *r) {
    ropelaw_rope_settings *rope = &r->kind->rope;
    snprintf(r->b->model->architecture, sizeof r->b->model->architecture, "gpt_oss");
    head(r);
    rope->base = number(r, "rope_theta", "base", 150000, "default of openai/gpt-oss ModelConfig");
    rope->factor = number(r, "rope_scaling_factor", "factor", 32, "default of openai/gpt-oss ModelConfig");
    rope->beta_slow = number(r, "rope_ntk_alpha", "beta_slow", 1, "default of openai/gpt-oss ModelConfig");
    rope->beta_fast = number(r, "rope_ntk_beta", "beta_fast", 32, "default of openai/gpt-oss ModelConfig");
    rope->original_len_tok =
        number(r, "initial_context_length", "original_len", 4096, "default of openai/gpt-oss");
    rope->truncate = 0;
    method(r, rope->factor > 1 ? "yarn" : "default", "rope_scaling_factor > 1");
    lengths(r, rope->original_len_tok, "initial_context_length", rope->factor * rope->original_len_tok,
            "initial_context_length * rope_scaling_factor");
}

static void deepseek(reader *r) {
    ropelaw_model *m = r->b->model;
    ropelaw_rope_settings *rope = &r->kind->rope;
    const char *code = "default of DeepSeek's inference/model.py";
    snprintf(m->architecture, sizeof m->architecture, "deepseek");
    m->qk_rope_head_dim = number(r, "qk_rope_head_dim", "qk_rope_head_dim", 64, code);
    m->qk_nope_head_dim = number(r, "qk_nope_head_dim", "qk_nope_head_dim", 128, code);
    rope->rotary_dim = m->qk_rope_head_dim;
    rope->head_dim = m->qk_rope_head_dim + m->qk_nope_head_dim;
    model_fact_number(r->b, r->kind->name, "rotary_dim", rope->rotary_dim,
                      (model_place){ROPELAW_ORIGIN_DERIVED, "qk_rope_head_dim (MLA)", 0});
    model_fact_number(r->b, r->kind->name, "head_dim", rope->head_dim,
                      (model_place){ROPELAW_ORIGIN_DERIVED, "qk_nope_head_dim + qk_rope_head_dim", 0});
    rope->base = number(r, "rope_theta", "base", 10000, code);
    rope->factor = number(r, "rope_factor", "factor", 40, code);
    rope->beta_fast = number(r, "beta_fast", "beta_fast", 32, code);
    rope->beta_slow = number(r, "beta_slow", "beta_slow", 1, code);
    rope->mscale = number(r, "mscale", "mscale", 1, code);
    rope->original_len_tok = number(r, "original_seq_len", "original_len", 4096, code);
    double longest = number(r, "max_seq_len", NULL, 16384, code);
    method(r, longest > rope->original_len_tok ? "yarn" : "default", "max_seq_len > original_seq_len");
    lengths(r, rope->original_len_tok, "original_seq_len", rope->factor * rope->original_len_tok,
            "original_seq_len * rope_factor");
}

static void mistral(reader *r) {
    ropelaw_rope_settings *rope = &r->kind->rope;
    double window = number(r, "sliding_window", NULL, NAN, NULL);
    snprintf(r->b->model->architecture, sizeof r->b->model->architecture, "mistral");
    head(r);
    rope->base = number(r, "rope_theta", "base", isnan(window) ? 1e6 : 1e4,
                        "mistral-inference: 10000 with a sliding window, else 1e6");
    method(r, "default", "no scaling keys");
    if (!isnan(window)) {
        r->kind->attention = ROPELAW_ATTENTION_SLIDING;
        r->kind->window_tok = window;
        model_fact_number(r->b, r->kind->name, "window_tok", window,
                          (model_place){ROPELAW_ORIGIN_FILE, "sliding_window", 0});
    }
}

static bool flag(const reader *r, const char *key) {
    const json_value *value = json_get(r->b->root, key);
    return value && value->kind == JSON_BOOL && value->boolean;
}

/* Llama-3.1 has factor 8 in the code, Llama-3.2 1B and 3B have 32; the file tells them apart by their shape
 * only. */
static void llama_scaling(reader *r) {
    ropelaw_model *m = r->b->model;
    ropelaw_rope_settings *rope = &r->kind->rope;
    bool small = m->hidden_size == 2048 || m->hidden_size == 3072;
    if (!flag(r, "use_scaled_rope") && !json_get_set(r->b->root, "rope_scaling_factor")) {
        method(r, "default", "use_scaled_rope is not true");
        return;
    }
    rope->factor = number(r, "rope_scaling_factor", "factor", small ? 32 : 8,
                          small ? "shape of Llama-3.2 1B or 3B: 32, not in the file" : SCALED);
    rope->low_freq_factor = number(r, "rope_low_freq_factor", "low_freq_factor", 1, SCALED);
    rope->high_freq_factor = number(r, "rope_high_freq_factor", "high_freq_factor", 4, SCALED);
    rope->original_len_tok = 8192;
    model_fact_number(r->b, r->kind->name, "original_len", 8192,
                      (model_place){ROPELAW_ORIGIN_DEFAULT, SCALED, 0});
    method(r, "llama3", "use_scaled_rope");
    lengths(r, 8192, SCALED, NAN, "");
}

static void nope_layers(reader *r) {
    double every = number(r, "nope_layer_interval", NULL, NAN, NULL);
    double chunk = number(r, "attention_chunk_size", NULL, NAN, NULL);
    ropelaw_model *m = r->b->model;
    if (!(every >= 1) || !(m->n_layers >= 1 && m->n_layers < 1e6)) return;
    size_t still = (size_t)floor(m->n_layers / every), all = (size_t)m->n_layers;
    r->kind->n_layers = all - still;
    if (!isnan(chunk)) {
        r->kind->attention = ROPELAW_ATTENTION_CHUNKED;
        r->kind->window_tok = chunk;
    }
    ropelaw_layer_kind *nope = model_kind_add(r->b, "full_attention_nope");
    if (!nope) return;
    nope->rotates = 0;
    nope->n_layers = still;
}

static void llama(reader *r) {
    const json_value *vocabulary = json_get_set(r->b->root, "vocab_size");
    double words = vocabulary && vocabulary->kind == JSON_NUMBER ? vocabulary->number : NAN;
    bool old = words == 32000 || words == 32016 || words == -1;
    snprintf(r->b->model->architecture, sizeof r->b->model->architecture, "llama");
    head(r);
    r->kind->rope.base = number(r, "rope_theta", "base", old ? 1e4 : 5e5,
                                old ? "Llama-1/2 code: a vocabulary of 32000" : META);
    llama_scaling(r);
    if (json_get_set(r->b->root, "max_seq_len"))
        model_note(r->b, ROPELAW_NOTE_INFO, "max-seq-len", "max_seq_len", 0,
                   "max_seq_len of params.json is a buffer size (default 2048), not the context window");
    nope_layers(r);
}

ropelaw_status model_read_params(model_builder *b) {
    ropelaw_model *m = b->model;
    reader r = {.b = b};
    snprintf(m->format, sizeof m->format, "params.json");
    sizes(&r);
    r.kind = model_kind_add(b, "full_attention");
    if (!r.kind) return ROPELAW_OK; /* reported as NOMEM */
    if (m->n_layers >= 1 && m->n_layers < 1e6) r.kind->n_layers = (size_t)m->n_layers;
    if (json_get(b->root, "initial_context_length"))
        gpt_oss(&r);
    else if (json_get(b->root, "kv_lora_rank") || json_get(b->root, "qk_rope_head_dim"))
        deepseek(&r);
    else if (json_get(b->root, "hidden_dim"))
        mistral(&r);
    else
        llama(&r);
    if (r.status) return r.status;
    if (isnan(m->train_len_tok))
        model_note(b, ROPELAW_NOTE_WARNING, "no-length", "", 0,
                   "this params.json does not say the pre-training length: give --train-len");
    double base = m->kinds[0].rope.base;
    if (base > 1 && m->kinds[0].rope.rotary_dim >= 1 && m->kinds[0].rope.rotary_dim <= 65536)
        return ROPELAW_OK;
    return base > 1 ? core_fail_number(b->error, ROPELAW_DOMAIN, "head_dim", m->kinds[0].rope.rotary_dim,
                                       "1 .. 65536")
                    : core_fail_number(b->error, ROPELAW_DOMAIN, "rope_theta", base, "> 1");
}
