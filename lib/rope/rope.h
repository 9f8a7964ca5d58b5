/* Internal to rope and law: argument checks, frequencies as powers, and the exact count of full periods. */
#ifndef ROPELAW_ROPE_ROPE_H
#define ROPELAW_ROPE_ROPE_H

#include "core/core.h"
#include <ropelaw/rope.h>

#define ROPE_2PI     6.283185307179586476925286766559L
#define ROPE_LEN_MIN 7.0

ropelaw_status rope_check_dim(size_t rotary_dim, ropelaw_error *error);
ropelaw_status rope_check_base(const char *argument, double base, ropelaw_error *error);
ropelaw_status rope_check_len(const char *argument, double len_tok, ropelaw_error *error);

/* base^(-2n/d) in the widest arithmetic at hand */
long double rope_freq(double base, size_t rotary_dim, size_t n);

/* #{ n >= 0 : 2*pi*base^(2n/d) <= train_len }, not limited to d/2 but cut at `limit`; *open is set if 30
   digits do not decide. */
size_t rope_full_periods(size_t rotary_dim, double base, double train_len_tok, size_t limit, int *open);

#endif
