/* What a guide states and a test computes are the same words: the guide is searched for them, runs of blanks and line ends
   counting as one blank. For use inside tests. */
#ifndef TESTS_SUPPORT_SAYS_H
#define TESTS_SUPPORT_SAYS_H

#include "test.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static inline char *says_guide(const char *path) {
    enum { MOST = 1 << 17 };
    static char text[MOST];
    size_t n = 0;
    FILE *f = fopen(path, "r");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    for (int c; (c = fgetc(f)) != EOF;) {
        ck_assert_uint_lt(n, MOST - 1);
        if (c == '\n' || c == '\t') c = ' ';
        if (c != ' ' || !n || text[n - 1] != ' ') text[n++] = (char)c;
    }
    fclose(f);
    text[n] = 0;
    return text;
}

__attribute__((format(printf, 2, 3))) static inline void test_says(const char *path, const char *format,
                                                                   ...) {
    char words[1024];
    va_list list;
    va_start(list, format);
    int n = vsnprintf(words, sizeof words, format, list);
    va_end(list);
    ck_assert(n > 0 && (size_t)n < sizeof words);
    ck_assert_msg(strstr(says_guide(path), words) != NULL, "%s does not say \"%s\"", path, words);
}

#endif
