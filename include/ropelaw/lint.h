/**
 * Finding mistakes in model files: rules distilled from what users ran into.
 */
#ifndef ROPELAW_LINT_H
#define ROPELAW_LINT_H

#include <ropelaw/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A rule. All strings are static. */
typedef struct {
    const char *id;
    ropelaw_severity severity; /* errors make `ropelaw lint` exit with 1 */
    const char *title;         /* what is wrong, one line */
    const char *why;           /* what happens because of it */
    const char *fix;           /* what to do */
    const char *thread; /* where people met it: an issue, pull request, discussion or commit; where none was
                                  found the code that makes the rule, with the word "source" behind it */
} ropelaw_lint_rule;

typedef struct {
    const ropelaw_lint_rule *rule; /* static */
    char key[64];                  /* "" if none */
    size_t line;                   /* 0 if none */
    char message[320];             /* the finding with its values */
} ropelaw_finding;

/** The rules in order, n < ropelaw_lint_rule_count(); NULL beyond. Threads: pure. */
ROPELAW_API size_t ropelaw_lint_rule_count(void);
ROPELAW_API const ropelaw_lint_rule *ropelaw_lint_rule_at(size_t n);

/**
 * Check a model against every rule.
 *
 * In       model: from ropelaw_model_read or ropelaw_model_parse
 * Out      findings [n_findings], in the order of the rules; free with ropelaw_findings_free. NULL if there are none.
 * Returns  OK, also with findings; NOMEM.
 */
ROPELAW_API ropelaw_status ropelaw_lint_check(const ropelaw_model *model, ropelaw_finding **findings,
                                              size_t *n_findings, ropelaw_error *error) ROPELAW_MUST_USE;

/** NULL is fine. */
ROPELAW_API void ropelaw_findings_free(ropelaw_finding *findings);

#ifdef __cplusplus
}
#endif
#endif
