#include "attention/reference.h"
#include "core/core.h"
#include <math.h>

static double entropy(const double *scores, size_t n, double lse) {
    double sum = 0;
    for (size_t j = 0; j < n && lse != -INFINITY; j++) {
        double weight = exp(scores[j] - lse);
        if (weight != 0) sum -= weight * (scores[j] - lse);
    }
    return sum;
}

typedef struct {
    size_t h, r;
    double lse;
    const double *scores;
} row;

static void add_row(const ropelaw_attention_problem *p, const ropelaw_attention_stats *stats, const row *x) {
    size_t i = stats->rows ? stats->rows[x->r] : x->r, n_rows = attention_stats_rows(p, stats);
    double *sum = stats->mean_score ? stats->mean_score + x->h * p->n_tok : NULL;
    double *mass = stats->mass ? stats->mass + x->h * p->n_tok : NULL, largest = -INFINITY;
    for (size_t j = 0; j < p->n_tok; j++) {
        if (!reference_sees(p, i, j)) continue;
        size_t distance = i > j ? i - j : j - i;
        largest = isnan(x->lse) ? NAN : fmax(largest, x->scores[j]);
        if (sum) sum[distance] += x->scores[j];
        if (mass && x->lse != -INFINITY) mass[distance] += exp(x->scores[j] - x->lse) / (double)n_rows;
        if (stats->n_pairs && x->h == 0) stats->n_pairs[distance]++;
    }
    if (stats->entropy) stats->entropy[x->h * n_rows + x->r] = entropy(x->scores, p->n_tok, x->lse);
    if (stats->max_logit) stats->max_logit[x->h * n_rows + x->r] = largest;
    if (stats->lse) stats->lse[x->h * n_rows + x->r] = x->lse;
}

static void clear(const ropelaw_attention_problem *p, const ropelaw_attention_stats *stats) {
    for (size_t s = 0; s < p->n_tok; s++) {
        if (stats->n_pairs) stats->n_pairs[s] = 0;
        for (size_t h = 0; h < p->n_heads; h++) {
            if (stats->mean_score) stats->mean_score[h * p->n_tok + s] = 0;
            if (stats->mass) stats->mass[h * p->n_tok + s] = 0;
        }
    }
}

/* Sums of scores become means. */
static void divide(const ropelaw_attention_problem *p, const ropelaw_attention_stats *stats, size_t h) {
    size_t n_rows = attention_stats_rows(p, stats);
    for (size_t s = 0; stats->mean_score && s < p->n_tok; s++) {
        size_t pairs = 0;
        for (size_t r = 0; r < n_rows; r++) {
            size_t i = stats->rows ? stats->rows[r] : r;
            if (i >= s && reference_sees(p, i, i - s)) pairs++;
            if (s && i + s < p->n_tok && reference_sees(p, i, i + s)) pairs++;
        }
        stats->mean_score[h * p->n_tok + s] /= (double)pairs;
    }
}

ropelaw_status ropelaw_attention_reference_stats(const ropelaw_attention_problem *p,
                                                 const ropelaw_attention_f64 *x,
                                                 const ropelaw_attention_stats *stats, ropelaw_error *error) {
    ropelaw_status status = ropelaw_attention_problem_check(p, error);
    if (!status) status = attention_stats_check(p, x ? x->q : NULL, x ? x->k : NULL, 8, stats, NULL, error);
    if (status || attention_is_empty(p)) return status;
    double *keys = core_malloc(p->n_tok, p->head_dim * sizeof *keys);
    double *scores = core_malloc(p->n_tok + p->head_dim, sizeof *scores), *query = scores + p->n_tok;
    if (!keys || !scores) {
        core_free(keys);
        core_free(scores);
        return core_fail_memory(error, p->n_tok, p->head_dim * sizeof *keys);
    }
    clear(p, stats);
    for (size_t h = 0; h < p->n_heads; h++) {
        reference_keys(p, x->k, h / (p->n_heads / p->n_kv_heads), keys);
        for (size_t r = 0; r < attention_stats_rows(p, stats); r++) {
            size_t i = stats->rows ? stats->rows[r] : r;
            reference_rotate_row(p, ROPELAW_ATTENTION_ROTATE, i, x->q + i * p->q.tok + h * p->q.head, query);
            double lse = reference_scores(p, query, keys, i, scores);
            add_row(p, stats, &(row){h, r, lse, scores});
        }
        divide(p, stats, h);
    }
    core_free(keys);
    core_free(scores);
    return ROPELAW_OK;
}
