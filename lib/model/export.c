/* Settings for engines. Each engine is one entry: its syntax, and what it cannot say. */
#include "model/internal.h"
#include <ropelaw/export.h>
#include <ropelaw/number.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const ropelaw_export_options ropelaw_export_options_default = {
    .method = NULL, .base = NAN, .factor = NAN, .target_len_tok = NAN};

typedef struct {
    const ropelaw_model *model;
    ropelaw_rope_settings rope; /* as wanted; its arrays belong to the model */
    double target_len, train_len;
    bool base_changed;
    char *text;
    size_t n;
    bool nomem;
    ropelaw_error *error;
} writer;

static void add(writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(writer *w, const char *format, ...) {
    char *piece = NULL;
    va_list list;
    va_start(list, format);
    int n = vasprintf(&piece, format, list);
    va_end(list);
    char *more = n < 0 ? NULL : core_realloc(w->text, w->n + (size_t)n + 1, 1);
    if (more) {
        memcpy(more + w->n, piece, (size_t)n + 1);
        w->text = more;
        w->n += (size_t)n;
    } else
        w->nomem = true;
    if (n >= 0) free(piece);
}

static void add_number(writer *w, const char *before, double value) {
    char text[ROPELAW_NUMBER_SIZE];
    add(w, "%s%s", before, model_num(value, text));
}

static ropelaw_status cannot(const writer *w, const char *engine, const char *why) {
    return core_fail(w->error, ROPELAW_UNSUPPORTED, "method", w->rope.method, "", "%s cannot say this: %s",
                     engine, why);
}

static bool is(const writer *w, const char *method) {
    return !strcmp(w->rope.method, method);
}

static bool put(json_value *object, const char *key, double value) {
    return isnan(value) || json_set_number(object, key, value);
}

/* A factor as a real number (4.0): transformers 4 warned about integers. */
static bool put_real(json_value *object, const char *key, double value) {
    char text[ROPELAW_NUMBER_SIZE], real[ROPELAW_NUMBER_SIZE + 2];
    if (isnan(value)) return true;
    json_value *item = json_set_number(object, key, value);
    if (!item) return false;
    if (strpbrk(model_num(value, text), ".e")) return true;
    snprintf(real, sizeof real, "%s.0", text);
    char *copy = core_strdup(real);
    if (!copy) return false;
    core_free(item->text);
    item->text = copy;
    return true;
}

static bool put_list(json_value *object, const char *key, const double *values, size_t n) {
    json_value *list = n ? json_set(object, key) : NULL;
    if (!n) return true;
    if (!list) return false;
    list->kind = JSON_ARRAY;
    for (size_t i = 0; i < n; i++) {
        char text[ROPELAW_NUMBER_SIZE];
        json_value *item = json_append(list);
        if (!item || !(item->text = core_strdup(model_num(values[i], text)))) return false;
        item->kind = JSON_NUMBER;
        item->number = values[i];
    }
    return true;
}

/* The rotary object of Hugging Face, without the base. */
static bool put_rope(const writer *w, json_value *object) {
    const ropelaw_rope_settings *r = &w->rope;
    bool fine = json_set_string(object, "rope_type", r->method) != NULL;
    fine = fine && put_real(object, "factor", r->factor);
    if (!is(w, "default") && !is(w, "linear") && !is(w, "dynamic"))
        fine = fine && put(object, "original_max_position_embeddings",
                           isnan(r->original_len_tok) ? w->train_len : r->original_len_tok);
    fine = fine && put_real(object, "low_freq_factor", r->low_freq_factor) &&
           put_real(object, "high_freq_factor", r->high_freq_factor);
    fine = fine && put_real(object, "beta_fast", r->beta_fast) && put_real(object, "beta_slow", r->beta_slow);
    fine = fine && put_real(object, "mscale", r->mscale) &&
           put_real(object, "mscale_all_dim", r->mscale_all_dim);
    fine = fine && put_real(object, "attention_factor", r->attention_factor);
    if (!r->truncate) fine = fine && json_set_bool(object, "truncate", false);
    return fine && put_list(object, "short_factor", r->short_factor, r->n_short) &&
           put_list(object, "long_factor", r->long_factor, r->n_long);
}

/* {"rope_parameters": {...}} or {"rope_theta": .., "rope_scaling": {...}}, inside text_config where the model has it. */
static bool put_override(const writer *w, json_value *object, bool new_style) {
    const char *prefix = w->model->source ? w->model->source->prefix : "";
    if (!strcmp(prefix, "text_config.")) object = json_set_object(object, "text_config");
    if (!object) return false;
    if (new_style) {
        json_value *inner = json_set_object(object, "rope_parameters");
        return inner && put_rope(w, inner) && json_set_number(inner, "rope_theta", w->rope.base) &&
               put(inner, "partial_rotary_factor", w->rope.partial);
    }
    if (!json_set_number(object, "rope_theta", w->rope.base)) return false;
    if (is(w, "default")) return json_set(object, "rope_scaling") != NULL;
    json_value *inner = json_set_object(object, "rope_scaling");
    return inner && put_rope(w, inner);
}

static void add_json(writer *w, const json_value *object, int indent) {
    char *text;
    if (json_write(object, indent, false, &text, NULL)) {
        w->nomem = true;
        return;
    }
    add(w, "%s", text);
    core_free(text);
}

static void add_override(writer *w, bool new_style) {
    json_value object = {.kind = JSON_OBJECT};
    if (put_override(w, &object, new_style))
        add_json(w, &object, 0);
    else
        w->nomem = true;
    json_value_clear(&object);
}

static ropelaw_status vllm(writer *w) {
    add(w, "--hf-overrides '");
    add_override(w, true);
    add(w, "'");
    if (!isnan(w->target_len)) add_number(w, " --max-model-len ", w->target_len);
    return ROPELAW_OK;
}

static ropelaw_status vllm_old(writer *w) {
    json_value object = {.kind = JSON_OBJECT};
    if (!is(w, "default")) {
        if (!put_rope(w, &object)) w->nomem = true;
        add(w, "--rope-scaling '");
        add_json(w, &object, 0);
        add(w, "' ");
    }
    json_value_clear(&object);
    add_number(w, "--rope-theta ", w->rope.base);
    if (!isnan(w->target_len)) add_number(w, " --max-model-len ", w->target_len);
    return ROPELAW_OK;
}

static ropelaw_status sglang(writer *w) {
    add(w, "--json-model-override-args '");
    add_override(w, false);
    add(w, "'");
    if (!isnan(w->target_len)) add_number(w, " --context-length ", w->target_len);
    return ROPELAW_OK;
}

static ropelaw_status llamacpp(writer *w) {
    if (is(w, "dynamic") || is(w, "ntk") || is(w, "proportional"))
        return cannot(w, "llama.cpp",
                      "it knows none, linear and yarn; llama3 and longrope are in the GGUF's tensors");
    if (!isnan(w->target_len))
        add_number(w, "-c ", w->target_len);
    else
        add(w, "-c 0");
    if (is(w, "llama3") || is(w, "longrope")) {
        add(w, "   # %s is in the tensors of the GGUF: nothing else to set", w->rope.method);
        return ROPELAW_OK;
    }
    add(w, " --rope-scaling %s", is(w, "default") ? "none" : w->rope.method);
    if (!isnan(w->rope.factor) && !is(w, "default")) add_number(w, " --rope-scale ", w->rope.factor);
    add_number(w, " --rope-freq-base ", w->rope.base);
    if (!is(w, "yarn")) return ROPELAW_OK;
    if (!isnan(w->train_len)) add_number(w, " --yarn-orig-ctx ", w->train_len);
    if (!isnan(w->rope.beta_fast)) add_number(w, " --yarn-beta-fast ", w->rope.beta_fast);
    if (!isnan(w->rope.beta_slow)) add_number(w, " --yarn-beta-slow ", w->rope.beta_slow);
    return ROPELAW_OK;
}

static ropelaw_status koboldcpp(writer *w) {
    if (!is(w, "default") && !is(w, "linear"))
        return cannot(w, "koboldcpp", "--ropeconfig takes a linear scale and a base only");
    double scale = is(w, "linear") ? 1 / w->rope.factor : 1;
    if (!isnan(w->target_len)) add_number(w, "--contextsize ", w->target_len);
    add_number(w, isnan(w->target_len) ? "--ropeconfig " : " --ropeconfig ", scale);
    add_number(w, " ", w->rope.base);
    return ROPELAW_OK;
}

/* A JSON object as YAML, two blanks a level; lists in one line. */
static void add_yaml(writer *w, const json_value *object, int depth) {
    for (size_t i = 0; i < object->n; i++) {
        const json_value *item = &object->items[i];
        add(w, "%*s%s:", 2 * depth, "", item->key);
        if (item->kind == JSON_OBJECT) {
            add(w, "\n");
            add_yaml(w, item, depth + 1);
            continue;
        }
        add(w, " ");
        if (item->kind == JSON_STRING)
            add(w, "%s", item->text);
        else
            add_json(w, item, 0);
        add(w, "\n");
    }
}

static ropelaw_status axolotl(writer *w) {
    json_value object = {.kind = JSON_OBJECT};
    if (!put_override(w, &object, false)) w->nomem = true;
    add(w, "overrides_of_model_config:\n");
    add_yaml(w, &object, 1);
    if (!isnan(w->target_len)) add_number(w, "sequence_len: ", w->target_len);
    json_value_clear(&object);
    return ROPELAW_OK;
}

static ropelaw_status llamafactory(writer *w) {
    if (w->base_changed)
        return cannot(w, "LLaMA-Factory", "it has no option for the base (issue 9524): edit config.json");
    bool known = is(w, "linear") || is(w, "dynamic") || is(w, "yarn") || is(w, "llama3");
    if (!known && !is(w, "default"))
        return cannot(w, "LLaMA-Factory", "rope_scaling takes linear, dynamic, yarn or llama3");
    if (known)
        add(w,
            "rope_scaling: %s   # factor = ceil(cutoff_len / max_position_embeddings), chosen by "
            "LLaMA-Factory\n",
            w->rope.method);
    if (!isnan(w->target_len)) add_number(w, "cutoff_len: ", w->target_len);
    return ROPELAW_OK;
}

static ropelaw_status tgi(writer *w) {
    if (!is(w, "linear") && !is(w, "dynamic"))
        return cannot(w, "TGI", "--rope-scaling takes linear or dynamic");
    if (w->base_changed) return cannot(w, "TGI", "it has no flag for the base");
    add(w, "--rope-scaling %s", w->rope.method);
    add_number(w, " --rope-factor ", w->rope.factor);
    if (!isnan(w->target_len)) add_number(w, " --max-total-tokens ", w->target_len);
    return ROPELAW_OK;
}

static ropelaw_status ms_swift(writer *w) {
    json_value object = {.kind = JSON_OBJECT};
    if (w->base_changed) return cannot(w, "ms-swift", "--rope_scaling holds no base: edit config.json");
    if (is(w, "default")) return cannot(w, "ms-swift", "there is no scaling to set");
    if (!put_rope(w, &object)) w->nomem = true;
    add(w, "--rope_scaling '");
    add_json(w, &object, 0);
    add(w, "'");
    json_value_clear(&object);
    if (!isnan(w->target_len)) add_number(w, " --max_model_len ", w->target_len);
    return ROPELAW_OK;
}

/* A merge patch (RFC 7396) in the style of the file. */
static ropelaw_status hf_patch(writer *w) {
    json_value object = {.kind = JSON_OBJECT};
    const json_value *config = w->model->source ? w->model->source->config : NULL;
    bool new_style = json_get_set(config, "rope_parameters") && !json_get_set(config, "rope_scaling");
    bool fine = put_override(w, &object, new_style);
    json_value *inner =
        fine && object.n && !strcmp(object.items[0].key, "text_config") ? &object.items[0] : &object;
    if (!isnan(w->target_len))
        fine = fine && json_set_number(inner, "max_position_embeddings", w->target_len);
    if (fine)
        add_json(w, &object, 2);
    else
        w->nomem = true;
    json_value_clear(&object);
    return ROPELAW_OK;
}

typedef struct {
    ropelaw_engine_format format;
    ropelaw_status (*write)(writer *w);
} engine;

static const engine engines[] = {
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

size_t ropelaw_export_count(void) {
    return CORE_COUNT(engines);
}

const ropelaw_engine_format *ropelaw_export_at(size_t n) {
    return n < CORE_COUNT(engines) ? &engines[n].format : NULL;
}

/* The settings wanted: the model's, changed by the options. A new method starts from nothing but its factor. */
static ropelaw_status settle(writer *w, const ropelaw_layer_kind *kind, const ropelaw_export_options *o) {
    ropelaw_rope_settings *r = &w->rope;
    *r = kind->rope;
    w->train_len = w->model->train_len_tok;
    w->target_len = isnan(o->target_len_tok) ? w->model->declared_len_tok : o->target_len_tok;
    if (o->method && strcmp(o->method, r->method) != 0) {
        double base = r->base, partial = r->partial;
        model_rope_init(r);
        r->base = base;
        r->partial = partial;
        snprintf(r->method, sizeof r->method, "%.31s", o->method);
        if (strcmp(o->method, "default") != 0) {
            r->factor = isnan(o->factor) ? w->target_len / w->train_len : o->factor;
            r->original_len_tok = w->train_len;
        }
        if (!strcmp(o->method, "llama3")) r->low_freq_factor = 1, r->high_freq_factor = 4;
        if (!strcmp(o->method, "longrope"))
            return cannot(w, "export", "longrope needs factors that only a file brings");
    } else if (!isnan(o->factor))
        r->factor = o->factor;
    if (!isnan(o->base)) {
        w->base_changed = o->base != r->base;
        r->base = o->base;
    }
    bool scaled = strcmp(r->method, "default") != 0 && strcmp(r->method, "longrope") != 0 &&
                  strcmp(r->method, "proportional") != 0;
    if (scaled && !(r->factor >= 1))
        return core_fail_number(w->error, ROPELAW_DOMAIN, "factor", r->factor,
                                ">= 1 (give the factor, or a target length "
                                "for a model with a training length)");
    return ROPELAW_OK;
}

ropelaw_status ropelaw_export_write(const ropelaw_model *model, const ropelaw_export_options *options,
                                    const char *name, char **text, ropelaw_error *error) {
    writer w = {.model = model, .error = error};
    const engine *found = NULL;
    for (size_t i = 0; i < CORE_COUNT(engines); i++)
        if (!strcmp(engines[i].format.name, name)) found = &engines[i];
    if (!found)
        return core_fail(error, ROPELAW_INVALID, "to", name, "", "\"%.40s\" is no engine that ropelaw knows",
                         name);
    const ropelaw_layer_kind *kind = ropelaw_model_kind(model);
    if (!kind)
        return core_fail(error, ROPELAW_UNSUPPORTED, "model", "", "", "this model does not rotate positions: %s",
                         model->positions);
    ropelaw_status status = settle(&w, kind, options ? options : &ropelaw_export_options_default);
    if (!status) status = found->write(&w);
    if (!status && w.n && w.text[w.n - 1] != '\n') add(&w, "\n");
    if (!status && (w.nomem || !w.text)) status = core_fail_memory(error, w.n + 1, 1);
    if (status)
        core_free(w.text);
    else
        *text = w.text;
    return status;
}
