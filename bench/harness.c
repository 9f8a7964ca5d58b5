#include "harness.h"
#include <math.h>
#include <ropelaw/ropelaw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_ROUNDS = 1000, MOST_SIDES = 16 };
static const double LEAST_TURN = 2e-3; /* clocks and cache warmth do not matter beyond [s] */

struct bench {
    const char *area, *json_path, *unit;
    size_t asked, rounds, threads, n_wrong, n_cases;
    bool quick, flop, wall;
    double peak;
    char *json; /* the cases so far */
    size_t length, room;
};

double bench_cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_wall_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void out_of_memory(void) {
    fputs("bench: out of memory\n", stderr);
    exit(4);
}

static void json_add(bench *b, const char *format, ...) {
    va_list list;
    for (;;) {
        va_start(list, format);
        int n = vsnprintf(b->json + b->length, b->room - b->length, format, list);
        va_end(list);
        if (b->length + (size_t)n < b->room) {
            b->length += (size_t)n;
            return;
        }
        b->room = 2 * b->room + (size_t)n;
        b->json = realloc(b->json, b->room);
        if (!b->json) out_of_memory();
    }
}

static const char *number(double x, char *text) {
    return isfinite(x) ? ropelaw_number_str(x, 6, text) : "null";
}

static void json_figure(bench *b, const char *name, double value) {
    char text[ROPELAW_NUMBER_SIZE];
    json_add(b, ",\n   \"%s\": %s", name, number(value, text));
}

static void close_case(bench *b) {
    if (b->n_cases) json_add(b, "}");
}

static void read_options(bench *b, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(argv[i], "--quick"))
            b->quick = true;
        else if (value && !strcmp(argv[i], "--json"))
            b->json_path = argv[++i];
        else if (value && !strcmp(argv[i], "--rounds"))
            b->rounds = strtoul(argv[++i], NULL, 10);
        else if (value && !strcmp(argv[i], "--threads"))
            b->threads = strtoul(argv[++i], NULL, 10);
        else {
            fprintf(stderr, "usage: %s [--quick] [--rounds N] [--threads N] [--json FILE]\n", argv[0]);
            exit(2);
        }
    }
    if (!b->rounds) b->rounds = b->quick ? 3 : 9;
    if (b->rounds > MOST_ROUNDS) b->rounds = MOST_ROUNDS;
    if (!b->threads) b->threads = 1;
    b->asked = b->rounds;
}

bench *bench_start(int argc, char **argv, const char *area) {
    bench *b = calloc(1, sizeof *b);
    char cpu[64], load[32] = "?";
    if (!b || !(b->json = malloc(b->room = 4096))) out_of_memory();
    b->area = area;
    b->flop = true;
    b->unit = "GF/s";
    b->peak = NAN;
    read_options(b, argc, argv);
    FILE *file = fopen("/proc/loadavg", "r");
    if (file && fgets(load, sizeof load, file)) load[strcspn(load, " \n")] = 0;
    if (file) fclose(file);
    ropelaw_cpu_str(cpu, sizeof cpu);
    const char *core = getenv("OPENBLAS_CORETYPE");
    printf("# %s: %s, best kernel %s, load %s, threads %zu, rounds %zu, OPENBLAS_CORETYPE %s, ropelaw %s\n",
           area, cpu, ropelaw_isa_str(ropelaw_isa_best()), load, b->threads, b->rounds,
           core ? core : "as dispatched", ropelaw_version());
    json_add(b,
             "{\"schema_version\": 1, \"area\": \"%s\", \"cpu\": \"%s\", \"isa\": \"%s\", \"load\": \"%s\",\n"
             " \"threads\": %zu, \"rounds\": %zu, \"openblas_coretype\": \"%s\", \"cases\": [",
             area, cpu, ropelaw_isa_str(ropelaw_isa_best()), load, b->threads, b->rounds, core ? core : "");
    return b;
}

bool bench_is_quick(const bench *b) {
    return b->quick;
}

size_t bench_threads(const bench *b) {
    return b->threads;
}

void bench_flop(bench *b, bool is_flop, const char *unit) {
    b->flop = is_flop;
    b->unit = unit;
}

void bench_rounds(bench *b, size_t rounds) {
    b->rounds = rounds ? rounds : b->asked;
}

double bench_peak(const bench *b) {
    return b->peak;
}

static double now(const bench *b) {
    return b->wall ? bench_wall_seconds() : bench_cpu_seconds();
}

