/* The rows that the backward pass multiplies: their memory, keys, values and queries packed into it, and the gradients
   turned back into the caller's tensors. */
#include "attention/backward.h"
#include <math.h>
#include <string.h>

static void take_keys(const attention_plan *plan, attention_arena *arena, attention_backward_rows *s) {
    const size_t bytes = plan->n_columns * sizeof(float);
    s->keys = attention_take(arena, plan->n_keys, bytes);
    s->values = attention_take(arena, plan->n_keys, bytes);
    s->dkeys = attention_take(arena, plan->n_keys, bytes);
    s->dvalues = attention_take(arena, plan->n_keys, bytes);
}

static void take_groups(const attention_plan *plan, attention_arena *arena, attention_backward_rows *s,
                        size_t n) {
    const size_t rows = n * GROUP, bytes = plan->n_columns * sizeof(float);
    s->queries = attention_take(arena, rows, bytes);
    s->dout = attention_take(arena, rows, bytes);
    s->queries_t = attention_take(arena, rows, bytes);
    s->dout_t = attention_take(arena, rows, bytes);
    s->dqueries = attention_take(arena, rows, bytes);
    s->lse = attention_take(arena, rows, sizeof(float));
    s->delta = attention_take(arena, rows, sizeof(float));
}

void attention_backward_take(attention_backward *b, attention_arena *arena) {
    attention_plan *plan = &b->plan;
    attention_plan_take(plan, arena);
    b->threads = attention_take(arena, plan->n_threads, sizeof *b->threads);
    if (b->shares_head) {
        take_keys(plan, arena, &b->head);
        take_groups(plan, arena, &b->head, b->n_groups);
    }
    for (size_t i = 0; i < plan->n_threads && arena->used != SIZE_MAX; i++) {
        attention_backward_rows s = {.weights = attention_take(arena, KEYS * LANES, sizeof(float)),
                                     .dscores = attention_take(arena, KEYS * LANES, sizeof(float)),
                                     .table = attention_take(arena, 2 * plan->n_pairs, sizeof(float))};
        if (!b->shares_head) {
            take_keys(plan, arena, &s);
            take_groups(plan, arena, &s, 1);
        }
        if (arena->memory) b->threads[i] = s;
    }
}

void attention_backward_init(attention_backward *b, const ropelaw_attention_problem *p,
                             const ropelaw_attention_options *options, const attention_kernel *kernel) {
    attention_plan_init(&b->plan, p, options, kernel);
    size_t n_threads = b->plan.n_threads, n_blocks = b->plan.n_keys / KEYS;
    b->n_groups = (p->n_tok + GROUP - 1) / GROUP;
    b->shares_head = n_threads > p->n_kv_heads && b->n_groups > 1;
    if (!b->shares_head && n_threads > p->n_kv_heads) b->plan.n_threads = p->n_kv_heads;
    /* eight runs a thread keep the diagonals long enough */
    b->n_runs = n_threads < n_blocks / 8 ? 8 * n_threads : n_blocks;
    b->run_keys = (n_blocks + b->n_runs - 1) / b->n_runs * KEYS;
}

attention_backward_rows attention_backward_view(const attention_backward *b, size_t thread, size_t group) {
    attention_backward_rows s = b->head;
    size_t at = group * GROUP, columns = b->plan.n_columns;
    s.queries += at * columns;
    s.dout += at * columns;
    s.queries_t += at * columns;
    s.dout_t += at * columns;
    s.dqueries += at * columns;
    s.lse += at;
    s.delta += at;
    s.weights = b->threads[thread].weights;
    s.dscores = b->threads[thread].dscores;
    s.table = b->threads[thread].table;
    return s;
}

void attention_backward_clear_keys(const attention_backward *b, const attention_backward_rows *s) {
    size_t columns = b->plan.n_columns, n = b->plan.n_keys * columns * sizeof(float);
    memset(s->values, 0, n);
    memset(s->dkeys, 0, n);
    memset(s->dvalues, 0, n);
    memset(s->keys + b->plan.p->n_tok * columns, 0,
           (b->plan.n_keys - b->plan.p->n_tok) * columns * sizeof(float));
}

void attention_backward_pack_keys(const attention_backward *b, const attention_backward_rows *s, size_t kv,
                                  size_t j, size_t end) {
    const ropelaw_attention_problem *p = b->plan.p;
    size_t columns = b->plan.n_columns;
    for (; j < end && j < p->n_tok; j++) {
        attention_plan_table(&b->plan, j, s->table);
        attention_pack_turned(&b->plan, s->table, b->x->k + j * p->k.tok + kv * p->k.head,
                              s->keys + j * columns);
        memcpy(s->values + j * columns, b->x->v + j * p->v.tok + kv * p->v.head, p->head_dim * sizeof(float));
    }
}

/* Row `lane` of the group that starts at token q0; what lies behind the last token is zero. */
static void pack_row(const attention_backward *b, const attention_backward_rows *s, size_t h, size_t i,
                     size_t lane) {
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

void attention_backward_pack_queries(const attention_backward *b, const attention_backward_rows *s, size_t h,
                                     size_t q0) {
    static const float one[4] = {1, 1, 1, 1};
    size_t columns = b->plan.n_columns;
    memset(s->dqueries, 0, GROUP * columns * sizeof(float));
    for (size_t lane = 0; lane < GROUP; lane++) {
        pack_row(b, s, h, q0 + lane, lane);
        if (lane % 4 < 3) continue;
        size_t tile = lane / LANES * LANES * columns;
        attention_transpose4(s->queries + (lane - 3) * columns, columns, one, s->queries_t + tile,
                             lane % LANES - 3);
        attention_transpose4(s->dout + (lane - 3) * columns, columns, one, s->dout_t + tile,
                             lane % LANES - 3);
    }
}

/* A gradient with respect to a rotated row, times `scale`, turned back into the caller's tensor. */
static void turn_back(const attention_backward *b, const attention_backward_rows *s, size_t t, float scale,
                      float *row, float *out) {
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

void attention_backward_finish_queries(const attention_backward *b, const attention_backward_rows *s,
                                       size_t h, size_t q0) {
    const ropelaw_attention_problem *p = b->plan.p;
    for (size_t i = q0; i < q0 + GROUP && i < p->n_tok; i++)
        turn_back(b, s, i, (float)(attention_scale(p, i) * ln2), s->dqueries + (i - q0) * b->plan.n_columns,
                  b->x->dq + i * p->q.tok + h * p->q.head);
}

void attention_backward_finish_keys(const attention_backward *b, const attention_backward_rows *s, size_t kv,
                                    size_t j, size_t end) {
    const ropelaw_attention_problem *p = b->plan.p;
    for (; j < end && j < p->n_tok; j++) { /* queries carried 1 / ln 2 */
        turn_back(b, s, j, (float)ln2, s->dkeys + j * b->plan.n_columns,
                  b->x->dk + j * p->k.tok + kv * p->k.head);
        memcpy(b->x->dv + j * p->v.tok + kv * p->v.head, s->dvalues + j * b->plan.n_columns,
               p->head_dim * sizeof(float));
    }
}
