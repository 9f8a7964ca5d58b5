/* A preset in the shape of a model file, so that one inspection serves both. */
#include "model/internal.h"
#include "model/preset.h"
#include <ropelaw/number.h>
#include <stdio.h>
#include <string.h>

static void number(model_builder *b, const char *layers, const char *name, double value,
                   const ropelaw_preset *p) {
    model_fact_number(b, layers, name, value, (model_place){ROPELAW_ORIGIN_FILE, p->source, 0});
}

static void settings(model_builder *b, ropelaw_layer_kind *kind, const ropelaw_preset *p) {
    ropelaw_rope_settings *r = &kind->rope;
    snprintf(r->method, sizeof r->method, "%.31s", p->method[0] ? p->method : "default");
    snprintf(r->written, sizeof r->written, "%.31s", p->method);
    r->base = p->base;
    r->head_dim = p->head_dim;
    r->rotary_dim = p->rotary_dim;
    r->factor = p->factor;
    const struct {
        const char *key, *fact;
        double *to;
    } parameters[] = {
        {"original_max_position_embeddings", "original_len",          &r->original_len_tok},
        {"low_freq_factor",                  "low_freq_factor",       &r->low_freq_factor },
        {"high_freq_factor",                 "high_freq_factor",      &r->high_freq_factor},
        {"beta_fast",                        "beta_fast",             &r->beta_fast       },
        {"beta_slow",                        "beta_slow",             &r->beta_slow       },
        {"mscale",                           "mscale",                &r->mscale          },
        {"mscale_all_dim",                   "mscale_all_dim",        &r->mscale_all_dim  },
        {"attention_factor",                 "attention_factor",      &r->attention_factor},
        {"partial_rotary_factor",            "partial_rotary_factor", &r->partial         },
    };
    if (strstr(p->parameters, "truncate=false")) r->truncate = 0;
    model_fact(b, kind->name, "method", r->method, (model_place){ROPELAW_ORIGIN_FILE, p->source, 0});
    number(b, kind->name, "base", r->base, p);
    number(b, kind->name, "head_dim", r->head_dim, p);
    number(b, kind->name, "rotary_dim", r->rotary_dim, p);
    number(b, kind->name, "factor", r->factor, p);
    for (size_t i = 0; i < CORE_COUNT(parameters); i++) {
        *parameters[i].to = model_preset_parameter(p, parameters[i].key);
        number(b, kind->name, parameters[i].fact, *parameters[i].to, p);
    }
}

/* Layers with a window beside (or instead of) full attention. The table does not count layers. */
static void local_layers(model_builder *b, const ropelaw_preset *p) {
    if (isnan(p->base_local)) return;
    ropelaw_layer_kind *kind = model_kind_add(b, "sliding_attention");
    if (!kind) return;
    kind->attention = ROPELAW_ATTENTION_SLIDING;
    kind->window_tok = p->window_tok;
    kind->rope.base = p->base_local;
    kind->rope.head_dim = p->head_dim;
    kind->rope.rotary_dim = p->rotary_dim;
    number(b, kind->name, "base", p->base_local, p);
    number(b, kind->name, "window_tok", p->window_tok, p);
}

static void notes(model_builder *b, const ropelaw_preset *p) {
    if (p->notes[0]) model_note(b, ROPELAW_NOTE_INFO, "preset-notes", "", 0, "%s", p->notes);
    if (p->source_2[0]) model_note(b, ROPELAW_NOTE_INFO, "other-sources", "", 0, "also: %s", p->source_2);
    if (isnan(p->base_local) && p->window_tok > 0) {
        char text[ROPELAW_NUMBER_SIZE];
        model_note(b, ROPELAW_NOTE_INFO, "preset-window", "", 0, "some or all layers attend within %s tokens",
                   model_num(p->window_tok, text));
    }
}

ropelaw_status ropelaw_model_from_preset(const ropelaw_preset *preset, ropelaw_model *model,
                                         ropelaw_error *error) {
    ropelaw_model made;
    model_builder b;
    model_start(&b, &made, preset->name, error);
    snprintf(made.format, sizeof made.format, "preset");
    snprintf(made.name, sizeof made.name, "%s", preset->name);
    snprintf(made.architecture, sizeof made.architecture, "%s", preset->architecture);
    model_fact(&b, "", "architecture", preset->architecture,
               (model_place){ROPELAW_ORIGIN_FILE, preset->source, 0});
    ropelaw_layer_kind *kind = model_kind_add(&b, "full_attention");
    if (kind) settings(&b, kind, preset);
    local_layers(&b, preset);
    made.train_len_tok = preset->train_len_tok;
    made.declared_len_tok = preset->declared_len_tok;
    number(&b, "", "train_len", preset->train_len_tok, preset);
    number(&b, "", "declared_len", preset->declared_len_tok, preset);
    number(&b, "", "pretrain_base", preset->pretrain_base, preset);
    number(&b, "", "tune_base", preset->tune_base, preset);
    number(&b, "", "tune_len", preset->tune_len_tok, preset);
    number(&b, "", "max_position_embeddings", preset->max_position_embeddings, preset);
    if (isnan(preset->base_local)) number(&b, "", "window_tok", preset->window_tok, preset);
    notes(&b, preset);
    if (b.nomem) {
        ropelaw_model_clear(&made);
        return core_fail_memory(error, 1, sizeof(ropelaw_fact));
    }
    model_finish(&b);
    *model = made;
    return ROPELAW_OK;
}
