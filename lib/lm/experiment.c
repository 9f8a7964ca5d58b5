/* Runs a preset: for every seed and set-up one pre-trained model, from it one tuned copy per entry of the grid. */
#include "core/core.h"
#include "lm/experiment.h"
#include "lm/preset.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const ropelaw_train_options ropelaw_train_options_default = {.seed = 1,
                                                             .n_threads = 1,
                                                             .language = 42,
                                                             .text_name = "",
                                                             .step_share = 1,
                                                             .eval_len = 2048,
                                                             .eval_windows = 24};

/* The generated corpus: 8 MB to train on (one language for all seeds, so that seeds differ in the model only), one
   document for each evaluated window. */
enum { TRAIN_DOCS = 1024, HEAD_DIM = 32, N_LAYERS = 2 };

typedef struct {
    const ropelaw_train_preset *preset;
    const ropelaw_train_options *options;
    ropelaw_train_result *result;
    char *generated, *generated_held_out;
    const char *text, *held_out;
    size_t n_text, n_held_out, vocab;
    uint32_t text_mark; /* in the names of checkpoints: models of another text are not continued */
    lm_text csv, times, figure, svg, tex;
    /* progress: work done before the present call and the size of the call, of `total` */
    double done, part, total;
} experiment;

/* ---- progress in units of tokens trained; evaluation counts as the training of a few steps */

enum { EVAL_STEPS = 30, STEP_TOK = 2048 };

static int forward_progress(void *context, double fraction) {
    experiment *e = context;
    const ropelaw_progress *p = &e->options->progress;
    return !p->call || p->call(p->context, (e->done + e->part * fraction) / e->total);
}

static ropelaw_progress part_of(experiment *e, double work) {
    e->done += e->part;
    e->part = work;
    return (ropelaw_progress){forward_progress, e};
}

/* Cost of a token relative to width 64: matrices grow with the square. */
static double weight(const ropelaw_train_setup *s) {
    return (double)(s->width * s->width) / 4096;
}

static size_t steps(const experiment *e, size_t n) {
    size_t scaled = (size_t)llround((double)n * e->options->step_share);
    return scaled < 1 ? 1 : scaled;
}

static double work_of(const experiment *e, const ropelaw_train_setup *s) {
    double sum = (double)steps(e, s->n_steps);
    for (size_t i = 0; i < s->n_tunings; i++) sum += (double)(steps(e, s->tunings[i].n_steps) + EVAL_STEPS);
    return sum * weight(s);
}

