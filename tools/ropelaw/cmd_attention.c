#include "cli.h"
#include <string.h>

static const cli_option options[] = {
    {"check",     CLI_FLAG,   NULL, "judge every case against the reference by its error bound (the default)"},
    {"bench",     CLI_FLAG,   NULL, "judge and time the large cases beside the multiply-add peak"            },
    {"stats",     CLI_FLAG,   NULL, "scores and attention mass by distance, on generated data"               },
    {"backward",  CLI_FLAG,   NULL, "check or bench the gradients instead of the forward"                    },
    {"kernel",    CLI_TEXT,   "K",  "portable, avx2 or avx512 (check: all that run here; else the fastest)"  },
    {"case",      CLI_TEXT,   "C",  "only the case of this name"                                             },
    {"rounds",    CLI_COUNT,  "N",  "timing rounds of --bench (9)"                                           },
    {"max-len",   CLI_LENGTH, "L",  "longest case of --bench (16k)"                                          },
    {"len",       CLI_LENGTH, "L",  "tokens of --stats (32k)"                                                },
    {"rows",      CLI_COUNT,  "N",  "query rows of --stats, spread evenly (48)"                              },
    {"head-dim",  CLI_COUNT,  "D",  "head dimension of --stats, even (128)"                                  },
    {"base",      CLI_NUMBER, "B",  "rotary base of --stats (10000)"                                         },
    {"alignment", CLI_NUMBER, "A",  "common component of q and k of --stats (1)"                             },
    {NULL,        CLI_FLAG,   NULL, NULL                                                                     },
};

static const ropelaw_column case_columns[] = {
    {"name",                 "case",        ROPELAW_COLUMN_TEXT,   0},
    {"kernel",               NULL,          ROPELAW_COLUMN_TEXT,   0},
    {"n_tok",                "tokens",      ROPELAW_COLUMN_NUMBER, 0},
    {"heads",                NULL,          ROPELAW_COLUMN_TEXT,   0},
    {"threads",              NULL,          ROPELAW_COLUMN_NUMBER, 0},
    {"max_error",            "max error",   ROPELAW_COLUMN_NUMBER, 3},
    {"bound",                "bound there", ROPELAW_COLUMN_NUMBER, 3},
    {"verdict",              NULL,          ROPELAW_COLUMN_TEXT,   0},
    {"ns",                   NULL,          ROPELAW_COLUMN_NUMBER, 4},
    {"gflops",               "GF/s",        ROPELAW_COLUMN_NUMBER, 4},
    {"fma_peak_gflops",      "peak GF/s",   ROPELAW_COLUMN_NUMBER, 4},
    {"fraction_of_fma_peak", "of peak",     ROPELAW_COLUMN_NUMBER, 3},
};

static const ropelaw_column distance_columns[] = {
    {"first",          "distance",    ROPELAW_COLUMN_NUMBER, 0},
    {"last",           "to",          ROPELAW_COLUMN_NUMBER, 0},
    {"n_pairs",        "pairs",       ROPELAW_COLUMN_NUMBER, 0},
    {"mean_score",     "mean score",  ROPELAW_COLUMN_NUMBER, 6},
    {"expected_score", "closed form", ROPELAW_COLUMN_NUMBER, 6},
    {"mass",           "attention",   ROPELAW_COLUMN_NUMBER, 6},
};

