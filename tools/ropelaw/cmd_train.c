#include "cli.h"
#include <math.h>
#include <string.h>

static const cli_option options[] = {
    {"preset",      CLI_TEXT,   "NAME",   "the grid: quick (default), paper, seeds"                            },
    {"setup",       CLI_TEXT,   "NAME",   "only this set-up of the preset (t128-b500-w64, ...)"                },
    {"curves",      CLI_TEXT,   "FILE",   "write the long CSV of all curves there"                             },
    {"figure",      CLI_TEXT,   "FILE",   "draw the curves there: FILE.svg, or FILE.tex for pgfplots"          },
    {"times",       CLI_TEXT,   "FILE",   "write what took how long there"                                     },
    {"checkpoints", CLI_TEXT,   "DIR",    "keep pre-trained models there (made if missing), continue from them"},
    {"language",    CLI_COUNT,  "N",      "which generated language (default 42)"                              },
    {"share",       CLI_NUMBER, "X",      "that share of all training steps, for trying out (default 1)"       },
    {"eval-len",    CLI_LENGTH, "TOKENS", "evaluated length (default 2048)"                                    },
    {"windows",     CLI_COUNT,  "N",      "evaluated windows (default 24)"                                     },
    {NULL,          CLI_FLAG,   NULL,     NULL                                                                 },
};

static const ropelaw_column run_columns[] = {
    {"run",               NULL,           ROPELAW_COLUMN_TEXT,   0},
    {"base",              NULL,           ROPELAW_COLUMN_NUMBER, 5},
    {"tune_len_tok",      "tuned",        ROPELAW_COLUMN_NUMBER, 0},
    {"onset_tok",         "onset",        ROPELAW_COLUMN_NUMBER, 3},
    {"onset_lo_tok",      "95 % from",    ROPELAW_COLUMN_NUMBER, 3},
    {"onset_hi_tok",      "to",           ROPELAW_COLUMN_NUMBER, 3},
    {"closed_form",       "law",          ROPELAW_COLUMN_NUMBER, 4},
    {"strict",            NULL,           ROPELAW_COLUMN_NUMBER, 4},
    {"coverage",          NULL,           ROPELAW_COLUMN_NUMBER, 4},
    {"ratio_closed_form", "onset/law",    ROPELAW_COLUMN_NUMBER, 3},
    {"ratio_strict",      "onset/strict", ROPELAW_COLUMN_NUMBER, 3},
    {"ratio_coverage",    "onset/cov.",   ROPELAW_COLUMN_NUMBER, 3},
    {"pedestal_nats",     "pedestal",     ROPELAW_COLUMN_NUMBER, 2},
    {"final_ppl",         "ppl at end",   ROPELAW_COLUMN_NUMBER, 3},
};

static void put_run(cli_value *array, const ropelaw_train_run *r) {
    cli_value *o = cli_put(array, NULL, cli_object());
    cli_put_text(o, "run", r->run);
    cli_put_text(o, "model", r->model);
    const struct {
        const char *key;
        double value;
    } numbers[] = {
        {"seed",               (double)r->seed            },
        {"width",              (double)r->width           },
        {"rotary_dim",         (double)r->head_dim        },
        {"pretrain_base",      r->pretrain_base           },
        {"train_len_tok",      (double)r->train_len       },
        {"tune_len_tok",       (double)r->tune_len        },
        {"base",               r->base                    },
        {"pretrain_steps",     (double)r->n_pretrain_steps},
        {"tune_steps",         (double)r->n_tune_steps    },
        {"pretrain_loss_nats", r->pretrain_loss_nats      },
        {"tune_loss_nats",     r->tune_loss_nats          },
        {"reference_nats",     r->reference_nats          },
        {"onset_tok",          r->onset.onset_tok         },
        {"onset_lo_tok",       r->onset.lo_tok            },
        {"onset_hi_tok",       r->onset.hi_tok            },
        {"closed_form",        r->closed_form             },
        {"closed_form_16b",    r->closed_form_16b         },
        {"strict",             r->strict                  },
        {"coverage",           r->coverage                },
        {"ratio_closed_form",  r->ratio_closed_form       },
        {"ratio_strict",       r->ratio_strict            },
        {"ratio_coverage",     r->ratio_coverage          },
        {"plateau_nats",       r->plateau_nats            },
        {"wall_nats",          r->wall_nats               },
        {"pedestal_nats",      r->pedestal_nats           },
        {"final_ppl",          r->final_ppl               },
    };
    for (size_t i = 0; i < CLI_COUNT_OF(numbers); i++) cli_put_number(o, numbers[i].key, numbers[i].value);
    cli_put_bool(o, "censored", r->onset.censored);
}

