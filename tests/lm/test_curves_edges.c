/* The committed curves at the edges of the law: bases below that of pre-training, and tuning on four times the length,
   below, at and above the critical base. Thresholds that were set after seeing the curves say so. */
#include "curves.h"
#include "says.h"
#include "test.h"
#include <string.h>

static const char *const guide = "docs/experiment.md", *const readme = "README.md";

/* Largest rise of the excess over a factor of 1.5 in length. */
static double jump(const curve *c) {
    double most = 0;
    for (size_t i = 0; i < c->n; i++)
        for (size_t j = i; j < c->n && c->length[j] <= 1.5 * c->length[i]; j++)
            most = fmax(most, c->excess[j] - c->excess[i]);
    return most;
}

static const curve *find(const char *setup, int seed, double base, double tune_len) {
    for (size_t r = 0; r < n_runs; r++)
        if (!strcmp(runs[r].setup, setup) && runs[r].seed == seed && runs[r].base == base &&
            runs[r].tune_len == tune_len)
            return &runs[r];
    ck_abort_msg("no run of %s with base %g", setup, base);
    return NULL;
}

/* Small bases rise without a jump: with beta <= 2T/pi no rise of more than 0.5 nat over a factor of 1.5 in length, while at
   the pre-training base of the same model there is one of more than 0.8 (thresholds set after seeing them). They are not
   flat: all pass 0.2 nat; and in the last bin, at 16 T, all are below the pre-training base. */
START_TEST(small_bases_bend_and_do_not_break) {
    size_t small = 0, walls = 0;
    double bend = 0, wall = INFINITY, first = INFINITY, last = 0, least = INFINITY, most = 0, end = INFINITY;
    for (size_t r = 0; r < n_runs; r++) {
        const curve *c = &runs[r];
        if (strcmp(c->setup, "t128-b500-w64") || c->tune_len != 128 || c->tune_steps != 150) continue;
        if (c->base == 500) {
            wall = fmin(wall, jump(c)), end = fmin(end, c->excess[c->n - 1]), walls++;
            ck_assert_msg(jump(c) > 0.8, "%s: %g", c->name, jump(c));
        }
        if (c->base > 2 * c->tune_len / M_PI) continue;
        ck_assert_msg(jump(c) < 0.5, "%s: %g", c->name, jump(c));
        ck_assert_msg(!isnan(c->onset), "%s", c->name);
        bend = fmax(bend, jump(c)), small++;
        first = fmin(first, c->onset), last = fmax(last, c->onset);
        least = fmin(least, c->excess[c->n - 1]), most = fmax(most, c->excess[c->n - 1]);
    }
    printf("# rise over 1.5: bends %.3f, walls %.3f; onsets %.0f to %.0f; excess at 16 T %.2f to %.2f, walls "
           "%.2f\n",
           bend, wall, first, last, least, most, end);
    ck_assert(small == 9 && walls == 3);
    ck_assert(most < end);
    test_says(readme, "Small bases bend and do not break.");
    test_says(guide, "over a factor of 1.5 in length (largest %.2f)", bend);
    test_says(guide, "rises by more than 0.8 (smallest %.2f)", wall);
    test_says(guide, "every one passes 0.2 nat, at %.0f to %.0f tokens", first, last);
    test_says(
        guide,
        "in the last bin, at 16 T, they have %.2f to %.2f nat where the pre-training base has %.2f or more",
        least, most, end);
}
END_TEST

/* The smaller the base, the later: true of 20 against 81 in every model, of 41 between them in two of three. */
START_TEST(smaller_bases_rise_later) {
    size_t in_order = 0;
    for (int seed = 1; seed <= 3; seed++) {
        double at81 = find("t128-b500-w64", seed, 81, 128)->onset,
               at41 = find("t128-b500-w64", seed, 41, 128)->onset,
               at20 = find("t128-b500-w64", seed, 20, 128)->onset;
        ck_assert_msg(at20 > at81, "seed %d: %g, %g", seed, at81, at20);
        in_order += at81 < at41 && at41 < at20;
    }
    ck_assert_uint_eq(in_order, 2);
    test_says(guide,
              "Base 20 passes it later than base 81 in each model, base 41 between them in two of three");
}
END_TEST

