/* The registry of rules and the run over them. */
#include "model/lint.h"
#include <stdio.h>
#include <string.h>

static const lint_entry *const groups[] = {lint_syntax, lint_base, lint_method_rules, lint_lengths};

static const lint_entry *entry_at(size_t n) {
    for (size_t g = 0; g < CORE_COUNT(groups); g++)
        for (const lint_entry *e = groups[g]; e->rule.id; e++)
            if (!n--) return e;
    return NULL;
}

size_t ropelaw_lint_rule_count(void) {
    size_t n = 0;
    while (entry_at(n)) n++;
    return n;
}

const ropelaw_lint_rule *ropelaw_lint_rule_at(size_t n) {
    const lint_entry *entry = entry_at(n);
    return entry ? &entry->rule : NULL;
}

void lint_report(lint *l, const char *key, size_t line, const char *format, ...) {
    ropelaw_finding *more = l->nomem ? NULL : core_realloc(l->findings, l->n + 1, sizeof *more);
    if (!more) {
        l->nomem = true;
        return;
    }
    l->findings = more;
    ropelaw_finding *f = &more[l->n++];
    memset(f, 0, sizeof *f);
    f->rule = l->rule;
    f->line = line;
    snprintf(f->key, sizeof f->key, "%s", key);
    va_list list;
    va_start(list, format);
    vsnprintf(f->message, sizeof f->message, format, list);
    va_end(list);
}

void lint_from_notes(lint *l, const char *id) {
    for (size_t i = 0; i < l->model->n_notes; i++) {
        const ropelaw_note *n = &l->model->notes[i];
        if (!strcmp(n->id, id)) lint_report(l, n->key, n->line, "%s", n->text);
    }
}

bool lint_method(const lint *l, const char *words) {
    const char *method = l->settings ? l->settings->method : "";
    size_t n = strlen(method);
    for (const char *at = n ? strstr(words, method) : NULL; at; at = strstr(at + 1, method))
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || !at[n])) return true;
    return false;
}

size_t lint_line(const lint *l, const char *key) {
    const json_value *value = json_get(l->rope, key);
    return value ? value->line : 0;
}

static void look(lint *l, const ropelaw_model *model) {
    const char *path;
    bool null_kind;
    l->model = model;
    l->kind = ropelaw_model_kind(model);
    l->settings = l->kind ? &l->kind->rope : NULL;
    l->config = model->source ? model->source->config : NULL;
    if (!l->config || !l->kind || strcmp(model->format, "config.json") != 0) return;
    const model_default *type = model_default_find(model->architecture);
    static const model_default unknown = {.type = ""};
    model_builder b = {.config = l->config, .type = type ? type : &unknown};
    l->rope = model_hf_rope_object(&b, l->kind, &path, &null_kind);
}

ropelaw_status ropelaw_lint_check(const ropelaw_model *model, ropelaw_finding **findings, size_t *n_findings,
                                  ropelaw_error *error) {
    lint l = {0};
    look(&l, model);
    for (size_t i = 0; entry_at(i); i++) {
        l.rule = &entry_at(i)->rule;
        entry_at(i)->check(&l);
    }
    if (l.nomem) {
        core_free(l.findings);
        return core_fail_memory(error, l.n + 1, sizeof *l.findings);
    }
    *findings = l.findings;
    *n_findings = l.n;
    return ROPELAW_OK;
}

void ropelaw_findings_free(ropelaw_finding *findings) {
    core_free(findings);
}
