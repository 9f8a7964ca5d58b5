/* The phase tolerance of the coverage bound in the answer of `fit`. */
#include "fit_law.h"
#include <math.h>

static void put_models(cli_value *v, const ropelaw_phi *p) {
    cli_value *list = cli_put(v, "models", cli_array());
    for (size_t j = 0; j < p->n_models; j++) {
        const ropelaw_phi_model *m = &p->models[j];
        cli_value *k = cli_put(list, NULL, cli_object());
        cli_put_text(k, "model", m->name);
        cli_put_number(k, "rotary_dim", m->rotary_dim);
        cli_put_number(k, "pretrain_base", m->pretrain_base);
        cli_put_number(k, "train_len", m->train_len_tok);
        cli_put_number(k, "n_runs", (double)m->n_runs);
        cli_put_number(k, "n_censored", (double)(m->n_runs - m->n_bounded));
        cli_put_number(k, "phi", m->phi_rad);
        cli_put_number(k, "phi_others", m->phi_others_rad);
        cli_put_number(k, "rms_out", m->rms_out);
    }
}

static void put_json(cli_value *result, const ropelaw_phi *p) {
    const ropelaw_fitted_phi *f = &p->fitted;
    cli_value *v = cli_put(result, "phi", cli_object());
    cli_put_number(v, "est", f->phi_rad);
    cli_put_number(v, "lo", f->lo_rad);
    cli_put_number(v, "hi", f->hi_rad);
    cli_put_number(v, "level", f->level);
    cli_put_number(v, "tau", p->tau);
    cli_put_number(v, "spread", p->spread_rad);
    cli_put_number(v, "rms", p->rms);
    cli_put_number(v, "rms_out", f->rms_out);
    cli_put_number(v, "ratio_out_lo", p->out_lo);
    cli_put_number(v, "ratio_out_hi", p->out_hi);
    cli_put_number(v, "others_lo", p->others_lo);
    cli_put_number(v, "others_hi", p->others_hi);
    cli_put_number(v, "n_runs", (double)f->n_runs);
    cli_put_number(v, "n_censored", (double)(f->n_runs - p->n_bounded));
    cli_put_number(v, "n_models", (double)p->n_models);
    cli_put_text(v, "reason", p->reason);
    put_models(v, p);
    cli_put_caveats(v, "caveats", f->caveats);
}

static void say(FILE *out, const ropelaw_phi *p) {
    const ropelaw_fitted_phi *f = &p->fitted;
    fprintf(out, "\nphase tolerance phi of the coverage bound: %s rad", cli_num(f->phi_rad, 3));
    if (isnan(f->lo_rad))
        fprintf(out, " (too few runs for an interval)");
    else
        fprintf(out, " (%s %% interval %s to %s)", cli_num(100 * f->level, 4), cli_num(f->lo_rad, 3),
                cli_num(f->hi_rad, 3));
    fprintf(out, "; %s runs of %s models, %s only limits\n", cli_num((double)f->n_runs, 0),
            cli_num((double)p->n_models, 0), cli_num((double)(f->n_runs - p->n_bounded), 0));
    if (isnan(f->rms_out))
        fprintf(out, "  one model: how well it predicts others is not known\n");
    else
        fprintf(out,
                "  each model from the others: measured/predicted %s to %s, RMS of its logarithm %s; phi %s "
                "to %s\n",
                cli_num(p->out_lo, 3), cli_num(p->out_hi, 3), cli_num(f->rms_out, 2),
                cli_num(p->others_lo, 3), cli_num(p->others_hi, 3));
    if (p->spread_rad > 0)
        fprintf(out, "  the mean of models; they differ by %s rad (standard deviation), runs of one",
                cli_num(p->spread_rad, 2));
    else if (p->spread_rad == 0)
        fprintf(out, "  the mean of models; they differ no more than runs of one, which do so");
    if (!isnan(p->spread_rad)) fprintf(out, " by a factor of %s in length\n", cli_num(exp(p->tau), 3));
}

void fit_phi_say(cli_context *c, const ropelaw_phi *p) {
    put_json(c->result, p);
    if (!c->text || p->reason) return;
    say(c->text, p);
    cli_source(c, p->n_models > 1
                      ? "phi: likelihood of the onsets, models normal about a mean, docs/law-fit.md"
                      : "phi: likelihood of the onsets of one model, docs/law-fit.md");
}
