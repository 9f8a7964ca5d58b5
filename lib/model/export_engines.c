/* What each engine is told, and what it cannot be told. Each engine is one entry.
 *
 * Models whose layers differ (Gemma-3: base 1e6 scaled by 8, and base 1e4 in the windows): vLLM replaces rope_parameters
 * whole, so every kind of layers is written. SGLang and Axolotl set attributes of the top-level config: an object
 * text_config would replace the text model's own, so that is refused. The flags of llama.cpp reach the full-attention
 * layers only (get_rope_freq_base gives the others the GGUF's freq_base_swa). Windows are the config's everywhere. */
#include "model/export.h"
#include <string.h>

static ropelaw_status finish(export_writer *w, const char *before, double value) {
    if (!isnan(value)) export_add_number(w, before, value);
    return ROPELAW_OK;
}

/* NULL, or why a top-level rope_theta and rope_scaling cannot say it. */
static const char *beyond_top_level(const export_writer *w) {
    model_old_names names = model_old_names_of(w->model);
    if (export_is_nested(w))
        return "it sets keys of the top level, this model keeps them in text_config: patch config.json (--to "
               "hf-patch)";
    if (export_is_per_kind(w) && w->kinds_differ)
        return "the file has one rotary object per kind of layers: patch config.json (--to hf-patch)";
    return w->kinds_differ ? model_beyond_old_style(w->model, &names) : NULL;
}

static ropelaw_status vllm(export_writer *w) {
    json_value object = {.kind = JSON_OBJECT};
    export_add(w, "--hf-overrides '");
    if (export_put_new(w, true, &object))
        export_add_json(w, &object, 0);
    else
        w->nomem = true;
    export_add(w, "'");
    json_value_clear(&object);
    return finish(w, " --max-model-len ", w->target_len);
}

static ropelaw_status vllm_old(export_writer *w) {
    json_value object = {.kind = JSON_OBJECT};
    if (export_is_per_kind(w) && w->kinds_differ)
        return export_cannot(w, "vLLM up to 0.10", "it knows no rotary objects per kind of layers");
    if (!export_is(w, "default")) {
        if (!export_put_rope(w, &w->rope, &object)) w->nomem = true;
        export_add(w, "--rope-scaling '");
        export_add_json(w, &object, 0);
        export_add(w, "' ");
    }
    json_value_clear(&object);
    export_add_number(w, "--rope-theta ", w->rope.base);
    return finish(w, " --max-model-len ", w->target_len);
}

static ropelaw_status sglang(export_writer *w) {
    json_value object = {.kind = JSON_OBJECT};
    const char *why = beyond_top_level(w);
    if (why) return export_cannot(w, "SGLang", "%s", why);
    export_add(w, "--json-model-override-args '");
    if (export_put_old(w, &object))
        export_add_json(w, &object, 0);
    else
        w->nomem = true;
    export_add(w, "'");
    json_value_clear(&object);
    return finish(w, " --context-length ", w->target_len);
}

static const char *gguf_layers = "the flags change the full-attention layers; sliding ones keep the base and "
                                 "scale of the GGUF (freq_base_swa)";

static ropelaw_status llamacpp(export_writer *w) {
    if (export_is(w, "proportional"))
        return export_cannot(w, "llama.cpp",
                             "it has no flag for proportional; the converter puts it into the GGUF");
    if (!isnan(w->target_len))
        export_add_number(w, "-c ", w->target_len);
    else
        export_add(w, "-c 0");
    if (w->kinds_differ) export_note(w, "%s", gguf_layers);
    if (export_is(w, "llama3") || export_is(w, "longrope")) {
        export_add(w, "   # %s is in the tensors of the GGUF: nothing else to set", w->rope.method);
        return ROPELAW_OK;
    }
    export_add(w, " --rope-scaling %s", export_is(w, "default") ? "none" : w->rope.method);
    if (!isnan(w->rope.factor) && !export_is(w, "default"))
        export_add_number(w, " --rope-scale ", w->rope.factor);
    export_add_number(w, " --rope-freq-base ", w->rope.base);
    if (!export_is(w, "yarn")) return ROPELAW_OK;
    if (!isnan(w->train_len)) export_add_number(w, " --yarn-orig-ctx ", w->train_len);
    if (!isnan(w->rope.beta_fast)) export_add_number(w, " --yarn-beta-fast ", w->rope.beta_fast);
    if (!isnan(w->rope.beta_slow)) export_add_number(w, " --yarn-beta-slow ", w->rope.beta_slow);
    return ROPELAW_OK;
}

static ropelaw_status koboldcpp(export_writer *w) {
    if (!export_is(w, "default") && !export_is(w, "linear"))
        return export_cannot(w, "koboldcpp", "--ropeconfig takes a linear scale and a base only");
    double scale = export_is(w, "linear") ? 1 / w->rope.factor : 1;
    if (w->kinds_differ) export_note(w, "%s", gguf_layers);
    if (!isnan(w->target_len)) export_add_number(w, "--contextsize ", w->target_len);
    export_add_number(w, isnan(w->target_len) ? "--ropeconfig " : " --ropeconfig ", scale);
    export_add_number(w, " ", w->rope.base);
    return ROPELAW_OK;
}

