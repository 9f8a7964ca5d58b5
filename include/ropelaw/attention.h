/**
 * Attention with rotary position embedding: an exact reference and fast kernels for the same contract.
 *
 * For head h, query token i and the key tokens j that i can see,
 *
 *     q'_i = A R(p_i) q_i        k'_j = A R(p_j) k_j        (A: attention factor; R: rotation by p *
 * inv_freq) s_ij = softmax_scale * g_i * q'_i . k'_j               (g_i: log-n factor, 1 unless asked for)
 *     lse_i = ln sum_j exp(s_ij),  P_ij = exp(s_ij - lse_i),  out_i = sum_j P_ij v_j
 *
 * Query head h reads key head h / (n_heads / n_kv_heads). The rotation turns the first rotary_dim dimensions
 * of a head and leaves the rest; A multiplies cos and sin, hence only the rotated part.
 *
 * Seen keys: token i sees token j iff j >= n_pad_tok, and j <= i if causal, and (window_tok == 0, or
 * |i - j| < window_tok, or j < n_pad_tok + n_sink_tok). A row that sees nothing gives out = 0, lse = -inf and
 * no gradient. So does a row whose scores are all -inf.
 *
 * NaN and infinity: a value that a row does not see never touches that row. NaN in q_i or in a seen k_j makes
 * row i NaN (out and lse); NaN in v_j makes that column of every row that sees j NaN. Infinity follows IEEE
 * arithmetic: what it touches is infinite, NaN or (a score of -inf) a weight of zero.
 *
 * Zero tokens or zero heads: nothing is read or written, OK. Every call that fails leaves its outputs
 * untouched (exception: CANCELLED leaves them unspecified). All strides count elements; the dimensions of a
 * head are contiguous. The caller owns all memory. Inputs may overlap each other; an output may overlap
 * nothing else (interleaved rows of one buffer, as in a fused qkv array, are no overlap). Pointers need the
 * alignment of their type only. Threads: calls with different outputs and workspaces may run at the same
 * time; the bytes of a result do not depend on n_threads (fp64 path: at one BLAS thread).
 */
#ifndef ROPELAW_ATTENTION_H
#define ROPELAW_ATTENTION_H

#include <ropelaw/status.h>
#include <ropelaw/cpu.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Which two dimensions form pair n. */
typedef enum {
    ROPELAW_ATTENTION_HALF_SPLIT = 0, /* (n, n + rotary_dim/2): LLaMA in HF, GPT-NeoX */
    ROPELAW_ATTENTION_INTERLEAVED = 1 /* (2n, 2n+1): RoFormer, GPT-J */
} ropelaw_attention_pairing;

typedef enum {
    ROPELAW_ATTENTION_TOK_HEAD_DIM = 0, /* x [n_tok][heads][head_dim] */
    ROPELAW_ATTENTION_HEAD_TOK_DIM = 1  /* x [heads][n_tok][head_dim] */
} ropelaw_attention_layout;

/** Element (t, h, c) of a tensor lies at t * tok + h * head + c. */
typedef struct {
    size_t tok, head;
} ropelaw_attention_stride;

/** What is computed. Start from ropelaw_attention_problem_init. */
typedef struct {
    size_t n_tok;                /* queries and keys */
    size_t n_heads, n_kv_heads;  /* n_kv_heads divides n_heads */
    size_t head_dim, rotary_dim; /* rotary_dim even, <= head_dim; 0: no rotation */
    ropelaw_attention_pairing pairing;
    const double *inv_freq;    /* [rotary_dim/2] rad/token, of any method, finite; NULL iff rotary_dim 0 */
    double attention_factor;   /* A [1] finite; YaRN's mscale and the like; 1 */
    double softmax_scale;      /* [1] finite; 1/sqrt(head_dim) */
    double log_n_train_len;    /* g_i = max(1, ln(p_i + 1) / ln(log_n_train_len)) if > 1; 0: g_i = 1 */
    uint64_t position_offset;  /* p_i = position_offset + i [token] ... */
    const uint64_t *positions; /* ... unless given: p_i = positions[i]; all <= 2^53 */
    int causal;                /* 1 */
    size_t window_tok;         /* 0: no window */
    size_t n_sink_tok;         /* first tokens that stay visible outside the window; 0 */
    size_t n_pad_tok;          /* padding on the left: nobody sees these keys; 0 */
    ropelaw_attention_stride q, k, v, out; /* gradients have the strides of what they belong to */
} ropelaw_attention_problem;

/** A kernel as people see it. */
typedef struct {
    const char *name; /* "portable", "avx2", "avx512" */
    ropelaw_isa isa;
    const char *tile; /* microkernel sizes */
} ropelaw_attention_kernel;

/** Zero-initialise: one thread, the fastest kernel, no progress; what options == NULL means. */
typedef struct {
    size_t n_threads;          /* 0 counts as 1 */
    const char *kernel;        /* name of a kernel, NULL: the fastest that this processor runs */
    ropelaw_progress progress; /* may be zero */
} ropelaw_attention_options;

/** Memory lent to a call: any alignment. */
typedef struct {
    void *memory;
    size_t bytes;
} ropelaw_attention_workspace;

