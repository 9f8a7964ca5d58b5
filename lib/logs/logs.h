/* What importers share: the input, the growing series, lines, names from paths. */
#ifndef ROPELAW_LOGS_LOGS_H
#define ROPELAW_LOGS_LOGS_H

#include "table/csv.h"
#include "table/names.h"
#include "table/series.h"
#include <ropelaw/import.h>

typedef struct {
    const char *path; /* for errors, and for what its folders say */
    const char *text; /* NUL-terminated, without a NUL inside */
    size_t length;
    const ropelaw_import_options *options;
} logs_input;

/* The series as it grows over all files. */
typedef struct {
    ropelaw_series series;
    table_names runs, docs;
    bool scored; /* accuracies are raw scores until logs_finish has found their scale */
} logs_sink;

typedef struct {
    ropelaw_import_format format;
    bool (*recognise)(const logs_input *input);
    ropelaw_status (*read)(const logs_input *input, logs_sink *sink, ropelaw_error *error);
} logs_importer;

extern const logs_importer logs_import_long, logs_import_longrope, logs_import_yarn, logs_import_ruler,
    logs_import_lm_eval, logs_import_niah, logs_import_llama, logs_import_longlora;

/* A point that says nothing but its length and value. */
ropelaw_point logs_point(double eval_len_tok, double value, size_t line);
/* Append a point to the run of that name, new or known; a run keeps its kind. `doc` may be NULL. */
ropelaw_status logs_add(logs_sink *sink, const logs_input *input, const char *run, ropelaw_value_kind kind,
                        const char *doc, const ropelaw_point *point, ropelaw_error *error);
/* Know a run that is about to be merged, `offset` runs behind the present ones; INVALID if the name is taken. */
ropelaw_status logs_reserve_run(logs_sink *sink, const logs_input *input, const char *name, size_t offset,
                                ropelaw_error *error);
/* A remark "<path>: ...". */
ropelaw_status logs_note(logs_sink *sink, const logs_input *input, ropelaw_error *error, const char *format,
                         ...) __attribute__((format(printf, 4, 5)));
void logs_clear(logs_sink *sink);

/* PARSE at a line: "<value>" is not <expected>. */
ropelaw_status logs_refuse(const logs_input *input, size_t line, const char *value, const char *expected,
                           ropelaw_error *error);
/* The value is in the range of its kind, else PARSE. *finite is false for nan and inf, which are left out. */
ropelaw_status logs_value(const logs_input *input, size_t line, const char *text, ropelaw_value_kind kind,
                          double *value, bool *finite, ropelaw_error *error);

/* Kind of values where the format leaves it open; `found` where the format says it and options do not contradict. */
ropelaw_value_kind logs_kind(const logs_input *input);
ropelaw_status logs_check_kind(const logs_input *input, ropelaw_value_kind found, ropelaw_error *error);

/* options.run, or the file's name without folders and ending. */
void logs_run_name(const logs_input *input, char *out, size_t size);
/* The folder of the path that is a length ("8192", "32k"), NAN if none; *before gets the folder that names the
   run (the one before it, "synthetic" skipped) or "". */
double logs_path_length(const char *path, char *before, size_t size);

/* Lines: *at moves on; the line is cut to `size`. False at the end. */
bool logs_next_line(const char **at, char *line, size_t size);
size_t logs_longest_line(const char *text);
/* The first line that is neither blank nor a comment. */
void logs_first_line(const logs_input *input, char *line, size_t size);
/* A CSV reader over a copy of the text. */
ropelaw_status logs_csv(const logs_input *input, unsigned rules, table_csv *csv, ropelaw_error *error);
/* Number at the start of a text: true and *end behind it. */
bool logs_number(const char *text, double *value, const char **end);

/* Files of a folder and its folders, sorted, those with a known ending; free with logs_paths_free. */
typedef struct {
    char **paths;
    size_t n;
} logs_paths;
ropelaw_status logs_walk(const char *folder, logs_paths *paths, ropelaw_error *error);
void logs_paths_free(logs_paths *paths);

#endif
