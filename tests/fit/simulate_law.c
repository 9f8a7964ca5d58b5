/* The simulation gates of the law at full size: prints docs/simulation-law.md.

   usage: simulate_law [REPS [THREADS [SEED [slope|bound|hard|phi]]]]     default 2000 1 20231 and all tables   (about 25 ms of one core per curve replicate) */
#include "law_gates.h"
#include "phi_gates.h"
#include <math.h>
#include <ropelaw/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const slope_design slopes[] = {
    {0,  .02, 14,    1, 10},
    {0,  .1,  14,    1, 10},
    {.3, .02, 14,    1, 10},
    {.3, .1,  14,    1, 10},
    {0,  .02, 11.46, 1, 10},
    {0,  .1,  11.46, 1, 10},
    {.3, .02, 11.46, 1, 10},
    {.3, .1,  11.46, 1, 10},
    {0,  .02, 10.82, 1, 10},
    {0,  .1,  10.82, 1, 10},
    {.3, .02, 10.82, 1, 10},
    {.3, .1,  10.82, 1, 10}
};

/* Outside the model's assumptions, or at the end of what it can carry. */
static const slope_design hard[] = {
    {0,  .02, 14,    5, 10},
    {.3, .05, 14,    5, 10},
    {0,  .02, 11.46, 5, 10},
    {0,  .02, 14,    1, 4 },
    {.3, .1,  14,    1, 4 },
    {0,  .02, 14,    1, 6 },
    {.3, .1,  11.46, 1, 6 }
};

/* lo <= coverage <= hi, within three simulation errors */
static int covers(double coverage, double lo, double hi, size_t reps) {
    double error = sqrt(.95 * .05 / (double)reps);
    return coverage >= lo - 3 * error && coverage <= hi + 3 * error;
}

static int hard_table(const gate_options *o) {
    int failures = 0;
    printf("\n## Noise that grows after the break, and few runs\n\n"
           "As above; `late`: noise beyond the break over noise before it (the fit assumes 1). %zu "
           "replicates. Gate: "
           "coverage\n"
           "0.92 to 0.995 within three simulation errors.\n\n"
           "| runs | w | sd | late | censored | bias | sd of estimate | coverage | c = 1: coverage | size | "
           "not fitted "
           "| gate |\n"
           "|---|---|---|---|---|---|---|---|---|---|---|---|\n",
           o->reps);
    for (size_t k = 0; k < sizeof hard / sizeof *hard; k++) {
        slope_result r = gate_slope(&hard[k], o);
        int pass = covers(r.covers, .92, .995, o->reps);
        failures += !pass;
        printf("| %d | %g | %g | %g | %.0f %% | %+.2f | %.2f | %.3f | %.3f | %.3f | %zu | %s |\n",
               hard[k].runs, hard[k].width, hard[k].sd, hard[k].late, 100 * r.censored, r.bias, r.sd,
               r.covers, r.unit_covers, r.rejects_theory, r.failed, pass ? "pass" : "FAIL");
        fflush(stdout);
    }
    return failures;
}

static int slope_table(const gate_options *o) {
    int failures = 0;
    printf(
        "\n## Effective dimension from curves\n\n"
        "Ten runs, twelve lengths an octave apart, rotary_dim 128, slope 0.72 (effective dimension "
        "92.16), tau 0.05,\n"
        "bases over 2.4 decades. `w`: width of the true bend, `sd`: noise of ln ppl. Coverage of the 95 "
        "%% interval by\n"
        "the p value at the truth; c = 1: the same with the intercept of the theory; size: 5 %% test of\n"
        "(slope, c) at the truth. Gate: |bias| <= 0.6, coverage 0.92 to 0.99, with c = 1 at least 0.92.\n\n"
        "| w | sd | censored | bias | sd of estimate | coverage | chi-square would cover | c = 1: bias | "
        "c = 1: coverage | size | not fitted | gate |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (size_t k = 0; k < sizeof slopes / sizeof *slopes; k++) {
        slope_result r = gate_slope(&slopes[k], o);
        int pass = r.bias <= .6 && r.bias >= -.6 && r.covers >= .92 && r.covers <= .99 &&
                   r.unit_covers >= .92 && r.failed == 0;
        failures += !pass;
        printf("| %g | %g | %.0f %% | %+.2f | %.2f | %.3f | %.3f | %+.3f | %.3f | %.3f | %zu | %s |\n",
               slopes[k].width, slopes[k].sd, 100 * r.censored, r.bias, r.sd, r.covers, r.chi2, r.unit_bias,
               r.unit_covers, r.rejects_theory, r.failed, pass ? "pass" : "FAIL");
        fflush(stdout);
    }
    return failures;
}

