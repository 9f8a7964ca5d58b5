/* The forward in double for the long checks: blocks of 128 queries and 256 keys, both products by BLAS (short inner
   dimensions: dgemm loses a third on long ones), online softmax by rows.

   What it costs at head_dim 128 beside the products: an exponential for each 512 multiply-adds, a cosine and a sine for
   each 128 numbers of q and k; by libm these took as long as the products. */
#include "attention/plan.h"
#include "core/core.h"
#include "num/blas.h"
#include <math.h>
#include <string.h>

enum { ROWS = 128, COLS = 256, BLOCK = 64 };

typedef struct {
    double *queries, *out; /* [128][head_dim] */
    double *scores;        /* [128][256] */
    double *largest, *sum; /* [128] */
    double *cosine, *sine; /* [rotary_dim/2] */
} scratch;

typedef struct {
    const ropelaw_attention_problem *p;
    const ropelaw_attention_f64 *x;
    const attention_kernel *kernel;
    void (*angles)(const double *inv_freq, size_t n, double position, double *cosine, double *sine);
    size_t n_threads, blocks_per_head;
    double *keys; /* [n_kv_heads][n_tok][head_dim] */
    scratch *threads;
} forward;

static void take(forward *f, attention_arena *arena) {
    const ropelaw_attention_problem *p = f->p;
    f->keys = attention_take(arena, p->n_kv_heads * p->n_tok, p->head_dim * sizeof(double));
    f->threads = attention_take(arena, f->n_threads, sizeof *f->threads);
    for (size_t i = 0; i < f->n_threads && arena->used != SIZE_MAX; i++) {
        scratch s = {.queries = attention_take(arena, ROWS, p->head_dim * sizeof(double)),
                     .out = attention_take(arena, ROWS, p->head_dim * sizeof(double)),
                     .scores = attention_take(arena, ROWS * COLS, sizeof(double)),
                     .largest = attention_take(arena, ROWS, sizeof(double)),
                     .sum = attention_take(arena, ROWS, sizeof(double)),
                     .cosine = attention_take(arena, p->rotary_dim / 2, sizeof(double)),
                     .sine = attention_take(arena, p->rotary_dim / 2, sizeof(double))};
        if (arena->memory) f->threads[i] = s;
    }
}

size_t attention_f64_bytes(const ropelaw_attention_problem *p, const ropelaw_attention_options *options,
                           const attention_kernel *kernel) {
    (void)kernel;
    forward f = {.p = p, .n_threads = options ? core_threads(options->n_threads, SIZE_MAX) : 1};
    attention_arena arena = {0};
    take(&f, &arena);
    return arena.used;
}

/* As the kernels' angles_f64 does it, for any angle. */
static void angles_libm(const double *inv_freq, size_t n_pairs, double position, double *cosine,
                        double *sine) {
    for (size_t i = 0; i < n_pairs; i++) {
        double hi = position * inv_freq[i], lo = fma(position, inv_freq[i], -hi);
        double n = rint(hi * 0x1.45f306dc9c883p-1), r = fma(-n, 0x1.921fb54442d18p0, hi);
        r = fma(-n, 0x1.1a62633145c07p-54, r) + lo;
        double c = cos(r), s = sin(r);
        int quarter = (int)fmod(n, 4) & 3;
        cosine[i] = quarter == 0 ? c : quarter == 1 ? -s : quarter == 2 ? -c : s;
        sine[i] = quarter == 0 ? s : quarter == 1 ? c : quarter == 2 ? -s : -c;
    }
}

static void angles(const forward *f, const scratch *s, size_t t) {
    f->angles(f->p->inv_freq, f->p->rotary_dim / 2, attention_position(f->p, t), s->cosine, s->sine);
}

/* out[head_dim] = rotated in[head_dim] with the angles at hand. */
static void rotate(const ropelaw_attention_problem *p, const scratch *s, const double *in, double *out) {
    size_t half = p->rotary_dim / 2, step = p->pairing == ROPELAW_ATTENTION_INTERLEAVED ? 2 : 1;
    size_t apart = step == 2 ? 1 : half;
    for (size_t n = 0; n < half; n++) {
        double c = s->cosine[n], sine = s->sine[n], x = in[n * step], y = in[n * step + apart];
        out[n * step] = p->attention_factor * (x * c - y * sine);
        out[n * step + apart] = p->attention_factor * (y * c + x * sine);
    }
    memcpy(out + p->rotary_dim, in + p->rotary_dim, (p->head_dim - p->rotary_dim) * sizeof *out);
}

