/* Data-parallel training with the same bytes for any number of threads: a step's windows are cut into chunks
   of a size that depends on the window length only, every chunk has its own gradient, and chunks are added in
   order. */
#include "core/core.h"
#include "lm/adam.h"
#include "lm/model.h"
#include <ropelaw/random.h>
#include <math.h>
#include <string.h>

/* A chunk of 256 tokens keeps the activations of a layer in a megabyte of cache; updates go in blocks of 8192
   weights, so that two threads share them without many hand-overs. */
enum { CHUNK_TOK = 256, BLOCK = 8192 };

const ropelaw_lm_train_options ropelaw_lm_pretrain_options = {.n_steps = 2000,
                                                              .window_tok = 128,
                                                              .batch_tok = 2048,
                                                              .n_warmup = 100,
                                                              .lr = 3e-3,
                                                              .lr_end = 0.1,
                                                              .weight_decay = 0.05,
                                                              .beta1 = 0.9,
                                                              .beta2 = 0.98,
                                                              .eps = 1e-8,
                                                              .clip = 1,
                                                              .n_threads = 1};

const ropelaw_lm_train_options ropelaw_lm_tune_options = {.n_steps = 150,
                                                          .window_tok = 128,
                                                          .batch_tok = 2048,
                                                          .n_warmup = 100,
                                                          .lr = 5e-4,
                                                          .lr_end = 1,
                                                          .weight_decay = 0,
                                                          .beta1 = 0.9,
                                                          .beta2 = 0.98,
                                                          .eps = 1e-8,
                                                          .clip = 1,
                                                          .order = 1,
                                                          .n_threads = 1};

typedef struct {
    ropelaw_lm *model;
    const ropelaw_lm_train_options *options;
    const char *text;
    size_t n_bytes, n_windows, per_chunk, n_chunks, n_threads, n_blocks;
    const char **windows;  /* [n_windows] of this step */
    float *gradients;      /* [n_chunks][n_params]; the sum ends up in the first */
    double *losses;        /* [n_windows * window_tok] */
    double *block_squares; /* [n_blocks] */
    lm_work_f32 **works;   /* [n_threads] */
    lm_adam_step adam;
} trainer;

static ropelaw_status check_options(const ropelaw_lm_train_options *o, ropelaw_error *error) {
    const struct {
        const char *name, *range;
        double value;
        bool fine;
    } rules[] = {
        {"n_steps",      "1 .. 2^32 - 1",   (double)o->n_steps,    o->n_steps >= 1 && o->n_steps <= UINT32_MAX   },
        {"window_tok",   "8 .. 1048576",    (double)o->window_tok, o->window_tok >= 8 && o->window_tok <= 1 << 20},
        {"batch_tok",    "1 .. 2^24",       (double)o->batch_tok,  o->batch_tok >= 1 && o->batch_tok <= 1 << 24  },
        {"n_warmup",     "0 .. n_steps",    (double)o->n_warmup,   o->n_warmup <= o->n_steps                     },
        {"lr",           "> 0 and finite",  o->lr,                 o->lr > 0 && isfinite(o->lr)                  },
        {"lr_end",       "0 .. 1",          o->lr_end,             o->lr_end >= 0 && o->lr_end <= 1              },
        {"weight_decay", ">= 0 and finite", o->weight_decay,
         o->weight_decay >= 0 && isfinite(o->weight_decay)                                                       },
        {"beta1",        ">= 0 and < 1",    o->beta1,              o->beta1 >= 0 && o->beta1 < 1                 },
        {"beta2",        ">= 0 and < 1",    o->beta2,              o->beta2 >= 0 && o->beta2 < 1                 },
        {"eps",          "> 0 and finite",  o->eps,                o->eps > 0 && isfinite(o->eps)                },
        {"clip",         "> 0",             o->clip,               o->clip > 0                                   },
        {"order",        "0 .. 2^32 - 1",   (double)o->order,      o->order <= UINT32_MAX                        },
    };
    for (size_t i = 0; i < CORE_COUNT(rules); i++)
        if (!rules[i].fine)
            return core_fail_number(error, ROPELAW_DOMAIN, rules[i].name, rules[i].value, rules[i].range);
    return ROPELAW_OK;
}

static void trainer_clear(trainer *t) {
    for (size_t i = 0; t->works && i < t->n_threads; i++) lm_work_destroy_f32(&t->works[i]);
    core_free(t->works);
    core_free(t->windows);
    core_free(t->gradients);
    core_free(t->losses);
    core_free(t->block_squares);
}

