/* JSON documents as trees: built by the subcommands, written once. */
#include "internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum { OBJECT, ARRAY, NUMBER, STRING, BOOLEAN, NUL, RAW } value_kind;

struct cli_value {
    value_kind kind;
    double number;
    char *text; /* of a string or raw value */
    char *key;  /* under which it hangs; NULL in an array */
    cli_value **children;
    size_t n;
};

void *cli_memory(void *memory) {
    if (memory) return memory;
    fputs("ropelaw: no memory left\n", stderr);
    exit(CLI_NUMERIC);
}

static cli_value *create(value_kind kind) {
    cli_value *v = cli_memory(calloc(1, sizeof *v));
    v->kind = kind;
    return v;
}

cli_value *cli_object(void) {
    return create(OBJECT);
}

cli_value *cli_array(void) {
    return create(ARRAY);
}

cli_value *cli_put(cli_value *parent, const char *key, cli_value *child) {
    parent->children = cli_memory(realloc(parent->children, (parent->n + 1) * sizeof *parent->children));
    parent->children[parent->n++] = child;
    if (key) child->key = cli_memory(strdup(key));
    return child;
}

void cli_put_number(cli_value *parent, const char *key, double value) {
    cli_value *v = cli_put(parent, key, create(isfinite(value) ? NUMBER : NUL));
    v->number = value;
}

static void put_text(cli_value *parent, const char *key, const char *text, value_kind kind) {
    cli_value *v = cli_put(parent, key, create(text ? kind : NUL));
    if (text) v->text = cli_memory(strdup(text));
}

void cli_put_text(cli_value *parent, const char *key, const char *text) {
    put_text(parent, key, text, STRING);
}

void cli_put_raw(cli_value *parent, const char *key, const char *json) {
    put_text(parent, key, json, RAW);
}

void cli_put_bool(cli_value *parent, const char *key, bool value) {
    cli_put(parent, key, create(BOOLEAN))->number = value;
}

void cli_put_null(cli_value *parent, const char *key) {
    cli_put(parent, key, create(NUL));
}

void cli_put_caveats(cli_value *parent, const char *key, uint32_t bits) {
    cli_value *words = cli_put(parent, key, cli_array());
    for (int i = 0; i < 32; i++) {
        uint32_t bit = (uint32_t)1 << i;
        if (!(bits & bit)) continue;
        char line[256];
        snprintf(line, sizeof line, "%s: %s", ropelaw_caveat_name(bit), ropelaw_caveat_str(bit));
        cli_put_text(words, NULL, line);
    }
}

size_t document_count(const cli_value *value) {
    return value->n;
}

const char *document_text(const cli_value *array, size_t index) {
    return array->children[index]->text;
}

static void write_string(const char *s, FILE *out) {
    putc('"', out);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        size_t n = ropelaw_text_utf8_length(s);
        if (n > 1)
            fwrite(s, 1, n, out);
        else if (!n)
            fputs("\xef\xbf\xbd", out); /* U+FFFD: names of files may hold any byte, JSON may not */
        if (n > 1) s += n - 1;
        if (n != 1) continue;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c == '\n')
            fputs("\\n", out);
        else if (c == '\t')
            fputs("\\t", out);
        else if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else
            putc(c, out);
    }
    putc('"', out);
}

static bool is_flat(const cli_value *v) {
    for (size_t i = 0; i < v->n; i++)
        if (v->children[i]->kind == OBJECT || v->children[i]->kind == ARRAY) return false;
    return v->n <= 8 || v->kind == ARRAY;
}

static void new_line(FILE *out, int indent) {
    putc('\n', out);
    for (int i = 0; i < indent; i++) fputs("  ", out);
}

static void write_children(const cli_value *v, FILE *out, int indent) {
    bool flat = is_flat(v);
    putc(v->kind == OBJECT ? '{' : '[', out);
    for (size_t i = 0; i < v->n; i++) {
        if (i) fputs(flat ? ", " : ",", out);
        if (!flat) new_line(out, indent + 1);
        if (v->kind == OBJECT) {
            write_string(v->children[i]->key, out);
            fputs(": ", out);
        }
        document_write(v->children[i], out, indent + 1);
    }
    if (!flat && v->n) new_line(out, indent);
    putc(v->kind == OBJECT ? '}' : ']', out);
}

void document_write(const cli_value *v, FILE *out, int indent) {
    char number[ROPELAW_NUMBER_SIZE];
    switch (v->kind) {
    case NUMBER:
        fputs(ropelaw_number_str(v->number, 0, number), out);
        break;
    case STRING:
        write_string(v->text, out);
        break;
    case RAW:
        fputs(v->text, out);
        break;
    case BOOLEAN:
        fputs(v->number ? "true" : "false", out);
        break;
    case NUL:
        fputs("null", out);
        break;
    default:
        write_children(v, out, indent);
    }
}

void document_free(cli_value *v) {
    if (!v) return;
    for (size_t i = 0; i < v->n; i++) document_free(v->children[i]);
    free(v->children);
    free(v->text);
    free(v->key);
    free(v);
}
