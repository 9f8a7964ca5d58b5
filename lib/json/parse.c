/* json-c's tree, joined with the positions of scan.c, becomes json_value. Both walk the same text in the same
   order; where an object has fewer members in json-c than in the text, keys were repeated and are matched by
   their decoded names. */
#include "json/json.h"
#include <ropelaw/number.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const json_limits json_limits_default = {
    .max_bytes = 64u << 20, .max_depth = 64, .max_values = 4u << 20, .refuse_duplicates = false};

typedef struct {
    const char *text;
    json_scan scan;
    const json_limits *limits;
    ropelaw_error *error;
} builder;

static ropelaw_status build(builder *b, struct json_object *from, size_t node, json_value *to);

static char *copy_text(const char *text, size_t length) {
    char *copy = core_malloc(length + 1, 1);
    if (!copy) return NULL;
    memcpy(copy, text, length);
    copy[length] = 0;
    return copy;
}

static ropelaw_status fail_at(builder *b, size_t line, ropelaw_status code, const char *key,
                              const char *what) {
    (void)core_fail(b->error, code, key, "", "", "%s", what);
    core_error_at(b->error, "", line);
    return code;
}

/* json-c saturates integers at 64 bits, so numbers are read from their own text. */
static double number_of(const char *text, struct json_object *from) {
    double value;
    if (!ropelaw_number_parse(text, strlen(text), &value, NULL)) return value;
    return json_object_get_double(from); /* Infinity, NaN, overflow */
}

/* The text and json-c's value are the same number, below where json-c saturates: else the scan is out of step. */
static bool lost_number(double text, double value) {
    return fabs(value) < 9e18 && text != value;
}

static ropelaw_status build_scalar(builder *b, struct json_object *from, const json_node *node,
                                   json_value *to) {
    switch (json_object_get_type(from)) {
    case json_type_null:
        to->kind = JSON_NULL;
        return ROPELAW_OK;
    case json_type_boolean:
        to->kind = JSON_BOOL;
        to->boolean = json_object_get_boolean(from);
        return ROPELAW_OK;
    case json_type_string:
        to->kind = JSON_STRING;
        to->text = copy_text(json_object_get_string(from), (size_t)json_object_get_string_len(from));
        if (to->text && strlen(to->text) != (size_t)json_object_get_string_len(from))
            return fail_at(b, node->line, ROPELAW_PARSE, to->key ? to->key : "", "NUL character in a string");
        break;
    default:
        to->kind = JSON_NUMBER;
        to->text = copy_text(b->text + node->start, node->length);
        if (!to->text) break;
        to->number = number_of(to->text, from);
        if (lost_number(to->number, json_object_get_double(from)))
            return fail_at(b, node->line, ROPELAW_PARSE, to->key ? to->key : "", "not JSON");
    }
    return to->text ? ROPELAW_OK : core_fail_memory(b->error, node->length, 1);
}

static ropelaw_status build_array(builder *b, struct json_object *from, size_t node, json_value *to) {
    size_t n = json_object_array_length(from), child = node + 1;
    to->kind = JSON_ARRAY;
    if (n != b->scan.nodes[node].n) return fail_at(b, to->line, ROPELAW_PARSE, "", "not JSON");
    to->items = core_calloc(n, sizeof *to->items);
    if (!to->items) return core_fail_memory(b->error, n, sizeof *to->items);
    to->n = n;
    for (size_t i = 0; i < n; i++, child = b->scan.nodes[child].next) {
        ropelaw_status status = build(b, json_object_array_get_idx(from, i), child, &to->items[i]);
        if (status) return status;
    }
    return ROPELAW_OK;
}

/* Whether the key of this node, decoded, is `name`. */
static bool named(builder *b, const json_node *node, const char *name) {
    const char *raw = b->text + node->key;
    size_t length = node->key_length;
    if (!memchr(raw, '\\', length)) return length == strlen(name) + 2 && !memcmp(raw + 1, name, length - 2);
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *key = tokener ? json_tokener_parse_ex(tokener, raw, (int)length) : NULL;
    bool same = key && !strcmp(json_object_get_string(key), name);
    if (key) json_object_put(key);
    if (tokener) json_tokener_free(tokener);
    return same;
}

/* The value as written, "{...}" and "[...]" for what has members, cut to the room there is. */
static void quote_node(const builder *b, const json_node *node, char *text, size_t size) {
    if (node->kind == '{' || node->kind == '[')
        snprintf(text, size, "%s", node->kind == '{' ? "{...}" : "[...]");
    else
        snprintf(text, size, "%.*s", (int)(node->length < size ? node->length : size - 1),
                 b->text + node->start);
}