static int bound_table(const gate_options *o) {
    int failures = 0;
    printf(
        "\n## Prediction and inverse from lengths and limits\n\n"
        "n runs with known break (or limit), slope 0.7, bases over 3 decades. `new run`: share of new runs, "
        "at a base\n"
        "drawn from the range, beyond the one-sided 90 %% lower band; `inverse`: chance that a run at the "
        "base found for\n"
        "a target (the true law at three quarters of the range) reaches it. Gate: both 0.88 to 0.95, slope "
        "0.90 to 0.98.\n\n"
        "| n | censored | tau | bias of slope | slope 95 %% | new run 90 %% | inverse 90 %% | unsolvable | "
        "log10 base, median | "
        "of the true median law | not fitted | gate |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (int k = 0; k < 12; k++) {
        bound_design d = {k < 4 ? 6 : (k < 8 ? 10 : 16), k & 2 ? .3 : 0, k & 1 ? .3 : .1};
        bound_result r = gate_bounds(&d, o);
        int pass = r.predicts >= .88 && r.predicts <= .95 && r.inverts >= .88 && r.inverts <= .95 &&
                   r.covers >= .90 && r.covers <= .98;
        failures += !pass;
        printf("| %zu | %.0f %% | %g | %+.4f | %.3f | %.3f | %.3f | %zu | %.2f | %.2f | %zu | %s |\n", d.n,
               100 * d.censored, d.tau, r.bias, r.covers, r.predicts, r.inverts, r.unsolvable, r.log10_base,
               r.log10_true, r.failed, pass ? "pass" : "FAIL");
        fflush(stdout);
    }
    return failures;
}

static const phi_design phis[] = {
    {1,  6, 0,   .05, 0},
    {3,  5, .15, .05, 0},
    {5,  5, .15, .05, 0},
    {9,  5, 0,   .05, 0},
    {9,  5, .15, .05, 0},
    {9,  5, .3,  .1,  0},
    {9,  5, .15, .05, 1},
    {20, 5, .15, .05, 0},
    {20, 1, .15, .1,  0}
};

static int phi_table(const gate_options *options) {
    gate_options o = *options;
    int failures = 0;
    if (o.reps > 500) o.reps = 500; /* 0.1 s each */
    printf("\n## Phase tolerance\n\n"
           "Models of four shapes, phi of each normal about 0.5 rad with deviation `spread`, some runs each "
           "with bases "
           "up to\n"
           "30 times that of pre-training; onsets scatter about the model's coverage by tau, or are brackets "
           "half an "
           "octave\n"
           "wide. Coverage of 0.5 by the 95 %% interval, its median length, median error of models left out. "
           "%zu "
           "replicates.\n"
           "Gate: coverage 0.925 to 0.99 within three simulation errors, |bias| at most 0.05.\n\n"
           "| models | runs each | spread | tau | brackets | bias | sd of estimate | coverage | length | rms "
           "left "
           "out | gate |\n"
           "|---|---|---|---|---|---|---|---|---|---|---|\n",
           o.reps);
    for (size_t k = 0; k < sizeof phis / sizeof *phis; k++) {
        phi_result r = gate_phi(&phis[k], &o);
        int pass = covers(r.covers, .925, .99, o.reps) && r.bias <= .05 && r.bias >= -.05;
        failures += !pass;
        printf("| %zu | %zu | %g | %g | %s | %+.3f | %.3f | %.3f | %.2f | %.3f | %s |\n", phis[k].models,
               phis[k].bases, phis[k].spread, phis[k].tau, phis[k].brackets ? "yes" : "no", r.bias, r.sd,
               r.covers, r.length, r.rms_out, pass ? "pass" : "FAIL");
        fflush(stdout);
    }
    return failures;
}

int main(int argc, char **argv) {
    gate_options o = {20231, 2000, 1};
    if (argc > 1) o.reps = strtoul(argv[1], NULL, 10);
    if (argc > 2) o.threads = strtoul(argv[2], NULL, 10);
    if (argc > 3) o.seed = strtoull(argv[3], NULL, 10);
    if (o.reps < 10) {
        fprintf(stderr, "usage: simulate_law [REPS >= 10 [THREADS [SEED [TABLE]]]]\n");
        return 2;
    }
    printf("# Simulated properties of the law fit\n\n"
           "Made by `simulate_law %zu THREADS %llu` (tests/fit/simulate_law.c), ropelaw %s; the same for any "
           "number of\n"
           "threads. %zu replicates a row: the standard error of a coverage of 0.95 is %.4f.\n",
           o.reps, (unsigned long long)o.seed, ropelaw_version(), o.reps, sqrt(0.95 * 0.05 / (double)o.reps));
    static const struct {
        const char *name;
        int (*print)(const gate_options *);
    } tables[] = {
        {"slope", slope_table},
        {"bound", bound_table},
        {"hard",  hard_table },
        {"phi",   phi_table  }
    };
    int failures = 0;
    for (size_t k = 0; k < sizeof tables / sizeof *tables; k++)
        if (argc <= 4 || !strcmp(argv[4], tables[k].name)) failures += tables[k].print(&o);
    if (argc > 4) return failures > 0;
    printf("\n%d of 40 rows outside their gate.\n", failures);
    return failures > 0;
}
