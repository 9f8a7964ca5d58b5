#include "attention/attention.h"
#include "core/core.h"
#include <math.h>
#include <string.h>

void ropelaw_attention_problem_layout(ropelaw_attention_problem *problem, ropelaw_attention_layout layout) {
    size_t d = problem->head_dim, t = problem->n_tok;
    ropelaw_attention_stride of_q = {problem->n_heads * d, d}, of_k = {problem->n_kv_heads * d, d};
    if (layout == ROPELAW_ATTENTION_HEAD_TOK_DIM) of_q = of_k = (ropelaw_attention_stride){d, t * d};
    problem->q = problem->out = of_q;
    problem->k = problem->v = of_k;
}

void ropelaw_attention_problem_init(ropelaw_attention_problem *problem, size_t n_tok, size_t n_heads,
                                    size_t n_kv_heads, size_t head_dim) {
    memset(problem, 0, sizeof *problem);
    problem->n_tok = n_tok;
    problem->n_heads = n_heads;
    problem->n_kv_heads = n_kv_heads;
    problem->head_dim = head_dim;
    problem->attention_factor = 1;
    problem->softmax_scale = head_dim ? 1 / sqrt((double)head_dim) : 1;
    problem->causal = 1;
    ropelaw_attention_problem_layout(problem, ROPELAW_ATTENTION_TOK_HEAD_DIM);
}

/* (n_tok-1) * tok + (n_heads-1) * head + dim elements, as bytes of a double, fit a signed size. */
static bool extent_fits(size_t n_tok, size_t n_heads, size_t dim, ropelaw_attention_stride stride) {
    size_t rows, columns, sum;
    if (!n_tok || !n_heads) return true;
    return !__builtin_mul_overflow(n_tok - 1, stride.tok, &rows) &&
           !__builtin_mul_overflow(n_heads - 1, stride.head, &columns) &&
           !__builtin_add_overflow(rows, columns, &sum) && !__builtin_add_overflow(sum, dim, &sum) &&
           sum <= (size_t)PTRDIFF_MAX / sizeof(double);
}

static ropelaw_status check_sizes(const ropelaw_attention_problem *p, ropelaw_error *error) {
    if (p->head_dim < 1) return core_fail_number(error, ROPELAW_DOMAIN, "head_dim", 0, ">= 1");
    if (p->n_heads && (!p->n_kv_heads || p->n_heads % p->n_kv_heads))
        return core_fail_number(error, ROPELAW_SHAPE, "n_kv_heads", (double)p->n_kv_heads,
                                "a divisor of n_heads");
    if (p->rotary_dim % 2)
        return core_fail_number(error, ROPELAW_SHAPE, "rotary_dim", (double)p->rotary_dim, "even");
    if (p->rotary_dim > p->head_dim)
        return core_fail_number(error, ROPELAW_SHAPE, "rotary_dim", (double)p->rotary_dim, "<= head_dim");
    size_t pairs;
    if (__builtin_mul_overflow(p->n_tok, p->n_heads, &pairs) || pairs > (size_t)PTRDIFF_MAX / sizeof(double))
        return core_fail_number(error, ROPELAW_SHAPE, "n_tok", (double)p->n_tok,
                                "n_tok * n_heads addressable");
    const struct {
        const char *name;
        size_t n_heads;
        ropelaw_attention_stride stride;
    } tensors[] = {
        {"q",   p->n_heads,    p->q  },
        {"k",   p->n_kv_heads, p->k  },
        {"v",   p->n_kv_heads, p->v  },
        {"out", p->n_heads,    p->out}
    };
    for (size_t i = 0; i < CORE_COUNT(tensors); i++)
        if (!extent_fits(p->n_tok, tensors[i].n_heads, p->head_dim, tensors[i].stride))
            return core_fail(error, ROPELAW_SHAPE, tensors[i].name, "", "", "the size of %s overflows",
                             tensors[i].name);
    return ROPELAW_OK;
}

static ropelaw_status check_rotation(const ropelaw_attention_problem *p, ropelaw_error *error) {
    if (p->pairing != ROPELAW_ATTENTION_HALF_SPLIT && p->pairing != ROPELAW_ATTENTION_INTERLEAVED)
        return core_fail_number(error, ROPELAW_INVALID, "pairing", (double)p->pairing, "a known pairing");
    if (p->rotary_dim && !p->inv_freq)
        return core_fail(error, ROPELAW_INVALID, "inv_freq", "", "", "inv_freq is missing");
    for (size_t n = 0; n < p->rotary_dim / 2; n++)
        if (!(fabs(p->inv_freq[n]) <= 1024))
            return core_fail_number(error, ROPELAW_DOMAIN, "inv_freq", p->inv_freq[n],
                                    "-1024..1024 rad/token");
    if (!isfinite(p->attention_factor))
        return core_fail_number(error, ROPELAW_DOMAIN, "attention_factor", p->attention_factor, "finite");
    const uint64_t most = UINT64_C(1) << 53;
    if (!p->positions && p->n_tok && (p->position_offset > most || p->n_tok - 1 > most - p->position_offset))
        return core_fail_number(error, ROPELAW_DOMAIN, "position_offset", (double)p->position_offset,
                                "positions <= 2^53");
    for (size_t i = 0; p->positions && i < p->n_tok; i++)
        if (p->positions[i] > most)
            return core_fail_number(error, ROPELAW_DOMAIN, "positions", (double)p->positions[i], "<= 2^53");
    return ROPELAW_OK;
}

ropelaw_status ropelaw_attention_problem_check(const ropelaw_attention_problem *p, ropelaw_error *error) {
    if (!p) return core_fail(error, ROPELAW_INVALID, "problem", "", "", "problem is missing");
    ropelaw_status status = check_sizes(p, error);
    if (!status) status = check_rotation(p, error);
    if (status) return status;
    if (!isfinite(p->softmax_scale))
        return core_fail_number(error, ROPELAW_DOMAIN, "softmax_scale", p->softmax_scale, "finite");
    if (p->log_n_train_len != 0 && !(p->log_n_train_len > 1 && isfinite(p->log_n_train_len)))
        return core_fail_number(error, ROPELAW_DOMAIN, "log_n_train_len", p->log_n_train_len, "0 or > 1");
    return ROPELAW_OK;
}
