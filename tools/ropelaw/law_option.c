#include "law_option.h"
#include <math.h>
#include <string.h>

int cli_law_read(cli_context *c, cli_law *law) {
    *law = (cli_law){.given = cli_given(c, "law"), .level = cli_number(c, "level", 0.95)};
    ropelaw_error e = {0};
    if (!law->given) return CLI_OK;
    if (ropelaw_law_file_read(cli_text(c, "law", ""), &law->file, &e)) return cli_fail(c, &e);
    law->has_law = law->file.law.n_runs > 0;
    if (!law->has_law)
        cli_note(
            c, "the law file carries phi alone, because no law could be fitted: no interval of a new run and "
               "no base from measurements");
    cli_put_text(c->input, "law", cli_text(c, "law", ""));
    cli_source(c, law->has_law ? "a law fitted to measured runs (--law)"
                               : "a phase tolerance phi fitted to measured runs (--law)");
    return CLI_OK;
}

void cli_law_clear(cli_law *law) {
    if (law->given) ropelaw_law_file_clear(&law->file);
}

static void tell_another_model(cli_context *c, const ropelaw_fitted_law *law, const ropelaw_setting *x) {
    if (law->rotary_dim == (double)x->rotary_dim && law->pretrain_base == x->pretrain_base &&
        law->train_len_tok == x->train_len_tok)
        return;
    char words[256];
    snprintf(words, sizeof words, "the law was fitted to another model (rotary_dim %s, base %s, %s tokens)",
             cli_num(law->rotary_dim, 0), cli_num(law->pretrain_base, 0), cli_num(law->train_len_tok, 0));
    cli_caveat(c, words);
    cli_caveats(c, ROPELAW_CAVEAT_EXTRAPOLATED);
}

int cli_law_interval(cli_context *c, const cli_law *law, const ropelaw_setting *x, cli_value *parent) {
    if (!law->has_law) {
        cli_put_null(parent, "interval");
        return CLI_OK;
    }
    const ropelaw_fitted_law *f = &law->file.law;
    double tune = fmax(x->train_len_tok, x->tune_len_tok);
    ropelaw_range r;
    uint32_t caveats;
    ropelaw_error e = {0};
    if (ropelaw_fitted_law_interval(f, x->tune_base, tune, ROPELAW_BAND_RUN, law->level, &r, &caveats, &e))
        return cli_fail(c, &e);
    cli_value *v = cli_put(parent, "interval", cli_object());
    cli_put_number(v, "est", r.est);
    cli_put_number(v, "lo", r.lo);
    cli_put_number(v, "hi", r.hi);
    cli_put_number(v, "level", law->level);
    cli_put_number(v, "n_runs", (double)f->n_runs);
    cli_put_caveats(v, "caveats", caveats);
    fprintf(c->text, "  fitted law      %s tokens; a new run breaks between %s and %s (level %s, %s runs)\n",
            cli_num(nearbyint(r.est), 0), cli_num(nearbyint(r.lo), 0), cli_num(nearbyint(r.hi), 0),
            cli_num(law->level, 3), cli_num((double)f->n_runs, 0));
    cli_caveats(c, caveats);
    tell_another_model(c, f, x);
    return CLI_OK;
}

static cli_value *put_phi(cli_value *parent, const char *key, const ropelaw_fitted_phi *phi,
                          const ropelaw_coverage coverage[3]) {
    cli_value *v = cli_put(parent, key, cli_object());
    cli_put_number(v, "est", coverage[0].distance_tok);
    cli_put_number(v, "lo", coverage[1].distance_tok);
    cli_put_number(v, "hi", coverage[2].distance_tok);
    cli_put_number(v, "phi", phi->phi_rad);
    cli_put_number(v, "phi_lo", phi->lo_rad);
    cli_put_number(v, "phi_hi", phi->hi_rad);
    cli_put_number(v, "level", phi->level);
    cli_put_number(v, "rms_out", phi->rms_out);
    cli_put_number(v, "n_models", (double)phi->n_models);
    cli_put_caveats(v, "caveats", phi->caveats);
    return v;
}

static const char *distance(const ropelaw_coverage *c) {
    return c->caveats & ROPELAW_CAVEAT_UNBOUNDED ? "no limit" : cli_num(nearbyint(c->distance_tok), 0);
}

