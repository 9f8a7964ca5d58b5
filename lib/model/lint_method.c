/* Rules about the scaling method and its parameters. */
#include "model/lint.h"
#include <ropelaw/number.h>
#include <string.h>

static void two_types(lint *l) {
    lint_from_notes(l, "type-and-rope-type");
}

static void both_styles(lint *l) {
    lint_from_notes(l, "scaling-and-parameters");
}

static void unknown_method(lint *l) {
    lint_from_notes(l, "unknown-method");
}

static void old_name(lint *l) {
    if (!l->rope || json_get(l->rope, "rope_type") || !json_get(l->rope, "type")) return;
    lint_report(l, "type", lint_line(l, "type"),
                "the method is named by \"type\" only, the current key is \"rope_type\"");
}

static void phi3_name(lint *l) {
    const char *written = l->settings ? l->settings->written : "";
    bool yarn = !strcmp(written, "yarn") && lint_method(l, "longrope");
    if (strcmp(written, "su") != 0 && !yarn) return;
    lint_report(l, "rope_scaling", lint_line(l, "type"), "\"%s\" means longrope in this file", written);
}

static void factor_missing(lint *l) {
    if (strcmp(l->model->format, "config.json") != 0 || !lint_method(l, "linear dynamic yarn llama3 ntk"))
        return;
    if (isnan(l->settings->factor))
        lint_report(l, "factor", 0, "method %s has no factor", l->settings->method);
}

static void factor_small(lint *l) {
    char text[ROPELAW_NUMBER_SIZE];
    if (l->settings && l->settings->factor < 1)
        lint_report(l, "factor", lint_line(l, "factor"), "factor is %s, below 1",
                    model_num(l->settings->factor, text));
}

static void factor_integer(lint *l) {
    const json_value *factor = json_get(l->rope, "factor");
    if (factor && factor->kind == JSON_NUMBER && !strpbrk(factor->text, ".eE"))
        lint_report(l, "factor", factor->line, "factor is the integer %.30s", factor->text);
}

static void llama3_original(lint *l) {
    if (lint_method(l, "llama3") && isnan(l->settings->original_len_tok))
        lint_report(l, "original_max_position_embeddings", 0,
                    "method llama3 has no original_max_position_embeddings");
}

static void llama3_ramp(lint *l) {
    char a[ROPELAW_NUMBER_SIZE], b[ROPELAW_NUMBER_SIZE];
    if (!lint_method(l, "llama3") || !(l->settings->high_freq_factor <= l->settings->low_freq_factor)) return;
    lint_report(l, "high_freq_factor", lint_line(l, "high_freq_factor"),
                "high_freq_factor %s is not above low_freq_factor %s",
                model_num(l->settings->high_freq_factor, a), model_num(l->settings->low_freq_factor, b));
}

static void longrope_sizes(lint *l) {
    const ropelaw_rope_settings *r = l->settings;
    if (!lint_method(l, "longrope") || isnan(r->rotary_dim)) return;
    size_t pairs = (size_t)(r->rotary_dim / 2);
    if (r->n_short != pairs)
        lint_report(l, "short_factor", lint_line(l, "short_factor"),
                    "short_factor has %zu numbers, the head has %zu pairs", r->n_short, pairs);
    if (r->n_long != pairs)
        lint_report(l, "long_factor", lint_line(l, "long_factor"),
                    "long_factor has %zu numbers, the head has %zu pairs", r->n_long, pairs);
}

static void longrope_original(lint *l) {
    if (lint_method(l, "longrope") && isnan(l->settings->original_len_tok))
        lint_report(l, "original_max_position_embeddings", 0,
                    "method longrope has no original_max_position_embeddings, inside or at the top");
}

