/**
 * ropelaw: scaling laws of RoPE-based extrapolation. Umbrella header.
 */
#ifndef ROPELAW_ROPELAW_H
#define ROPELAW_ROPELAW_H

#include <ropelaw/version.h>
#include <ropelaw/status.h>
#include <ropelaw/number.h>
#include <ropelaw/model.h>
#include <ropelaw/lint.h>
#include <ropelaw/export.h>
#include <ropelaw/random.h>
#include <ropelaw/blas.h>
#include <ropelaw/cpu.h>
#include <ropelaw/method.h>
#include <ropelaw/precision.h>
#include <ropelaw/bootstrap.h>
#include <ropelaw/curve.h>
#include <ropelaw/fit.h>
#include <ropelaw/table.h>
#include <ropelaw/run_bootstrap.h>
#include <ropelaw/series.h>
#include <ropelaw/lm.h>
#include <ropelaw/train.h>
#include <ropelaw/compare.h>
#include <ropelaw/import.h>
#include <ropelaw/fitted_law.h>
#include <ropelaw/preset.h>
#include <ropelaw/report_table.h>
#include <ropelaw/law_fit.h>
#include <ropelaw/law_predict.h>
#include <ropelaw/phi_fit.h>
#include <ropelaw/attention.h>
#include <ropelaw/attention_check.h>
#include <ropelaw/rope.h>
#include <ropelaw/law.h>
#include <ropelaw/coverage.h>
#include <ropelaw/long_range.h>
#include <ropelaw/sweep.h>
#include <ropelaw/predictor.h>
#include <ropelaw/plan.h>
#include <ropelaw/plan_layers.h>
#include <ropelaw/plan_spectrum.h>
#include <ropelaw/short_context.h>
#include <ropelaw/probe.h>
#include <ropelaw/rank.h>

#endif
