/* Statistics of rows of the attention matrix, in groups of up to 48 rows (the lanes of a tile).

   For each head and group, two stages. First, tasks over chunks of keys fill scores[key][row] by the microkernel of the
   forward and, per chunk and row, a maximum m, l = sum e^(s - m) and w = sum s e^(s - m). They combine, in the order of
   the chunks, to lse = m + ln l and to the entropy lse - w / l. Second, tasks over ranges of distance add scores and
   weights of all rows in the order of the rows. So the bytes do not depend on the number of threads; memory is
   48 * n_tok scores, never n_tok^2. */
#include "attention/plan.h"
#include "core/core.h"
#include <math.h>
#include <string.h>

enum { CHUNK = 4096 /* keys or distances of a task, a multiple of 64 */ };

typedef struct {
    double largest, sum, weighted;
} partial;

typedef struct {
    attention_plan plan;
    const ropelaw_attention_f32 *x;
    const ropelaw_attention_stats *stats;
    size_t n_rows, n_chunks;
    float *keys;                  /* [n_keys][n_columns] of one key head */
    float *scores;                /* [n_keys][48] */
    float *queries;               /* [n_columns][48] */
    float *rows;                  /* [4][n_columns] */
    float *tables;                /* [n_threads][2][n_pairs] */
    partial *partials;            /* [n_chunks][48] */
    double *lse;                  /* [48] */
    double *mass, *sum;           /* [n_tok] of one head */
    uint64_t *pairs;              /* [n_tok] */
    size_t h, first_row, n_lanes; /* the group at work */
} stats_state;

static void take(stats_state *s, attention_arena *arena) {
    const attention_plan *plan = &s->plan;
    s->n_chunks = (plan->n_keys + CHUNK - 1) / CHUNK;
    attention_plan_take(&s->plan, arena);
    s->keys = attention_take(arena, plan->n_keys, plan->n_columns * sizeof(float));
    s->scores = attention_take(arena, plan->n_keys, ATTENTION_LANES * sizeof(float));
    s->queries = attention_take(arena, plan->n_columns, ATTENTION_LANES * sizeof(float));
    s->rows = attention_take(arena, plan->n_columns, 4 * sizeof(float));
    s->tables = attention_take(arena, plan->n_threads, 2 * plan->n_pairs * sizeof(float));
    s->partials = attention_take(arena, s->n_chunks, ATTENTION_LANES * sizeof *s->partials);
    s->lse = attention_take(arena, ATTENTION_LANES, sizeof(double));
    s->mass = attention_take(arena, plan->p->n_tok, sizeof(double));
    s->sum = attention_take(arena, plan->p->n_tok, sizeof(double));
    s->pairs = attention_take(arena, plan->p->n_tok, sizeof(uint64_t));
}

size_t attention_stats_bytes(const ropelaw_attention_problem *p, const ropelaw_attention_options *options,
                             const attention_kernel *kernel) {
    stats_state s = {0};
    attention_arena arena = {0};
    attention_plan_init(&s.plan, p, options, kernel);
    take(&s, &arena);
    return arena.used;
}

static size_t row_token(const stats_state *s, size_t lane) {
    size_t r = s->first_row + lane;
    return s->stats->rows ? s->stats->rows[r] : r;
}

static ropelaw_status pack_chunk(void *context, size_t chunk, size_t thread, ropelaw_error *error) {
    (void)error;
    const stats_state *s = context;
    const ropelaw_attention_problem *p = s->plan.p;
    size_t columns = s->plan.n_columns,
           end = (chunk + 1) * CHUNK < s->plan.n_keys ? (chunk + 1) * CHUNK : s->plan.n_keys;
    const float *k = s->x->k + s->h / (p->n_heads / p->n_kv_heads) * p->k.head;
    float *table = s->tables + thread * 2 * s->plan.n_pairs;
    for (size_t j = chunk * CHUNK; j < end; j++) {
        if (j >= p->n_tok) {
            memset(s->keys + j * columns, 0, columns * sizeof(float));
            continue;
        }
        attention_plan_table(&s->plan, j, table);
        attention_pack_turned(&s->plan, table, k + j * p->k.tok, s->keys + j * columns);
    }
    return ROPELAW_OK;
}

