/* Internal services of the attention folder: arguments. */
#ifndef ROPELAW_ATTENTION_INTERNAL_H
#define ROPELAW_ATTENTION_INTERNAL_H

#include <ropelaw/attention.h>
#include <stdbool.h>

/* One buffer of a call: n_tok x n_heads runs of dim elements. */
typedef struct {
    const char *name;
    const void *memory;
    size_t element; /* bytes, also the alignment asked for */
    size_t n_tok, n_heads, dim;
    ropelaw_attention_stride stride;
    bool output;
} attention_buffer;

/* A plain run of `count` elements. */
attention_buffer attention_buffer_flat(const char *name, const void *memory, size_t element, size_t count,
                                       bool output);

/* A tensor of the problem with the given heads and strides. */
attention_buffer attention_buffer_tensor(const ropelaw_attention_problem *problem, const char *name,
                                         const void *memory, size_t element, bool output);

/* No buffer with elements is NULL or misaligned; no output overlaps itself or another buffer. */
ropelaw_status attention_buffers_check(const attention_buffer *buffers, size_t n, ropelaw_error *error);

/* The arguments of a rotation of elements of `element` bytes; in == out with equal strides is fine. */
ropelaw_status attention_rotation_check(const ropelaw_attention_problem *problem,
                                        const ropelaw_attention_rotation *rotation, const void *in,
                                        const void *out, size_t element, ropelaw_error *error);

/* The arguments of a statistics call whose q and k have elements of `element` bytes; workspace may be NULL. */
ropelaw_status attention_stats_check(const ropelaw_attention_problem *problem, const void *q, const void *k,
                                     size_t element, const ropelaw_attention_stats *stats,
                                     const ropelaw_attention_workspace *workspace, ropelaw_error *error);

static inline size_t attention_stats_rows(const ropelaw_attention_problem *problem,
                                          const ropelaw_attention_stats *stats) {
    return stats->rows ? stats->n_rows : problem->n_tok;
}

/* The problem asks for nothing. */
static inline bool attention_is_empty(const ropelaw_attention_problem *problem) {
    return !problem->n_tok || !problem->n_heads;
}

#endif
