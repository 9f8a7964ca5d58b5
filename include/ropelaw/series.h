/**
 * Measured curves: perplexity, loss or accuracy against the evaluated length, grouped into runs.
 *
 * A run is one model under one tuning plan, evaluated at several lengths. The long CSV (columns
 * `run`, `eval_len_tok`, one of `ppl`, `loss_nats`, `accuracy`, and optional ones) is the one input
 * format of `fit`; importers of other logs produce the same structure.
 */
#ifndef ROPELAW_SERIES_H
#define ROPELAW_SERIES_H

#include <ropelaw/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ROPELAW_VALUE_PPL,     /* perplexity [1] > 0 */
    ROPELAW_VALUE_LOSS,    /* mean negative log likelihood [nat] */
    ROPELAW_VALUE_ACCURACY /* fraction of correct answers [1] in [0, 1] */
} ropelaw_value_kind;

/** One measurement. NAN and SIZE_MAX mean: not given. */
typedef struct {
    double eval_len_tok; /* evaluated length [token] > 0 */
    double value;        /* in the unit of the run's kind */
    double se;           /* standard error of value, same unit; NAN */
    double n_tokens;     /* tokens scored; NAN */
    double n_trials;     /* trials behind an accuracy; NAN */
    size_t doc;          /* index into ropelaw_run.docs; SIZE_MAX */
    size_t replicate;    /* replicate number; SIZE_MAX */
    int censored;        /* +1: the true value is above `value`; -1: below; 0: measured */
    size_t line;         /* line of the input; 0 if none */
    size_t extra_row;    /* 1 + row in ropelaw_run.extra_cells; 0: no further columns */
} ropelaw_point;

/** One run: its points sorted by length (ties in input order) and its facts. NAN and "" mean: not given. */
typedef struct {
    char *name;
    ropelaw_value_kind kind;
    size_t n_points;
    ropelaw_point *points;
    size_t n_docs;
    char **docs;          /* names of the documents, in order of first appearance */
    char *model;          /* runs of one model cluster; "" */
    char *method;         /* RoPE method, "" = unknown, "default" = plain RoPE */
    double rotary_dim;    /* [1] */
    double pretrain_base; /* [1] */
    double train_len_tok; /* [token] */
    double tune_len_tok;  /* [token] */
    double base;          /* base in use at evaluation [1] */
    double factor;        /* scaling factor of the method [1] */
    int digitised;        /* the file says that values were read off a plot */
    size_t n_extra;
    char **extra; /* names of the columns that ropelaw does not know: kept, not used */
    size_t n_extra_rows;
    char **extra_cells; /* [n_extra_rows][n_extra], as text; NULL: empty */
    size_t n_covariance;  /* 0, or the size of: */
    double *covariance;   /* covariance [nat^2] of the errors of its points (fit.h says which), rows; NULL */
} ropelaw_run;

/** Provenance of a file (`# key: value` lines). */
typedef struct {
    char *key, *value;
} ropelaw_provenance;

typedef struct {
    size_t n_runs;
    ropelaw_run *runs; /* in order of first appearance */
    size_t n_keys;
    ropelaw_provenance *keys;
    size_t n_notes;
    char **notes; /* what a reader should be told: unknown columns, missing cells, ... */
} ropelaw_series;

/**
 * Read a long CSV (comma, semicolon-free; TSV if the header has tabs; CRLF and a UTF-8 byte order mark are fine).
 *
 * In       path: file to read, "-" is standard input; its name appears in errors
 * Out      series: initialised here, free with ropelaw_series_clear
 * Returns  OK; IO (missing, unreadable, a directory); PARSE naming file, line, column, value and what was expected;
 *          DOMAIN for a number outside its range; NOMEM.
 */
ROPELAW_API ropelaw_status ropelaw_series_read(const char *path, ropelaw_series *series,
                                               ropelaw_error *error) ROPELAW_MUST_USE;

/** The same from memory; `name` stands for the file in errors. */
ROPELAW_API ropelaw_status ropelaw_series_parse(const char *text, size_t length, const char *name,
                                                ropelaw_series *series,
                                                ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Write the long CSV of a series, provenance first, to a growing text (free with ropelaw_text_free in table.h).
 * Reading the text back gives the same series. Columns that ropelaw does not know follow the known ones, in the order
 * in which the runs name them.
 */
ROPELAW_API ropelaw_status ropelaw_series_write(const ropelaw_series *series, char **text, size_t *length,
                                                ropelaw_error *error) ROPELAW_MUST_USE;

/** Append the runs, keys and notes of `from` to `to`; `from` is left empty. A run name in both gives INVALID. */
ROPELAW_API ropelaw_status ropelaw_series_merge(ropelaw_series *to, ropelaw_series *from,
                                                ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Read the covariance of a run's points and keep it with the run: all fits of the run then use it.
 *
 * The file is a CSV table with one row and one column per measured point, in the order of length: the header is
 * `eval_len_tok` and the lengths, each row begins with its length. Cells are covariances [nat^2] of ln(perplexity), of
 * the loss, or of the logit of an accuracy. A comment line `# run: NAME` says whose it is where the series has several
 * runs. Points that are only limits have no row; documents of one length are one point. Lengths repeat for replicates.
 *
 * In       path: "-" is standard input; series: the run must be in it
 * Returns  OK; IO; PARSE and DOMAIN naming file, line, column, value and what was expected: cells that are no numbers, a
 *          length that is not the run's, a matrix that is not square, not symmetric, with a variance that is not
 *          positive; SINGULAR naming the line from which on it is not positive definite; INVALID where it is not said
 *          which run is meant; NOMEM. A failure leaves the run as it was.
 */
ROPELAW_API ropelaw_status ropelaw_series_read_covariance(const char *path, ropelaw_series *series,
                                                          ropelaw_error *error) ROPELAW_MUST_USE;

/** The same from memory; `name` stands for the file in errors. */
ROPELAW_API ropelaw_status ropelaw_series_parse_covariance(const char *text, size_t length, const char *name,
                                                           ropelaw_series *series,
                                                           ropelaw_error *error) ROPELAW_MUST_USE;

/** Free what a series holds and zero it. A zeroed series is fine. */
ROPELAW_API void ropelaw_series_clear(ropelaw_series *series);

/** The text of a point in a column that ropelaw does not know; NULL if it has none. */
ROPELAW_API const char *ropelaw_run_extra(const ropelaw_run *run, const ropelaw_point *point,
                                          const char *column);

/** The value of a provenance key, or NULL. */
ROPELAW_API const char *ropelaw_series_key(const ropelaw_series *series, const char *key);

#ifdef __cplusplus
}
#endif
#endif