/* Scores are natural here: softmax_scale * g without the 1 / ln 2 of the forward. */
static void pack_rows(const stats_state *s) {
    const ropelaw_attention_problem *p = s->plan.p;
    size_t columns = s->plan.n_columns;
    for (size_t lane = 0; lane < ATTENTION_LANES; lane += 4) {
        float scale[4] = {0, 0, 0, 0};
        memset(s->rows, 0, 4 * columns * sizeof(float));
        for (size_t r = 0; r < 4 && lane + r < s->n_lanes; r++) {
            size_t i = row_token(s, lane + r);
            scale[r] = (float)(attention_scale(p, i) * 0.69314718055994530942);
            attention_plan_table(&s->plan, i, s->tables);
            attention_pack_turned(&s->plan, s->tables, s->x->q + i * p->q.tok + s->h * p->q.head,
                                  s->rows + r * columns);
        }
        attention_transpose4(s->rows, columns, scale, s->queries, lane);
    }
}

static void reduce_row(const stats_state *s, const attention_seen *see, size_t lane, size_t j0, size_t j1,
                       partial *out) {
    partial sum = {-INFINITY, 0, 0};
    bool nan = false;
    for (size_t j = j0; j < j1; j++) {
        double x = s->scores[j * ATTENTION_LANES + lane];
        if (!attention_sees(see, j)) continue;
        if (x > sum.largest) sum.largest = x;
        nan = nan || isnan(x);
    }
    if (nan) sum.largest = NAN;
    for (size_t j = j0; j < j1 && sum.largest != -INFINITY; j++) {
        if (!attention_sees(see, j)) continue;
        double x = s->scores[j * ATTENTION_LANES + lane], weight = exp(x - sum.largest);
        sum.sum += weight;
        if (weight != 0) sum.weighted += x * weight;
    }
    *out = sum;
}

static ropelaw_status score_chunk(void *context, size_t chunk, size_t thread, ropelaw_error *error) {
    (void)thread;
    (void)error;
    const stats_state *s = context;
    size_t j0 = chunk * CHUNK, j1 = j0 + CHUNK < s->plan.n_keys ? j0 + CHUNK : s->plan.n_keys;
    s->plan.kernel->scores(s->keys + j0 * s->plan.n_columns, j1 - j0, s->plan.n_columns, s->queries, 0,
                           s->scores + j0 * ATTENTION_LANES);
    if (j1 > s->plan.p->n_tok) j1 = s->plan.p->n_tok;
    for (size_t lane = 0; lane < s->n_lanes; lane++) {
        attention_seen see = attention_seen_keys(s->plan.p, row_token(s, lane));
        reduce_row(s, &see, lane, j0, j1, s->partials + chunk * ATTENTION_LANES + lane);
    }
    return ROPELAW_OK;
}

/* The chunks of one row put together; writes what is asked for by row. */
static void finish_row(const stats_state *s, size_t lane) {
    double largest = -INFINITY, sum = 0, weighted = 0;
    for (size_t c = 0; c < s->n_chunks; c++) {
        double m = s->partials[c * ATTENTION_LANES + lane].largest;
        if (m > largest || isnan(m)) largest = m;
        if (isnan(m)) break;
    }
    for (size_t c = 0; c < s->n_chunks && largest != -INFINITY; c++) {
        const partial *x = s->partials + c * ATTENTION_LANES + lane;
        if (x->largest == -INFINITY) continue;
        double scale = exp(x->largest - largest);
        sum += scale * x->sum;
        weighted += scale * x->weighted;
    }
    s->lse[lane] = largest == -INFINITY ? -INFINITY : largest + log(sum);
    size_t at = s->h * s->n_rows + s->first_row + lane;
    if (s->stats->lse) s->stats->lse[at] = s->lse[lane];
    if (s->stats->max_logit) s->stats->max_logit[at] = isnan(s->lse[lane]) ? NAN : largest;
    double entropy = s->lse[lane] - weighted / sum;
    if (s->stats->entropy) s->stats->entropy[at] = largest == -INFINITY ? 0 : entropy < 0 ? 0 : entropy;
}

