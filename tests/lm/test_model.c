/* Tests: model.c checkpoint.c */
#include "test.h"
#include "core/core.h"
#include "lm/model.h"
#include <ropelaw/lm.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const ropelaw_lm_config tiny = {
    .n_layers = 2, .width = 16, .head_dim = 8, .vocab = 128, .train_len = 16, .base = 100, .seed = 3};

static ropelaw_lm *make(void) {
    ropelaw_lm *m = NULL;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_lm_create(&tiny, &m, &error), error);
    return m;
}

static int same(const ropelaw_lm *a, const ropelaw_lm *b) {
    return a->n_params == b->n_params && a->factor == b->factor && a->step == b->step &&
           a->config.seed == b->config.seed &&
           !memcmp(a->params, b->params, 3 * a->n_params * sizeof(float)) &&
           !memcmp(a->inv_freq, b->inv_freq, a->shape.head_dim / 2 * sizeof(double));
}

/* Standard deviations of the initial weights: sd / sqrt(2 n) is the error of a sample one; bounds at 5. */
START_TEST(initial_weights) {
    ropelaw_lm *m = make();
    for (size_t i = 0; i < lm_n_tensors(&m->shape); i++) {
        lm_tensor t = lm_tensor_at(&m->shape, i);
        double sum = 0, n = (double)(t.rows * t.cols);
        for (size_t j = 0; j < t.rows * t.cols; j++) sum += pow((double)m->params[t.offset + j], 2) / n;
        double want = t.init == 0 ? 1 : t.init;
        test_assert_rel(sqrt(sum), want, t.init == 0 ? 0 : 5 / sqrt(2 * n));
    }
    double down = lm_tensor_at(&m->shape, 6).init;
    test_assert_rel(down, 1 / sqrt(64. * 4), 1e-15); /* fan-in 64, two layers */
    ropelaw_lm_destroy(&m);
    ck_assert(!m);
}
END_TEST

START_TEST(seeds_differ_and_repeat) {
    ropelaw_lm *a = make(), *b = make(), *c = NULL;
    ropelaw_lm_config other = tiny;
    other.seed = 4;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_lm_create(&other, &c, &error), error);
    ck_assert(same(a, b));
    ck_assert(memcmp(a->params, c->params, a->n_params * sizeof(float)));
    ropelaw_lm_destroy(&a), ropelaw_lm_destroy(&b), ropelaw_lm_destroy(&c);
}
END_TEST

START_TEST(impossible_models_are_refused) {
    const struct {
        ropelaw_lm_config c;
        ropelaw_status status;
        const char *name;
    } cases[] = {
        {{0, 16, 8, 128, 16, 100, 1},      ROPELAW_DOMAIN, "n_layers" },
        {{2, 16, 7, 128, 16, 100, 1},      ROPELAW_DOMAIN, "head_dim" },
        {{2, 16, 0, 128, 16, 100, 1},      ROPELAW_DOMAIN, "head_dim" },
        {{2, 20, 8, 128, 16, 100, 1},      ROPELAW_SHAPE,  "head_dim" },
        {{2, 16, 8, 100, 16, 100, 1},      ROPELAW_DOMAIN, "vocab"    },
        {{2, 16, 8, 128, 1, 100, 1},       ROPELAW_DOMAIN, "train_len"},
        {{2, 16, 8, 128, 16, 1, 1},        ROPELAW_DOMAIN, "base"     },
        {{2, 16, 8, 128, 16, NAN, 1},      ROPELAW_DOMAIN, "base"     },
        {{2, 1 << 20, 8, 128, 16, 100, 1}, ROPELAW_DOMAIN, "width"    },
    };
    for (size_t i = 0; i < CORE_COUNT(cases); i++) {
        ropelaw_lm *m = NULL;
        ropelaw_error error = {0};
        test_assert_fails(ropelaw_lm_create(&cases[i].c, &m, &error), cases[i].status, error, cases[i].name);
        ck_assert(!m);
    }
}
END_TEST

START_TEST(frequencies_of_a_base) {
    ropelaw_lm *m = make();
    ropelaw_error error = {0};
    for (int n = 0; n < 4; n++) test_assert_rel(m->inv_freq[n], pow(100, -n / 4.0), 1e-15);
    test_assert_ok(ropelaw_lm_set_base(m, 1e4, &error), error);
    for (int n = 0; n < 4; n++) test_assert_rel(ropelaw_lm_inv_freq(m)[n], pow(1e4, -n / 4.0), 1e-15);
    test_assert_fails(ropelaw_lm_set_base(m, 0.5, &error), ROPELAW_DOMAIN, error, "base");
    const double bad[] = {1, 0.5, -0.1, 0};
    test_assert_fails(ropelaw_lm_set_inv_freq(m, bad, 1, &error), ROPELAW_DOMAIN, error, "inv_freq");
    test_assert_rel(m->inv_freq[2], 0.01, 1e-15);
    ropelaw_lm_destroy(&m);
}
END_TEST

static char path[64];
static void new_path(void) {
    strcpy(path, "/tmp/ropelaw_model_XXXXXX");
    close(mkstemp(path));
}

START_TEST(checkpoint_round_trip) {
    new_path();
    ropelaw_lm *m = make(), *back = NULL;
    ropelaw_error error = {0};
    for (size_t i = 0; i < 3 * m->n_params; i++) m->params[i] += (float)i;
    m->step = 17;
    const double frequencies[] = {1, 0.3, 0.1, 0};
    test_assert_ok(ropelaw_lm_set_inv_freq(m, frequencies, 1.25, &error), error);
    test_assert_ok(ropelaw_lm_save(m, path, &error), error);
    test_assert_ok(ropelaw_lm_load(path, &back, &error), error);
    ck_assert(same(m, back));
    ck_assert_uint_eq(back->config.train_len, 16);
    ck_assert(back->config.base == 100);
    ropelaw_lm *copy = NULL;
    test_assert_ok(ropelaw_lm_copy(back, &copy, &error), error);
    ck_assert(same(copy, m));
    ropelaw_lm_destroy(&m), ropelaw_lm_destroy(&back), ropelaw_lm_destroy(&copy);
    unlink(path);
}
END_TEST