static void yarn_ramp(lint *l) {
    char a[ROPELAW_NUMBER_SIZE], b[ROPELAW_NUMBER_SIZE];
    if (!lint_method(l, "yarn")) return;
    double fast = isnan(l->settings->beta_fast) ? 32 : l->settings->beta_fast;
    double slow = isnan(l->settings->beta_slow) ? 1 : l->settings->beta_slow;
    if (fast <= slow)
        lint_report(l, "beta_fast", lint_line(l, "beta_fast"),
                    "beta_fast %s is not above beta_slow %s: the ramp is empty", model_num(fast, a),
                    model_num(slow, b));
}

static void mscale_zero(lint *l) {
    const char *const keys[] = {"mscale", "mscale_all_dim"};
    for (size_t i = 0; i < CORE_COUNT(keys); i++) {
        const json_value *value = json_get(l->rope, keys[i]);
        if (value && value->kind == JSON_NUMBER && value->number == 0)
            lint_report(l, keys[i], value->line, "%s is 0, which counts as absent", keys[i]);
    }
}

static void mscale_one(lint *l) {
    const ropelaw_rope_settings *r = l->settings;
    if (!lint_method(l, "yarn") || strcmp(l->model->format, "config.json") != 0) return;
    bool one = r->mscale > 0, all = r->mscale_all_dim > 0;
    if (one != all)
        lint_report(l, one ? "mscale" : "mscale_all_dim", lint_line(l, one ? "mscale" : "mscale_all_dim"),
                    "only one of mscale and mscale_all_dim is given");
}

static void dynamic_cache(lint *l) {
    if (lint_method(l, "dynamic"))
        lint_report(l, "rope_scaling", lint_line(l, l->settings->written),
                    "the base of dynamic NTK depends on the length in use");
}

static void yarn_always(lint *l) {
    char text[ROPELAW_NUMBER_SIZE];
    if (!lint_method(l, "yarn") || !(l->settings->factor > 1) || !l->config) return;
    const json_value *declared = json_get_set(l->config, "max_position_embeddings");
    double reach = declared && declared->kind == JSON_NUMBER ? declared->number : NAN;
    if (reach <= l->settings->original_len_tok)
        lint_report(l, "factor", lint_line(l, "factor"),
                    "YaRN with factor %s is switched on for every length",
                    model_num(l->settings->factor, text));
}

#define HF "https://github.com/huggingface/transformers/issues/"

