/* Double-double numbers, about 32 digits: what decides a comparison of logarithms that double leaves open. */
#ifndef ROPELAW_ROPE_DOUBLE_DOUBLE_H
#define ROPELAW_ROPE_DOUBLE_DOUBLE_H

typedef struct {
    double hi, lo; /* |lo| <= ulp(hi)/2; the value is hi + lo */
} rope_dd;

rope_dd rope_dd_mul(rope_dd a, rope_dd b);
rope_dd rope_dd_scale(rope_dd a, double x);
/* ln(x) of a double x > 0, and ln(x / 2pi); relative error below 2^-98 away from ln = 0 by more than 0.1 % or
   for x near 1 in the first form */
rope_dd rope_dd_log(double x);
rope_dd rope_dd_log_turns(double x);
/* sign of a - b, or 0 if they agree to 2^-96 relative */
int rope_dd_compare(rope_dd a, rope_dd b);

#endif
