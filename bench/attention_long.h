/* Cases of the attention bench that need more than one forward after the other. */
#ifndef BENCH_ATTENTION_LONG_H
#define BENCH_ATTENTION_LONG_H

#include "attention/case.h"
#include "harness.h"

/* A case with its memory; freed by attention_run_clear. */
typedef struct {
    ropelaw_attention_problem p;
    double freq[256];
    ropelaw_attention_f32 x;
    ropelaw_attention_options options;
    ropelaw_attention_workspace workspace;
} attention_run;

void *attention_need(void *memory);
void attention_run_init(attention_run *run, const attention_case *c, ropelaw_attention_call call,
                        const char *kernel, size_t threads);
void attention_run_clear(attention_run *run);
void attention_run_forward(void *run);

/* Right first: the library's own check; prints what ran. */
bool attention_judge(bench *b, const attention_case *c, ropelaw_attention_pass pass, const char *kernel);

/* Two threads against one, wall time: means something on an idle machine. Nothing with one processor. */
void attention_threads_case(bench *b, const attention_case *c);

/* The path in double against plain loops at -O2 and against the reference. */
void attention_double_case(bench *b);

/* A forward too long for several rounds: once. */
void attention_long_case(bench *b, const attention_case *c);

/* Exact statistics of 48 rows of 2^20 tokens, once. */
void attention_stats_case(bench *b);

#endif
