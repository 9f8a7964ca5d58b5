/* A rotary score depends on the distance alone, wherever the two tokens stand.

   The kernel rotates q at P + m and k at P; their product must not depend on P. Rotating in fp32 from double angles
   leaves an error of at most (1e-7 + 2^-23) sqrt(2) |x| a vector (contract of ropelaw_attention_rotate: cosine and sine
   to 1e-7, then a rounding for each product and sum), so two scores differ by at most four such terms times |q||k|.
   The same product with float32 angles (inverse frequency, position and their product rounded to float) is reported
   beside it. */
#include "probe/probe.h"
#include <ropelaw/attention.h>
#include <ropelaw/random.h>
#include <float.h>
#include <math.h>
#include <string.h>

typedef struct {
    size_t d;
    double theta[128], theta_key[128];
    float q[256], k[256];
    double norm; /* |q||k| */
} vectors;

static ropelaw_status turn(const vectors *v, const double *theta, uint64_t position, const float *in,
                           float *out, ropelaw_error *error) {
    ropelaw_attention_problem problem;
    ropelaw_attention_problem_init(&problem, 1, 1, 1, v->d);
    problem.rotary_dim = v->d;
    problem.inv_freq = theta;
    problem.position_offset = position;
    ropelaw_attention_rotation rotation = {1, problem.k, problem.k, ROPELAW_ATTENTION_ROTATE};
    return ropelaw_attention_rotate(&problem, NULL, &rotation, in, out, error);
}

static ropelaw_status score(const vectors *v, uint64_t at, uint64_t distance, double *s,
                            ropelaw_error *error) {
    float q[256], k[256];
    ropelaw_status status = turn(v, v->theta, at + distance, v->q, q, error);
    if (!status) status = turn(v, v->theta_key, at, v->k, k, error);
    if (status) return status;
    *s = 0;
    for (size_t j = 0; j < v->d; j++) *s += (double)q[j] * (double)k[j];
    return ROPELAW_OK;
}

/* The score with angles as float32 engines form them; everything after the angle in double. */
static double score_float_angle(const vectors *v, uint64_t at, uint64_t distance) {
    double s = 0;
    size_t half = v->d / 2;
    for (size_t n = 0; n < half; n++) {
        float frequency = (float)v->theta[n];
        double a = (double)(frequency * (float)(at + distance)) - (double)(frequency * (float)at);
        double even = (double)v->q[n] * (double)v->k[n] + (double)v->q[n + half] * (double)v->k[n + half];
        double odd = (double)v->q[n + half] * (double)v->k[n] - (double)v->q[n] * (double)v->k[n + half];
        s += even * cos(a) - odd * sin(a);
    }
    return s;
}

/* First whole number that rounds to another one in a format with that many significant bits. */
static double first_alias(int bits) {
    for (uint64_t p = 1;; p++) {
        int exponent;
        double fraction = frexp((double)p, &exponent);
        if (nearbyint(ldexp(fraction, bits)) != ldexp(fraction, bits)) return (double)p;
    }
}

static ropelaw_status check_shift(const vectors *v, uint64_t at, ropelaw_probe_report *report,
                                  ropelaw_error *error) {
    static const uint64_t distances[] = {0, 1, 17, 1000, 4095};
    double worst = 0, worst_float = 0;
    for (size_t i = 0; i < CORE_COUNT(distances); i++) {
        double here, origin;
        ropelaw_status status = score(v, at, distances[i], &here, error);
        if (!status) status = score(v, 0, distances[i], &origin, error);
        if (status) return status;
        worst = fmax(worst, fabs(here - origin));
        double shifted = score_float_angle(v, at, distances[i]),
               unshifted = score_float_angle(v, 0, distances[i]);
        worst_float = fmax(worst_float, fabs(shifted - unshifted));
    }
    double tolerance = 4 * sqrt(2) * (1e-7 + 0x1p-23) * v->norm;
    probe_add(report,
              &(probe_comparison){ROPELAW_PROBE_EQUAL, 0, worst, tolerance,
                                  "contract of the fp32 rotation: 4 sqrt(2) (1e-7 + 2^-23) |q||k|"},
              "score shift at position %llu, angles in double", (unsigned long long)at);
    probe_add(report,
              &(probe_comparison){ROPELAW_PROBE_REPORT, 0, worst_float, NAN,
                                  "what float32 angles cost at this position"},
              "score shift at position %llu, angles in float32", (unsigned long long)at);
    return ROPELAW_OK;
}

static ropelaw_status run(const ropelaw_probe_options *o, const ropelaw_progress *progress,
                          ropelaw_probe_report *report, ropelaw_error *error) {
    vectors v = {.d = o->rotary_dim};
    probe_frequencies(o->base, v.d, v.theta);
    probe_frequencies(o->base * o->damage, v.d, v.theta_key);
    ropelaw_random r;
    ropelaw_random_init(&r, o->seed, 0);
    double qq = 0, kk = 0;
    for (size_t j = 0; j < v.d; j++) {
        v.q[j] = (float)ropelaw_random_normal(&r), v.k[j] = (float)ropelaw_random_normal(&r);
        qq += (double)v.q[j] * (double)v.q[j], kk += (double)v.k[j] * (double)v.k[j];
    }
    v.norm = sqrt(qq * kk);
    static const uint64_t at[] = {4096, 131072, 1048576, 16773120};
    ropelaw_status status = ROPELAW_OK;
    for (size_t i = 0; i < CORE_COUNT(at) && !status; i++) {
        status = check_shift(&v, at[i], report, error);
        if (!status) status = core_progress(progress, (double)(i + 1) / CORE_COUNT(at), error);
    }
    if (status) return status;
    const char *exact = "exact: 2^bits + 1 is the first whole number that the format cannot hold";
    probe_add(report, &(probe_comparison){ROPELAW_PROBE_EQUAL, 257, first_alias(8), 0, exact},
              "first position that aliases in bfloat16 [token]");
    probe_add(report, &(probe_comparison){ROPELAW_PROBE_EQUAL, 2049, first_alias(11), 0, exact},
              "first position that aliases in float16 [token]");
    return ROPELAW_OK;
}

const probe_entry probe_relative = {
    {"relative", "a rotary score depends on the distance alone, at every position and precision of the angle",
     "the attention kernel's rotation at positions up to 2^24 against the same distance at the origin", "Su et al. 2021 (arXiv:2104.09864), section 3; error bound: lib/probe/relative.c"},
    .run = run,
};