static double turn(const bench *b, bench_side *side) {
    size_t calls = 0, more = 1;
    double start = now(b), took;
    do { /* the clock is read after 1, 2, 4, ... calls: reading it takes most of a microsecond */
        for (size_t i = 0; i < more; i++) side->run(side->context);
        more = calls += more;
        took = now(b) - start;
    } while (took < LEAST_TURN);
    return took / (double)calls;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_side(bench *b, const bench_side *s, const bench_side *first) {
    char ms[ROPELAW_NUMBER_SIZE], rate[ROPELAW_NUMBER_SIZE], share[ROPELAW_NUMBER_SIZE],
        ratio[ROPELAW_NUMBER_SIZE];
    double per_s = s->work / s->seconds;
    printf("  %-34s %10s ms", s->name, ropelaw_number_str(1e3 * s->seconds, 4, ms));
    json_add(b, ",\n   \"%s\": {\"ms\": %s", s->name, ms);
    json_add(b, ", \"ms_low\": %s", number(1e3 * s->low, ms));
    json_add(b, ", \"ms_high\": %s", number(1e3 * s->high, ms));
    if (s->work > 0) {
        printf(" %9s %s", ropelaw_number_str(per_s / 1e9, 4, rate), b->unit);
        json_add(b, ", \"rate\": %s, \"unit\": \"%s\"", rate, b->unit);
    }
    if (s->work > 0 && b->flop) {
        printf("  %6s of peak", ropelaw_number_str(per_s / b->peak, 3, share));
        json_add(b, ", \"fraction_of_fma_peak\": %s", share);
    }
    if (s != first) {
        printf("  %6s x %s", ropelaw_number_str(s->seconds / first->seconds, 3, ratio), first->name);
        json_add(b, ", \"times_first\": %s", ratio);
    }
    puts("");
    json_add(b, "}");
}

void bench_measure(bench *b, const char *name, bench_side *sides, size_t n) {
    static double took[MOST_SIDES][MOST_ROUNDS], peaks[MOST_ROUNDS];
    char text[ROPELAW_NUMBER_SIZE];
    b->wall = b->threads > 1;
    for (size_t i = 0; i < n; i++) b->wall = b->wall || sides[i].threads > 1;
    for (size_t i = 0; i < n && b->rounds > 1; i++)
        sides[i].run(sides[i].context); /* warm: pages, caches, lazy set-up */
    for (size_t round = 0; round < b->rounds; round++) {
        for (size_t i = 0; i < n; i++) took[i][round] = turn(b, sides + i);
        if (ropelaw_attention_fma_peak(NULL, 2e-3, &peaks[round], NULL)) peaks[round] = NAN;
    }
    qsort(peaks, b->rounds, sizeof *peaks, ascending);
    b->peak = peaks[b->rounds / 2] * (double)b->threads;
    printf("%s (peak %s GF/s)\n", name, ropelaw_number_str(b->peak / 1e9, 4, text));
    close_case(b);
    json_add(b, "%s\n  {\"name\": \"%s\",\n   \"fma_peak_gflops\": %s", b->n_cases++ ? "," : "", name, text);
    for (size_t i = 0; i < n; i++) {
        qsort(took[i], b->rounds, sizeof(double), ascending);
        sides[i].seconds = took[i][b->rounds / 2];
        sides[i].low = took[i][b->rounds / 4];
        sides[i].high = took[i][b->rounds - 1 - b->rounds / 4];
        print_side(b, sides + i, sides);
    }
    fflush(stdout);
}

void bench_figure(bench *b, const char *name, double value, const char *unit) {
    char text[ROPELAW_NUMBER_SIZE];
    printf("  %-34s %10s %s\n", name, ropelaw_number_str(value, 4, text), unit);
    if (b->n_cases) json_figure(b, name, value);
}

void bench_goal(bench *b, const char *name, double value, double least) {
    char x[ROPELAW_NUMBER_SIZE], y[ROPELAW_NUMBER_SIZE];
    printf("  goal: %-28s %10s  (at least %s) %s\n", name, ropelaw_number_str(value, 4, x),
           ropelaw_number_str(least, 4, y), value >= least ? "reached" : "MISSED");
    if (!b->n_cases) return;
    json_figure(b, name, value);
}

void bench_wrong(bench *b, const char *name, double error, double bound) {
    char x[ROPELAW_NUMBER_SIZE], y[ROPELAW_NUMBER_SIZE];
    printf("%s: WRONG, error %s, bound %s: not timed\n", name, ropelaw_number_str(error, 4, x),
           ropelaw_number_str(bound, 4, y));
    b->n_wrong++;
}

void bench_note(bench *b, const char *text) {
    (void)b;
    printf("  # %s\n", text);
}

int bench_finish(bench *b) {
    int status = b->n_wrong ? 1 : 0;
    close_case(b);
    json_add(b, "\n], \"n_wrong\": %zu}\n", b->n_wrong);
    FILE *file = b->json_path ? fopen(b->json_path, "w") : NULL;
    if (b->json_path && (!file || fputs(b->json, file) == EOF || fclose(file))) {
        fprintf(stderr, "bench: cannot write %s\n", b->json_path);
        status = 5;
    }
    free(b->json);
    free(b);
    return status;
}