static void add_run(cli_rows *rows, const ropelaw_train_run *r) {
    cli_cell_text(rows, r->run);
    cli_cell(rows, r->base);
    cli_cell(rows, (double)r->tune_len);
    if (r->onset.censored) {
        char limit[48];
        snprintf(limit, sizeof limit, ">%s", cli_num(r->onset.onset_tok, 4));
        cli_cell_limit(rows, limit);
    } else {
        cli_cell(rows, r->onset.onset_tok);
    }
    const double rest[] = {r->onset.lo_tok,  r->onset.hi_tok,      r->closed_form,  r->strict,
                           r->coverage,      r->ratio_closed_form, r->ratio_strict, r->ratio_coverage,
                           r->pedestal_nats, r->final_ppl};
    for (size_t i = 0; i < CLI_COUNT_OF(rest); i++) cli_cell(rows, rest[i]);
}

static int unknown_preset(const cli_context *c, const char *name) {
    char known[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < ropelaw_train_preset_count(); i++) {
        int n = snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                         ropelaw_train_preset_at(i)->name);
        if (n < 0 || (used += (size_t)n) >= sizeof known) break;
    }
    const ropelaw_train_preset *near = ropelaw_train_preset_nearest(name);
    if (near)
        return cli_usage(c, "unknown preset \"%s\": did you mean %s? (known: %s)", name, near->name, known);
    return cli_usage(c, "unknown preset \"%s\" (known: %s)", name, known);
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

static int write_files(const cli_context *c, const ropelaw_train_result *r) {
    const char *curves = cli_text(c, "curves", NULL), *times = cli_text(c, "times", NULL);
    const char *figure = cli_text(c, "figure", NULL);
    int code = curves ? cli_write_file(c, curves, r->csv, strlen(r->csv)) : CLI_OK;
    if (!code && figure) {
        const char *drawn = ends_with(figure, ".tex") ? r->tex : r->svg;
        code = cli_write_file(c, figure, drawn, strlen(drawn));
    }
    return !code && times ? cli_write_file(c, times, r->times, strlen(r->times)) : code;
}

/* Before hours of training, not after. */
static int check_files(const cli_context *c) {
    static const char *const files[] = {"curves", "figure", "times", "output"};
    const char *figure = cli_text(c, "figure", NULL);
    int code = CLI_OK;
    if (figure && !ends_with(figure, ".svg") && !ends_with(figure, ".tex"))
        return cli_usage(c, "--figure %s: the name must end in .svg or .tex", figure);
    for (size_t i = 0; i < CLI_COUNT_OF(files) && !code; i++)
        code = cli_can_write(c, cli_text(c, files[i], NULL));
    return code;
}

static void put_range(cli_value *parent, const char *key, const ropelaw_range *range) {
    cli_value *o = cli_put(parent, key, cli_object());
    cli_put_number(o, "est", range->est);
    cli_put_number(o, "lo", range->lo);
    cli_put_number(o, "hi", range->hi);
}

/* One ratio over all models, and the mean of a population that they are drawn from (five models or more). */
static void put_pool(cli_context *c, const ropelaw_law_pool *pool) {
    cli_value *o = cli_put(c->result, "pool", cli_object());
    cli_put_number(o, "n_models", (double)pool->n_models);
    cli_put_text(o, "reason", pool->reason);
    if (pool->n_models < 2 || pool->reason) return;
    put_range(o, "ratio", &pool->rho);
    put_range(o, "population_mean", &pool->random_mean);
    fprintf(c->text, "Effective over critical dimension, %zu models: %s [%s, %s] with one ratio for all",
            pool->n_models, cli_num(pool->rho.est, 3), cli_num(pool->rho.lo, 3), cli_num(pool->rho.hi, 3));
    if (isfinite(pool->random_mean.est))
        fprintf(c->text, "; %s [%s, %s] with models drawn from a population",
                cli_num(pool->random_mean.est, 3), cli_num(pool->random_mean.lo, 3),
                cli_num(pool->random_mean.hi, 3));
    fprintf(c->text, "\n");
}

