/* The entries of the predictor registry; one file each. */
#ifndef ROPELAW_LAW_PREDICTOR_H
#define ROPELAW_LAW_PREDICTOR_H

#include "law/law.h"
#include <ropelaw/predictor.h>
#include <math.h>

extern const ropelaw_predictor law_predictor_closed_form, law_predictor_closed_form_16b,
    law_predictor_closed_form_real, law_predictor_strict, law_predictor_phase_coverage,
    law_predictor_long_range, law_predictor_phase_modulation, law_predictor_band,
    law_predictor_real_critical_dim, law_predictor_fitted;

/* Plain RoPE with another base is what the closed form speaks about; anything else gets this caveat. */
static inline uint32_t law_method_caveat(const ropelaw_predictor_input *input) {
    return input->arcs ? ROPELAW_CAVEAT_METHOD : 0;
}

#endif