static size_t slurp(char *bytes, size_t room) {
    FILE *f = fopen(path, "rb");
    size_t n = fread(bytes, 1, room, f);
    fclose(f);
    return n;
}

static void spill(const char *bytes, size_t n) {
    FILE *f = fopen(path, "wb");
    ck_assert(fwrite(bytes, 1, n, f) == n && !fclose(f));
}

/* Every kind of damage is noticed: any flipped byte (a sample of places), any cut, another version, other
 * files. */
START_TEST(damaged_checkpoints_are_refused) {
    new_path();
    static char bytes[1 << 17];
    ropelaw_lm *m = make(), *back = NULL;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_lm_save(m, path, &error), error);
    size_t n = slurp(bytes, sizeof bytes);
    ck_assert_uint_lt(n, sizeof bytes);
    for (size_t at = 0; at < n; at += at < 120 ? 1 : 997) {
        bytes[at] ^= 4;
        spill(bytes, n);
        ropelaw_status want = at >= 8 && at < 12 ? ROPELAW_UNSUPPORTED : ROPELAW_PARSE;
        test_assert_fails(ropelaw_lm_load(path, &back, &error), want, error, "checkpoint");
        ck_assert_str_eq(error.file, path);
        bytes[at] ^= 4;
    }
    for (size_t length = 0; length < n; length += length < 120 ? 1 : 1009) {
        spill(bytes, length);
        test_assert_fails(ropelaw_lm_load(path, &back, &error), ROPELAW_PARSE, error, "checkpoint");
    }
    ck_assert(!back);
    unlink(path);
    test_assert_fails(ropelaw_lm_load(path, &back, &error), ROPELAW_IO, error, "checkpoint");
    test_assert_fails(ropelaw_lm_load("/tmp", &back, &error), ROPELAW_IO, error, "checkpoint");
    ropelaw_lm_destroy(&m);
}
END_TEST

static int exists(const char *name) {
    return !access(name, F_OK);
}

/* A disk that takes no more (here: a limit on the size of files) leaves the old checkpoint and nothing beside
 * it. */
START_TEST(full_disk_keeps_the_old_checkpoint) {
    new_path();
    char beside[80];
    snprintf(beside, sizeof beside, "%s.part", path);
    ropelaw_lm *m = make(), *back = NULL;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_lm_save(m, path, &error), error);
    m->step = 5;
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = old, small.rlim_cur = 4096;
    setrlimit(RLIMIT_FSIZE, &small);
    ropelaw_status status = ropelaw_lm_save(m, path, &error);
    setrlimit(RLIMIT_FSIZE, &old);
    ck_assert_int_eq(status, ROPELAW_IO);
    ck_assert_str_eq(error.file, path);
    ck_assert(!exists(beside));
    test_assert_ok(ropelaw_lm_load(path, &back, &error), error);
    ck_assert_uint_eq(back->step, 0);
    test_assert_fails(ropelaw_lm_save(m, "/no/such/folder/x", &error), ROPELAW_IO, error, "checkpoint");
    ropelaw_lm_destroy(&m), ropelaw_lm_destroy(&back);
    unlink(path);
}
END_TEST

/* A process that saves over and over is killed at some moment: what it leaves is a whole checkpoint. */
START_TEST(kill_leaves_a_whole_checkpoint) {
    new_path();
    ropelaw_lm *m = make();
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_lm_save(m, path, &error), error);
    for (int round = 0; round < 12; round++) {
        pid_t child = fork();
        if (!child)
            for (m->step = 1;; m->step++)
                if (ropelaw_lm_save(m, path, NULL)) _exit(1);
        usleep(3000 + 1711 * (unsigned)round);
        kill(child, SIGKILL);
        int state;
        waitpid(child, &state, 0);
        ck_assert(WIFSIGNALED(state));
        ropelaw_lm *back = NULL;
        test_assert_ok(ropelaw_lm_load(path, &back, &error), error);
        back->step = m->step;
        ck_assert(same(back, m));
        ropelaw_lm_destroy(&back);
    }
    char beside[80];
    snprintf(beside, sizeof beside, "%s.part", path);
    unlink(beside), unlink(path);
    ropelaw_lm_destroy(&m);
}
END_TEST

START_TEST(memory_may_run_out) {
    for (long n = 1; n <= 3; n++) {
        ropelaw_lm *m = NULL;
        ropelaw_error error = {0};
        core_fail_allocations_from(n);
        ropelaw_status status = ropelaw_lm_create(&tiny, &m, &error);
        core_fail_allocations_from(0);
        ck_assert_int_eq(status, ROPELAW_NOMEM);
        ck_assert(!m);
    }
}
END_TEST

int main(void) {
    setenv("CK_DEFAULT_TIMEOUT", "60", 0); /* training takes time on a busy machine */
    Suite *s = suite_create("model");
    const TTest *const tests[] = {initial_weights,
                                  seeds_differ_and_repeat,
                                  impossible_models_are_refused,
                                  frequencies_of_a_base,
                                  checkpoint_round_trip,
                                  damaged_checkpoints_are_refused,
                                  full_disk_keeps_the_old_checkpoint,
                                  kill_leaves_a_whole_checkpoint,
                                  memory_may_run_out,
                                  NULL};
    test_add(s, "model", tests);
    return test_run(s);
}
