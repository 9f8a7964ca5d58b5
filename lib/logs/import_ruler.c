/* RULER's summary.csv, one folder per length: a header of numbers, then the rows Tasks, Score (percent) and Nulls
   ("0/500": answers missing / asked). The length is a folder of the path. Each task is a document of the run. */
#include "logs/logs.h"
#include <ropelaw/number.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static bool recognise(const logs_input *input) {
    char line[1024];
    logs_first_line(input, line, sizeof line);
    return !strncmp(line, "0,1", 3) || !strncmp(line, "Tasks,", 6);
}

/* Copies of the three rows; `tasks` == NULL until found. */
typedef struct {
    char **cells[3];
    size_t n, line;
} summary;

static const char *const row_names[3] = {"Tasks", "Score", "Nulls"};

static void clear(summary *s) {
    for (int r = 0; r < 3; r++) {
        for (size_t i = 0; s->cells[r] && i < s->n; i++) core_free(s->cells[r][i]);
        core_free(s->cells[r]);
    }
}

static ropelaw_status keep_row(summary *s, const char *const *cells, size_t n, ropelaw_error *error) {
    for (int r = 0; r < 3; r++) {
        if (strcmp(cells[0], row_names[r]) != 0 || s->cells[r]) continue;
        s->n = n;
        s->cells[r] = core_calloc(n, sizeof *s->cells[r]);
        if (!s->cells[r]) return core_fail_memory(error, n, sizeof *s->cells[r]);
        for (size_t i = 0; i < n; i++)
            if (!(s->cells[r][i] = core_strdup(cells[i])))
                return core_fail_memory(error, strlen(cells[i]), 1);
    }
    return ROPELAW_OK;
}

/* The header counts as a row too: without the line of numbers it is the row Tasks itself. */
static ropelaw_status collect(table_csv *csv, summary *s, ropelaw_error *error) {
    const char **cells = core_malloc(csv->n_columns, sizeof *cells);
    if (!cells) return core_fail_memory(error, csv->n_columns, sizeof *cells);
    for (size_t i = 0; i < csv->n_columns; i++) cells[i] = csv->columns[i];
    ropelaw_status status = keep_row(s, cells, csv->n_columns, error);
    bool more = true;
    while (!status && more) {
        status = table_csv_next(csv, &more, error);
        for (size_t i = 0; i < csv->n_columns; i++) cells[i] = csv->cells[i].text;
        if (!status && more && !strcmp(cells[0], "Score")) s->line = csv->line;
        if (!status && more) status = keep_row(s, cells, csv->n_columns, error);
    }
    core_free(cells);
    return status;
}

static ropelaw_status add_tasks(const logs_input *input, logs_sink *sink, const summary *s, double length,
                                const char *run, ropelaw_error *error) {
    ropelaw_status status = ROPELAW_OK;
    for (size_t i = 1; i < s->n && !status; i++) {
        double score, trials;
        const char *slash = s->cells[2] ? strchr(s->cells[2][i], '/') : NULL;
        if (!*s->cells[0][i]) continue;
        if (!logs_number(s->cells[1][i], &score, NULL) || !(score >= 0 && score <= 100))
            return logs_refuse(input, s->line, s->cells[1][i], "a score (0 to 100)", error);
        ropelaw_point point = logs_point(length, score / 100, s->line);
        if (slash && logs_number(slash + 1, &trials, NULL) && trials > 0) point.n_trials = trials;
        status = logs_add(sink, input, run, ROPELAW_VALUE_ACCURACY, s->cells[0][i], &point, error);
    }
    return status;
}

static ropelaw_status read(const logs_input *input, logs_sink *sink, ropelaw_error *error) {
    table_csv csv;
    summary s = {0};
    char run[256];
    double length = logs_path_length(input->path, run, sizeof run);
    if (isnan(length)) length = input->options->eval_len_tok;
    if (input->options->run || !*run)
        snprintf(run, sizeof run, "%s", input->options->run ? input->options->run : "ruler");
    ropelaw_status status = logs_check_kind(input, ROPELAW_VALUE_ACCURACY, error);
    if (!status && isnan(length)) {
        core_fail(error, ROPELAW_INVALID, "eval_len_tok", "", "",
                  "no folder of the path is a length: give one");
        core_error_at(error, input->path, 0);
        return ROPELAW_INVALID;
    }
    if (!status) status = logs_csv(input, TABLE_CSV_RAGGED, &csv, error);
    if (status) return status;
    status = collect(&csv, &s, error);
    if (!status && !(s.cells[0] && s.cells[1]))
        status = logs_refuse(input, csv.line, csv.columns[0], "a summary with rows Tasks and Score", error);
    if (!status) status = add_tasks(input, sink, &s, length, run, error);
    clear(&s);
    table_csv_close(&csv);
    return status;
}

const logs_importer logs_import_ruler = {
    {"ruler", "folders MODEL/synthetic/LENGTH/pred with summary.csv (rows Tasks, Score, Nulls)",
     "NVIDIA/RULER scripts/eval/evaluate.py"},
    recognise,
    read
};
