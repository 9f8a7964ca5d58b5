/* Which format a file has, and the reader for it. A GGUF is read in place (it may be larger than memory),
 * JSON whole.
 */
#include "model/internal.h"
#include <stdio.h>
#include <string.h>

static const model_default unknown_type = {.type = ""};

void model_start(model_builder *b, ropelaw_model *model, const char *name, ropelaw_error *error) {
    memset(model, 0, sizeof *model);
    snprintf(model->file, sizeof model->file, "%s", name);
    model->n_layers = model->hidden_size = model->n_heads = model->n_kv_heads = NAN;
    model->qk_rope_head_dim = model->qk_nope_head_dim = NAN;
    model->train_len_tok = model->declared_len_tok = NAN;
    model->has_rope = 1;
    snprintf(model->positions, sizeof model->positions, "rotary");
    *b = (model_builder){.model = model, .type = &unknown_type, .error = error};
    model->source = core_calloc(1, sizeof *model->source);
    b->nomem = !model->source;
}

static bool is_size(double x) {
    return isnan(x) || (x >= 0 && x <= 9007199254740992.0 && x == floor(x));
}

/* Dimensions become sizes further on: whatever the format, they are whole numbers that a size holds. */
static ropelaw_status check_dimensions(const model_builder *b) {
    for (size_t i = 0; i < b->model->n_kinds; i++) {
        const ropelaw_layer_kind *kind = &b->model->kinds[i];
        bool head = is_size(kind->rope.head_dim);
        const char *name = head ? "rotary_dim" : "head_dim";
        const ropelaw_fact *fact = ropelaw_model_fact(b->model, name, kind->name);
        if (!kind->rotates || (head && is_size(kind->rope.rotary_dim))) continue;
        return core_fail_number(b->error, ROPELAW_DOMAIN, fact && fact->from[0] ? fact->from : name,
                                head ? kind->rope.rotary_dim : kind->rope.head_dim, "a whole number >= 0");
    }
    return ROPELAW_OK;
}

/* The outcome of a reader: the model, or nothing and the error with its file. */
static ropelaw_status end(model_builder *b, ropelaw_status status, ropelaw_model *out, ropelaw_error *error) {
    if (!status && b->nomem) status = core_fail_memory(b->error, 1, sizeof(ropelaw_fact));
    if (!status) status = check_dimensions(b);
    if (!status) {
        model_finish(b);
        *out = *b->model;
        return ROPELAW_OK;
    }
    if (!b->error->file[0]) core_error_at(b->error, b->model->file, b->error->line);
    if (error) *error = *b->error;
    ropelaw_model_clear(b->model);
    return status;
}

static void note_syntax(model_builder *b) {
    const json_notes *n = &b->document->notes;
    const struct {
        size_t line;
        ropelaw_severity severity;
        const char *id, *text;
    } all[] = {
        {n->trailing_comma, ROPELAW_NOTE_ERROR,   "trailing-comma",
         "a comma before a closing bracket: not JSON"                                                              },
        {n->comment,        ROPELAW_NOTE_ERROR,   "comment",         "a comment: not JSON"                         },
        {n->single_quote,   ROPELAW_NOTE_ERROR,   "single-quote",    "text in single quotes: not JSON"             },
        {n->nonfinite,      ROPELAW_NOTE_INFO,    "bare-nonfinite",
         "Infinity or NaN: no JSON word, though Python takes it"                                                   },
        {n->bom,            ROPELAW_NOTE_WARNING, "byte-order-mark", "the file starts with a UTF-8 byte order mark"},
    };
    for (size_t i = 0; i < CORE_COUNT(all); i++)
        if (all[i].line) model_note(b, all[i].severity, all[i].id, "", all[i].line, "%s", all[i].text);
    if (n->duplicate)
        model_note(b, ROPELAW_NOTE_WARNING, "duplicate-key", n->duplicate_key, n->duplicate,
                   "the key \"%s\" is given twice: %s, then %s; the last one counts, as in Python",
                   n->duplicate_key, n->duplicate_lost, n->duplicate_kept);
}

static ropelaw_status read_json(model_builder *b, json_document *document) {
    if (b->nomem) {
        json_document_free(&document);
        return ROPELAW_OK; /* reported by end */
    }
    b->model->source->document = document;
    b->document = document;
    b->root = b->config = &document->root;
    if (b->root->kind != JSON_OBJECT) {
        (void)core_fail(b->error, ROPELAW_PARSE, "", json_kind_str(b->root->kind), "an object",
                        "the file holds a JSON %s, expected an object", json_kind_str(b->root->kind));
        core_error_at(b->error, document->name, b->root->line);
        return ROPELAW_PARSE;
    }
    note_syntax(b);
    ropelaw_status status = model_is_params(b->root) ? model_read_params(b) : model_read_hf(b);
    b->model->source->config = b->config;
    return status;
}

static bool is_gguf(const char *bytes, size_t length) {
    return length >= 4 && !memcmp(bytes, "GGUF", 4);
}

ropelaw_status ropelaw_model_parse(const void *bytes, size_t length, const char *name, ropelaw_model *model,
                                   ropelaw_error *error) {
    model_builder b;
    ropelaw_model made;
    ropelaw_error local = {0};
    json_document *document = NULL;
    model_start(&b, &made, name, &local);
    ropelaw_status status;
    if (is_gguf(bytes, length)) return end(&b, model_read_gguf(&b, bytes, length), model, error);
    status = json_document_parse(bytes, length, name, NULL, &document, &local);
    return end(&b, status ? status : read_json(&b, document), model, error);
}

/* Whether the file starts as a GGUF does; a file that cannot be opened is left to the JSON reader's message.
 */
static bool file_is_gguf(const char *path) {
    char magic[4];
    FILE *file = strcmp(path, "-") ? fopen(path, "rb") : NULL;
    bool yes = file && fread(magic, 1, 4, file) == 4 && is_gguf(magic, 4);
    if (file) fclose(file);
    return yes;
}

ropelaw_status ropelaw_model_read(const char *path, ropelaw_model *model, ropelaw_error *error) {
    model_builder b;
    ropelaw_model made;
    ropelaw_error local = {0};
    json_document *document = NULL;
    model_start(&b, &made, strcmp(path, "-") ? path : "standard input", &local);
    if (file_is_gguf(path)) return end(&b, model_read_gguf_file(&b, path), model, error);
    ropelaw_status status = json_document_read(path, NULL, &document, &local);
    return end(&b, status ? status : read_json(&b, document), model, error);
}
