/* What every subcommand of `ropelaw` is written against: options, results, errors, progress.

   A subcommand is one file cmd_<name>.c with one `const cli_command`, and one line in commands.c. It reads
   its options from the context, calls the library, and fills the context's result; main.c parses, prints and
   maps failures to exit codes. It holds no arithmetic and includes <ropelaw/...> and this header only. */
#ifndef ROPELAW_TOOLS_CLI_H
#define ROPELAW_TOOLS_CLI_H

#include <ropelaw/ropelaw.h>
#include <stdbool.h>
#include <stdio.h>

enum {
    CLI_OK = 0,
    CLI_CHECK = 1,   /* the check that was asked for failed */
    CLI_USAGE = 2,   /* the command line is wrong */
    CLI_INPUT = 3,   /* an input is unreadable or invalid */
    CLI_NUMERIC = 4, /* numerical failure, memory */
    CLI_OUTPUT = 5,  /* an output could not be written */
    CLI_INTERRUPTED = 130
};

typedef enum {
    CLI_FLAG,    /* no value */
    CLI_TEXT,    /* any text */
    CLI_TEXTS,   /* may be given several times */
    CLI_CHOICE,  /* one of the words in `value`, separated by '|' */
    CLI_NUMBER,  /* a number; a length suffix is an error */
    CLI_NUMBERS, /* a list of them: 1e5,1e6 */
    CLI_COUNT,   /* a whole number >= 0 */
    CLI_LENGTH,  /* tokens: 4096, 32k, 1M */
    CLI_LENGTHS  /* a list of them */
} cli_kind;

typedef struct {
    const char *name; /* without the dashes */
    cli_kind kind;
    const char *value; /* what the help shows for the value; for CLI_CHOICE the choices */
    const char *help;  /* one line, says the default */
} cli_option;

typedef struct cli_context cli_context;

typedef struct {
    const char *name;
    const char *summary;       /* the question it answers, one line, lower case */
    const char *arguments;     /* operands as help shows them: "FILE..." or "" */
    int least, most;           /* number of operands; most < 0: any */
    const cli_option *options; /* ends with a NULL name; NULL: only the common ones */
    bool model;                /* takes the model options (--model, --config, --base ...) */
    const char *help;          /* a paragraph or two for --help; "" */
    const char *example;       /* command lines, one a line */
    int (*run)(cli_context *context);
} cli_command;

extern const cli_command *const cli_commands[]; /* NULL-terminated */

/* ---- JSON documents: what `result` and `input` are made of. Memory runs out: the program says so and ends.
 */

typedef struct cli_value cli_value;
cli_value *cli_object(void);
cli_value *cli_array(void);
/* Put a child under a key (object) or, with key NULL, at the end (array); returns the child. */
cli_value *cli_put(cli_value *parent, const char *key, cli_value *child);
void cli_put_number(cli_value *parent, const char *key, double value);   /* NAN and infinities become null */
void cli_put_text(cli_value *parent, const char *key, const char *text); /* NULL becomes null */
void cli_put_bool(cli_value *parent, const char *key, bool value);
void cli_put_null(cli_value *parent, const char *key);
/* A text that is JSON already (from ropelaw_table_write "json", say). */
void cli_put_raw(cli_value *parent, const char *key, const char *json);
/* The names of the caveat bits as an array of words: {"OUTSIDE_THEORY: ..."}; also told to the context. */
void cli_put_caveats(cli_value *parent, const char *key, uint32_t bits);

/* ---- The context */

struct cli_context {
    const cli_command *command;
    const char *const *arguments; /* operands */
    size_t n_arguments;

    const char *format; /* "text", "json", "csv", "tsv", "md", "latex" */
    uint64_t seed;
    size_t threads;
    bool quiet, explain;

    /* The result, filled by run(). For text: what is written to `text` (an open stream); for the others: */
    cli_value *input;  /* object: the question as understood */
    cli_value *result; /* object (or array, set with cli_result_array) */
    FILE *text;

    struct cli_state *state;
};

/* Options as given. The fallback is returned when the option is absent. */
bool cli_given(const cli_context *context, const char *name);
const char *cli_text(const cli_context *context, const char *name, const char *fallback);
double cli_number(const cli_context *context, const char *name, double fallback); /* NUMBER, LENGTH, COUNT */
/* Lists; n = 0 when absent. The arrays belong to the context. */
const double *cli_numbers(const cli_context *context, const char *name, size_t *n);
const char *const *cli_texts(const cli_context *context, const char *name, size_t *n);

/* `result` as an array instead of an object: the same pointer from now on. */
cli_value *cli_result_array(cli_context *context);

/* Caveats, sources and notes of the whole answer; printed once each, in order of arrival, after the text. */
void cli_caveats(cli_context *context, uint32_t bits);
void cli_caveat(cli_context *context, const char *words);
void cli_source(cli_context *context, const char *source);

/* One line of --explain (an equation with its numbers filled in); kept only when asked for. No %g and the
   like: numbers go through cli_num. */
void cli_explain(cli_context *context, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A number for people with that many significant digits (0: all; whole numbers below 1e15 stay whole);
   "-" for NAN. The text lives until the 32nd next call. */
const char *cli_num(double value, int digits);

/* A table for --format csv|tsv|md|latex, and for people if `show` writes it to `text` as well. csv and tsv
   print the first table only, md and latex all of them. The context takes the table over. */
void cli_table(cli_context *context, ropelaw_table *table, bool show);

/* Finished text (a file for an engine, CSV of an import) that is the answer in text format. */
void cli_raw(cli_context *context, const char *text);

/* ---- Failing */

/* Print "ropelaw <command>: <error>" and give the exit code for it. */
int cli_fail(const cli_context *context, const ropelaw_error *error);
/* The same for a mistake in the command line. */
int cli_usage(const cli_context *context, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A warning or a note on stderr, unless --quiet. */
void cli_note(const cli_context *context, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- Work that takes time */

/* A progress callback that draws a bar with the time left on stderr when it is a terminal and the work takes
   over a second, and that stops the work on Ctrl-C. Reusable: a new label starts a new bar. */
const ropelaw_progress *cli_progress(cli_context *context, const char *label);

/* Write a file beside the answer (--save-law and the like): written next to its name and renamed. Exit code.
 */
int cli_write_file(const cli_context *context, const char *path, const char *text, size_t length);

/* Before long work: could cli_write_file write there? NULL is fine. Nothing is left behind. Exit code. */
int cli_can_write(const cli_context *context, const char *path);

/* Fill a ropelaw_table cell by cell and stop at the first failure: */
typedef struct {
    ropelaw_table *table;
    ropelaw_status status;
    ropelaw_error error;
} cli_rows;
cli_rows cli_rows_start(const char *title, const ropelaw_column *columns, size_t n_columns);
void cli_cell(cli_rows *rows, double value);
void cli_cell_text(cli_rows *rows, const char *text);
void cli_cell_limit(cli_rows *rows, const char *text);
void cli_rows_note(cli_rows *rows, const char *note);
/* Hand the table to the context; exit code. */
int cli_rows_end(cli_context *context, cli_rows *rows, bool show);

#define CLI_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
