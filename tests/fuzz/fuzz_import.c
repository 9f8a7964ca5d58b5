/* Importers. As it stands the first byte picks the format (0: automatic) and the rest is the log; with FUZZ_FORMAT set
   to the name of one (a target per importer) the first byte is the options only. Whatever was imported is written as
   the long CSV and read back the same. */
#include <ropelaw/import.h>
#include <ropelaw/table.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ropelaw_import_options options_of(uint8_t byte) {
    ropelaw_import_options options = ropelaw_import_options_default;
#ifdef FUZZ_FORMAT
    options.format = FUZZ_FORMAT;
    options.as = (ropelaw_import_as)(byte & 3);
    if (byte & 4) options.eval_len_tok = 4096;
    if (byte & 8) options.run = "r";
#else
    const ropelaw_import_format *format = byte ? ropelaw_import_format_get((byte - 1u) % 9) : NULL;
    if (format) options.format = format->name;
    if (byte & 0x80) options.eval_len_tok = 4096;
#endif
    return options;
}

static void check_points(const ropelaw_series *series) {
    if (!series->n_runs) abort();
    for (size_t i = 0; i < series->n_runs; i++) {
        const ropelaw_run *run = &series->runs[i];
        if (!run->name[0]) abort();
        for (size_t j = 0; j < run->n_points; j++) {
            const ropelaw_point *p = &run->points[j];
            if (!isfinite(p->value) || !(p->eval_len_tok > 0)) abort();
            if (run->kind == ROPELAW_VALUE_PPL && !(p->value > 0)) abort();
            if (run->kind == ROPELAW_VALUE_ACCURACY && !(p->value >= 0 && p->value <= 1)) abort();
        }
    }
}

static void check_round_trip(const ropelaw_series *series) {
    ropelaw_series again;
    ropelaw_error error = {0};
    char *text = NULL, *twice = NULL;
    if (ropelaw_series_write(series, &text, NULL, &error)) return; /* a key that is no single line */
    if (ropelaw_series_parse(text, strlen(text), "again", &again, &error)) abort();
    if (ropelaw_series_write(&again, &twice, NULL, &error) || strcmp(text, twice) != 0) abort();
    ropelaw_series_clear(&again);
    ropelaw_text_free(text);
    ropelaw_text_free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ropelaw_series series = {0};
    ropelaw_error error = {0};
    if (!size) return 0;
    ropelaw_import_options options = options_of(data[0]);
    if (ropelaw_import_parse((const char *)data + 1, size - 1, "m/8192/x", &options, &series, &error)) {
        if (!error.message[0]) abort();
        return 0;
    }
    check_points(&series);
    check_round_trip(&series);
    ropelaw_series_clear(&series);
    return 0;
}
