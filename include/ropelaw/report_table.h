/**
 * Tables for papers and reports: a registry of named tables over models, plans and measurements.
 *
 * Each member turns the same input into one ropelaw_table (table.h), which writes itself as text, Markdown, LaTeX,
 * CSV, TSV or JSON.
 */
#ifndef ROPELAW_REPORT_TABLE_H
#define ROPELAW_REPORT_TABLE_H

#include <ropelaw/plan.h>
#include <ropelaw/series.h>
#include <ropelaw/table.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A model under its name. As pre-trained: tune_base == pretrain_base and tune_len == train_len. */
typedef struct {
    const char *name;
    ropelaw_setting setting;
    const char *method; /* RoPE method in use; NULL or "default": plain. Others are outside the closed form */
} ropelaw_report_model;

/** What the tables are made from; each reads what its description names. Zeroed members: the table's default. */
typedef struct {
    size_t n_models;
    const ropelaw_report_model *models;
    size_t n_factors;
    const double *factors; /* multiples of the training length [1] */
    size_t n_bases;
    const double *bases; /* tuning bases [1] */
    size_t n_tune_lens;
    const double *tune_lens_tok;      /* tuning lengths [token] */
    const ropelaw_series *series;     /* measured runs */
    size_t threads;                   /* 0: one */
    uint64_t seed;                    /* of simulated intervals; 0: the default */
    const ropelaw_progress *progress; /* NULL */
} ropelaw_report_input;

typedef struct {
    const char *name;    /* "critical" */
    const char *summary; /* what a row is, and which input it reads */
    const char *source;  /* of the formulas */
    ropelaw_status (*build)(const ropelaw_report_input *input, ropelaw_table **table, uint32_t *caveats,
                            ropelaw_error *error);
} ropelaw_report_table;

/** A member of the registry by index; NULL past the end. */
ROPELAW_API const ropelaw_report_table *ropelaw_report_table_get(size_t index);

/** The member of that name; NULL if there is none. */
ROPELAW_API const ropelaw_report_table *ropelaw_report_table_find(const char *name);

/**
 * Build a table.
 *
 * In       name: of a member; input
 * Out      table: free with ropelaw_table_destroy; caveats: of all rows together
 * Returns  OK; INVALID for an unknown name or missing input; DOMAIN naming the argument; NOMEM.
 */
ROPELAW_API ropelaw_status ropelaw_report_table_build(const char *name, const ropelaw_report_input *input,
                                                      ropelaw_table **table, uint32_t *caveats,
                                                      ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * The setting of a preset as released (tuned where the preset knows a stage, else as pre-trained), and of any model.
 *
 * Returns  OK; INVALID naming the first of rotary_dim, pretrain_base, train_len that is not known.
 * Notes    The name is not copied.
 */
ROPELAW_API ropelaw_status ropelaw_report_model_preset(const char *name, ropelaw_report_model *model,
                                                       ropelaw_error *error) ROPELAW_MUST_USE;
ROPELAW_API ropelaw_status ropelaw_report_model_plan(const ropelaw_plan_model *plan,
                                                     ropelaw_report_model *model,
                                                     ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
