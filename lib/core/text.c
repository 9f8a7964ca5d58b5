#include "core/text.h"
#include <ropelaw/number.h>
#include <ropelaw/table.h>
#include <stdio.h>
#include <string.h>

static bool reserve(core_text *t, size_t more) {
    if (t->failed) return false;
    if (more < t->capacity - t->length) return true;
    size_t wanted = t->length + more + 1;
    size_t capacity = t->capacity < 256 ? 256 : t->capacity;
    while (capacity < wanted && capacity <= SIZE_MAX / 2) capacity *= 2;
    char *grown = wanted > more && capacity >= wanted ? core_realloc(t->data, capacity, 1) : NULL;
    if (!grown) {
        t->failed = true;
        return false;
    }
    t->data = grown;
    t->capacity = capacity;
    return true;
}

void core_text_add(core_text *t, const char *bytes, size_t length) {
    if (!reserve(t, length)) return;
    memcpy(t->data + t->length, bytes, length);
    t->length += length;
    t->data[t->length] = 0;
}

void core_text_str(core_text *t, const char *string) {
    core_text_add(t, string, strlen(string));
}

void core_text_char(core_text *t, char c) {
    core_text_add(t, &c, 1);
}

void core_text_format(core_text *t, const char *format, ...) {
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    int n = vsnprintf(NULL, 0, format, list);
    va_end(list);
    if (n >= 0 && reserve(t, (size_t)n)) {
        vsnprintf(t->data + t->length, (size_t)n + 1, format, again);
        t->length += (size_t)n;
    }
    va_end(again);
}

void core_text_number(core_text *t, double value, int digits) {
    char text[ROPELAW_NUMBER_SIZE];
    core_text_str(t, ropelaw_number_str(value, digits, text));
}

ropelaw_status core_text_take(core_text *t, char **data, size_t *length, ropelaw_error *error) {
    core_text_add(t, "", 0);
    if (t->failed) {
        core_free(t->data);
        return core_fail_memory(error, t->length, 2);
    }
    *data = t->data;
    if (length) *length = t->length;
    return ROPELAW_OK;
}

void ropelaw_text_free(char *text) {
    core_free(text);
}
