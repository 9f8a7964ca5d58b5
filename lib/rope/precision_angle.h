/* Internal to rope: the angle of a pair at a position, rounded as a variant of the precision registry says. */
#ifndef ROPELAW_ROPE_PRECISION_ANGLE_H
#define ROPELAW_ROPE_PRECISION_ANGLE_H

#include "rope/method_entry.h"
#include <ropelaw/precision.h>

/* A binary floating-point type: significand bits, exponent of the smallest normal number, largest number. */
typedef struct {
    int bits, least;
    double most;
} rope_float;
extern const rope_float rope_fp64, rope_fp32, rope_bf16, rope_fp16;

typedef struct {
    ropelaw_precision about;
    const rope_float *freq, *position, *product, *cosine;
    int running; /* the angle is a running product from pair to pair (ggml) */
} rope_variant;

/* What one question needs, per pair. */
typedef struct {
    const rope_variant *v;
    size_t n_pairs;
    long double *theta; /* true frequency */
    double *freq;       /* as held */
    double *bound;      /* |angle error| <= bound * position */
    rope_ggml_path ggml;
} rope_question;

ropelaw_status rope_question_init(rope_question *q, const rope_variant *v, const ropelaw_rotation *rotation,
                                  ropelaw_error *error);
void rope_question_clear(rope_question *q);

/* x to the nearest number of a type, ties to even; beyond the largest (by half a unit) it is infinite. */
double rope_rounded(double x, const rope_float *t);
double rope_angle_error(const rope_question *q, double position, size_t n);
/* Of cos and sin, the larger. */
double rope_cos_error(const rope_question *q, double position, size_t n);

#endif
