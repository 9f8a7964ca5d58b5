/* Needle in a haystack: one JSON per cell (or an array of them) with model, context_length, depth_percent, score. */
#include "json/json.h"
#include "logs/logs.h"
#include <ropelaw/number.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static bool recognise(const logs_input *input) {
    const char *first = input->text + strspn(input->text, " \t\r\n\xef\xbb\xbf");
    return (*first == '{' || *first == '[') && strstr(first, "\"context_length\"") &&
           strstr(first, "\"score\"");
}

static ropelaw_status read_cell(const logs_input *input, logs_sink *sink, const json_document *document,
                                const json_value *cell, ropelaw_error *error) {
    double length, depth = 0, score;
    char doc[64], number[ROPELAW_NUMBER_SIZE], run[256];
    ropelaw_status status = json_want_number(document, cell, "context_length", &length, error);
    if (!status) status = json_want_number(document, cell, "score", &score, error);
    if (status) return status;
    const json_value *model = json_get_set(cell, "model"), *at = json_get_set(cell, "depth_percent");
    if (!(length > 0))
        return json_refuse(document, json_get(cell, "context_length"), "context_length", "> 0", error);
    if (!(score >= 0 && score <= 100))
        return json_refuse(document, json_get(cell, "score"), "score", "0 to 100", error);
    logs_run_name(input, run, sizeof run);
    if (model && model->kind == JSON_STRING && model->text[0] && !input->options->run)
        snprintf(run, sizeof run, "%s", model->text);
    bool known = at && json_as_number(at, &depth) && isfinite(depth);
    snprintf(doc, sizeof doc, "depth %s", ropelaw_number_str(depth, 0, number));
    ropelaw_point point = logs_point(length, score, cell->line);
    sink->scored = true;
    return logs_add(sink, input, run, ROPELAW_VALUE_ACCURACY, known ? doc : NULL, &point, error);
}

static ropelaw_status read(const logs_input *input, logs_sink *sink, ropelaw_error *error) {
    json_document *document;
    ropelaw_status status = logs_check_kind(input, ROPELAW_VALUE_ACCURACY, error);
    if (!status)
        status = json_document_parse(input->text, input->length, input->path, NULL, &document, error);
    if (status) return status;
    const json_value *root = &document->root;
    if (root->kind != JSON_ARRAY) status = read_cell(input, sink, document, root, error);
    for (size_t i = 0; root->kind == JSON_ARRAY && i < root->n && !status; i++)
        status = read_cell(input, sink, document, &root->items[i], error);
    json_document_free(&document);
    return status;
}

const logs_importer logs_import_niah = {
    {"niah", "one JSON per cell with model, context_length, depth_percent, score",
     "gkamradt/LLMTest_NeedleInAHaystack"},
    recognise,
    read
};
