/* Whether attention can tell a similar token from another one at distance m (Men et al.).

   With q, k independent of mean mu and variance sigma^2 in every dimension, and k* = q + small noise, the means cancel:
   E[q.R_m k*] - E[q.R_m k] = 2 sigma^2 sum_n cos(m theta_n). The left side is estimated from random vectors that the
   attention kernel rotates; the right side is arithmetic. The first distance where the sum turns negative is found by
   the kernel's own rotation of unit vectors and by the library's scan. */
#include "probe/probe.h"
#include <ropelaw/attention.h>
#include <ropelaw/random.h>
#include <math.h>

enum { DRAWS = 4000, DISTANCES = 8 };
static const double mean = 0.5, deviation = 1.0, noise = 0.1;

typedef struct {
    const ropelaw_probe_options *options;
    size_t d;
    double theta[128];      /* of the measured side */
    double *q, *k, *turned; /* [DRAWS][d] */
} draws;

static ropelaw_status rotate(const draws *x, const uint64_t *positions, size_t n, const double *in,
                             double *out, ropelaw_error *error) {
    ropelaw_attention_problem problem;
    ropelaw_attention_problem_init(&problem, n, 1, 1, x->d);
    problem.rotary_dim = x->d;
    problem.inv_freq = x->theta;
    problem.positions = positions;
    ropelaw_attention_rotation rotation = {1, problem.k, problem.k, ROPELAW_ATTENTION_ROTATE};
    return ropelaw_attention_reference_rotate(&problem, &rotation, in, out, error);
}

static void draw(draws *x) {
    ropelaw_random r;
    ropelaw_random_init(&r, x->options->seed, 0);
    for (size_t i = 0; i < DRAWS * x->d; i++) {
        x->q[i] = mean + deviation * ropelaw_random_normal(&r);
        /* k* - k in one: q + noise minus an independent draw of the same mean */
        double similar = x->q[i] + noise * ropelaw_random_normal(&r);
        x->k[i] = similar - (mean + deviation * ropelaw_random_normal(&r));
    }
}

static ropelaw_status check_distance(draws *x, uint64_t m, ropelaw_probe_report *report,
                                     ropelaw_error *error) {
    uint64_t positions[DRAWS];
    for (size_t i = 0; i < DRAWS; i++) positions[i] = m;
    ropelaw_status status = rotate(x, positions, DRAWS, x->k, x->turned, error);
    if (status) return status;
    double sum = 0, square = 0, predicted = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        double score = probe_dot(x->q + i * x->d, x->turned + i * x->d, x->d);
        sum += score, square += score * score;
    }
    double measured = sum / DRAWS, se = sqrt((square / DRAWS - measured * measured) / (DRAWS - 1));
    for (size_t n = 0; n < x->d / 2; n++) {
        double theta = pow(x->options->base, -2.0 * (double)n / (double)x->d);
        predicted += 2 * deviation * deviation * cos((double)m * theta);
    }
    probe_add(report,
              &(probe_comparison){ROPELAW_PROBE_EQUAL, predicted, measured, 5 * se,
                                  "Monte-Carlo: five standard errors of the mean of 4000 draws"},
              "score advantage of the similar token at distance %llu", (unsigned long long)m);
    return ROPELAW_OK;
}

/* sum_n cos(m theta_n) for m = 0 .. n-1 through the kernel: R_m (1, 0) has the cosines in its first half. */
static ropelaw_status first_negative(const draws *x, size_t n, double *found, ropelaw_error *error) {
    *found = NAN;
    double *unit = core_calloc(2 * DRAWS * x->d, sizeof *unit);
    if (!unit) return core_fail_memory(error, 2 * DRAWS * x->d, sizeof *unit);
    double *turned = unit + DRAWS * x->d;
    uint64_t positions[DRAWS];
    for (size_t i = 0; i < DRAWS; i++)
        for (size_t j = 0; j < x->d / 2; j++) unit[i * x->d + j] = 1;
    ropelaw_status status = ROPELAW_OK;
    for (size_t from = 0; from < n && isnan(*found) && !status; from += DRAWS) {
        for (size_t i = 0; i < DRAWS; i++) positions[i] = from + i;
        status = rotate(x, positions, DRAWS, unit, turned, error);
        for (size_t i = 0; i < DRAWS && isnan(*found) && !status; i++) {
            double sum = 0;
            for (size_t j = 0; j < x->d / 2; j++) sum += turned[i * x->d + j];
            if (sum < 0) *found = (double)(from + i);
        }
    }
    core_free(unit);
    return status;
}

/* The published small cases: d = 4 has its first negative distance at 3 (base 100) and 22 (base 1e4). */
static ropelaw_status check_first(const draws *x, double base, double predicted, ropelaw_probe_report *report,
                                  ropelaw_error *error) {
    draws small = {.options = x->options, .d = 4};
    double found;
    probe_frequencies(base * x->options->damage, 4, small.theta);
    ropelaw_status status = first_negative(&small, 1, &found, error);
    if (status) return status;
    probe_add(
        report,
        &(probe_comparison){ROPELAW_PROBE_EQUAL, predicted, found, 0, "exact: a count of whole distances"},
        "first negative distance [token], d = 4, base %.0f", base);
    return ROPELAW_OK;
}

static ropelaw_status run(const ropelaw_probe_options *o, const ropelaw_progress *progress,
                          ropelaw_probe_report *report, ropelaw_error *error) {
    draws x = {.options = o, .d = o->rotary_dim};
    double *memory = core_malloc(3 * DRAWS * x.d, sizeof *memory);
    if (!memory) return core_fail_memory(error, 3 * DRAWS * x.d, sizeof *memory);
    x.q = memory, x.k = memory + DRAWS * x.d, x.turned = memory + 2 * DRAWS * x.d;
    probe_frequencies(o->base * o->damage, o->rotary_dim, x.theta);
    draw(&x);
    static const uint64_t distances[DISTANCES] = {0, 1, 10, 100, 1000, 4096, 16384, 131072};
    ropelaw_status status = ROPELAW_OK;
    for (size_t i = 0; i < DISTANCES && !status; i++) {
        status = check_distance(&x, distances[i], report, error);
        if (!status) status = core_progress(progress, (double)(i + 1) / (DISTANCES + 2), error);
    }
    if (!status) status = check_first(&x, 100, 3, report, error);
    if (!status) status = check_first(&x, 10000, 22, report, error);
    double found;
    if (!status) status = first_negative(&x, 65536, &found, error);
    if (!status)
        probe_add(
            report,
            &(probe_comparison){ROPELAW_PROBE_REPORT, o->train_len_tok, found, NAN,
                                "train_len against the first distance where a similar token scores worse"},
            "first negative distance [token] of the probed model");
    core_free(memory);
    return status;
}

const probe_entry probe_discrimination = {
    {"discrimination", "the advantage of a similar token at distance m is 2 sigma^2 sum cos(m theta_n)",
     "random vectors rotated by the attention kernel; unit vectors for the first negative distance", "Men et al. 2024 (arXiv:2405.14591), eq. 9 and 10"},
    .run = run,
};
