/* Rules about the lengths that a file states. */
#include "model/lint.h"
#include <ropelaw/number.h>
#include <string.h>

static void length_keys(lint *l) {
    lint_from_notes(l, "length-contradiction");
}

static void original_twice(lint *l) {
    lint_from_notes(l, "original-contradiction");
}

static void ambiguous(lint *l) {
    lint_from_notes(l, "ambiguous-length");
}

static double max_positions(const lint *l) {
    const json_value *value = json_get_set(l->config, "max_position_embeddings");
    return value && value->kind == JSON_NUMBER ? value->number : NAN;
}

static void factor_ratio(lint *l) {
    char a[ROPELAW_NUMBER_SIZE], b[ROPELAW_NUMBER_SIZE];
    if (!lint_method(l, "yarn")) return;
    double ratio = max_positions(l) / l->settings->original_len_tok, factor = l->settings->factor;
    if (isnan(ratio) || isnan(factor) || !(ratio > 1) || ratio == factor) return;
    lint_report(l, "factor", lint_line(l, "factor"),
                "factor is %s, max_position_embeddings / original_max_position_embeddings is %s",
                model_num(factor, a), model_num(ratio, b));
}

static void original_above(lint *l) {
    char a[ROPELAW_NUMBER_SIZE], b[ROPELAW_NUMBER_SIZE];
    double declared = max_positions(l);
    if (!lint_method(l, "llama3 yarn longrope") || !(l->settings->original_len_tok >= declared)) return;
    if (lint_method(l, "yarn") && l->settings->original_len_tok == declared) return; /* Qwen's opt-in style */
    lint_report(l, "original_max_position_embeddings", lint_line(l, "original_max_position_embeddings"),
                "the original length %s is not below max_position_embeddings %s",
                model_num(l->settings->original_len_tok, a), model_num(declared, b));
}

static void yarn_without_original(lint *l) {
    if (lint_method(l, "yarn") && isnan(l->settings->original_len_tok) &&
        strcmp(l->model->format, "gguf") != 0)
        lint_report(
            l, "original_max_position_embeddings", 0,
            "method yarn has no original_max_position_embeddings: max_position_embeddings stands in for it");
}

static void no_length(lint *l) {
    const ropelaw_fact *fact = ropelaw_model_fact(l->model, "declared_len", "");
    if (l->kind && fact && fact->origin == ROPELAW_ORIGIN_DEFAULT)
        lint_report(l, "max_position_embeddings", 0, "no length in the file: %.60s is %.100s", fact->value,
                    fact->from);
    else if (l->kind && isnan(l->model->declared_len_tok) && isnan(l->model->train_len_tok))
        lint_report(l, "max_position_embeddings", 0, "no length in the file, and none can be inferred");
}

const lint_entry lint_lengths[] = {
    {{"length-contradiction", ROPELAW_NOTE_WARNING, "length keys disagree",
      "engines read different keys: Command-R was cut to 8192 by vLLM, Yi-200K to 4096",
      "state the served length explicitly (--max-model-len, -c), or align the keys",
      "https://github.com/vllm-project/vllm/issues/3676"},
     length_keys},
    {{"original-contradiction", ROPELAW_NOTE_WARNING, "the original length is given twice and differs",
      "transformers takes the one at the top, others the one inside", "make them equal",
      "https://github.com/NVIDIA/Megatron-LM/issues/1418"},
     original_twice},
    {{"length-before-or-after", ROPELAW_NOTE_WARNING,
      "a linear factor without knowing whether the length includes it",
      "is 16384 with factor 4 the length before scaling or after it? loaders answer differently: vLLM "
      "multiplies, "
      "others do not",
      "state both lengths (max_sequence_length), or serve with an explicit --max-model-len",
      "https://github.com/hiyouga/LlamaFactory/issues/1298"},
     ambiguous},
    {{"factor-ratio", ROPELAW_NOTE_WARNING, "the YaRN factor is not the ratio of the lengths",
      "transformers before 5 used the ratio and ignored the factor without a word, newer ones use the factor",
      "make factor = max_position_embeddings / original_max_position_embeddings",
      "https://github.com/huggingface/transformers/issues/38224"},
     factor_ratio},
    {{"original-not-below", ROPELAW_NOTE_WARNING, "the original length is not below the declared one",
      "nothing is extended, or one of the two numbers is wrong (131072 in place of 4096 was seen for "
      "gpt-oss)",
      "original_max_position_embeddings is the pre-training length, before scaling",
      "https://github.com/NVIDIA-NeMo/Speech/issues/14686"},
     original_above},
    {{"yarn-without-original", ROPELAW_NOTE_WARNING, "YaRN lacks its original length",
      "loaders take max_position_embeddings, which may already be the scaled length",
      "add original_max_position_embeddings", "https://github.com/hiyouga/LlamaFactory/pull/8101"},
     yarn_without_original},
    {{"missing-length", ROPELAW_NOTE_WARNING, "no length is in the file",
      "the class default (2048 for llama) stands in", "write max_position_embeddings",
      "https://github.com/mistralai/mistral-inference/issues/53"},
     no_length},
    {.rule = {.id = NULL}                                                           },
};
