/* Shared by the files of the frame (main, options, document, output, progress); subcommands do not see it. */
#ifndef ROPELAW_TOOLS_INTERNAL_H
#define ROPELAW_TOOLS_INTERNAL_H

#include "cli.h"

typedef struct {
    const cli_option *option;
    const char *text;   /* as given */
    double *numbers;    /* parsed */
    const char **texts; /* all values of a CLI_TEXTS option */
    size_t n;
} cli_given_option;

enum { CLI_MOST_TABLES = 16 };

struct cli_state {
    cli_given_option *given;
    size_t n_given;
    const char **arguments;
    char *text_data;
    size_t text_length;
    char *raw;
    cli_value *caveats, *sources, *explain;
    ropelaw_table *tables[CLI_MOST_TABLES];
    size_t n_tables;
    const char *output;
    bool no_progress;
    ropelaw_progress progress;
};

/* options.c: 0 or an exit code. `stop` is set when --help or --version has answered. */
int options_parse(cli_context *context, int argc, char **argv, bool *stop);
void options_clear(cli_context *context);
void options_help(const cli_command *command, FILE *out);
extern const cli_option cli_common_options[], cli_model_options[];

/* document.c */
void document_write(const cli_value *value, FILE *out, int indent);
void document_free(cli_value *value);
size_t document_count(const cli_value *value);
const char *document_text(const cli_value *array, size_t index);
void *cli_memory(void *memory); /* ends the program when NULL */

/* output.c */
int output_write(cli_context *context);

/* progress.c */
void progress_end(void);
extern char progress_unlink[]; /* file to remove when a second Ctrl-C ends the program; "" = none */
void progress_install(bool no_bar);
bool progress_interrupted(void);

#endif
