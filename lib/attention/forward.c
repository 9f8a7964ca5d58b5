/* Keys are rotated and copied once, densely, one head after the other; values likewise in panels of 64
   columns (a token stride of a power of two aliases in L1). Then tasks (head, 384 queries): each block of 64
   keys meets the eight query tiles of the task while it is in L2.

   Online softmax: with m the running maximum and l the running sum of 2^(s - m), a block with maximum m' >= m
   gives O := 2^(m - m') O + P V and l := 2^(m - m') l + sum P; the factor is applied when the accumulators
   are loaded. */
#include "attention/plan.h"
#include "core/core.h"
#include <float.h>
#include <math.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

typedef struct {
    float *queries;       /* [8][n_columns][48], transposed, rotated, scaled */
    float *out;           /* [8][48][n_columns] */
    float *largest, *sum; /* [8][48] */
    float *rescale;       /* [48] */
    float *tile;          /* [64][48] */
    float *rows;          /* [4][n_columns] */
    float *table;         /* [ATTENTION_TURNS][2][n_pairs] */
} scratch;

typedef struct {
    attention_plan plan;
    const ropelaw_attention_f32 *x;
    float *keys, *values; /* [n_kv_heads] of n_keys * n_columns and values_per_head */
    scratch *threads;
    size_t n_packs, tasks_per_head; /* packs: shares of the blocks of keys, a few for each thread */
    atomic_size_t n_packed;
    bool heads_first; /* all tasks of a head, then the next head */
} forward;

/* Keys and values up to this stay in a cache while all heads take turns, so that the pages of q and out, which hold
   all heads of a token, are walked once; beyond, one head after the other keeps to its own keys. */
static const size_t TURNS_BYTES = (size_t)12 << 20;

static void take(forward *f, attention_arena *arena) {
    attention_plan *plan = &f->plan;
    const size_t lanes = ATTENTION_TILES * ATTENTION_LANES, columns = plan->n_columns;
    attention_plan_take(plan, arena);
    f->keys = attention_take(arena, plan->p->n_kv_heads * plan->n_keys, columns * sizeof(float));
    f->values = attention_take(arena, plan->p->n_kv_heads, plan->values_per_head * sizeof(float));
    f->threads = attention_take(arena, plan->n_threads, sizeof *f->threads);
    for (size_t i = 0; i < plan->n_threads && arena->used != SIZE_MAX; i++) {
        scratch s = {.queries = attention_take(arena, lanes, columns * sizeof(float)),
                     .out = attention_take(arena, lanes, columns * sizeof(float)),
                     .largest = attention_take(arena, lanes, sizeof(float)),
                     .sum = attention_take(arena, lanes, sizeof(float)),
                     .rescale = attention_take(arena, ATTENTION_LANES, sizeof(float)),
                     .tile = attention_take(arena, ATTENTION_KEYS * ATTENTION_LANES, sizeof(float)),
                     .rows = attention_take(arena, 4 * columns, sizeof(float)),
                     .table = attention_take(arena, ATTENTION_TURNS * 2 * plan->n_pairs, sizeof(float))};
        if (arena->memory) f->threads[i] = s;
    }
}

size_t attention_forward_bytes(const ropelaw_attention_problem *p, const ropelaw_attention_options *options,
                               const attention_kernel *kernel) {
    forward f = {0};
    attention_arena arena = {0};
    attention_plan_init(&f.plan, p, options, kernel);
    take(&f, &arena);
    return arena.used;
}

static void pack_value(const forward *f, size_t kv, size_t j, const float *in) {
    const attention_plan *plan = &f->plan;
    float *values = f->values + kv * plan->values_per_head + j * plan->b_k;
    uint32_t not_finite = 0; /* exponent of all ones: NaN or infinity */
    for (size_t c = 0; c < plan->p->head_dim; c += ATTENTION_PANEL, values += plan->b_panel) {
        size_t n = plan->p->head_dim - c < ATTENTION_PANEL ? plan->p->head_dim - c : ATTENTION_PANEL;
        memcpy(values, in + c, n * sizeof *in);
        for (size_t i = 0; i < n; i++) {
            uint32_t bits;
            memcpy(&bits, in + c + i, sizeof bits);
            not_finite |= (bits & 0x7f800000u) == 0x7f800000u;
        }
    }
    if (not_finite) plan->not_finite[kv * (plan->n_keys / ATTENTION_KEYS) + j / ATTENTION_KEYS] = 1;
}

