/* The rotation and its table at memory speed: cos and sin of a token are computed once for all heads, while rows of the
   token before wait for memory. Output that does not fit a cache is streamed past it where the layout allows. */
#include "attention/plan.h"
#include "core/core.h"
#include <math.h>
#include <string.h>

enum { BLOCK = 64 }; /* tokens of a task */

/* Output beyond this goes past the cache: half of a common L3. */
static const size_t STREAM_BYTES = (size_t)16 << 20;

typedef struct {
    attention_plan plan;
    const ropelaw_attention_rotation *r;
    const float *in;
    float *out, *cosine, *sine;
    float *tables;  /* [n_threads][ATTENTION_TURNS][2][n_pairs] */
    double *starts; /* [n_threads][n_pairs] */
    void *memory;   /* all of them */
    bool woven, stream;
} rotation;

/* One block for rates, starts and tables, whose sizes are multiples of 64 bytes: allocating is a good part of a short
   call. */
static ropelaw_status prepare(rotation *s, const ropelaw_attention_problem *p,
                              const ropelaw_attention_options *options, const attention_kernel *kernel,
                              ropelaw_error *error) {
    attention_plan_init(&s->plan, p, options, kernel);
    size_t n = s->plan.n_pairs, threads = s->plan.n_threads;
    size_t bytes = n * (sizeof *s->starts + ATTENTION_TURNS * 2 * sizeof *s->tables);
    s->memory = core_malloc_aligned(threads + 1, bytes);
    if (!s->memory) return core_fail_memory(error, threads + 1, bytes);
    s->plan.rate = s->memory;
    s->starts = s->plan.rate + n;
    s->tables = (float *)(s->starts + threads * n);
    attention_plan_start(&s->plan);
    return ROPELAW_OK;
}

static void finish(rotation *s) {
    core_free(s->memory);
}

static void fill_positions(const rotation *s, size_t t, size_t n, double *position) {
    double sign = s->r && s->r->direction != ROPELAW_ATTENTION_ROTATE ? -1 : 1;
    for (size_t i = 0; i < n; i++) position[i] = sign * attention_position(s->plan.p, t + i);
}

/* Angles of tokens t .. t + n - 1, n <= BLOCK, into the rows of `to`. */
static void fill(const rotation *s, attention_angles *to, size_t t, size_t n) {
    double position[BLOCK];
    fill_positions(s, t, n, position);
    s->plan.angles(to, position, n);
}

/* Where a thread keeps the angles of a few tokens. */
static attention_angles own_table(const rotation *s, size_t thread) {
    size_t n_pairs = s->plan.n_pairs;
    double factor = s->plan.p->attention_factor;
    if (s->r && s->r->direction == ROPELAW_ATTENTION_INVERSE) factor = 1 / factor;
    float *table = s->tables + thread * ATTENTION_TURNS * 2 * n_pairs;
    return (attention_angles){.rate = s->plan.rate,
                              .n_pairs = n_pairs,
                              .step = 2 * n_pairs,
                              .factor = (float)factor,
                              .cosine = table,
                              .sine = table + n_pairs,
                              .start = s->starts + thread * n_pairs,
                              .start_at = NAN};
}

static attention_turn turn_of(const rotation *s) {
    const ropelaw_attention_problem *p = s->plan.p;
    return (attention_turn){.n_pairs = p->rotary_dim / 2,
                            .head_dim = p->head_dim,
                            .interleaved = p->pairing == ROPELAW_ATTENTION_INTERLEAVED,
                            .n_rows = s->r->n_heads,
                            .in_step = s->r->in.head,
                            .out_step = s->r->out.head};
}

/* Any layout: the angles of a few tokens, then their rows. */
static void rotate_stacks(const rotation *s, attention_angles *a, size_t t0, size_t end) {
    attention_turn turn = turn_of(s);
    for (size_t t = t0; t < end; t++) {
        size_t row = (t - t0) % ATTENTION_TURNS;
        if (row == 0) fill(s, a, t, end - t < ATTENTION_TURNS ? end - t : ATTENTION_TURNS);
        turn.cosine = a->cosine + row * a->step;
        turn.sine = a->sine + row * a->step;
        s->plan.kernel->turn(&turn, s->in + t * s->r->in.tok, s->out + t * s->r->out.tok);
    }
}

static ropelaw_status rotate_block(void *context, size_t task, size_t thread, ropelaw_error *error) {
    (void)error;
    const rotation *s = context;
    const ropelaw_attention_rotation *r = s->r;
    size_t t = task * BLOCK, n = s->plan.p->n_tok - t < BLOCK ? s->plan.p->n_tok - t : BLOCK;
    attention_angles a = own_table(s, thread);
    if (!s->woven) {
        rotate_stacks(s, &a, t, t + n);
        return ROPELAW_OK;
    }
    double position[BLOCK];
    attention_turn turn = turn_of(s);
    attention_rows rows = {s->in + t * r->in.tok, s->out + t * r->out.tok, r->in.tok, r->out.tok, s->stream};
    fill_positions(s, t, n, position);
    s->plan.kernel->rotate_run(&a, position, n, &turn, &rows);
    return ROPELAW_OK;
}

/* The layout that rotate_run knows. */
static bool weaves(const rotation *s) {
    const ropelaw_attention_problem *p = s->plan.p;
    return s->plan.kernel->rotate_run && s->plan.angles == s->plan.kernel->angles &&
           p->pairing == ROPELAW_ATTENTION_HALF_SPLIT && p->rotary_dim == p->head_dim &&
           p->rotary_dim % 32 == 0;
}

static bool streams(const rotation *s) {
    const ropelaw_attention_problem *p = s->plan.p;
    const ropelaw_attention_rotation *r = s->r;
    return s->woven && s->in != s->out && (uintptr_t)s->out % 64 == 0 && r->out.tok % 16 == 0 &&
           r->out.head % 16 == 0 && p->n_tok * r->n_heads > STREAM_BYTES / sizeof(float) / p->head_dim;
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
    s.woven = !status && weaves(&s);
    s.stream = s.woven && streams(&s);
    if (!status)
        status = core_parallel(s.plan.n_threads, (p->n_tok + BLOCK - 1) / BLOCK, rotate_block, &s,
                               options ? &options->progress : NULL, error);
    finish(&s);
    return status;
}

static ropelaw_status table_block(void *context, size_t task, size_t thread, ropelaw_error *error) {
    (void)error;
    const rotation *s = context;
    size_t n = s->plan.p->rotary_dim / 2, n_tok = s->plan.p->n_tok, count;
    size_t end = (task + 1) * BLOCK < n_tok ? (task + 1) * BLOCK : n_tok;
    attention_angles own = own_table(s, thread), direct = own;
    bool is_direct = n == own.n_pairs;
    direct.step = n;
    for (size_t t = task * BLOCK; t < end; t += count) {
        count = is_direct || end - t < ATTENTION_TURNS ? end - t : ATTENTION_TURNS;
        direct.cosine = s->cosine + t * n;
        direct.sine = s->sine + t * n;
        fill(s, is_direct ? &direct : &own, t, count);
        for (size_t i = 0; i < count && !is_direct; i++) {
            memcpy(direct.cosine + i * n, own.cosine + i * own.step, n * sizeof(float));
            memcpy(direct.sine + i * n, own.sine + i * own.step, n * sizeof(float));
        }
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
