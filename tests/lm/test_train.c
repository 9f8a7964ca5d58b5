/* Tests: train.c adam.c */
#include "test.h"
#include "core/core.h"
#include "lm/adam.h"
#include "lm/model.h"
#include <ropelaw/blas.h>
#include <ropelaw/lm.h>
#include <ropelaw/random.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { N_BYTES = 4 * ROPELAW_LM_DOC_BYTES };
static char text[N_BYTES];
static const ropelaw_lm_config tiny = {
    .n_layers = 2, .width = 16, .head_dim = 8, .vocab = 128, .train_len = 16, .base = 100, .seed = 3};

static ropelaw_lm *make(void) {
    ropelaw_lm *m = NULL;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_lm_create(&tiny, &m, &error), error);
    test_assert_ok(ropelaw_lm_text(42, 0, N_BYTES / ROPELAW_LM_DOC_BYTES, text, &error), error);
    return m;
}

static ropelaw_lm_train_options options(size_t n_steps) {
    ropelaw_lm_train_options o = ropelaw_lm_pretrain_options;
    o.n_steps = n_steps, o.window_tok = 16, o.batch_tok = 1024, o.n_warmup = 5, o.lr = 1e-2;
    return o;
}

static int same(const ropelaw_lm *a, const ropelaw_lm *b) {
    return a->step == b->step && !memcmp(a->params, b->params, 3 * a->n_params * sizeof(float));
}

START_TEST(learning_rate_schedule) {
    ropelaw_lm_train_options o = options(105);
    test_assert_rel(lm_learning_rate(&o, 1), 0.002, 1e-12);
    test_assert_rel(lm_learning_rate(&o, 5), 0.01, 1e-12);
    test_assert_rel(lm_learning_rate(&o, 55), 0.01 * 0.55, 1e-12);
    test_assert_rel(lm_learning_rate(&o, 105), 0.001, 1e-12);
    o.lr_end = 1;
    test_assert_rel(lm_learning_rate(&o, 80), 0.01, 1e-12);
}
END_TEST

/* AdamW from its equations, in double; the step in float differs by a few roundings of each quantity. */
START_TEST(adam_follows_its_equations) {
    enum { N = 37, STEPS = 5 };
    float p[N], m[N] = {0}, v[N] = {0};
    double dp[N], dm[N] = {0}, dv[N] = {0};
    ropelaw_random r;
    ropelaw_random_init(&r, 9, 0);
    for (int i = 0; i < N; i++) dp[i] = (double)(p[i] = (float)ropelaw_random_normal(&r));
    for (size_t step = 1; step <= STEPS; step++) {
        float g[N];
        for (int i = 0; i < N; i++) g[i] = (float)ropelaw_random_normal(&r);
        lm_adam(&(lm_adam_step){.lr = 0.01,
                                .decay = 0.1,
                                .beta1 = 0.9,
                                .beta2 = 0.98,
                                .eps = 1e-8,
                                .step = step,
                                .gradient_scale = 0.5f},
                N, g, p, m, v);
        for (int i = 0; i < N; i++) {
            double x = 0.5 * (double)g[i], s = (double)step;
            dm[i] = 0.9 * dm[i] + 0.1 * x, dv[i] = 0.98 * dv[i] + 0.02 * x * x;
            double mean = dm[i] / (1 - pow(0.9, s)), square = dv[i] / (1 - pow(0.98, s));
            dp[i] -= 0.01 * (mean / (sqrt(square) + 1e-8) + 0.1 * dp[i]);
        }
    }
    for (int i = 0; i < N; i++) test_assert_abs((double)p[i], dp[i], 40 * 0x1p-24 * fmax(1, fabs(dp[i])));
    const float x[] = {3, 4, 0, 0, 0, 0, 0, 0, 12};
    test_assert_rel(lm_sum_of_squares(9, x), 169, 0);
}
END_TEST

/* 60 steps take the loss from ln 128 = 4.85 down to below the entropy of single letters (about 2.8 nat here).
 */