/* One block of 64 tokens: keys and values of all heads, zeros behind the last token. */
static void pack_block(const forward *f, size_t block, size_t thread) {
    const attention_plan *plan = &f->plan;
    const ropelaw_attention_problem *p = plan->p;
    float *table = f->threads[thread].table;
    for (size_t kv = 0; kv < p->n_kv_heads; kv++) {
        plan->not_finite[kv * (plan->n_keys / ATTENTION_KEYS) + block] = 0;
        if (p->head_dim == plan->values_per_head / plan->n_keys && (block + 1) * ATTENTION_KEYS <= p->n_tok)
            continue;
        for (size_t at = 0; at < plan->values_per_head; at += plan->b_panel) /* padding */
            memset(f->values + kv * plan->values_per_head + at + block * ATTENTION_KEYS * plan->b_k, 0,
                   ATTENTION_KEYS * plan->b_k * sizeof(float));
    }
    for (size_t j = block * ATTENTION_KEYS; j < (block + 1) * ATTENTION_KEYS; j++) {
        const float *angles = table + j % ATTENTION_TURNS * 2 * plan->n_pairs;
        if (j < p->n_tok && j % ATTENTION_TURNS == 0) attention_plan_tables(plan, j, ATTENTION_TURNS, table);
        for (size_t kv = 0; kv < p->n_kv_heads; kv++) {
            float *key = f->keys + (kv * plan->n_keys + j) * plan->n_columns;
            if (j >= p->n_tok) {
                memset(key, 0, plan->n_columns * sizeof(float));
                continue;
            }
            attention_pack_turned(plan, angles, f->x->k + j * p->k.tok + kv * p->k.head, key);
            pack_value(f, kv, j, f->x->v + j * p->v.tok + kv * p->v.head);
        }
    }
}

/* Rows of a head lie far apart (n_heads * head_dim), where no hardware prefetcher follows: ask for them early. */
static void prefetch_row(const forward *f, size_t h, size_t i) {
    enum { LINE = 64 / sizeof(float) };
    const ropelaw_attention_problem *p = f->plan.p;
    if (i >= p->n_tok) return;
    const float *row = f->x->q + i * p->q.tok + h * p->q.head;
    for (size_t c = 0; c < p->head_dim; c += LINE) __builtin_prefetch(row + c);
}

static void pack_queries(const forward *f, const scratch *s, size_t h, size_t q0, float *tile) {
    const ropelaw_attention_problem *p = f->plan.p;
    size_t columns = f->plan.n_columns;
    for (size_t lane = 0; lane < ATTENTION_LANES; lane += 4) {
        float scale[4] = {0, 0, 0, 0};
        size_t at = q0 + lane, step = 2 * f->plan.n_pairs;
        if (lane % ATTENTION_TURNS == 0 && at < p->n_tok)
            attention_plan_tables(&f->plan, at, ATTENTION_TURNS, s->table);
        for (size_t r = 0; r < 4; r++) {
            size_t i = at + r;
            if (i >= p->n_tok) memset(s->rows + r * columns, 0, columns * sizeof(float));
            if (i >= p->n_tok) continue;
            prefetch_row(f, h, i + 8);
            scale[r] = attention_scale(p, i);
            attention_pack_turned(&f->plan, s->table + (lane + r) % ATTENTION_TURNS * step,
                                  f->x->q + i * p->q.tok + h * p->q.head, s->rows + r * columns);
        }
        attention_transpose4(s->rows, columns, scale, tile, lane);
    }
}

/* The product for a tile whose values hold NaN or infinity: what is masked must not be multiplied, not even
   by 0. Row by row over runs of seen keys; the order of additions, hence every bit of clean rows, is that of
   the other paths, where masked keys add zeros. */
static void multiply_seen(const attention_kernel *kernel, const attention_product *x,
                          const attention_mask *mask) {
    const float one = 1;
    for (size_t r = 0; r < x->n_rows; r++) {
        attention_product part = *x;
        part.n_rows = 1;
        part.c += r * x->c_row;
        part.scale += r;
        for (size_t k = 0, end; k < mask->n_keys; k = end + 1) {
            for (end = k; end < mask->n_keys && mask->first[end] <= r && r < mask->end[end];) end++;
            if (end == k) continue;
            part.a = x->a + r * x->a_row + k * x->a_k;
            part.b = x->b + k * x->b_k;
            part.n_k = end - k;
            kernel->multiply(&part);
            part.scale = &one;
        }
    }
}

