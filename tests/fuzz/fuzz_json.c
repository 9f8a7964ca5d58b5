/* JSON: any bytes give a tree or an error; a tree written is read back and written the same. */
#include "json/json.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Line numbers of a value lie inside the text; children come in file order unless keys were repeated. */
static void check_lines(const json_value *value, size_t lines) {
    if (!value->line || value->line > lines) abort();
    for (size_t i = 0; i < value->n; i++) check_lines(&value->items[i], lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    json_document *document = NULL, *again = NULL;
    ropelaw_error error = {0};
    char *text = NULL, *twice = NULL;
    size_t lines = 1;
    for (size_t i = 0; i < size; i++) lines += data[i] == '\n';
    if (json_document_parse((const char *)data, size, "fuzz", NULL, &document, &error)) {
        if (!error.message[0] || !error.code) abort();
        return 0;
    }
    check_lines(&document->root, lines);
    if (json_write(&document->root, 2, false, &text, &error)) abort();
    if (json_document_parse(text, strlen(text), "again", NULL, &again, &error)) abort();
    if (json_write(&again->root, 2, false, &twice, &error) || strcmp(text, twice) != 0) abort();
    core_free(text);
    core_free(twice);
    json_document_free(&document);
    json_document_free(&again);
    return 0;
}