static ropelaw_status trainer_init(trainer *t, ropelaw_error *error) {
    const ropelaw_lm_train_options *o = t->options;
    size_t n_params = t->model->n_params;
    t->n_windows = o->batch_tok > o->window_tok ? o->batch_tok / o->window_tok : 1;
    t->per_chunk = o->window_tok < CHUNK_TOK ? CHUNK_TOK / o->window_tok : 1;
    if (t->per_chunk > t->n_windows) t->per_chunk = t->n_windows;
    t->n_chunks = (t->n_windows + t->per_chunk - 1) / t->per_chunk;
    t->n_threads = core_threads(o->n_threads, t->n_chunks);
    t->n_blocks = (n_params + BLOCK - 1) / BLOCK;
    t->windows = core_malloc(t->n_windows, sizeof *t->windows);
    t->gradients = core_malloc(n_params, t->n_chunks * sizeof *t->gradients);
    t->losses = core_malloc(t->n_windows, o->window_tok * sizeof *t->losses);
    t->block_squares = core_malloc(t->n_blocks, sizeof *t->block_squares);
    t->works = core_calloc(t->n_threads, sizeof *t->works);
    if (!t->windows || !t->gradients || !t->losses || !t->block_squares || !t->works)
        return core_fail_memory(error, n_params * t->n_chunks, sizeof *t->gradients);
    for (size_t i = 0; i < t->n_threads; i++) {
        ropelaw_status status =
            lm_work_create_f32(&t->model->shape, t->per_chunk, o->window_tok, true, &t->works[i], error);
        if (status) return status;
    }
    return ROPELAW_OK;
}

/* Where the windows of a step start: a function of seed, order and step alone. */
static void draw_windows(trainer *t, size_t step) {
    ropelaw_random r;
    ropelaw_random_init(&r, t->model->config.seed, t->options->order << 32 | step);
    for (size_t i = 0; i < t->n_windows; i++)
        t->windows[i] = t->text + ropelaw_random_below(&r, t->n_bytes - t->options->window_tok);
}

static ropelaw_status chunk_task(void *context, size_t chunk, size_t thread, ropelaw_error *error) {
    trainer *t = context;
    size_t n_tok = t->options->window_tok, first = chunk * t->per_chunk, left = t->n_windows - first;
    lm_batch batch = {left < t->per_chunk ? left : t->per_chunk, n_tok, t->windows + first};
    const ropelaw_lm *m = t->model;
    const lm_rotary rotary = lm_model_rotary(m);
    double scale = 1 / (double)(t->n_windows * n_tok);
    ropelaw_status status =
        lm_forward_f32(t->works[thread], m->params, &rotary, &batch, t->losses + first * n_tok, error);
    if (status) return status;
    return lm_backward_f32(t->works[thread], m->params, &rotary, &batch, scale,
                           t->gradients + chunk * m->n_params, error);
}

static size_t block_length(const trainer *t, size_t block) {
    size_t left = t->model->n_params - block * BLOCK;
    return left < BLOCK ? left : BLOCK;
}

static ropelaw_status sum_task(void *context, size_t block, size_t thread, ropelaw_error *error) {
    (void)thread, (void)error;
    trainer *t = context;
    size_t n = block_length(t, block);
    float *sum = t->gradients + block * BLOCK;
    for (size_t chunk = 1; chunk < t->n_chunks; chunk++) {
        const float *more = sum + chunk * t->model->n_params;
        for (size_t i = 0; i < n; i++) sum[i] += more[i];
    }
    t->block_squares[block] = lm_sum_of_squares(n, sum);
    return ROPELAW_OK;
}

static ropelaw_status update_task(void *context, size_t block, size_t thread, ropelaw_error *error) {
    (void)thread, (void)error;
    trainer *t = context;
    ropelaw_lm *m = t->model;
    size_t first = block * BLOCK, end = first + block_length(t, block);
    for (size_t i = 0; i < lm_n_tensors(&m->shape); i++) {
        lm_tensor tensor = lm_tensor_at(&m->shape, i);
        size_t from = tensor.offset > first ? tensor.offset : first,
               to = tensor.offset + tensor.rows * tensor.cols;
        if (to > end) to = end;
        if (from >= to) continue;
        lm_adam_step s = t->adam;
        if (!tensor.decay) s.decay = 0;
        lm_adam(&s, to - from, t->gradients + from, m->params + from, m->mean + from, m->square + from);
    }
    return ROPELAW_OK;
}

