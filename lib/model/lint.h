/* Rules of lint: what a check sees and how it reports. */
#ifndef ROPELAW_MODEL_LINT_H
#define ROPELAW_MODEL_LINT_H

#include "model/internal.h"
#include <ropelaw/lint.h>

typedef struct {
    const ropelaw_model *model;
    const json_value *config;              /* NULL for GGUF */
    const json_value *rope;                /* the rotary object of `kind`, or NULL */
    const ropelaw_layer_kind *kind;        /* the one that the law speaks about; NULL if nothing rotates */
    const ropelaw_rope_settings *settings; /* of kind; NULL */
    const ropelaw_lint_rule *rule;         /* the one at work */
    ropelaw_finding *findings;
    size_t n;
    bool nomem;
} lint;

typedef struct {
    ropelaw_lint_rule rule;
    void (*check)(lint *l);
} lint_entry;

/* Report a finding of the rule at work. */
void lint_report(lint *l, const char *key, size_t line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Turn every note with this id into a finding. */
void lint_from_notes(lint *l, const char *id);
/* Whether the method in use is one of the words. */
bool lint_method(const lint *l, const char *words);
/* Line of a key of the rotary object, 0 if absent. */
size_t lint_line(const lint *l, const char *key);

/* Each ends with an entry whose id is NULL. */
extern const lint_entry lint_syntax[], lint_base[], lint_method_rules[], lint_lengths[];

#endif
