/* Importers: the first byte picks the format (0: automatic), the rest is the log. */
#include <ropelaw/import.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ropelaw_series series = {0};
    ropelaw_error error = {0};
    ropelaw_import_options options = ropelaw_import_options_default;
    if (!size) return 0;
    const ropelaw_import_format *format = data[0] ? ropelaw_import_format_get((data[0] - 1u) % 8) : NULL;
    if (format) options.format = format->name;
    if (data[0] & 0x80) options.eval_len_tok = 4096;
    if (ropelaw_import_parse((const char *)data + 1, size - 1, "m/8192/x", &options, &series, &error)) {
        if (!error.message[0]) abort();
        return 0;
    }
    if (!series.n_runs) abort();
    for (size_t i = 0; i < series.n_runs; i++)
        for (size_t j = 0; j < series.runs[i].n_points; j++)
            if (!isfinite(series.runs[i].points[j].value) || !(series.runs[i].points[j].eval_len_tok > 0))
                abort();
    ropelaw_series_clear(&series);
    return 0;
}