/* Rows of a tile on the diagonal need only the keys up to their own: six rows at a time. */
static void multiply_diagonal(const attention_kernel *kernel, attention_product x, size_t q0, size_t j0) {
    enum { ROWS = 6 };
    size_t n_rows = x.n_rows, n_keys = x.n_k;
    for (size_t r = 0; r < n_rows; r += ROWS) {
        size_t last = q0 + r + ROWS;
        if (last <= j0) continue;
        attention_product part = x;
        part.n_rows = n_rows - r < ROWS ? n_rows - r : ROWS;
        part.n_k = last - j0 < n_keys ? last - j0 : n_keys;
        part.a += r * x.a_row;
        part.c += r * x.c_row;
        part.scale += r;
        kernel->multiply(&part);
    }
}

typedef struct {
    size_t h, kv, q0, n_lanes, tile, j0;
} place;

static void meet(const forward *f, const scratch *s, const place *at, const attention_mask *mask) {
    const attention_plan *plan = &f->plan;
    const attention_kernel *kernel = plan->kernel;
    size_t columns = plan->n_columns;
    const float *keys = f->keys + (at->kv * plan->n_keys + at->j0) * columns;
    const float *queries = s->queries + at->tile * ATTENTION_LANES * columns;
    float *largest = s->largest + at->tile * ATTENTION_LANES, *sum = s->sum + at->tile * ATTENTION_LANES;
    attention_product product = {.a = s->tile,
                                 .a_row = 1,
                                 .a_k = ATTENTION_LANES,
                                 .b = f->values + at->kv * plan->values_per_head + at->j0 * plan->b_k,
                                 .b_k = plan->b_k,
                                 .b_panel = plan->b_panel,
                                 .c = s->out + at->tile * ATTENTION_LANES * columns,
                                 .c_row = columns,
                                 .scale = s->rescale,
                                 .n_rows = at->n_lanes,
                                 .n_k = mask->n_keys,
                                 .n_cols = columns};
    if (mask->all) {
        kernel->scores(keys, mask->n_keys, columns, queries, 0, s->tile);
        kernel->softmax(s->tile, mask->n_keys, largest, sum, s->rescale);
        kernel->multiply(&product);
        return;
    }
    for (size_t k = 0; k < mask->n_keys; k += ATTENTION_GROUP)
        kernel->scores(keys + k * columns, ATTENTION_GROUP, columns, queries,
                       plan->p->causal && at->j0 + k > at->q0 ? at->j0 + k - at->q0 : 0,
                       s->tile + k * ATTENTION_LANES);
    attention_mask_fill(mask, s->tile, -INFINITY);
    kernel->softmax(s->tile, mask->n_keys, largest, sum, s->rescale);
    if (plan->not_finite[at->kv * (plan->n_keys / ATTENTION_KEYS) + at->j0 / ATTENTION_KEYS])
        multiply_seen(kernel, &product, mask);
    else if (plan->p->causal)
        multiply_diagonal(kernel, product, at->q0, at->j0);
    else
        kernel->multiply(&product);
}

static void finish(const forward *f, const scratch *s, const place *at) {
    const ropelaw_attention_problem *p = f->plan.p;
    size_t columns = f->plan.n_columns;
    for (size_t r = 0; r < at->n_lanes; r++) {
        size_t i = at->q0 + r, lane = at->tile * ATTENTION_LANES + r;
        const float *from = s->out + lane * columns;
        if (i + 8 < p->n_tok)
            for (size_t c = 0; c < p->head_dim; c += 16)
                __builtin_prefetch(f->x->out + (i + 8) * p->out.tok + at->h * p->out.head + c, 1);
        float sum = s->sum[lane], *out = f->x->out + i * p->out.tok + at->h * p->out.head;
        float share = sum == 0 ? 0 : 1 / sum;
        for (size_t c = 0; c < p->head_dim; c++) out[c] = from[c] * share;
        if (!f->x->lse) continue;
        double lse = (double)s->largest[lane] * 0.69314718055994530942 + log((double)sum);
        f->x->lse[at->h * p->n_tok + i] = sum == 0 ? -INFINITY : lse;
    }
}

