#include "cli.h"

static const cli_option options[] = {
    {"to", CLI_CHOICE, "hf-v4|hf-v5",
     "style to write: hf-v4 (rope_theta, rope_scaling) or hf-v5 (rope_parameters)"},
    {NULL, CLI_FLAG,   NULL,          NULL                                        },
};

static int run(cli_context *c) {
    ropelaw_model m;
    ropelaw_error error = {0};
    const char *to = cli_text(c, "to", NULL);
    char *text;
    if (!to) return cli_usage(c, "--to hf-v4 or --to hf-v5 is needed");
    cli_put_text(c->input, "file", c->arguments[0]);
    cli_put_text(c->input, "to", to);
    if (ropelaw_model_read(c->arguments[0], &m, &error)) return cli_fail(c, &error);
    ropelaw_status status = ropelaw_config_convert(&m, to, &text, &error);
    ropelaw_model_clear(&m);
    if (status) return cli_fail(c, &error);
    cli_put_text(c->result, "text", text);
    cli_raw(c, text);
    ropelaw_text_free(text);
    return CLI_OK;
}

const cli_command cmd_convert = {
    .name = "convert",
    .summary = "a config.json in the style of transformers 4 or 5",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .options = options,
    .help = "Moves what is about RoPE into the other style and leaves everything else as it was. Values that "
            "the file\n"
            "leaves to the model type (the base, a partial fraction) are written out. Where the old style "
            "has no place\n"
            "for what the file says (settings per layer type) the command says so and writes nothing.",
    .example = "ropelaw convert config.json --to hf-v5\nropelaw convert config.json --to hf-v4 --output "
               "old/config.json",
    .run = run,
};
