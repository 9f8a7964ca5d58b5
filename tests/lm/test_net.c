/* Tests: net_f64.c net_f32.c attend.c tensor.c layers_f32.c layers_portable.c layers_avx2.c layers_avx512.c
   Gradients of every tensor against central differences in double; the float network against the double one.
 */
#include "test.h"
#include "lm/layers_f32.h"
#include "lm/net.h"
#include <ropelaw/cpu.h>
#include <ropelaw/random.h>
#include <string.h>

enum { N_WINDOWS = 2, N_TOK = 11 };
static const char text[] = "the quick brown fox jumps over the lazy dog";

typedef struct {
    lm_shape shape;
    size_t n_params;
    double *params, *gradient, inv_freq[8];
    lm_rotary rotary;
    lm_batch batch;
    const char *windows[N_WINDOWS];
} fixture;

/* Weights that put every part to work: gains away from 1, biased up, larger output. */
static void fixture_init(fixture *f, size_t n_layers) {
    f->shape = (lm_shape){n_layers, 12, 6, 128};
    f->n_params = lm_n_params(&f->shape);
    f->params = calloc(f->n_params, sizeof(double));
    f->gradient = calloc(f->n_params, sizeof(double));
    ropelaw_random r;
    ropelaw_random_init(&r, 3, 0);
    for (size_t i = 0; i < lm_n_tensors(&f->shape); i++) {
        lm_tensor t = lm_tensor_at(&f->shape, i);
        for (size_t j = 0; j < t.rows * t.cols; j++)
            f->params[t.offset + j] =
                t.init == 0 ? 1 + 0.3 * ropelaw_random_normal(&r) : 0.4 * ropelaw_random_normal(&r);
    }
    for (size_t n = 0; n < 3; n++) f->inv_freq[n] = pow(50, -(double)n / 3);
    f->rotary = (lm_rotary){f->inv_freq, 1.1};
    f->windows[0] = text, f->windows[1] = text + 17;
    f->batch = (lm_batch){N_WINDOWS, N_TOK, f->windows};
}

static void fixture_clear(fixture *f) {
    free(f->params);
    free(f->gradient);
}

static double total_loss(fixture *f, lm_work_f64 *work) {
    double loss[N_WINDOWS * N_TOK], sum = 0;
    ropelaw_error error = {0};
    test_assert_ok(lm_forward_f64(work, f->params, &f->rotary, &f->batch, loss, &error), error);
    for (size_t i = 0; i < N_WINDOWS * N_TOK; i++) sum += loss[i];
    return sum;
}

/* Central difference at step h: error h^2/6 |f'''| + u |f| / h. With h = 1e-5 and f ~ 150 the second part is
   2e-9 at most, the first, for third derivatives up to 1e3, is 2e-8: tolerance 1e-7 of the largest gradient
   of the tensor plus 1e-7. */
START_TEST(gradient_of_every_tensor) {
    for (size_t n_layers = 1; n_layers <= 3; n_layers++) {
        fixture f;
        fixture_init(&f, n_layers);
        ropelaw_error error = {0};
        lm_work_f64 *work = NULL;
        test_assert_ok(lm_work_create_f64(&f.shape, N_WINDOWS, N_TOK, true, &work, &error), error);
        total_loss(&f, work);
        test_assert_ok(lm_backward_f64(work, f.params, &f.rotary, &f.batch, 1, f.gradient, &error), error);
        ropelaw_random r;
        ropelaw_random_init(&r, 4, n_layers);
        for (size_t i = 0; i < lm_n_tensors(&f.shape); i++) {
            lm_tensor t = lm_tensor_at(&f.shape, i);
            double largest = 0;
            for (size_t j = 0; j < t.rows * t.cols; j++)
                largest = fmax(largest, fabs(f.gradient[t.offset + j]));
            ck_assert_msg(largest > 1e-6, "tensor %s of layer %zu gets no gradient", t.name, t.layer);
            for (size_t k = 0; k < 12; k++) {
                size_t at =
                    t.offset + (k < t.cols && t.rows == 1 ? k : ropelaw_random_below(&r, t.rows * t.cols));
                double keep = f.params[at], h = 1e-5;
                f.params[at] = keep + h;
                double up = total_loss(&f, work);
                f.params[at] = keep - h;
                double down = total_loss(&f, work);
                f.params[at] = keep;
                double difference = (up - down) / (2 * h);
                ck_assert_msg(fabs(difference - f.gradient[at]) <= 1e-7 * (largest + 1),
                              "%s of layer %zu, element %zu: difference %.12g, gradient %.12g", t.name,
                              t.layer, at - t.offset, difference, f.gradient[at]);
            }
        }
        lm_work_destroy_f64(&work);
        fixture_clear(&f);
    }
}
END_TEST