/** Forward reads q, k, v and writes out and lse; backward reads q, k, v, out, lse, dout and writes dq, dk,
 * dv. */
typedef struct {
    const float *q, *k, *v;
    float *out;
    double *lse; /* [n_heads][n_tok] nat; forward: NULL if not wanted */
    const float *dout;
    float *dq, *dk, *dv;
} ropelaw_attention_f32;

/** The same in double. */
typedef struct {
    const double *q, *k, *v;
    double *out;
    double *lse;
    const double *dout;
    double *dq, *dk, *dv;
} ropelaw_attention_f64;

/**
 * Plain causal RoPE attention on dense tensors in [tok][head][dim]: rotary_dim 0 (set it with inv_freq),
 * softmax_scale 1/sqrt(head_dim), everything else neutral. Overwrites all of *problem.
 */
ROPELAW_API void ropelaw_attention_problem_init(ropelaw_attention_problem *problem, size_t n_tok,
                                                size_t n_heads, size_t n_kv_heads, size_t head_dim);

/** Set the four strides of a problem to a dense layout. */
ROPELAW_API void ropelaw_attention_problem_layout(ropelaw_attention_problem *problem,
                                                  ropelaw_attention_layout layout);

/**
 * Whether a problem makes sense, as every call below checks it.
 *
 * Returns  OK; INVALID (NULL, unknown pairing or layout); DOMAIN (a number out of range); SHAPE (sizes that
 * do not fit each other or overflow), naming the member.
 */
ROPELAW_API ropelaw_status ropelaw_attention_problem_check(const ropelaw_attention_problem *problem,
                                                           ropelaw_error *error) ROPELAW_MUST_USE;

typedef enum {
    ROPELAW_ATTENTION_FORWARD_F32,
    ROPELAW_ATTENTION_BACKWARD_F32,
    ROPELAW_ATTENTION_FORWARD_F64,
    ROPELAW_ATTENTION_STATS_F32
} ropelaw_attention_call;

/**
 * Bytes of workspace that a call needs: linear in n_tok, one copy of k and v (backward: and of dk and dv)
 * plus about 0.5 MB a thread at head_dim 128.
 *
 * Returns  OK; as ropelaw_attention_problem_check; SHAPE if the size overflows.
 */