/* The law fitted to the curves of every model, with the intervals of law_fit.h. */
static int fit_law(cli_context *c, const ropelaw_train_result *r) {
    static const ropelaw_column columns[] = {
        {"model",            NULL,              ROPELAW_COLUMN_TEXT,   0},
        {"n_runs",           "runs",            ROPELAW_COLUMN_NUMBER, 0},
        {"critical_dim",     "critical dim",    ROPELAW_COLUMN_NUMBER, 0},
        {"effective_dim",    "effective dim",   ROPELAW_COLUMN_NUMBER, 4},
        {"effective_lo",     "95 % from",       ROPELAW_COLUMN_NUMBER, 4},
        {"effective_hi",     "to",              ROPELAW_COLUMN_NUMBER, 4},
        {"intercept_factor", "c",               ROPELAW_COLUMN_NUMBER, 3},
        {"p_theory",         "p of the theory", ROPELAW_COLUMN_NUMBER, 2},
        {"reason",           "no law because",  ROPELAW_COLUMN_TEXT,   0},
    };
    ropelaw_law_options o = ropelaw_law_options_default;
    ropelaw_law *law = NULL;
    ropelaw_error error = {0};
    o.progress = cli_progress(c, "law");
    if (ropelaw_law_fit(&r->series, &o, &law, &error)) return cli_fail(c, &error);
    cli_value *models = cli_put(c->result, "law", cli_array());
    cli_rows rows =
        cli_rows_start("The law fitted to the curves of each model", columns, CLI_COUNT_OF(columns));
    for (size_t i = 0; i < law->n_models; i++) {
        const ropelaw_law_model *m = &law->models[i];
        cli_value *v = cli_put(models, NULL, cli_object());
        cli_put_text(v, "model", m->name);
        cli_put_number(v, "n_runs", (double)m->n_runs);
        cli_put_number(v, "critical_dim", m->critical_dim);
        put_range(v, "effective_dim", &m->free.effective_dim);
        put_range(v, "intercept_factor", &m->free.intercept_factor);
        cli_put_number(v, "p_theory", m->test_theory.p);
        cli_put_text(v, "reason", m->reason);
        cli_cell_text(&rows, m->name);
        const double numbers[] = {(double)m->n_runs,         m->critical_dim,
                                  m->free.effective_dim.est, m->free.effective_dim.lo,
                                  m->free.effective_dim.hi,  m->free.intercept_factor.est,
                                  m->test_theory.p};
        for (size_t k = 0; k < CLI_COUNT_OF(numbers); k++)
            cli_cell(&rows, m->reason && k > 1 ? NAN : numbers[k]);
        cli_cell_text(&rows, m->reason);
    }
    int code = cli_rows_end(c, &rows, true);
    put_pool(c, &law->pool);
    ropelaw_law_destroy(&law);
    return code;
}

/* Loss of every pre-trained model, beside what the text itself costs. */
static void put_loss(cli_context *c, const ropelaw_train_result *r) {
    const ropelaw_lm_text_information *floor = &r->text_floor;
    cli_value *o = cli_put(c->result, "text_floor", cli_object());
    cli_put_number(o, "topics_known_nats", floor->topics_known_nats);
    cli_put_number(o, "topics_unknown_nats", floor->topics_unknown_nats);
    fprintf(c->text, "Loss after pre-training [nat a byte], held out, at the training length:\n");
    for (size_t i = 0; i < r->n_runs; i++)
        if (!i || strcmp(r->runs[i].model, r->runs[i - 1].model))
            fprintf(c->text, "  %-20s %s\n", r->runs[i].model, cli_num(r->runs[i].pretrain_loss_nats, 3));
    if (isfinite(floor->topics_known_nats))
        fprintf(
            c->text,
            "  the text itself costs %s to who knows the language and the topics, %s without the topics\n",
            cli_num(floor->topics_known_nats, 3), cli_num(floor->topics_unknown_nats, 3));
}

