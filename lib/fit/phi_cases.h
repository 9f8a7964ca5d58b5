/* What is known of a run's onset, as a term of a likelihood. */
#ifndef ROPELAW_FIT_PHI_CASES_H
#define ROPELAW_FIT_PHI_CASES_H

#include "fit/law_table.h"
#include <ropelaw/phi_fit.h>

ropelaw_status fit_phi_case_check(const ropelaw_phi_case *c, ropelaw_error *error);
fit_term fit_phi_term(const ropelaw_phi_case *c);

#endif
