/* Models as the programs of this folder get at them: of a text, of a file of the collection, and their notes. */
#ifndef TESTS_MODEL_MODEL_FILES_H
#define TESTS_MODEL_MODEL_FILES_H

#include "test.h"
#include "model/internal.h"
#include <stdio.h>
#include <string.h>

static inline ropelaw_model parse(const char *text) {
    ropelaw_model m;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_model_parse(text, strlen(text), "c.json", &m, &e), e);
    return m;
}

/* tests/model/configs/NAME.json */
static inline ropelaw_model read_config(const char *name) {
    char path[200];
    ropelaw_model m;
    ropelaw_error e = {0};
    snprintf(path, sizeof path, "tests/model/configs/%.150s.json", name);
    test_assert_ok(ropelaw_model_read(path, &m, &e), e);
    return m;
}

/* The text of the first note with this id, NULL if there is none. */
static inline const char *note_of(const ropelaw_model *m, const char *id) {
    for (size_t i = 0; i < m->n_notes; i++)
        if (!strcmp(m->notes[i].id, id)) return m->notes[i].text;
    return NULL;
}

static inline const ropelaw_layer_kind *kind_named(const ropelaw_model *m, const char *name) {
    for (size_t i = 0; i < m->n_kinds; i++)
        if (!strcmp(m->kinds[i].name, name)) return &m->kinds[i];
    return NULL;
}

#endif
