/* The case table of attention: the tests judge every kernel on it under guard pages, ropelaw_attention_check_run
   and the bench judge and time. */
#ifndef ROPELAW_ATTENTION_CASE_H
#define ROPELAW_ATTENTION_CASE_H

#include <ropelaw/attention_check.h>

typedef enum {
    CASE_UNIFORM,    /* U(-1, 1) */
    CASE_EQUAL,      /* all logits 0 */
    CASE_DOMINATING, /* one key in seven is a hundred times longer */
    CASE_HUGE,       /* logits of several hundred */
    CASE_DENORMAL,   /* q, k of 1e-20 (products are denormal), v of 1e-39 */
    CASE_FAR_BELOW   /* logits near -1000: the maximum must be taken off */
} case_fill;

typedef struct {
    ropelaw_attention_case about;
    case_fill fill;
    int full, interleaved, head_major;
    size_t window, sink, pad;
    uint64_t offset;
    double factor, log_n; /* factor 0 means 1 */
} attention_case;

extern const attention_case attention_cases[];
extern const size_t n_attention_cases;

/* The problem of a case; freq [rotary_dim/2] is filled and must live as long as the problem. */
void attention_case_problem(const attention_case *c, double *freq, ropelaw_attention_problem *p);

/* Fill tensor 0 (q), 1 (k), 2 (v) or 3 (dout) of a case; `exact` (may be NULL) gets the same numbers. */
void attention_case_fill(const attention_case *c, const ropelaw_attention_problem *p, int tensor, float *x,
                         double *exact);

/* Largest length of a row of x [n_rows][head_dim], attention factor included. */
double attention_case_norm(const ropelaw_attention_problem *p, const double *x, size_t n_rows);

/* How far a score may be off, in units of u = 2^-24: a dot product of head_dim terms of size |q||k|, whose factors
   carry the roundings of table, rotation and scale (8). */
double attention_case_score_error(const ropelaw_attention_problem *p, double q_norm, double k_norm);

/* |out - exact| <= u * bound * sum_j P_ij |v_j|: weights off by twice the score's error (numerator and denominator),
   sums of n_tok terms in each, exp2 and division (8); far-away positions turn by another 4e-9 rad per pair, which
   u * 8 covers. */
double attention_case_bound(const ropelaw_attention_problem *p, double q_norm, double k_norm);

#endif
