/**
 * Is the attention right on this machine, and how fast: the differential check behind `ropelaw attention`.
 *
 * A case is run by the fast path and judged against the reference by an error bound; only then is it timed, and the
 * peak of the machine is measured in the same run, interleaved.
 */
#ifndef ROPELAW_ATTENTION_CHECK_H
#define ROPELAW_ATTENTION_CHECK_H

#include <ropelaw/attention.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A case of the table. Data are Philox numbers, the same everywhere. */
typedef struct {
    const char *name;
    size_t n_tok, n_heads, n_kv_heads, head_dim, rotary_dim;
    int timed; /* large enough to be worth timing; judged on sampled rows (forward) */
} ropelaw_attention_case;

/** The i-th case, or NULL past the last. Threads: pure. */
ROPELAW_API const ropelaw_attention_case *ropelaw_attention_case_at(size_t i);

typedef enum { ROPELAW_ATTENTION_PASS_FORWARD, ROPELAW_ATTENTION_PASS_BACKWARD } ropelaw_attention_pass;

typedef struct {
    ropelaw_attention_pass pass;
    ropelaw_attention_options options;
    size_t n_rounds; /* timing rounds, 0: judge only */
} ropelaw_attention_check_options;

typedef struct {
    const char *name;                       /* of the case */
    const ropelaw_attention_kernel *kernel; /* what ran */
    size_t n_tok, n_heads, n_kv_heads, head_dim, n_threads;
    size_t n_rows;    /* rows compared, over all heads; backward: all */
    double max_error; /* largest |fast - reference| [1] */
    double bound;     /* the bound where error / bound is largest [1] */
    double worst;     /* that quotient; the verdict is worst <= 1 */
    int ok;           /* verdict */
    double ns;        /* median of the rounds: thread CPU time (one thread) or wall time; NAN if not timed */
    double flop;      /* useful: 4 head_dim per seen pair and head, backward 2.5 times that */
    double gflops;    /* flop / ns; NAN if not timed */
    double fma_peak_gflops; /* of n_threads threads, measured between the rounds; NAN if not timed */
    double fraction_of_fma_peak;
} ropelaw_attention_result;

/**
 * Judge one case and, if it is right and n_rounds > 0, time it.
 *
 * Returns  OK also for a wrong case (result->ok is 0 then); NOMEM; as ropelaw_attention_forward for bad options.
 * Cost     the reference of the compared rows; backward O(n_tok^2) in scalar double.
 */
ROPELAW_API ropelaw_status ropelaw_attention_check_run(const ropelaw_attention_case *attention_case,
                                                       const ropelaw_attention_check_options *options,
                                                       ropelaw_attention_result *result,
                                                       ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * fp32 multiply-adds that one thread completes in registers just now, with the kernel's instruction set.
 *
 * In   options: the kernel counts, NULL for the best; seconds: thread CPU time to spend
 * Out  flop_per_s
 */
ROPELAW_API ropelaw_status ropelaw_attention_fma_peak(const ropelaw_attention_options *options,
                                                      double seconds, double *flop_per_s,
                                                      ropelaw_error *error) ROPELAW_MUST_USE;

/** A survey of attention over distance with data whose mean score is known in closed form. */
typedef struct {
    size_t n_tok;     /* >= 1 */
    size_t n_rows;    /* query rows, spread evenly up to the last; 1..n_tok */
    size_t head_dim;  /* even, all rotated; <= 512 */
    double base;      /* rotary base > 1 */
    double alignment; /* a: q and k are a * (1, .., 1) plus independent noise of mean 0 and variance 1 */
    uint64_t seed;
    ropelaw_attention_options options;
} ropelaw_attention_survey_options;

/** Distances first..last: powers of two. */
typedef struct {
    uint64_t first, last, n_pairs;
    double mean_score; /* over the pairs */
    double
        expected_score; /* 2 a^2 / sqrt(head_dim) * sum over pairs n of cos(distance * inv_freq_n), same mean */
    double mass;        /* attention at these distances, mean over the rows */
} ropelaw_attention_distance;

enum { ROPELAW_ATTENTION_DISTANCES = 64 };

typedef struct {
    size_t n_distances;
    ropelaw_attention_distance distances[ROPELAW_ATTENTION_DISTANCES];
    double entropy, uniform_entropy; /* mean over the rows; of equal weights on the same keys [nat] */
    double max_logit;
    double seconds; /* wall time of ropelaw_attention_stats_f32 alone */
    size_t workspace_bytes;
    const ropelaw_attention_kernel *kernel;
} ropelaw_attention_survey;

/**
 * Statistics of causal attention at any length, on generated data.
 *
 * Returns  OK; DOMAIN naming the option; NOMEM; as ropelaw_attention_stats_f32.
 * Cost     n_rows * n_tok * head_dim flops, memory 2 * n_tok * head_dim floats and the workspace.
 */
ROPELAW_API ropelaw_status ropelaw_attention_survey_run(const ropelaw_attention_survey_options *options,
                                                        ropelaw_attention_survey *survey,
                                                        ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