static void note_duplicate(builder *b, const json_node *lost, const json_node *kept, const char *key) {
    json_notes *n = &b->scan.notes;
    if (n->duplicate) return;
    n->duplicate = kept->line;
    snprintf(n->duplicate_key, sizeof n->duplicate_key, "%.60s", key);
    quote_node(b, lost, n->duplicate_lost, sizeof n->duplicate_lost);
    quote_node(b, kept, n->duplicate_kept, sizeof n->duplicate_kept);
}

/* The node of the member `name`: the next one in order, or by search when keys were repeated. */
static size_t find_member(builder *b, size_t object, size_t expected, json_value *to) {
    const json_node *nodes = b->scan.nodes;
    size_t end = nodes[object].next, found = 0, first = 0;
    if (expected) return expected;
    for (size_t i = object + 1; i < end; i = nodes[i].next) {
        if (!named(b, &nodes[i], to->key)) continue;
        if (!found)
            first = i;
        else
            to->first_line = nodes[first].line;
        found = i;
    }
    if (to->first_line) note_duplicate(b, &nodes[first], &nodes[found], to->key);
    return found;
}

static ropelaw_status build_object(builder *b, struct json_object *from, size_t node, json_value *to) {
    size_t n = (size_t)json_object_object_length(from), child = node + 1;
    bool in_order = n == b->scan.nodes[node].n;
    to->kind = JSON_OBJECT;
    /* every repeated key costs a search: few are an accident, thousands an attack */
    if (!in_order && b->scan.nodes[node].n > 4096)
        return fail_at(b, to->line, ROPELAW_SHAPE, "",
                       "repeated keys in an object of more than 4096 members");
    to->items = core_calloc(n, sizeof *to->items);
    if (!to->items) return core_fail_memory(b->error, n, sizeof *to->items);
    to->n = n;
    struct json_object_iterator it = json_object_iter_begin(from), end = json_object_iter_end(from);
    for (size_t i = 0; i < n && !json_object_iter_equal(&it, &end); i++, json_object_iter_next(&it)) {
        json_value *item = &to->items[i];
        item->key = core_strdup(json_object_iter_peek_name(&it));
        if (!item->key) return core_fail_memory(b->error, 1, 1);
        size_t at = find_member(b, node, in_order ? child : 0, item);
        if (!at || !named(b, &b->scan.nodes[at], item->key))
            return fail_at(b, to->line, ROPELAW_PARSE, "", "not JSON");
        if (item->first_line && b->limits->refuse_duplicates)
            return fail_at(b, b->scan.nodes[at].line, ROPELAW_PARSE, item->key, "this key is given twice");
        ropelaw_status status = build(b, json_object_iter_peek_value(&it), at, item);
        if (status) return status;
        if (in_order) child = b->scan.nodes[child].next;
    }
    return ROPELAW_OK;
}

/* {"__float__": "Infinity"}: how transformers 5 writes a number that JSON has no word for. */
static void untag(json_value *value) {
    double number;
    if (value->n != 1 || strcmp(value->items[0].key, "__float__") != 0) return;
    if (!json_as_number(&value->items[0], &number)) return;
    json_value tagged = value->items[0];
    core_free(value->items);
    core_free(tagged.key);
    value->kind = JSON_NUMBER;
    value->number = number;
    value->text = tagged.text;
    value->items = NULL;
    value->n = 0;
}

static ropelaw_status build(builder *b, struct json_object *from, size_t node, json_value *to) {
    const json_node *place = &b->scan.nodes[node];
    ropelaw_status status;
    to->line = place->line;
    char expected = '0';
    if (json_object_is_type(from, json_type_array)) expected = '[';
    if (json_object_is_type(from, json_type_object)) expected = '{';
    if (json_object_is_type(from, json_type_string)) expected = '"';
    if (place->kind != expected) return fail_at(b, to->line, ROPELAW_PARSE, "", "not JSON");
    if (expected == '[') return build_array(b, from, node, to);
    if (expected != '{') return build_scalar(b, from, place, to);
    status = build_object(b, from, node, to);
    if (!status) untag(to);
    return status;
}

static size_t line_of(const char *text, size_t offset) {
    size_t line = 1;
    for (size_t i = 0; i < offset; i++) line += text[i] == '\n';
    return line;
}

/* What no JSON text holds, with the line where it stands. */
static ropelaw_status check_bytes(const char *text, size_t length, ropelaw_error *error) {
    const char *nul = length ? memchr(text, 0, length) : NULL;
    const char *what = !length ? "empty" : nul ? "a NUL byte: this is no JSON text" : NULL;
    if (length > 1 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2)))
        what = "UTF-16: expected JSON in UTF-8";
    if (length > 3 && !memcmp(text, "GGUF", 4)) what = "a GGUF file: expected JSON";
    if (!what) return ROPELAW_OK;
    (void)core_fail(error, ROPELAW_PARSE, "", "", "JSON in UTF-8", "%s", what);
    core_error_at(error, "", nul ? line_of(text, (size_t)(nul - text)) : 1);
    return ROPELAW_PARSE;
}

