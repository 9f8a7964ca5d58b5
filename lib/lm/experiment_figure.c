/* A figure that a terminal can show: one line a run; the darkness of a column is the excess loss at that length, letters
   mark the onset (O) and the theory: closed form (L), coverage with phi = 1 rad (C). */
#include "core/core.h"
#include "lm/experiment.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 72, FIRST_TOK = 64 };

static double length_at(double column, double eval_len) {
    return FIRST_TOK * pow(eval_len / FIRST_TOK, column / COLUMNS);
}

static int column_of(double length, double eval_len) {
    double column = COLUMNS * log(length / FIRST_TOK) / log(eval_len / FIRST_TOK);
    return column >= 0 && column < COLUMNS ? (int)column : -1;
}

/* Steps of the scale: 0.05, 0.2 (the onset's threshold), 0.5 and 1 nat. */
static char shade(double excess) {
    return excess > 1 ? '#' : excess > 0.5 ? '+' : excess > LM_ONSET_NATS ? '-' : excess > 0.05 ? '.' : ' ';
}

static void mark(char *line, double length, double eval_len, char letter) {
    int column = isfinite(length) ? column_of(length, eval_len) : -1;
    if (column >= 0) line[column] = letter;
}

void lm_figure_start(lm_text *figure, double eval_len) {
    char ticks[COLUMNS + 8];
    memset(ticks, ' ', sizeof ticks);
    for (double length = FIRST_TOK; length <= eval_len; length *= 2) {
        char number[16];
        int n = snprintf(number, sizeof number, "%.0f", length), at = column_of(length, eval_len);
        if (at < 0) at = COLUMNS - n;
        memcpy(ticks + at, number, (size_t)n);
    }
    ticks[COLUMNS] = 0;
    lm_text_add(figure,
                "excess loss by length [token]: ' ' < 0.05 < . < 0.2 < - < 0.5 < + < 1 < # nat; "
                "O onset, L closed form, C coverage\n%-36s |%s|\n",
                "", ticks);
}

void lm_figure_add(lm_text *figure, const ropelaw_train_run *run, const ropelaw_lm_curve *curve,
                   double eval_len) {
    char line[COLUMNS + 1];
    size_t bin = 0;
    for (int i = 0; i < COLUMNS; i++) {
        double length = length_at(i + 0.5, eval_len);
        while (bin + 1 < curve->n_bins && curve->bins[bin + 1].length_tok <= length) bin++;
        line[i] = length < curve->bins[0].length_tok ? ' ' : shade(curve->bins[bin].excess_nats);
    }
    line[COLUMNS] = 0;
    mark(line, run->closed_form, eval_len, 'L');
    mark(line, run->coverage, eval_len, 'C');
    if (!run->onset.censored) mark(line, run->onset.onset_tok, eval_len, 'O');
    lm_text_add(figure, "%-36s |%s|\n", run->run, line);
}
