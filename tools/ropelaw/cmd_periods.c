#include "method_options.h"
#include "plan_options.h"
#include <math.h>

static const cli_option options[] = {
    {"method",     CLI_TEXT,    "M",    "RoPE method in use (the model's, else default; freqs --list shows them)"     },
    {"factor",     CLI_NUMBER,  "S",    "its scaling factor (declared-len / train-len, else 1)"                       },
    {"tune-base",  CLI_NUMBER,  "B",    "base after tuning (as released, else the pre-training base)"                 },
    {"tune-len",   CLI_LENGTH,  "L",    "tuned length (as released, else train-len)"                                  },
    {"pretrained", CLI_FLAG,    NULL,
     "as pre-trained: plain RoPE of the pre-training base, whatever came after"                                       },
    {"rank",       CLI_NUMBERS, "T,..",
     "numerical rank of the features of the trained positions at these tolerances (1e-3,1e-6); up to 16k "
     "tokens"                                                                                                         },
    {"kind",       CLI_TEXT,    "K",    "kind of layers of --config: full_attention, sliding_attention .. (the law's)"},
    CLI_METHOD_OPTIONS,
    {NULL,         CLI_FLAG,    NULL,   NULL                                                                          },
};

static const ropelaw_column columns[] = {
    {"pair",           NULL,               ROPELAW_COLUMN_NUMBER, 0},
    {"theta",          "theta [rad/tok]",  ROPELAW_COLUMN_NUMBER, 6},
    {"period_tok",     "period [tok]",     ROPELAW_COLUMN_NUMBER, 7},
    {"turns_in_train", "turns in train",   ROPELAW_COLUMN_NUMBER, 5},
    {"phase_seen_rad", "phase seen [rad]", ROPELAW_COLUMN_NUMBER, 5},
    {"critical",       "full period",      ROPELAW_COLUMN_TEXT,   0},
    {"pretrain_turns", "pre-trained",      ROPELAW_COLUMN_NUMBER,
     5                                                             }, /* the last two: only with a method or tuning */
    {"good_tok",       "good up to",       ROPELAW_COLUMN_NUMBER, 7},
};

static void put_pair(cli_value *list, size_t n, const ropelaw_pair_arc *p) {
    cli_value *v = cli_put(list, NULL, cli_object());
    cli_put_number(v, "pair", (double)n);
    cli_put_number(v, "theta", p->theta);
    cli_put_number(v, "period", p->period_tok);
    cli_put_number(v, "turns_in_train", p->turns);
    cli_put_number(v, "phase_seen_rad", p->phase_seen_rad);
    cli_put_bool(v, "critical", p->critical != 0);
    cli_put_number(v, "pretrain_turns", p->pretrain_turns);
    cli_put_number(v, "good_tok", p->good_tok);
}

static void add_row(cli_rows *rows, size_t n, const ropelaw_pair_arc *p, bool plain) {
    cli_cell(rows, (double)n);
    cli_cell(rows, p->theta);
    if (isfinite(p->period_tok))
        cli_cell(rows, p->period_tok);
    else
        cli_cell_limit(rows, "none");
    cli_cell(rows, p->turns);
    cli_cell(rows, p->phase_seen_rad);
    cli_cell_text(rows, p->critical ? "yes" : "no");
    if (plain) return;
    cli_cell(rows, p->pretrain_turns);
    cli_cell(rows, p->good_tok);
}

