/* With P_ij = 2^(s_ij - lse_i) rebuilt from the forward's log-sum-exp, dP = dout V^T, D_i = dout_i . out_i and
   dS = P * (dP - D), the gradients are dV = P^T dout, dQ' = c dS K', dK' = dS^T (c Q'): five products, all by the two
   microkernels of the forward, because a tile [key][query] serves as either operand of the last three.

   Four query tiles (a group) at a time meet each block of 64 keys. The order of every sum is fixed by the sizes alone:
   a key's gradient takes the groups in order, a query's the blocks in order.

   One task is one key head with all its query heads. If there are more threads than key heads, they share one head: a
   task is then a group and a run of blocks, and those of one diagonal of this table (group + run = constant) run
   together, because each needs only its neighbours on the diagonal before. The sums keep their order, hence their
   bytes. */
#include "attention/backward.h"
#include "core/core.h"
#include <math.h>
#include <string.h>

typedef struct {
    size_t q0, j0, n_lanes, tile;
    attention_mask mask;
} place;

/* P and dS of one tile. */
static void weigh(const attention_backward *b, const attention_backward_rows *s, const place *at) {
    const attention_kernel *kernel = b->plan.kernel;
    size_t columns = b->plan.n_columns, step = at->mask.all ? at->mask.n_keys : ATTENTION_GROUP;
    const float *queries = s->queries_t + at->tile * LANES * columns,
                *dout = s->dout_t + at->tile * LANES * columns;
    for (size_t k = 0; k < at->mask.n_keys; k += step) {
        size_t j = at->j0 + k, first = b->plan.p->causal && j > at->q0 ? j - at->q0 : 0;
        if (at->mask.all) first = 0;
        kernel->scores(s->keys + j * columns, step, columns, queries, first, s->weights + k * LANES);
        kernel->scores(s->values + j * columns, step, columns, dout, first, s->dscores + k * LANES);
    }
    if (!at->mask.all) {
        attention_mask_fill(&at->mask, s->weights, -INFINITY);
        attention_mask_fill(&at->mask, s->dscores, 0);
    }
    kernel->dsoftmax(s->weights, s->dscores, at->mask.n_keys, s->lse + at->tile * LANES,
                     s->delta + at->tile * LANES);
}

/* Both products that sum over the queries: rows are keys. On the diagonal, six keys at a time skip the queries
   before them. */
static void add_to_keys(const attention_backward *b, const attention_backward_rows *s, const place *at) {
    size_t columns = b->plan.n_columns;
    size_t step = at->mask.all || !b->plan.p->causal ? at->mask.n_keys : 6;
    for (size_t k = 0; k < at->mask.n_keys; k += step) {
        size_t skip = step == 6 && at->j0 + k > at->q0 ? at->j0 + k - at->q0 : 0;
        if (skip >= at->n_lanes) break;
        size_t row = at->tile * LANES + skip, key = at->j0 + k;
        attention_product x = {.a = s->weights + k * LANES + skip,
                               .a_row = LANES,
                               .a_k = 1,
                               .b = s->dout + row * columns,
                               .b_k = columns,
                               .b_panel = ATTENTION_PANEL,
                               .c = s->dvalues + key * columns,
                               .c_row = columns,
                               .n_rows = at->mask.n_keys - k < step ? at->mask.n_keys - k : step,
                               .n_k = at->n_lanes - skip,
                               .n_cols = columns};
        b->plan.kernel->multiply(&x);
        x.a = s->dscores + k * LANES + skip;
        x.b = s->queries + row * columns;
        x.c = s->dkeys + key * columns;
        b->plan.kernel->multiply(&x);
    }
}

