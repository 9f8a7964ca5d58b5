/* The dimensions of one kind of layers: the head, the fraction that rotates, and the rotary dimension. */
#include "model/hf_rope.h"
#include <ropelaw/number.h>
#include <stdio.h>
#include <string.h>

ropelaw_status hf_head_dim_of(model_builder *b, ropelaw_layer_kind *kind) {
    static const char *const global[] = {"global_head_dim",    "head_dim", "kv_channels",
                                         "attention_head_dim", "d_head",   NULL};
    const char *const *names = hf_slides(kind) ? global + 1 : global;
    ropelaw_model *m = b->model;
    model_place place;
    char text[96];
    ropelaw_status status = model_count(b, b->config, names, &kind->rope.head_dim, &place);
    if (status) return status;
    if (!isnan(m->qk_rope_head_dim)) {
        if (!isnan(m->qk_nope_head_dim)) {
            kind->rope.head_dim = m->qk_nope_head_dim + m->qk_rope_head_dim;
            place = (model_place){ROPELAW_ORIGIN_DERIVED, "qk_nope_head_dim + qk_rope_head_dim", 0};
        } else if (isnan(kind->rope.head_dim))
            return ROPELAW_OK;
    } else if (isnan(kind->rope.head_dim) && b->type->head_dim > 0) {
        kind->rope.head_dim = b->type->head_dim;
        place = (model_place){ROPELAW_ORIGIN_DEFAULT, b->type->source, 0};
    } else if (isnan(kind->rope.head_dim)) {
        kind->rope.head_dim = floor(m->hidden_size / m->n_heads); /* NAN if either is unknown */
        snprintf(text, sizeof text, "hidden_size / num_attention_heads");
        place = (model_place){ROPELAW_ORIGIN_DERIVED, text, 0};
    }
    model_fact_number(b, kind->name, "head_dim", kind->rope.head_dim, place);
    return ROPELAW_OK;
}

static ropelaw_status partial_of(const hf_rope_view *v, ropelaw_layer_kind *kind) {
    static const char *const inner[] = {"partial_rotary_factor", NULL};
    static const char *const names[] = {"partial_rotary_factor", "rotary_pct",     "rope_pct", "rope_percent",
                                        "rotary_emb_fraction",   "rotary_percent", NULL};
    model_builder *b = v->b;
    ropelaw_rope_settings *r = &kind->rope;
    model_place place;
    ropelaw_status status = hf_take(v, inner, "partial", &r->partial);
    if (status || !isnan(r->partial)) return status;
    status = hf_top_number(b, names, "fraction-contradiction", &r->partial, &place);
    if (status) return status;
    if (isnan(r->partial) && b->type->partial > 0) {
        r->partial = b->type->partial;
        place = (model_place){ROPELAW_ORIGIN_DEFAULT, b->type->source, 0};
    }
    if (!isnan(r->partial)) model_fact_number(b, kind->name, "partial", r->partial, place);
    return ROPELAW_OK;
}

static ropelaw_status check_rotary(model_builder *b, const ropelaw_layer_kind *kind) {
    const ropelaw_rope_settings *r = &kind->rope;
    char text[ROPELAW_NUMBER_SIZE];
    if (!isnan(r->partial) && !(r->partial > 0 && r->partial <= 1)) {
        (void)core_fail_number(b->error, ROPELAW_DOMAIN, "partial_rotary_factor", r->partial, "in (0, 1]");
        return ROPELAW_DOMAIN;
    }
    if (!isnan(r->rotary_dim) && fmod(r->rotary_dim, 2) != 0)
        model_note(b, ROPELAW_NOTE_ERROR, "odd-rotary-dim", "", 0,
                   "rotary_dim comes out as %s: pairs need an even number; engines round differently here",
                   model_num(r->rotary_dim, text));
    return ROPELAW_OK;
}

ropelaw_status hf_rotary_dim_of(const hf_rope_view *v, ropelaw_layer_kind *kind) {
    static const char *const names[] = {"rotary_dim", "rotary_ndims", NULL};
    ropelaw_rope_settings *r = &kind->rope;
    ropelaw_model *m = v->b->model;
    model_place place;
    ropelaw_status status = partial_of(v, kind);
    if (!status) status = model_count(v->b, v->b->config, names, &r->rotary_dim, &place);
    if (status) return status;
    if (!isnan(m->qk_rope_head_dim)) {
        r->rotary_dim = m->qk_rope_head_dim;
        place = (model_place){ROPELAW_ORIGIN_DERIVED, "qk_rope_head_dim (MLA)", 0};
    } else if (isnan(r->rotary_dim) && !isnan(r->partial) && strcmp(r->method, "proportional") != 0) {
        r->rotary_dim = floor(r->head_dim * r->partial); /* int(), as every engine but TransformerLens */
        place = (model_place){ROPELAW_ORIGIN_DERIVED, "int(head_dim * partial)", 0};
    } else if (isnan(r->rotary_dim)) {
        r->rotary_dim = r->head_dim;
        place = (model_place){ROPELAW_ORIGIN_DERIVED, "head_dim", 0};
    }
    model_fact_number(v->b, kind->name, "rotary_dim", r->rotary_dim, place);
    return check_rotary(v->b, kind);
}
