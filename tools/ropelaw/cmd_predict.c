#include "layer_lines.h"
#include "law_option.h"
#include "method_options.h"
#include <math.h>

static const cli_option options[] = {
    {"tune-base",     CLI_NUMBERS, "B,..",  "base after tuning (as released, else the pre-training base)"            },
    {"tune-len",      CLI_LENGTHS, "L,..",  "tuned length (as released, else train-len)"                             },
    {"method",        CLI_TEXT,    "M",     "RoPE method in use (that of the preset or file)"                        },
    {"factor",        CLI_NUMBER,  "S",     "its scaling factor"                                                     },
    CLI_METHOD_OPTIONS,
    {"long-range",    CLI_FLAG,    NULL,
     "also ask which base keeps similar tokens ahead at every distance (seconds)"                                    },
    {"bidirectional", CLI_FLAG,    NULL,    "the model attends in both directions: lengths count twice in the law"   },
    {"phi",           CLI_NUMBERS, "LO,HI", "span of the phase tolerance in rad (0,1)"                               },
    {"critical-dim",  CLI_NUMBER,  "D",
     "a critical dimension found by search, for the predictor real_critical_dim"                                     },
    {"eps",           CLI_NUMBER,  "X",     "attenuation for the predictor phase_modulation (0.9)"                   },
    {"law",           CLI_TEXT,    "FILE",  "a fitted law (fit --save-law): its median and the interval of a new run"},
    {"level",         CLI_NUMBER,  "P",     "level of that interval (0.95)"                                          },
    {NULL,            CLI_FLAG,    NULL,    NULL                                                                     },
};

static const ropelaw_column columns[] = {
    {"tune_base",         "base",            ROPELAW_COLUMN_NUMBER, 6},
    {"tune_len_tok",      "tuned on",        ROPELAW_COLUMN_NUMBER, 0},
    {"critical_dim",      "critical dim",    ROPELAW_COLUMN_NUMBER, 0},
    {"critical_dim_real", "unrounded",       ROPELAW_COLUMN_NUMBER, 6},
    {"critical_base",     "critical base",   ROPELAW_COLUMN_NUMBER, 6},
    {"bound_base",        "bound base",      ROPELAW_COLUMN_NUMBER, 6},
    {"regime",            NULL,              ROPELAW_COLUMN_TEXT,   0},
    {"bound_tok",         "bound",           ROPELAW_COLUMN_NUMBER, 6},
    {"bound_real_tok",    "unrounded bound", ROPELAW_COLUMN_NUMBER, 6},
    {"coverage_lo_tok",   "phi low",         ROPELAW_COLUMN_NUMBER, 6},
    {"coverage_hi_tok",   "phi high",        ROPELAW_COLUMN_NUMBER, 6},
    {"pair",              NULL,              ROPELAW_COLUMN_NUMBER, 0},
};

typedef struct {
    cli_context *c;
    cli_model model;
    cli_law law;
    ropelaw_plan_options options;
    cli_rows rows;
    cli_value *array;    /* NULL: one answer */
    cli_value *coverage; /* of the answer being written */
} job;

/* Lengths for people: whole tokens. */
static const char *tokens(double x) {
    return cli_num(nearbyint(x), 0);
}

static double pair_number(size_t pair) {
    return pair == ROPELAW_NO_PAIR ? NAN : (double)pair;
}

static cli_value *put_coverage(cli_value *v, const ropelaw_plan_options *o, const ropelaw_plan_result *r) {
    cli_value *k = cli_put(v, "coverage", cli_object());
    cli_put_number(k, "lo", r->lo.distance_tok);
    cli_put_number(k, "hi", r->hi.distance_tok);
    cli_put_number(k, "pair", pair_number(r->lo.pair));
    cli_put_number(k, "pair_hi", pair_number(r->hi.pair));
    cli_put_number(k, "context_lo", r->lo.bound_tok);
    cli_put_number(k, "context_hi", r->hi.bound_tok);
    cli_put_number(k, "phi_lo_rad", o->phi_lo_rad);
    cli_put_number(k, "phi_hi_rad", o->phi_hi_rad);
    cli_put_text(k, "status",
                 r->lo.caveats & ROPELAW_CAVEAT_UNBOUNDED ? "UNBOUNDED"
                 : isnan(r->lo.distance_tok)              ? "UNKNOWN"
                                                          : "BOUNDED");
    return k;
}