/* ---- tuned on 4 T */

/* "576, 554 and 812" for the three seeds. */
static const char *onsets(const char *setup, double base, double tune_len) {
    static char words[64];
    double v[3];
    for (int seed = 1; seed <= 3; seed++) v[seed - 1] = find(setup, seed, base, tune_len)->onset;
    snprintf(words, sizeof words, "%.0f, %.0f and %.0f", v[0], v[1], v[2]);
    return words;
}

/* The cap: tuned on 4T the onset is never before tune_len. That it lies within 30 % of it below the critical base (the
   recipe) holds in a minority of the runs; held here so that the statement stays true. */
START_TEST(tuning_longer_caps_from_below_only) {
    size_t below = 0, within = 0;
    for (size_t r = 0; r < n_runs; r++) {
        const curve *c = &runs[r];
        if (c->tune_len == c->train_len) continue;
        ck_assert_msg(isnan(c->onset) || c->onset > c->tune_len, "%s: %g", c->name, c->onset);
        if (c->base > 0.9 * c->law.critical_base) continue;
        ck_assert(c->law.bound_tok == c->tune_len);
        below++, within += c->onset < 1.3 * c->tune_len;
    }
    printf("# below the critical base: %zu of %zu within 30 %% of tune_len\n", within, below);
    test_says(guide, "holds in %zu of %zu runs below the critical base", within, below);
    ck_assert(within < below / 2 && within > 0);
    test_says(guide, "t128-b500 breaks at %s", onsets("t128-b500-w64", 500, 512));
    test_says(guide, "with base 4000 at %s", onsets("t128-b500-w64", 4000, 512));
    test_says(guide, "t64-b10000 tuned on 256: %s", onsets("t64-b10000-w64", 10000, 256));
    test_says(guide, "passes 0.2 nat at %s tokens", onsets("t64-b50-w64", 50, 256));
    ck_assert(isnan(find("t64-b50-w64", 1, 50, 256)->coverage)); /* no pair is left to break */
    test_says(guide, "seed 3 is %.0f %% late", 100 * (find("t128-b500-w64", 3, 500, 512)->onset / 512 - 1));
    test_says(readme, "the cap at the tuned length within 30 %% (%zu of %zu runs; never before it)", within,
              below);
}
END_TEST

/* The critical base as the place of the switch: at it the onset is beyond tune_len by more than half in every model, so the
   switch lies below it; the onset grows with the base on both sides. */
START_TEST(the_switch_lies_below_the_critical_base) {
    static const double bases[] = {500, 4000, 8716, 20000};
    for (int seed = 1; seed <= 3; seed++) {
        const curve *at[4];
        for (size_t i = 0; i < 4; i++) {
            at[i] = find("t128-b500-w64", seed, bases[i], 512);
            if (i) ck_assert(at[i]->onset > at[i - 1]->onset);
        }
        test_assert_rel(at[2]->base, at[2]->law.critical_base, 1e-4);
        ck_assert_msg(at[2]->onset > 1.5 * 512, "%s: %g", at[2]->name, at[2]->onset);
        const curve *other = find("t64-b50-w64", seed, 517, 256);
        test_assert_rel(other->base, other->law.critical_base, 1e-3);
        ck_assert_msg(other->onset > 1.5 * 256, "%s: %g", other->name, other->onset);
    }
    test_says(guide, "at it (8716) t128-b500 tuned on 512 already reaches %s",
              onsets("t128-b500-w64", 8716, 512));
    test_says(readme,
              "the critical base as the place of the switch (it lies below); flat curves for small bases");
    test_says(guide, "at 20000 %s", onsets("t128-b500-w64", 20000, 512));
    test_says(guide, "at its critical base (517) t64-b50 tuned on 256 reaches %s",
              onsets("t64-b50-w64", 517, 256));
}
END_TEST

int main(void) {
    Suite *s = suite_create("curves_edges");
    const TTest *const tests[] = {small_bases_bend_and_do_not_break, smaller_bases_rise_later,
                                  tuning_longer_caps_from_below_only, the_switch_lies_below_the_critical_base,
                                  NULL};
    test_add_after(s, "curves_edges", tests, load_curves);
    return test_run(s);
}