static bool wanted(const experiment *e, const ropelaw_train_setup *s) {
    return !e->options->setup || !strcmp(e->options->setup, s->name);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void note_time(experiment *e, const char *what, double from, double n_tokens) {
    double taken = seconds() - from;
    lm_text_add(&e->times, "%s,", what);
    lm_text_number(&e->times, taken, ",");
    lm_text_number(&e->times, n_tokens > 0 ? n_tokens / taken : NAN, "\n");
}

/* ---- one model */

static ropelaw_status load_model(const char *path, const ropelaw_lm_config *config, ropelaw_lm **model,
                                 ropelaw_error *error) {
    ropelaw_lm *m = NULL;
    ropelaw_status status = ropelaw_lm_load(path, &m, error);
    if (status) return status;
    ropelaw_lm_config c = ropelaw_lm_config_get(m);
    if (c.n_layers == config->n_layers && c.width == config->width && c.head_dim == config->head_dim &&
        c.vocab == config->vocab && c.train_len == config->train_len && c.base == config->base &&
        c.seed == config->seed) {
        *model = m;
        return ROPELAW_OK;
    }
    ropelaw_lm_destroy(&m);
    core_fail(error, ROPELAW_INVALID, "checkpoint_dir", "", "", "the checkpoint belongs to another model");
    core_error_at(error, path, 0);
    return ROPELAW_INVALID;
}

static ropelaw_status pretrain(experiment *e, const ropelaw_train_setup *s, uint64_t seed, const char *name,
                               ropelaw_lm **model, ropelaw_error *error) {
    ropelaw_lm_config c = {N_LAYERS, s->width, HEAD_DIM, e->vocab, s->train_len, s->base, seed};
    ropelaw_lm_train_options o = ropelaw_lm_pretrain_options;
    char path[4096] = "";
    ropelaw_lm *m = NULL;
    o.n_steps = steps(e, s->n_steps), o.window_tok = s->train_len, o.n_threads = e->options->n_threads;
    if (o.n_warmup > o.n_steps / 2) o.n_warmup = o.n_steps / 2;
    o.progress = part_of(e, (double)o.n_steps * weight(s));
    if (e->options->checkpoint_dir) {
        snprintf(path, sizeof path, "%s/%s-n%zu-x%08lx.ckpt", e->options->checkpoint_dir, name, o.n_steps,
                 (unsigned long)e->text_mark);
        o.checkpoint_path = path, o.checkpoint_every = 200;
    }
    bool kept = path[0] && !access(path, F_OK);
    double start = seconds();
    ropelaw_status status = kept ? load_model(path, &c, &m, error) : ropelaw_lm_create(&c, &m, error);
    ropelaw_lm_train_report report = {0};
    if (!status) status = ropelaw_lm_train(m, e->text, e->n_text, &o, &report, error);
    note_time(e, name, start, report.n_tokens);
    if (status)
        ropelaw_lm_destroy(&m);
    else
        *model = m;
    return status;
}

/* Loss at the end of pre-training, measured instead of remembered, so that a resumed run reports the same: the mean
   over windows of the training length spread over the held-out text, 256 of them (32768 tokens of 128: standard error
   0.006 nat) or as many as fit side by side. */
static ropelaw_status held_out_loss(const experiment *e, const ropelaw_lm *m, size_t n_tok, double *loss,
                                    ropelaw_error *error) {
    enum { MOST_WINDOWS = 256 };
    core_sum sum = {0, 0};
    size_t room = e->n_held_out - n_tok - 1, n_windows = room / n_tok + 1;
    if (n_windows > MOST_WINDOWS) n_windows = MOST_WINDOWS;
    double *losses = core_malloc(n_tok, sizeof *losses);
    if (!losses) return core_fail_memory(error, n_tok, sizeof *losses);
    ropelaw_status status = ROPELAW_OK;
    for (size_t w = 0; w < n_windows && !status; w++) {
        size_t from = n_windows > 1 ? w * room / (n_windows - 1) : 0;
        status = ropelaw_lm_loss(m, e->held_out + from, n_tok, losses, error);
        for (size_t i = 0; i < n_tok && !status; i++) core_sum_add(&sum, losses[i]);
    }
    core_free(losses);
    *loss = core_sum_value(&sum) / (double)(n_windows * n_tok);
    return status;
}

/* ---- one tuned copy */

static ropelaw_status tune(experiment *e, const ropelaw_train_setup *s, size_t index, ropelaw_lm *m,
                           ropelaw_train_run *run, ropelaw_error *error) {
    const ropelaw_train_tuning *t = &s->tunings[index];
    ropelaw_lm_train_options o = ropelaw_lm_tune_options;
    ropelaw_lm_train_report report;
    o.n_steps = run->n_tune_steps, o.window_tok = t->tune_len, o.n_threads = e->options->n_threads;
    if (o.n_warmup > o.n_steps) o.n_warmup = o.n_steps;
    o.order = 1 + index;
    o.progress = part_of(e, (double)o.n_steps * weight(s));
    ropelaw_lm_new_phase(m);
    double start = seconds();
    ropelaw_status status = ropelaw_lm_set_base(m, t->base, error);
    if (!status) status = ropelaw_lm_train(m, e->text, e->n_text, &o, &report, error);
    if (!status) run->tune_loss_nats = report.loss_nats;
    note_time(e, run->run, start, status ? 0 : report.n_tokens);
    return status;
}

static ropelaw_status measure(experiment *e, const ropelaw_train_setup *s, const ropelaw_lm *m,
                              ropelaw_train_run *run, ropelaw_error *error) {
    ropelaw_lm_eval_options o = ropelaw_lm_eval_options_default;
    ropelaw_lm_curve curve = {0};
    o.n_windows = e->options->eval_windows, o.window_tok = e->options->eval_len;
    o.context_tok = run->tune_len, o.n_threads = e->options->n_threads;
    o.progress = part_of(e, EVAL_STEPS * weight(s));
    double start = seconds();
    ropelaw_status status = ropelaw_lm_evaluate(m, e->held_out, e->n_held_out, &o, &curve, error);
    note_time(e, "evaluation", start, 0);
    if (!status) status = lm_run_summarise(run, &curve, error);
    if (!status) status = lm_series_add(&e->result->series, run, &curve, error);
    if (!status) lm_csv_add(&e->csv, run, &curve);
    if (!status) lm_figure_add(&e->figure, run, &curve, (double)o.window_tok);
    ropelaw_lm_curve_clear(&curve);
    return status;
}

static ropelaw_status new_run(experiment *e, const ropelaw_train_setup *s, uint64_t seed, size_t index,
                              ropelaw_train_run **run, ropelaw_error *error) {
    ropelaw_train_result *r = e->result;
    const ropelaw_train_tuning *t = &s->tunings[index];
    ropelaw_train_run *runs = core_realloc(r->runs, r->n_runs + 1, sizeof *runs);
    if (!runs) return core_fail_memory(error, r->n_runs + 1, sizeof *runs);
    r->runs = runs;
    ropelaw_train_run *n = &runs[r->n_runs++];
    memset(n, 0, sizeof *n);
    n->seed = seed, n->width = s->width, n->head_dim = HEAD_DIM;
    n->train_len = s->train_len, n->tune_len = t->tune_len, n->pretrain_base = s->base, n->base = t->base;
    n->n_pretrain_steps = steps(e, s->n_steps), n->n_tune_steps = steps(e, t->n_steps);
    lm_text name = {0}, model = {0};
    lm_text_add(&model, "%s-s%llu", s->name, (unsigned long long)seed);
    lm_text_add(&name, "%s/b", model.failed ? "" : model.bytes);
    lm_text_number(&name, t->base, "");
    lm_text_add(&name, "-l%zu-n%zu", t->tune_len, n->n_tune_steps);
    n->run = name.bytes, n->model = model.bytes;
    *run = n;
    return name.failed || model.failed ? core_fail_memory(error, 64, 1) : ROPELAW_OK;
}

static ropelaw_status run_setup(experiment *e, const ropelaw_train_setup *s, uint64_t seed,
                                ropelaw_error *error) {
    char name[128];
    ropelaw_lm *model = NULL;
    double loss = NAN;
    snprintf(name, sizeof name, "%s-s%llu", s->name, (unsigned long long)seed);
    ropelaw_status status = pretrain(e, s, seed, name, &model, error);
    if (!status) status = held_out_loss(e, model, s->train_len, &loss, error);
    for (size_t i = 0; i < s->n_tunings && !status; i++) {
        ropelaw_train_run *run = NULL;
        ropelaw_lm *copy = NULL;
        status = new_run(e, s, seed, i, &run, error);
        if (!status) status = ropelaw_lm_copy(model, &copy, error);
        if (!status) run->pretrain_loss_nats = loss;
        if (!status) status = tune(e, s, i, copy, run, error);
        if (!status) status = measure(e, s, copy, run, error);
        ropelaw_lm_destroy(&copy);
    }
    ropelaw_lm_destroy(&model);
    return status;
}

/* ---- text */

static ropelaw_status generate(experiment *e, ropelaw_error *error) {
    size_t n_docs = (e->options->eval_windows * (e->options->eval_len + 1) - 1) / ROPELAW_LM_DOC_BYTES + 1;
    if (n_docs < e->options->eval_windows) n_docs = e->options->eval_windows;
    e->n_text = (size_t)TRAIN_DOCS * ROPELAW_LM_DOC_BYTES, e->n_held_out = n_docs * ROPELAW_LM_DOC_BYTES;
    e->generated = core_malloc(e->n_text, 1), e->generated_held_out = core_malloc(e->n_held_out, 1);
    if (!e->generated || !e->generated_held_out) return core_fail_memory(error, e->n_text, 1);
    uint64_t language = e->options->language;
    ropelaw_status status = ropelaw_lm_text(language, 0, TRAIN_DOCS, e->generated, error);
    if (!status)
        status = ropelaw_lm_text(language, ROPELAW_LM_HELD_OUT_DOC, n_docs, e->generated_held_out, error);
    if (!status)
        status =
            ropelaw_lm_text_floor(language, ROPELAW_LM_HELD_OUT_DOC, n_docs, &e->result->text_floor, error);
    e->text = e->generated, e->held_out = e->generated_held_out, e->vocab = 128;
    return status;
}

static ropelaw_status take_text(experiment *e, ropelaw_error *error) {
    const ropelaw_train_options *o = e->options;
    if (!o->text) return generate(e, error);
    size_t need = o->eval_len + 1;
    e->n_held_out = o->n_bytes / 16, e->n_text = o->n_bytes - e->n_held_out;
    if (e->n_held_out < need) {
        core_fail(error, ROPELAW_SHAPE, "text", "", "",
                  "the text has %zu bytes; a sixteenth of it must hold one evaluated window of %zu bytes",
                  o->n_bytes, need);
        core_error_at(error, o->text_name, 0);
        return ROPELAW_SHAPE;
    }
    e->text = o->text, e->held_out = o->text + e->n_text;
    e->vocab = ropelaw_lm_text_vocab(o->text, o->n_bytes);
    return ROPELAW_OK;
}

/* FNV-1a of the training text. */
static uint32_t mark_of(const char *text, size_t n) {
    uint32_t hash = 0x811c9dc5u;
    for (size_t i = 0; i < n; i++) hash = (hash ^ (unsigned char)text[i]) * 0x01000193u;
    return hash;
}

static ropelaw_status check(const ropelaw_train_preset *preset, const ropelaw_train_options *o,
                            ropelaw_error *error) {
    if (!(o->step_share > 0 && o->step_share <= 1))
        return core_fail_number(error, ROPELAW_DOMAIN, "step_share", o->step_share, "above 0, up to 1");
    if (o->eval_len < 512 || o->eval_len > 1 << 20)
        return core_fail_number(error, ROPELAW_DOMAIN, "eval_len", (double)o->eval_len, "512 .. 1048576");
    if (o->eval_windows < 2 || o->eval_windows > 4096)
        return core_fail_number(error, ROPELAW_DOMAIN, "eval_windows", (double)o->eval_windows, "2 .. 4096");
    size_t i = 0;
    while (o->setup && i < preset->n_setups && strcmp(preset->setups[i]->name, o->setup)) i++;
    if (o->setup && i == preset->n_setups)
        return core_fail(error, ROPELAW_INVALID, "setup", o->setup, "", "preset %s has no set-up \"%s\"",
                         preset->name, o->setup);
    return ROPELAW_OK;
}

static ropelaw_status run_all(experiment *e, ropelaw_error *error) {
    const ropelaw_train_preset *p = e->preset;
    for (size_t i = 0; i < p->n_setups; i++)
        if (wanted(e, p->setups[i])) e->total += (double)p->n_seeds * work_of(e, p->setups[i]);
    for (size_t k = 0; k < p->n_seeds; k++)
        for (size_t i = 0; i < p->n_setups; i++) {
            if (!wanted(e, p->setups[i])) continue;
            ropelaw_status status = run_setup(e, p->setups[i], e->options->seed + k, error);
            if (status) return status;
        }
    return ROPELAW_OK;
}

ropelaw_status ropelaw_train_experiment(const ropelaw_train_preset *preset,
                                        const ropelaw_train_options *options, ropelaw_train_result *result,
                                        ropelaw_error *error) {
    if (!preset || !options || !result)
        return core_fail(error, ROPELAW_INVALID,
                         !preset    ? "preset"
                         : !options ? "options"
                                    : "result",
                         "", "", "a required argument is NULL");
    ropelaw_status status = check(preset, options, error);
    if (status) return status;
    ropelaw_train_result made = {
        .text_floor = {NAN, NAN}
    };
    experiment e = {.preset = preset, .options = options, .result = &made};
    status = options->checkpoint_dir ? lm_folder_ready(options->checkpoint_dir, error) : ROPELAW_OK;
    if (!status) status = take_text(&e, error);
    if (!status) e.text_mark = mark_of(e.text, e.n_text);
    lm_csv_start(&e.csv, preset, options, &made.text_floor);
    lm_figure_start(&e.figure, (double)options->eval_len);
    lm_text_add(&e.times, "what,seconds,tokens_per_second\n");
    if (!status) status = run_all(&e, error);
    if (!status) lm_plot_svg(&e.svg, &made, (double)options->eval_len);
    if (!status) lm_plot_tex(&e.tex, &made, (double)options->eval_len);
    made.csv = e.csv.bytes, made.times = e.times.bytes, made.figure = e.figure.bytes;
    made.svg = e.svg.bytes, made.tex = e.tex.bytes;
    if (!status && (e.csv.failed || e.times.failed || e.figure.failed || e.svg.failed || e.tex.failed))
        status = core_fail_memory(error, e.csv.room, 2);
    core_free(e.generated);
    core_free(e.generated_held_out);
    if (status)
        ropelaw_train_result_clear(&made);
    else
        *result = made;
    return status;
}

void ropelaw_train_result_clear(ropelaw_train_result *result) {
    if (!result) return;
    for (size_t i = 0; i < result->n_runs; i++) {
        core_free(result->runs[i].run);
        core_free(result->runs[i].model);
    }
    core_free(result->runs);
    ropelaw_series_clear(&result->series);
    core_free(result->csv);
    core_free(result->times);
    core_free(result->figure);
    core_free(result->svg);
    core_free(result->tex);
    memset(result, 0, sizeof *result);
}