static ropelaw_status axolotl(export_writer *w) {
    json_value object = {.kind = JSON_OBJECT};
    const char *why = beyond_top_level(w);
    if (why) return export_cannot(w, "Axolotl", "%s", why);
    if (!export_put_old(w, &object)) w->nomem = true;
    export_add(w, "overrides_of_model_config:\n");
    export_add_yaml(w, &object, 1);
    json_value_clear(&object);
    return finish(w, "sequence_len: ", w->target_len);
}

static bool method_in(const export_writer *w, const char *a, const char *b, const char *c, const char *d) {
    return export_is(w, a) || export_is(w, b) || export_is(w, c) || export_is(w, d);
}

static ropelaw_status llamafactory(export_writer *w) {
    if (w->base_changed)
        return export_cannot(w, "LLaMA-Factory",
                             "it has no option for the base (issue 9524): edit config.json");
    bool known = method_in(w, "linear", "dynamic", "yarn", "llama3");
    if (!known && !export_is(w, "default"))
        return export_cannot(w, "LLaMA-Factory", "rope_scaling takes linear, dynamic, yarn or llama3");
    if (known)
        export_add(w,
                   "rope_scaling: %s   # factor = ceil(cutoff_len / max_position_embeddings), chosen by "
                   "LLaMA-Factory\n",
                   w->rope.method);
    return finish(w, "cutoff_len: ", w->target_len);
}

static ropelaw_status tgi(export_writer *w) {
    if (!export_is(w, "linear") && !export_is(w, "dynamic"))
        return export_cannot(w, "TGI", "--rope-scaling takes linear or dynamic");
    if (w->base_changed) return export_cannot(w, "TGI", "it has no flag for the base");
    export_add(w, "--rope-scaling %s", w->rope.method);
    export_add_number(w, " --rope-factor ", w->rope.factor);
    return finish(w, " --max-total-tokens ", w->target_len);
}

static ropelaw_status ms_swift(export_writer *w) {
    json_value object = {.kind = JSON_OBJECT};
    if (w->base_changed)
        return export_cannot(w, "ms-swift", "--rope_scaling holds no base: edit config.json");
    if (export_is(w, "default")) return export_cannot(w, "ms-swift", "there is no scaling to set");
    if (export_is_per_kind(w) && w->kinds_differ)
        return export_cannot(w, "ms-swift",
                             "the file has one rotary object per kind of layers: edit config.json");
    if (!export_put_rope(w, &w->rope, &object)) w->nomem = true;
    export_add(w, "--rope_scaling '");
    export_add_json(w, &object, 0);
    export_add(w, "'");
    json_value_clear(&object);
    return finish(w, " --max_model_len ", w->target_len);
}

/* A merge patch (RFC 7396) in the style of the file. */
static ropelaw_status hf_patch(export_writer *w) {
    json_value object = {.kind = JSON_OBJECT};
    const json_value *config = w->model->source ? w->model->source->config : NULL;
    bool new_style = json_get_set(config, "rope_parameters") && !json_get_set(config, "rope_scaling");
    bool fine = new_style ? export_put_new(w, false, &object) : export_put_old(w, &object);
    json_value *inner =
        fine && object.n && !strcmp(object.items[0].key, "text_config") ? &object.items[0] : &object;
    if (!isnan(w->target_len))
        fine = fine && json_set_number(inner, "max_position_embeddings", w->target_len);
    if (fine)
        export_add_json(w, &object, 2);
    else
        w->nomem = true;
    json_value_clear(&object);
    return ROPELAW_OK;
}

const export_engine export_engines[] = {
    {{"vllm", "vLLM flags", "docs.vllm.ai, features/context_extension"},                      vllm        },
    {{"vllm-old", "vLLM flags up to 0.10", "docs of vLLM 0.6 to 0.10"},                       vllm_old    },
    {{"sglang", "SGLang flags", "github.com/sgl-project/sglang/issues/6030"},                 sglang      },
    {{"llamacpp", "llama.cpp flags", "llama.cpp common/arg.cpp"},                             llamacpp    },
    {{"koboldcpp", "koboldcpp flags", "koboldcpp --help (--ropeconfig)"},                     koboldcpp   },
    {{"axolotl", "Axolotl YAML", "axolotl docs (overrides_of_model_config)"},                 axolotl     },
    {{"llamafactory", "LLaMA-Factory YAML", "LLaMA-Factory src/llamafactory/hparams"},        llamafactory},
    {{"tgi", "text-generation-inference flags", "text-generation-inference launcher --help"}, tgi         },
    {{"ms-swift", "ms-swift flags", "ms-swift docs, command line parameters"},                ms_swift    },
    {{"hf-patch", "JSON merge patch for config.json", "RFC 7396"},                            hf_patch    },
};
const size_t export_n_engines = CORE_COUNT(export_engines);
