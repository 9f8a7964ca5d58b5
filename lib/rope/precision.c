/*
 * Angle errors by brute force, made affordable by a bound.
 *
 * Every variant computes fl(fl(p) * f_n) with |f_n / theta_n - 1| = delta_n known, so that the angle is off by
 * at most b_n p, b_n = theta_n ((1 + delta_n)(1 + u)^k - 1) with k roundings of unit u on the way (ggml: n
 * products from the position on, and n times the error of base^(-2/d)). b_n p grows with p. So the largest
 * error below a length is found by walking down from it until the bound falls below the best seen, and the
 * first error above a tolerance by walking up from where the bound reaches it: both answers are exact.
 */
#include <ropelaw/precision.h>
#include "rope/rope.h"
#include <math.h>
#include <string.h>

/* A binary floating-point type: significand bits, exponent of the smallest normal number, largest number. */
typedef struct {
    int bits, least;
    double most;
} type;
static const type fp64 = {53, -1022, 1.7976931348623157e308}, fp32 = {24, -126, 3.4028234663852886e38},
                  bf16 = {8, -126, 3.3895313892515355e38}, fp16 = {11, -14, 65504};

typedef struct {
    ropelaw_precision about;
    const type *freq, *position, *product, *cosine;
    int running; /* the angle is a running product from pair to pair (ggml) */
} variant;

static const variant variants[] = {
    {{"fp64", "everything in double", "reference"},                                                          &fp64, &fp64, &fp64, &fp64, 0},
    {{"fp32-freq", "inv_freq in float32, product and cos in double", "a float buffer read by careful code"},
     &fp32,
     &fp64,
     &fp64,
     &fp64,
     0                                                                                                                                    },
    {{"fp32", "inv_freq, position, product and cos in float32", "transformers, vLLM"},
     &fp32,
     &fp32,
     &fp32,
     &fp32,
     0                                                                                                                                    },
    {{"fp32-ggml", "float32 running product from pair to pair", "llama.cpp (ggml-cpu)"},
     &fp32,
     &fp32,
     &fp32,
     &fp32,
     1                                                                                                                                    },
    {{"bf16-table", "angle as fp32, cos and sin stored in bfloat16", "transformers in bf16: rotary angles kept in float32"},
     &fp32,
     &fp32,
     &fp32,
     &bf16,
     0                                                                                                                                    },
    {{"fp16-table", "angle as fp32, cos and sin stored in float16", "fp16 inference"},
     &fp32,
     &fp32,
     &fp32,
     &fp16,
     0                                                                                                                                    },
    {{"bf16", "inv_freq, position, product and cos in bfloat16",
      "models cast to bf16 whole (transformers issue 29285)"},
     &bf16,
     &bf16,
     &bf16,
     &bf16,
     0                                                                                                                                    },
    {{"fp16", "inv_freq, position, product and cos in float16", "models cast to fp16 whole"},
     &fp16,
     &fp16,
     &fp16,
     &fp16,
     0                                                                                                                                    },
};

size_t ropelaw_precision_count(void) {
    return CORE_COUNT(variants);
}

const ropelaw_precision *ropelaw_precision_at(size_t n) {
    return n < CORE_COUNT(variants) ? &variants[n].about : NULL;
}

const ropelaw_precision *ropelaw_precision_find(const char *name) {
    for (size_t i = 0; name && i < CORE_COUNT(variants); i++)
        if (!strcmp(variants[i].about.name, name)) return &variants[i].about;
    return NULL;
}

/* x to the nearest number of a type, ties to even; beyond the largest (by half a unit) it is infinite. */
static double rounded(double x, const type *t) {
    if (t->bits == 53 || x == 0 || !isfinite(x)) return x;
    if (t->bits == 24) return (double)(float)x;
    int exponent;
    frexp(x, &exponent);
    int unit = (exponent - 1 > t->least ? exponent - 1 : t->least) - (t->bits - 1);
    double y = ldexp(rint(ldexp(x, -unit)), unit);
    return fabs(y) > t->most ? copysign(INFINITY, x) : y;
}