/* The product that sums over the keys: rows are queries. */
static void add_to_queries(const attention_backward *b, const attention_backward_rows *s, const place *at) {
    size_t columns = b->plan.n_columns, step = at->mask.all || !b->plan.p->causal ? at->n_lanes : 6;
    for (size_t r = 0; r < at->n_lanes; r += step) {
        size_t n_keys = at->mask.n_keys, last = at->q0 + r + step;
        if (step == 6 && last <= at->j0) continue;
        if (step == 6 && last - at->j0 < n_keys) n_keys = last - at->j0;
        attention_product x = {.a = s->dscores + r,
                               .a_row = 1,
                               .a_k = LANES,
                               .b = s->keys + at->j0 * columns,
                               .b_k = columns,
                               .b_panel = ATTENTION_PANEL,
                               .c = s->dqueries + (at->tile * LANES + r) * columns,
                               .c_row = columns,
                               .n_rows = at->n_lanes - r < step ? at->n_lanes - r : step,
                               .n_k = n_keys,
                               .n_cols = columns};
        b->plan.kernel->multiply(&x);
    }
}

/* A group meets the blocks of keys from .. to - 1. */
static void meet_keys(const attention_backward *b, const attention_backward_rows *s, size_t q0, size_t from,
                      size_t to) {
    const ropelaw_attention_problem *p = b->plan.p;
    size_t q1 = q0 + GROUP < p->n_tok ? q0 + GROUP : p->n_tok, end = p->causal ? q1 : p->n_tok;
    if (to < end) end = to;
    for (size_t j0 = p->n_pad_tok / KEYS * KEYS; j0 < end; j0 = attention_next_block(p, q0, j0))
        for (size_t tile = 0; j0 >= from && q0 + tile * LANES < q1; tile++) {
            place at = {.q0 = q0 + tile * LANES, .j0 = j0, .tile = tile, .n_lanes = LANES};
            if (q1 - at.q0 < at.n_lanes) at.n_lanes = q1 - at.q0;
            attention_mask_init(&at.mask, p, at.q0, at.n_lanes, j0);
            if (!at.mask.any) continue;
            weigh(b, s, &at);
            add_to_keys(b, s, &at);
            add_to_queries(b, s, &at);
        }
}

static ropelaw_status run_head(void *context, size_t kv, size_t thread, ropelaw_error *error) {
    (void)error;
    const attention_backward *b = context;
    const ropelaw_attention_problem *p = b->plan.p;
    const attention_backward_rows *s = b->threads + thread;
    size_t group = p->n_heads / p->n_kv_heads;
    attention_backward_clear_keys(b, s);
    attention_backward_pack_keys(b, s, kv, 0, p->n_tok);
    for (size_t h = kv * group; h < (kv + 1) * group; h++)
        for (size_t q0 = 0; q0 < p->n_tok; q0 += GROUP) {
            attention_backward_pack_queries(b, s, h, q0);
            meet_keys(b, s, q0, 0, p->n_tok);
            attention_backward_finish_queries(b, s, h, q0);
        }
    attention_backward_finish_keys(b, s, kv, 0, p->n_tok);
    return ROPELAW_OK;
}

/* ---- threads that share a head */

static ropelaw_status pack_task(void *context, size_t group, size_t thread, ropelaw_error *error) {
    (void)error;
    const attention_backward *b = context;
    attention_backward_rows s = attention_backward_view(b, thread, group);
    if (b->h % (b->plan.p->n_heads / b->plan.p->n_kv_heads) == 0) /* the first of its key head */
        attention_backward_pack_keys(b, &s, b->kv, group * GROUP, (group + 1) * GROUP);
    attention_backward_pack_queries(b, &s, b->h, group * GROUP);
    return ROPELAW_OK;
}

static ropelaw_status diagonal_task(void *context, size_t task, size_t thread, ropelaw_error *error) {
    (void)error;
    const attention_backward *b = context;
    size_t first = b->diagonal < b->n_groups ? 0 : b->diagonal - b->n_groups + 1, run = first + task,
           group = b->diagonal - run;
    attention_backward_rows s = attention_backward_view(b, thread, group);
    meet_keys(b, &s, group * GROUP, run * b->run_keys, (run + 1) * b->run_keys);
    return ROPELAW_OK;
}

static ropelaw_status finish_task(void *context, size_t group, size_t thread, ropelaw_error *error) {
    (void)error;
    const attention_backward *b = context;
    attention_backward_rows s = attention_backward_view(b, thread, group);
    attention_backward_finish_queries(b, &s, b->h, group * GROUP);
    if ((b->h + 1) % (b->plan.p->n_heads / b->plan.p->n_kv_heads) == 0) /* the last of its key head */
        attention_backward_finish_keys(b, &s, b->kv, group * GROUP, (group + 1) * GROUP);
    return ROPELAW_OK;
}

