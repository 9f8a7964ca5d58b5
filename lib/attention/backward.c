/* With P_ij = 2^(s_ij - lse_i) rebuilt from the forward's log-sum-exp, dP = dout V^T, D_i = dout_i . out_i and
   dS = P * (dP - D), the gradients are dV = P^T dout, dQ' = c dS K', dK' = dS^T (c Q'): five products, all by the two
   microkernels of the forward, because a tile [key][query] serves as either operand of the last three.

   One task is one key head with all its query heads: keys, values and their gradients stay with it, four query tiles
   at a time meet each block of 64 keys. The order of every sum is fixed by the sizes alone. */
#include "attention/plan.h"
#include "core/core.h"
#include <math.h>
#include <string.h>

enum { TILES = 4, LANES = ATTENTION_LANES, KEYS = ATTENTION_KEYS };

typedef struct {
    float *keys, *values, *dkeys, *dvalues; /* [n_keys][n_columns] of one key head */
    float *queries, *dout;                  /* [4][48][n_columns]; queries rotated and scaled */
    float *queries_t, *dout_t;              /* [4][n_columns][48] */
    float *dqueries;                        /* [4][48][n_columns] */
    float *lse, *delta;                     /* [4][48] */
    float *weights, *dscores;               /* [64][48] */
    float *table;                           /* [2][n_pairs] */
} scratch;

typedef struct {
    attention_plan plan;
    const ropelaw_attention_f32 *x;
    scratch *threads;
} backward;

static void take(backward *b, attention_arena *arena) {
    attention_plan *plan = &b->plan;
    const size_t rows = TILES * LANES, bytes = plan->n_columns * sizeof(float);
    attention_plan_take(plan, arena);
    b->threads = attention_take(arena, plan->n_threads, sizeof *b->threads);
    for (size_t i = 0; i < plan->n_threads && arena->used != SIZE_MAX; i++) {
        scratch s = {.keys = attention_take(arena, plan->n_keys, bytes),
                     .values = attention_take(arena, plan->n_keys, bytes),
                     .dkeys = attention_take(arena, plan->n_keys, bytes),
                     .dvalues = attention_take(arena, plan->n_keys, bytes),
                     .queries = attention_take(arena, rows, bytes),
                     .dout = attention_take(arena, rows, bytes),
                     .queries_t = attention_take(arena, rows, bytes),
                     .dout_t = attention_take(arena, rows, bytes),
                     .dqueries = attention_take(arena, rows, bytes),
                     .lse = attention_take(arena, rows, sizeof(float)),
                     .delta = attention_take(arena, rows, sizeof(float)),
                     .weights = attention_take(arena, KEYS * LANES, sizeof(float)),
                     .dscores = attention_take(arena, KEYS * LANES, sizeof(float)),
                     .table = attention_take(arena, 2 * plan->n_pairs, sizeof(float))};
        if (arena->memory) b->threads[i] = s;
    }
}

static void init(backward *b, const ropelaw_attention_problem *p, const ropelaw_attention_options *options,
                 const attention_kernel *kernel) {
    attention_plan_init(&b->plan, p, options, kernel);
    if (b->plan.n_threads > p->n_kv_heads) b->plan.n_threads = p->n_kv_heads;
}

size_t attention_backward_bytes(const ropelaw_attention_problem *p, const ropelaw_attention_options *options,
                                const attention_kernel *kernel) {
    backward b = {0};
    attention_arena arena = {0};
    init(&b, p, options, kernel);
    take(&b, &arena);
    return arena.used;
}

static void pack_keys(const backward *b, const scratch *s, size_t kv) {
    const ropelaw_attention_problem *p = b->plan.p;
    size_t columns = b->plan.n_columns;
    memset(s->values, 0, b->plan.n_keys * columns * sizeof(float));
    memset(s->keys + p->n_tok * columns, 0, (b->plan.n_keys - p->n_tok) * columns * sizeof(float));
    for (size_t j = 0; j < p->n_tok; j++) {
        attention_plan_table(&b->plan, j, s->table);
        attention_pack_turned(&b->plan, s->table, b->x->k + j * p->k.tok + kv * p->k.head,
                              s->keys + j * columns);
        memcpy(s->values + j * columns, b->x->v + j * p->v.tok + kv * p->v.head, p->head_dim * sizeof(float));
    }
    memset(s->dkeys, 0, b->plan.n_keys * columns * sizeof(float));
    memset(s->dvalues, 0, b->plan.n_keys * columns * sizeof(float));
}

/* Row `lane` of the group that starts at token q0; what lies behind the last token is zero. */
static void pack_row(const backward *b, const scratch *s, size_t h, size_t i, size_t lane) {
    const ropelaw_attention_problem *p = b->plan.p;
    size_t columns = b->plan.n_columns;
    float *query = s->queries + lane * columns, *dout = s->dout + lane * columns;
    memset(query, 0, columns * sizeof(float));
    memset(dout, 0, columns * sizeof(float));
    s->lse[lane] = s->delta[lane] = 0;
    if (i >= p->n_tok) return;
    const float *from = b->x->dout + i * p->out.tok + h * p->out.head;
    const float *out = b->x->out + i * p->out.tok + h * p->out.head;
    double delta = 0, lse = b->x->lse[h * p->n_tok + i];
    for (size_t c = 0; c < p->head_dim; c++) {
        dout[c] = from[c];
        delta += (double)from[c] * out[c];
    }
    s->delta[lane] = (float)delta;
    s->lse[lane] = lse == -INFINITY ? 0 : (float)(lse * 1.4426950408889634074); /* 1 / ln 2 */
    attention_plan_table(&b->plan, i, s->table);
    attention_pack_turned(&b->plan, s->table, b->x->q + i * p->q.tok + h * p->q.head, query);
    float scale = attention_scale(p, i);
    for (size_t c = 0; c < columns; c++) query[c] *= scale;
}

