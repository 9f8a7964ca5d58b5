/* The registry of subcommands, in the order of the help. */
#include "cli.h"

const cli_command *const cli_commands[] = {
    NULL,
};
