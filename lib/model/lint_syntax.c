/* Rules about the text of the file. */
#include "model/lint.h"
#include <string.h>

static void not_json(lint *l) {
    lint_from_notes(l, "trailing-comma");
    lint_from_notes(l, "comment");
    lint_from_notes(l, "single-quote");
}

static void byte_order_mark(lint *l) {
    lint_from_notes(l, "byte-order-mark");
}

static void nonfinite(lint *l) {
    lint_from_notes(l, "bare-nonfinite");
}

static void duplicate(lint *l) {
    lint_from_notes(l, "duplicate-key");
}

/* Keys that transformers knows inside a rotary object; others are ignored, so a misspelt key has no effect. */
static void unknown_key(lint *l) {
    static const char *const known[] = {"rope_type",
                                        "type",
                                        "factor",
                                        "original_max_position_embeddings",
                                        "attention_factor",
                                        "beta_fast",
                                        "beta_slow",
                                        "short_factor",
                                        "long_factor",
                                        "low_freq_factor",
                                        "high_freq_factor",
                                        "short_mscale",
                                        "long_mscale",
                                        "mscale",
                                        "mscale_all_dim",
                                        "truncate",
                                        "rope_theta",
                                        "partial_rotary_factor",
                                        "mrope_section",
                                        "mrope_interleaved",
                                        "llama_4_scaling_beta",
                                        "alpha",
                                        "base",
                                        "attn_factor",
                                        "max_position_embeddings"};
    for (size_t i = 0; l->rope && i < l->rope->n; i++) {
        const json_value *item = &l->rope->items[i];
        bool found = false;
        for (size_t k = 0; k < CORE_COUNT(known); k++) found = found || !strcmp(known[k], item->key);
        if (!found)
            lint_report(l, item->key, item->line,
                        "\"%.60s\" means nothing to loaders inside the rotary object", item->key);
    }
}

const lint_entry lint_syntax[] = {
    {{"not-json", ROPELAW_NOTE_ERROR, "the text is not JSON",
      "json.load refuses the file, so no loader opens it",
      "remove comments, commas before closing brackets and single quotes",
      "https://github.com/Vchitect/Latte/issues/116"},
     not_json},
    {{"byte-order-mark", ROPELAW_NOTE_ERROR, "the file starts with a byte order mark",
      "json.load with UTF-8 refuses it (\"Unexpected UTF-8 BOM\")",
      "save the file as UTF-8 without a byte order mark",
      "https://github.com/ThilinaRajapakse/simpletransformers/issues/1169"},
     byte_order_mark},
    {{"nonfinite-number", ROPELAW_NOTE_WARNING, "Infinity or NaN stands in the file",
      "Python reads it; loaders in C++, Rust and JavaScript refuse the whole file",
      "write a large finite number, or let transformers 5 write {\"__float__\": \"Infinity\"}",
      "https://github.com/ai-dynamo/dynamo/pull/3043"},
     nonfinite},
    {{"duplicate-key", ROPELAW_NOTE_WARNING, "a key is given twice",
      "the last one counts and the first is silently lost", "keep one of them",
      "https://github.com/NVIDIA/NeMo-Framework-Launcher/pull/417"},
     duplicate},
    {{"unknown-rope-key", ROPELAW_NOTE_WARNING, "a key inside the rotary object is unknown",
      "loaders ignore it (transformers warns \"Unrecognized keys\"): a misspelt key silently has no effect",
      "correct the spelling, or remove the key", "https://github.com/sgl-project/sglang/issues/2943"},
     unknown_key},
    {.rule = {.id = NULL}                                             },
};
