/* q = a 1 + e, k = a 1 + e' with independent noise give E[q . R_m k] = a^2 1 . R_m 1 = 2 a^2 sum_n cos(m theta_n): the
   sines of a pair cancel because both of its members are 1. */
#include "attention/attention.h"
#include "core/core.h"
#include <math.h>
#include <ropelaw/attention_check.h>
#include <ropelaw/random.h>
#include <time.h>

typedef struct {
    const ropelaw_attention_survey_options *o;
    ropelaw_attention_problem p;
    double freq[256];
    ropelaw_attention_f32 x;
    ropelaw_attention_stats stats;
    ropelaw_attention_workspace workspace;
    float *q, *k;
    size_t *rows;
    double *by_tok, *by_row;
} survey;

static ropelaw_status check(const ropelaw_attention_survey_options *o, ropelaw_error *error) {
    if (!o) return core_fail(error, ROPELAW_INVALID, "options", "", "", "options is missing");
    if (o->n_tok < 1) return core_fail_number(error, ROPELAW_DOMAIN, "n_tok", (double)o->n_tok, ">= 1");
    if (o->n_rows < 1 || o->n_rows > o->n_tok)
        return core_fail_number(error, ROPELAW_DOMAIN, "n_rows", (double)o->n_rows, "1..n_tok");
    if (o->head_dim < 2 || o->head_dim % 2 || o->head_dim > 512)
        return core_fail_number(error, ROPELAW_DOMAIN, "head_dim", (double)o->head_dim, "even, 2..512");
    if (!(o->base > 1 && isfinite(o->base)))
        return core_fail_number(error, ROPELAW_DOMAIN, "base", o->base, "> 1");
    if (!(fabs(o->alignment) <= 1e6))
        return core_fail_number(error, ROPELAW_DOMAIN, "alignment", o->alignment, "-1e6..1e6");
    return ROPELAW_OK;
}

/* Noise is uniform with variance 1; a token's numbers depend on the seed and the token alone. */
static void fill_row(const survey *s, uint64_t stream, float *row) {
    ropelaw_random random;
    ropelaw_random_init(&random, s->o->seed, stream);
    for (size_t c = 0; c < s->o->head_dim; c++)
        row[c] = (float)(s->o->alignment + 3.4641016151377544 * (ropelaw_random_uniform(&random) - 0.5));
}

static ropelaw_status fill_keys(void *context, size_t block, size_t thread, ropelaw_error *error) {
    (void)thread;
    (void)error;
    const survey *s = context;
    for (size_t j = block * 1024; j < (block + 1) * 1024 && j < s->o->n_tok; j++)
        fill_row(s, 2 * (uint64_t)j, s->k + j * s->o->head_dim);
    return ROPELAW_OK;
}

static ropelaw_status init(survey *s, ropelaw_error *error) {
    const ropelaw_attention_survey_options *o = s->o;
    ropelaw_attention_problem_init(&s->p, o->n_tok, 1, 1, o->head_dim);
    for (size_t n = 0; n < o->head_dim / 2; n++)
        s->freq[n] = pow(o->base, -2.0 * (double)n / (double)o->head_dim);
    s->p.rotary_dim = o->head_dim;
    s->p.inv_freq = s->freq;
    ropelaw_status status = ropelaw_attention_workspace_size(&s->p, &o->options, ROPELAW_ATTENTION_STATS_F32,
                                                             &s->workspace.bytes, error);
    if (status) return status;
    s->k = core_malloc(o->n_tok, o->head_dim * sizeof *s->k);
    s->q =
        core_calloc(o->n_tok, o->head_dim * sizeof *s->q); /* rows that are not asked for are never touched */
    s->rows = core_malloc(o->n_rows, sizeof *s->rows);
    s->by_tok = core_malloc(o->n_tok, 3 * sizeof *s->by_tok);
    s->by_row = core_malloc(o->n_rows, 3 * sizeof *s->by_row);
    s->workspace.memory = core_malloc(s->workspace.bytes, 1);
    if (!s->k || !s->q || !s->rows || !s->by_tok || !s->by_row || !s->workspace.memory)
        return core_fail_memory(error, o->n_tok, 4 * o->head_dim * sizeof *s->k);
    for (size_t r = 0; r < o->n_rows; r++) {
        s->rows[r] = (size_t)((double)(r + 1) * ((double)o->n_tok / (double)o->n_rows)) - 1;
        if (r + 1 == o->n_rows) s->rows[r] = o->n_tok - 1;
        fill_row(s, 2 * (uint64_t)s->rows[r] + 1, s->q + s->rows[r] * o->head_dim);
    }
    s->x = (ropelaw_attention_f32){.q = s->q, .k = s->k};
    s->stats = (ropelaw_attention_stats){.rows = s->rows,
                                         .n_rows = o->n_rows,
                                         .mean_score = s->by_tok,
                                         .mass = s->by_tok + o->n_tok,
                                         .entropy = s->by_row,
                                         .max_logit = s->by_row + o->n_rows,
                                         .lse = s->by_row + 2 * o->n_rows};
    s->stats.n_pairs = (uint64_t *)(void *)(s->by_tok + 2 * o->n_tok); /* 64 bits as well */
    return core_parallel(o->options.n_threads, (o->n_tok + 1023) / 1024, fill_keys, s, NULL, error);
}

