#include "internal.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void print_message(const cli_context *c, const char *format, va_list list) {
    progress_end();
    fprintf(stderr, "ropelaw %s: ", c->command->name);
    vfprintf(stderr, format, list);
    putc('\n', stderr);
}

int cli_usage(const cli_context *c, const char *format, ...) {
    va_list list;
    va_start(list, format);
    print_message(c, format, list);
    va_end(list);
    return CLI_USAGE;
}

void cli_note(const cli_context *c, const char *format, ...) {
    if (c->quiet) return;
    va_list list;
    va_start(list, format);
    print_message(c, format, list);
    va_end(list);
}

static int exit_code(const ropelaw_error *e) {
    switch (e->code) {
    case ROPELAW_INVALID:
    case ROPELAW_DOMAIN:
    case ROPELAW_SHAPE:
        return e->file[0] ? CLI_INPUT : CLI_USAGE;
    case ROPELAW_IO:
    case ROPELAW_PARSE:
    case ROPELAW_UNSUPPORTED:
        return CLI_INPUT;
    case ROPELAW_CANCELLED:
        return CLI_INTERRUPTED;
    case ROPELAW_SINGULAR:
        return e->file[0] ? CLI_INPUT : CLI_NUMERIC;
    default:
        return CLI_NUMERIC;
    }
}

int cli_fail(const cli_context *c, const ropelaw_error *error) {
    char line[800];
    ropelaw_error_str(error, line, sizeof line);
    progress_end();
    fprintf(stderr, "ropelaw %s: %s\n", c->command->name, line);
    return exit_code(error);
}

static void print_version(void) {
    char build[256], cpu[64];
    printf("ropelaw %s\n", ropelaw_version());
    printf("libraries  %s\n", ropelaw_build_str(build, sizeof build));
    printf("kernels    %s (%s)\n", ropelaw_isa_str(ropelaw_isa_best()), ropelaw_cpu_str(cpu, sizeof cpu));
}

static void print_help(FILE *out) {
    fputs("ropelaw: how far a RoPE language model reaches, from its base, its head dimension and the lengths "
          "it was "
          "trained\nand tuned on (Liu et al., ICLR 2024, arXiv 2310.05209).\n\nUsage: ropelaw COMMAND "
          "[options]\n\n",
          out);
    for (size_t i = 0; cli_commands[i]; i++)
        fprintf(out, "  %-11s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
    fputs("\n`ropelaw COMMAND --help` explains one of them; `ropelaw --version` says what is linked.\n"
          "\nExample\n  ropelaw predict --model llama-2-7b --tune-len 16k --tune-base 1e6\n",
          out);
}

static const cli_command *find_command(const char *name) {
    for (size_t i = 0; cli_commands[i]; i++)
        if (!strcmp(cli_commands[i]->name, name)) return cli_commands[i];
    return NULL;
}

static void clear(cli_context *c) {
    struct cli_state *s = c->state;
    fclose(c->text);
    free(s->text_data);
    free(s->raw);
    document_free(c->input);
    document_free(c->result);
    document_free(s->caveats);
    document_free(s->sources);
    document_free(s->explain);
    for (size_t i = 0; i < s->n_tables; i++) ropelaw_table_destroy(&s->tables[i]);
    options_clear(c);
}

static int run(const cli_command *command, int argc, char **argv) {
    struct cli_state state = {0};
    cli_context c = {.command = command, .state = &state, .input = cli_object(), .result = cli_object()};
    state.caveats = cli_array();
    state.sources = cli_array();
    state.explain = cli_array();
    c.text = cli_memory(open_memstream(&state.text_data, &state.text_length));
    bool stop = false;
    int code = options_parse(&c, argc, argv, &stop);
    if (!code && !stop && cli_given(&c, "version")) {
        print_version();
        stop = true;
    }
    if (!code && !stop) {
        progress_install(state.no_progress);
        code = command->run(&c);
        progress_end();
        if (progress_interrupted()) code = CLI_INTERRUPTED;
        if (code == CLI_OK || code == CLI_CHECK) {
            int written = output_write(&c);
            if (written) code = written;
        }
    }
    clear(&c);
    return code;
}

int main(int argc, char **argv) {
    const char *first = argc > 1 ? argv[1] : NULL;
    if (!first) {
        print_help(stderr);
        return CLI_USAGE;
    }
    if (!strcmp(first, "--help") || !strcmp(first, "-h") || !strcmp(first, "help")) {
        const cli_command *k = argc > 2 ? find_command(argv[2]) : NULL;
        if (k)
            options_help(k, stdout);
        else
            print_help(stdout);
        return CLI_OK;
    }
    if (!strcmp(first, "--version")) {
        print_version();
        return CLI_OK;
    }
    const cli_command *command = find_command(first);
    if (!command) {
        fprintf(stderr, "ropelaw: unknown command \"%s\" (ropelaw --help lists them)\n", first);
        return CLI_USAGE;
    }
    return run(command, argc - 2, argv + 2);
}
