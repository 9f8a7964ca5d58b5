#include "core/core.h"
#include <ropelaw/version.h>
#include <gsl/gsl_version.h>
#include <cblas.h>
#include <stdio.h>

char *ropelaw_build_str(char *text, size_t size) {
    snprintf(text, size, "GSL %s, %s, BLAS core %s", gsl_version, openblas_get_config(), openblas_get_corename());
    return text;
}
