/* Damerau's distance in its restricted form (optimal string alignment), three rows of the usual table. */
#include "core/core.h"
#include <string.h>

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

size_t core_edit_distance(const char *x, const char *y) {
    size_t rows[3][CORE_EDIT_LONGEST + 1], n = strlen(y);
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    if (n > CORE_EDIT_LONGEST || strlen(x) > CORE_EDIT_LONGEST) return SIZE_MAX;
    for (size_t j = 0; j <= n; j++) last[j] = j;
    for (size_t i = 1; x[i - 1]; i++) {
        now[0] = i;
        for (size_t j = 1; j <= n; j++) {
            now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + (x[i - 1] != y[j - 1]));
            if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[n];
}