static int report(cli_context *c, const ropelaw_train_result *r) {
    cli_value *runs = cli_put(c->result, "runs", cli_array());
    cli_rows rows =
        cli_rows_start("Onsets (+0.2 nat) beside the theory", run_columns, CLI_COUNT_OF(run_columns));
    for (size_t i = 0; i < r->n_runs; i++) {
        put_run(runs, &r->runs[i]);
        add_run(&rows, &r->runs[i]);
    }
    cli_rows_note(&rows, "law: closed form (16a-c); strict, coverage: phase coverage with phi = 0 and 1 rad; "
                         "intervals: bootstrap over the evaluated windows, which holds for this model only");
    int code = cli_rows_end(c, &rows, true);
    if (code) return code;
    put_loss(c, r);
    fprintf(c->text, "\n");
    if ((code = fit_law(c, r))) return code;
    fprintf(c->text, "\n%s", r->figure);
    return CLI_OK;
}

static int run(cli_context *c) {
    const char *name = cli_text(c, "preset", "quick"), *file = c->n_arguments ? c->arguments[0] : NULL;
    const ropelaw_train_preset *preset = ropelaw_train_preset_find(name);
    if (!preset) return unknown_preset(c, name);
    int code = check_files(c);
    if (code) return code;
    ropelaw_train_options o = ropelaw_train_options_default;
    ropelaw_train_result result;
    ropelaw_error error = {0};
    char *text = NULL;
    if (file && ropelaw_lm_text_read(file, &text, &o.n_bytes, &error)) return cli_fail(c, &error);
    o.text = text, o.text_name = file ? file : "";
    o.seed = c->seed, o.n_threads = c->threads;
    o.language = (uint64_t)cli_number(c, "language", (double)o.language);
    o.setup = cli_text(c, "setup", NULL), o.checkpoint_dir = cli_text(c, "checkpoints", NULL);
    o.step_share = cli_number(c, "share", o.step_share);
    o.eval_len = (size_t)cli_number(c, "eval-len", (double)o.eval_len);
    o.eval_windows = (size_t)cli_number(c, "windows", (double)o.eval_windows);
    o.progress = *cli_progress(c, name);
    cli_put_text(c->input, "preset", name);
    cli_put_text(c->input, "setup", o.setup);
    cli_put_text(c->input, "text", file);
    if (!file) cli_put_number(c->input, "language", (double)o.language);
    cli_put_number(c->input, "seed", (double)o.seed);
    cli_put_number(c->input, "share", o.step_share);
    cli_put_number(c->input, "eval_len_tok", (double)o.eval_len);
    ropelaw_blas_threads_set(1);
    int failed = ropelaw_train_experiment(preset, &o, &result, &error) != ROPELAW_OK;
    ropelaw_lm_text_free(text);
    if (failed) return cli_fail(c, &error);
    code = report(c, &result);
    int written = write_files(c, &result);
    ropelaw_train_result_clear(&result);
    cli_source(c, "recipe and definitions: docs/experiment.md; law: Liu et al. 2024 (arXiv:2310.05209)");
    return written ? written : code;
}

const cli_command cmd_train = {
    .name = "train",
    .summary = "the whole law on this machine: train small models, tune copies, see where they break",
    .arguments = "[TEXT]",
    .least = 0,
    .most = 1,
    .options = options,
    .help = "Pre-trains byte-level models, tunes copies over a grid of bases and lengths, and measures where "
            "the loss\n"
            "leaves its plateau. Presets: quick (one model, three bases), paper (five models, the grid of\n"
            "docs/experiment.md), seeds (paper with three seeds). The text is generated unless TEXT is "
            "given; its last\n"
            "sixteenth is held out. Same seed, same bytes on any number of threads. With --checkpoints a "
            "stopped run\n"
            "continues to the same bytes.",
    .example = "ropelaw train --threads 2\nropelaw train --preset paper --threads 2 --curves paper.csv "
               "--checkpoints ckpt\nropelaw train --preset paper --setup t64-b50-w64 --seed 3 book.txt",
    .run = run,
};
