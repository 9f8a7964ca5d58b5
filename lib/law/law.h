/* Internal to law: the pieces that the scalar law, the sweep and the predictors share. */
#ifndef ROPELAW_LAW_LAW_H
#define ROPELAW_LAW_LAW_H

#include "core/core.h"
#include "rope/rope.h"
#include <ropelaw/law.h>

/* 1 if (16b) holds, 0 if (16c); the edge is decided in double-double, *open as in rope_full_periods. */
int law_is_large_base(const ropelaw_setting *setting, int *open);

/* 2*pi*base^(dim/d) */
double law_length(double base, double dim, size_t rotary_dim);

ropelaw_status law_null(const char *argument, ropelaw_error *error);

#endif
