#include "law_option.h"
#include "plan_options.h"
#include <math.h>

static const cli_option options[] = {
    {"target-len",    CLI_LENGTHS, "L,..", "the context that is wanted; may be a list"                           },
    {"tune-len",      CLI_LENGTH,  "L",    "tune on this length only (the target, or less where the law allows)" },
    {"bidirectional", CLI_FLAG,    NULL,   "the model attends in both directions: lengths count twice in the law"},
    {"long-range",    CLI_FLAG,    NULL,   "also ask Men et al.: smallest base, and where each option fails"     },
    {"law",           CLI_TEXT,    "FILE",
     "a fitted law (fit --save-law): the base that reaches the target with --confidence"                         },
    {"confidence",    CLI_NUMBER,  "P",    "of a new run reaching the target under the fitted law (0.9)"         },
    {NULL,            CLI_FLAG,    NULL,   NULL                                                                  },
};

static const ropelaw_column columns[] = {
    {"target_len_tok",       "target",      ROPELAW_COLUMN_NUMBER, 0},
    {"kind",                 NULL,          ROPELAW_COLUMN_TEXT,   0},
    {"base",                 NULL,          ROPELAW_COLUMN_NUMBER, 8},
    {"tune_len_tok",         "tune on",     ROPELAW_COLUMN_NUMBER, 0},
    {"factor",               NULL,          ROPELAW_COLUMN_NUMBER, 6},
    {"predicted_bound_tok",  "bound",       ROPELAW_COLUMN_NUMBER, 6},
    {"coverage_lo_tok",      "phi 0",       ROPELAW_COLUMN_NUMBER, 6},
    {"coverage_hi_tok",      "phi 1",       ROPELAW_COLUMN_NUMBER, 6},
    {"reaches",              NULL,          ROPELAW_COLUMN_TEXT,   0},
    {"kept_pairs",           "kept pairs",  ROPELAW_COLUMN_NUMBER, 0},
    {"neighbour_resolution", "near tokens", ROPELAW_COLUMN_NUMBER, 4},
    {"attention_factor",     "attention",   ROPELAW_COLUMN_NUMBER, 5},
    {"long_range_len_tok",   "long range",  ROPELAW_COLUMN_NUMBER, 0}, /* last: only with --long-range */
};

static void put_short_context(cli_value *v, const ropelaw_short_context *s) {
    cli_value *k = cli_put(v, "short_context", cli_object());
    cli_put_number(k, "n_pairs", (double)s->n_pairs);
    cli_put_number(k, "kept_pairs", (double)s->kept_pairs);
    cli_put_number(k, "neighbour_resolution", s->neighbour_resolution);
    cli_put_number(k, "mean_slowdown", s->mean_slowdown);
    cli_put_number(k, "attention_factor", s->attention_factor);
    cli_put_text(k, "note", s->note);
    cli_put_text(k, "source", s->source);
}

static cli_value *put_option(cli_value *list, const ropelaw_plan_option *o, const ropelaw_short_context *s) {
    cli_value *v = cli_put(list, NULL, cli_object());
    cli_put_text(v, "kind", o->kind);
    cli_put_number(v, "base", o->base);
    cli_put_number(v, "tune_len", o->tune_len);
    cli_put_number(v, "factor", o->factor);
    cli_put_number(v, "predicted_bound", o->predicted_bound);
    cli_put_number(v, "coverage_lo", o->lo.distance_tok);
    cli_put_number(v, "coverage_hi", o->hi.distance_tok);
    cli_put_bool(v, "reaches", o->reaches);
    put_short_context(v, s);
    cli_put_text(v, "source", o->source);
    cli_put_caveats(v, "caveats", o->caveats);
    return v;
}

