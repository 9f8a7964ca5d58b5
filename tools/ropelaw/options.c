/* The command line: GNU style long options (--name value, --name=value), "--" ends them, "-" is an operand.
 */
#include "internal.h"
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const cli_option cli_common_options[] = {
    {"format",      CLI_CHOICE, "text|json|csv|tsv|md|latex", "form of the answer (text)"                                         },
    {"output",      CLI_TEXT,   "FILE",                       "write the answer to FILE, complete or not at all (standard output)"},
    {"explain",     CLI_FLAG,   NULL,                         "print the equations with the numbers filled in, and their source"  },
    {"quiet",       CLI_FLAG,   NULL,                         "no notes on standard error"                                        },
    {"no-progress", CLI_FLAG,   NULL,                         "no progress bar"                                                   },
    {"seed",        CLI_COUNT,  "N",                          "seed of everything random (1)"                                     },
    {"threads",     CLI_COUNT,  "N",                          "threads to use; the answer does not depend on it (1)"              },
    {"help",        CLI_FLAG,   NULL,                         "this help"                                                         },
    {"version",     CLI_FLAG,   NULL,                         "version, linked libraries, CPU kernels"                            },
    {NULL,          CLI_FLAG,   NULL,                         NULL                                                                },
};

const cli_option cli_model_options[] = {
    {"model",      CLI_TEXT,   "NAME", "a preset (`ropelaw models` lists them)"   },
    {"config",     CLI_TEXT,   "FILE", "config.json, params.json or a .gguf file" },
    {"rotary-dim", CLI_COUNT,  "D",    "rotated dimensions of a head, even"       },
    {"base",       CLI_NUMBER, "B",    "rotary base of pre-training (rope_theta)" },
    {"train-len",  CLI_LENGTH, "L",    "pre-training length in tokens (1k = 1024)"},
    {"head-dim",   CLI_COUNT,  "D",    "all dimensions of a head (rotary-dim)"    },
    {"layers",     CLI_COUNT,  "N",    "number of layers"                         },
    {"kv-heads",   CLI_COUNT,  "N",    "number of key/value heads"                },
    {NULL,         CLI_FLAG,   NULL,   NULL                                       },
};

static const cli_option *find_in(const cli_option *options, const char *name, size_t length) {
    for (; options && options->name; options++)
        if (strlen(options->name) == length && !strncmp(options->name, name, length)) return options;
    return NULL;
}

static const cli_option *find(const cli_command *command, const char *name, size_t length) {
    const cli_option *o = find_in(command->options, name, length);
    if (!o && command->model) o = find_in(cli_model_options, name, length);
    return o ? o : find_in(cli_common_options, name, length);
}

static cli_given_option *given(const cli_context *c, const char *name) {
    for (size_t i = 0; i < c->state->n_given; i++)
        if (!strcmp(c->state->given[i].option->name, name)) return &c->state->given[i];
    return NULL;
}

bool cli_given(const cli_context *c, const char *name) {
    return given(c, name) != NULL;
}

const char *cli_text(const cli_context *c, const char *name, const char *fallback) {
    const cli_given_option *g = given(c, name);
    return g ? g->text : fallback;
}

double cli_number(const cli_context *c, const char *name, double fallback) {
    const cli_given_option *g = given(c, name);
    return g && g->n ? g->numbers[0] : fallback;
}

const double *cli_numbers(const cli_context *c, const char *name, size_t *n) {
    const cli_given_option *g = given(c, name);
    *n = g ? g->n : 0;
    return g ? g->numbers : NULL;
}

const char *const *cli_texts(const cli_context *c, const char *name, size_t *n) {
    const cli_given_option *g = given(c, name);
    *n = g ? g->n : 0;
    return g ? (const char *const *)g->texts : NULL;
}

static bool is_list(cli_kind kind) {
    return kind == CLI_NUMBERS || kind == CLI_LENGTHS;
}

static bool is_length(cli_kind kind) {
    return kind == CLI_LENGTH || kind == CLI_LENGTHS;
}

/* One number of an option; 0 or an exit code. */
static int parse_number(const cli_context *c, cli_given_option *g, const char *text, size_t length) {
    double x;
    ropelaw_error e;
    const cli_option *o = g->option;
    ropelaw_status s = is_length(o->kind) ? ropelaw_length_parse(text, length, &x, &e)
                                          : ropelaw_number_parse(text, length, &x, &e);
    if (s && length > 1 && strchr("kKmM", text[length - 1]) && !is_length(o->kind))
        return cli_usage(c, "--%s: \"%.*s\" has a length suffix, but this is no length (write 1e6)", o->name,
                         (int)length, text);
    if (s) return cli_usage(c, "--%s: %s", o->name, e.message);
    if (o->kind == CLI_COUNT && (x < 0 || x != floor(x) || x > 0x1p53))
        return cli_usage(c, "--%s: \"%.*s\" is not a whole number (expected 0 .. 2^53)", o->name, (int)length,
                         text);
    g->numbers = cli_memory(realloc(g->numbers, (g->n + 1) * sizeof *g->numbers));
    g->numbers[g->n++] = x;
    return CLI_OK;
}

static int parse_choice(const cli_context *c, const cli_option *o, const char *text) {
    size_t length = strlen(text);
    for (const char *p = o->value; p; p = strchr(p, '|')) {
        if (*p == '|') p++;
        if (!strncmp(p, text, length) && (p[length] == '|' || !p[length]) && length) return CLI_OK;
    }
    return cli_usage(c, "--%s: \"%s\" is not one of %s", o->name, text, o->value);
}

