/**
 * Probes: the theory held against numbers, without a trained model.
 *
 * A probe makes a statement of the theory, predicts figures from it, measures them by another route (the
 * attention kernel, LAPACK, simulation) and compares. Each comparison carries a tolerance that follows from a
 * bound or from the Monte-Carlo error, fixed before the measurement, and says which. Figures that the theory
 * does not settle are reported without a verdict.
 */
#ifndef ROPELAW_PROBE_H
#define ROPELAW_PROBE_H

#include <ropelaw/precision.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is probed and how hard. Start from ropelaw_probe_options_default. */
typedef struct {
    size_t rotary_dim;    /* d [1], even, 8 .. 256; 128 */
    double base;          /* pre-training base [1] > 1; 10000 */
    double train_len_tok; /* [token] 64 .. 16384, whole; 4096 */
    uint64_t seed;        /* 1 */
    double damage;        /* the measured side uses base * damage: 1. Any other value breaks the agreement on
                             purpose, to see that a verdict can fail */
    const ropelaw_rotation
        *rotation; /* a RoPE method in place of plain RoPE, its base and rotary_dim those of
                                         params; NULL: plain RoPE. Only the probe `spectrum` takes one */
} ropelaw_probe_options;

extern ROPELAW_API const ropelaw_probe_options ropelaw_probe_options_default;

typedef enum {
    ROPELAW_PROBE_EQUAL,    /* |measured - predicted| <= tolerance */
    ROPELAW_PROBE_AT_MOST,  /* measured <= predicted + tolerance */
    ROPELAW_PROBE_AT_LEAST, /* measured >= predicted - tolerance */
    ROPELAW_PROBE_REPORT    /* no verdict: shown side by side */
} ropelaw_probe_relation;

/** One comparison. */
typedef struct {
    char quantity[128]; /* what, with its unit */
    ropelaw_probe_relation relation;
    double predicted; /* NAN: the theory says nothing */
    double measured;
    double tolerance; /* 0 where the relation is exact; NAN for REPORT */
    char reason[160]; /* where the tolerance comes from, or what to read in a reported figure */
    int agrees;       /* 1 or 0; 1 for REPORT */
} ropelaw_probe_check;

#define ROPELAW_PROBE_CHECKS_MAX 24

typedef struct {
    size_t n_checks;
    ropelaw_probe_check checks[ROPELAW_PROBE_CHECKS_MAX];
    int agrees; /* every check agrees */
} ropelaw_probe_report;

/** A probe as the registry lists it. */
typedef struct {
    const char *name;
    const char *statement; /* what the theory says */
    const char *method;    /* how it is measured */
    const char *source;
} ropelaw_probe;

/** The i-th probe, or NULL past the last. Threads: pure. */
ROPELAW_API const ropelaw_probe *ropelaw_probe_at(size_t i);

/**
 * Run one probe.
 *
 * In       name; options
 * Out      report
 * Returns  OK, whatever the verdict; INVALID for an unknown name; UNSUPPORTED for a rotation where the probe is about
 *          plain RoPE; DOMAIN naming the option; NOMEM; NOCONV;
 *          CANCELLED.
 * Threads  pure; the same bytes for the same options at one BLAS thread.
 */
ROPELAW_API ropelaw_status ropelaw_probe_run(const char *name, const ropelaw_probe_options *options,
                                             const ropelaw_progress *progress, ropelaw_probe_report *report,
                                             ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
