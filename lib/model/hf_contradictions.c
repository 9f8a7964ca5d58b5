/* One value given in two places: both are named, with the one that wins and why. The bases and lengths of the top level
   are compared where they are read (hf_rope.c, hf_length.c); here are the others. */
#include "model/internal.h"
#include <ropelaw/number.h>
#include <stdio.h>
#include <string.h>

/* A member that is a number, and how it is called in a note. */
typedef struct {
    const char *name;
    double value; /* NAN: not there, or no number */
    size_t line;
} place;

static place number_at(const json_value *object, const char *key, const char *name) {
    const json_value *v = json_get_set(object, key);
    place p = {name, NAN, 0};
    if (v && v->kind == JSON_NUMBER && isfinite(v->number)) p = (place){name, v->number, v->line};
    return p;
}

static void compare(model_builder *b, place winner, place other, const char *why) {
    char x[ROPELAW_NUMBER_SIZE], y[ROPELAW_NUMBER_SIZE];
    if (isnan(winner.value) || isnan(other.value) || winner.value == other.value) return;
    model_note(b, ROPELAW_NOTE_WARNING, "two-values", other.name, other.line,
               "%s is %s and %s is %s: %s wins, %s", winner.name, model_num(winner.value, x), other.name,
               model_num(other.value, y), winner.name, why);
}

/* Names of one size: the first that is there wins, as in the order of the readers. */
static void aliases(model_builder *b, const char *const *names) {
    place winner = {NULL, NAN, 0};
    for (; *names; names++) {
        place p = number_at(b->config, *names, *names);
        if (isnan(winner.value))
            winner = p;
        else
            compare(b, winner, p, "it is the name that transformers reads");
    }
}

static void sizes(model_builder *b) {
    static const char *const layers[] = {"num_hidden_layers", "n_layer", "n_layers", "num_layers", NULL};
    static const char *const hidden[] = {"hidden_size", "n_embd", "d_model", NULL};
    static const char *const heads[] = {"num_attention_heads", "n_head", "n_heads", "num_heads", NULL};
    static const char *const head_dim[] = {"head_dim", "kv_channels", "attention_head_dim", "d_head", NULL};
    static const char *const interval[] = {"no_rope_layer_interval", "nope_layer_interval", NULL};
    aliases(b, layers);
    aliases(b, hidden);
    aliases(b, heads);
    aliases(b, head_dim);
    aliases(b, interval);
}

/* What stands beside the language model's own part of a multimodal file. */
static void outside(model_builder *b) {
    static const char *const keys[] = {"rope_theta", "head_dim", "max_position_embeddings",
                                       "partial_rotary_factor"};
    for (size_t i = 0; b->config != b->root && i < CORE_COUNT(keys); i++) {
        char inner[160];
        snprintf(inner, sizeof inner, "%s%s", b->model->source->prefix, keys[i]);
        compare(b, number_at(b->config, keys[i], inner), number_at(b->root, keys[i], keys[i]),
                "the language model reads its own part of the file");
    }
}

static void base(model_builder *b) {
    const json_value *attention = json_get_set(b->config, "attn_config");
    place theta = number_at(b->config, "rope_theta", "rope_theta"),
          ratio = number_at(b->config, "rope_ratio", "10000 * rope_ratio");
    ratio.value *= 10000;
    compare(b, theta, number_at(attention, "rope_theta", "attn_config.rope_theta"),
            "loaders take the top level before the nested one");
    compare(b, theta, ratio, "rope_ratio stands for a base only where there is no rope_theta");
}

/* What the rotary object of a kind says against the top level, and dimensions against their fraction. */
static void rotary(model_builder *b, const ropelaw_layer_kind *kind) {
    const char *path;
    bool null_kind;
    char name[160];
    const json_value *object = model_hf_rope_object(b, kind, &path, &null_kind);
    const ropelaw_rope_settings *r = &kind->rope;
    place condensed = number_at(b->config, "rope_condense_ratio", "rope_condense_ratio");
    snprintf(name, sizeof name, "%s.partial_rotary_factor", path);
    compare(b, number_at(object, "partial_rotary_factor", name),
            number_at(b->config, "partial_rotary_factor", "partial_rotary_factor"),
            "the rotary object is read before the top level");
    if (strcmp(r->method, "default") != 0 && !isnan(condensed.value) && condensed.value != 1)
        compare(b, (place){"factor of rope_scaling", r->factor, 0}, condensed,
                "rope_condense_ratio is read only by loaders that know no rope_scaling");
    place dims = number_at(b->config, "rotary_dim", "rotary_dim"),
          part = {"head_dim times its rotating fraction", floor(r->head_dim * r->partial), dims.line};
    if (isnan(b->model->qk_rope_head_dim)) compare(b, dims, part, "the number is taken before the fraction");
}

void model_hf_contradictions(model_builder *b) {
    sizes(b);
    outside(b);
    base(b);
    for (size_t i = 0; i < b->model->n_kinds; i++)
        if (b->model->kinds[i].rotates) rotary(b, &b->model->kinds[i]);
}