const lint_entry lint_method_rules[] = {
    {{"type-and-rope-type", ROPELAW_NOTE_ERROR, "type and rope_type disagree",
      "transformers reads rope_type, older loaders read type, exllamav2 stops", "keep rope_type alone",
      "https://github.com/vllm-project/vllm/issues/27505"},
     two_types},
    {{"scaling-and-parameters", ROPELAW_NOTE_WARNING, "rope_scaling and rope_parameters are both given",
      "transformers 5 lets a non-empty rope_scaling replace rope_parameters; other loaders know one of them",
      "keep one style: `ropelaw convert`", "https://github.com/vllm-project/vllm/pull/28542"},
     both_styles},
    {{"unknown-method", ROPELAW_NOTE_ERROR, "the method's name is unknown",
      "loaders refuse the file or ignore the scaling; setting rope_scaling to null \"fixes\" the error and "
      "changes the model",
      "upgrade the loader, or use a name that it knows; do not null the field",
      "https://github.com/StartHua/Comfyui_CXH_joy_caption/issues/35"},
     unknown_method},
    {{"type-instead-of-rope-type", ROPELAW_NOTE_INFO, "the method is named by the older key",
      "current loaders accept it; strict ones want rope_type",
      "rename type to rope_type (`ropelaw convert --to hf-v5`)",
      "https://github.com/vllm-project/vllm/issues/6897"},
     old_name},
    {{"phi3-method-name", ROPELAW_NOTE_WARNING, "an alias stands for longrope",
      "loaders that take the name literally use YaRN or fail", "write \"longrope\"",
      "https://github.com/Leeroo-AI/mergoo/issues/21"},
     phi3_name},
    {{"factor-missing", ROPELAW_NOTE_ERROR, "the method has no factor", "loaders fail or do not scale",
      "add factor", "https://github.com/lm-sys/FastChat/issues/3470"},
     factor_missing},
    {{"factor-below-one", ROPELAW_NOTE_ERROR, "the factor is below 1",
      "it would shorten the context; llama.cpp's freq_scale is the inverse and often mistaken for it",
      "give the extension factor (4 for four times the length)",
      "https://github.com/ggml-org/llama.cpp/issues/2530"},
     factor_small},
    {{"factor-integer", ROPELAW_NOTE_INFO, "the factor is an integer",
      "transformers 4 warned about it or refused it (\"must be a float\")", "write 4.0 instead of 4",
      "https://github.com/huggingface/transformers/issues/37134"},
     factor_integer},
    {{"llama3-without-original", ROPELAW_NOTE_ERROR, "llama3 scaling lacks its original length",
      "transformers 4 raises KeyError, transformers 5 takes max_position_embeddings and scales wrongly",
      "add original_max_position_embeddings (8192 for Llama 3.1 to 3.3)",
      "https://github.com/ROCm/aiter/pull/4742"},
     llama3_original},
    {{"llama3-ramp", ROPELAW_NOTE_WARNING, "the llama3 ramp is empty",
      "the interpolation divides by high - low; only the step case never reaches it",
      "keep high_freq_factor above low_freq_factor, unless the release says otherwise (Llama-4: both 1)",
      "https://github.com/ml-explore/mlx-examples/pull/907"},
     llama3_ramp},
    {{"longrope-factor-count", ROPELAW_NOTE_ERROR, "longrope has a wrong number of factors",
      "loaders fail or rotate the wrong pairs", "one factor per pair: rotary_dim / 2 numbers in each list",
      "https://github.com/mlc-ai/mlc-llm/pull/3268"},
     longrope_sizes},
    {{"longrope-without-original", ROPELAW_NOTE_ERROR, "longrope lacks its original length",
      "the switch between short and long factors has no place: gibberish beyond it",
      "add original_max_position_embeddings at the top level (4096 for Phi-3)",
      "https://github.com/microsoft/onnxruntime-genai/pull/2311"},
     longrope_original},
    {{"yarn-ramp", ROPELAW_NOTE_WARNING, "the YaRN ramp is empty",
      "every pair is either kept or divided, with a jump between them; with the two swapped the ramp runs "
      "backwards",
      "beta_fast 32, beta_slow 1 are usual", "https://github.com/pytorch/torchtitan/pull/3787"},
     yarn_ramp},
    {{"mscale-zero", ROPELAW_NOTE_WARNING, "mscale is 0",
      "Python takes 0 for absent and uses 0.1 ln(factor) + 1; other engines multiply by what 0 gives",
      "remove the key, or write the value that the model was trained with",
      "https://github.com/Avarok-Cybersecurity/atlas/pull/342"},
     mscale_zero},
    {{"mscale-alone", ROPELAW_NOTE_WARNING, "mscale and mscale_all_dim belong together",
      "transformers ignores one without the other, DeepSeek's and llama.cpp's code use it",
      "give both (their quotient scales cos and sin, mscale_all_dim the softmax)",
      "https://github.com/ggml-org/llama.cpp/pull/17945"},
     mscale_one},
    {{"dynamic-with-cache", ROPELAW_NOTE_INFO, "dynamic NTK and a key cache do not mix",
      "keys in the cache were rotated with the base of a shorter length; vLLM uses one constant instead",
      "compare with yarn or a fixed base before relying on it", HF "25104"},
     dynamic_cache},
    {{"yarn-always-on", ROPELAW_NOTE_INFO, "YaRN is on for short inputs too",
      "engines scale statically: short prompts lose (Qwen3-8B: 39 to 26.5 on Arena-Hard with factor 4)",
      "set it only where long inputs come, with the smallest factor that reaches (`ropelaw design`)",
      "https://github.com/QwenLM/Qwen3/issues/1567"},
     yarn_always},
    {.rule = {.id = NULL}                                                     },
};
