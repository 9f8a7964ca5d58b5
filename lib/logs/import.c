/* The registry of formats and the way through files and folders. */
#include "logs/logs.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* In the order in which "auto" asks: the more particular first. */
static const logs_importer *const importers[] = {
    &logs_import_long, &logs_import_lm_eval,  &logs_import_niah,     &logs_import_ruler,
    &logs_import_yarn, &logs_import_longrope, &logs_import_longlora, &logs_import_llama};

const ropelaw_import_options ropelaw_import_options_default = {NULL, ROPELAW_IMPORT_AS_FOUND, NULL, NAN};

const ropelaw_import_format *ropelaw_import_format_get(size_t index) {
    return index < CORE_COUNT(importers) ? &importers[index]->format : NULL;
}

static bool automatic(const ropelaw_import_options *o) {
    return !o->format || !strcmp(o->format, "auto");
}

static ropelaw_status check_options(const ropelaw_import_options *o, ropelaw_error *error) {
    bool known = automatic(o);
    for (size_t i = 0; i < CORE_COUNT(importers); i++)
        known |= o->format && !strcmp(importers[i]->format.name, o->format);
    if (!known)
        return core_fail(error, ROPELAW_INVALID, "format", o->format, "", "unknown format \"%.40s\"",
                         o->format);
    if (o->run && !*o->run)
        return core_fail(error, ROPELAW_INVALID, "run", "", "", "the name of the run is empty");
    if (!isnan(o->eval_len_tok) && !(o->eval_len_tok > 0))
        return core_fail_number(error, ROPELAW_DOMAIN, "eval_len_tok", o->eval_len_tok, "> 0");
    return ROPELAW_OK;
}

static const logs_importer *choose(const logs_input *input) {
    for (size_t i = 0; i < CORE_COUNT(importers); i++) {
        if (automatic(input->options) ? importers[i]->recognise(input)
                                      : !strcmp(importers[i]->format.name, input->options->format))
            return importers[i];
    }
    return NULL;
}

static ropelaw_status check_text(const logs_input *input, ropelaw_error *error) {
    const char *nul = memchr(input->text, 0, input->length);
    if (!nul) return ROPELAW_OK;
    size_t line = 1;
    for (const char *c = input->text; c < nul; c++) line += *c == '\n';
    bool wide = !strncmp(input->text, "\xff\xfe", 2) || !strncmp(input->text, "\xfe\xff", 2);
    core_fail(error, ROPELAW_PARSE, "", "", "",
              wide ? "the text is UTF-16, expected UTF-8" : "a NUL byte: this is no text");
    core_error_at(error, input->path, line);
    return ROPELAW_PARSE;
}

/* *known is false if no format claims the text; then nothing is read. */
static ropelaw_status read_text(const logs_input *input, logs_sink *sink, bool *known, ropelaw_error *error) {
    ropelaw_status status = check_text(input, error);
    if (status) return status;
    const logs_importer *importer = choose(input);
    *known = importer != NULL;
    return importer ? importer->read(input, sink, error) : ROPELAW_OK;
}

static ropelaw_status unknown_format(const char *path, ropelaw_error *error) {
    core_fail(error, ROPELAW_PARSE, "format", "", "", "no known format recognises this input; name one");
    core_error_at(error, path, 0);
    return ROPELAW_PARSE;
}

static ropelaw_status read_file(const char *path, const ropelaw_import_options *options, logs_sink *sink,
                                bool *known, ropelaw_error *error) {
    char *text;
    size_t length;
    ropelaw_status status = table_read_file(path, &text, &length, error);
    if (status) return status;
    logs_input input = {strcmp(path, "-") ? path : "standard input", text, length, options};
    status = read_text(&input, sink, known, error);
    core_free(text);
    return status;
}