static void clear(survey *s) {
    core_free(s->k);
    core_free(s->q);
    core_free(s->rows);
    core_free(s->by_tok);
    core_free(s->by_row);
    core_free(s->workspace.memory);
}

static double expected(const survey *s, double distance) {
    double sum = 0;
    for (size_t n = 0; n < s->o->head_dim / 2; n++) sum += cos(distance * s->freq[n]);
    return 2 * s->o->alignment * s->o->alignment * s->p.softmax_scale * sum;
}

static void add_distances(const survey *s, ropelaw_attention_survey *out) {
    for (size_t first = 0; first < s->o->n_tok && out->n_distances < ROPELAW_ATTENTION_DISTANCES;) {
        size_t last = first ? 2 * first - 1 : 0;
        if (last >= s->o->n_tok) last = s->o->n_tok - 1;
        ropelaw_attention_distance x = {.first = first, .last = last};
        core_sum score = {0, 0}, theory = {0, 0}, mass = {0, 0};
        for (size_t d = first; d <= last; d++) {
            double pairs = (double)s->stats.n_pairs[d];
            if (pairs == 0) continue;
            x.n_pairs += s->stats.n_pairs[d];
            core_sum_add(&score, pairs * s->stats.mean_score[d]);
            core_sum_add(&theory, pairs * expected(s, (double)d));
            core_sum_add(&mass, s->stats.mass[d]);
        }
        x.mean_score = core_sum_value(&score) / (double)x.n_pairs;
        x.expected_score = core_sum_value(&theory) / (double)x.n_pairs;
        x.mass = core_sum_value(&mass);
        out->distances[out->n_distances++] = x;
        first = last + 1;
    }
}

static void add_rows(const survey *s, ropelaw_attention_survey *out) {
    core_sum entropy = {0, 0}, uniform = {0, 0};
    out->max_logit = -INFINITY;
    for (size_t r = 0; r < s->o->n_rows; r++) {
        core_sum_add(&entropy, s->stats.entropy[r]);
        core_sum_add(&uniform, log((double)s->rows[r] + 1));
        out->max_logit = fmax(out->max_logit, s->stats.max_logit[r]);
    }
    out->entropy = core_sum_value(&entropy) / (double)s->o->n_rows;
    out->uniform_entropy = core_sum_value(&uniform) / (double)s->o->n_rows;
}

static double wall_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

ropelaw_status ropelaw_attention_survey_run(const ropelaw_attention_survey_options *options,
                                            ropelaw_attention_survey *result, ropelaw_error *error) {
    ropelaw_status status = check(options, error);
    if (status) return status;
    survey s = {.o = options};
    ropelaw_attention_survey out = {0};
    status = init(&s, error);
    if (!status) {
        double start = wall_seconds();
        status = ropelaw_attention_stats_f32(&s.p, &options->options, &s.x, &s.stats, &s.workspace, error);
        out.seconds = wall_seconds() - start;
    }
    if (!status) status = ropelaw_attention_kernel_find(&options->options, &out.kernel, error);
    if (!status) {
        out.workspace_bytes = s.workspace.bytes;
        add_distances(&s, &out);
        add_rows(&s, &out);
        *result = out;
    }
    clear(&s);
    return status;
}
