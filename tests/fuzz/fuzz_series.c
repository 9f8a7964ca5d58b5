/* The long CSV: any bytes give a series or an error, and a series written is read back the same. */
#include <ropelaw/series.h>
#include <ropelaw/table.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ropelaw_series series, again;
    ropelaw_error error = {0};
    char *text = NULL, *twice = NULL;
    if (ropelaw_series_parse((const char *)data, size, "fuzz", &series, &error)) {
        if (!error.message[0]) abort();
        return 0;
    }
    if (!ropelaw_series_write(&series, &text, NULL, &error)) {
        if (ropelaw_series_parse(text, strlen(text), "again", &again, &error)) abort();
        if (ropelaw_series_write(&again, &twice, NULL, &error) || strcmp(text, twice) != 0) abort();
        ropelaw_series_clear(&again);
    }
    ropelaw_text_free(text);
    ropelaw_text_free(twice);
    ropelaw_series_clear(&series);
    return 0;
}
