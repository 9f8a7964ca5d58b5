#include "cli.h"
#include <math.h>
#include <string.h>

static const cli_option options[] = {
    {"model", CLI_TEXT, "NAME", "a preset instead of a file (`ropelaw models` lists them)"},
    {NULL,    CLI_FLAG, NULL,   NULL                                                      },
};

static const ropelaw_column columns[] = {
    {"layers", NULL,         ROPELAW_COLUMN_TEXT,   0},
    {"name",   "value of",   ROPELAW_COLUMN_TEXT,   0},
    {"value",  NULL,         ROPELAW_COLUMN_TEXT,   0},
    {"origin", NULL,         ROPELAW_COLUMN_TEXT,   0},
    {"from",   "comes from", ROPELAW_COLUMN_TEXT,   0},
    {"line",   NULL,         ROPELAW_COLUMN_NUMBER, 0},
};

/* A number of a layer kind under its JSON name. */
static void put_settings(cli_value *v, const ropelaw_rope_settings *r) {
    cli_put_text(v, "method", r->method);
    cli_put_bool(v, "method_known", r->known);
    cli_put_number(v, "base", r->base);
    cli_put_number(v, "head_dim", r->head_dim);
    cli_put_number(v, "rotary_dim", r->rotary_dim);
    cli_put_number(v, "partial", r->partial);
    cli_put_number(v, "factor", r->factor);
    cli_put_number(v, "original_len", r->original_len_tok);
}

static void put_kind(cli_value *kinds, const ropelaw_layer_kind *k) {
    cli_value *v = cli_put(kinds, NULL, cli_object());
    cli_put_text(v, "layers", k->name);
    cli_put_text(v, "attention", ropelaw_attention_kind_str(k->attention));
    cli_put_bool(v, "rotates", k->rotates);
    cli_put_number(v, "n_layers", k->n_layers ? (double)k->n_layers : NAN);
    cli_put_number(v, "window", k->window_tok);
    cli_put_bool(v, "law_applies", k->rotates && k->attention == ROPELAW_ATTENTION_FULL);
    if (k->rotates) put_settings(v, &k->rope);
}

/* The critical dimension is a matter of pre-training: a preset knows with which base, a file only what is in use. */
static void put_critical(cli_context *c, const ropelaw_model *m, double pretrain_base) {
    const ropelaw_layer_kind *k = ropelaw_model_kind(m);
    bool told = pretrain_base > 1;
    double base = told ? pretrain_base : k ? k->rope.base : NAN;
    ropelaw_critical critical;
    cli_put_number(c->result, "pretrain_base", told ? pretrain_base : NAN);
    bool known =
        k && k->rope.rotary_dim >= 2 && k->rope.rotary_dim <= ROPELAW_ROTARY_DIM_MAX && m->train_len_tok >= 7;
    if (!known ||
        ropelaw_critical_dim_count((size_t)k->rope.rotary_dim, base, m->train_len_tok, &critical, NULL)) {
        cli_put_null(c->result, "critical_dim");
        return;
    }
    cli_put_number(c->result, "critical_dim", (double)critical.dim);
    cli_put_number(c->result, "critical_dim_real", critical.dim_real);
    fprintf(c->text, "critical dimension: %s of %s (%s before rounding up), %s to %s tokens with %s %s\n",
            cli_num((double)critical.dim, 0), cli_num(k->rope.rotary_dim, 0), cli_num(critical.dim_real, 6),
            told ? "pre-trained" : "had the model been trained", cli_num(m->train_len_tok, 0),
            told ? "base" : "this base,", cli_num(base, 0));
}

static void put_summary(cli_context *c, const ropelaw_model *m) {
    const ropelaw_layer_kind *k = ropelaw_model_kind(m);
    cli_put_text(c->result, "format", m->format);
    cli_put_text(c->result, "architecture", m->architecture);
    cli_put_text(c->result, "name", m->name);
    cli_put_bool(c->result, "has_rope", m->has_rope);
    cli_put_text(c->result, "positions", m->positions);
    cli_put_bool(c->result, "bidirectional", m->bidirectional);
    cli_put_number(c->result, "rotary_dim", k ? k->rope.rotary_dim : NAN);
    cli_put_number(c->result, "head_dim", k ? k->rope.head_dim : NAN);
    cli_put_number(c->result, "base", k ? k->rope.base : NAN);
    cli_put_text(c->result, "method", k ? k->rope.method : NULL);
    cli_put_number(c->result, "train_len", m->train_len_tok);
    cli_put_number(c->result, "declared_len", m->declared_len_tok);
    fprintf(c->text, "%s: %s%s%s, positions: %s\n", m->file, m->format, m->architecture[0] ? " of " : "",
            m->architecture, m->positions);
}