/* The gradient against the direction: d/ds loss(params + s v) = gradient . v, all parameters at once. */
START_TEST(gradient_along_a_random_direction) {
    fixture f;
    fixture_init(&f, 2);
    ropelaw_error error = {0};
    lm_work_f64 *work = NULL;
    test_assert_ok(lm_work_create_f64(&f.shape, N_WINDOWS, N_TOK, true, &work, &error), error);
    total_loss(&f, work);
    test_assert_ok(lm_backward_f64(work, f.params, &f.rotary, &f.batch, 1, f.gradient, &error), error);
    double *v = calloc(f.n_params, sizeof *v), dot = 0, side[2];
    ropelaw_random r;
    ropelaw_random_init(&r, 6, 0);
    for (size_t i = 0; i < f.n_params; i++) v[i] = ropelaw_random_normal(&r), dot += v[i] * f.gradient[i];
    for (int s = 0; s < 2; s++) {
        for (size_t i = 0; i < f.n_params; i++) f.params[i] += (s ? -2e-6 : 1e-6) * v[i];
        side[s] = total_loss(&f, work);
    }
    double norm = 0;
    for (size_t i = 0; i < f.n_params; i++) norm += f.gradient[i] * f.gradient[i];
    /* the second-order part cancels; the third is h^2 |v|^3 times a curvature: scale by |gradient| |v| */
    test_assert_abs((side[0] - side[1]) / 2e-6, dot, 1e-6 * sqrt(norm) * sqrt((double)f.n_params));
    free(v);
    lm_work_destroy_f64(&work);
    fixture_clear(&f);
}
END_TEST

/* Float against double on equal weights: rounding 2^-24 through about a hundred operations in a row. */
START_TEST(float_follows_double) {
    fixture f;
    fixture_init(&f, 2);
    ropelaw_error error = {0};
    lm_work_f64 *work = NULL;
    lm_work_f32 *fast = NULL;
    float *params = calloc(f.n_params, sizeof *params), *gradient = calloc(f.n_params, sizeof *gradient);
    for (size_t i = 0; i < f.n_params; i++) f.params[i] = (double)(params[i] = (float)f.params[i]);
    double exact[N_WINDOWS * N_TOK], loss[N_WINDOWS * N_TOK];
    test_assert_ok(lm_work_create_f64(&f.shape, N_WINDOWS, N_TOK, true, &work, &error), error);
    test_assert_ok(lm_work_create_f32(&f.shape, N_WINDOWS, N_TOK, true, &fast, &error), error);
    test_assert_ok(lm_forward_f64(work, f.params, &f.rotary, &f.batch, exact, &error), error);
    test_assert_ok(lm_backward_f64(work, f.params, &f.rotary, &f.batch, 0.5, f.gradient, &error), error);
    test_assert_ok(lm_forward_f32(fast, params, &f.rotary, &f.batch, loss, &error), error);
    test_assert_ok(lm_backward_f32(fast, params, &f.rotary, &f.batch, 0.5, gradient, &error), error);
    for (size_t i = 0; i < N_WINDOWS * N_TOK; i++)
        test_assert_abs(loss[i], exact[i], 100 * 0x1p-24 * exact[i]);
    double norm = 0, off = 0;
    for (size_t i = 0; i < f.n_params; i++) {
        norm += f.gradient[i] * f.gradient[i];
        off += pow((double)gradient[i] - f.gradient[i], 2);
    }
    ck_assert_msg(sqrt(off / norm) <= 100 * 0x1p-24, "relative error %g", sqrt(off / norm));
    free(params), free(gradient);
    lm_work_destroy_f64(&work);
    lm_work_destroy_f32(&fast);
    fixture_clear(&f);
}
END_TEST

/* A pass without room for a gradient reuses one slot for all layers: same losses, to the bit. */
START_TEST(forward_only_gives_the_same_bytes) {
    fixture f;
    fixture_init(&f, 3);
    ropelaw_error error = {0};
    double a[N_WINDOWS * N_TOK], b[N_WINDOWS * N_TOK];
    for (int pass = 0; pass < 2; pass++) {
        lm_work_f64 *work = NULL;
        test_assert_ok(lm_work_create_f64(&f.shape, N_WINDOWS, N_TOK, pass, &work, &error), error);
        test_assert_ok(lm_forward_f64(work, f.params, &f.rotary, &f.batch, pass ? a : b, &error), error);
        lm_work_destroy_f64(&work);
    }
    ck_assert(!memcmp(a, b, sizeof a));
    fixture_clear(&f);
}
END_TEST