static ropelaw_status read_folder(const char *path, const ropelaw_import_options *options, logs_sink *sink,
                                  ropelaw_error *error) {
    logs_paths paths = {0};
    size_t n_unknown = 0;
    ropelaw_status status = logs_walk(path, &paths, error);
    for (size_t i = 0; !status && i < paths.n; i++) {
        bool known = true;
        status = read_file(paths.paths[i], options, sink, &known, error);
        n_unknown += !known;
    }
    if (!status && paths.n == n_unknown)
        status = unknown_format(path, error);
    else if (!status && n_unknown) {
        logs_input input = {.path = path};
        status = logs_note(sink, &input, error, "%zu files of no known format passed over", n_unknown);
    }
    logs_paths_free(&paths);
    return status;
}

/* Scores of a needle test come as 0..1, 1..10 or percent: the largest of a run decides. */
static ropelaw_status scale_scores(ropelaw_series *series, ropelaw_error *error) {
    for (size_t i = 0; i < series->n_runs; i++) {
        ropelaw_run *run = &series->runs[i];
        double most = 0;
        char note[200];
        if (run->kind != ROPELAW_VALUE_ACCURACY) continue;
        for (size_t j = 0; j < run->n_points; j++) most = fmax(most, run->points[j].value);
        int scale = most <= 1 ? 1 : most <= 10 ? 10 : 100;
        for (size_t j = 0; j < run->n_points; j++) run->points[j].value /= scale;
        if (scale == 1) continue;
        snprintf(note, sizeof note, "run %.80s: scores are taken as parts of %d", run->name, scale);
        ropelaw_status status = table_series_add_note(series, note, error);
        if (status) return status;
    }
    return ROPELAW_OK;
}

static ropelaw_status finish(logs_sink *sink, ropelaw_series *series, const char *path,
                             ropelaw_error *error) {
    ropelaw_status status = sink->scored ? scale_scores(&sink->series, error) : ROPELAW_OK;
    if (!status && !sink->series.n_runs) {
        status = core_fail(error, ROPELAW_PARSE, "", "", "", "no measurement found");
        core_error_at(error, path, 0);
    }
    for (size_t i = 0; !status && i < sink->series.n_runs; i++) table_run_sort(&sink->series.runs[i]);
    if (!status) {
        *series = sink->series;
        sink->series = (ropelaw_series){0};
    }
    logs_clear(sink);
    return status;
}

ropelaw_status ropelaw_import_parse(const char *text, size_t length, const char *name,
                                    const ropelaw_import_options *options, ropelaw_series *series,
                                    ropelaw_error *error) {
    if (!options) options = &ropelaw_import_options_default;
    ropelaw_status status = check_options(options, error);
    if (status) return status;
    char *copy = length < SIZE_MAX ? core_malloc(length + 1, 1) : NULL;
    if (!copy) return core_fail_memory(error, length, 1);
    if (length) memcpy(copy, text, length);
    copy[length] = 0;
    logs_sink sink = {0};
    logs_input input = {name, copy, length, options};
    bool known = true;
    status = read_text(&input, &sink, &known, error);
    if (!status && !known) status = unknown_format(name, error);
    core_free(copy);
    if (!status) return finish(&sink, series, name, error);
    logs_clear(&sink);
    return status;
}

ropelaw_status ropelaw_import_read(const char *const *paths, size_t n_paths,
                                   const ropelaw_import_options *options, ropelaw_series *series,
                                   ropelaw_error *error) {
    if (!options) options = &ropelaw_import_options_default;
    ropelaw_status status = check_options(options, error);
    logs_sink sink = {0};
    for (size_t i = 0; !status && i < n_paths; i++) {
        struct stat info;
        bool known = true;
        if (strcmp(paths[i], "-") != 0 && !stat(paths[i], &info) && S_ISDIR(info.st_mode))
            status = read_folder(paths[i], options, &sink, error);
        else
            status = read_file(paths[i], options, &sink, &known, error);
        if (!status && !known) status = unknown_format(paths[i], error);
    }
    for (size_t i = 0; !status && i < n_paths; i++)
        if (!strpbrk(paths[i], "\r\n"))
            status = table_series_add_key(&sink.series, "imported-from", paths[i], error);
    if (!status) return finish(&sink, series, n_paths == 1 ? paths[0] : "", error);
    logs_clear(&sink);
    return status;
}
