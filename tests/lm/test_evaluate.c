/* Tests: evaluate.c onset.c */
#include "test.h"
#include "core/core.h"
#include "lm/model.h"
#include <ropelaw/lm.h>
#include <ropelaw/random.h>
#include <string.h>

enum { N_BYTES = 2 * ROPELAW_LM_DOC_BYTES };
static char text[N_BYTES];

static ropelaw_lm *make(void) {
    const ropelaw_lm_config tiny = {
        .n_layers = 1, .width = 8, .head_dim = 4, .vocab = 128, .train_len = 16, .base = 100, .seed = 5};
    ropelaw_lm *m = NULL;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_lm_create(&tiny, &m, &error), error);
    test_assert_ok(ropelaw_lm_text(42, 0, 2, text, &error), error);
    for (size_t i = 0; i < m->n_params; i++) m->params[i] *= 2; /* make attention matter */
    return m;
}

static ropelaw_lm_eval_options options(size_t context) {
    ropelaw_lm_eval_options o = ropelaw_lm_eval_options_default;
    o.n_windows = 3, o.window_tok = 150, o.context_tok = context;
    return o;
}

/* The truncated loss by its definition, one token at a time: position p of a window is scored in the piece of
   `context` tokens, starting at a multiple of half of it or moved back to the window's end, in whose second
   half it lies. Window w starts at w * floor(spare / 2). */
static double truncated(const ropelaw_lm *m, const char *window, size_t n, size_t context, size_t p) {
    size_t half = context / 2, start = p < context ? 0 : (p - (context - half)) / half * half;
    if (p >= context) { /* the first piece start whose end lies beyond p */
        start = 0;
        while (start + context <= p) start += half;
    }
    if (start + context > n) start = n - context;
    double *loss = calloc(p - start + 1, sizeof *loss);
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_lm_loss(m, window + start, p - start + 1, loss, &error), error);
    double last = loss[p - start];
    free(loss);
    return last;
}

START_TEST(excess_is_the_paired_difference) {
    const size_t contexts[] = {16, 20, 21, 149};
    for (size_t k = 0; k < 4; k++) {
        ropelaw_lm *m = make();
        ropelaw_error error = {0};
        ropelaw_lm_eval_options o = options(contexts[k]);
        ropelaw_lm_curve c;
        test_assert_ok(ropelaw_lm_evaluate(m, text, N_BYTES, &o, &c, &error), error);
        size_t stride = (N_BYTES - 151) / 2, first = contexts[k] / 2, n_seen = 0;
        double sum = 0, total = 0, reference = 0;
        for (size_t i = 0; i < c.n_bins; i++) {
            sum += c.bins[i].excess_nats * c.bins[i].n_tokens;
            n_seen += (size_t)c.bins[i].n_tokens;
        }
        ck_assert_uint_eq(n_seen, 3 * (150 - first));
        for (size_t w = 0; w < 3; w++) {
            double loss[150];
            test_assert_ok(ropelaw_lm_loss(m, text + w * stride, 150, loss, &error), error);
            for (size_t p = 0; p < 150; p++) {
                double short_loss = truncated(m, text + w * stride, 150, contexts[k], p);
                reference += short_loss / 450;
                if (p >= first) total += loss[p] - short_loss;
            }
        }
        /* float passes over different lengths: rounding of about 1e-6 nat per token */
        test_assert_abs(sum / (double)n_seen, total / (double)n_seen, 2e-6);
        test_assert_abs(c.reference_nats, reference, 2e-6);
        ropelaw_lm_curve_clear(&c);
        ropelaw_lm_destroy(&m);
    }
}
END_TEST

