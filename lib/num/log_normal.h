/* Logarithms of normal probabilities that keep their digits in both tails; libm alone. */
#ifndef ROPELAW_NUM_LOG_NORMAL_H
#define ROPELAW_NUM_LOG_NORMAL_H

/* ln phi(z), the standard normal density. */
double num_log_density(double z);

/* ln Phi(z): finite for every finite z. */
double num_log_below(double z);

/* ln(Phi(z) / phi(z)) for z <= 0: the part of ln Phi that varies slowly, about -ln|z|. */
double num_log_mills(double z);

/* ln(Phi(b) - Phi(a)) for a <= b; the ends may be infinite; -inf if a == b. */
double num_log_between(double a, double b);

#endif