static void put_predictors(cli_value *v, const ropelaw_plan_result *r) {
    cli_value *list = cli_put(v, "predictors", cli_array());
    for (size_t i = 0; i < r->n_rows; i++) {
        const ropelaw_predictor *p = r->rows[i].predictor;
        double value = r->rows[i].prediction.value;
        cli_value *k = cli_put(list, NULL, cli_object());
        cli_put_text(k, "name", p->name);
        cli_put_text(k, "kind", ropelaw_predictor_kind_str(p->kind));
        cli_put_number(k, "bound", p->kind == ROPELAW_PREDICTS_LENGTH ? value : NAN);
        cli_put_number(k, "value", value);
        cli_put_text(k, "formula", p->formula);
        cli_put_text(k, "source", p->source);
        cli_put_text(k, "limits", p->limits);
        cli_put_caveats(k, "caveats", r->rows[i].prediction.caveats);
    }
}

static void put_long_range(cli_value *v, const ropelaw_plan_result *r) {
    cli_value *k = cli_put(v, "long_range", cli_object());
    cli_put_number(k, "base_min_train", r->long_range.base_min_train);
    cli_put_number(k, "base_min_bound", r->long_range.base_min_bound);
    cli_put_number(k, "len_max", r->long_range.len_max);
    cli_put_text(k, "status",
                 r->long_range.caveats & ROPELAW_CAVEAT_CENSORED ? "CENSORED"
                 : r->long_range.caveats & ROPELAW_CAVEAT_GRID   ? "GRID"
                                                                 : "PROVEN");
    cli_put_caveats(k, "caveats", r->long_range.caveats);
}

static void say_long_range(FILE *out, const ropelaw_plan_result *r) {
    fprintf(out,
            "  long range      smallest base %s for the trained length, %s for the bound; base %s lasts for "
            "%s tokens (Men et al.)\n",
            cli_num(r->long_range.base_min_train, 8), cli_num(r->long_range.base_min_bound, 8),
            cli_num(r->setting.tune_base, 8),
            isnan(r->long_range.len_max) ? "more than 2^24" : cli_num(r->long_range.len_max, 0));
}

static cli_value *put_json(job *j, const ropelaw_plan_result *r) {
    cli_value *v = j->array ? cli_put(j->array, NULL, cli_object()) : j->c->result;
    const ropelaw_bound *b = &r->law;
    cli_put_number(v, "tune_base", r->setting.tune_base);
    cli_put_number(v, "tune_len_tok", r->setting.tune_len_tok);
    cli_put_number(v, "critical_dim", (double)b->critical.dim);
    cli_put_number(v, "critical_dim_real", b->critical.dim_real);
    cli_put_number(v, "tuned_critical_dim",
                   b->regime == ROPELAW_REGIME_LARGE_BASE ? NAN : (double)b->tuned.dim);
    cli_put_number(v, "critical_base", b->critical_base);
    cli_put_number(v, "bound_base", b->bound_base);
    cli_value *three = cli_put(v, "small_base_thresholds", cli_array());
    for (int i = 0; i < 3; i++) cli_put_number(three, NULL, b->small_base[i]);
    cli_put_text(v, "regime", ropelaw_regime_str(b->regime));
    cli_put_number(v, "bound", b->bound_tok);
    cli_put_text(v, "bound_status", b->caveats & ROPELAW_CAVEAT_UNBOUNDED ? "UNBOUNDED" : "BOUNDED");
    cli_put_number(v, "bound_real", b->bound_real_tok);
    j->coverage = put_coverage(v, &j->options, r);
    put_predictors(v, r);
    if (j->options.slow) put_long_range(v, r);
    cli_put_caveats(v, "caveats", r->caveats | j->model.caveats);
    return v;
}