static double unit_of(const type *t) {
    return ldexp(1, -t->bits);
}

/* What one question needs, per pair. */
typedef struct {
    const variant *v;
    size_t n_pairs;
    long double *theta; /* true frequency */
    double *freq;       /* as held */
    double *bound;      /* |angle error| <= bound * position */
    float step;         /* ggml: base^(-2/d) */
} question;

static double running_angle(const question *q, double position, size_t n) {
    float theta = (float)position;
    for (size_t i = 0; i < n; i++) theta *= q->step;
    return (double)theta;
}

static double angle_of(const question *q, double position, size_t n) {
    if (q->v->running) return running_angle(q, position, n);
    return rounded(rounded(position, q->v->position) * q->freq[n], q->v->product);
}

static double angle_error(const question *q, double position, size_t n) {
    return fabs((double)((long double)angle_of(q, position, n) - (long double)position * q->theta[n]));
}

/* Relative error of the angle, at most; `slack` covers the second-order terms. */
static double relative_bound(const question *q, size_t n) {
    const double slack = 1.01;
    if (q->v->running) {
        double step_error = fabs((double)((long double)q->step / q->theta[1] - 1));
        return (double)n * (step_error + unit_of(&fp32)) * slack + unit_of(&fp32);
    }
    double held = fabs((double)((long double)q->freq[n] / q->theta[n] - 1));
    return (held + unit_of(q->v->position) + unit_of(q->v->product)) * slack;
}

static void question_clear(question *q) {
    core_free(q->theta);
    core_free(q->freq);
    core_free(q->bound);
}

static ropelaw_status question_init(question *q, const variant *v, double base, size_t rotary_dim,
                                    ropelaw_error *error) {
    size_t n_pairs = rotary_dim / 2;
    *q = (question){.v = v, .n_pairs = n_pairs};
    q->theta = core_malloc(n_pairs + 1, sizeof *q->theta);
    q->freq = core_malloc(n_pairs, sizeof *q->freq);
    q->bound = core_malloc(n_pairs, sizeof *q->bound);
    if (!q->theta || !q->freq || !q->bound) {
        question_clear(q);
        return core_fail_memory(error, n_pairs, sizeof *q->theta);
    }
    for (size_t n = 0; n <= n_pairs; n++) q->theta[n] = rope_freq(base, rotary_dim, n);
    q->step = powf((float)base, -2.0f / (float)rotary_dim);
    for (size_t n = 0; n < n_pairs; n++) {
        /* engines make the frequency in float and cast it down: as transformers, pow in float, then 1 / x */
        double power = pow((double)(float)base, (double)((float)(2 * n) / (float)rotary_dim));
        q->freq[n] = v->freq == &fp64 ? (double)q->theta[n] : rounded((double)(1.0f / (float)power), v->freq);
        q->bound[n] = relative_bound(q, n) * (double)q->theta[n];
    }
    return ROPELAW_OK;
}

static double error_below(const question *q, double len) {
    double worst = 0;
    for (size_t n = 0; n < q->n_pairs; n++)
        for (double p = len - 1; p > 0 && q->bound[n] * p > worst; p--)
            worst = fmax(worst, angle_error(q, p, n));
    return worst;
}

/* Positions are walked once for all pairs; those whose bound is still below the tolerance wait. */
static void len_within(const question *q, double tolerance, ropelaw_precision_report *report) {
    double from = ROPELAW_PRECISION_LEN_MAX;
    for (size_t n = 0; n < q->n_pairs; n++) from = fmin(from, floor(tolerance / q->bound[n]));
    report->len_max_open = 0;
    for (double p = fmax(from, 1); p < ROPELAW_PRECISION_LEN_MAX; p++)
        for (size_t n = 0; n < q->n_pairs; n++)
            if (q->bound[n] * p > tolerance && !(angle_error(q, p, n) <= tolerance)) {
                report->len_max_tok = p;
                return;
            }
    report->len_max_tok = ROPELAW_PRECISION_LEN_MAX;
    report->len_max_open = 1;
}

