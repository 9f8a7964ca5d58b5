/* Cells of CSV lines without quotes, by the name of their column; for use inside tests. */
#ifndef TESTS_SUPPORT_CSV_CELLS_H
#define TESTS_SUPPORT_CSV_CELLS_H

#include "test.h"
#include <string.h>

/* Cell `column` of a CSV line without quotes. */
static inline const char *cell(const char *line, int column) {
    while (column-- > 0) {
        line = strchr(line, ',');
        ck_assert(line);
        line++;
    }
    return line;
}

static inline int column_of(const char *header, const char *name) {
    int column = 0;
    for (const char *p = header; p; p = strchr(p, ','), column++) {
        p += *p == ',';
        if (!strncmp(p, name, strlen(name)) && strchr(",\n", p[strlen(name)])) return column;
    }
    ck_abort_msg("no column %s", name);
    return -1;
}

static inline double number(const char *line, const char *header, const char *name) {
    const char *p = cell(line, column_of(header, name));
    return *p == ',' || *p == '\n' ? NAN : strtod(p, NULL);
}

static inline void copy_cell(char *to, size_t room, const char *line, const char *header, const char *name) {
    const char *p = cell(line, column_of(header, name));
    size_t n = strcspn(p, ",\n");
    ck_assert_uint_lt(n, room);
    memcpy(to, p, n), to[n] = 0;
}

#endif
