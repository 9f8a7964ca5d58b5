/* The project's own long CSV. */
#include "logs/logs.h"
#include <string.h>

static bool recognise(const logs_input *input) {
    char line[1024];
    logs_first_line(input, line, sizeof line);
    return strstr(line, "eval_len_tok") != NULL;
}

/* Its runs join those of other files: names must differ. */
static ropelaw_status read(const logs_input *input, logs_sink *sink, ropelaw_error *error) {
    ropelaw_series series;
    ropelaw_status status = ropelaw_series_parse(input->text, input->length, input->path, &series, error);
    if (status) return status;
    for (size_t i = 0; !status && i < series.n_runs; i++)
        status = logs_reserve_run(sink, input, series.runs[i].name, i, error);
    if (!status) status = ropelaw_series_merge(&sink->series, &series, error);
    if (status) ropelaw_series_clear(&series);
    return status;
}

const logs_importer logs_import_long = {
    {"long", "CSV with columns run, eval_len_tok and ppl, loss_nats or accuracy", "ropelaw, data/README.md"},
    recognise,
    read
};
