/* The length before scaling (train_len) and the length that the file promises (declared_len).
   max_position_embeddings means different things: before scaling (dynamic, Qwen's opt-in YaRN), after it
   (llama3, DeepSeek), neither (Yarn-Mistral, Command-R), so each case says how it was decided. */
#include "model/internal.h"
#include <ropelaw/number.h>
#include <stdio.h>
#include <string.h>

static const char *const length_keys[] = {
    "max_position_embeddings", "n_positions", "n_ctx",          "seq_length", "max_sequence_length",
    "model_max_length",        "max_seq_len", "max_seq_length", "seq_len",    NULL};

typedef struct {
    double declared_by_key; /* the winner among the keys; NAN */
    double largest;         /* of all length keys; NAN */
    char key[64];
    model_place place;
} lengths;

static ropelaw_status find_lengths(model_builder *b, lengths *l) {
    ropelaw_status status = model_count(b, b->config, length_keys, &l->declared_by_key, &l->place);
    if (status) return status;
    l->largest = l->declared_by_key;
    snprintf(l->key, sizeof l->key, "%s", l->place.from);
    for (const char *const *name = length_keys; *name; name++) {
        const json_value *other = json_get_set(b->config, *name);
        char x[ROPELAW_NUMBER_SIZE], y[ROPELAW_NUMBER_SIZE];
        if (!other || other->kind != JSON_NUMBER || other->number == l->declared_by_key ||
            !(other->number >= 1))
            continue;
        model_note(b, ROPELAW_NOTE_WARNING, "length-contradiction", *name, other->line,
                   "%s is %s and %s is %s: transformers reads %s; vLLM takes the smaller one (Command-R: the "
                   "larger)",
                   l->key, model_num(l->declared_by_key, x), *name, model_num(other->number, y), l->key);
        if (other->number > l->largest) l->largest = other->number;
    }
    if (!isnan(l->declared_by_key)) return ROPELAW_OK;
    if (b->type->max_len > 0) {
        l->declared_by_key = l->largest = b->type->max_len;
        l->place = (model_place){ROPELAW_ORIGIN_DEFAULT, b->type->source, 0};
    }
    return ROPELAW_OK;
}

/* Phi-3 and its kin keep the original length at the top level; it wins over the one inside. */
static ropelaw_status original_at_top(model_builder *b, ropelaw_rope_settings *r, const char *layers) {
    static const char *const names[] = {"original_max_position_embeddings", NULL};
    double top;
    model_place place;
    char x[ROPELAW_NUMBER_SIZE], y[ROPELAW_NUMBER_SIZE];
    ropelaw_status status = model_count(b, b->config, names, &top, &place);
    if (status || isnan(top) || top == r->original_len_tok) return status;
    if (!isnan(r->original_len_tok))
        model_note(
            b, ROPELAW_NOTE_WARNING, "original-contradiction", place.from, place.line,
            "original_max_position_embeddings is %s at the top and %s inside: transformers takes the top one",
            model_num(top, x), model_num(r->original_len_tok, y));
    r->original_len_tok = top;
    model_fact_number(b, layers, "original_len", top, place);
    return ROPELAW_OK;
}

static void derived(model_builder *b, const char *fact, double *to, double value, const char *how) {
    *to = value;
    model_fact_number(b, "", fact, value, (model_place){ROPELAW_ORIGIN_DERIVED, how, 0});
}

/* No scaling: the promise is the training length. */
static void plain_lengths(model_builder *b, const lengths *l) {
    b->model->train_len_tok = b->model->declared_len_tok = l->declared_by_key;
    model_fact_number(b, "", "train_len", l->declared_by_key, l->place);
    model_fact_number(b, "", "declared_len", l->declared_by_key, l->place);
}

/* Models whose factor is not the ratio of their lengths, as their makers say. Gemma 3: trained on 32768 tokens, scaled
   by 8 for 131072. */
static const char *const known_from =
    "Gemma 3 Technical Report (arXiv:2503.19786), section 2: trained on 32768 tokens, then scaled to 131072";

static double known_train_len(const ropelaw_model *m, const lengths *l, double factor) {
    bool gemma3 = !strncmp(m->architecture, "gemma3", 6);
    return gemma3 && factor == 8 && l->declared_by_key == 131072 ? 32768 : NAN;
}