static ropelaw_status run_shared(attention_backward *b, const ropelaw_progress *progress,
                                 ropelaw_error *error) {
    const ropelaw_attention_problem *p = b->plan.p;
    size_t n_threads = b->plan.n_threads, n_diagonals = b->n_groups + b->n_runs - 1;
    for (b->h = 0; b->h < p->n_heads; b->h++) {
        b->kv = b->h / (p->n_heads / p->n_kv_heads);
        if (b->h % (p->n_heads / p->n_kv_heads) == 0) attention_backward_clear_keys(b, &b->head);
        ropelaw_status status = core_parallel(n_threads, b->n_groups, pack_task, b, NULL, error);
        for (b->diagonal = 0; !status && b->diagonal < n_diagonals; b->diagonal++) {
            size_t end = b->diagonal < b->n_runs ? b->diagonal + 1 : b->n_runs;
            size_t first = b->diagonal < b->n_groups ? 0 : b->diagonal - b->n_groups + 1;
            status = core_parallel(n_threads, end - first, diagonal_task, b, NULL, error);
            double done = (double)b->h + (double)(b->diagonal + 1) / (double)n_diagonals;
            if (!status) status = core_progress(progress, done / (double)p->n_heads, error);
        }
        if (!status) status = core_parallel(n_threads, b->n_groups, finish_task, b, NULL, error);
        if (status) return status;
    }
    return ROPELAW_OK;
}

static ropelaw_status check(const ropelaw_attention_problem *p, const ropelaw_attention_f32 *x,
                            const ropelaw_attention_workspace *w, ropelaw_error *error) {
    attention_buffer buffers[] = {attention_buffer_tensor(p, "q", x->q, 4, false),
                                  attention_buffer_tensor(p, "k", x->k, 4, false),
                                  attention_buffer_tensor(p, "v", x->v, 4, false),
                                  attention_buffer_tensor(p, "out", x->out, 4, false),
                                  attention_buffer_tensor(p, "dout", x->dout, 4, false),
                                  attention_buffer_flat("lse", x->lse, 8, p->n_heads * p->n_tok, false),
                                  attention_buffer_tensor(p, "dq", x->dq, 4, true),
                                  attention_buffer_tensor(p, "dk", x->dk, 4, true),
                                  attention_buffer_tensor(p, "dv", x->dv, 4, true),
                                  attention_buffer_flat("workspace", w->memory, 1, w->bytes, true)};
    return attention_buffers_check(buffers, CORE_COUNT(buffers), error);
}

size_t attention_backward_bytes(const ropelaw_attention_problem *p, const ropelaw_attention_options *options,
                                const attention_kernel *kernel) {
    attention_backward b = {0};
    attention_arena arena = {0};
    attention_backward_init(&b, p, options, kernel);
    attention_backward_take(&b, &arena);
    return arena.used;
}

ropelaw_status ropelaw_attention_backward(const ropelaw_attention_problem *p,
                                          const ropelaw_attention_options *options,
                                          const ropelaw_attention_f32 *x,
                                          const ropelaw_attention_workspace *w, ropelaw_error *error) {
    attention_arena arena;
    attention_backward b = {.x = x};
    const attention_kernel *kernel = NULL;
    ropelaw_status status = attention_call_check(p, options, x, &kernel, error);
    if (status || attention_is_empty(p)) return status;
    status = attention_arena_init(&arena, w, attention_backward_bytes(p, options, kernel), error);
    if (!status) status = check(p, x, w, error);
    if (status) return status;
    attention_backward_init(&b, p, options, kernel);
    attention_backward_take(&b, &arena);
    attention_plan_start(&b.plan);
    const ropelaw_progress *progress = options ? &options->progress : NULL;
    return b.shares_head ? run_shared(&b, progress, error)
                         : core_parallel(b.plan.n_threads, p->n_kv_heads, run_head, &b, progress, error);
}
