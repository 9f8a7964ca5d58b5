#include "method_options.h"
#include <math.h>

static const cli_option options[] = {
    {"len",       CLI_LENGTHS, "L",   "lengths to answer for (of the model, else 128k); at most 16M; may be a list" },
    {"tolerance", CLI_NUMBER,  "RAD", "angle error that len_max keeps below (0.01)"                                 },
    {"kind",      CLI_TEXT,    "K",   "kind of layers of --config: full_attention, sliding_attention .. (the law's)"},
    {"method",    CLI_TEXT,    "M",   "RoPE method (the model's, else default; freqs --list shows them)"            },
    {"seq-len",   CLI_LENGTH,  "L",
     "longest sequence in use, for methods whose frequencies depend on it (--len)"                                  },
    {"factor",    CLI_NUMBER,  "S",   "scaling factor (declared-len / train-len, else 1)"                           },
    {"tune-len",  CLI_LENGTH,  "L",   "critical-base: length to tune at (factor * train-len)"                       },
    CLI_METHOD_OPTIONS,
    {NULL,        CLI_FLAG,    NULL,  NULL                                                                          },
};

static const ropelaw_column columns[] = {
    {"len_tok",             "length",             ROPELAW_COLUMN_NUMBER, 0},
    {"dtype",               NULL,                 ROPELAW_COLUMN_TEXT,   0},
    {"max_angle_error_rad", "angle error [rad]",  ROPELAW_COLUMN_NUMBER, 3},
    {"max_cos_error",       "cos error",          ROPELAW_COLUMN_NUMBER, 3},
    {"first_alias_pos",     "first alias [tok]",  ROPELAW_COLUMN_NUMBER, 0},
    {"len_max_tok",         "good up to [tok]",   ROPELAW_COLUMN_NUMBER, 0},
    {"computed",            "how it is computed", ROPELAW_COLUMN_TEXT,   0},
};

static void put(cli_value *rows, const ropelaw_precision *p, const ropelaw_precision_report *r) {
    cli_value *v = cli_put(rows, NULL, cli_object());
    cli_put_text(v, "dtype", p->name);
    cli_put_text(v, "computed", p->title);
    cli_put_text(v, "source", p->source);
    cli_put_number(v, "max_angle_error_rad", r->max_angle_error_rad);
    cli_put_number(v, "max_cos_error", r->max_cos_error);
    cli_put_number(v, "first_alias_pos", r->first_alias_pos);
    if (r->len_max_open)
        cli_put_null(v, "len_max");
    else
        cli_put_number(v, "len_max", r->len_max_tok);
    cli_put_text(v, "len_max_status", r->len_max_open ? "beyond 2^24" : "reached");
}

static void cells(cli_rows *rows, double len, const ropelaw_precision *p, const ropelaw_precision_report *r) {
    cli_cell(rows, len);
    cli_cell_text(rows, p->name);
    cli_cell(rows, r->max_angle_error_rad);
    cli_cell(rows, r->max_cos_error);
    cli_cell(rows, r->first_alias_pos);
    if (r->len_max_open)
        cli_cell_limit(rows, ">16777216");
    else
        cli_cell(rows, r->len_max_tok);
    cli_cell_text(rows, p->title);
}

typedef struct {
    double tolerance, seq_len; /* seq_len NAN: the length that is answered for */
    ropelaw_rotation rotation;
} question;

static int answer(cli_context *c, const question *q, double len, cli_value *v, cli_rows *rows) {
    cli_put_number(v, "len_tok", len);
    cli_value *list = cli_put(v, "dtypes", cli_array());
    ropelaw_rotation rotation = q->rotation;
    rotation.eval_len = isnan(q->seq_len) ? len : q->seq_len;
    for (size_t i = 0; i < ropelaw_precision_count(); i++) {
        const ropelaw_precision *p = ropelaw_precision_at(i);
        ropelaw_precision_report r;
        ropelaw_error error = {0};
        if (ropelaw_precision_eval_rotation(p, &rotation, len, q->tolerance, &r, &error))
            return cli_fail(c, &error);
        put(list, p, &r);
        cells(rows, len, p, &r);
    }
    return CLI_OK;
}