static void linear_lengths(model_builder *b, const lengths *l, double factor) {
    ropelaw_model *m = b->model;
    if (l->largest == l->declared_by_key * factor) {
        m->train_len_tok = l->declared_by_key;
        model_fact_number(b, "", "train_len", m->train_len_tok, l->place);
        derived(b, "declared_len", &m->declared_len_tok, l->largest,
                "the larger length key, factor times the other");
        return;
    }
    double known = known_train_len(m, l, factor);
    if (known > 0) {
        m->train_len_tok = known;
        m->declared_len_tok = l->declared_by_key;
        model_fact_number(b, "", "train_len", known, (model_place){ROPELAW_ORIGIN_DEFAULT, known_from, 0});
        model_fact_number(b, "", "declared_len", l->declared_by_key, l->place);
        return;
    }
    model_note(b, ROPELAW_NOTE_WARNING, "ambiguous-length", l->key, l->place.line,
               "%s with a linear factor may be the length before or after scaling; taken as after (LongChat, "
               "LLaMA-2-7B-32K), though vLLM multiplies it by the factor (Vicuna-16k)",
               l->key[0] ? l->key : "the length");
    derived(b, "train_len", &m->train_len_tok, floor(l->declared_by_key / factor),
            "max_position_embeddings / factor");
    m->declared_len_tok = l->declared_by_key;
    model_fact_number(b, "", "declared_len", l->declared_by_key, l->place);
}

/* llama3, yarn, longrope: original length given, or the declared one stands for it (transformers does so). */
static void original_lengths(model_builder *b, const lengths *l, const ropelaw_layer_kind *kind) {
    ropelaw_model *m = b->model;
    const ropelaw_rope_settings *r = &kind->rope;
    const ropelaw_fact *fact = ropelaw_model_fact(m, "original_len", kind->name);
    double reach = isnan(r->factor) ? NAN : r->factor * m->train_len_tok;
    if (isnan(r->original_len_tok)) {
        m->train_len_tok = l->declared_by_key;
        reach = isnan(r->factor) ? NAN : r->factor * m->train_len_tok;
        derived(b, "train_len", &m->train_len_tok, l->declared_by_key,
                "max_position_embeddings, as original_max_position_embeddings is absent");
    } else {
        m->train_len_tok = r->original_len_tok;
        reach = r->factor * r->original_len_tok;
        model_fact_number(b, "", "train_len", m->train_len_tok,
                          (model_place){fact ? fact->origin : ROPELAW_ORIGIN_FILE, fact ? fact->from : "",
                                        fact ? fact->line : 0});
    }
    if (l->largest > m->train_len_tok) {
        m->declared_len_tok = l->largest;
        model_fact_number(b, "", "declared_len", l->largest, l->place);
    } else if (reach > m->train_len_tok)
        derived(b, "declared_len", &m->declared_len_tok, reach,
                "factor * original length (before-scaling style file)");
    else
        derived(b, "declared_len", &m->declared_len_tok, m->train_len_tok, "train_len");
}

static bool is_one_of(const char *text, const char *words) {
    size_t n = strlen(text);
    for (const char *at = strstr(words, text); at; at = strstr(at + 1, text))
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || !at[n])) return true;
    return false;
}

/* A window as long as the promised context never cuts anything: such layers see everything. */
static void open_windows(model_builder *b) {
    ropelaw_model *m = b->model;
    for (size_t i = 0; i < m->n_kinds; i++) {
        ropelaw_layer_kind *kind = &m->kinds[i];
        if (kind->attention != ROPELAW_ATTENTION_SLIDING || !(kind->window_tok >= m->declared_len_tok))
            continue;
        kind->attention = ROPELAW_ATTENTION_FULL;
        model_note(
            b, ROPELAW_NOTE_INFO, "window-covers-context", "sliding_window", 0,
            "the sliding window is at least as long as the declared context: these layers see everything");
    }
    model_order_kinds(m);
}

static ropelaw_status lengths_by_method(model_builder *b);

ropelaw_status model_hf_lengths(model_builder *b) {
    ropelaw_status status = lengths_by_method(b);
    if (!status) open_windows(b);
    return status;
}

static ropelaw_status lengths_by_method(model_builder *b) {
    lengths l = {.declared_by_key = NAN, .largest = NAN};
    ropelaw_model *m = b->model;
    ropelaw_status status = find_lengths(b, &l);
    for (size_t i = 0; !status && i < m->n_kinds; i++)
        if (m->kinds[i].rotates) status = original_at_top(b, &m->kinds[i].rope, m->kinds[i].name);
    if (status) return status;
    model_order_kinds(m);
    const ropelaw_layer_kind *kind = ropelaw_model_kind(m);
    if (!kind || isnan(l.declared_by_key)) {
        plain_lengths(b, &l);
        return ROPELAW_OK;
    }
    const ropelaw_rope_settings *r = &kind->rope;
    if (is_one_of(r->method, "yarn longrope llama3 ntk-by-parts"))
        original_lengths(b, &l, kind);
    else if (!strcmp(r->method, "linear") && r->factor > 1)
        linear_lengths(b, &l, r->factor);
    else
        plain_lengths(b, &l);
    return ROPELAW_OK;
}
