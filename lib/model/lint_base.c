/* Rules about the base, the dimensions and the layers. */
#include "model/lint.h"
#include <ropelaw/number.h>
#include <string.h>

static void missing_base(lint *l) {
    char text[ROPELAW_NUMBER_SIZE];
    const ropelaw_fact *base = l->kind ? ropelaw_model_fact(l->model, "base", l->kind->name) : NULL;
    const json_value *theta = json_get(l->config, "rope_theta");
    if (!base || base->origin != ROPELAW_ORIGIN_DEFAULT || (theta && theta->kind == JSON_NULL)) return;
    lint_report(l, "rope_theta", 0, "no base in the file: %s is %.100s", model_num(l->settings->base, text),
                base->from);
}

static void null_base(lint *l) {
    lint_from_notes(l, "null-theta");
}

static void base_twice(lint *l) {
    lint_from_notes(l, "base-contradiction");
}

static void fraction_twice(lint *l) {
    lint_from_notes(l, "fraction-contradiction");
}

static void large_base(lint *l) {
    char text[ROPELAW_NUMBER_SIZE];
    if (l->settings && l->settings->base > 2147483647.0)
        lint_report(l, "rope_theta", 0, "base %s is larger than a 32-bit integer holds",
                    model_num(l->settings->base, text));
}

static void base_only_inside(lint *l) {
    const json_value *parameters = json_get_set(l->config, "rope_parameters");
    if (!parameters || json_get(l->config, "rope_theta") || !json_get(l->rope, "rope_theta")) return;
    lint_report(l, "rope_parameters", parameters->line,
                "the base is inside rope_parameters only: loaders that know the older style fall back to "
                "their default");
}

static void head_dim(lint *l) {
    const ropelaw_model *m = l->model;
    char a[ROPELAW_NUMBER_SIZE], b[ROPELAW_NUMBER_SIZE];
    double quotient = m->hidden_size / m->n_heads;
    if (!l->settings || !isnan(m->qk_rope_head_dim) || isnan(quotient) || isnan(l->settings->head_dim))
        return;
    if (l->settings->head_dim != quotient)
        lint_report(l, "head_dim", 0, "head_dim is %s, hidden_size / num_attention_heads would be %s",
                    model_num(l->settings->head_dim, a), model_num(quotient, b));
}

static void odd_rotary(lint *l) {
    lint_from_notes(l, "odd-rotary-dim");
}

static void layer_count(lint *l) {
    lint_from_notes(l, "layer-types-length");
}

static void window_ends(lint *l) {
    char a[ROPELAW_NUMBER_SIZE], b[ROPELAW_NUMBER_SIZE];
    if (!l->kind || l->kind->attention == ROPELAW_ATTENTION_FULL ||
        !(l->kind->window_tok < l->model->declared_len_tok))
        return;
    lint_report(l, "sliding_window", 0, "no rotating layer sees further than %s tokens, the file promises %s",
                model_num(l->kind->window_tok, a), model_num(l->model->declared_len_tok, b));
}

static void no_rope_freqs(lint *l) {
    lint_from_notes(l, "missing-rope-freqs");
}

const lint_entry lint_base[] = {
    {{"missing-base", ROPELAW_NOTE_WARNING, "the rotary base is not in the file",
      "each engine has its own default per model type, and they disagree (cohere: 10000, 500000, 8e6)",
      "write rope_theta into the file, with the value from the original release",
      "https://github.com/mit-han-lab/llm-awq/pull/326"},
     missing_base},
    {{"null-base", ROPELAW_NOTE_ERROR, "the rotary base is null",
      "null is not the same as absent: loaders pass it on and fail, or compute with nothing",
      "write the number, or remove the key",
      "https://github.com/huggingface/transformers/blob/v4.57.0/src/transformers/modeling_rope_utils.py "
      "(source: "
      "`base = config.rope_theta`, no thread found)"},
     null_base},
    {{"base-contradiction", ROPELAW_NOTE_WARNING, "two keys give different bases",
      "which one is read depends on the loader", "keep the one that the model was trained with",
      "https://github.com/THUDM/slime/pull/1720"},
     base_twice},
    {{"fraction-contradiction", ROPELAW_NOTE_WARNING, "two keys give different rotating fractions",
      "the fraction goes by the names partial_rotary_factor and rotary_pct, and loaders differ in which they "
      "read",
      "keep the one that the model was trained with", "https://github.com/vllm-project/vllm/pull/29966"},
     fraction_twice},
    {{"base-beyond-int32", ROPELAW_NOTE_WARNING, "the base does not fit into 32 bits",
      "loaders that read integers as 32 bits saturate at 2147483647",
      "write it as a real number (2804339835.0)", "https://github.com/1bit-MONSTER/1bit-MONSTER/issues/634"},
     large_base},
    {{"base-only-in-rope-parameters", ROPELAW_NOTE_WARNING, "only new-style keys hold the base",
      "engines and transformers 4 do not look there and silently take 10000 or their own default",
      "`ropelaw convert --to hf-v4`, or add a top-level rope_theta",
      "https://github.com/sgl-project/sglang/pull/14745"},
     base_only_inside},
    {{"head-dim-not-quotient", ROPELAW_NOTE_INFO,
      "the head dimension is not hidden_size / num_attention_heads",
      "tools that compute the quotient get a wrong number of rotary pairs", "read head_dim where it is given",
      "https://github.com/huggingface/candle/issues/2358"},
     head_dim},
    {{"odd-rotary-dim", ROPELAW_NOTE_ERROR, "the rotary dimension is odd",
      "pairs need two dimensions: engines round up or down and disagree, transformers 5 refuses a whole odd "
      "head",
      "correct partial_rotary_factor so that int(head_dim * factor) is even",
      "https://github.com/huggingface/transformers/pull/48524"},
     odd_rotary},
    {{"layer-types-length", ROPELAW_NOTE_ERROR, "layer_types does not name every layer",
      "transformers refuses the file", "list one name per layer",
      "https://github.com/peremartra/optipfair/issues/20"},
     layer_count},
    {{"window-ends-context", ROPELAW_NOTE_WARNING, "a sliding window ends the context before RoPE does",
      "perplexity curves break at the window (and measure it, not the rotary bound), as for Mistral-7B-v0.1",
      "do not read such a curve as evidence about RoPE; give the window with the measurement",
      "https://github.com/mistralai/mistral-inference/issues/102"},
     window_ends},
    {{"gguf-without-rope-freqs", ROPELAW_NOTE_WARNING, "a Llama-3.1 GGUF lacks its scaling tensor",
      "it was converted before llama.cpp knew llama3 scaling: answers degrade beyond 8192 tokens",
      "convert again with a current convert_hf_to_gguf.py",
      "https://github.com/ikawrakow/ik_llama.cpp/pull/402"},
     no_rope_freqs},
    {.rule = {.id = NULL}                                                                                                  },
};