static void say(cli_context *c, const question *q) {
    const ropelaw_method_params *p = q->rotation.params;
    cli_put_number(c->input, "tolerance_rad", q->tolerance);
    cli_put_text(c->input, "method", q->rotation.method->name);
    fprintf(c->text, "base %s, rotary_dim %zu, method %s, tolerance %s rad\n\n", cli_num(p->base, 0),
            p->rotary_dim, q->rotation.method->name, cli_num(q->tolerance, 3));
    cli_explain(c, "angle of pair n at position p: p * theta_n; %s: %s; base %s, d %zu",
                q->rotation.method->name, q->rotation.method->formula, cli_num(p->base, 0), p->rotary_dim);
    cli_source(c, q->rotation.method->source);
}

/* The length that the model promises, or was trained on. */
static double length_of(const cli_context *c, const cli_method *m) {
    if (cli_given(c, "train-len") || isnan(m->declared_len))
        return m->params.train_len > 0 ? m->params.train_len : 131072;
    return m->declared_len;
}

static int answer_all(cli_context *c, const cli_method *m) {
    const char *name = cli_text(c, "method", m->method);
    question q = {
        cli_number(c, "tolerance", 0.01), cli_number(c, "seq-len", NAN), {NULL, &m->params, 0}
    };
    q.rotation.method = ropelaw_method_find(name);
    if (!q.rotation.method) return cli_usage(c, "--method: unknown method \"%s\" (see freqs --list)", name);
    size_t n;
    double fallback = length_of(c, m);
    const double *lens = cli_numbers(c, "len", &n);
    if (!n) lens = &fallback, n = 1;
    say(c, &q);
    cli_value *array = n > 1 ? cli_result_array(c) : NULL;
    cli_rows rows = cli_rows_start("Rotary angles in low precision", columns, CLI_COUNT_OF(columns));
    for (size_t i = 0; i < n; i++) {
        int code = answer(c, &q, lens[i], array ? cli_put(array, NULL, cli_object()) : c->result, &rows);
        if (!code) continue;
        ropelaw_table_destroy(&rows.table);
        return code;
    }
    cli_rows_note(
        &rows, "angle error: the largest over all positions below the length, against long double; a dash: "
               "positions overflow");
    cli_rows_note(&rows,
                  "cos error: over the last 256 positions; first alias: the first position that is the same "
                  "number as the one before");
    cli_source(c, "measured on this machine by exhaustive search with a monotone bound");
    return cli_rows_end(c, &rows, true);
}

static int run(cli_context *c) {
    cli_method m;
    int code = cli_method_read(c, cli_text(c, "kind", NULL), &m);
    if (!code) code = answer_all(c, &m);
    cli_method_clear(&m);
    return code;
}

const cli_command cmd_precision = {
    .name = "precision",
    .summary = "what does low precision cost",
    .arguments = "",
    .options = options,
    .model = true,
    .help =
        "Errors of rotary angles, cos and sin by the type that an engine computes them in, the first "
        "position\n"
        "that rounds to its neighbour, and the longest length whose angles stay within the tolerance, for "
        "the\n"
        "method of the model or any other.\n"
        "bf16 and fp16 are models cast whole; bf16-table and fp16-table hold the angle in float32 and round\n"
        "cos and sin only, as transformers does now.",
    .example = "ropelaw precision --base 1e4 --len 128k\n"
               "ropelaw precision --len 4k,128k,1M,16M\n"
               "ropelaw precision --method yarn --factor 4 --train-len 32k --len 128k\n"
               "ropelaw precision --base 5e5 --rotary-dim 64 --len 1M --tolerance 0.001 --format csv",
    .run = run,
};
