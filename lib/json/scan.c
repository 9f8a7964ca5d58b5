/* json-c builds the tree and says whether the text is JSON; it keeps neither lines, nor the text of a number
   beyond 64 bits, nor a key that a later one replaced. This scan walks the same text once more and notes
   where every value stands. It runs after json-c accepted the text and follows its grammar (comments, single
   quotes, trailing commas), so it needs no grammar errors of its own: what it cannot follow is refused as a
   whole. */
#include "json/json.h"
#include <string.h>

typedef struct {
    json_scan *scan;
    const char *text;
    size_t length, at, line;
    size_t open[256], depth; /* indices of the open containers */
    bool after_comma, want_key;
    size_t key, key_length;
} cursor;

static void note(size_t *field, size_t line) {
    if (!*field) *field = line;
}

static void step(cursor *c) {
    if (c->text[c->at++] == '\n') c->line++;
}

/* A block ends as json-c ends it: a star, and the character after it is a slash; else both are inside (so that
   slash star star star slash is still open). */
static void skip_comment(cursor *c) {
    bool block = c->at + 1 < c->length && c->text[c->at + 1] == '*';
    note(&c->scan->notes.comment, c->line);
    c->at += c->at + 1 < c->length ? 2 : 1;
    while (c->at < c->length) {
        char ch = c->text[c->at];
        if (!block && ch == '\n') return;
        step(c);
        if (!block || ch != '*' || c->at == c->length) continue;
        ch = c->text[c->at];
        step(c);
        if (ch == '/') return;
    }
}

static void skip_blanks(cursor *c) {
    while (c->at < c->length) {
        char ch = c->text[c->at];
        if (ch == '/')
            skip_comment(c);
        else if (ch && strchr(" \t\r\n\v\f", ch))
            step(c);
        else
            return;
    }
}

static size_t skip_string(cursor *c) {
    char quote = c->text[c->at];
    size_t start = c->at++;
    if (quote == '\'') note(&c->scan->notes.single_quote, c->line);
    while (c->at < c->length && c->text[c->at] != quote) {
        if (c->text[c->at] == '\\' && c->at + 1 < c->length) c->at++;
        step(c);
    }
    if (c->at < c->length) c->at++;
    return c->at - start;
}

static size_t skip_word(cursor *c) {
    size_t start = c->at;
    while (c->at < c->length && !strchr(" \t\r\n\v\f,:]}/", c->text[c->at])) c->at++;
    return c->at - start;
}

static json_node *add(cursor *c, char kind, ropelaw_error *error) {
    json_scan *s = c->scan;
    if (s->n == s->max_nodes) {
        (void)core_fail(error, ROPELAW_SHAPE, "", "", "", "more than %zu values", s->max_nodes);
        return NULL;
    }
    if (s->n == s->room) {
        size_t room = s->room ? 2 * s->room : 64;
        json_node *nodes = core_realloc(s->nodes, room, sizeof *nodes);
        if (!nodes) {
            (void)core_fail_memory(error, room, sizeof *nodes);
            return NULL;
        }
        s->nodes = nodes;
        s->room = room;
    }
    json_node *node = &s->nodes[s->n++];
    *node = (json_node){.kind = kind, .line = c->line, .start = c->at, .next = s->n};
    node->key = c->key;
    node->key_length = c->key_length;
    c->key_length = 0;
    if (c->depth) s->nodes[c->open[c->depth - 1]].n++;
    c->after_comma = false;
    return node;
}

static ropelaw_status lost(const cursor *c, ropelaw_error *error) {
    (void)core_fail(error, ROPELAW_PARSE, "", "", "", "not JSON");
    core_error_at(error, "", c->line);
    return ROPELAW_PARSE;
}

static ropelaw_status open_container(cursor *c, char kind, ropelaw_error *error) {
    json_node *node = add(c, kind, error);
    if (!node) return error && error->code ? error->code : ROPELAW_SHAPE;
    if (c->depth == c->scan->max_depth || c->depth == CORE_COUNT(c->open))
        return core_fail(error, ROPELAW_SHAPE, "", "", "", "nested deeper than %zu levels",
                         c->scan->max_depth);
    c->open[c->depth++] = c->scan->n - 1;
    c->want_key = kind == '{';
    c->at++;
    return ROPELAW_OK;
}

static ropelaw_status close_container(cursor *c, ropelaw_error *error) {
    if (!c->depth) return lost(c, error);
    if (c->after_comma) note(&c->scan->notes.trailing_comma, c->line);
    c->scan->nodes[c->open[--c->depth]].next = c->scan->n;
    c->after_comma = false;
    c->at++;
    return ROPELAW_OK;
}

static ropelaw_status scalar(cursor *c, ropelaw_error *error) {
    char ch = c->text[c->at];
    bool string = ch == '"' || ch == '\'';
    bool in_object = c->depth && c->scan->nodes[c->open[c->depth - 1]].kind == '{';
    if (string && in_object && c->want_key) {
        c->key = c->at;
        c->key_length = skip_string(c);
        c->want_key = false;
        return ROPELAW_OK;
    }
    json_node *node = add(c, string ? '"' : '0', error);
    if (!node) return error && error->code ? error->code : ROPELAW_SHAPE;
    node->length = string ? skip_string(c) : skip_word(c);
    if (!node->length) return lost(c, error);
    if (!string && strchr("nNiI", c->text[node->start + (ch == '-')]) && node->length > 2 &&
        strncasecmp(c->text + node->start, "null", 4) != 0)
        note(&c->scan->notes.nonfinite, node->line);
    return ROPELAW_OK;
}

static ropelaw_status token(cursor *c, ropelaw_error *error) {
    switch (c->text[c->at]) {
    case '{':
    case '[':
        return open_container(c, c->text[c->at], error);
    case '}':
    case ']':
        return close_container(c, error);
    case ',':
        c->after_comma = true;
        c->want_key = c->depth && c->scan->nodes[c->open[c->depth - 1]].kind == '{';
        c->at++;
        return ROPELAW_OK;
    case ':':
        c->at++;
        return ROPELAW_OK;
    default:
        return scalar(c, error);
    }
}

ropelaw_status json_scan_run(json_scan *scan, const char *text, size_t length, ropelaw_error *error) {
    cursor c = {.scan = scan, .text = text, .length = length, .line = 1};
    for (skip_blanks(&c); c.at < c.length; skip_blanks(&c)) {
        ropelaw_status status = token(&c, error);
        if (status) return status;
        if (!c.depth) break; /* the value is complete; what follows it is parse.c's business */
    }
    return c.depth || !scan->n ? lost(&c, error) : ROPELAW_OK;
}
