/* The paired excess loss. One causal pass over a window gives the loss at every context length; the same
   tokens are then scored with a context of context_tok / 2 .. context_tok: passes over pieces of context_tok
   tokens that start every half piece, of which the second half counts. */
#include "core/core.h"
#include "lm/model.h"
#include <math.h>
#include <string.h>

const ropelaw_lm_eval_options ropelaw_lm_eval_options_default = {
    .n_windows = 24, .window_tok = 2048, .context_tok = 128, .bin_ratio = 1.08, .n_threads = 1};

/* Two cache-friendly sizes: pieces of the truncated pass go in batches of this many tokens. */
enum { PIECES_TOK = 512 };

static ropelaw_status window_loss(const ropelaw_lm *m, const lm_batch *batch, double *loss,
                                  ropelaw_error *error) {
    lm_work_f32 *work = NULL;
    const lm_rotary rotary = lm_model_rotary(m);
    ropelaw_status status =
        lm_work_create_f32(&m->shape, batch->n_windows, batch->n_tok, false, &work, error);
    if (!status) status = lm_forward_f32(work, m->params, &rotary, batch, loss, error);
    lm_work_destroy_f32(&work);
    return status;
}

ropelaw_status ropelaw_lm_loss(const ropelaw_lm *model, const char *text, size_t n_tok, double *loss_nats,
                               ropelaw_error *error) {
    if (!model || !text || !loss_nats)
        return core_fail(error, ROPELAW_INVALID,
                         !model  ? "model"
                         : !text ? "text"
                                 : "loss_nats",
                         "", "", "a required argument is NULL");
    if (n_tok < 1 || n_tok > 1 << 24)
        return core_fail_number(error, ROPELAW_DOMAIN, "n_tok", (double)n_tok, "1 .. 2^24");
    ropelaw_status status = lm_check_bytes(model, text, n_tok + 1, error);
    const char *const windows[] = {text};
    return status ? status : window_loss(model, &(lm_batch){1, n_tok, windows}, loss_nats, error);
}

/* Loss of the tokens of one window with truncated context. The first piece counts whole, every later one by
   its second half; the last one is moved back to end with the window. */
static ropelaw_status truncated_loss(const ropelaw_lm *m, const char *text, const ropelaw_lm_eval_options *o,
                                     double *loss, ropelaw_error *error) {
    size_t n = o->window_tok, piece = o->context_tok < n ? o->context_tok : n, half = piece / 2;
    size_t per_batch = piece < PIECES_TOK ? PIECES_TOK / piece : 1, done = 0;
    double *part = core_malloc(per_batch * piece, sizeof *part);
    const char **starts = core_malloc(per_batch, sizeof *starts);
    ropelaw_status status =
        part && starts ? ROPELAW_OK : core_fail_memory(error, per_batch * piece, sizeof *part);
    for (size_t start = 0; !status && done < n;) {
        size_t count = 0, first = start;
        for (; count < per_batch && (count == 0 || start + piece - half < n); count++, start += half)
            starts[count] = text + (start + piece <= n ? start : n - piece);
        status = window_loss(m, &(lm_batch){count, piece, starts}, part, error);
        for (size_t i = 0; !status && i < count; i++) {
            size_t at = (size_t)(starts[i] - text), skip = first + i * half == 0 ? 0 : done - at;
            memcpy(loss + at + skip, part + i * piece + skip, (piece - skip) * sizeof *loss);
            done = at + piece;
        }
    }
    core_free(part);
    core_free(starts);
    return status;
}

typedef struct {
    const ropelaw_lm *model;
    const char *text;
    const ropelaw_lm_eval_options *options;
    size_t stride;
    double *full, *truncated; /* [n_windows][window_tok] */
} evaluation;

static ropelaw_status window_task(void *context, size_t window, size_t thread, ropelaw_error *error) {
    (void)thread;
    const evaluation *e = context;
    const char *text = e->text + window * e->stride;
    size_t n = e->options->window_tok;
    const char *const windows[] = {text};
    ropelaw_status status = window_loss(e->model, &(lm_batch){1, n, windows}, e->full + window * n, error);
    return status ? status : truncated_loss(e->model, text, e->options, e->truncated + window * n, error);
}

/* Bins cover lengths (edge[i], edge[i+1]]; they start at half the truncated context, below which nothing is
   paired, and have context_tok as an edge. */
static size_t bin_edges(const ropelaw_lm_eval_options *o, size_t *edges) {
    double low = (double)o->context_tok / 2, top = (double)o->window_tok;
    size_t below = (size_t)ceil(log(2) / log(o->bin_ratio)), n = 0;
    for (size_t i = 0;; i++) {
        double exact = i <= below ? low * pow(2, (double)i / (double)below)
                                  : 2 * low * pow(o->bin_ratio, (double)(i - below));
        /* the last bin takes in what would not fill half of one more */
        double next = i < below ? exact : exact * (1 + (o->bin_ratio - 1) / 2);
        size_t edge = next >= top ? o->window_tok : (size_t)floor(exact);
        if (n == 0 || edge > (edges ? edges[n - 1] : 0)) {
            if (edges) edges[n] = edge;
            n++;
        }
        if (edge >= o->window_tok) return n;
    }
}