ROPELAW_API ropelaw_status ropelaw_attention_workspace_size(const ropelaw_attention_problem *problem,
                                                            const ropelaw_attention_options *options,
                                                            ropelaw_attention_call call, size_t *bytes,
                                                            ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * out and lse by blocked online softmax in fp32, by the kernel that the options name.
 *
 * In        q, k, v; lse may be NULL
 * Out       out; lse
 * Returns   OK; as ropelaw_attention_problem_check; INVALID for NULL, overlapping or misaligned buffers and
 * for a workspace that is too small; CANCELLED. Accuracy  |out - exact| <= 2^-24 *
 * (2 ((head_dim + 8) S + n_tok) + 8) * sum_j P_ij |v_j|, S the largest |q||k| * softmax_scale (with attention
 * factor and log-n scaling), measured far below; angles and their reduction are in double, good to 4e-9 rad at
 * position 2^24.
 */
ROPELAW_API ropelaw_status ropelaw_attention_forward(const ropelaw_attention_problem *problem,
                                                     const ropelaw_attention_options *options,
                                                     const ropelaw_attention_f32 *tensors,
                                                     const ropelaw_attention_workspace *workspace,
                                                     ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Gradients of L with respect to q, k and v (before rotation), given dout = dL/dout and the forward's out,
 * lse. Overwrites dq, dk, dv. Deterministic; parallel over the key heads. A NaN or infinity anywhere in the
 * inputs of a key head leaves all gradients of that head and of its query heads unspecified; others are right.
 */
ROPELAW_API ropelaw_status ropelaw_attention_backward(const ropelaw_attention_problem *problem,
                                                      const ropelaw_attention_options *options,
                                                      const ropelaw_attention_f32 *tensors,
                                                      const ropelaw_attention_workspace *workspace,
                                                      ropelaw_error *error) ROPELAW_MUST_USE;

/** The forward in double, blocked, through BLAS: for checks at lengths where the reference takes too long. */
ROPELAW_API ropelaw_status ropelaw_attention_forward_f64(const ropelaw_attention_problem *problem,
                                                         const ropelaw_attention_options *options,
                                                         const ropelaw_attention_f64 *tensors,
                                                         const ropelaw_attention_workspace *workspace,
                                                         ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * The definition: plain loops in double written from the equations above, angles in long double. O(n_tok^2).
 *
 * Accuracy  cos and sin of position * inv_freq (the doubles given) to 1e-15 at positions up to 2^24.
 * Returns   as ropelaw_attention_forward; NOMEM (it allocates O(n_tok) itself).
 */
ROPELAW_API ropelaw_status ropelaw_attention_reference_forward(const ropelaw_attention_problem *problem,
                                                               const ropelaw_attention_f64 *tensors,
                                                               ropelaw_error *error) ROPELAW_MUST_USE;

/** The reference of ropelaw_attention_backward; it computes lse and out anew and ignores those given. */
ROPELAW_API ropelaw_status ropelaw_attention_reference_backward(const ropelaw_attention_problem *problem,
                                                                const ropelaw_attention_f64 *tensors,
                                                                ropelaw_error *error) ROPELAW_MUST_USE;

typedef enum {
    ROPELAW_ATTENTION_ROTATE = 0,   /* A R(p) */
    ROPELAW_ATTENTION_INVERSE = 1,  /* its inverse, R(-p) / A; A != 0 */
    ROPELAW_ATTENTION_TRANSPOSE = 2 /* its transpose, A R(-p): what gradients need */
} ropelaw_attention_direction;

/** What is rotated: x [n_tok][n_heads][head_dim] with strides. in == out with equal strides works in place.
 */
typedef struct {
    size_t n_heads;
    ropelaw_attention_stride in, out;
    ropelaw_attention_direction direction;
} ropelaw_attention_rotation;

/**
 * Rotate every head of x at the problem's positions (n_tok, head_dim, rotary_dim, pairing, frequencies,
 * factor and positions are used; heads, strides and masks of the problem are not).
 *
 * Accuracy  cos and sin to 1e-7 at positions up to 2^24, then one rounding per product and sum.
 */
ROPELAW_API ropelaw_status ropelaw_attention_rotate(const ropelaw_attention_problem *problem,
                                                    const ropelaw_attention_options *options,
                                                    const ropelaw_attention_rotation *rotation,
                                                    const float *in, float *out,
                                                    ropelaw_error *error) ROPELAW_MUST_USE;

/** The same in double, by the reference: angles in long double. */
ROPELAW_API ropelaw_status ropelaw_attention_reference_rotate(const ropelaw_attention_problem *problem,
                                                              const ropelaw_attention_rotation *rotation,
                                                              const double *in, double *out,
                                                              ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * The table of A cos and A sin at the problem's positions.
 *
 * Out       cosine, sine [n_tok][rotary_dim/2]
 * Accuracy  1e-7 at positions up to 2^24 (the angle is reduced in double); with a factor, 1e-7 * |A| and one
 *           rounding of the product. Beyond, plus 2e-16 of the angle in rad.
 */
ROPELAW_API ropelaw_status ropelaw_attention_table(const ropelaw_attention_problem *problem,
                                                   const ropelaw_attention_options *options, float *cosine,
                                                   float *sine, ropelaw_error *error) ROPELAW_MUST_USE;

/** Which rows are looked at, and where the answers go; any output may be NULL. Distance is |i - j| in tokens.
 */
typedef struct {
    const size_t *rows; /* [n_rows] query tokens, each < n_tok; NULL: all n_tok rows, and n_rows = n_tok */
    size_t n_rows;
    uint64_t *n_pairs;  /* [n_tok] seen (row, key) pairs at each distance, the same for every head */
    double *mean_score; /* [n_heads][n_tok] mean of s_ij over those pairs; NaN where there are none */
    double *mass;    /* [n_heads][n_tok] sum of P_ij at each distance over n_rows: sums to 1 over distance */
    double *entropy; /* [n_heads][n_rows] -sum P ln P [nat]; 0 for a row that sees nothing */
    double *max_logit; /* [n_heads][n_rows] largest s_ij; -inf for a row that sees nothing */
    double *lse;       /* [n_heads][n_rows] [nat] */
} ropelaw_attention_stats;

/**
 * Statistics of the attention matrix without the matrix: exact over the rows asked for, memory linear in
 * n_tok.
 *
 * In        tensors->q, tensors->k (the rest is ignored)
 * Accuracy  scores in fp32 as in the forward, everything after them in double.
 * Returns   as ropelaw_attention_forward; DOMAIN naming "rows" for a row that does not exist.
 */
ROPELAW_API ropelaw_status ropelaw_attention_stats_f32(const ropelaw_attention_problem *problem,
                                                       const ropelaw_attention_options *options,
                                                       const ropelaw_attention_f32 *tensors,
                                                       const ropelaw_attention_stats *stats,
                                                       const ropelaw_attention_workspace *workspace,
                                                       ropelaw_error *error) ROPELAW_MUST_USE;

/** The reference of ropelaw_attention_stats_f32, in double. */
ROPELAW_API ropelaw_status ropelaw_attention_reference_stats(const ropelaw_attention_problem *problem,
                                                             const ropelaw_attention_f64 *tensors,
                                                             const ropelaw_attention_stats *stats,
                                                             ropelaw_error *error) ROPELAW_MUST_USE;

/** The i-th kernel of this build, oldest instruction set first, or NULL past the last. Threads: pure. */
ROPELAW_API const ropelaw_attention_kernel *ropelaw_attention_kernel_at(size_t i);

/**
 * The kernel that a call with these options runs on this processor.
 *
 * Returns  OK; INVALID (no such kernel), UNSUPPORTED (the processor or the build's cap forbids it). Threads: pure.
 */
ROPELAW_API ropelaw_status ropelaw_attention_kernel_find(const ropelaw_attention_options *options,
                                                         const ropelaw_attention_kernel **kernel,
                                                         ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
