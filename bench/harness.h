/* One harness for all benchmark programs: thread CPU time, interleaved sides, medians, a machine line, JSON.

   A program judges first and times what is right. The sides of a comparison are run in turn, round after round, so
   that a machine that slows down slows all of them; ratios within one run are what counts.

     int main(int argc, char **argv) {
         bench *b = bench_start(argc, argv, "area");
         bench_side sides[] = {{"ours", run_ours, &context, flop}, {"other", run_other, &context, flop}};
         bench_measure(b, "case name", sides, 2);       one line per side: time, rate, ratio to the first
         return bench_finish(b);
     }

   Options of every program: --quick, --rounds N, --threads N, --json FILE. */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bench bench;

typedef struct {
    const char *name;
    void (*run)(void *context);
    void *context;
    double work;      /* flop, bytes or items of one call; 0: no rate */
    size_t threads;   /* 0: those of the options. More than one: wall time, as all sides of such a case */
    double seconds;   /* out: median time of one call */
    double low, high; /* out: quartiles */
} bench_side;

/* CPU time of this thread; wall time. */
double bench_cpu_seconds(void);
double bench_wall_seconds(void);

/* Reads the options (a wrong one ends the program with status 2), prints the machine line. */
bench *bench_start(int argc, char **argv, const char *area);

bool bench_is_quick(const bench *b);
size_t bench_threads(const bench *b);

/* The cases that follow take so many rounds; 0: as the options say. With one round nothing is warmed up. */
void bench_rounds(bench *b, size_t rounds);

/* Run the sides in turn; a side that takes less than 2 ms is repeated within its turn. One thread: thread CPU time,
   more (on any side): wall time. Adds a multiply-add peak side by itself and prints what fraction of it each side with `flop`
   reached, if the work is flop (bench_flop). */
void bench_measure(bench *b, const char *name, bench_side *sides, size_t n);
/* From now on the work of sides is flop (true: fractions of the peak are printed) or something else. */
void bench_flop(bench *b, bool is_flop, const char *unit);

/* The peak of the last bench_measure, flop/s. */
double bench_peak(const bench *b);

/* A figure of the last case, printed and put into its JSON object. */
void bench_figure(bench *b, const char *name, double value, const char *unit);

/* A goal: prints whether `value` reaches `least`; a goal missed is no failure of the program. */
void bench_goal(bench *b, const char *name, double value, double least);

/* A wrong result: printed, and the exit status will be 1. */
void bench_wrong(bench *b, const char *name, double error, double bound);

/* A line that says why something is not there. */
void bench_note(bench *b, const char *text);

/* Writes the JSON file if asked for; the exit status. */
int bench_finish(bench *b);

#endif
