/**
 * What low precision does to rotary angles: the error of the angle, of cos and sin, and where positions
 * become the same number.
 *
 * The angle of pair n at position p is p * base^(-2n/d). Engines round the frequency, the position, the
 * product, and cos and sin, each to its own type; an entry of the registry is one such combination.
 */
#ifndef ROPELAW_PRECISION_H
#define ROPELAW_PRECISION_H

#include <ropelaw/method.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One way of computing angles. */
typedef struct {
    const char *name;   /* "fp32" */
    const char *title;  /* what is rounded to what */
    const char *source; /* who computes so */
} ropelaw_precision;

/** How long positions are followed: 2^24. */
#define ROPELAW_PRECISION_LEN_MAX 16777216.0

typedef struct {
    double
        max_angle_error_rad; /* over all positions 0 .. len-1 and pairs, before reduction; inf on overflow */
    double max_cos_error;    /* of cos and sin, over the last 256 positions below len; inf as above */
    double first_alias_pos;  /* first position that is the same number as an earlier one; inf beyond 2^53 */
    double len_max_tok;      /* longest length with every angle error <= tolerance; 2^24 if open */
    int len_max_open;        /* 1: no position below 2^24 exceeds the tolerance */
} ropelaw_precision_report;

/** The variants in registry order; NULL beyond the last. Threads: pure. */
ROPELAW_API size_t ropelaw_precision_count(void);
ROPELAW_API const ropelaw_precision *ropelaw_precision_at(size_t n);
ROPELAW_API const ropelaw_precision *ropelaw_precision_find(const char *name);

/**
 * The angle errors of one variant for plain RoPE.
 *
 * In       base [1] > 1; rotary_dim [1] even >= 2; len [token] 1 .. 2^24, whole;
 *          tolerance_rad > 0
 * Out      report
 * Returns  OK; DOMAIN naming the argument; INVALID for a NULL.
 * Accuracy against angles in long double: the reference is good to 1e-12 rad at 2^24 where long double has
 *          64 bits (x86); where it is double, figures below 1e-8 rad mean nothing.
 * Cost     O(len) in the worst case, 0.1 s at 2^24. Threads: pure.
 * Golden   first_alias_pos of bf16 is 257, of fp16 2049.
 */
ROPELAW_API ropelaw_status ropelaw_precision_eval(const ropelaw_precision *precision, double base,
                                                  size_t rotary_dim, double len, double tolerance_rad,
                                                  ropelaw_precision_report *report,
                                                  ropelaw_error *error) ROPELAW_MUST_USE;

/** What turns: a method with its parameters at a length. */
typedef struct {
    const ropelaw_method *method; /* of the registry */
    const ropelaw_method_params *params;
    double eval_len; /* [token] longest sequence in use; 0: train_len */
} ropelaw_rotation;

/**
 * The angle errors of one variant for any method of the registry.
 *
 * The float variants hold the frequencies as transformers computes them (ropelaw_method_eval_engine), fp32-ggml runs
 * through ggml's recurrence with its scale, ramp or divisors. Pairs that do not rotate have no error.
 *
 * In       rotation; len, tolerance_rad as above
 * Out      report
 * Returns  as ropelaw_precision_eval and ropelaw_method_eval.
 * Accuracy as above where the method is plain RoPE of some base; elsewhere the frequencies that angles are measured
 *          against are doubles, and fp64 counts the rounding of the product alone.
 */
ROPELAW_API ropelaw_status ropelaw_precision_eval_rotation(const ropelaw_precision *precision,
                                                           const ropelaw_rotation *rotation, double len,
                                                           double tolerance_rad,
                                                           ropelaw_precision_report *report,
                                                           ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * The largest error of cos or sin over all pairs at positions first .. last (last <= 2^24).
 *
 * Golden   base 1e4, d 128, near 131072: fp32 7.6e-3, fp32-ggml 2.0e-2, fp32-freq 3.9e-3, fp64 1.3e-11.
 */
ROPELAW_API ropelaw_status ropelaw_precision_cos_error(const ropelaw_precision *precision, double base,
                                                       size_t rotary_dim, double first, double last,
                                                       double *max_cos_error,
                                                       ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