static int parse_value(const cli_context *c, cli_given_option *g) {
    const cli_option *o = g->option;
    switch (o->kind) {
    case CLI_FLAG:
    case CLI_TEXT:
        return CLI_OK;
    case CLI_TEXTS:
        g->texts = cli_memory(realloc(g->texts, (g->n + 1) * sizeof *g->texts));
        g->texts[g->n++] = g->text;
        return CLI_OK;
    case CLI_CHOICE:
        return parse_choice(c, o, g->text);
    default:
        break;
    }
    const char *p = g->text;
    for (;;) {
        const char *comma = is_list(o->kind) ? strchr(p, ',') : NULL;
        int code = parse_number(c, g, p, comma ? (size_t)(comma - p) : strlen(p));
        if (code || !comma) return code;
        p = comma + 1;
    }
}

static int take_option(cli_context *c, int argc, char **argv, int *i) {
    const char *name = argv[*i] + 2, *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const cli_option *o = find(c->command, name, length);
    if (!o)
        return cli_usage(c, "unknown option --%.*s (see ropelaw %s --help)", (int)length, name,
                         c->command->name);
    if (o->kind == CLI_FLAG && equals) return cli_usage(c, "--%s takes no value", o->name);
    cli_given_option *g = given(c, o->name);
    if (g && o->kind != CLI_TEXTS && o->kind != CLI_FLAG) return cli_usage(c, "--%s is given twice", o->name);
    const char *text = equals ? equals + 1 : NULL;
    if (o->kind != CLI_FLAG && !equals) {
        if (*i + 1 >= argc) return cli_usage(c, "--%s needs a value (%s)", o->name, o->value);
        text = argv[++*i];
    }
    if (!g) {
        struct cli_state *s = c->state;
        s->given = cli_memory(realloc(s->given, (s->n_given + 1) * sizeof *s->given));
        g = &s->given[s->n_given++];
        memset(g, 0, sizeof *g);
        g->option = o;
    }
    g->text = text;
    return parse_value(c, g);
}

static int check_operands(const cli_context *c) {
    const cli_command *k = c->command;
    if ((int)c->n_arguments < k->least)
        return cli_usage(c, "needs %s (see ropelaw %s --help)", k->arguments, k->name);
    if (k->most >= 0 && (int)c->n_arguments > k->most)
        return cli_usage(c, "\"%s\" is one operand too many (see ropelaw %s --help)", c->arguments[k->most],
                         k->name);
    return CLI_OK;
}

int options_parse(cli_context *c, int argc, char **argv, bool *stop) {
    struct cli_state *s = c->state;
    bool options = true;
    for (int i = 0; i < argc; i++) {
        if (options && !strcmp(argv[i], "--")) {
            options = false;
            continue;
        }
        if (options && (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help"))) {
            options_help(c->command, stdout);
            *stop = true;
            return CLI_OK;
        }
        if (options && !strncmp(argv[i], "--", 2)) {
            int code = take_option(c, argc, argv, &i);
            if (code) return code;
            continue;
        }
        if (options && argv[i][0] == '-' && argv[i][1])
            return cli_usage(c, "unknown option %s (see ropelaw %s --help)", argv[i], c->command->name);
        s->arguments = cli_memory(realloc(s->arguments, (c->n_arguments + 1) * sizeof *s->arguments));
        s->arguments[c->n_arguments++] = argv[i];
    }
    c->arguments = s->arguments;
    c->format = cli_text(c, "format", "text");
    c->seed = (uint64_t)cli_number(c, "seed", 1);
    c->threads = (size_t)cli_number(c, "threads", 1);
    c->quiet = cli_given(c, "quiet");
    c->explain = cli_given(c, "explain");
    s->output = cli_text(c, "output", NULL);
    s->no_progress = cli_given(c, "no-progress") || c->quiet;
    return check_operands(c);
}

void options_clear(cli_context *c) {
    struct cli_state *s = c->state;
    for (size_t i = 0; i < s->n_given; i++) {
        free(s->given[i].numbers);
        free(s->given[i].texts);
    }
    free(s->given);
    free(s->arguments);
}

static void help_options(const char *heading, const cli_option *o, FILE *out) {
    if (!o || !o->name) return;
    fprintf(out, "\n%s\n", heading);
    for (; o->name; o++) {
        char left[80];
        snprintf(left, sizeof left, "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
        if (strlen(left) <= 26)
            fprintf(out, "  %-26s  %s\n", left, o->help);
        else
            fprintf(out, "  %s\n  %-26s  %s\n", left, "", o->help);
    }
}

void options_help(const cli_command *k, FILE *out) {
    fprintf(out, "ropelaw %s: %s\n\nUsage: ropelaw %s%s%s [options]\n", k->name, k->summary, k->name,
            *k->arguments ? " " : "", k->arguments);
    if (*k->help) fprintf(out, "\n%s\n", k->help);
    help_options("Options", k->options, out);
    if (k->model)
        help_options("The model: a preset, a file or flags; flags override", cli_model_options, out);
    help_options("Common options", cli_common_options, out);
    fprintf(out, "\nLengths are in tokens; 1k = 1024 tokens, 1M = 1024k. Lists are separated by commas.\n");
    fputs("\nExample\n", out);
    for (const char *p = k->example; *p;) {
        size_t n = strcspn(p, "\n");
        fprintf(out, "  %.*s\n", (int)n, p);
        p += n + (p[n] == '\n');
    }
}
