#include "curves.h"
#include "csv_cells.h"
#include "test.h"
#include <ropelaw/coverage.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

curve runs[MOST_RUNS];
size_t n_runs, n_models, n_setups;
char models[MOST_MODELS][64], setups[MOST_SETUPS][64];
ropelaw_series all_curves;

static void add_theory(curve *c) {
    ropelaw_setting s = {32, c->pretrain_base, c->train_len, c->base, c->tune_len};
    ropelaw_coverage strict, coverage;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_bound_eval(&s, &c->law, &error), error);
    test_assert_ok(ropelaw_coverage_base_eval(&s, 0, &strict, &error), error);
    test_assert_ok(ropelaw_coverage_base_eval(&s, 1, &coverage, &error), error);
    c->strict = strict.bound_tok, c->coverage = coverage.bound_tok;
}

static void add_name(char (*names)[64], size_t *n, size_t most, const char *name) {
    for (size_t i = 0; i < *n; i++)
        if (!strcmp(names[i], name)) return;
    ck_assert_uint_lt(*n, most);
    strcpy(names[(*n)++], name);
}

static void add_run(const char *name, const char *line, const char *header) {
    ck_assert_uint_lt(n_runs, MOST_RUNS);
    curve *c = &runs[n_runs++];
    strcpy(c->name, name);
    copy_cell(c->model, sizeof c->model, line, header, "model");
    strcpy(c->setup, c->model);
    ck_assert(strrchr(c->setup, '-') != NULL);
    *strrchr(c->setup, '-') = 0;
    const struct {
        const char *column;
        double *to;
    } facts[] = {
        {"width",              &c->width        },
        {"seed",               &c->seed         },
        {"base",               &c->base         },
        {"pretrain_base",      &c->pretrain_base},
        {"train_len_tok",      &c->train_len    },
        {"tune_len_tok",       &c->tune_len     },
        {"tune_steps",         &c->tune_steps   },
        {"pretrain_loss_nats", &c->pretrain_loss},
        {"onset_tok",          &c->onset        },
        {"onset_lo_tok",       &c->onset_lo     },
        {"onset_hi_tok",       &c->onset_hi     }
    };
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        *facts[i].to = number(line, header, facts[i].column);
    add_theory(c);
    add_name(models, &n_models, MOST_MODELS, c->model);
    add_name(setups, &n_setups, MOST_SETUPS, c->setup);
}

static void add_row(const char *line, const char *header) {
    char name[96];
    copy_cell(name, sizeof name, line, header, "run");
    if (!n_runs || strcmp(runs[n_runs - 1].name, name)) add_run(name, line, header);
    curve *c = &runs[n_runs - 1];
    ck_assert_uint_lt(c->n, MOST_BINS);
    c->length[c->n] = number(line, header, "eval_len_tok");
    c->excess[c->n++] = number(line, header, "excess_nats");
}

static void load_file(const char *path) {
    static char line[4096], header[4096];
    FILE *f = fopen(path, "r");
    ck_assert(f != NULL);
    header[0] = 0;
    while (fgets(line, sizeof line, f)) {
        if (*line == '#') continue;
        if (header[0])
            add_row(line, header);
        else
            strcpy(header, line);
    }
    fclose(f);
    ropelaw_series s;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_series_read(path, &s, &error), error);
    test_assert_ok(ropelaw_series_merge(&all_curves, &s, &error), error);
}

void load_curves(void) {
    glob_t found;
    if (n_runs) return;
    ck_assert(!glob("data/curves/lm/t*.csv", 0, NULL, &found));
    for (size_t i = 0; i < found.gl_pathc; i++) load_file(found.gl_pathv[i]);
    globfree(&found);
}

int has_wall(const curve *c) {
    return c->tune_len == c->train_len && c->base >= c->pretrain_base;
}

int is_recipe(const curve *c) {
    return has_wall(c) && c->base <= 30.01 * c->pretrain_base && c->tune_steps == 150;
}

double t_quantile(size_t df) {
    static const double t[] = {NAN,   12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                               2.201, 2.179,  2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086};
    ck_assert(df >= 1 && df < sizeof t / sizeof *t);
    return t[df];
}

spread spread_of(const double *x, size_t n) {
    spread s = {0, 0, 0};
    for (size_t i = 0; i < n; i++) s.mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++) s.sd += (x[i] - s.mean) * (x[i] - s.mean);
    s.sd = sqrt(s.sd / (double)(n - 1));
    s.half = t_quantile(n - 1) * s.sd / sqrt((double)n);
    return s;
}