static void attend(const forward *f, size_t task, size_t thread) {
    const ropelaw_attention_problem *p = f->plan.p;
    const scratch *s = f->threads + thread;
    const size_t lanes = ATTENTION_TILES * ATTENTION_LANES;
    size_t group = f->heads_first ? task % f->tasks_per_head : task / p->n_heads;
    size_t h = f->heads_first ? task / f->tasks_per_head : task % p->n_heads,
           kv = h / (p->n_heads / p->n_kv_heads);
    size_t q0 = (f->tasks_per_head - 1 - group) * lanes; /* long rows first */
    size_t q1 = q0 + lanes < p->n_tok ? q0 + lanes : p->n_tok, end = p->causal ? q1 : p->n_tok;
    for (size_t lane = 0; lane < lanes; lane++) {
        s->largest[lane] = -INFINITY;
        s->sum[lane] = 0;
    }
    memset(s->out, 0,
           (q1 - q0 + ATTENTION_LANES - 1) / ATTENTION_LANES * ATTENTION_LANES * f->plan.n_columns *
               sizeof(float));
    for (size_t tile = 0; q0 + tile * ATTENTION_LANES < q1; tile++)
        pack_queries(f, s, h, q0 + tile * ATTENTION_LANES,
                     s->queries + tile * ATTENTION_LANES * f->plan.n_columns);
    for (size_t j0 = p->n_pad_tok / ATTENTION_KEYS * ATTENTION_KEYS; j0 < end;
         j0 = attention_next_block(p, q0, j0))
        for (size_t tile = 0; q0 + tile * ATTENTION_LANES < q1; tile++) {
            place at = {h, kv, q0 + tile * ATTENTION_LANES, ATTENTION_LANES, tile, j0};
            if (q1 - at.q0 < at.n_lanes) at.n_lanes = q1 - at.q0;
            attention_mask mask;
            attention_mask_init(&mask, p, at.q0, at.n_lanes, j0);
            if (mask.any) meet(f, s, &at, &mask);
        }
    for (size_t tile = 0; q0 + tile * ATTENTION_LANES < q1; tile++) {
        place at = {h, kv, q0 + tile * ATTENTION_LANES, ATTENTION_LANES, tile, 0};
        if (q1 - at.q0 < at.n_lanes) at.n_lanes = q1 - at.q0;
        finish(f, s, &at);
    }
}

/* Keys are packed first, in the same call: starting threads a second time costs a tenth of a millisecond and more.
   Tasks are claimed in order, so whoever waits here waits for threads that are packing. */
static ropelaw_status run_task(void *context, size_t task, size_t thread, ropelaw_error *error) {
    (void)error;
    forward *f = context;
    if (task < f->n_packs) {
        size_t n_blocks = f->plan.n_keys / ATTENTION_KEYS;
        for (size_t b = n_blocks * task / f->n_packs; b < n_blocks * (task + 1) / f->n_packs; b++)
            pack_block(f, b, thread);
        atomic_fetch_add_explicit(&f->n_packed, 1, memory_order_release);
        return ROPELAW_OK;
    }
    while (atomic_load_explicit(&f->n_packed, memory_order_acquire) < f->n_packs) sched_yield();
    attend(f, task - f->n_packs, thread);
    return ROPELAW_OK;
}

static ropelaw_status check(const ropelaw_attention_problem *p, const ropelaw_attention_f32 *x,
                            const ropelaw_attention_workspace *w, ropelaw_error *error) {
    attention_buffer buffers[] = {
        attention_buffer_tensor(p, "q", x->q, 4, false),
        attention_buffer_tensor(p, "k", x->k, 4, false),
        attention_buffer_tensor(p, "v", x->v, 4, false),
        attention_buffer_tensor(p, "out", x->out, 4, true),
        attention_buffer_flat("lse", x->lse, 8, x->lse ? p->n_heads * p->n_tok : 0, true),
        attention_buffer_flat("workspace", w->memory, 1, w->bytes, true)};
    return attention_buffers_check(buffers, CORE_COUNT(buffers), error);
}

ropelaw_status ropelaw_attention_forward(const ropelaw_attention_problem *p,
                                         const ropelaw_attention_options *options,
                                         const ropelaw_attention_f32 *x, const ropelaw_attention_workspace *w,
                                         ropelaw_error *error) {
    attention_arena arena;
    forward f = {.x = x};
    const attention_kernel *kernel = NULL;
    ropelaw_status status = attention_call_check(p, options, x, &kernel, error);
    if (status || attention_is_empty(p)) return status;
    status = attention_arena_init(&arena, w, attention_forward_bytes(p, options, kernel), error);
    if (!status) status = check(p, x, w, error);
    if (status) return status;
    attention_plan_init(&f.plan, p, options, kernel);
    take(&f, &arena);
    attention_plan_start(&f.plan);
    const size_t lanes = ATTENTION_TILES * ATTENTION_LANES;
    f.tasks_per_head = (p->n_tok + lanes - 1) / lanes;
    f.heads_first = p->n_kv_heads * f.plan.n_keys * f.plan.n_columns * 2 * sizeof(float) > TURNS_BYTES;
    f.n_packs = 4 * f.plan.n_threads < f.plan.n_keys / ATTENTION_KEYS ? 4 * f.plan.n_threads
                                                                      : f.plan.n_keys / ATTENTION_KEYS;
    return core_parallel(f.plan.n_threads, f.n_packs + p->n_heads * f.tasks_per_head, run_task, &f,
                         options ? &options->progress : NULL, error);
}