static void explain(cli_context *c, const ropelaw_plan_spectrum *x, const char *method) {
    const ropelaw_method *m = ropelaw_method_find(method);
    size_t n = x->n_pairs - 1;
    const ropelaw_pair_arc *p = &x->pairs[n];
    const char *d = cli_num((double)x->setting.rotary_dim, 0), *b = cli_num(x->setting.pretrain_base, 0),
               *t = cli_num(x->setting.train_len_tok, 0), *last = cli_num((double)n, 0);
    cli_explain(c,
                "critical_dim_real = d * ln(train_len/(2*pi)) / ln(base) = %s * ln(%s/(2*pi)) / ln(%s) = %s  "
                "[Liu et al., Lemma 1]",
                d, t, b, cli_num(x->pretrain_critical.dim_real, 0));
    if (x->is_method)
        cli_explain(c, "theta[%s] = %s by %s: %s", last, cli_num(p->theta, 0), m->name, m->formula);
    else
        cli_explain(c, "theta[%s] = base^(-2*n/d) = %s^(-2*%s/%s) = %s", last,
                    cli_num(x->setting.tune_base, 0), last, d, cli_num(p->theta, 0));
    if (!(p->theta > 0)) return;
    cli_explain(c, "period[%s] = 2*pi/theta = 2*pi/%s = %s", last, cli_num(p->theta, 0),
                cli_num(p->period_tok, 0));
    cli_explain(c, "turns[%s] = train_len/period = %s/%s = %s", last, t, cli_num(p->period_tok, 0),
                cli_num(p->turns, 0));
    if (x->pretrain_freq[n] == p->theta && !(x->setting.tune_len_tok > x->setting.train_len_tok))
        cli_explain(c, "phase_seen[%s] = min(2*pi, (train_len-1)*theta) = min(2*pi, (%s-1)*%s) = %s", last, t,
                    cli_num(p->theta, 0), cli_num(p->phase_seen_rad, 0));
    else
        cli_explain(
            c,
            "phase_seen[%s] = min(2*pi, max((train_len-1)*pretrain_theta, (tune_len-1)*theta)) = min(2*pi, "
            "max((%s-1)*%s, (%s-1)*%s)) = %s",
            last, t, cli_num(x->pretrain_freq[n], 0),
            cli_num(fmax(x->setting.train_len_tok, x->setting.tune_len_tok), 0), cli_num(p->theta, 0),
            cli_num(p->phase_seen_rad, 0));
}

static void put_facts(cli_context *c, const ropelaw_plan_spectrum *x, const char *method) {
    cli_put_number(c->result, "critical_dim", (double)x->critical_dim);
    cli_put_number(c->result, "critical_dim_real", x->pretrain_critical.dim_real);
    cli_put_number(c->result, "pretrain_critical_dim", (double)x->pretrain_critical.dim);
    cli_put_text(c->result, "method", method);
    cli_put_number(c->result, "attention_factor", x->attention_factor);
    cli_put_number(c->result, "base", x->is_method ? NAN : x->setting.tune_base);
    cli_put_number(c->result, "tune_len_tok", x->setting.tune_len_tok);
    cli_value *k = cli_put(c->result, "coverage", cli_object());
    cli_put_number(k, "lo", x->lo.distance_tok);
    cli_put_number(k, "hi", x->hi.distance_tok);
    cli_put_number(k, "pair", x->lo.pair == ROPELAW_NO_PAIR ? NAN : (double)x->lo.pair);
    cli_put_number(k, "pair_hi", x->hi.pair == ROPELAW_NO_PAIR ? NAN : (double)x->hi.pair);
}

static void say(cli_context *c, const ropelaw_plan_spectrum *x, const char *method, bool plain) {
    const ropelaw_setting *s = &x->setting;
    fprintf(c->text,
            "%s rotary dimensions, base %s, %s tokens: %s dimensions saw a full period (%s before rounding "
            "up)\n",
            cli_num((double)s->rotary_dim, 0), cli_num(s->pretrain_base, 0), cli_num(s->train_len_tok, 0),
            cli_num((double)x->pretrain_critical.dim, 0), cli_num(x->pretrain_critical.dim_real, 6));
    if (!plain) {
        fprintf(c->text,
                "in use: %s%s%s, tuned on %s tokens, attention factor %s: %s dimensions saw a full period\n",
                x->is_method ? method : "base ", x->is_method ? "" : cli_num(s->tune_base, 9), "",
                cli_num(s->tune_len_tok, 0), cli_num(x->attention_factor, 7),
                cli_num((double)x->critical_dim, 0));
        if (isnan(x->lo.distance_tok))
            fprintf(c->text, "phase coverage: no bound, every pair that turns came round\n");
        else
            fprintf(c->text, "phase coverage %s to %s tokens (last good distance for phi 0 to 1 rad)\n",
                    cli_num(nearbyint(x->lo.distance_tok), 0),
                    isnan(x->hi.distance_tok) ? "no bound" : cli_num(nearbyint(x->hi.distance_tok), 0));
    }
}