static void put_case(cli_value *cases, cli_rows *rows, const ropelaw_attention_result *r) {
    char heads[48];
    snprintf(heads, sizeof heads, "%zu:%zu", r->n_heads, r->n_kv_heads);
    cli_value *v = cli_put(cases, NULL, cli_object());
    cli_put_text(v, "name", r->name);
    cli_put_text(v, "kernel", r->kernel->name);
    cli_put_text(v, "isa", ropelaw_isa_str(r->kernel->isa));
    cli_put_text(v, "tile", r->kernel->tile);
    cli_put_number(v, "n_tok", (double)r->n_tok);
    cli_put_text(v, "heads", heads);
    cli_put_number(v, "threads", (double)r->n_threads);
    cli_put_number(v, "rows_judged", (double)r->n_rows);
    cli_put_number(v, "max_error", r->max_error);
    cli_put_number(v, "bound", r->bound);
    cli_put_text(v, "verdict", r->ok ? "ok" : "WRONG");
    cli_put_number(v, "ns", r->ns);
    cli_put_number(v, "gflops", r->gflops);
    cli_put_number(v, "fma_peak_gflops", r->fma_peak_gflops);
    cli_put_number(v, "fraction_of_fma_peak", r->fraction_of_fma_peak);
    cli_cell_text(rows, r->name);
    cli_cell_text(rows, r->kernel->name);
    cli_cell(rows, (double)r->n_tok);
    cli_cell_text(rows, heads);
    cli_cell(rows, (double)r->n_threads);
    cli_cell(rows, r->max_error);
    cli_cell(rows, r->bound);
    cli_cell_text(rows, r->ok ? "ok" : "WRONG");
    cli_cell(rows, r->ns);
    cli_cell(rows, r->gflops);
    cli_cell(rows, r->fma_peak_gflops);
    cli_cell(rows, r->fraction_of_fma_peak);
}

typedef struct {
    cli_value *cases;
    cli_rows rows;
    bool bench, wrong;
    size_t n;
    double peak;
} answer;

static int run_case(cli_context *c, answer *a, const ropelaw_attention_case *one, const char *kernel) {
    ropelaw_attention_check_options o = {
        .pass = cli_given(c, "backward") ? ROPELAW_ATTENTION_PASS_BACKWARD : ROPELAW_ATTENTION_PASS_FORWARD,
        .options = {.n_threads = c->threads, .kernel = kernel}
    };
    ropelaw_attention_result r;
    ropelaw_error error = {0};
    if (a->bench) o.n_rounds = (size_t)cli_number(c, "rounds", 9);
    if (ropelaw_attention_check_run(one, &o, &r, &error)) return cli_fail(c, &error);
    put_case(a->cases, &a->rows, &r);
    a->wrong = a->wrong || !r.ok;
    a->peak = r.fma_peak_gflops;
    a->n++;
    return CLI_OK;
}

/* A check runs every kernel that this processor has, a bench the chosen one. */
static int run_kernels(cli_context *c, answer *a, const ropelaw_attention_case *one) {
    const char *kernel = cli_text(c, "kernel", NULL);
    const ropelaw_attention_kernel *k;
    if (kernel || a->bench) return run_case(c, a, one, kernel);
    for (size_t i = 0; (k = ropelaw_attention_kernel_at(i)); i++) {
        ropelaw_attention_options o = {.kernel = k->name};
        const ropelaw_attention_kernel *found;
        if (ropelaw_attention_kernel_find(&o, &found, NULL)) {
            cli_note(c, "kernel %s does not run on this processor: not checked", k->name);
            continue;
        }
        int code = run_case(c, a, one, k->name);
        if (code) return code;
    }
    return CLI_OK;
}

static bool is_wanted(cli_context *c, const answer *a, const ropelaw_attention_case *one) {
    const char *name = cli_text(c, "case", NULL);
    if (name) return strcmp(name, one->name) == 0;
    return a->bench == (one->timed != 0) &&
           (!a->bench || (double)one->n_tok <= cli_number(c, "max-len", 16384));
}

static int check(cli_context *c, bool bench) {
    char cpu[64];
    answer a = {.bench = bench,
                .rows = cli_rows_start("attention", case_columns, CLI_COUNT_OF(case_columns))};
    a.cases = cli_put(c->result, "cases", cli_array());
    const ropelaw_attention_case *one;
    cli_put_text(c->result, "cpu", ropelaw_cpu_str(cpu, sizeof cpu));
    fprintf(c->text, "%s, best kernel %s\n\n", cpu, ropelaw_isa_str(ropelaw_isa_best()));
    for (size_t i = 0; (one = ropelaw_attention_case_at(i)); i++) {
        int code = is_wanted(c, &a, one) ? run_kernels(c, &a, one) : CLI_OK;
        if (code) return code;
    }
    if (!a.n) return cli_usage(c, "no case of that name; --format csv lists them");
    cli_put_number(c->result, "fma_peak_gflops", a.peak);
    cli_put_text(c->result, "verdict", a.wrong ? "WRONG" : "ok");
    int code = cli_rows_end(c, &a.rows, true);
    return code ? code : a.wrong ? CLI_CHECK : CLI_OK;
}