START_TEST(loss_falls) {
    ropelaw_lm *m = make();
    ropelaw_error error = {0};
    ropelaw_lm_train_options o = options(60);
    ropelaw_lm_train_report report;
    test_assert_ok(ropelaw_lm_train(m, text, N_BYTES, &o, &report, &error), error);
    ck_assert_uint_eq(report.n_steps, 60);
    ck_assert(report.n_tokens == 60 * 1024);
    ck_assert_msg(report.loss_nats < 2.8, "%g", report.loss_nats);
    ropelaw_lm_destroy(&m);
}
END_TEST

START_TEST(threads_do_not_change_a_byte) {
    ropelaw_lm *m[4];
    const size_t threads[] = {1, 2, 3, 64};
    for (int i = 0; i < 4; i++) {
        m[i] = make();
        ropelaw_error error = {0};
        ropelaw_lm_train_options o = options(6);
        o.n_threads = threads[i];
        test_assert_ok(ropelaw_lm_train(m[i], text, N_BYTES, &o, NULL, &error), error);
        ck_assert(same(m[0], m[i]));
    }
    for (int i = 0; i < 4; i++) ropelaw_lm_destroy(&m[i]);
}
END_TEST

static int stop_after(void *context, double fraction) {
    (void)fraction;
    return --*(int *)context > 0;
}

/* Stopped at step 7 of 12 (checkpoint written), loaded, finished: the bytes of a run that was left alone. */
START_TEST(resumed_equals_uninterrupted) {
    char path[] = "/tmp/ropelaw_resume_XXXXXX";
    close(mkstemp(path));
    ropelaw_lm *whole = make(), *stopped = make(), *resumed = NULL;
    ropelaw_error error = {0};
    ropelaw_lm_train_options o = options(12);
    test_assert_ok(ropelaw_lm_train(whole, text, N_BYTES, &o, NULL, &error), error);
    int left = 7;
    o.progress = (ropelaw_progress){stop_after, &left}, o.checkpoint_path = path;
    ck_assert_int_eq(ropelaw_lm_train(stopped, text, N_BYTES, &o, NULL, &error), ROPELAW_CANCELLED);
    test_assert_ok(ropelaw_lm_load(path, &resumed, &error), error);
    ck_assert_uint_eq(ropelaw_lm_step(resumed), 7);
    o.progress = (ropelaw_progress){0};
    ropelaw_lm_train_report report;
    test_assert_ok(ropelaw_lm_train(resumed, text, N_BYTES, &o, &report, &error), error);
    ck_assert(report.n_tokens == 5 * 1024);
    ck_assert(same(whole, resumed));
    ropelaw_lm *last = NULL;
    test_assert_ok(ropelaw_lm_load(path, &last, &error), error); /* the end writes one too */
    ck_assert(same(whole, last));
    ropelaw_lm_destroy(&whole), ropelaw_lm_destroy(&stopped), ropelaw_lm_destroy(&resumed),
        ropelaw_lm_destroy(&last);
    unlink(path);
}
END_TEST

/* Weights that overflow: the step is named, nothing of it is applied, the last checkpoint stays. */
START_TEST(nan_loss_stops_and_names_the_step) {
    char path[] = "/tmp/ropelaw_nan_XXXXXX";
    close(mkstemp(path));
    ropelaw_lm *m = make(), *before = NULL, *kept = NULL;
    ropelaw_error error = {0};
    ropelaw_lm_train_options o = options(3);
    o.n_warmup = 2;
    o.checkpoint_path = path;
    test_assert_ok(ropelaw_lm_train(m, text, N_BYTES, &o, NULL, &error), error);
    m->params[lm_tensor_at(&m->shape, 2).offset] = NAN;
    test_assert_ok(ropelaw_lm_copy(m, &before, &error), error);
    o.n_steps = 9;
    test_assert_fails(ropelaw_lm_train(m, text, N_BYTES, &o, NULL, &error), ROPELAW_NOCONV, error, "loss");
    ck_assert_msg(strstr(error.message, "step 4 of 9"), "%s", error.message);
    ck_assert(same(m, before));
    test_assert_ok(ropelaw_lm_load(path, &kept, &error), error);
    ck_assert_uint_eq(ropelaw_lm_step(kept), 3);
    ck_assert(isfinite(kept->params[lm_tensor_at(&kept->shape, 2).offset]));
    ropelaw_lm_destroy(&m), ropelaw_lm_destroy(&before), ropelaw_lm_destroy(&kept);
    unlink(path);
}
END_TEST

