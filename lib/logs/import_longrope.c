/* LongRoPE's evaluation: a CSV `length,ppl`, or log lines "Perplexity (num_tokens = 32768) = 3.2". Any CSV with a
   column of lengths and one of values is taken the same way. */
#include "logs/logs.h"
#include <ropelaw/number.h>
#include <string.h>
#include <strings.h>

static const char mark[] = "Perplexity (num_tokens = ";

static size_t find_column(char *const *header, size_t n_header, const char *const *names, size_t n) {
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < n_header; c++)
            if (!strcasecmp(header[c], names[i])) return c;
    return SIZE_MAX;
}

static const char *const length_names[] = {"length", "context_length", "n_ctx", "ctx", "seq_len", "eval_len"};
static const char *const value_names[][3] = {
    {"ppl",      "perplexity", "value"},
    {"loss",     "nll",        "value"},
    {"accuracy", "acc",        "value"}
};

/* Columns of a header: lengths and the values of one kind. */
static bool columns(char *const *header, size_t n, const logs_input *input, size_t *at,
                    ropelaw_value_kind *kind) {
    at[0] = find_column(header, n, length_names, CORE_COUNT(length_names));
    at[1] = SIZE_MAX;
    for (int k = 0; k < 3 && at[1] == SIZE_MAX; k++) {
        at[1] = find_column(header, n, value_names[k], 2);
        *kind = (ropelaw_value_kind)k;
    }
    if (at[1] == SIZE_MAX) {
        at[1] = find_column(header, n, &value_names[0][2], 1);
        *kind = logs_kind(input);
    }
    return at[0] != SIZE_MAX && at[1] != SIZE_MAX;
}

enum { MOST_COLUMNS = 32 };

static bool recognise(const logs_input *input) {
    char line[1024], *header[MOST_COLUMNS], *rest = line;
    size_t n = 0, at[2];
    ropelaw_value_kind kind;
    if (strstr(input->text, mark)) return true;
    logs_first_line(input, line, sizeof line);
    while (rest && n < MOST_COLUMNS) header[n++] = strsep(&rest, ",\t");
    return n > 1 && columns(header, n, input, at, &kind);
}

static ropelaw_status add(const logs_input *input, logs_sink *sink, double length, const char *text,
                          ropelaw_value_kind kind, size_t line, ropelaw_error *error) {
    char run[256];
    double value;
    bool finite;
    logs_run_name(input, run, sizeof run);
    ropelaw_status status = logs_value(input, line, text, kind, &value, &finite, error);
    if (status) return status;
    if (!finite) return logs_note(sink, input, error, "line %zu: value %.20s left out", line, text);
    ropelaw_point point = logs_point(length, value, line);
    return logs_add(sink, input, run, kind, NULL, &point, error);
}

static ropelaw_status read_log(const logs_input *input, logs_sink *sink, ropelaw_error *error) {
    char line[1024];
    size_t number = 0;
    ropelaw_status status = logs_check_kind(input, ROPELAW_VALUE_PPL, error);
    for (const char *at = input->text; !status && logs_next_line(&at, line, sizeof line);) {
        const char *found = strstr(line, mark), *end;
        double length;
        number++;
        if (!found) continue;
        if (!logs_number(found + strlen(mark), &length, &end) || strncmp(end, ") = ", 4) != 0 ||
            !(length > 0))
            return logs_refuse(input, number, found, "Perplexity (num_tokens = N) = X", error);
        end += 4;
        line[(size_t)(end - line) + strcspn(end, " \t")] = 0;
        status = add(input, sink, length, end, ROPELAW_VALUE_PPL, number, error);
    }
    return status;
}

static ropelaw_status read_row(const logs_input *input, logs_sink *sink, const table_csv *csv,
                               const size_t *columns_, ropelaw_value_kind kind, ropelaw_error *error) {
    const table_csv_cell *length = &csv->cells[columns_[0]], *value = &csv->cells[columns_[1]];
    double x;
    if (ropelaw_length_parse(length->text, length->length, &x, NULL))
        return table_csv_refuse(csv, columns_[0], ROPELAW_PARSE, "is not a length", "> 0", error);
    if (!value->length) return ROPELAW_OK;
    return add(input, sink, x, value->text, kind, csv->line, error);
}

static ropelaw_status read_csv(const logs_input *input, logs_sink *sink, ropelaw_error *error) {
    table_csv csv;
    size_t at[2];
    ropelaw_value_kind kind;
    bool more = true;
    ropelaw_status status = logs_csv(input, 0, &csv, error);
    if (status) return status;
    if (!columns(csv.columns, csv.n_columns, input, at, &kind))
        status = logs_refuse(input, csv.line, csv.columns[0], "a header such as length,ppl", error);
    if (!status && strcasecmp(csv.columns[at[1]], "value") != 0) status = logs_check_kind(input, kind, error);
    while (!status && more) {
        status = table_csv_next(&csv, &more, error);
        if (!status && more) status = read_row(input, sink, &csv, at, kind, error);
    }
    table_csv_close(&csv);
    return status;
}

static ropelaw_status read(const logs_input *input, logs_sink *sink, ropelaw_error *error) {
    return strstr(input->text, mark) ? read_log(input, sink, error) : read_csv(input, sink, error);
}

const logs_importer logs_import_longrope = {
    {"longrope", "CSV length,ppl (or loss, accuracy), or lines \"Perplexity (num_tokens = N) = X\"",
     "microsoft/LongRoPE evaluation/perplexity.py"},
    recognise,
    read
};