static bool only_blanks(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (!strchr(" \t\r\n", text[i])) return false;
    return true;
}

static ropelaw_status fail_syntax(enum json_tokener_error code, const char *text, size_t at,
                                  const json_limits *l, ropelaw_error *error) {
    if (code == json_tokener_error_depth)
        (void)core_fail(error, ROPELAW_SHAPE, "", "", "", "nested deeper than %zu levels", l->max_depth);
    else if (code == json_tokener_continue)
        (void)core_fail(error, ROPELAW_PARSE, "", "", "", "the text ends inside a value");
    else if (code == json_tokener_error_parse_utf8_string)
        (void)core_fail(error, ROPELAW_PARSE, "", "", "", "not UTF-8");
    else
        (void)core_fail(error, ROPELAW_PARSE, "", "", "", "not JSON: %s", json_tokener_error_desc(code));
    core_error_at(error, "", line_of(text, at));
    return code == json_tokener_error_depth ? ROPELAW_SHAPE : ROPELAW_PARSE;
}

/* json-c's tree of text[0..length), text[length] is NUL. A bare `null` gives OK and a NULL tree. */
static ropelaw_status tokenise(const char *text, size_t length, const json_limits *limits,
                               struct json_object **tree, ropelaw_error *error) {
    struct json_tokener *tokener = json_tokener_new_ex((int)limits->max_depth + 1);
    if (!tokener) return core_fail_memory(error, 1, 1);
    json_tokener_set_flags(tokener, JSON_TOKENER_VALIDATE_UTF8);
    *tree = json_tokener_parse_ex(tokener, text, (int)length + 1);
    enum json_tokener_error code = json_tokener_get_error(tokener);
    size_t end = json_tokener_get_parse_end(tokener);
    json_tokener_free(tokener);
    if (end > length) end = length;
    if (code == json_tokener_success && only_blanks(text + end, length - end)) return ROPELAW_OK;
    json_object_put(*tree);
    *tree = NULL;
    if (code != json_tokener_success) return fail_syntax(code, text, end, limits, error);
    (void)core_fail(error, ROPELAW_PARSE, "", "", "", "text after the JSON value");
    core_error_at(error, "", line_of(text, end));
    return ROPELAW_PARSE;
}

static ropelaw_status parse_text(const char *text, size_t length, json_document *document,
                                 const json_limits *limits, ropelaw_error *error) {
    size_t bom = length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
    struct json_object *tree = NULL;
    ropelaw_status status = check_bytes(text + bom, length - bom, error);
    if (!status) status = tokenise(text + bom, length - bom, limits, &tree, error);
    if (status) return status;
    builder b = {.text = text + bom, .limits = limits, .error = error};
    b.scan.max_nodes = limits->max_values;
    b.scan.max_depth = limits->max_depth;
    status = json_scan_run(&b.scan, b.text, length - bom, error);
    if (!status) status = build(&b, tree, 0, &document->root);
    document->notes = b.scan.notes;
    document->notes.bom = bom ? 1 : 0;
    core_free(b.scan.nodes);
    json_object_put(tree);
    return status;
}

ropelaw_status json_document_parse(const char *text, size_t length, const char *name,
                                   const json_limits *limits, json_document **document,
                                   ropelaw_error *error) {
    ropelaw_error local = {0};
    if (!limits) limits = &json_limits_default;
    json_document *made = core_calloc(1, sizeof *made);
    char *copy = core_malloc(length + 1, 1);
    ropelaw_status status = ROPELAW_OK;
    if (made) made->name = core_strdup(name);
    if (!made || !copy || !made->name)
        status = core_fail_memory(&local, length + 1, 1);
    else if (length > limits->max_bytes || length > INT32_MAX - 1)
        status = core_fail(&local, ROPELAW_SHAPE, "", "", "", "longer than %zu bytes", limits->max_bytes);
    else {
        if (length) memcpy(copy, text, length);
        copy[length] = 0;
        status = parse_text(copy, length, made, limits, &local);
    }
    core_free(copy);
    if (!status) {
        *document = made;
        return ROPELAW_OK;
    }
    core_error_at(&local, name, local.line);
    if (error) *error = local;
    json_document_free(&made);
    return status;
}

ropelaw_status json_document_read(const char *path, const json_limits *limits, json_document **document,
                                  ropelaw_error *error) {
    char *text;
    size_t length;
    if (!limits) limits = &json_limits_default;
    ropelaw_status status = json_file_read(path, limits->max_bytes, &text, &length, error);
    if (status) return status;
    status = json_document_parse(text, length, strcmp(path, "-") ? path : "standard input", limits, document,
                                 error);
    core_free(text);
    return status;
}

void json_document_free(json_document **document) {
    if (!document || !*document) return;
    json_value_clear(&(*document)->root);
    core_free((*document)->name);
    core_free(*document);
    *document = NULL;
}