static int put_rank(cli_context *c, const ropelaw_plan_spectrum *x) {
    size_t n, rank[16];
    const double *levels = cli_numbers(c, "rank", &n);
    ropelaw_error e = {0};
    if (!n) return CLI_OK;
    if (n > CLI_COUNT_OF(rank)) return cli_usage(c, "--rank takes at most 16 tolerances");
    double len = fmax(x->setting.train_len_tok, x->setting.tune_len_tok);
    ropelaw_rotary_features features = {x->freq, x->n_pairs, len <= ROPELAW_RANK_TOK_MAX ? (size_t)len : 0};
    if (!features.n_tok)
        return cli_usage(c, "--rank: %s tokens are more than the 16384 that the matrix is made for",
                         cli_num(len, 0));
    if (ropelaw_rank_eval(&features, levels, n, rank, &e)) return cli_fail(c, &e);
    cli_value *list = cli_put(c->result, "rank", cli_array());
    fprintf(c->text, "rank of the features of %s positions", cli_num(len, 0));
    for (size_t i = 0; i < n; i++) {
        cli_value *v = cli_put(list, NULL, cli_object());
        cli_put_number(v, "tolerance", levels[i]);
        cli_put_number(v, "rank", (double)rank[i]);
        fprintf(c->text, "%s %s at %s", i ? "," : "", cli_num((double)rank[i], 0), cli_num(levels[i], 3));
    }
    fprintf(c->text, "\n");
    return CLI_OK;
}

static int answer(cli_context *c, const ropelaw_plan_spectrum *x, const char *method) {
    bool plain = !x->is_method && x->setting.tune_base == x->setting.pretrain_base &&
                 x->setting.tune_len_tok <= x->setting.train_len_tok;
    cli_value *list = cli_put(c->result, "pairs", cli_array());
    put_facts(c, x, method);
    say(c, x, method, plain);
    int code = put_rank(c, x);
    if (code) return code;
    putc('\n', c->text);
    cli_rows rows =
        cli_rows_start(plain ? "The rotary spectrum in pre-training" : "The rotary spectrum in use", columns,
                       CLI_COUNT_OF(columns) - (plain ? 2 : 0));
    for (size_t n = 0; n < x->n_pairs; n++) {
        put_pair(list, n, &x->pairs[n]);
        add_row(&rows, n, &x->pairs[n], plain);
    }
    if (!plain)
        cli_rows_note(
            &rows, "good up to: last distance at which the pair stays within phases it saw (phi 0); a dash: "
                   "it came round or does not turn");
    explain(c, x, method);
    cli_caveats(c, x->caveats & ~(uint32_t)ROPELAW_CAVEAT_UNBOUNDED);
    if (x->is_method) cli_source(c, ropelaw_method_find(method)->source);
    cli_source(c,
               "Liu et al., Scaling Laws of RoPE-based Extrapolation (ICLR 2024, arXiv:2310.05209), Lemma 1");
    return cli_rows_end(c, &rows, true);
}

static int run(cli_context *c) {
    cli_model m;
    ropelaw_error e = {0};
    ropelaw_plan_spectrum x = {0};
    int code = cli_model_read(c, &m);
    ropelaw_plan plan = {cli_number(c, "tune-base", NAN), cli_number(c, "tune-len", NAN)};
    if (!code && cli_given(c, "pretrained")) {
        m.plan.method = NULL;
        m.plan.tune_base = m.plan.tune_len = NAN;
    }
    if (!code && ropelaw_plan_spectrum_eval(&m.plan, &plan, &x, &e)) code = cli_fail(c, &e);
    if (!code) code = answer(c, &x, m.plan.method && *m.plan.method ? m.plan.method : "default");
    if (!code) cli_caveats(c, m.caveats);
    ropelaw_plan_spectrum_clear(&x);
    cli_model_clear(&m);
    return code;
}

const cli_command cmd_periods = {
    .name = "periods",
    .summary = "the rotary spectrum: what each pair saw in training",
    .arguments = "",
    .options = options,
    .model = true,
    .help = "Pair by pair: angular frequency, period, turns and phases seen on the trained length, for plain "
            "RoPE and\n"
            "for any method in use. A pair is marked critical if it came round in training; as pre-trained "
            "their\n"
            "number is half the critical dimension.",
    .example = "ropelaw periods --model llama-2-7b\n"
               "ropelaw periods --model llama-3.1-8b --rank 0.1,1e-6\n"
               "ropelaw periods --model llama-2-7b --method yarn --factor 4 --tune-len 16k\n"
               "ropelaw periods --rotary-dim 64 --base 1e4 --train-len 2k --format csv",
    .run = run,
};
