/* YaRN's evaluation: a wide CSV (first header cell empty, then lengths; one row per model, rows may end early), or
   the lines "MODEL: 8192=3.54" that it prints. */
#include "logs/logs.h"
#include <ropelaw/number.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* "MODEL: 8192=3.54": the places of the parts, or NULL. */
static const char *printed(const char *line, double *length, const char **value) {
    const char *colon = strrchr(line, ':'), *end;
    if (!colon || colon == line || strncmp(colon, ": ", 2) != 0) return NULL;
    if (!logs_number(colon + 2, length, &end) || *end != '=' || !(*length > 0)) return NULL;
    *value = end + 1;
    double x;
    return logs_number(*value, &x, &end) && !*end ? colon : NULL;
}

static bool wide(const char *line) {
    double length;
    const char *end;
    if (!strncmp(line, "\"\"", 2)) line += 2;
    return (*line == ',' || *line == '\t') && logs_number(line + 1, &length, &end) &&
           (!*end || strchr(",\t", *end));
}

static bool recognise(const logs_input *input) {
    char line[1024];
    double length;
    const char *value;
    logs_first_line(input, line, sizeof line);
    if (wide(line)) return true;
    for (const char *at = input->text; logs_next_line(&at, line, sizeof line);)
        if (printed(line, &length, &value)) return true;
    return false;
}

static ropelaw_status add(const logs_input *input, logs_sink *sink, const char *run, double length,
                          const char *text, size_t line, ropelaw_error *error) {
    double value;
    bool finite;
    ropelaw_value_kind kind = logs_kind(input);
    ropelaw_status status = logs_value(input, line, text, kind, &value, &finite, error);
    if (status) return status;
    if (!finite) return logs_note(sink, input, error, "line %zu: value %.20s left out", line, text);
    ropelaw_point point = logs_point(length, value, line);
    return logs_add(sink, input, run, kind, NULL, &point, error);
}

static ropelaw_status read_printed(const logs_input *input, logs_sink *sink, ropelaw_error *error) {
    char line[1024];
    size_t number = 0;
    ropelaw_status status = ROPELAW_OK;
    for (const char *at = input->text; !status && logs_next_line(&at, line, sizeof line);) {
        double length;
        const char *value, *colon = printed(line, &length, &value);
        number++;
        if (!colon) continue;
        line[colon - line] = 0;
        status = add(input, sink, line, length, value, number, error);
    }
    return status;
}

static ropelaw_status read_row(const logs_input *input, logs_sink *sink, const table_csv *csv,
                               const double *lengths, ropelaw_error *error) {
    if (!csv->cells[0].length)
        return table_csv_refuse(csv, 0, ROPELAW_PARSE, "is empty", "the name of a model", error);
    ropelaw_status status = ROPELAW_OK;
    for (size_t i = 1; i < csv->n_columns && !status; i++)
        if (csv->cells[i].length)
            status = add(input, sink, csv->cells[0].text, lengths[i], csv->cells[i].text, csv->line, error);
    return status;
}

static ropelaw_status read_lengths(const logs_input *input, const table_csv *csv, double *lengths,
                                   ropelaw_error *error) {
    for (size_t i = 1; i < csv->n_columns; i++)
        if (ropelaw_length_parse(csv->columns[i], strlen(csv->columns[i]), &lengths[i], NULL))
            return logs_refuse(input, csv->line, csv->columns[i], "a length (the header of a wide table)",
                               error);
    return ROPELAW_OK;
}

static ropelaw_status read_wide(const logs_input *input, logs_sink *sink, ropelaw_error *error) {
    table_csv csv;
    bool more = true;
    ropelaw_status status = logs_csv(input, TABLE_CSV_RAGGED | TABLE_CSV_UNNAMED, &csv, error);
    if (status) return status;
    double *lengths = core_malloc(csv.n_columns, sizeof *lengths);
    status = lengths ? read_lengths(input, &csv, lengths, error)
                     : core_fail_memory(error, csv.n_columns, sizeof(double));
    while (!status && more) {
        status = table_csv_next(&csv, &more, error);
        if (!status && more) status = read_row(input, sink, &csv, lengths, error);
    }
    core_free(lengths);
    table_csv_close(&csv);
    return status;
}

static ropelaw_status read(const logs_input *input, logs_sink *sink, ropelaw_error *error) {
    char line[1024];
    logs_first_line(input, line, sizeof line);
    double length;
    const char *value;
    return printed(line, &length, &value) || !strpbrk(line, ",\t") ? read_printed(input, sink, error)
                                                                   : read_wide(input, sink, error);
}

const logs_importer logs_import_yarn = {
    {"yarn",
     "wide CSV: first header cell empty, then lengths, one row per model; or lines \"MODEL: 8192=3.54\"", "jquesnelle/yarn eval/perplexity.py (also EasyContext eval_ppl.py)"},
    recognise,
    read
};
