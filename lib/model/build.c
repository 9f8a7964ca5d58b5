/* Building a model fact by fact, and freeing it. */
#include "model/internal.h"
#include <ropelaw/number.h>
#include <stdio.h>
#include <string.h>

static void copy(char *out, size_t size, const char *text) {
    snprintf(out, size, "%s", text ? text : "");
}

char *model_num(double value, char *text) {
    return ropelaw_number_str(value, 0, text);
}

/* One more element at the end of an array that grows in steps; NULL on exhaustion. */
static void *grow(model_builder *b, void *items, size_t n, size_t size) {
    if (n && (n & (n - 1))) return items; /* room is the next power of two */
    void *more = core_realloc(items, n ? 2 * n : 1, size);
    if (!more) b->nomem = true;
    return more;
}

/* The strings of `place` may belong to a fact: they are copied before the array moves. */
void model_fact(model_builder *b, const char *layers, const char *name, const char *value,
                model_place place) {
    ropelaw_model *m = b->model;
    ropelaw_fact made = {.origin = place.origin, .line = place.line}, *fact = NULL;
    copy(made.layers, sizeof made.layers, layers);
    copy(made.name, sizeof made.name, name);
    copy(made.value, sizeof made.value, value);
    copy(made.from, sizeof made.from, place.from);
    for (size_t i = 0; i < m->n_facts && !fact; i++) /* a later finding replaces an earlier one */
        if (!strcmp(m->facts[i].name, made.name) && !strcmp(m->facts[i].layers, made.layers))
            fact = &m->facts[i];
    if (!fact) {
        ropelaw_fact *facts = grow(b, m->facts, m->n_facts, sizeof *facts);
        if (!facts) return;
        m->facts = facts;
        fact = &facts[m->n_facts++];
    }
    *fact = made;
}

void model_fact_number(model_builder *b, const char *layers, const char *name, double value,
                       model_place place) {
    char text[ROPELAW_NUMBER_SIZE];
    if (!isnan(value)) model_fact(b, layers, name, model_num(value, text), place);
}

void model_note(model_builder *b, ropelaw_severity severity, const char *id, const char *key, size_t line,
                const char *format, ...) {
    ropelaw_model *m = b->model;
    ropelaw_note *notes = grow(b, m->notes, m->n_notes, sizeof *notes);
    if (!notes) return;
    m->notes = notes;
    ropelaw_note *note = &notes[m->n_notes++];
    memset(note, 0, sizeof *note);
    copy(note->id, sizeof note->id, id);
    copy(note->key, sizeof note->key, key);
    note->severity = severity;
    note->line = line;
    va_list list;
    va_start(list, format);
    vsnprintf(note->text, sizeof note->text, format, list);
    va_end(list);
    for (size_t i = 0; i + 1 < m->n_notes; i++) /* layer kinds share their keys: say it once */
        if (!strcmp(notes[i].id, note->id) && !strcmp(notes[i].text, note->text)) {
            m->n_notes--;
            return;
        }
}

void model_rope_init(ropelaw_rope_settings *rope) {
    memset(rope, 0, sizeof *rope);
    rope->base = rope->head_dim = rope->rotary_dim = rope->partial = rope->factor = rope->original_len_tok =
        NAN;
    rope->beta_fast = rope->beta_slow = rope->mscale = rope->mscale_all_dim = rope->attention_factor = NAN;
    rope->low_freq_factor = rope->high_freq_factor = NAN;
    rope->truncate = 1;
    copy(rope->method, sizeof rope->method, "default");
    rope->known = 1;
}

ropelaw_layer_kind *model_kind_add(model_builder *b, const char *name) {
    ropelaw_model *m = b->model;
    ropelaw_layer_kind *kinds = grow(b, m->kinds, m->n_kinds, sizeof *kinds);
    if (!kinds) return NULL;
    m->kinds = kinds;
    ropelaw_layer_kind *kind = &kinds[m->n_kinds++];
    memset(kind, 0, sizeof *kind);
    copy(kind->name, sizeof kind->name, name);
    kind->window_tok = NAN;
    kind->rotates = 1;
    model_rope_init(&kind->rope);
    return kind;
}

/* Full attention that rotates before other rotating kinds before the rest; then by number of layers. */
static int rank(const ropelaw_layer_kind *kind) {
    if (kind->rotates) return kind->attention == ROPELAW_ATTENTION_FULL ? 0 : 1;
    return kind->attention == ROPELAW_ATTENTION_LINEAR ? 3 : 2;
}

void model_order_kinds(ropelaw_model *m) {
    for (size_t i = 1; i < m->n_kinds; i++)
        for (size_t j = i; j && rank(&m->kinds[j]) < rank(&m->kinds[j - 1]); j--) {
            ropelaw_layer_kind kind = m->kinds[j];
            m->kinds[j] = m->kinds[j - 1];
            m->kinds[j - 1] = kind;
        }
}

void model_finish(model_builder *b) {
    ropelaw_model *m = b->model;
    model_order_kinds(m);
    for (size_t i = 0; i < m->n_facts; i++)
        if (m->facts[i].origin == ROPELAW_ORIGIN_DEFAULT) m->caveats |= ROPELAW_CAVEAT_DEFAULTED;
    const ropelaw_layer_kind *kind = ropelaw_model_kind(m);
    if (kind && kind->attention != ROPELAW_ATTENTION_FULL) m->caveats |= ROPELAW_CAVEAT_WINDOW;
    if (kind && strcmp(kind->rope.method, "default") != 0) m->caveats |= ROPELAW_CAVEAT_METHOD;
}

const ropelaw_layer_kind *ropelaw_model_kind(const ropelaw_model *model) {
    return model->n_kinds && model->kinds[0].rotates ? &model->kinds[0] : NULL;
}

const ropelaw_fact *ropelaw_model_fact(const ropelaw_model *model, const char *name, const char *layers) {
    for (size_t i = 0; i < model->n_facts; i++)
        if (!strcmp(model->facts[i].name, name) && !strcmp(model->facts[i].layers, layers))
            return &model->facts[i];
    return NULL;
}

void ropelaw_model_clear(ropelaw_model *model) {
    for (size_t i = 0; i < model->n_kinds; i++) {
        core_free(model->kinds[i].rope.short_factor);
        core_free(model->kinds[i].rope.long_factor);
    }
    core_free(model->kinds);
    core_free(model->facts);
    core_free(model->notes);
    if (model->source) json_document_free(&model->source->document);
    core_free(model->source);
    memset(model, 0, sizeof *model);
}

const char *ropelaw_origin_str(ropelaw_origin origin) {
    static const char *const names[] = {"absent", "file", "default", "derived"};
    return (size_t)origin < CORE_COUNT(names) ? names[origin] : "unknown";
}

const char *ropelaw_severity_str(ropelaw_severity severity) {
    static const char *const names[] = {"info", "warning", "error"};
    return (size_t)severity < CORE_COUNT(names) ? names[severity] : "unknown";
}

const char *ropelaw_attention_kind_str(ropelaw_attention_kind kind) {
    static const char *const names[] = {"full", "sliding", "chunked", "linear"};
    return (size_t)kind < CORE_COUNT(names) ? names[kind] : "unknown";
}
