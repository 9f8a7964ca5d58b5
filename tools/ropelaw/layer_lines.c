#include "layer_lines.h"
#include <math.h>
#include <stdlib.h>

static void put_coverage(cli_value *v, const ropelaw_plan_layer *l) {
    cli_value *k = cli_put(v, "coverage", cli_object());
    cli_put_number(k, "lo", l->has_result ? l->result.lo.distance_tok : NAN);
    cli_put_number(k, "hi", l->has_result ? l->result.hi.distance_tok : NAN);
    if (l->has_result && l->result.lo.pair != ROPELAW_NO_PAIR)
        cli_put_number(k, "pair", (double)l->result.lo.pair);
    else
        cli_put_null(k, "pair");
}

static const char *method_of(const ropelaw_plan_layer *l) {
    return l->used.method && *l->used.method ? l->used.method : "default";
}

/* The base in use, before what the plan does. */
static double base_of(const ropelaw_plan_layer *l) {
    return isnan(l->used.tune_base) ? l->used.pretrain_base : l->used.tune_base;
}

static void put_layer(cli_value *list, const ropelaw_plan_layer *l) {
    const ropelaw_layer_kind *kind = l->kind;
    cli_value *v = cli_put(list, NULL, cli_object());
    cli_put_text(v, "kind", kind->name);
    cli_put_text(v, "attention", ropelaw_attention_kind_str(kind->attention));
    cli_put_number(v, "n_layers", kind->n_layers ? (double)kind->n_layers : NAN);
    cli_put_number(v, "window_tok", kind->window_tok);
    cli_put_text(v, "method", kind->rotates ? method_of(l) : NULL);
    cli_put_number(v, "base", kind->rotates ? base_of(l) : NAN);
    cli_put_number(v, "rotary_dim", kind->rotates ? l->used.rotary_dim : NAN);
    cli_put_text(v, "reach", ropelaw_reach_str(l->reach));
    cli_put_number(v, "bound", l->bound_tok);
    put_coverage(v, l);
    cli_put_text(v, "reason", l->reason);
    cli_put_caveats(v, "caveats", l->caveats);
}

static void say_layer(FILE *out, const ropelaw_plan_layer *l) {
    const ropelaw_layer_kind *kind = l->kind;
    fprintf(out, "  %-24s %4s layers", kind->name, kind->n_layers ? cli_num((double)kind->n_layers, 0) : "?");
    if (kind->rotates)
        fprintf(out, ", base %s, %s of %s dimensions, %s", cli_num(base_of(l), 8),
                cli_num(l->used.rotary_dim, 0), cli_num(l->used.head_dim, 0), method_of(l));
    if (!isnan(l->bound_tok)) fprintf(out, ": bound %s", cli_num(nearbyint(l->bound_tok), 0));
    fprintf(out, "\n  %-24s      %s\n", "", l->reason);
}

static void put_all(cli_context *c, const ropelaw_plan_layers *layers, cli_value *result) {
    cli_value *list = cli_put(result, "layers", cli_array());
    for (size_t i = 0; i < layers->n; i++) put_layer(list, &layers->layers[i]);
    cli_put_number(result, "layers_bound", layers->bound_tok);
    bool plain = layers->n == 1 && layers->layers[0].reach == ROPELAW_REACH_LAW;
    if (!plain) {
        fprintf(c->text, "\n  by kind of layers\n");
        for (size_t i = 0; i < layers->n; i++) say_layer(c->text, &layers->layers[i]);
        if (layers->deciding == layers->n) {
            fprintf(
                c->text,
                "  no kind of layers is under the law: the figures above are of rotary positions alone\n");
            cli_caveat(
                c, "no kind of layers is under the law: windows, or layers without rotary positions, decide");
        }
    }
    cli_caveats(c, layers->caveats);
}

int cli_put_layers(cli_context *c, const cli_model *model, const ropelaw_plan *plan,
                   const ropelaw_plan_options *options, cli_value *result) {
    if (!isnan(model->window_tok)) {
        char words[160];
        snprintf(
            words, sizeof words,
            "some or all layers attend within %s tokens: a window can end the context before these bounds do",
            cli_num(model->window_tok, 0));
        cli_caveat(c, words);
    }
    if (!model->file.n_kinds) return CLI_OK;
    ropelaw_model file = model->file; /* shares its arrays */
    file.bidirectional = model->plan.bidirectional;
    ropelaw_plan_options quick = *options;
    quick.slow = 0;
    ropelaw_plan_layers *layers = malloc(sizeof *layers);
    ropelaw_error e = {.code = ROPELAW_NOMEM, .message = "out of memory"};
    int code = CLI_OK;
    if (!layers || ropelaw_plan_layers_predict(&file, &model->plan, plan, &quick, layers, &e))
        code = cli_fail(c, &e);
    else
        put_all(c, layers, result);
    free(layers);
    return code;
}