static double mean_loss(const trainer *t) {
    core_sum sum = {0, 0};
    size_t n = t->n_windows * t->options->window_tok;
    for (size_t i = 0; i < n; i++) core_sum_add(&sum, t->losses[i]);
    return core_sum_value(&sum) / (double)n;
}

static ropelaw_status one_step(trainer *t, double *loss, ropelaw_error *error) {
    const ropelaw_lm_train_options *o = t->options;
    size_t step = t->model->step + 1;
    draw_windows(t, step);
    ropelaw_status status = core_parallel(t->n_threads, t->n_chunks, chunk_task, t, NULL, error);
    if (!status) status = core_parallel(t->n_threads, t->n_blocks, sum_task, t, NULL, error);
    if (status) return status;
    double squares = 0;
    for (size_t i = 0; i < t->n_blocks; i++) squares += t->block_squares[i];
    *loss = mean_loss(t);
    if (!isfinite(*loss) || !isfinite(squares))
        return core_fail(error, ROPELAW_NOCONV, "loss", isfinite(*loss) ? "gradient" : "loss", "finite",
                         "the %s is not finite at step %zu of %zu; the model is as it was after step %zu",
                         isfinite(*loss) ? "gradient" : "loss", step, o->n_steps, step - 1);
    double norm = sqrt(squares);
    t->adam = (lm_adam_step){.lr = lm_learning_rate(o, step),
                             .decay = o->weight_decay,
                             .beta1 = o->beta1,
                             .beta2 = o->beta2,
                             .eps = o->eps,
                             .step = step,
                             .gradient_scale = norm > o->clip ? (float)(o->clip / norm) : 1.f};
    status = core_parallel(t->n_threads, t->n_blocks, update_task, t, NULL, error);
    if (!status) t->model->step = step;
    return status;
}

static ropelaw_status checkpoint(const trainer *t, bool last, ropelaw_error *error) {
    const ropelaw_lm_train_options *o = t->options;
    bool due = last || (o->checkpoint_every && t->model->step % o->checkpoint_every == 0);
    return o->checkpoint_path && due ? ropelaw_lm_save(t->model, o->checkpoint_path, error) : ROPELAW_OK;
}

static ropelaw_status run_steps(trainer *t, ropelaw_lm_train_report *report, ropelaw_error *error) {
    const ropelaw_lm_train_options *o = t->options;
    size_t first = t->model->step, tail = o->n_steps - (o->n_steps - first + 9) / 10;
    core_sum loss_sum = {0, 0};
    while (t->model->step < o->n_steps) {
        double loss = 0;
        ropelaw_status status = one_step(t, &loss, error);
        if (status) return status;
        size_t step = t->model->step;
        if (step > tail) core_sum_add(&loss_sum, loss);
        status = core_progress(&o->progress, (double)step / (double)o->n_steps, error);
        bool stopped = status == ROPELAW_CANCELLED;
        ropelaw_status saved = checkpoint(t, stopped || step == o->n_steps, stopped ? NULL : error);
        if (saved || status) return saved ? saved : status;
    }
    report->n_steps = t->model->step;
    report->loss_nats = first < o->n_steps ? core_sum_value(&loss_sum) / (double)(o->n_steps - tail) : NAN;
    report->n_tokens = (double)(o->n_steps - (first < o->n_steps ? first : o->n_steps)) *
                       (double)(t->n_windows * o->window_tok);
    return ROPELAW_OK;
}

ropelaw_status ropelaw_lm_train(ropelaw_lm *model, const char *text, size_t n_bytes,
                                const ropelaw_lm_train_options *options, ropelaw_lm_train_report *report,
                                ropelaw_error *error) {
    if (!model || !text || !options)
        return core_fail(error, ROPELAW_INVALID,
                         !model  ? "model"
                         : !text ? "text"
                                 : "options",
                         "", "", "a required argument is NULL");
    ropelaw_status status = check_options(options, error);
    if (status) return status;
    if (n_bytes < options->window_tok + 1)
        return core_fail(error, ROPELAW_SHAPE, "text", "", "",
                         "the text has %zu bytes, a window of %zu tokens needs %zu", n_bytes,
                         options->window_tok, options->window_tok + 1);
    if ((status = lm_check_bytes(model, text, n_bytes, error))) return status;
    trainer t = {.model = model, .options = options, .text = text, .n_bytes = n_bytes};
    ropelaw_lm_train_report done = {.loss_nats = NAN};
    status = trainer_init(&t, error);
    if (!status) status = run_steps(&t, &done, error);
    trainer_clear(&t);
    if (!status && report) *report = done;
    return status;
}