START_TEST(cumulative_perplexity_is_that_of_papers) {
    ropelaw_lm *m = make();
    ropelaw_error error = {0};
    ropelaw_lm_eval_options o = options(16);
    ropelaw_lm_curve c;
    test_assert_ok(ropelaw_lm_evaluate(m, text, N_BYTES, &o, &c, &error), error);
    double loss[150], sum = 0;
    for (size_t w = 0; w < 3; w++) {
        test_assert_ok(ropelaw_lm_loss(m, text + w * ((N_BYTES - 151) / 2), 150, loss, &error), error);
        for (size_t p = 0; p < 150; p++) sum += loss[p];
    }
    test_assert_rel(c.bins[c.n_bins - 1].cumulative_ppl, exp(sum / 450), 1e-12);
    ropelaw_lm_curve_clear(&c);
    ropelaw_lm_destroy(&m);
}
END_TEST

START_TEST(threads_do_not_change_a_byte) {
    ropelaw_lm *m = make();
    ropelaw_lm_curve c[3];
    for (size_t i = 0; i < 3; i++) {
        ropelaw_error error = {0};
        ropelaw_lm_eval_options o = options(32);
        o.n_threads = 1 + 2 * i;
        test_assert_ok(ropelaw_lm_evaluate(m, text, N_BYTES, &o, &c[i], &error), error);
        ck_assert_uint_eq(c[i].n_bins, c[0].n_bins);
        ck_assert(!memcmp(c[i].bins, c[0].bins, c[0].n_bins * sizeof *c[0].bins));
    }
    for (size_t i = 0; i < 3; i++) ropelaw_lm_curve_clear(&c[i]);
    ropelaw_lm_destroy(&m);
}
END_TEST

/* Within the truncated context both passes see the same: no excess and no error, exactly; bins are 8 % wide.
 */
START_TEST(short_lengths_have_no_excess) {
    ropelaw_lm *m = make();
    ropelaw_error error = {0};
    ropelaw_lm_eval_options o = options(64);
    ropelaw_lm_curve c;
    test_assert_ok(ropelaw_lm_evaluate(m, text, N_BYTES, &o, &c, &error), error);
    size_t n_short = 0;
    for (size_t i = 0; i < c.n_bins; i++) {
        if (i) ck_assert(c.bins[i].length_tok > c.bins[i - 1].length_tok);
        if (c.bins[i].length_tok > 64) {
            ck_assert(c.bins[i].excess_nats != 0 && c.bins[i].excess_se > 0);
            continue;
        }
        ck_assert(fabs(c.bins[i].excess_nats) < 1e-5);
        n_short++;
    }
    ck_assert_uint_eq(n_short, 10); /* ceil(ln 2 / ln 1.08) bins up to the context */
    ropelaw_lm_curve_clear(&c);
    ropelaw_lm_destroy(&m);
}
END_TEST

START_TEST(bad_input_is_named) {
    ropelaw_lm *m = make();
    ropelaw_error error = {0};
    ropelaw_lm_curve c;
    ropelaw_lm_eval_options o = options(16);
    test_assert_fails(ropelaw_lm_evaluate(m, text, 150, &o, &c, &error), ROPELAW_SHAPE, error, "text");
    o.context_tok = 150;
    test_assert_fails(ropelaw_lm_evaluate(m, text, N_BYTES, &o, &c, &error), ROPELAW_DOMAIN, error,
                      "context_tok");
    o = options(16), o.bin_ratio = 1;
    test_assert_fails(ropelaw_lm_evaluate(m, text, N_BYTES, &o, &c, &error), ROPELAW_DOMAIN, error,
                      "bin_ratio");
    o = options(16), o.n_windows = 0;
    test_assert_fails(ropelaw_lm_evaluate(m, text, N_BYTES, &o, &c, &error), ROPELAW_DOMAIN, error,
                      "n_windows");
    double loss[4];
    test_assert_fails(ropelaw_lm_loss(m, "ab\xff", 2, loss, &error), ROPELAW_DOMAIN, error, "text");
    ropelaw_lm_destroy(&m);
}
END_TEST

/* Curves made by hand: n_windows copies of one shape plus an offset per window. */
enum { BINS = 12, WINDOWS = 16 };
typedef struct {
    ropelaw_lm_bin bins[BINS];
    double window_excess[WINDOWS * BINS];
} shape;

