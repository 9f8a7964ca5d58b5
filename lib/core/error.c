#include "core/core.h"
#include <ropelaw/number.h>
#include <stdio.h>
#include <string.h>

static void copy(char *out, size_t size, const char *text) {
    snprintf(out, size, "%s", text ? text : "");
}

ropelaw_status core_fail(ropelaw_error *error, ropelaw_status code, const char *argument, const char *value,
                         const char *range, const char *format, ...) {
    if (!error) return code;
    memset(error, 0, sizeof *error);
    error->code = code;
    copy(error->argument, sizeof error->argument, argument);
    copy(error->value, sizeof error->value, value);
    copy(error->range, sizeof error->range, range);
    va_list list;
    va_start(list, format);
    vsnprintf(error->message, sizeof error->message, format, list);
    va_end(list);
    return code;
}

ropelaw_status core_fail_number(ropelaw_error *error, ropelaw_status code, const char *argument, double value,
                                const char *range) {
    char text[ROPELAW_NUMBER_SIZE];
    ropelaw_number_str(value, 0, text);
    return core_fail(error, code, argument, text, range, "%s is %s, expected %s", argument, text, range);
}

ropelaw_status core_fail_memory(ropelaw_error *error, size_t count, size_t size) {
    return core_fail(error, ROPELAW_NOMEM, "", "", "", "no memory for %zu items of %zu bytes", count, size);
}

void core_error_at(ropelaw_error *error, const char *file, size_t line) {
    if (!error) return;
    copy(error->file, sizeof error->file, file);
    error->line = line;
}

const char *ropelaw_status_str(ropelaw_status status) {
    static const char *const names[] = {"OK",     "INVALID", "DOMAIN", "SHAPE", "NOMEM",       "SINGULAR",
                                        "NOCONV", "IO",      "PARSE",  "UNSUPPORTED", "CANCELLED"};
    return (size_t)status < CORE_COUNT(names) ? names[status] : "UNKNOWN";
}

size_t ropelaw_error_str(const ropelaw_error *error, char *text, size_t size) {
    int length;
    if (!error->file[0])
        length = snprintf(text, size, "%s", error->message);
    else if (!error->line)
        length = snprintf(text, size, "%s: %s", error->file, error->message);
    else
        length = snprintf(text, size, "%s:%zu: %s", error->file, error->line, error->message);
    return length < 0 ? 0 : (size_t)length;
}
