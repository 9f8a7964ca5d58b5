/* The registry of subcommands, in the order of the help. */
#include "cli.h"

extern const cli_command cmd_predict, cmd_design, cmd_periods;
extern const cli_command cmd_fit;
extern const cli_command cmd_freqs, cmd_precision;
extern const cli_command cmd_models;
extern const cli_command cmd_inspect, cmd_lint, cmd_convert, cmd_export;
extern const cli_command cmd_table;
extern const cli_command cmd_import;
extern const cli_command cmd_probe;
extern const cli_command cmd_train;
extern const cli_command cmd_attention;

const cli_command *const cli_commands[] = {
    &cmd_predict,
    &cmd_design,
    &cmd_periods,
    &cmd_fit,
    &cmd_freqs,
    &cmd_precision,
    &cmd_inspect,
    &cmd_lint,
    &cmd_convert,
    &cmd_export,
    &cmd_models,
    &cmd_table,
    &cmd_import,
    &cmd_probe,
    &cmd_train,
    &cmd_attention,
    NULL,
};
