/* The rotation and its table at memory speed: cos and sin of a token are computed once, in registers, for all heads.
   Output that does not fit a cache is streamed past it where the layout allows. */
#include "attention/plan.h"
#include "core/core.h"
#include <string.h>

enum { BLOCK = 64 }; /* tokens of a task */

/* Output beyond this goes past the cache: half of a common L3. */
static const size_t STREAM_BYTES = (size_t)16 << 20;

typedef struct {
    attention_plan plan;
    const ropelaw_attention_rotation *r;
    const float *in;
    float *out, *cosine, *sine;
    float *tables; /* [n_threads][2][n_pairs] */
    bool stream;
} rotation;

static ropelaw_status prepare(rotation *s, const ropelaw_attention_problem *p,
                              const ropelaw_attention_options *options, const attention_kernel *kernel,
                              ropelaw_error *error) {
    attention_plan_init(&s->plan, p, options, kernel);
    s->plan.rate = core_malloc_aligned(s->plan.n_pairs, sizeof *s->plan.rate);
    s->tables = core_malloc_aligned(s->plan.n_threads, 2 * s->plan.n_pairs * sizeof *s->tables);
    if (!s->plan.rate || !s->tables)
        return core_fail_memory(error, s->plan.n_threads, 2 * s->plan.n_pairs * 4);
    attention_plan_start(&s->plan);
    return ROPELAW_OK;
}

static void finish(rotation *s) {
    core_free(s->plan.rate);
    core_free(s->tables);
}

static ropelaw_status rotate_block(void *context, size_t task, size_t thread, ropelaw_error *error) {
    (void)error;
    const rotation *s = context;
    const ropelaw_attention_problem *p = s->plan.p;
    const ropelaw_attention_rotation *r = s->r;
    size_t end = (task + 1) * BLOCK < p->n_tok ? (task + 1) * BLOCK : p->n_tok;
    float *table = s->tables + thread * 2 * s->plan.n_pairs;
    double factor = p->attention_factor, sign = r->direction == ROPELAW_ATTENTION_ROTATE ? 1 : -1;
    if (r->direction == ROPELAW_ATTENTION_INVERSE) factor = 1 / factor;
    attention_turn turn = {p->rotary_dim / 2, p->head_dim, p->pairing == ROPELAW_ATTENTION_INTERLEAVED, table,
                           table + s->plan.n_pairs};
    for (size_t t = task * BLOCK; t < end; t++) {
        const float *in = s->in + t * r->in.tok;
        float *out = s->out + t * r->out.tok;
        if (s->plan.n_pairs)
            s->plan.angles(s->plan.rate, s->plan.n_pairs, sign * attention_position(p, t), (float)factor,
                           table, table + s->plan.n_pairs);
        for (size_t h = 0; h < r->n_heads; h++)
            (s->stream ? s->plan.kernel->turn_stream : s->plan.kernel->turn)(&turn, in + h * r->in.head,
                                                                             out + h * r->out.head);
    }
    if (s->stream) s->plan.kernel->stream_end();
    return ROPELAW_OK;
}

static bool streams(const rotation *s, const float *out) {
    const ropelaw_attention_problem *p = s->plan.p;
    const ropelaw_attention_rotation *r = s->r;
    return s->plan.kernel->turn_stream && s->in != out && p->pairing == ROPELAW_ATTENTION_HALF_SPLIT &&
           p->rotary_dim == p->head_dim && p->rotary_dim % 32 == 0 && (uintptr_t)out % 64 == 0 &&
           r->out.tok % 16 == 0 && r->out.head % 16 == 0 &&
           p->n_tok * r->n_heads > STREAM_BYTES / sizeof(float) / p->head_dim;
}

ropelaw_status ropelaw_attention_rotate(const ropelaw_attention_problem *p,
                                        const ropelaw_attention_options *options,
                                        const ropelaw_attention_rotation *r, const float *in, float *out,
                                        ropelaw_error *error) {
    const attention_kernel *kernel = NULL;
    ropelaw_status status = attention_rotation_check(p, r, in, out, sizeof *in, error);
    if (!status) status = attention_kernel_choose(options, &kernel, error);
    if (status || !p->n_tok || !r->n_heads) return status;
    rotation s = {.r = r, .in = in, .out = out};
    status = prepare(&s, p, options, kernel, error);
    s.stream = !status && streams(&s, out);
    if (!status)
        status = core_parallel(s.plan.n_threads, (p->n_tok + BLOCK - 1) / BLOCK, rotate_block, &s,
                               options ? &options->progress : NULL, error);
    finish(&s);
    return status;
}

static ropelaw_status table_block(void *context, size_t task, size_t thread, ropelaw_error *error) {
    (void)error;
    const rotation *s = context;
    const attention_plan *plan = &s->plan;
    size_t n = plan->p->rotary_dim / 2, n_tok = plan->p->n_tok;
    size_t end = (task + 1) * BLOCK < n_tok ? (task + 1) * BLOCK : n_tok;
    float *table = s->tables + thread * 2 * plan->n_pairs, factor = (float)plan->p->attention_factor;
    for (size_t t = task * BLOCK; t < end; t++) {
        double position = attention_position(plan->p, t);
        if (n == plan->n_pairs) {
            plan->angles(plan->rate, n, position, factor, s->cosine + t * n, s->sine + t * n);
            continue;
        }
        plan->angles(plan->rate, plan->n_pairs, position, factor, table, table + plan->n_pairs);
        memcpy(s->cosine + t * n, table, n * sizeof *table);
        memcpy(s->sine + t * n, table + plan->n_pairs, n * sizeof *table);
    }
    return ROPELAW_OK;
}

ropelaw_status ropelaw_attention_table(const ropelaw_attention_problem *p,
                                       const ropelaw_attention_options *options, float *cosine, float *sine,
                                       ropelaw_error *error) {
    const attention_kernel *kernel = NULL;
    ropelaw_status status = attention_call_check(p, options, p, &kernel, error);
    if (status || !p->n_tok || !p->rotary_dim) return status;
    size_t count;
    if (__builtin_mul_overflow(p->n_tok, p->rotary_dim / 2, &count) ||
        count > (size_t)PTRDIFF_MAX / sizeof(float))
        return core_fail_number(error, ROPELAW_SHAPE, "n_tok", (double)p->n_tok,
                                "n_tok * rotary_dim addressable");
    attention_buffer buffers[] = {attention_buffer_flat("cosine", cosine, 4, count, true),
                                  attention_buffer_flat("sine", sine, 4, count, true)};
    status = attention_buffers_check(buffers, CORE_COUNT(buffers), error);
    if (status) return status;
    rotation s = {.cosine = cosine, .sine = sine};
    status = prepare(&s, p, options, kernel, error);
    if (!status)
        status = core_parallel(s.plan.n_threads, (p->n_tok + BLOCK - 1) / BLOCK, table_block, &s,
                               options ? &options->progress : NULL, error);
    finish(&s);
    return status;
}
