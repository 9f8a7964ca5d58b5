/* A growing text. Failure to grow is remembered and reported once, at the end. */
#ifndef ROPELAW_CORE_TEXT_H
#define ROPELAW_CORE_TEXT_H

#include "core/core.h"

typedef struct {
    char *data; /* NUL-terminated once anything was added */
    size_t length, capacity;
    bool failed;
} core_text;

void core_text_add(core_text *text, const char *bytes, size_t length);
void core_text_str(core_text *text, const char *string);
void core_text_char(core_text *text, char c);
/* No floating point conversions: use core_text_number. */
void core_text_format(core_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void core_text_number(core_text *text, double value, int digits);
/* Hand the text over to the caller (freed with core_free), or free it and fail with NOMEM. */
ropelaw_status core_text_take(core_text *text, char **data, size_t *length, ropelaw_error *error);

#endif