static void add_row(job *j, const ropelaw_plan_result *r) {
    const ropelaw_bound *b = &r->law;
    cli_cell(&j->rows, r->setting.tune_base);
    cli_cell(&j->rows, r->setting.tune_len_tok);
    cli_cell(&j->rows, (double)b->critical.dim);
    cli_cell(&j->rows, b->critical.dim_real);
    cli_cell(&j->rows, b->critical_base);
    cli_cell(&j->rows, b->bound_base);
    cli_cell_text(&j->rows, ropelaw_regime_str(b->regime));
    cli_cell(&j->rows, b->bound_tok);
    cli_cell(&j->rows, b->bound_real_tok);
    cli_cell(&j->rows, r->lo.distance_tok);
    cli_cell(&j->rows, r->hi.distance_tok);
    cli_cell(&j->rows, pair_number(r->lo.pair));
}

static void say_coverage(job *j, const ropelaw_plan_result *r) {
    FILE *out = j->c->text;
    if (r->lo.caveats & ROPELAW_CAVEAT_UNBOUNDED) {
        fprintf(out, "  phase coverage  no bound: every pair came round\n");
        return;
    }
    if (isnan(r->lo.distance_tok)) {
        fprintf(out, "  phase coverage  unknown: the method's parameters are not (try --config)\n");
        return;
    }
    fprintf(
        out, "  phase coverage  %s to %s tokens (last good distance for phi %s to %s rad; pair %s decides)\n",
        tokens(r->lo.distance_tok), isnan(r->hi.distance_tok) ? "no bound" : tokens(r->hi.distance_tok),
        cli_num(j->options.phi_lo_rad, 0), cli_num(j->options.phi_hi_rad, 0), cli_num((double)r->lo.pair, 0));
}

static void say_answer(job *j, const ropelaw_plan_result *r) {
    FILE *out = j->c->text;
    const ropelaw_bound *b = &r->law;
    fprintf(out, "tuned on %s tokens with base %s\n", cli_num(r->setting.tune_len_tok, 0),
            cli_num(r->setting.tune_base, 0));
    if (b->caveats & ROPELAW_CAVEAT_UNBOUNDED)
        fprintf(out, "  closed form     no bound: every pair saw a full period in pre-training\n");
    else
        fprintf(out, "  closed form     %s tokens, regime %s\n", tokens(b->bound_tok),
                ropelaw_regime_str(b->regime));
    say_coverage(j, r);
    fprintf(out, "  critical dim    %s of %s (%s before rounding up)\n", cli_num((double)b->critical.dim, 0),
            cli_num((double)r->setting.rotary_dim, 0), cli_num(b->critical.dim_real, 6));
    fprintf(out, "  critical base   %s: up to it the tuned length is the bound\n",
            cli_num(b->critical_base, 8));
    fprintf(out, "  bound base      %s: from it on (16b) reaches the tuned length\n",
            cli_num(b->bound_base, 8));
    fprintf(out, "  small bases     %s, %s, %s\n", cli_num(b->small_base[0], 6), cli_num(b->small_base[1], 6),
            cli_num(b->small_base[2], 6));
}

static void say_predictors(job *j, const ropelaw_plan_result *r) {
    FILE *out = j->c->text;
    fprintf(out, "\n  %-18s %-7s %12s  %s\n", "predictor", "gives", "value", "what it is");
    for (size_t i = 0; i < r->n_rows; i++) {
        const ropelaw_predictor *p = r->rows[i].predictor;
        double value = r->rows[i].prediction.value;
        fprintf(out, "  %-18s %-7s %12s  %s\n", p->name, ropelaw_predictor_kind_str(p->kind),
                p->kind == ROPELAW_PREDICTS_INDEX ? cli_num(value, 4) : tokens(value), p->title);
    }
}

static int answer(job *j, double tune_base, double tune_len) {
    ropelaw_plan plan = {tune_base, tune_len};
    ropelaw_plan_result r;
    ropelaw_error e = {0};
    if (ropelaw_plan_predict(&j->model.plan, &plan, &j->options, &r, &e)) return cli_fail(j->c, &e);
    cli_value *result = put_json(j, &r);
    add_row(j, &r);
    say_answer(j, &r);
    if (j->options.slow) {
        say_long_range(j->c->text, &r);
        cli_source(j->c, "long range: Men et al., Base of RoPE Bounds Context Length (arXiv:2405.14591)");
    }
    int code = cli_law_interval(j->c, &j->law, &r.setting, result);
    if (!code) code = cli_law_coverage(j->c, &j->law, &j->model.plan, &plan, j->coverage);
    if (code) return code;
    if (!j->array) say_predictors(j, &r);
    code = cli_put_layers(j->c, &j->model, &plan, &j->options, result);
    if (code) return code;
    cli_explain_law(j->c, &r.setting, &r.law);
    cli_caveats(j->c, r.caveats | j->model.caveats);
    if (r.law.regime == ROPELAW_REGIME_LARGE_BASE)
        cli_caveat(
            j->c,
            "beyond the tuned length the bound is about perplexity alone (retrieval fails earlier), and the "
            "phi of phase coverage differs between models (0 to 1 rad seen)");
    return CLI_OK;
}