/* One row's key j = i - d or i + d. */
static void add_pair(const stats_state *s, const attention_seen *see, size_t lane, size_t j,
                     size_t distance) {
    if (!attention_sees(see, j)) return;
    double x = s->scores[j * ATTENTION_LANES + lane];
    s->sum[distance] += x;
    if (s->lse[lane] != -INFINITY) s->mass[distance] += exp(x - s->lse[lane]);
    s->pairs[distance]++;
}

static ropelaw_status spread_chunk(void *context, size_t chunk, size_t thread, ropelaw_error *error) {
    (void)thread;
    (void)error;
    const stats_state *s = context;
    size_t n_tok = s->plan.p->n_tok, d0 = chunk * CHUNK, d1 = d0 + CHUNK < n_tok ? d0 + CHUNK : n_tok;
    for (size_t lane = 0; lane < s->n_lanes; lane++) {
        size_t i = row_token(s, lane);
        attention_seen see = attention_seen_keys(s->plan.p, i);
        for (size_t d = d0; d < d1 && d <= i; d++) add_pair(s, &see, lane, i - d, d);
        for (size_t d = d0 ? d0 : 1; d < d1 && i + d < n_tok && !s->plan.p->causal; d++)
            add_pair(s, &see, lane, i + d, d);
    }
    return ROPELAW_OK;
}

static ropelaw_status run_head(stats_state *s, const ropelaw_progress *progress, ropelaw_error *error) {
    size_t n_tok = s->plan.p->n_tok, threads = s->plan.n_threads;
    bool by_distance = s->stats->mass || s->stats->mean_score || (s->stats->n_pairs && s->h == 0);
    for (size_t d = 0; d < n_tok; d++) s->mass[d] = s->sum[d] = 0;
    memset(s->pairs, 0, n_tok * sizeof *s->pairs);
    ropelaw_status status = core_parallel(threads, s->n_chunks, pack_chunk, s, NULL, error);
    for (s->first_row = 0; !status && s->first_row < s->n_rows; s->first_row += ATTENTION_LANES) {
        s->n_lanes = s->n_rows - s->first_row < ATTENTION_LANES ? s->n_rows - s->first_row : ATTENTION_LANES;
        pack_rows(s);
        status = core_parallel(threads, s->n_chunks, score_chunk, s, NULL, error);
        for (size_t lane = 0; lane < s->n_lanes; lane++) finish_row(s, lane);
        if (!status && by_distance)
            status = core_parallel(threads, s->n_chunks, spread_chunk, s, NULL, error);
        double done = (double)s->h + (double)s->first_row / (double)s->n_rows;
        if (!status) status = core_progress(progress, done / (double)s->plan.p->n_heads, error);
    }
    for (size_t d = 0; !status && d < n_tok; d++) {
        if (s->stats->mass) s->stats->mass[s->h * n_tok + d] = s->n_rows ? s->mass[d] / (double)s->n_rows : 0;
        if (s->stats->mean_score) s->stats->mean_score[s->h * n_tok + d] = s->sum[d] / (double)s->pairs[d];
        if (s->stats->n_pairs && s->h == 0) s->stats->n_pairs[d] = s->pairs[d];
    }
    return status;
}

ropelaw_status ropelaw_attention_stats_f32(const ropelaw_attention_problem *p,
                                           const ropelaw_attention_options *options,
                                           const ropelaw_attention_f32 *x,
                                           const ropelaw_attention_stats *stats,
                                           const ropelaw_attention_workspace *w, ropelaw_error *error) {
    attention_arena arena;
    const attention_kernel *kernel = NULL;
    ropelaw_status status = attention_call_check(p, options, x, &kernel, error);
    if (status || attention_is_empty(p)) return status;
    status = attention_stats_check(p, x->q, x->k, 4, stats, w, error);
    if (!status) status = attention_arena_init(&arena, w, attention_stats_bytes(p, options, kernel), error);
    if (status) return status;
    stats_state s = {.x = x, .stats = stats, .n_rows = attention_stats_rows(p, stats)};
    attention_plan_init(&s.plan, p, options, kernel);
    take(&s, &arena);
    attention_plan_start(&s.plan);
    for (s.h = 0; !status && s.h < p->n_heads; s.h++)
        status = run_head(&s, options ? &options->progress : NULL, error);
    return status;
}