static void pack_queries(const backward *b, const scratch *s, size_t h, size_t q0) {
    static const float one[4] = {1, 1, 1, 1};
    size_t columns = b->plan.n_columns;
    memset(s->dqueries, 0, TILES * LANES * columns * sizeof(float));
    for (size_t lane = 0; lane < TILES * LANES; lane++) {
        pack_row(b, s, h, q0 + lane, lane);
        if (lane % 4 < 3) continue;
        size_t tile = lane / LANES * LANES * columns;
        attention_transpose4(s->queries + (lane - 3) * columns, columns, one, s->queries_t + tile,
                             lane % LANES - 3);
        attention_transpose4(s->dout + (lane - 3) * columns, columns, one, s->dout_t + tile,
                             lane % LANES - 3);
    }
}

typedef struct {
    size_t q0, j0, n_lanes, tile;
    attention_mask mask;
} place;

/* P and dS of one tile. */
static void weigh(const backward *b, const scratch *s, const place *at) {
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
static void add_to_keys(const backward *b, const scratch *s, const place *at) {
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
static void add_to_queries(const backward *b, const scratch *s, const place *at) {
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

/* A gradient with respect to a rotated row, times `scale`, turned back into the caller's tensor. */
static void turn_back(const backward *b, const scratch *s, size_t t, float scale, float *row, float *out) {
    const ropelaw_attention_problem *p = b->plan.p;
    attention_plan_table(&b->plan, t, s->table);
    for (size_t n = 0; n < b->plan.n_pairs; n++) s->table[b->plan.n_pairs + n] *= -1;
    for (size_t c = 0; c < p->head_dim; c++) row[c] *= scale;
    attention_turn turn = {.n_pairs = p->rotary_dim / 2,
                           .head_dim = p->head_dim,
                           .interleaved = p->pairing == ROPELAW_ATTENTION_INTERLEAVED,
                           .cosine = s->table,
                           .sine = s->table + b->plan.n_pairs,
                           .n_rows = 1};
    b->plan.kernel->turn(&turn, row, out);
}

static const double ln2 = 0.69314718055994530942;

static void query_group(const backward *b, const scratch *s, size_t h, size_t q0) {
    const ropelaw_attention_problem *p = b->plan.p;
    size_t q1 = q0 + TILES * LANES < p->n_tok ? q0 + TILES * LANES : p->n_tok,
           end = p->causal ? q1 : p->n_tok;
    pack_queries(b, s, h, q0);
    for (size_t j0 = p->n_pad_tok / KEYS * KEYS; j0 < end; j0 = attention_next_block(p, q0, j0))
        for (size_t tile = 0; q0 + tile * LANES < q1; tile++) {
            place at = {.q0 = q0 + tile * LANES, .j0 = j0, .tile = tile, .n_lanes = LANES};
            if (q1 - at.q0 < at.n_lanes) at.n_lanes = q1 - at.q0;
            attention_mask_init(&at.mask, p, at.q0, at.n_lanes, j0);
            if (!at.mask.any) continue;
            weigh(b, s, &at);
            add_to_keys(b, s, &at);
            add_to_queries(b, s, &at);
        }
    for (size_t i = q0; i < q1; i++)
        turn_back(b, s, i, (float)(attention_scale(p, i) * ln2), s->dqueries + (i - q0) * b->plan.n_columns,
                  b->x->dq + i * p->q.tok + h * p->q.head);
}

static ropelaw_status run_task(void *context, size_t kv, size_t thread, ropelaw_error *error) {
    (void)error;
    const backward *b = context;
    const ropelaw_attention_problem *p = b->plan.p;
    const scratch *s = b->threads + thread;
    size_t group = p->n_heads / p->n_kv_heads;
    pack_keys(b, s, kv);
    for (size_t h = kv * group; h < (kv + 1) * group; h++)
        for (size_t q0 = 0; q0 < p->n_tok; q0 += TILES * LANES) query_group(b, s, h, q0);
    for (size_t j = 0; j < p->n_tok; j++) { /* queries carried 1 / ln 2 */
        turn_back(b, s, j, (float)ln2, s->dkeys + j * b->plan.n_columns,
                  b->x->dk + j * p->k.tok + kv * p->k.head);
        memcpy(b->x->dv + j * p->v.tok + kv * p->v.head, s->dvalues + j * b->plan.n_columns,
               p->head_dim * sizeof(float));
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

ropelaw_status ropelaw_attention_backward(const ropelaw_attention_problem *p,
                                          const ropelaw_attention_options *options,
                                          const ropelaw_attention_f32 *x,
                                          const ropelaw_attention_workspace *w, ropelaw_error *error) {
    attention_arena arena;
    backward b = {.x = x};
    const attention_kernel *kernel = NULL;
    ropelaw_status status = attention_call_check(p, options, x, &kernel, error);
    if (status || attention_is_empty(p)) return status;
    status = attention_arena_init(&arena, w, attention_backward_bytes(p, options, kernel), error);
    if (!status) status = check(p, x, w, error);
    if (status) return status;
    init(&b, p, options, kernel);
    take(&b, &arena);
    attention_plan_start(&b.plan);
    return core_parallel(b.plan.n_threads, p->n_kv_heads, run_task, &b, options ? &options->progress : NULL,
                         error);
}
