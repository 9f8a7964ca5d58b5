/*
 * One angle, float operation by float operation, and a bound on its error that grows with the position.
 *
 * A variant computes fl(fl(p) * f_n) with |f_n / theta_n - 1| = delta_n known, so that the angle is off by at most
 * b_n p, b_n = theta_n ((1 + delta_n)(1 + u)^k - 1) with k roundings of unit u on the way.
 *
 * ggml multiplies on from pair to pair: n products, and n times the error of its float base^(-2/d). What follows
 * (a scale, a divisor, or YaRN's mix: at most five operations) is a constant gain but for their rounding; how far
 * base^(-2n/d) times that gain lies from theta_n is known.
 */
#include "rope/precision_angle.h"
#include "rope/rope.h"

const rope_float rope_fp64 = {53, -1022, 1.7976931348623157e308},
                 rope_fp32 = {24, -126, 3.4028234663852886e38}, rope_bf16 = {8, -126, 3.3895313892515355e38},
                 rope_fp16 = {11, -14, 65504};

double rope_rounded(double x, const rope_float *t) {
    if (t->bits == 53 || x == 0 || !isfinite(x)) return x;
    if (t->bits == 24) return (double)(float)x;
    int exponent;
    frexp(x, &exponent);
    int unit = (exponent - 1 > t->least ? exponent - 1 : t->least) - (t->bits - 1);
    double y = ldexp(rint(ldexp(x, -unit)), unit);
    return fabs(y) > t->most ? copysign(INFINITY, x) : y;
}

static double unit_of(const rope_float *t) {
    return ldexp(1, -t->bits);
}

static double running_angle(const rope_question *q, double position, size_t n) {
    float theta = (float)position;
    for (size_t i = 0; i < n; i++) theta *= q->ggml.step;
    return (double)rope_ggml_angle(&q->ggml, theta, n);
}

static double angle_of(const rope_question *q, double position, size_t n) {
    if (q->v->running) return running_angle(q, position, n);
    return rope_rounded(rope_rounded(position, q->v->position) * q->freq[n], q->v->product);
}

double rope_angle_error(const rope_question *q, double position, size_t n) {
    return fabs((double)((long double)angle_of(q, position, n) - (long double)position * q->theta[n]));
}

double rope_cos_error(const rope_question *q, double position, size_t n) {
    double angle = angle_of(q, position, n);
    if (!isfinite(angle)) return INFINITY;
    long double exact = (long double)position * q->theta[n];
    const rope_float *t = q->v->cosine;
    double c = t->bits < 53 ? rope_rounded((double)cosf((float)angle), t) : cos(angle);
    double s = t->bits < 53 ? rope_rounded((double)sinf((float)angle), t) : sin(angle);
    return fmax(fabs((double)((long double)c - cosl(exact))), fabs((double)((long double)s - sinl(exact))));
}

/* Of the running product and what follows it. */
static double running_bound(const rope_question *q, double denominator, size_t n) {
    const double u = unit_of(&rope_fp32);
    size_t d = (size_t)denominator;
    int roundings;
    double gain = rope_ggml_gain(&q->ggml, n, &roundings);
    double step = n ? (double)((long double)q->ggml.step / rope_freq(q->ggml.base, d, 1) - 1) : 0;
    double off = (double)(rope_freq(q->ggml.base, d, n) * (long double)gain / q->theta[n] - 1);
    return (double)n * (fabs(step) + u) + (1 + (double)roundings) * u + fabs(off);
}

/* Relative error of the angle, at most; `slack` covers the second-order terms. A pair that does not rotate has the
   angle 0 in every type. */
static double relative_bound(const rope_question *q, double denominator, size_t n) {
    const double slack = 1.01;
    if (q->theta[n] == 0) return 0;
    if (q->v->running) return running_bound(q, denominator, n) * slack;
    double held = fabs((double)((long double)q->freq[n] / q->theta[n] - 1));
    return (held + unit_of(q->v->position) + unit_of(q->v->product)) * slack;
}

void rope_question_clear(rope_question *q) {
    core_free(q->theta);
    core_free(q->freq);
    core_free(q->bound);
    core_free(q->ggml.divisor);
    *q = (rope_question){0};
}

/* Frequencies as held: floats are those of transformers, cast down to the variant's type. */
static void hold(rope_question *q, const rope_method *method, const rope_request *r, const double *exact,
                 const float *hf) {
    int base_only = !method->exact && !r->params->resonance;
    rope_ggml_path_fill(method, r, exact, &q->ggml);
    for (size_t n = 0; n < q->n_pairs; n++) {
        q->theta[n] = base_only ? rope_freq(r->base, (size_t)r->denominator, n) : (long double)exact[n];
        q->freq[n] = q->v->freq == &rope_fp64 ? (double)q->theta[n] : rope_rounded((double)hf[n], q->v->freq);
    }
    for (size_t n = 0; n < q->n_pairs; n++)
        q->bound[n] = relative_bound(q, r->denominator, n) * (double)q->theta[n];
}

static ropelaw_status fill(rope_question *q, const ropelaw_rotation *t, double *exact, float *hf,
                           ropelaw_error *error) {
    const rope_method *method = rope_method_entry(t->method);
    rope_request r;
    ropelaw_status s = rope_request_fill(method, t->params, t->eval_len, &r, error);
    if (!s) s = ropelaw_method_eval_engine(t->method, t->params, ROPELAW_ENGINE_HF, t->eval_len, hf, error);
    if (s) return s;
    rope_request_exact(method, &r, exact);
    hold(q, method, &r, exact, hf);
    return ROPELAW_OK;
}

ropelaw_status rope_question_init(rope_question *q, const rope_variant *v, const ropelaw_rotation *rotation,
                                  ropelaw_error *error) {
    size_t n;
    ropelaw_status s = ropelaw_method_pairs(rotation->method, rotation->params, &n, error);
    if (s) return s;
    *q = (rope_question){.v = v, .n_pairs = n};
    q->theta = core_malloc(n, sizeof *q->theta);
    q->freq = core_malloc(n, sizeof *q->freq);
    q->bound = core_malloc(n, sizeof *q->bound);
    q->ggml.divisor = core_malloc(n, sizeof *q->ggml.divisor);
    double *exact = core_malloc(n, sizeof *exact);
    float *hf = core_malloc(n, sizeof *hf);
    if (q->theta && q->freq && q->bound && q->ggml.divisor && exact && hf)
        s = fill(q, rotation, exact, hf, error);
    else
        s = core_fail_memory(error, n, sizeof *q->theta);
    core_free(hf);
    core_free(exact);
    if (s) rope_question_clear(q);
    return s;
}
