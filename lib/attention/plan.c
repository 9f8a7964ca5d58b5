#include "attention/plan.h"
#include "core/core.h"
#include <float.h>
#include <math.h>
#include <string.h>

static size_t round_up(size_t n, size_t to) {
    return (n + to - 1) / to * to;
}

void *attention_take(attention_arena *arena, size_t count, size_t size) {
    size_t bytes, end;
    if (arena->used == SIZE_MAX || __builtin_mul_overflow(count, size, &bytes) ||
        bytes > (size_t)PTRDIFF_MAX - 64 || __builtin_add_overflow(arena->used, round_up(bytes, 64), &end) ||
        end > (size_t)PTRDIFF_MAX) {
        arena->used = SIZE_MAX;
        return NULL;
    }
    void *at = arena->memory ? arena->memory + arena->used : NULL;
    arena->used = end;
    return at;
}

double attention_position(const ropelaw_attention_problem *p, size_t t) {
    return (double)(p->positions ? p->positions[t] : p->position_offset + t);
}

bool attention_turns_are_moderate(const ropelaw_attention_problem *p) {
    double largest = 0, far = attention_position(p, 0);
    for (size_t n = 0; n < p->rotary_dim / 2; n++) largest = fmax(largest, fabs(p->inv_freq[n]));
    far = fmax(far, attention_position(p, p->n_tok - 1));
    for (size_t t = 0; p->positions && t < p->n_tok; t++) far = fmax(far, attention_position(p, t));
    return far * largest < 0x1p50 && largest < 0x1p9;
}

void attention_plan_init(attention_plan *plan, const ropelaw_attention_problem *p,
                         const ropelaw_attention_options *options, const attention_kernel *kernel) {
    memset(plan, 0, sizeof *plan);
    plan->p = p;
    plan->kernel = kernel;
    plan->angles =
        p->n_tok && !attention_turns_are_moderate(p) ? attention_kernel_portable.angles : kernel->angles;
    plan->n_threads = options ? core_threads(options->n_threads, SIZE_MAX) : 1;
    plan->n_columns = round_up(p->head_dim, ATTENTION_ALIGN);
    plan->n_keys = round_up(p->n_tok, ATTENTION_KEYS);
    plan->n_pairs = round_up(p->rotary_dim / 2, ATTENTION_ALIGN);
    plan->b_k = plan->n_columns < ATTENTION_PANEL ? plan->n_columns : ATTENTION_PANEL;
    plan->b_panel = ATTENTION_PANEL * plan->n_keys;
    plan->values_per_head = round_up(plan->n_columns, plan->b_k) * plan->n_keys;
}

void attention_plan_take(attention_plan *plan, attention_arena *arena) {
    plan->rate = attention_take(arena, plan->n_pairs, sizeof *plan->rate);
    plan->not_finite = attention_take(arena, plan->p->n_kv_heads, plan->n_keys / ATTENTION_KEYS);
}

void attention_plan_start(attention_plan *plan) {
    for (size_t n = 0; n < plan->n_pairs; n++)
        plan->rate[n] = n < plan->p->rotary_dim / 2 ? plan->p->inv_freq[n] * 0.63661977236758134308 : 0;
}

void attention_plan_tables(const attention_plan *plan, size_t t, size_t n, float *table) {
    double position[ATTENTION_TURNS];
    attention_angles angles = {.rate = plan->rate,
                               .n_pairs = plan->n_pairs,
                               .step = 2 * plan->n_pairs,
                               .factor = (float)plan->p->attention_factor,
                               .cosine = table,
                               .sine = table + plan->n_pairs};
    if (n > plan->p->n_tok - t) n = plan->p->n_tok - t;
    for (size_t i = 0; i < n; i++) position[i] = attention_position(plan->p, t + i);
    plan->angles(&angles, position, n);
}

void attention_pack_turned(const attention_plan *plan, const float *table, const float *in, float *out) {
    const ropelaw_attention_problem *p = plan->p;
    attention_turn turn = {.n_pairs = p->rotary_dim / 2,
                           .head_dim = p->head_dim,
                           .interleaved = p->pairing == ROPELAW_ATTENTION_INTERLEAVED,
                           .cosine = table,
                           .sine = table + plan->n_pairs,
                           .n_rows = 1};
    plan->kernel->turn(&turn, in, out);
    for (size_t c = p->head_dim; c < plan->n_columns; c++) out[c] = 0;
}

float attention_scale(const ropelaw_attention_problem *p, size_t t) {
    double scale = p->softmax_scale * 1.4426950408889634074; /* 1 / ln 2 */
    if (p->log_n_train_len > 0) {
        double gain = log(attention_position(p, t) + 1) / log(p->log_n_train_len);
        if (gain > 1) scale *= gain;
    }
    return (float)scale;
}

