/*
 * Angle errors by brute force, made affordable by a bound.
 *
 * The angle of pair n at position p is off by at most b_n p (precision_angle.c), which grows with p. So the largest
 * error below a length is found by walking down from it until the bound falls below the best seen, and the
 * first error above a tolerance by walking up from where the bound reaches it: both answers are exact.
 */
#include "rope/precision_angle.h"
#include <string.h>

static const rope_variant variants[] = {
    {{"fp64", "everything in double", "reference"},                                                          &rope_fp64, &rope_fp64, &rope_fp64, &rope_fp64, 0},
    {{"fp32-freq", "inv_freq in float32, product and cos in double", "a float buffer read by careful code"},
     &rope_fp32,
     &rope_fp64,
     &rope_fp64,
     &rope_fp64,
     0                                                                                                                                                        },
    {{"fp32", "inv_freq, position, product and cos in float32", "transformers, vLLM"},
     &rope_fp32,
     &rope_fp32,
     &rope_fp32,
     &rope_fp32,
     0                                                                                                                                                        },
    {{"fp32-ggml", "float32 running product from pair to pair", "llama.cpp (ggml-cpu)"},
     &rope_fp32,
     &rope_fp32,
     &rope_fp32,
     &rope_fp32,
     1                                                                                                                                                        },
    {{"bf16-table", "angle as fp32, cos and sin stored in bfloat16",
      "transformers in bf16: rotary angles kept in float32"},
     &rope_fp32,
     &rope_fp32,
     &rope_fp32,
     &rope_bf16,
     0                                                                                                                                                        },
    {{"fp16-table", "angle as fp32, cos and sin stored in float16", "fp16 inference"},
     &rope_fp32,
     &rope_fp32,
     &rope_fp32,
     &rope_fp16,
     0                                                                                                                                                        },
    {{"bf16", "inv_freq, position, product and cos in bfloat16",
      "models cast to bf16 whole (transformers issue 29285)"},
     &rope_bf16,
     &rope_bf16,
     &rope_bf16,
     &rope_bf16,
     0                                                                                                                                                        },
    {{"fp16", "inv_freq, position, product and cos in float16", "models cast to fp16 whole"},
     &rope_fp16,
     &rope_fp16,
     &rope_fp16,
     &rope_fp16,
     0                                                                                                                                                        },
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

static double error_of_pair(const rope_question *q, double len, size_t n, double worst) {
    for (double p = len - 1; p > 0 && q->bound[n] * p > worst; p--)
        worst = fmax(worst, rope_angle_error(q, p, n));
    return worst;
}

/* The pair with the largest bound first: what it finds spares the others their walk. */
static double error_below(const rope_question *q, double len) {
    size_t first = 0;
    for (size_t n = 1; n < q->n_pairs; n++)
        if (q->bound[n] > q->bound[first]) first = n;
    double worst = error_of_pair(q, len, first, 0);
    for (size_t n = 0; n < q->n_pairs; n++) worst = error_of_pair(q, len, n, worst);
    return worst;
}

/* Positions are walked once for all pairs; those whose bound is still below the tolerance wait. */
static void len_within(const rope_question *q, double tolerance, ropelaw_precision_report *report) {
    double from = ROPELAW_PRECISION_LEN_MAX;
    for (size_t n = 0; n < q->n_pairs; n++) from = fmin(from, floor(tolerance / q->bound[n]));
    report->len_max_open = 0;
    for (double p = fmax(from, 1); p < ROPELAW_PRECISION_LEN_MAX; p++)
        for (size_t n = 0; n < q->n_pairs; n++)
            if (q->bound[n] * p > tolerance && !(rope_angle_error(q, p, n) <= tolerance)) {
                report->len_max_tok = p;
                return;
            }
    report->len_max_tok = ROPELAW_PRECISION_LEN_MAX;
    report->len_max_open = 1;
}

static double cos_error_over(const rope_question *q, double first, double last) {
    double worst = 0;
    for (double p = first; p <= last; p++)
        for (size_t n = 0; n < q->n_pairs; n++) worst = fmax(worst, rope_cos_error(q, p, n));
    return worst;
}

/* Whole numbers are exact up to 2^bits; the first one that is not becomes its neighbour. Found by rounding.
   For double it is 2^53 + 1, which a double cannot say. */
static double first_alias(const rope_float *t) {
    for (double power = 2; power < 9e15; power *= 2)
        if (rope_rounded(power + 1, t) == rope_rounded(power, t)) return power + 1;
    return INFINITY;
}

static ropelaw_status check(const ropelaw_precision *precision, const rope_variant **v,
                            ropelaw_error *error) {
    for (size_t i = 0; i < CORE_COUNT(variants); i++)
        if (&variants[i].about == precision) {
            *v = &variants[i];
            return ROPELAW_OK;
        }
    return core_fail(error, ROPELAW_INVALID, "precision", "", "", "the precision is not of the registry");
}

static ropelaw_status check_position(const char *argument, double p, double least, ropelaw_error *error) {
    if (p >= least && p <= ROPELAW_PRECISION_LEN_MAX && p == floor(p)) return ROPELAW_OK;
    return core_fail_number(error, ROPELAW_DOMAIN, argument, p, "a whole number up to 2^24 = 16777216");
}

ropelaw_status ropelaw_precision_eval_rotation(const ropelaw_precision *precision,
                                               const ropelaw_rotation *rotation, double len,
                                               double tolerance_rad, ropelaw_precision_report *report,
                                               ropelaw_error *error) {
    const rope_variant *v = NULL;
    rope_question q;
    if (!report || !rotation)
        return core_fail(error, ROPELAW_INVALID, report ? "rotation" : "report", "NULL", "",
                         "NULL was given");
    ropelaw_status s = check(precision, &v, error);
    if (!s) s = check_position("len", len, 1, error);
    if (s) return s;
    if (!(tolerance_rad > 0 && isfinite(tolerance_rad)))
        return core_fail_number(error, ROPELAW_DOMAIN, "tolerance_rad", tolerance_rad, "> 0");
    if ((s = rope_question_init(&q, v, rotation, error))) return s;
    report->max_angle_error_rad = error_below(&q, len);
    report->max_cos_error = cos_error_over(&q, fmax(len - 256, 0), len - 1);
    report->first_alias_pos = first_alias(v->position);
    len_within(&q, tolerance_rad, report);
    rope_question_clear(&q);
    return ROPELAW_OK;
}

static ropelaw_method_params plain(double base, size_t rotary_dim) {
    ropelaw_method_params p = ropelaw_method_params_default;
    p.base = base;
    p.rotary_dim = rotary_dim;
    return p;
}

ropelaw_status ropelaw_precision_eval(const ropelaw_precision *precision, double base, size_t rotary_dim,
                                      double len, double tolerance_rad, ropelaw_precision_report *report,
                                      ropelaw_error *error) {
    ropelaw_method_params p = plain(base, rotary_dim);
    ropelaw_rotation rotation = {&rope_method_default.about, &p, 0};
    return ropelaw_precision_eval_rotation(precision, &rotation, len, tolerance_rad, report, error);
}

ropelaw_status ropelaw_precision_cos_error(const ropelaw_precision *precision, double base, size_t rotary_dim,
                                           double first, double last, double *max_cos_error,
                                           ropelaw_error *error) {
    const rope_variant *v = NULL;
    rope_question q;
    ropelaw_method_params p = plain(base, rotary_dim);
    ropelaw_rotation rotation = {&rope_method_default.about, &p, 0};
    if (!max_cos_error)
        return core_fail(error, ROPELAW_INVALID, "max_cos_error", "NULL", "", "max_cos_error is NULL");
    ropelaw_status s = check(precision, &v, error);
    if (!s) s = check_position("first", first, 0, error);
    if (!s) s = check_position("last", last, first, error);
    if (!s) s = rope_question_init(&q, v, &rotation, error);
    if (s) return s;
    *max_cos_error = cos_error_over(&q, first, last);
    rope_question_clear(&q);
    return ROPELAW_OK;
}