static void add_row(cli_rows *rows, double target, const ropelaw_plan_option *o,
                    const ropelaw_short_context *s) {
    cli_cell(rows, target);
    cli_cell_text(rows, o->kind);
    cli_cell(rows, o->base);
    cli_cell(rows, o->tune_len);
    cli_cell(rows, o->factor);
    cli_cell(rows, o->predicted_bound);
    cli_cell(rows, o->lo.distance_tok);
    cli_cell(rows, o->hi.distance_tok);
    cli_cell_text(rows, o->reaches ? "yes" : "no");
    cli_cell(rows, (double)s->kept_pairs);
    cli_cell(rows, s->neighbour_resolution);
    cli_cell(rows, s->attention_factor);
}

static void explain(cli_context *c, const ropelaw_plan_model *m, const ropelaw_plan_option *o) {
    ropelaw_plan plan = {o->base, o->tune_len};
    ropelaw_plan_result r;
    if (!c->explain || !isnan(o->factor) || ropelaw_plan_predict(m, &plan, NULL, &r, NULL)) return;
    cli_explain(c, "%s: base %s tuned on %s tokens", o->kind, cli_num(o->base, 0), cli_num(o->tune_len, 0));
    cli_explain_law(c, &r.setting, &r.law);
}

static void say_short_context(cli_rows *rows, const ropelaw_plan_option *o, const ropelaw_short_context *s) {
    char line[512];
    if (!s->note[0]) return;
    snprintf(line, sizeof line, "%s: %s (%s)", o->kind, s->note, s->source);
    cli_rows_note(rows, line);
}

/* Smallest base for the target by Men et al. */
static int put_long_range_base(cli_context *c, const ropelaw_plan_design *d, cli_value *result,
                               cli_rows *rows) {
    ropelaw_long_range_query q = {d->target_len, d->setting.rotary_dim, 1e12,
                                  cli_progress(c, "smallest base")};
    ropelaw_long_range_base found;
    ropelaw_error e = {0};
    char line[160];
    if (ropelaw_long_range_base_find(&q, &found, &e)) return cli_fail(c, &e);
    cli_put_number(result, "long_range_base", found.base);
    cli_put_text(result, "long_range_status",
                 found.caveats & ROPELAW_CAVEAT_CENSORED ? "CENSORED"
                 : found.caveats & ROPELAW_CAVEAT_GRID   ? "GRID"
                                                         : "PROVEN");
    cli_caveats(c, found.caveats);
    snprintf(line, sizeof line,
             "long range: a plain base of at least %s keeps similar tokens ahead over %s tokens",
             cli_num(found.base, 8), cli_num(d->target_len, 0));
    cli_rows_note(rows, line);
    cli_source(c, "long range: Men et al. 2024, arXiv:2405.14591");
    return CLI_OK;
}

static int add_long_range(cli_context *c, const ropelaw_plan_design *d, const ropelaw_plan_option *o,
                          cli_value *v, cli_rows *rows) {
    ropelaw_option_long_range r;
    ropelaw_error e = {0};
    char limit[48];
    if (ropelaw_option_long_range_eval(&d->setting, o, d->target_len, &r, &e)) return cli_fail(c, &e);
    cli_value *k = cli_put(v, "long_range", cli_object());
    cli_put_number(k, "len_tok", r.len_tok);
    cli_put_number(k, "n_negative", r.n_negative);
    cli_put_text(k, "status", isnan(r.len_tok) ? "beyond target" : "below target");
    snprintf(limit, sizeof limit, ">=%s", cli_num(d->target_len, 0));
    if (isnan(r.len_tok))
        cli_cell_limit(rows, limit);
    else
        cli_cell(rows, r.len_tok);
    return CLI_OK;
}

