/* Two buffers whose byte ranges meet need not overlap: rows of q, k and v may interleave in one array. They
   are disjoint if they repeat with the same period (token or head stride) and, within one period, one lies in
   the gap that the other leaves. */
#include "attention/attention.h"
#include "core/core.h"
#include <string.h>

attention_buffer attention_buffer_flat(const char *name, const void *memory, size_t element, size_t count,
                                       bool output) {
    return (attention_buffer){
        name, memory, element, count > 0, 1, count, {0, 0},
                output
    };
}

attention_buffer attention_buffer_tensor(const ropelaw_attention_problem *p, const char *name,
                                         const void *memory, size_t element, bool output) {
    const char *last = name + strlen(name) - 1;
    bool of_out = strstr(name, "out") != NULL, of_q = *last == 'q', of_k = *last == 'k';
    size_t n_heads = of_q || of_out ? p->n_heads : p->n_kv_heads;
    ropelaw_attention_stride stride = of_out ? p->out : of_q ? p->q : of_k ? p->k : p->v;
    return (attention_buffer){name, memory, element, p->n_tok, n_heads, p->head_dim, stride, output};
}

static bool is_empty(const attention_buffer *b) {
    return !b->n_tok || !b->n_heads || !b->dim;
}

/* Bytes from the first to behind the last element. */
static size_t extent(const attention_buffer *b) {
    return ((b->n_tok - 1) * b->stride.tok + (b->n_heads - 1) * b->stride.head + b->dim) * b->element;
}

/* Rows of span_a bytes at a and span_b at b, both repeating every `period` bytes, never meet. */
static bool gap_holds(uintptr_t a, size_t span_a, uintptr_t b, size_t span_b, size_t period) {
    if (!period || span_a > period || span_b > period) return false;
    size_t delta = b >= a ? (b - a) % period : (period - (a - b) % period) % period;
    return delta >= span_a && delta + span_b <= period;
}

static bool overlap(const attention_buffer *a, const attention_buffer *b) {
    if (is_empty(a) || is_empty(b)) return false;
    uintptr_t at_a = (uintptr_t)a->memory, at_b = (uintptr_t)b->memory;
    if (at_a + extent(a) <= at_b || at_b + extent(b) <= at_a) return false;
    size_t tok_a = ((a->n_heads - 1) * a->stride.head + a->dim) * a->element;
    size_t tok_b = ((b->n_heads - 1) * b->stride.head + b->dim) * b->element;
    size_t head_a = ((a->n_tok - 1) * a->stride.tok + a->dim) * a->element;
    size_t head_b = ((b->n_tok - 1) * b->stride.tok + b->dim) * b->element;
    size_t tok = a->stride.tok * a->element, head = a->stride.head * a->element;
    bool by_tok = tok == b->stride.tok * b->element && gap_holds(at_a, tok_a, at_b, tok_b, tok);
    bool by_head = head == b->stride.head * b->element && gap_holds(at_a, head_a, at_b, head_b, head);
    return !by_tok && !by_head;
}

static bool overlaps_itself(const attention_buffer *b) {
    if (is_empty(b)) return false;
    bool one_tok = b->n_tok == 1, one_head = b->n_heads == 1;
    bool tok_outer = (one_head || b->stride.head >= b->dim) &&
                     (one_tok || b->stride.tok >= (b->n_heads - 1) * b->stride.head + b->dim);
    bool head_outer = (one_tok || b->stride.tok >= b->dim) &&
                      (one_head || b->stride.head >= (b->n_tok - 1) * b->stride.tok + b->dim);
    return !tok_outer && !head_outer;
}