static double cos_error(const question *q, double position, size_t n) {
    double angle = angle_of(q, position, n);
    if (!isfinite(angle)) return INFINITY;
    long double exact = (long double)position * q->theta[n];
    const type *t = q->v->cosine;
    double c = t->bits < 53 ? rounded((double)cosf((float)angle), t) : cos(angle);
    double s = t->bits < 53 ? rounded((double)sinf((float)angle), t) : sin(angle);
    return fmax(fabs((double)((long double)c - cosl(exact))), fabs((double)((long double)s - sinl(exact))));
}

static double cos_error_over(const question *q, double first, double last) {
    double worst = 0;
    for (double p = first; p <= last; p++)
        for (size_t n = 0; n < q->n_pairs; n++) worst = fmax(worst, cos_error(q, p, n));
    return worst;
}

/* Whole numbers are exact up to 2^bits; the first one that is not becomes its neighbour. Found by rounding.
   For double it is 2^53 + 1, which a double cannot say. */
static double first_alias(const type *t) {
    for (double power = 2; power < 9e15; power *= 2)
        if (rounded(power + 1, t) == rounded(power, t)) return power + 1;
    return INFINITY;
}

static ropelaw_status check(const ropelaw_precision *precision, double base, size_t rotary_dim,
                            const variant **v, ropelaw_error *error) {
    *v = NULL;
    for (size_t i = 0; i < CORE_COUNT(variants); i++)
        if (&variants[i].about == precision) *v = &variants[i];
    if (!*v)
        return core_fail(error, ROPELAW_INVALID, "precision", "", "", "the precision is not of the registry");
    ropelaw_status s = rope_check_base("base", base, error);
    return s ? s : rope_check_dim(rotary_dim, error);
}

static ropelaw_status check_position(const char *argument, double p, double least, ropelaw_error *error) {
    if (p >= least && p <= ROPELAW_PRECISION_LEN_MAX && p == floor(p)) return ROPELAW_OK;
    return core_fail_number(error, ROPELAW_DOMAIN, argument, p, "a whole number up to 2^24 = 16777216");
}

ropelaw_status ropelaw_precision_eval(const ropelaw_precision *precision, double base, size_t rotary_dim,
                                      double len, double tolerance_rad, ropelaw_precision_report *report,
                                      ropelaw_error *error) {
    const variant *v;
    question q;
    if (!report) return core_fail(error, ROPELAW_INVALID, "report", "NULL", "", "report is NULL");
    ropelaw_status s = check(precision, base, rotary_dim, &v, error);
    if (!s) s = check_position("len", len, 1, error);
    if (s) return s;
    if (!(tolerance_rad > 0 && isfinite(tolerance_rad)))
        return core_fail_number(error, ROPELAW_DOMAIN, "tolerance_rad", tolerance_rad, "> 0");
    if ((s = question_init(&q, v, base, rotary_dim, error))) return s;
    report->max_angle_error_rad = error_below(&q, len);
    report->max_cos_error = cos_error_over(&q, fmax(len - 256, 0), len - 1);
    report->first_alias_pos = first_alias(v->position);
    len_within(&q, tolerance_rad, report);
    question_clear(&q);
    return ROPELAW_OK;
}

ropelaw_status ropelaw_precision_cos_error(const ropelaw_precision *precision, double base, size_t rotary_dim,
                                           double first, double last, double *max_cos_error,
                                           ropelaw_error *error) {
    const variant *v;
    question q;
    if (!max_cos_error)
        return core_fail(error, ROPELAW_INVALID, "max_cos_error", "NULL", "", "max_cos_error is NULL");
    ropelaw_status s = check(precision, base, rotary_dim, &v, error);
    if (!s) s = check_position("first", first, 0, error);
    if (!s) s = check_position("last", last, first, error);
    if (!s) s = question_init(&q, v, base, rotary_dim, error);
    if (s) return s;
    *max_cos_error = cos_error_over(&q, first, last);
    question_clear(&q);
    return ROPELAW_OK;
}
