/* A tree as text. Numbers keep the spelling that they were read with. */
#include "json/json.h"
#include <ropelaw/number.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    char *text;
    size_t n, room;
    int indent;
    bool tagged, failed;
} writer;

static void put(writer *w, const char *bytes, size_t n) {
    if (w->failed) return;
    if (w->n + n + 1 > w->room) {
        size_t room = 2 * (w->n + n + 1);
        char *text = core_realloc(w->text, room, 1);
        if (!text) {
            w->failed = true;
            return;
        }
        w->text = text;
        w->room = room;
    }
    memcpy(w->text + w->n, bytes, n);
    w->n += n;
    w->text[w->n] = 0;
}

static void put_str(writer *w, const char *text) {
    put(w, text, strlen(text));
}

static void put_string(writer *w, const char *text) {
    put_str(w, "\"");
    for (const char *c = text; *c; c++) {
        static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
        const char *special = strchr(from, *c);
        char escape[8];
        if (special)
            snprintf(escape, sizeof escape, "\\%c", to[special - from]);
        else if ((unsigned char)*c < 0x20)
            snprintf(escape, sizeof escape, "\\u%04x", (unsigned)*c);
        else
            snprintf(escape, sizeof escape, "%c", *c);
        put_str(w, escape);
    }
    put_str(w, "\"");
}

static void put_number(writer *w, const json_value *value) {
    const char *word = isnan(value->number) ? "NaN" : value->number > 0 ? "Infinity" : "-Infinity";
    if (isfinite(value->number))
        put_str(w, value->text);
    else if (!w->tagged)
        put_str(w, word);
    else {
        put_str(w, "{\"__float__\": \"");
        put_str(w, word);
        put_str(w, "\"}");
    }
}

static void new_line(writer *w, size_t depth) {
    if (!w->indent) return;
    put_str(w, "\n");
    for (size_t i = 0; i < depth * (size_t)w->indent; i++) put_str(w, " ");
}

static void put_value(writer *w, const json_value *value, size_t depth);

static void put_items(writer *w, const json_value *value, size_t depth) {
    bool object = value->kind == JSON_OBJECT;
    put_str(w, object ? "{" : "[");
    for (size_t i = 0; i < value->n; i++) {
        if (i) put_str(w, w->indent ? "," : ", ");
        new_line(w, depth + 1);
        if (object) {
            put_string(w, value->items[i].key);
            put_str(w, ": ");
        }
        put_value(w, &value->items[i], depth + 1);
    }
    if (value->n) new_line(w, depth);
    put_str(w, object ? "}" : "]");
}

static void put_value(writer *w, const json_value *value, size_t depth) {
    switch (value->kind) {
    case JSON_NULL:
        put_str(w, "null");
        break;
    case JSON_BOOL:
        put_str(w, value->boolean ? "true" : "false");
        break;
    case JSON_NUMBER:
        put_number(w, value);
        break;
    case JSON_STRING:
        put_string(w, value->text);
        break;
    default:
        put_items(w, value, depth);
    }
}

ropelaw_status json_write(const json_value *value, int indent, bool tagged, char **text,
                          ropelaw_error *error) {
    writer w = {.indent = indent, .tagged = tagged};
    put_value(&w, value, 0);
    if (indent) put_str(&w, "\n");
    if (w.failed) {
        core_free(w.text);
        return core_fail_memory(error, w.room, 2);
    }
    *text = w.text;
    return ROPELAW_OK;
}