static void fill_bin(const evaluation *e, size_t from, size_t to, ropelaw_lm_bin *bin, double *window_excess,
                     size_t n_bins) {
    size_t n_windows = e->options->n_windows, n_tok = e->options->window_tok;
    core_sum full = {0, 0}, excess = {0, 0};
    double n = (double)(to - from), mean, variance = 0;
    for (size_t w = 0; w < n_windows; w++) {
        core_sum mine = {0, 0};
        for (size_t p = from; p < to; p++) {
            core_sum_add(&full, e->full[w * n_tok + p]);
            core_sum_add(&mine, e->full[w * n_tok + p] - e->truncated[w * n_tok + p]);
        }
        window_excess[w * n_bins] = core_sum_value(&mine) / n;
        core_sum_add(&excess, window_excess[w * n_bins]);
    }
    mean = core_sum_value(&excess) / (double)n_windows;
    for (size_t w = 0; w < n_windows; w++) variance += pow(window_excess[w * n_bins] - mean, 2);
    bin->length_tok = sqrt((double)(from + 1) * (double)to);
    bin->n_tokens = n * (double)n_windows;
    bin->loss_nats = core_sum_value(&full) / bin->n_tokens;
    bin->excess_nats = mean;
    bin->excess_se = n_windows > 1 ? sqrt(variance / (double)(n_windows - 1) / (double)n_windows) : 0;
}

static double mean_until(const double *loss, const ropelaw_lm_eval_options *o, size_t end) {
    core_sum sum = {0, 0};
    for (size_t w = 0; w < o->n_windows; w++)
        for (size_t p = 0; p < end; p++) core_sum_add(&sum, loss[w * o->window_tok + p]);
    return core_sum_value(&sum) / ((double)end * (double)o->n_windows);
}

static ropelaw_status make_curve(const evaluation *e, ropelaw_lm_curve *curve, ropelaw_error *error) {
    const ropelaw_lm_eval_options *o = e->options;
    size_t *edges = core_malloc(o->window_tok + 2, sizeof *edges);
    if (!edges) return core_fail_memory(error, o->window_tok, sizeof *edges);
    size_t n_bins = bin_edges(o, edges) - 1;
    ropelaw_lm_curve c = {.n_bins = n_bins, .n_windows = o->n_windows};
    c.bins = core_calloc(n_bins, sizeof *c.bins);
    c.window_excess = core_calloc(o->n_windows, n_bins * sizeof *c.window_excess);
    if (!c.bins || !c.window_excess) {
        ropelaw_lm_curve_clear(&c);
        core_free(edges);
        return core_fail_memory(error, o->n_windows * n_bins, sizeof *c.window_excess);
    }
    for (size_t i = 0; i < n_bins; i++) {
        fill_bin(e, edges[i], edges[i + 1], &c.bins[i], c.window_excess + i, n_bins);
        c.bins[i].cumulative_ppl = exp(mean_until(e->full, o, edges[i + 1]));
    }
    c.reference_nats = mean_until(e->truncated, o, o->window_tok);
    core_free(edges);
    *curve = c;
    return ROPELAW_OK;
}

static ropelaw_status check(const ropelaw_lm *m, const char *text, size_t n_bytes,
                            const ropelaw_lm_eval_options *o, ropelaw_error *error) {
    if (!m || !text || !o)
        return core_fail(error, ROPELAW_INVALID,
                         !m      ? "model"
                         : !text ? "text"
                                 : "options",
                         "", "", "a required argument is NULL");
    if (o->n_windows < 1 || o->n_windows > 1 << 20)
        return core_fail_number(error, ROPELAW_DOMAIN, "n_windows", (double)o->n_windows, "1 .. 2^20");
    if (o->window_tok < 16 || o->window_tok > 1 << 24)
        return core_fail_number(error, ROPELAW_DOMAIN, "window_tok", (double)o->window_tok, "16 .. 2^24");
    if (o->context_tok < 8 || o->context_tok >= o->window_tok)
        return core_fail_number(error, ROPELAW_DOMAIN, "context_tok", (double)o->context_tok,
                                "8 .. window_tok - 1");
    if (!(o->bin_ratio >= 1.001 && o->bin_ratio <= 2))
        return core_fail_number(error, ROPELAW_DOMAIN, "bin_ratio", o->bin_ratio, "1.001 .. 2");
    if (n_bytes < o->window_tok + 1)
        return core_fail(error, ROPELAW_SHAPE, "text", "", "",
                         "the text has %zu bytes, a window of %zu tokens needs %zu", n_bytes, o->window_tok,
                         o->window_tok + 1);
    return lm_check_bytes(m, text, n_bytes, error);
}

ropelaw_status ropelaw_lm_evaluate(const ropelaw_lm *model, const char *text, size_t n_bytes,
                                   const ropelaw_lm_eval_options *options, ropelaw_lm_curve *curve,
                                   ropelaw_error *error) {
    if (!curve) return core_fail(error, ROPELAW_INVALID, "curve", "", "", "curve is NULL");
    ropelaw_status status = check(model, text, n_bytes, options, error);
    if (status) return status;
    size_t n = options->window_tok, spare = n_bytes - n - 1;
    evaluation e = {model, text, options, options->n_windows > 1 ? spare / (options->n_windows - 1) : 0,
                    NULL,  NULL};
    e.full = core_malloc(options->n_windows, n * sizeof *e.full);
    e.truncated = core_malloc(options->n_windows, n * sizeof *e.truncated);
    if (!e.full || !e.truncated) status = core_fail_memory(error, options->n_windows * n, sizeof *e.full);
    if (!status)
        status =
            core_parallel(options->n_threads, options->n_windows, window_task, &e, &options->progress, error);
    if (!status) status = make_curve(&e, curve, error);
    core_free(e.full);
    core_free(e.truncated);
    return status;
}

void ropelaw_lm_curve_clear(ropelaw_lm_curve *curve) {
    if (!curve) return;
    core_free(curve->bins);
    core_free(curve->window_excess);
    memset(curve, 0, sizeof *curve);
}
