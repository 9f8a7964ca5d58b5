/**
 * Importers: evaluation logs of other programs into measured runs (series.h).
 *
 * Each format is a member of a registry; "auto" asks every member in turn whether the text is its own. Several
 * files make one series: points of one run may come from many files (one log per length, one JSON per cell). A
 * folder is searched for the files that a format writes there.
 */
#ifndef ROPELAW_IMPORT_H
#define ROPELAW_IMPORT_H

#include <ropelaw/series.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A format that can be read. */
typedef struct {
    const char *name;    /* "llama-perplexity" */
    const char *summary; /* what the file looks like, one line */
    const char *source;  /* program and file that write it */
} ropelaw_import_format;

/** A format by index; NULL past the end. */
ROPELAW_API const ropelaw_import_format *ropelaw_import_format_get(size_t index);

typedef enum {
    ROPELAW_IMPORT_AS_FOUND, /* what the format says; ppl where it says nothing */
    ROPELAW_IMPORT_AS_PPL,
    ROPELAW_IMPORT_AS_LOSS,
    ROPELAW_IMPORT_AS_ACCURACY
} ropelaw_import_as;

typedef struct {
    const char *format;   /* a name, or NULL or "auto" */
    ropelaw_import_as as; /* what the values are, where the format leaves it open */
    const char *run;      /* name of the run where the input gives none; NULL: from the file's name */
    double eval_len_tok;  /* length where the input gives none; NAN */
} ropelaw_import_options;

ROPELAW_API extern const ropelaw_import_options ropelaw_import_options_default;

/**
 * Read files and folders.
 *
 * In       paths [n_paths], "-" is standard input; options (NULL: default)
 * Out      series: initialised here, free with ropelaw_series_clear; its notes say what was left out or assumed
 * Returns  OK; INVALID for an unknown format or a length that nobody gives; IO; PARSE naming file, line and value;
 *          NOMEM. In a folder, files of no known format are passed over and counted in a note.
 */
ROPELAW_API ropelaw_status ropelaw_import_read(const char *const *paths, size_t n_paths,
                                               const ropelaw_import_options *options, ropelaw_series *series,
                                               ropelaw_error *error) ROPELAW_MUST_USE;

/** The same for one text in memory; `name` stands for the file, its folders are read for names and lengths. */
ROPELAW_API ropelaw_status ropelaw_import_parse(const char *text, size_t length, const char *name,
                                                const ropelaw_import_options *options, ropelaw_series *series,
                                                ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