static ropelaw_status pack_block(void *context, size_t task, size_t thread, ropelaw_error *error) {
    (void)error;
    const forward *f = context;
    const ropelaw_attention_problem *p = f->p;
    const scratch *s = f->threads + thread;
    for (size_t j = task * BLOCK; j < (task + 1) * BLOCK && j < p->n_tok; j++) {
        angles(f, s, j);
        for (size_t kv = 0; kv < p->n_kv_heads; kv++)
            rotate(p, s, f->x->k + j * p->k.tok + kv * p->k.head,
                   f->keys + (kv * p->n_tok + j) * p->head_dim);
    }
    return ROPELAW_OK;
}

static void pack_queries(const forward *f, const scratch *s, size_t h, size_t q0, size_t n) {
    const ropelaw_attention_problem *p = f->p;
    for (size_t r = 0; r < n; r++) {
        double *query = s->queries + r * p->head_dim, scale = p->softmax_scale;
        angles(f, s, q0 + r);
        rotate(p, s, f->x->q + (q0 + r) * p->q.tok + h * p->q.head, query);
        if (p->log_n_train_len > 0)
            scale *= fmax(1, log(attention_position(p, q0 + r) + 1) / log(p->log_n_train_len));
        for (size_t c = 0; c < p->head_dim; c++) query[c] *= scale;
        s->largest[r] = -INFINITY;
        s->sum[r] = 0;
    }
    memset(s->out, 0, n * p->head_dim * sizeof *s->out);
}

static void hide(double *row, const size_t j[2], size_t from, size_t to) {
    from = from > j[0] ? from : j[0];
    to = to < j[1] ? to : j[1];
    for (size_t c = from; c < to; c++) row[c - j[0]] = -INFINITY;
}

/* -infinity where token i does not see keys j[0] .. j[1] - 1. Returns whether it sees all. */
static bool hide_unseen(const forward *f, double *row, size_t i, const size_t j[2]) {
    attention_seen see = attention_seen_keys(f->p, i);
    if (see.first <= j[0] && j[1] <= see.end) return true;
    hide(row, j, 0, see.pad);
    hide(row, j, see.sinks_end, see.first);
    hide(row, j, see.end > see.sinks_end ? see.end : see.sinks_end, j[1]);
    return false;
}

/* One row of scores becomes weights, 0 where it does not see; the row's output is rescaled. Returns whether all was
   seen. */
static bool weigh_row(const forward *f, const scratch *s, size_t r, size_t i, const size_t j[2]) {
    size_t n = j[1] - j[0];
    double *row = s->scores + r * COLS, before = s->largest[r];
    bool all = hide_unseen(f, row, i, j);
    for (; n % 8; n++) row[n] = -INFINITY;
    double sum = f->kernel->softmax_row(row, n, &s->largest[r]);
    if (s->largest[r] == before) {
        s->sum[r] += sum;
        return all;
    }
    double scale = s->largest[r] == -INFINITY ? 0 : exp(before - s->largest[r]);
    s->sum[r] = s->sum[r] * scale + sum;
    for (size_t c = 0; c < f->p->head_dim; c++) s->out[r * f->p->head_dim + c] *= scale;
    return all;
}

static bool is_finite(const forward *f, const double *v, const size_t j[2]) {
    double poison = 0; /* 0 * x is NaN unless x is finite */
    for (size_t row = 0; row < j[1] - j[0]; row++)
        for (size_t c = 0; c < f->p->head_dim; c++) poison += 0 * v[row * f->p->v.tok + c];
    return poison == 0;
}

/* The product where NaN or infinity among the values must not reach rows that do not see it. */
static void multiply_seen(const forward *f, const scratch *s, const double *v, const size_t at[4]) {
    size_t q0 = at[0], n = at[1], d = f->p->head_dim;
    for (size_t r = 0; r < n; r++) {
        attention_seen see = attention_seen_keys(f->p, q0 + r);
        for (size_t j = at[2]; j < at[3]; j++)
            for (size_t c = 0; c < d && attention_sees(&see, j); c++)
                s->out[r * d + c] += s->scores[r * COLS + j - at[2]] * v[(j - at[2]) * f->p->v.tok + c];
    }
}

static void meet(const forward *f, const scratch *s, size_t h, const size_t at[4]) {
    const ropelaw_attention_problem *p = f->p;
    size_t kv = h / (p->n_heads / p->n_kv_heads), d = p->head_dim, n = at[1], cols = at[3] - at[2];
    const double *keys = f->keys + (kv * p->n_tok + at[2]) * d,
                 *v = f->x->v + at[2] * p->v.tok + kv * p->v.head;
    num_gemm_f64(&(num_gemm_shape){false, true, n, cols, d, d, d, COLS}, 1, s->queries, keys, 0, s->scores);
    bool all = true;
    for (size_t r = 0; r < n; r++) all = weigh_row(f, s, r, at[0] + r, at + 2) && all;
    if (!all && !is_finite(f, v, at + 2))
        multiply_seen(f, s, v, at);
    else
        num_gemm_f64(&(num_gemm_shape){false, false, n, d, cols, COLS, p->v.tok, d}, 1, s->scores, v, 1,
                     s->out);
}

