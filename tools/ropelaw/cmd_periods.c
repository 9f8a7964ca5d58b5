#include "plan_options.h"
#include <math.h>
#include <stdlib.h>

static const ropelaw_column columns[] = {
    {"pair",           NULL,               ROPELAW_COLUMN_NUMBER, 0},
    {"theta",          "theta [rad/tok]",  ROPELAW_COLUMN_NUMBER, 6},
    {"period_tok",     "period [tok]",     ROPELAW_COLUMN_NUMBER, 7},
    {"turns_in_train", "turns in train",   ROPELAW_COLUMN_NUMBER, 5},
    {"phase_seen_rad", "phase seen [rad]", ROPELAW_COLUMN_NUMBER, 5},
    {"critical",       "full period",      ROPELAW_COLUMN_TEXT,   0},
};

static void put_pair(cli_value *list, cli_rows *rows, size_t n, const ropelaw_pair *p) {
    cli_value *v = cli_put(list, NULL, cli_object());
    cli_put_number(v, "pair", (double)n);
    cli_put_number(v, "theta", p->theta);
    cli_put_number(v, "period", p->period_tok);
    cli_put_number(v, "turns_in_train", p->turns);
    cli_put_number(v, "phase_seen_rad", p->phase_seen_rad);
    cli_put_bool(v, "critical", p->critical != 0);
    cli_cell(rows, (double)n);
    cli_cell(rows, p->theta);
    cli_cell(rows, p->period_tok);
    cli_cell(rows, p->turns);
    cli_cell(rows, p->phase_seen_rad);
    cli_cell_text(rows, p->critical ? "yes" : "no");
}

static void explain(cli_context *c, const ropelaw_setting *x, const ropelaw_critical *critical,
                    const ropelaw_pair *pairs) {
    size_t n = x->rotary_dim / 2 - 1;
    const char *d = cli_num((double)x->rotary_dim, 0), *b = cli_num(x->pretrain_base, 0),
               *t = cli_num(x->train_len_tok, 0);
    cli_explain(c,
                "critical_dim_real = d * ln(train_len/(2*pi)) / ln(base) = %s * ln(%s/(2*pi)) / ln(%s) = %s  "
                "[Liu et al., Lemma 1]",
                d, t, b, cli_num(critical->dim_real, 0));
    cli_explain(c, "theta[%s] = base^(-2*n/d) = %s^(-2*%s/%s) = %s", cli_num((double)n, 0), b,
                cli_num((double)n, 0), d, cli_num(pairs[n].theta, 0));
    cli_explain(c, "period[%s] = 2*pi/theta = 2*pi/%s = %s", cli_num((double)n, 0),
                cli_num(pairs[n].theta, 0), cli_num(pairs[n].period_tok, 0));
    cli_explain(c, "turns[%s] = train_len/period = %s/%s = %s", cli_num((double)n, 0), t,
                cli_num(pairs[n].period_tok, 0), cli_num(pairs[n].turns, 0));
    cli_explain(c, "phase_seen[%s] = min(2*pi, (train_len-1)*theta) = min(2*pi, (%s-1)*%s) = %s",
                cli_num((double)n, 0), t, cli_num(pairs[n].theta, 0), cli_num(pairs[n].phase_seen_rad, 0));
}

static int answer(cli_context *c, const ropelaw_setting *x, ropelaw_pair *pairs) {
    ropelaw_error e = {0};
    ropelaw_critical critical;
    if (ropelaw_spectrum_eval(x->pretrain_base, x->rotary_dim, x->train_len_tok, pairs, &e) ||
        ropelaw_critical_dim_count(x->rotary_dim, x->pretrain_base, x->train_len_tok, &critical, &e))
        return cli_fail(c, &e);
    cli_value *list = cli_put(c->result, "pairs", cli_array());
    cli_rows rows = cli_rows_start("The rotary spectrum in pre-training", columns, CLI_COUNT_OF(columns));
    for (size_t n = 0; n < x->rotary_dim / 2; n++) put_pair(list, &rows, n, &pairs[n]);
    cli_put_number(c->result, "critical_dim", (double)critical.dim);
    cli_put_number(c->result, "critical_dim_real", critical.dim_real);
    fprintf(c->text,
            "%s rotary dimensions, base %s, %s tokens: %s dimensions saw a full period (%s before rounding "
            "up)\n\n",
            cli_num((double)x->rotary_dim, 0), cli_num(x->pretrain_base, 0), cli_num(x->train_len_tok, 0),
            cli_num((double)critical.dim, 0), cli_num(critical.dim_real, 6));
    explain(c, x, &critical, pairs);
    if (x->pretrain_base != ROPELAW_PAPER_BASE) cli_caveats(c, ROPELAW_CAVEAT_OUTSIDE_THEORY);
    cli_source(c,
               "Liu et al., Scaling Laws of RoPE-based Extrapolation (ICLR 2024, arXiv:2310.05209), Lemma 1");
    return cli_rows_end(c, &rows, true);
}

static int run(cli_context *c) {
    cli_model m;
    ropelaw_error e = {0};
    ropelaw_plan_result r;
    int code = cli_model_read(c, &m);
    m.plan.method = NULL; /* the spectrum of pre-training */
    m.plan.tune_base = m.plan.tune_len = NAN;
    if (!code && ropelaw_plan_predict(&m.plan, NULL, NULL, &r, &e)) code = cli_fail(c, &e);
    ropelaw_pair *pairs = code ? NULL : malloc(r.setting.rotary_dim * sizeof *pairs);
    if (!code && !pairs) code = CLI_NUMERIC;
    if (!code) code = answer(c, &r.setting, pairs);
    free(pairs);
    if (!code) cli_caveats(c, m.caveats);
    cli_model_clear(&m);
    return code;
}

const cli_command cmd_periods = {
    .name = "periods",
    .summary = "the rotary spectrum: what each pair saw in pre-training",
    .arguments = "",
    .model = true,
    .help = "Pair by pair: angular frequency, period, turns and phases seen on the trained length. A pair is "
            "marked\n"
            "critical if its period fits into train_len; their number is half the critical dimension.",
    .example = "ropelaw periods --model llama-2-7b\nropelaw periods --rotary-dim 64 --base 1e4 --train-len "
               "2k --format csv",
    .run = run,
};
