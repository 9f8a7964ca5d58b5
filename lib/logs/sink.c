/* The growing series: runs and documents found by name, values checked against their kind. */
#include "logs/logs.h"
#include <ropelaw/number.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

ropelaw_point logs_point(double eval_len_tok, double value, size_t line) {
    return (ropelaw_point){eval_len_tok, value, NAN, NAN, NAN, SIZE_MAX, SIZE_MAX, 0, line, 0};
}

/* The number of a name in its group, `next` if it is new. The table keeps its own copy, freed in logs_clear. */
static ropelaw_status number_of(table_names *names, size_t group, const char *name, size_t *next, bool *added,
                                ropelaw_error *error) {
    char *copy = core_strdup(name);
    struct table_names_entry *entry = copy ? table_names_find(names, group, copy, *next, added) : NULL;
    if (!entry || !*added) core_free(copy);
    if (!entry) return core_fail_memory(error, names->n + 1, sizeof *entry);
    *next = entry->id;
    return ROPELAW_OK;
}

static ropelaw_status find_run(logs_sink *sink, const char *name, ropelaw_value_kind kind, size_t *index,
                               ropelaw_error *error) {
    bool added = false;
    ropelaw_run run = {0};
    *index = sink->series.n_runs;
    ropelaw_status status = number_of(&sink->runs, 0, name, index, &added, error);
    if (status || !added) return status;
    status = table_run_init(&run, name, kind, error);
    if (!status) status = table_series_add_run(&sink->series, &run, error);
    if (status) table_run_clear(&run);
    return status;
}

ropelaw_status logs_reserve_run(logs_sink *sink, const logs_input *input, const char *name, size_t offset,
                                ropelaw_error *error) {
    bool added = false;
    size_t index = sink->series.n_runs + offset;
    ropelaw_status status = number_of(&sink->runs, 0, name, &index, &added, error);
    if (status || added) return status;
    core_fail(error, ROPELAW_INVALID, "run", name, "", "run \"%.60s\" is in an earlier input too", name);
    core_error_at(error, input->path, 0);
    return ROPELAW_INVALID;
}

static ropelaw_status find_doc(logs_sink *sink, size_t run, const char *doc, size_t *index,
                               ropelaw_error *error) {
    bool added = false;
    *index = sink->series.runs[run].n_docs;
    ropelaw_status status = number_of(&sink->docs, run, doc, index, &added, error);
    return status || !added ? status : table_run_add_doc(&sink->series.runs[run], doc, error);
}

ropelaw_status logs_add(logs_sink *sink, const logs_input *input, const char *run, ropelaw_value_kind kind,
                        const char *doc, const ropelaw_point *point, ropelaw_error *error) {
    size_t index = 0;
    ropelaw_point p = *point;
    ropelaw_status status = find_run(sink, run, kind, &index, error);
    if (status) return status;
    if (sink->series.runs[index].kind != kind) {
        core_fail(error, ROPELAW_PARSE, "run", run, "", "run \"%.60s\" has %s and %s values", run,
                  table_column_name(TABLE_VALUE + (int)sink->series.runs[index].kind),
                  table_column_name(TABLE_VALUE + (int)kind));
        core_error_at(error, input->path, point->line);
        return ROPELAW_PARSE;
    }
    if (doc) status = find_doc(sink, index, doc, &p.doc, error);
    return status ? status : table_run_add_point(&sink->series.runs[index], &p, error);
}

ropelaw_status logs_note(logs_sink *sink, const logs_input *input, ropelaw_error *error, const char *format,
                         ...) {
    char text[400];
    int used = snprintf(text, sizeof text, "%.200s: ", input->path);
    va_list list;
    va_start(list, format);
    vsnprintf(text + used, sizeof text - (size_t)used, format, list);
    va_end(list);
    return table_series_add_note(&sink->series, text, error);
}

static void free_names(table_names *names) {
    for (size_t i = 0; i < names->room; i++) core_free(names->slots[i].name);
    table_names_clear(names);
}

void logs_clear(logs_sink *sink) {
    free_names(&sink->runs);
    free_names(&sink->docs);
    ropelaw_series_clear(&sink->series);
}

ropelaw_status logs_refuse(const logs_input *input, size_t line, const char *value, const char *expected,
                           ropelaw_error *error) {
    core_fail(error, ROPELAW_PARSE, "", value, expected, "\"%.60s\" is not %s", value, expected);
    core_error_at(error, input->path, line);
    return ROPELAW_PARSE;
}

static bool not_finite(const char *text) {
    if (*text == '-' || *text == '+') text++;
    return !strcasecmp(text, "nan") || !strcasecmp(text, "inf") || !strcasecmp(text, "infinity");
}

ropelaw_status logs_value(const logs_input *input, size_t line, const char *text, ropelaw_value_kind kind,
                          double *value, bool *finite, ropelaw_error *error) {
    static const char *const expected[] = {"a perplexity (> 0)", "a loss (a number)", "an accuracy (0 to 1)"};
    *finite = !not_finite(text);
    if (!*finite) return ROPELAW_OK;
    bool good = !ropelaw_number_parse(text, strlen(text), value, NULL);
    if (good && kind == ROPELAW_VALUE_PPL) good = *value > 0;
    if (good && kind == ROPELAW_VALUE_ACCURACY) good = *value >= 0 && *value <= 1;
    return good ? ROPELAW_OK : logs_refuse(input, line, text, expected[kind], error);
}

ropelaw_value_kind logs_kind(const logs_input *input) {
    return input->options->as == ROPELAW_IMPORT_AS_LOSS       ? ROPELAW_VALUE_LOSS
           : input->options->as == ROPELAW_IMPORT_AS_ACCURACY ? ROPELAW_VALUE_ACCURACY
                                                              : ROPELAW_VALUE_PPL;
}

ropelaw_status logs_check_kind(const logs_input *input, ropelaw_value_kind found, ropelaw_error *error) {
    if (input->options->as == ROPELAW_IMPORT_AS_FOUND || logs_kind(input) == found) return ROPELAW_OK;
    core_fail(error, ROPELAW_INVALID, "as", "", table_column_name(TABLE_VALUE + (int)found),
              "the values of this format are %s, not %s", table_column_name(TABLE_VALUE + (int)found),
              table_column_name(TABLE_VALUE + (int)logs_kind(input)));
    core_error_at(error, input->path, 0);
    return ROPELAW_INVALID;
}
