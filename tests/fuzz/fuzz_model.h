/* What every reader of model files must keep to, whatever the bytes: shared by the targets for its formats. */
#ifndef TESTS_FUZZ_MODEL_H
#define TESTS_FUZZ_MODEL_H

#include <ropelaw/export.h>
#include <ropelaw/lint.h>
#include <ropelaw/model.h>
#include <ropelaw/table.h>
#include <stdlib.h>
#include <string.h>

static inline void fuzz_consumers(const ropelaw_model *model) {
    ropelaw_error error = {0};
    ropelaw_finding *findings = NULL;
    size_t n = 0;
    char *text;
    if (ropelaw_lint_check(model, &findings, &n, &error)) abort();
    ropelaw_findings_free(findings);
    for (size_t i = 0; i < ropelaw_export_count(); i++)
        if (!ropelaw_export_write(model, NULL, ropelaw_export_at(i)->name, &text, &error))
            ropelaw_text_free(text);
    for (int style = 0; style < 2; style++)
        if (!ropelaw_config_convert(model, style ? "hf-v5" : "hf-v4", &text, &error)) {
            ropelaw_model back;
            if (ropelaw_model_parse(text, strlen(text), "back", &back, &error)) abort();
            ropelaw_model_clear(&back);
            ropelaw_text_free(text);
        }
}

static inline int fuzz_model(const void *data, size_t size) {
    ropelaw_model model;
    ropelaw_error error = {0};
    if (ropelaw_model_parse(data, size, "fuzz", &model, &error)) {
        if (!error.message[0] || !error.file[0]) abort();
        return 0;
    }
    const ropelaw_layer_kind *kind = ropelaw_model_kind(&model);
    if (kind && !(kind->rope.base > 1)) abort();
    for (size_t i = 0; i < model.n_facts; i++)
        if (!model.facts[i].name[0] || model.facts[i].origin == ROPELAW_ORIGIN_NONE) abort();
    fuzz_consumers(&model);
    ropelaw_model_clear(&model);
    return 0;
}

#endif
