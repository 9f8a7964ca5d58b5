/* The parts of an experiment's result: summaries of runs (experiment_run.c) and the documents (experiment_csv.c). */
#ifndef ROPELAW_LM_EXPERIMENT_H
#define ROPELAW_LM_EXPERIMENT_H

#include <ropelaw/train.h>
#include <stdbool.h>

/* Threshold of the onset, and replicates of its interval. */
#define LM_ONSET_NATS 0.2
enum { LM_ONSET_REPLICATES = 999 };

/* Theory, onset and levels of one run from its curve; the names and facts are already in `run`. */
ropelaw_status lm_run_summarise(ropelaw_train_run *run, const ropelaw_lm_curve *curve, ropelaw_error *error);

/* Make the folder if it is missing (its parent is not made) and try that a file can be created in it. */
ropelaw_status lm_folder_ready(const char *path, ropelaw_error *error);

/* Append the curve's points above tune_len to the series as one run. */
ropelaw_status lm_series_add(ropelaw_series *series, const ropelaw_train_run *run,
                             const ropelaw_lm_curve *curve, ropelaw_error *error);

/* A text that grows. */
typedef struct {
    char *bytes;
    size_t n, room;
    bool failed; /* memory ran out; nothing more is added */
} lm_text;
void lm_text_add(lm_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lm_text_number(lm_text *text, double value, const char *end); /* 8 digits; nothing for NAN */

/* The long CSV: provenance and header, then the rows of one run. */
void lm_csv_start(lm_text *csv, const ropelaw_train_preset *preset, const ropelaw_train_options *options,
                  const ropelaw_lm_text_information *floor);
void lm_csv_add(lm_text *csv, const ropelaw_train_run *run, const ropelaw_lm_curve *curve);

/* The figure: one line a run, lengths on a logarithmic axis. */
void lm_figure_start(lm_text *figure, double eval_len);
void lm_figure_add(lm_text *figure, const ropelaw_train_run *run, const ropelaw_lm_curve *curve,
                   double eval_len);

/* The same as drawings of all runs at once (experiment_plot.c). */
void lm_plot_svg(lm_text *plot, const ropelaw_train_result *result, double eval_len);
void lm_plot_tex(lm_text *plot, const ropelaw_train_result *result, double eval_len);

#endif