static void say_phi(FILE *out, const ropelaw_fitted_phi *phi, const ropelaw_coverage coverage[3]) {
    fprintf(out, "  fitted coverage %s tokens at the fitted phi %s rad (%s runs of %s models)",
            distance(&coverage[0]), cli_num(phi->phi_rad, 3), cli_num((double)phi->n_runs, 0),
            cli_num((double)phi->n_models, 0));
    if (!isnan(phi->lo_rad))
        fprintf(out, "; %s to %s for phi %s to %s", distance(&coverage[1]), distance(&coverage[2]),
                cli_num(phi->lo_rad, 3), cli_num(phi->hi_rad, 3));
    if (!isnan(phi->rms_out))
        fprintf(out, "; models left out were missed by %s (RMS of ln)", cli_num(phi->rms_out, 2));
    fprintf(out, "\n");
}

int cli_law_coverage(cli_context *c, const cli_law *law, const ropelaw_plan_model *model,
                     const ropelaw_plan *plan, cli_value *coverage) {
    const ropelaw_fitted_phi *phi = &law->file.phi;
    if (!law->given || !phi->n_models) {
        cli_put_null(coverage, "fitted");
        return CLI_OK;
    }
    const double at[] = {phi->phi_rad, isnan(phi->lo_rad) ? phi->phi_rad : phi->lo_rad,
                         isnan(phi->hi_rad) ? phi->phi_rad : phi->hi_rad};
    ropelaw_coverage found[3];
    for (int k = 0; k < 3; k++) {
        ropelaw_plan_options o = ropelaw_plan_options_default;
        ropelaw_plan_result r;
        ropelaw_error e = {0};
        o.phi_lo_rad = o.phi_hi_rad = at[k];
        if (ropelaw_plan_predict(model, plan, &o, &r, &e)) return cli_fail(c, &e);
        found[k] = r.lo;
    }
    put_phi(coverage, "fitted", phi, found);
    say_phi(c->text, phi, found);
    cli_caveats(c, phi->caveats);
    return CLI_OK;
}

int cli_law_option_coverage(cli_context *c, const cli_law *law, const ropelaw_setting *setting,
                            const ropelaw_plan_option *option, cli_value *parent) {
    ropelaw_coverage found = {0};
    ropelaw_error e = {0};
    if (!law->given || !law->file.phi.n_models) {
        cli_put_null(parent, "coverage_fitted");
        return CLI_OK;
    }
    if (ropelaw_option_coverage_eval(setting, option, law->file.phi.phi_rad, &found, &e))
        return cli_fail(c, &e);
    cli_put_number(parent, "coverage_fitted", found.distance_tok);
    return CLI_OK;
}

static int put_first(cli_context *c, const ropelaw_setting *x, ropelaw_plan_option o,
                     ropelaw_plan_design *d) {
    ropelaw_error e = {0};
    if (ropelaw_coverage_base_eval(x, 0, &o.lo, &e) || ropelaw_coverage_base_eval(x, 1, &o.hi, &e))
        return cli_fail(c, &e);
    if (d->n_options == ROPELAW_PLAN_OPTIONS_MAX) d->n_options--;
    memmove(d->options + 1, d->options, d->n_options * sizeof *d->options);
    d->options[0] = o;
    d->n_options++;
    return CLI_OK;
}

int cli_law_design(cli_context *c, const cli_law *law, ropelaw_plan_design *d) {
    if (!law->has_law) return CLI_OK;
    const ropelaw_fitted_law *f = &law->file.law;
    ropelaw_setting x = d->setting;
    ropelaw_plan_option o = {.kind = "fitted",
                             .factor = NAN,
                             .reaches = 1,
                             .source = "the user's measurements (ropelaw fit --save-law)"};
    ropelaw_error e = {0};
    double end;
    tell_another_model(c, f, &x);
    ropelaw_status s = ropelaw_fitted_law_base_find(
        f, d->target_len, ROPELAW_BAND_RUN, cli_number(c, "confidence", 0.9), &o.base, &end, &o.caveats, &e);
    if (s == ROPELAW_UNSUPPORTED) {
        cli_caveat(c, e.message);
        return CLI_OK;
    }
    o.tune_len = x.tune_len_tok = fmax(x.train_len_tok, cli_number(c, "tune-len", x.train_len_tok));
    x.tune_base = o.base;
    uint32_t more;
    if (!s) s = ropelaw_fitted_law_predict(f, o.base, o.tune_len, &o.predicted_bound, &more, &e);
    if (s) return cli_fail(c, &e);
    o.caveats |= more;
    return put_first(c, &x, o, d);
}
