/* The smallest base for a length L: the infimum of the bases with B(m) >= 0 for m = 0 .. L-1.
 *
 * The feasible bases are no interval, so the search walks upwards in x = ln(base) and may skip nothing. It carries a
 * witness, a distance m with B(m) < 0. With g_n = 2n/d, theta_n = exp(-g_n x):
 *   B'(x)  = sum_n g_n m theta_n sin(m theta_n),
 *   |B''|  <= M2 = sum_n (g_n m theta_n)^2 + g_n^2 m theta_n,   |B'| <= M1 = sum_n g_n m theta_n,
 * and M1 and M2 fall with x, so they hold for the whole way up. Hence B(x + s) <= B + min(M1 s, B' s + M2 s^2/2) < 0
 * for every s below the root of the right side: none of those bases is feasible, and the step is proven. Near a root of
 * B the second bound makes the steps those of Newton's method from below. When the witness reaches zero within the
 * rounding error another one is looked for, first near it, then everywhere; where there is none, the base is feasible.
 *
 * A step too small for x to change is taken anyway and flagged GRID; rounding errors of B are below LAW_SCAN_ERROR, and
 * bases whose smallest B lies above minus that count as feasible. */
#include "law/law.h"
#include "law/long_range_scan.h"
#include <ropelaw/long_range.h>
#include <float.h>
#include <math.h>

/* ln(base) of the first base looked at; below it every theta is 1 to six digits and B(2) < 0 */
#define FIRST 1e-6
/* Smallest step in ln(base), relative to it. */
#define LEAST (4 * DBL_EPSILON)
/* Half widths of the neighbourhoods searched for a new witness before everything is: for a million tokens they save
   four fifths of the evaluations. */
static const size_t widths[] = {512, 4096, 32768, 262144};
/* Steps between two reports of progress. */
#define REPORT 1024

typedef struct {
    size_t n_pairs, length;
    double *theta;        /* [n_pairs] at x */
    law_scan_pair *pairs; /* [n_pairs] */
    law_scan *sums_of;
    double margin;
    double x;                      /* ln(base) */
    size_t witness, last, n_evals; /* last: the witness that ruled out the bases below x */
    int grid;
} search;

static void set_base(search *q, double x) {
    q->x = x;
    double ratio = exp(-x / (double)q->n_pairs), power = 1;
    for (size_t n = 0; n < q->n_pairs; n++, power *= ratio) q->theta[n] = power;
}

/* Length of a proven step in x, 0 if the witness is not negative here. */
static double proven_step(search *q) {
    double b = 0, slope = 0, m1 = 0, m2 = 0, m = (double)q->witness;
    for (size_t n = 0; n < q->n_pairs; n++) {
        double g = (double)n / (double)q->n_pairs, angle = m * q->theta[n], speed = g * angle;
        b += cos(angle);
        slope += speed * sin(angle);
        m1 += speed;
        m2 += speed * speed + g * speed;
    }
    q->n_evals++;
    if (b >= -q->margin) return 0;
    q->last = q->witness;
    double first = -b / m1, root = sqrt(slope * slope - 2 * m2 * b);
    double second = slope > 0 ? -2 * b / (slope + root) : (root - slope) / m2;
    return fmax(first, second);
}

/* The most negative distance of [from, to) in the first block that has one below the margin; 0 if there is none. */
static size_t most_negative(search *q, size_t from, size_t to) {
    double sums[LAW_SCAN_BLOCK];
    for (size_t start = from; start < to; start += LAW_SCAN_BLOCK) {
        q->sums_of(q->pairs, q->n_pairs, (double)start, sums);
        size_t stop = to - start < LAW_SCAN_BLOCK ? to - start : LAW_SCAN_BLOCK, least = 0;
        for (size_t k = 1; k < stop; k++)
            if (sums[k] < sums[least]) least = k;
        q->n_evals += stop;
        if (sums[least] < -2 * q->margin) return start + least;
    }
    return 0;
}

static size_t find_witness(search *q) {
    law_scan_prepare(q->theta, q->n_pairs, q->pairs);
    for (size_t i = 0; i < CORE_COUNT(widths) && q->witness; i++) {
        size_t from = q->witness > widths[i] ? q->witness - widths[i] : 1, to = q->witness + widths[i];
        size_t m = most_negative(q, from, to < q->length ? to : q->length);
        if (m) return m;
    }
    return most_negative(q, 1, q->length);
}

/* Walk up to x_max; *feasible is set if the base at q->x is. */
static ropelaw_status walk(search *q, double x_max, const ropelaw_progress *progress, int *feasible,
                           ropelaw_error *error) {
    *feasible = 0;
    set_base(q, FIRST);
    for (size_t n_steps = 0; q->x < x_max; n_steps++) {
        if (n_steps % REPORT == 0) {
            ropelaw_status s = core_progress(progress, q->x / x_max, error);
            if (s) return s;
        }
        double step = q->witness ? proven_step(q) : 0;
        if (step == 0) {
            q->witness = find_witness(q);
            step = q->witness ? proven_step(q) : 0;
            *feasible = step == 0;
            if (*feasible) return ROPELAW_OK;
        }
        q->grid |= step < LEAST * q->x;
        set_base(q, q->x + fmax(step, LEAST * q->x));
    }
    return ROPELAW_OK;
}

static ropelaw_status check(const ropelaw_long_range_query *query, ropelaw_error *error) {
    if (!(query->length_tok >= 2 && query->length_tok <= ROPELAW_LONG_RANGE_LEN_MAX))
        return core_fail_number(error, ROPELAW_DOMAIN, "length", query->length_tok, "2 to 2^24 tokens");
    ropelaw_status s = rope_check_dim(query->rotary_dim, error);
    return s ? s : rope_check_base("base_max", query->base_max, error);
}

static ropelaw_status search_all(search *q, const ropelaw_long_range_query *query,
                                 ropelaw_long_range_base *found, ropelaw_error *error) {
    int feasible;
    ropelaw_status s = walk(q, log(query->base_max), query->progress, &feasible, error);
    if (s) return s;
    *found = (ropelaw_long_range_base){
        .base = !feasible       ? NAN
                : q->x == FIRST ? 1
                                : exp(q->x),
        .resolution = q->grid ? LEAST * q->x : 0,
        .n_evals = q->n_evals,
        .witness = q->last,
        .caveats = (q->grid ? ROPELAW_CAVEAT_GRID : 0) | (feasible ? 0 : ROPELAW_CAVEAT_CENSORED),
    };
    return ROPELAW_OK;
}

ropelaw_status ropelaw_long_range_base_find(const ropelaw_long_range_query *query,
                                            ropelaw_long_range_base *found, ropelaw_error *error) {
    if (!query) return law_null("query", error);
    if (!found) return law_null("found", error);
    ropelaw_status s = check(query, error);
    if (s) return s;
    search q = {.n_pairs = query->rotary_dim / 2,
                .length = (size_t)ceil(query->length_tok),
                .sums_of = law_scan_best()};
    q.margin = LAW_SCAN_ERROR(q.n_pairs, query->length_tok);
    q.theta = core_malloc(q.n_pairs, sizeof *q.theta);
    q.pairs = core_malloc(q.n_pairs, sizeof *q.pairs);
    s = q.theta && q.pairs ? search_all(&q, query, found, error)
                           : core_fail_memory(error, q.n_pairs, sizeof *q.pairs);
    core_free(q.theta);
    core_free(q.pairs);
    return s;
}