void attention_transpose4(const float *rows, size_t n_columns, const float *scale, float *tile, size_t lane) {
    typedef float four __attribute__((vector_size(16)));
    for (size_t c = 0; c < n_columns; c += 4) {
        four x[4], lo0, lo1, hi0, hi1;
        for (size_t r = 0; r < 4; r++) {
            memcpy(&x[r], rows + r * n_columns + c, sizeof x[r]);
            x[r] *= scale[r];
        }
        lo0 = __builtin_shufflevector(x[0], x[1], 0, 4, 1, 5);
        lo1 = __builtin_shufflevector(x[2], x[3], 0, 4, 1, 5);
        hi0 = __builtin_shufflevector(x[0], x[1], 2, 6, 3, 7);
        hi1 = __builtin_shufflevector(x[2], x[3], 2, 6, 3, 7);
        four y[4] = {
            __builtin_shufflevector(lo0, lo1, 0, 1, 4, 5), __builtin_shufflevector(lo0, lo1, 2, 3, 6, 7),
            __builtin_shufflevector(hi0, hi1, 0, 1, 4, 5), __builtin_shufflevector(hi0, hi1, 2, 3, 6, 7)};
        for (size_t u = 0; u < 4; u++) memcpy(tile + (c + u) * ATTENTION_LANES + lane, &y[u], sizeof y[u]);
    }
}

/* Lanes [*first, *end) of queries q0 .. q0 + 47 that see key j; see the rule in <ropelaw/attention.h>. */
static void seen_lanes(const ropelaw_attention_problem *p, size_t q0, size_t j, size_t *first, size_t *end) {
    *first = *end = 0;
    if (j >= p->n_tok || j < p->n_pad_tok) return;
    *end = ATTENTION_LANES;
    if (p->causal && j > q0) *first = j - q0;
    if (p->window_tok && j - p->n_pad_tok >= p->n_sink_tok) {
        size_t reach = p->window_tok < p->n_tok ? p->window_tok : p->n_tok;
        if (j + reach < q0 + *end) *end = j + reach > q0 ? j + reach - q0 : 0;
        if (!p->causal && j + 1 > q0 + reach) *first = j + 1 - q0 - reach;
    }
    if (*first > ATTENTION_LANES) *first = ATTENTION_LANES;
    if (*first > *end) *first = *end;
}

void attention_mask_init(attention_mask *mask, const ropelaw_attention_problem *p, size_t q0, size_t n_lanes,
                         size_t j0) {
    size_t limit = p->causal && q0 + n_lanes < p->n_tok ? q0 + n_lanes : p->n_tok;
    size_t n = limit > j0 ? limit - j0 : 0;
    if (n > ATTENTION_KEYS) n = ATTENTION_KEYS;
    mask->n_keys = round_up(n, ATTENTION_GROUP);
    mask->any = mask->all = n == ATTENTION_KEYS && !p->window_tok && j0 >= p->n_pad_tok &&
                            (!p->causal || j0 + ATTENTION_KEYS <= q0 + 1);
    if (mask->all) return; /* the common case, and first[] and end[] are not needed */
    mask->all = n == mask->n_keys;
    for (size_t k = 0; k < mask->n_keys; k++) {
        size_t first, end;
        seen_lanes(p, q0, j0 + k, &first, &end);
        mask->first[k] = (unsigned char)first;
        mask->end[k] = (unsigned char)end;
        mask->any = mask->any || (first < end && first < n_lanes);
        mask->all = mask->all && first == 0 && end >= n_lanes;
    }
}

void attention_mask_fill(const attention_mask *mask, float *tile, float value) {
    for (size_t k = 0; k < mask->n_keys; k++) {
        float *row = tile + k * ATTENTION_LANES;
        for (size_t lane = 0; lane < mask->first[k]; lane++) row[lane] = value;
        for (size_t lane = mask->end[k]; lane < ATTENTION_LANES; lane++) row[lane] = value;
    }
}

size_t attention_next_block(const ropelaw_attention_problem *p, size_t q0, size_t j0) {
    size_t next = j0 + ATTENTION_KEYS;
    bool at_sinks = next < p->n_pad_tok || next - p->n_pad_tok < p->n_sink_tok;
    if (!p->window_tok || at_sinks || p->window_tok > q0) return next;
    size_t first = (q0 - p->window_tok + 1) / ATTENTION_KEYS * ATTENTION_KEYS;
    return first > next ? first : next;
}

attention_seen attention_seen_keys(const ropelaw_attention_problem *p, size_t i) {
    attention_seen s = {.pad = p->n_pad_tok < p->n_tok ? p->n_pad_tok : p->n_tok,
                        .end = p->causal ? i + 1 : p->n_tok};
    s.first = s.sinks_end = s.pad;
    if (p->window_tok) {
        if (i >= p->window_tok && i - p->window_tok + 1 > s.first) s.first = i - p->window_tok + 1;
        if (s.end > i && s.end - i > p->window_tok) s.end = i + p->window_tok;
        s.sinks_end = p->n_sink_tok < p->n_tok - s.pad ? s.pad + p->n_sink_tok : p->n_tok;
    }
    if (p->causal && s.sinks_end > i + 1) s.sinks_end = i + 1 > s.pad ? i + 1 : s.pad;
    if (s.end < s.first) s.end = s.first;
    return s;
}
