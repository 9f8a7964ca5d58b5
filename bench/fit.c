/* Fits of one curve of twelve lengths: exact hinge, SOFT, exact interval, ten thousand hinge bootstraps. Goals are
   seconds on one core. */
#include "harness.h"
#include "stats/exact.h"
#include "stats/soft_solver.h"
#include <ropelaw/random.h>
#include <math.h>
#include <stdlib.h>

enum { N = 12, BOOTSTRAPS = 10000 };

typedef struct {
    double x[N], y[N], fitted[N], residual[N], scratch[4 * N], sink;
    stats_data data;
    stats_hinge_plan *plan;
    stats_soft_solver *solver;
} state;

static void hinge(void *context) {
    state *s = context;
    stats_hinge h;
    stats_hinge_solve(s->plan, s->y, s->scratch, &h);
    s->sink += h.psi;
}

/* With the plan made anew, as one fit of one curve costs. */
static void hinge_alone(void *context) {
    state *s = context;
    stats_hinge_plan *plan = NULL;
    stats_hinge h;
    if (stats_hinge_create(&s->data, false, &plan, NULL)) abort();
    stats_hinge_solve(plan, s->y, s->scratch, &h);
    stats_hinge_destroy(plan);
    s->sink += h.psi;
}

static void soft(void *context) {
    state *s = context;
    stats_soft fit;
    if (stats_soft_solver_fit(s->solver, s->y, &fit)) abort();
    s->sink += fit.rss;
}

static void interval(void *context) {
    state *s = context;
    stats_exact *exact = NULL;
    stats_exact_interval k;
    if (stats_exact_create(&s->data, &(stats_exact_model){false, 0}, 999, 1, &exact, NULL)) abort();
    stats_exact_interval_find(exact, .95, &k);
    stats_exact_destroy(exact);
    s->sink += k.lo;
}

static void bootstraps(void *context) {
    state *s = context;
    double y[N];
    for (uint64_t b = 0; b < BOOTSTRAPS; b++) {
        ropelaw_random random;
        ropelaw_random_init(&random, 7, b);
        for (size_t i = 0; i < N; i++) y[i] = s->fitted[i] + s->residual[ropelaw_random_below(&random, N)];
        s->sink += stats_hinge_break(s->plan, y, s->scratch);
    }
}

static void make(state *s) {
    ropelaw_random random;
    ropelaw_random_init(&random, 3, 0);
    for (size_t i = 0; i < N; i++) {
        s->x[i] = log(256) + (double)i * log(2);
        s->y[i] = 2 - .05 * s->x[i] + 2 * fmax(0, s->x[i] - 9.6) + .05 * ropelaw_random_normal(&random);
    }
    s->data = (stats_data){.n = N, .x = s->x, .y = s->y};
    if (stats_hinge_create(&s->data, false, &s->plan, NULL) ||
        stats_soft_solver_create(&s->data, &s->solver, NULL))
        abort();
    stats_hinge h;
    stats_hinge_solve(s->plan, s->y, s->scratch, &h);
    for (size_t i = 0; i < N; i++) {
        double d = s->x[i] - h.psi;
        s->fitted[i] = h.alpha + (d > 0 ? h.slope_right : h.slope_left) * d;
        s->residual[i] = s->y[i] - s->fitted[i];
    }
    if (fabs(h.psi - 9.6) > .2) exit(1); /* a wrong fit is not timed */
}

int main(int argc, char **argv) {
    bench *b = bench_start(argc, argv, "fit");
    static state s;
    make(&s);
    static const struct {
        const char *name;
        void (*run)(void *);
        double goal;
    } cases[] = {
        {"hinge, 12 lengths, plan at hand",       hinge,       5e-6  },
        {"hinge, 12 lengths, alone",              hinge_alone, 5e-6  },
        {"SOFT, 12 lengths",                      soft,        150e-6},
        {"exact interval, 12 lengths, 999 draws", interval,    .3    },
        {"10^4 hinge bootstraps, 12 lengths",     bootstraps,  .1    }
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench_side side = {"ropelaw", cases[i].run, &s, 0, 0, 0, 0};
        bench_measure(b, cases[i].name, &side, 1);
        bench_goal(b, "times faster than the goal", cases[i].goal / side.seconds, 1);
    }
    stats_hinge_destroy(s.plan);
    stats_soft_solver_destroy(s.solver);
    return bench_finish(b);
}