static int answer_all(job *j) {
    size_t n_bases, n_lens;
    const double *bases = cli_numbers(j->c, "tune-base", &n_bases),
                 *lens = cli_numbers(j->c, "tune-len", &n_lens);
    if (n_bases > 1 || n_lens > 1) j->array = cli_result_array(j->c);
    for (size_t b = 0; b < (n_bases ? n_bases : 1); b++)
        for (size_t t = 0; t < (n_lens ? n_lens : 1); t++) {
            int code = answer(j, n_bases ? bases[b] : NAN, n_lens ? lens[t] : NAN);
            if (code) return code;
        }
    return CLI_OK;
}

static int read_options(job *j) {
    size_t n;
    const double *phi = cli_numbers(j->c, "phi", &n);
    j->options = ropelaw_plan_options_default;
    j->options.eps = cli_number(j->c, "eps", j->options.eps);
    j->options.slow = cli_given(j->c, "long-range");
    j->options.progress = cli_progress(j->c, "smallest base");
    j->options.critical_dim = cli_number(j->c, "critical-dim", NAN);
    if (j->law.has_law) j->options.law = &j->law.file.law;
    if (!n) return CLI_OK;
    if (n != 2 || !(phi[0] <= phi[1]))
        return cli_usage(j->c, "--phi takes two numbers, the smaller first: 0,1");
    j->options.phi_lo_rad = phi[0];
    j->options.phi_hi_rad = phi[1];
    return CLI_OK;
}

static int run_job(job *j) {
    int code = cli_model_read(j->c, &j->model);
    if (!code) code = cli_law_read(j->c, &j->law);
    if (!code) code = read_options(j);
    if (code) return code;
    const ropelaw_plan_model *p = &j->model.plan;
    fprintf(j->c->text, "%s: %s rotary dimensions, pre-trained with base %s on %s tokens\n",
            p->name ? p->name : "model", cli_num(p->rotary_dim, 0), cli_num(p->pretrain_base, 0),
            cli_num(p->train_len, 0));
    j->rows = cli_rows_start("How far the model reaches", columns, CLI_COUNT_OF(columns));
    code = answer_all(j);
    if (code) {
        ropelaw_table_destroy(&j->rows.table);
        return code;
    }
    cli_source(j->c, "Liu et al., Scaling Laws of RoPE-based Extrapolation (ICLR 2024, arXiv:2310.05209)");
    cli_source(j->c, "phase coverage: ropelaw, docs/laws.md");
    return cli_rows_end(j->c, &j->rows, false);
}

static int run(cli_context *c) {
    job j = {.c = c};
    int code = run_job(&j);
    cli_law_clear(&j.law);
    cli_model_clear(&j.model);
    return code;
}

const cli_command cmd_predict = {
    .name = "predict",
    .summary = "how far does this model reach",
    .arguments = "",
    .options = options,
    .model = true,
    .help = "The bound of the law by regimes (closed form), the span of phase coverage, both bases for the "
            "tuned\n"
            "length and every predictor side by side. Lists of bases and lengths give one answer per "
            "combination.\n"
            "Coverage is told as the last good distance; a context holds one token more.",
    .example = "ropelaw predict --model llama-2-7b --tune-len 16k --tune-base 1e6\n"
               "ropelaw predict --model llama-2-7b --tune-len 16k --tune-base 1e6 --long-range\n"
               "ropelaw predict --rotary-dim 128 --base 5e5 --train-len 8k --tune-base 1e6,1e7 --format csv",
    .run = run,
};