/* Every instruction set gives the bytes of portable C, tails included. */
START_TEST(layers_agree_to_the_bit) {
    enum { D = 37, ROWS = 22 };
    const lm_layers_f32 *const sets[] = {&lm_layers_f32_portable,
#ifdef ROPELAW_HAVE_X86
                                         &lm_layers_f32_avx2, &lm_layers_f32_avx512
#endif
    };
    size_t n_sets = (size_t)ropelaw_isa_best() + 1;
    const char *windows[] = {text, text + 17};
    lm_batch batch = {2, N_TOK, windows};
    static float out[3][8][ROWS * 128];
    for (size_t k = 0; k < n_sets; k++) {
        static float x[ROWS * 128], dy[ROWS * 128], gain[128], scratch[128];
        double loss[ROWS];
        ropelaw_random r;
        ropelaw_random_init(&r, 12, 0);
        for (size_t i = 0; i < ROWS * 128; i++)
            x[i] = (float)ropelaw_random_normal(&r), dy[i] = (float)ropelaw_random_normal(&r);
        for (size_t i = 0; i < 128; i++) gain[i] = (float)ropelaw_random_normal(&r);
        memset(out[k], 0, sizeof out[k]);
        float *inverse = out[k][1];
        sets[k]->norm_forward(ROWS, D, x, gain, inverse, out[k][0]);
        sets[k]->norm_backward(ROWS, D, x, gain, inverse, dy, out[k][2], out[k][3], scratch);
        sets[k]->relu2_forward(ROWS * D, x, out[k][4]);
        memcpy(out[k][5], dy, sizeof dy);
        sets[k]->relu2_backward(ROWS * D, x, out[k][5]);
        memcpy(out[k][6], x, sizeof x);
        sets[k]->loss_forward(128, &batch, out[k][6], loss);
        sets[k]->loss_backward(128, &batch, 0.3f, out[k][6]);
        for (size_t i = 0; i < ROWS; i++) out[k][7][i] = (float)loss[i];
        ck_assert(!memcmp(out[k], out[0], sizeof out[0]));
    }
}
END_TEST

/* Causality: changing a later byte changes no earlier loss. */
START_TEST(later_bytes_do_not_matter) {
    fixture f;
    fixture_init(&f, 2);
    ropelaw_error error = {0};
    lm_work_f64 *work = NULL;
    test_assert_ok(lm_work_create_f64(&f.shape, N_WINDOWS, N_TOK, false, &work, &error), error);
    double a[N_WINDOWS * N_TOK], b[N_WINDOWS * N_TOK];
    test_assert_ok(lm_forward_f64(work, f.params, &f.rotary, &f.batch, a, &error), error);
    char changed[sizeof text];
    memcpy(changed, text, sizeof text);
    changed[7] = 'X';
    f.windows[0] = changed;
    test_assert_ok(lm_forward_f64(work, f.params, &f.rotary, &f.batch, b, &error), error);
    for (size_t i = 0; i < 6; i++) ck_assert(a[i] == b[i]);
    for (size_t i = 6; i < N_TOK; i++) ck_assert(a[i] != b[i]);
    lm_work_destroy_f64(&work);
    fixture_clear(&f);
}
END_TEST

START_TEST(tensors_tile_the_weights) {
    const lm_shape shapes[] = {
        {1, 8,  2,  128},
        {3, 12, 6,  256},
        {2, 64, 32, 128}
    };
    for (size_t k = 0; k < 3; k++) {
        size_t next = 0;
        for (size_t i = 0; i < lm_n_tensors(&shapes[k]); i++) {
            lm_tensor t = lm_tensor_at(&shapes[k], i);
            ck_assert_uint_eq(t.offset, next);
            next += t.rows * t.cols;
        }
        ck_assert_uint_eq(next, lm_n_params(&shapes[k]));
    }
    ck_assert_uint_eq(lm_n_params(&(lm_shape){2, 128, 32, 128}),
                      426624); /* the count in docs/experiment.md */
}
END_TEST

int main(void) {
    Suite *s = suite_create("net");
    const TTest *const tests[] = {gradient_of_every_tensor, gradient_along_a_random_direction,
                                  float_follows_double,     forward_only_gives_the_same_bytes,
                                  layers_agree_to_the_bit,  later_bytes_do_not_matter,
                                  tensors_tile_the_weights, NULL};
    test_add(s, "net", tests);
    return test_run(s);
}