static void put_distances(const ropelaw_attention_survey *s, cli_value *list, cli_rows *rows) {
    for (size_t i = 0; i < s->n_distances; i++) {
        const ropelaw_attention_distance *x = s->distances + i;
        cli_value *v = cli_put(list, NULL, cli_object());
        cli_put_number(v, "first", (double)x->first);
        cli_put_number(v, "last", (double)x->last);
        cli_put_number(v, "n_pairs", (double)x->n_pairs);
        cli_put_number(v, "mean_score", x->mean_score);
        cli_put_number(v, "expected_score", x->expected_score);
        cli_put_number(v, "mass", x->mass);
        cli_cell(rows, (double)x->first);
        cli_cell(rows, (double)x->last);
        cli_cell(rows, (double)x->n_pairs);
        cli_cell(rows, x->mean_score);
        cli_cell(rows, x->expected_score);
        cli_cell(rows, x->mass);
    }
}

static int stats(cli_context *c) {
    ropelaw_attention_survey_options o = {
        .n_tok = (size_t)cli_number(c, "len", 32768),
        .n_rows = (size_t)cli_number(c, "rows", 48),
        .head_dim = (size_t)cli_number(c, "head-dim", 128),
        .base = cli_number(c, "base", 10000),
        .alignment = cli_number(c, "alignment", 1),
        .seed = c->seed,
        .options = {.n_threads = c->threads, .kernel = cli_text(c, "kernel", NULL)}
    };
    ropelaw_attention_survey s;
    ropelaw_error error = {0};
    const ropelaw_progress *progress = cli_progress(c, "attention");
    if (progress) o.options.progress = *progress;
    if (ropelaw_attention_survey_run(&o, &s, &error)) return cli_fail(c, &error);
    cli_put_number(c->input, "n_tok", (double)o.n_tok);
    cli_put_number(c->input, "n_rows", (double)o.n_rows);
    cli_put_number(c->input, "head_dim", (double)o.head_dim);
    cli_put_number(c->input, "base", o.base);
    cli_put_number(c->input, "alignment", o.alignment);
    cli_put_number(c->result, "entropy_nats", s.entropy);
    cli_put_number(c->result, "uniform_entropy_nats", s.uniform_entropy);
    cli_put_number(c->result, "max_logit", s.max_logit);
    cli_rows rows = cli_rows_start("attention by distance", distance_columns, CLI_COUNT_OF(distance_columns));
    put_distances(&s, cli_put(c->result, "distances", cli_array()), &rows);
    fprintf(c->text, "%zu tokens, %zu rows, head_dim %zu, base %s: entropy %s nats (equal weights: %s)\n\n",
            o.n_tok, o.n_rows, o.head_dim, cli_num(o.base, 0), cli_num(s.entropy, 6),
            cli_num(s.uniform_entropy, 6));
    cli_note(c, "%s s for the statistics alone, kernel %s, workspace %s bytes", cli_num(s.seconds, 3),
             s.kernel->name, cli_num((double)s.workspace_bytes, 0));
    return cli_rows_end(c, &rows, true);
}

static int run(cli_context *c) {
    int asked = cli_given(c, "check") + cli_given(c, "bench") + cli_given(c, "stats");
    if (asked > 1) return cli_usage(c, "--check, --bench and --stats exclude each other");
    return cli_given(c, "stats") ? stats(c) : check(c, cli_given(c, "bench"));
}

const cli_command cmd_attention = {
    .name = "attention",
    .summary = "is the attention kernel right on this machine, and how fast",
    .arguments = "",
    .options = options,
    .help =
        "--check judges every kernel that runs here against the reference in double; a wrong case gives exit "
        "code 1. "
        "--bench times what is right, with the multiply-add peak measured between the rounds. --stats shows "
        "mean score and attention by distance on generated data, exactly, without the matrix.",
    .example = "ropelaw attention --check\n"
               "ropelaw attention --bench --max-len 4k --format md\n"
               "ropelaw attention --stats --len 1M --rows 48 --threads 2",
    .run = run,
};
