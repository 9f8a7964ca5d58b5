#include "core/core.h"
#include "lm/experiment.h"
#include <ropelaw/cpu.h>
#include <ropelaw/number.h>
#include <ropelaw/version.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void lm_text_add(lm_text *t, const char *format, ...) {
    va_list list, again;
    if (t->failed) return;
    va_start(list, format);
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, list);
    va_end(list);
    size_t need = length < 0 ? 0 : t->n + (size_t)length + 1;
    if (need > t->room) {
        char *more = core_realloc(t->bytes, 2 * need, 1);
        if (more) t->bytes = more, t->room = 2 * need;
        t->failed = !more;
    }
    if (!t->failed && length >= 0) t->n += (size_t)vsnprintf(t->bytes + t->n, t->room - t->n, format, again);
    va_end(again);
}

void lm_text_number(lm_text *t, double value, const char *end) {
    char number[ROPELAW_NUMBER_SIZE];
    lm_text_add(t, "%s%s", isfinite(value) ? ropelaw_number_str(value, 8, number) : "", end);
}

static void key_number(lm_text *csv, const char *key, double value) {
    lm_text_add(csv, "# %s: ", key);
    lm_text_number(csv, value, "\n");
}

/* A file name within a line: control characters become '?'. */
static void add_character(lm_text *csv, unsigned char c) {
    lm_text_add(csv, "%c", c < ' ' || c == 127 ? '?' : c);
}

/* An operand as a shell takes it. */
static void add_operand(lm_text *csv, const char *name) {
    const char *plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/+-";
    if (!name[strspn(name, plain)]) {
        lm_text_add(csv, " %s", name);
        return;
    }
    lm_text_add(csv, " '");
    for (; *name; name++)
        if (*name == '\'')
            lm_text_add(csv, "'\\''");
        else
            add_character(csv, (unsigned char)*name);
    lm_text_add(csv, "'");
}

/* The command that makes these bytes again, the seeds that it takes, and what it was linked with: another processor or BLAS
   kernel rounds differently. */
static void add_source(lm_text *csv, const ropelaw_train_preset *preset, const ropelaw_train_options *o) {
    const ropelaw_train_options *usual = &ropelaw_train_options_default;
    lm_text_add(csv, "# source: ropelaw train --preset %s --seed %llu", preset->name,
                (unsigned long long)o->seed);
    if (o->setup) lm_text_add(csv, " --setup %s", o->setup);
    if (!o->text && o->language != usual->language)
        lm_text_add(csv, " --language %llu", (unsigned long long)o->language);
    if (o->step_share != usual->step_share)
        lm_text_add(csv, " --share "), lm_text_number(csv, o->step_share, "");
    if (o->eval_len != usual->eval_len) lm_text_add(csv, " --eval-len %zu", o->eval_len);
    if (o->eval_windows != usual->eval_windows) lm_text_add(csv, " --windows %zu", o->eval_windows);
    if (o->text) add_operand(csv, o->text_name);
    lm_text_add(csv, ", version %s\n# seeds: %llu", ropelaw_version(), (unsigned long long)o->seed);
    if (preset->n_seeds > 1)
        lm_text_add(csv, " to %llu", (unsigned long long)(o->seed + preset->n_seeds - 1));
    char linked[256];
    lm_text_add(csv, "\n# made-with: %s kernels, %s\n", ropelaw_isa_str(ropelaw_isa_best()),
                ropelaw_build_str(linked, sizeof linked));
}

static void add_text(lm_text *csv, const ropelaw_train_options *o, const ropelaw_lm_text_information *floor) {
    if (o->text) {
        lm_text_add(csv, "# text: ");
        for (const char *c = o->text_name; *c; c++) add_character(csv, (unsigned char)*c);
        lm_text_add(csv, "\n");
        return;
    }
    lm_text_add(csv, "# text: generated, language %llu; held out: documents from 2^32\n",
                (unsigned long long)o->language);
    key_number(csv, "text-floor-topics-known-nats", floor->topics_known_nats);
    key_number(csv, "text-floor-topics-unknown-nats", floor->topics_unknown_nats);
}

void lm_csv_start(lm_text *csv, const ropelaw_train_preset *preset, const ropelaw_train_options *o,
                  const ropelaw_lm_text_information *floor) {
    lm_text_add(csv,
                "# title: Small language models made by ropelaw: paired excess loss by length, preset %s\n",
                preset->name);
    add_source(csv, preset, o);
    add_text(csv, o, floor);
    lm_text_add(
        csv,
        "# retrieved-from: made by this project, docs/experiment.md\n# licence: MIT\n# kind: measured\n");
    lm_text_add(csv,
                "# recipe: docs/experiment.md; 2 layers, head_dim 32, 2048 tokens a step; evaluated on %zu "
                "windows of "
                "%zu tokens\n",
                o->eval_windows, o->eval_len);
    key_number(csv, "step-share", o->step_share);
    lm_text_add(
        csv, "# note: loss_nats is reference_nats + excess_nats: the loss with the text's own ups and downs "
             "taken out; raw_loss_nats keeps them; lengths above tune_len only\n");
    lm_text_add(
        csv,
        "run,eval_len_tok,loss_nats,loss_se,n_tokens,model,method,rotary_dim,pretrain_base,train_len_tok,"
        "tune_len_tok,base,excess_nats,raw_loss_nats,cumulative_ppl,reference_nats,width,seed,"
        "pretrain_steps,tune_steps,pretrain_loss_nats,tune_loss_nats,onset_tok,onset_lo_tok,"
        "onset_hi_tok\n");
}

static void add_facts(lm_text *csv, const ropelaw_train_run *r) {
    const double facts[] = {(double)r->head_dim, r->pretrain_base, (double)r->train_len, (double)r->tune_len,
                            r->base};
    lm_text_add(csv, "%s,default,", r->model);
    for (size_t i = 0; i < CORE_COUNT(facts); i++) lm_text_number(csv, facts[i], ",");
}

void lm_csv_add(lm_text *csv, const ropelaw_train_run *r, const ropelaw_lm_curve *curve) {
    for (size_t i = 0; i < curve->n_bins; i++) {
        const ropelaw_lm_bin *b = &curve->bins[i];
        if (b->length_tok <= (double)r->tune_len) continue;
        lm_text_add(csv, "%s,", r->run);
        const double values[] = {b->length_tok, r->reference_nats + b->excess_nats,
                                 b->excess_se > 0 ? b->excess_se : NAN, b->n_tokens};
        for (size_t k = 0; k < CORE_COUNT(values); k++) lm_text_number(csv, values[k], ",");
        add_facts(csv, r);
        const double more[] = {b->excess_nats,
                               b->loss_nats,
                               b->cumulative_ppl,
                               r->reference_nats,
                               (double)r->width,
                               (double)r->seed,
                               (double)r->n_pretrain_steps,
                               (double)r->n_tune_steps,
                               r->pretrain_loss_nats,
                               r->tune_loss_nats,
                               r->onset.censored ? NAN : r->onset.onset_tok,
                               r->onset.lo_tok};
        for (size_t k = 0; k < CORE_COUNT(more); k++) lm_text_number(csv, more[k], ",");
        lm_text_number(csv, r->onset.hi_tok, "\n");
    }
}