ropelaw_status attention_buffers_check(const attention_buffer *buffers, size_t n, ropelaw_error *error) {
    for (size_t i = 0; i < n; i++) {
        const attention_buffer *b = buffers + i;
        if (is_empty(b)) continue;
        if (!b->memory) return core_fail(error, ROPELAW_INVALID, b->name, "", "", "%s is missing", b->name);
        if ((uintptr_t)b->memory % b->element)
            return core_fail(error, ROPELAW_INVALID, b->name, "", "", "%s is not aligned to %zu bytes",
                             b->name, b->element);
        if (b->output && overlaps_itself(b))
            return core_fail(error, ROPELAW_INVALID, b->name, "", "", "the rows of %s overlap each other",
                             b->name);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (i != j && buffers[i].output && overlap(buffers + i, buffers + j))
                return core_fail(error, ROPELAW_INVALID, buffers[i].name, "", "", "%s overlaps %s",
                                 buffers[i].name, buffers[j].name);
    return ROPELAW_OK;
}

ropelaw_status attention_rotation_check(const ropelaw_attention_problem *problem,
                                        const ropelaw_attention_rotation *rotation, const void *in,
                                        const void *out, size_t element, ropelaw_error *error) {
    if (!problem || !rotation)
        return core_fail(error, ROPELAW_INVALID, "rotation", "", "", "rotation is missing");
    if (rotation->direction < ROPELAW_ATTENTION_ROTATE || rotation->direction > ROPELAW_ATTENTION_TRANSPOSE)
        return core_fail_number(error, ROPELAW_INVALID, "direction", (double)rotation->direction,
                                "a known direction");
    ropelaw_attention_problem p = *problem;
    p.n_heads = p.n_kv_heads = rotation->n_heads;
    p.q = p.v = rotation->in;
    p.k = p.out = rotation->out;
    ropelaw_status status = ropelaw_attention_problem_check(&p, error);
    if (status) return status;
    if (rotation->direction == ROPELAW_ATTENTION_INVERSE && p.attention_factor == 0)
        return core_fail_number(error, ROPELAW_DOMAIN, "attention_factor", 0, "not 0 for the inverse");
    bool in_place = in == out && p.q.tok == p.k.tok && p.q.head == p.k.head;
    attention_buffer buffers[] = {
        {"out", out, element, p.n_tok, p.n_heads, p.head_dim, p.k, true },
        {"in",  in,  element, p.n_tok, p.n_heads, p.head_dim, p.q, false}
    };
    return attention_buffers_check(buffers, in_place ? 1 : 2, error);
}

ropelaw_status attention_stats_check(const ropelaw_attention_problem *p, const void *q, const void *k,
                                     size_t element, const ropelaw_attention_stats *s,
                                     const ropelaw_attention_workspace *w, ropelaw_error *error) {
    if (!s) return core_fail(error, ROPELAW_INVALID, "stats", "", "", "stats is missing");
    size_t n_rows = attention_stats_rows(p, s), by_row, by_tok = p->n_heads * p->n_tok;
    for (size_t r = 0; s->rows && r < n_rows; r++)
        if (s->rows[r] >= p->n_tok)
            return core_fail_number(error, ROPELAW_DOMAIN, "rows", (double)s->rows[r], "< n_tok");
    if (__builtin_mul_overflow(n_rows, p->n_heads, &by_row) || by_row > (size_t)PTRDIFF_MAX / sizeof(double))
        return core_fail_number(error, ROPELAW_SHAPE, "n_rows", (double)n_rows,
                                "n_rows * n_heads addressable");
    attention_buffer buffers[] = {
        attention_buffer_tensor(p, "q", q, element, false),
        attention_buffer_tensor(p, "k", k, element, false),
        attention_buffer_flat("rows", s->rows, sizeof *s->rows, s->rows ? n_rows : 0, false),
        attention_buffer_flat("n_pairs", s->n_pairs, 8, s->n_pairs ? p->n_tok : 0, true),
        attention_buffer_flat("mean_score", s->mean_score, 8, s->mean_score ? by_tok : 0, true),
        attention_buffer_flat("mass", s->mass, 8, s->mass ? by_tok : 0, true),
        attention_buffer_flat("entropy", s->entropy, 8, s->entropy ? by_row : 0, true),
        attention_buffer_flat("max_logit", s->max_logit, 8, s->max_logit ? by_row : 0, true),
        attention_buffer_flat("lse", s->lse, 8, s->lse ? by_row : 0, true),
        attention_buffer_flat("workspace", w ? w->memory : NULL, 1, w && w->memory ? w->bytes : 0, true)};
    return attention_buffers_check(buffers, CORE_COUNT(buffers), error);
}
