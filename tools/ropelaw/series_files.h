/* The FILE operands of measured runs, as `fit` and `table` take them. */
#ifndef ROPELAW_TOOLS_SERIES_FILES_H
#define ROPELAW_TOOLS_SERIES_FILES_H

#include "cli.h"

/* The operands from number `first` on as one series, free with ropelaw_series_clear also after a failure. What their
   reader notes is told once for all files of which it is true. Exit code. */
int cli_series_read(cli_context *c, size_t first, ropelaw_series *all);

#endif
