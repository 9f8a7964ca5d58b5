#include "cli.h"
#include <math.h>
#include <string.h>

static const cli_option options[] = {
    {"to",         CLI_TEXT,   "ENGINE", "engine to write for; `ropelaw export --list` names them"            },
    {"list",       CLI_FLAG,   NULL,     "list the engines and stop"                                          },
    {"model",      CLI_TEXT,   "NAME",   "a preset instead of a file"                                         },
    {"method",     CLI_TEXT,   "M",      "RoPE method to switch to (the file's)"                              },
    {"factor",     CLI_NUMBER, "F",      "scaling factor (the file's; for a new method target / train length)"},
    {"tune-base",  CLI_NUMBER, "B",      "base to set (the file's)"                                           },
    {"target-len", CLI_LENGTH, "L",      "length to serve or train (the declared one)"                        },
    {NULL,         CLI_FLAG,   NULL,     NULL                                                                 },
};

static const ropelaw_column columns[] = {
    {"engine", NULL, ROPELAW_COLUMN_TEXT, 0},
    {"output", NULL, ROPELAW_COLUMN_TEXT, 0},
    {"source", NULL, ROPELAW_COLUMN_TEXT, 0},
};

static int list(cli_context *c) {
    cli_rows rows = cli_rows_start("Engines", columns, CLI_COUNT_OF(columns));
    cli_value *engines = cli_put(c->result, "engines", cli_array());
    for (size_t i = 0; i < ropelaw_export_count(); i++) {
        const ropelaw_engine_format *f = ropelaw_export_at(i);
        cli_value *v = cli_put(engines, NULL, cli_object());
        cli_put_text(v, "engine", f->name);
        cli_put_text(v, "output", f->title);
        cli_put_text(v, "source", f->source);
        cli_cell_text(&rows, f->name);
        cli_cell_text(&rows, f->title);
        cli_cell_text(&rows, f->source);
    }
    return cli_rows_end(c, &rows, true);
}

static int load(cli_context *c, ropelaw_model *m, ropelaw_error *error) {
    const ropelaw_preset *preset;
    const char *name = cli_text(c, "model", NULL);
    cli_put_text(c->input, name ? "model" : "file", name ? name : c->arguments[0]);
    if (!name) return ropelaw_model_read(c->arguments[0], m, error) ? cli_fail(c, error) : CLI_OK;
    if (ropelaw_preset_find(name, &preset, error)) return cli_usage(c, "%s", error->message);
    return ropelaw_model_from_preset(preset, m, error) ? cli_fail(c, error) : CLI_OK;
}

/* Line by line: what the text leaves alone. */
static int put_notes(cli_context *c, const ropelaw_model *m, const ropelaw_export_options *o,
                     const char *engine) {
    ropelaw_error error = {0};
    char *text;
    cli_value *notes = cli_put(c->result, "notes", cli_array());
    if (ropelaw_export_notes(m, o, engine, &text, &error)) return cli_fail(c, &error);
    for (char *line = text; *line;) {
        char *end = strchr(line, '\n');
        if (end) *end = 0;
        cli_put_text(notes, NULL, line);
        cli_note(c, "%s", line);
        if (!end) break;
        line = end + 1;
    }
    ropelaw_text_free(text);
    return CLI_OK;
}

static int write_engine(cli_context *c, const ropelaw_model *m, const char *engine) {
    ropelaw_error error = {0};
    char *text;
    const ropelaw_export_options o = {.method = cli_text(c, "method", NULL),
                                      .base = cli_number(c, "tune-base", NAN),
                                      .factor = cli_number(c, "factor", NAN),
                                      .target_len_tok = cli_number(c, "target-len", NAN)};
    ropelaw_status status = ropelaw_export_write(m, &o, engine, &text, &error);
    if (status == ROPELAW_INVALID && m->has_rope) return cli_usage(c, "%s", error.message);
    if (status) return cli_fail(c, &error);
    cli_put_text(c->result, "text", text);
    cli_caveats(c, m->caveats & ROPELAW_CAVEAT_DEFAULTED);
    cli_raw(c, text);
    ropelaw_text_free(text);
    return put_notes(c, m, &o, engine);
}

static int run(cli_context *c) {
    ropelaw_model m = {0};
    ropelaw_error error = {0};
    const char *engine = cli_text(c, "to", NULL);
    if (cli_given(c, "list")) return list(c);
    if (!engine) return cli_usage(c, "--to ENGINE is needed (`ropelaw export --list`)");
    if ((c->n_arguments != 0) == cli_given(c, "model")) return cli_usage(c, "give one FILE or --model NAME");
    cli_put_text(c->input, "to", engine);
    int code = load(c, &m, &error);
    if (code) return code;
    code = write_engine(c, &m, engine);
    ropelaw_model_clear(&m);
    return code;
}

const cli_command cmd_export = {
    .name = "export",
    .summary = "RoPE settings as an engine wants to be told them",
    .arguments = "[FILE]",
    .least = 0,
    .most = 1,
    .options = options,
    .help =
        "Writes flags, YAML or a JSON patch ready to paste, for the settings of a model file or for a "
        "change of\n"
        "them (--method, --factor, --tune-base, --target-len). What an engine cannot say is an error "
        "with the reason. Notes on stderr say what the text leaves alone (other kinds of layers, windows).",
    .example = "ropelaw export config.json --to vllm\n"
               "ropelaw export config.json --to llamacpp --method yarn --target-len 128k\n"
               "ropelaw export --model Llama-2-7B --to hf-patch --tune-base 71738 --target-len 16k",
    .run = run,
};
