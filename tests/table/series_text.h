/* A series of a text, for the programs of this folder. */
#ifndef TESTS_TABLE_SERIES_TEXT_H
#define TESTS_TABLE_SERIES_TEXT_H

#include "test.h"
#include <ropelaw/series.h>
#include <string.h>

static ropelaw_error error;

static inline ropelaw_status parse(const char *text, ropelaw_series *series) {
    memset(&error, 0, sizeof error);
    return ropelaw_series_parse(text, strlen(text), "r.csv", series, &error);
}

static inline ropelaw_series parsed(const char *text) {
    ropelaw_series series = {0};
    test_assert_ok(parse(text, &series), error);
    return series;
}

#endif
