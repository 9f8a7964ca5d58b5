/* Simulated coverage of the interval of phi. */
#ifndef TESTS_FIT_PHI_GATES_H
#define TESTS_FIT_PHI_GATES_H

#include "law_gates.h"

/* phi of each model is normal about 0.5 with deviation `spread`; onsets scatter about its coverage by tau. */
typedef struct {
    size_t models, bases;
    double spread, tau;
    int brackets; /* 1: onsets are known between lengths a factor sqrt 2 apart only */
} phi_design;

typedef struct {
    double bias, sd, covers, length, rms_out; /* medians for length and rms_out */
} phi_result;

phi_result gate_phi(const phi_design *design, const gate_options *options);

#endif