static void put_kinds(cli_context *c, const ropelaw_model *m) {
    cli_value *kinds = cli_put(c->result, "layers", cli_array());
    for (size_t i = 0; i < m->n_kinds; i++) {
        const ropelaw_layer_kind *k = &m->kinds[i];
        put_kind(kinds, k);
        fprintf(c->text, "%s layers, %s: ", k->n_layers ? cli_num((double)k->n_layers, 0) : "all or some",
                k->name);
        if (k->rotates)
            fprintf(c->text, "RoPE %s, base %s, %s of %s dimensions rotate", k->rope.method,
                    cli_num(k->rope.base, 0), cli_num(k->rope.rotary_dim, 0), cli_num(k->rope.head_dim, 0));
        else
            fprintf(c->text, "no rotation");
        if (!isnan(k->window_tok)) fprintf(c->text, ", within %s tokens", cli_num(k->window_tok, 0));
        if (k->rotates && k->attention != ROPELAW_ATTENTION_FULL)
            fprintf(c->text, " (the law does not speak about these)");
        putc('\n', c->text);
    }
}

static int put_facts(cli_context *c, const ropelaw_model *m) {
    cli_rows rows =
        cli_rows_start("What the file says, and where each value comes from", columns, CLI_COUNT_OF(columns));
    cli_value *facts = cli_put(c->result, "facts", cli_array()),
              *defaulted = cli_put(c->result, "defaulted", cli_array());
    for (size_t i = 0; i < m->n_facts; i++) {
        const ropelaw_fact *f = &m->facts[i];
        cli_value *v = cli_put(facts, NULL, cli_object()), *name;
        cli_put_text(v, "layers", f->layers);
        cli_put_text(v, "name", f->name);
        cli_put_text(v, "value", f->value);
        cli_put_text(v, "origin", ropelaw_origin_str(f->origin));
        cli_put_text(v, "from", f->from);
        cli_put_number(v, "line", f->line ? (double)f->line : NAN);
        if (f->origin == ROPELAW_ORIGIN_DEFAULT) {
            name = cli_put(defaulted, NULL, cli_object());
            cli_put_text(name, "name", f->name);
            cli_put_text(name, "layers", f->layers);
            cli_put_text(name, "from", f->from);
        }
        cli_cell_text(&rows, f->layers[0] ? f->layers : "model");
        cli_cell_text(&rows, f->name);
        cli_cell_text(&rows, f->value);
        cli_cell_text(&rows,
                      f->origin == ROPELAW_ORIGIN_DEFAULT ? "DEFAULTED" : ropelaw_origin_str(f->origin));
        cli_cell_text(&rows, f->from);
        cli_cell(&rows, f->line ? (double)f->line : NAN);
    }
    return cli_rows_end(c, &rows, true);
}

static void put_notes(cli_context *c, const ropelaw_model *m) {
    cli_value *notes = cli_put(c->result, "notes", cli_array());
    for (size_t i = 0; i < m->n_notes; i++) {
        const ropelaw_note *n = &m->notes[i];
        cli_value *v = cli_put(notes, NULL, cli_object());
        cli_put_text(v, "id", n->id);
        cli_put_text(v, "severity", ropelaw_severity_str(n->severity));
        cli_put_text(v, "key", n->key);
        cli_put_number(v, "line", n->line ? (double)n->line : NAN);
        cli_put_text(v, "text", n->text);
        fprintf(c->text, "%s: %s\n", ropelaw_severity_str(n->severity), n->text);
    }
}

static int show(cli_context *c, const ropelaw_model *m, double pretrain_base) {
    put_summary(c, m);
    put_kinds(c, m);
    put_critical(c, m, pretrain_base);
    put_notes(c, m);
    putc('\n', c->text);
    cli_caveats(c, m->caveats);
    return put_facts(c, m);
}

static int load(cli_context *c, ropelaw_model *m, double *pretrain_base, ropelaw_error *error) {
    const ropelaw_preset *preset;
    const char *name = cli_text(c, "model", NULL);
    cli_put_text(c->input, name ? "model" : "file", name ? name : c->arguments[0]);
    if (!name) return ropelaw_model_read(c->arguments[0], m, error) ? cli_fail(c, error) : CLI_OK;
    if (ropelaw_preset_find(name, &preset, error)) return cli_usage(c, "%s", error->message);
    cli_source(c, preset->source);
    if (preset->source_2[0]) cli_source(c, preset->source_2);
    *pretrain_base = preset->pretrain_base;
    return ropelaw_model_from_preset(preset, m, error) ? cli_fail(c, error) : CLI_OK;
}

static int run(cli_context *c) {
    ropelaw_model m = {0};
    ropelaw_error error = {0};
    if ((c->n_arguments != 0) == cli_given(c, "model")) return cli_usage(c, "give one FILE or --model NAME");
    double pretrain_base = NAN;
    int code = load(c, &m, &pretrain_base, &error);
    if (code) return code;
    code = show(c, &m, pretrain_base);
    ropelaw_model_clear(&m);
    return code;
}

const cli_command cmd_inspect = {
    .name = "inspect",
    .summary = "what a model file says about positions, and what it means",
    .arguments = "[FILE]",
    .least = 0,
    .most = 1,
    .options = options,
    .help = "Reads config.json (Hugging Face, both styles), params.json or GGUF and says for every value "
            "whether the\n"
            "file gives it, the model type's default stands in (DEFAULTED: engines disagree on those, check "
            "them), or\n"
            "it was derived. Layers with a window, another base or no rotation are listed apart.",
    .example = "ropelaw inspect config.json\nropelaw inspect model.gguf --format json\nropelaw inspect "
               "--model Llama-3.1-8B",
    .run = run,
};