static ropelaw_lm_curve hand_made(shape *s, const double *excess, double noise) {
    ropelaw_random r;
    ropelaw_random_init(&r, 8, 0);
    memset(s, 0, sizeof *s);
    for (size_t w = 0; w < WINDOWS; w++)
        for (size_t i = 0; i < BINS; i++) {
            double x = excess[i] + noise * ropelaw_random_normal(&r);
            s->window_excess[w * BINS + i] = x;
            s->bins[i].excess_nats += x / WINDOWS;
            s->bins[i].length_tok = 100 * pow(1.1, (double)i);
        }
    return (ropelaw_lm_curve){BINS, WINDOWS, s->bins, s->window_excess, 1};
}

START_TEST(onset_needs_two_bins_and_interpolates) {
    static shape s;
    const double spike[BINS] = {0, 0, 0.5, 0, 0, 0.1, 0.3, 0.6, 1, 1, 1, 1};
    ropelaw_lm_curve c = hand_made(&s, spike, 0);
    ropelaw_lm_onset_result o;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_lm_onset(&c, 0.2, 0, 1, &o, &error), error);
    ck_assert(!o.censored);
    test_assert_rel(o.onset_tok, 100 * pow(1.1, 5.5), 1e-12); /* halfway from 0.1 to 0.3 */
    ck_assert(isnan(o.lo_tok) && isnan(o.hi_tok));
    const double flat[BINS] = {0, 0, 0.1, 0, 0, 0, 0, 0, 0, 0, 0, 0.9};
    c = hand_made(&s, flat, 0);
    test_assert_ok(ropelaw_lm_onset(&c, 0.2, 0, 1, &o, &error), error);
    ck_assert(o.censored);
    test_assert_rel(o.onset_tok, 100 * pow(1.1, 11), 1e-12);
    const double early[BINS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    c = hand_made(&s, early, 0);
    test_assert_ok(ropelaw_lm_onset(&c, 0.2, 0, 1, &o, &error), error);
    test_assert_rel(o.onset_tok, 100, 1e-12);
    test_assert_fails(ropelaw_lm_onset(&c, 0, 0, 1, &o, &error), ROPELAW_DOMAIN, error, "threshold_nats");
}
END_TEST

/* Excess rises 0.1 a bin; a mean over 16 windows with sd 0.2 has standard error 0.05, which is half a bin:
   the interval holds the estimate, is about +- one bin wide, and repeats from its seed. */
START_TEST(bootstrap_interval) {
    static shape s;
    double ramp[BINS];
    for (size_t i = 0; i < BINS; i++) ramp[i] = 0.1 * ((double)i - 3);
    ropelaw_lm_curve c = hand_made(&s, ramp, 0.2);
    ropelaw_lm_onset_result o, again;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_lm_onset(&c, 0.2, 999, 7, &o, &error), error);
    ck_assert(o.lo_tok <= o.onset_tok && o.onset_tok <= o.hi_tok);
    double width = log(o.hi_tok / o.lo_tok) / log(1.1);
    ck_assert_msg(width > 0.7 && width < 5, "%g bins", width);
    test_assert_ok(ropelaw_lm_onset(&c, 0.2, 999, 7, &again, &error), error);
    ck_assert(o.lo_tok == again.lo_tok && o.hi_tok == again.hi_tok);
}
END_TEST

int main(void) {
    setenv("CK_DEFAULT_TIMEOUT", "60", 0); /* training takes time on a busy machine */
    Suite *s = suite_create("evaluate");
    const TTest *const tests[] = {excess_is_the_paired_difference,
                                  cumulative_perplexity_is_that_of_papers,
                                  threads_do_not_change_a_byte,
                                  short_lengths_have_no_excess,
                                  bad_input_is_named,
                                  onset_needs_two_bins_and_interpolates,
                                  bootstrap_interval,
                                  NULL};
    test_add(s, "evaluate", tests);
    return test_run(s);
}