/* No row of q0 .. q0 + n - 1 sees a key of j0 .. j1 - 1. */
static bool is_unseen(const ropelaw_attention_problem *p, size_t q0, size_t n, const size_t j[2]) {
    attention_seen first = attention_seen_keys(p, q0), last = attention_seen_keys(p, q0 + n - 1);
    bool near = j[0] < last.end && j[1] > first.first;
    return !near && (j[0] >= last.sinks_end || j[1] <= last.pad);
}

static ropelaw_status run_task(void *context, size_t task, size_t thread, ropelaw_error *error) {
    (void)error;
    const forward *f = context;
    const ropelaw_attention_problem *p = f->p;
    const scratch *s = f->threads + thread;
    size_t h = task / f->blocks_per_head, d = p->head_dim;
    size_t q0 = (f->blocks_per_head - 1 - task % f->blocks_per_head) * ROWS; /* long rows first */
    size_t n = p->n_tok - q0 < ROWS ? p->n_tok - q0 : ROWS, end = p->causal ? q0 + n : p->n_tok;
    pack_queries(f, s, h, q0, n);
    for (size_t j0 = 0; j0 < end; j0 += COLS) {
        size_t at[4] = {q0, n, j0, end - j0 < COLS ? end : j0 + COLS};
        if (!is_unseen(p, q0, n, at + 2)) meet(f, s, h, at);
    }
    for (size_t r = 0; r < n; r++) {
        double *out = f->x->out + (q0 + r) * p->out.tok + h * p->out.head, sum = s->sum[r];
        for (size_t c = 0; c < d; c++) out[c] = sum == 0 ? 0 : s->out[r * d + c] / sum;
        if (f->x->lse) f->x->lse[h * p->n_tok + q0 + r] = sum == 0 ? -INFINITY : s->largest[r] + log(sum);
    }
    return ROPELAW_OK;
}

static ropelaw_status check(const ropelaw_attention_problem *p, const ropelaw_attention_f64 *x,
                            const ropelaw_attention_workspace *w, ropelaw_error *error) {
    if (p->head_dim > INT32_MAX || p->v.tok > INT32_MAX)
        return core_fail_number(error, ROPELAW_SHAPE, "v", (double)p->v.tok, "a stride that BLAS can count");
    attention_buffer buffers[] = {
        attention_buffer_tensor(p, "q", x->q, 8, false),
        attention_buffer_tensor(p, "k", x->k, 8, false),
        attention_buffer_tensor(p, "v", x->v, 8, false),
        attention_buffer_tensor(p, "out", x->out, 8, true),
        attention_buffer_flat("lse", x->lse, 8, x->lse ? p->n_heads * p->n_tok : 0, true),
        attention_buffer_flat("workspace", w->memory, 1, w->bytes, true)};
    return attention_buffers_check(buffers, CORE_COUNT(buffers), error);
}

ropelaw_status ropelaw_attention_forward_f64(const ropelaw_attention_problem *p,
                                             const ropelaw_attention_options *options,
                                             const ropelaw_attention_f64 *x,
                                             const ropelaw_attention_workspace *w, ropelaw_error *error) {
    attention_arena arena;
    const attention_kernel *kernel = NULL;
    ropelaw_status status = attention_call_check(p, options, x, &kernel, error);
    if (status || attention_is_empty(p)) return status;
    status = attention_arena_init(&arena, w, attention_f64_bytes(p, options, kernel), error);
    if (!status) status = check(p, x, w, error);
    if (status) return status;
    forward f = {.p = p,
                 .x = x,
                 .kernel = kernel,
                 .angles =
                     kernel->angles_f64 && attention_turns_are_moderate(p) ? kernel->angles_f64 : angles_libm,
                 .n_threads = options ? core_threads(options->n_threads, SIZE_MAX) : 1,
                 .blocks_per_head = (p->n_tok + ROWS - 1) / ROWS};
    take(&f, &arena);
    status = core_parallel(f.n_threads, (p->n_tok + BLOCK - 1) / BLOCK, pack_block, &f, NULL, error);
    if (status) return status;
    return core_parallel(f.n_threads, p->n_heads * f.blocks_per_head, run_task, &f,
                         options ? &options->progress : NULL, error);
}