static int answer(cli_context *c, cli_model *m, const cli_law *law, double target, cli_value *result,
                  cli_rows *rows) {
    ropelaw_plan_design d;
    ropelaw_error e = {0};
    double tune = cli_number(c, "tune-len", NAN);
    if (ropelaw_plan_design_find(&m->plan, target, tune, &d, &e)) return cli_fail(c, &e);
    int code = cli_law_design(c, law, &d);
    if (code) return code;
    cli_put_number(result, "target_len_tok", target);
    bool long_range = cli_given(c, "long-range");
    code = long_range ? put_long_range_base(c, &d, result, rows) : CLI_OK;
    if (code) return code;
    cli_value *list = cli_put(result, "options", cli_array());
    ropelaw_plan_model plain = m->plan;
    plain.method = NULL;
    bool reached = false, first = target == cli_number(c, "target-len", NAN);
    for (size_t i = 0; i < d.n_options; i++) {
        ropelaw_short_context cost;
        if (ropelaw_short_context_eval(&d.setting, &d.options[i], &cost, &e)) return cli_fail(c, &e);
        cli_value *v = put_option(list, &d.options[i], &cost);
        if (!m->plan.bidirectional && (code = cli_law_option_coverage(c, law, &d.setting, &d.options[i], v)))
            return code;
        add_row(rows, target, &d.options[i], &cost);
        if (long_range && (code = add_long_range(c, &d, &d.options[i], v, rows))) return code;
        if (first) say_short_context(rows, &d.options[i], &cost);
        explain(c, &plain, &d.options[i]);
        cli_caveats(c, d.options[i].caveats);
        cli_source(c, d.options[i].source);
        reached = reached || d.options[i].reaches;
    }
    return reached ? CLI_OK : CLI_CHECK;
}

static int answer_all(cli_context *c, cli_model *m, cli_law *law) {
    size_t n;
    const double *targets = cli_numbers(c, "target-len", &n);
    if (!n) return cli_usage(c, "--target-len is needed");
    int code = cli_model_read(c, m);
    if (!code) code = cli_law_read(c, law);
    if (code) return code;
    cli_rows rows = cli_rows_start("Ways to the wanted context, best first", columns,
                                   CLI_COUNT_OF(columns) - !cli_given(c, "long-range"));
    cli_value *array = n > 1 ? cli_result_array(c) : NULL;
    int worst = CLI_OK;
    for (size_t i = 0; i < n; i++) {
        cli_value *result = array ? cli_put(array, NULL, cli_object()) : c->result;
        code = answer(c, m, law, targets[i], result, &rows);
        if (code > CLI_CHECK) {
            ropelaw_table_destroy(&rows.table);
            return code;
        }
        if (code) worst = code;
    }
    cli_caveats(c, m->caveats);
    cli_rows_note(
        &rows, "kept pairs, near tokens, attention: pairs whose frequency stays, how far apart neighbouring "
               "tokens stay, factor on cos and sin: what short contexts notice");
    if (law->given && law->file.phi.n_models)
        cli_rows_note(&rows,
                      "with --format json coverage_fitted is phase coverage at the phi of the law file");
    cli_rows_note(&rows, "bound: closed form for a change of base, phase coverage with phi 0 for a method");
    cli_rows_note(&rows,
                  "critical_base and bound_base answer different questions: eq 16a and the inverse of 16b");
    code = cli_rows_end(c, &rows, true);
    return code ? code : worst;
}

static int run(cli_context *c) {
    cli_model m = {0};
    cli_law law = {0};
    int code = answer_all(c, &m, &law);
    cli_law_clear(&law);
    cli_model_clear(&m);
    return code;
}

const cli_command cmd_design = {
    .name = "design",
    .summary = "which base and which tuning for a wanted context",
    .arguments = "",
    .options = options,
    .model = true,
    .help =
        "Options, best first: the critical base (tuned on the target), the base that carries a shorter "
        "tuning\n"
        "there, RoPE methods with their factor, and a small base. Exit code 1 if none reaches the target.",
    .example = "ropelaw design --model llama-2-7b --target-len 128k\n"
               "ropelaw design --model llama-2-7b --target-len 128k --tune-len 16k --format json",
    .run = run,
};