START_TEST(phases_start_afresh) {
    ropelaw_lm *a = make(), *b = NULL;
    ropelaw_error error = {0};
    ropelaw_lm_train_options o = options(5);
    test_assert_ok(ropelaw_lm_train(a, text, N_BYTES, &o, NULL, &error), error);
    ropelaw_lm_new_phase(a);
    ck_assert_uint_eq(ropelaw_lm_step(a), 0);
    for (size_t i = 0; i < 2 * a->n_params; i++) ck_assert(a->mean[i] == 0);
    test_assert_ok(ropelaw_lm_copy(a, &b, &error), error);
    o.order = 1;
    test_assert_ok(ropelaw_lm_train(a, text, N_BYTES, &o, NULL, &error), error);
    o.order = 2;
    test_assert_ok(ropelaw_lm_train(b, text, N_BYTES, &o, NULL, &error), error);
    ck_assert(!same(a, b)); /* another order, other windows */
    ropelaw_lm_destroy(&a), ropelaw_lm_destroy(&b);
}
END_TEST

START_TEST(bad_input_is_named) {
    ropelaw_lm *m = make();
    ropelaw_error error = {0};
    ropelaw_lm_train_options o = options(5);
    test_assert_fails(ropelaw_lm_train(m, text, 16, &o, NULL, &error), ROPELAW_SHAPE, error, "text");
    test_assert_fails(ropelaw_lm_train(m, "0123456789abcde\xc3xyz", 19, &o, NULL, &error), ROPELAW_DOMAIN,
                      error, "text");
    o.window_tok = 1;
    test_assert_fails(ropelaw_lm_train(m, text, N_BYTES, &o, NULL, &error), ROPELAW_DOMAIN, error,
                      "window_tok");
    o = options(0);
    test_assert_fails(ropelaw_lm_train(m, text, N_BYTES, &o, NULL, &error), ROPELAW_DOMAIN, error, "n_steps");
    o = options(5), o.lr = NAN;
    test_assert_fails(ropelaw_lm_train(m, text, N_BYTES, &o, NULL, &error), ROPELAW_DOMAIN, error, "lr");
    o = options(5), o.n_warmup = 6;
    test_assert_fails(ropelaw_lm_train(m, text, N_BYTES, &o, NULL, &error), ROPELAW_DOMAIN, error,
                      "n_warmup");
    ck_assert_uint_eq(ropelaw_lm_step(m), 0);
    ropelaw_lm_destroy(&m);
}
END_TEST

START_TEST(memory_may_run_out) {
    ropelaw_lm *m = make();
    ropelaw_lm_train_options o = options(2);
    o.n_warmup = 1;
    o.n_threads = 2;
    int failures = 0;
    for (long n = 1; n < 60; n++) {
        ropelaw_lm *copy = NULL;
        ropelaw_error error = {0};
        test_assert_ok(ropelaw_lm_copy(m, &copy, &error), error);
        core_fail_allocations_from(n);
        ropelaw_status status = ropelaw_lm_train(copy, text, N_BYTES, &o, NULL, &error);
        core_fail_allocations_from(0);
        ck_assert(status == ROPELAW_OK || status == ROPELAW_NOMEM);
        failures += status == ROPELAW_NOMEM;
        ropelaw_lm_destroy(&copy);
    }
    ck_assert_int_ge(failures, 8);
    ropelaw_lm_destroy(&m);
}
END_TEST

int main(void) {
    setenv("CK_DEFAULT_TIMEOUT", "60", 0); /* training takes time on a busy machine */
    Suite *s = suite_create("train");
    const TTest *const tests[] = {learning_rate_schedule,
                                  adam_follows_its_equations,
                                  loss_falls,
                                  threads_do_not_change_a_byte,
                                  resumed_equals_uninterrupted,
                                  nan_loss_stops_and_names_the_step,
                                  phases_start_afresh,
                                  bad_input_is_named,
                                  memory_may_run_out,
                                  NULL};
    test_add(s, "train", tests);
    return test_run(s);
}
