/* Training throughput of the small models: steps of 2048 tokens, one thread, beside the same model in torch when
   python3-torch is installed (lm_torch.py beside this file). The sides run in turn. */
#include "harness.h"
#include <ropelaw/blas.h>
#include <ropelaw/lm.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 5, N_DOCS = 64, STEP_TOK = 2048 };

typedef struct {
    ropelaw_lm *model;
    ropelaw_lm_train_options options;
    char *text;
    double loss;
} trainer;

static void train(void *context) {
    trainer *t = context;
    ropelaw_lm_train_report report;
    t->options.n_steps = ropelaw_lm_step(t->model) + STEPS;
    if (ropelaw_lm_train(t->model, t->text, N_DOCS * ROPELAW_LM_DOC_BYTES, &t->options, &report, NULL))
        abort();
    t->loss = report.loss_nats;
}

/* Tokens a second of torch on this model, thread CPU time; 0 if there is no torch. */
static double torch_rate(const char *script, size_t width, size_t n_tok) {
    char command[4096];
    double rate = 0;
    snprintf(command, sizeof command, "/usr/bin/python3 '%s' %zu %zu 2>/dev/null", script, width, n_tok);
    FILE *child = popen(command, "r");
    if (!child) return 0;
    if (fscanf(child, "%lf", &rate) != 1) rate = 0;
    pclose(child);
    return rate;
}

static int ascending(const void *a, const void *b) {
    double x, y;
    memcpy(&x, a, sizeof x), memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static void measure(bench *b, size_t width, size_t n_tok) {
    enum { ROUNDS = 3 };
    char name[64];
    ropelaw_lm_config c = ropelaw_lm_config_default;
    trainer t = {.options = ropelaw_lm_pretrain_options};
    c.width = width, c.train_len = t.options.window_tok = n_tok;
    t.options.n_warmup = 1, t.options.lr = 1e-3;
    t.text = malloc(N_DOCS * ROPELAW_LM_DOC_BYTES);
    if (!t.text || ropelaw_lm_text(42, 0, N_DOCS, t.text, NULL) || ropelaw_lm_create(&c, &t.model, NULL))
        abort();
    snprintf(name, sizeof name, "training, 2 layers, width %zu, %zu tokens", width, n_tok);
    double ours[ROUNDS], torch[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        bench_side side = {.name = "ropelaw", .run = train, .context = &t};
        bench_measure(b, name, &side, 1);
        ours[i] = STEPS * STEP_TOK / side.seconds;
        torch[i] = torch_rate(LM_TORCH, width, n_tok);
    }
    if (!isfinite(t.loss) || t.loss > log(128)) bench_wrong(b, "loss after training", t.loss, log(128));
    qsort(ours, ROUNDS, sizeof *ours, ascending), qsort(torch, ROUNDS, sizeof *torch, ascending);
    bench_figure(b, "ropelaw, median", ours[1], "tok/s");
    if (torch[1] > 0) {
        bench_figure(b, "torch, median", torch[1], "tok/s");
        bench_goal(b, "against torch", ours[1] / torch[1], 1.5);
    } else {
        bench_note(b, "torch: not installed");
    }
    ropelaw_lm_destroy(&t.model);
    free(t.text);
}

int main(int argc, char **argv) {
    bench *b = bench_start(argc, argv, "lm");
    ropelaw_blas_threads_set(1);
    bench_flop(b, false, "tok");
    measure(b, 64, 128);
    measure(b, 128, 64);
    if (!bench_is_quick(b)) measure(b, 128, 128);
    return bench_finish(b);
}
