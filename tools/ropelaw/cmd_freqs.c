#include "method_options.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const cli_option options[] = {
    {"kind",     CLI_TEXT,    "K",  "kind of layers of --config: full_attention, sliding_attention .. (the law's)"},
    {"method",   CLI_TEXTS,   "M",  "RoPE method, may be repeated (the model's, else default)"                    },
    {"list",     CLI_FLAG,    NULL, "list the methods with formula and source"                                    },
    {"seq-len",  CLI_LENGTHS, "L",  "longest sequence in use (train-len); may be a list"                          },
    {"factor",   CLI_NUMBER,  "S",  "scaling factor (declared-len / train-len, else 1)"                           },
    {"tune-len", CLI_LENGTH,  "L",  "critical-base: length to tune at (factor * train-len)"                       },
    CLI_METHOD_OPTIONS,
    {NULL,       CLI_FLAG,    NULL, NULL                                                                          },
};

static const ropelaw_column columns[] = {
    {"method",      NULL,                 ROPELAW_COLUMN_TEXT,   0},
    {"seq_len_tok", "seq len",            ROPELAW_COLUMN_NUMBER, 0},
    {"pair",        NULL,                 ROPELAW_COLUMN_NUMBER, 0},
    {"inv_freq",    "inv_freq [rad/tok]", ROPELAW_COLUMN_NUMBER, 9},
    {"period_tok",  "period [tok]",       ROPELAW_COLUMN_NUMBER, 7},
    {"turns",       "turns in train",     ROPELAW_COLUMN_NUMBER, 5},
    {"ratio",       "of plain",           ROPELAW_COLUMN_NUMBER, 6},
    {"hf_float",    "transformers",       ROPELAW_COLUMN_NUMBER, 9},
    {"ggml_float",  "llama.cpp",          ROPELAW_COLUMN_NUMBER, 9},
};

typedef struct {
    cli_context *c;
    cli_method model;
    cli_value *array; /* NULL: one answer, in c->result */
    cli_rows rows;
} job;

static void put_engine(job *j, cli_value *v, const ropelaw_method *m, double len, ropelaw_engine engine) {
    double deviation;
    size_t pair;
    cli_value *e =
        cli_put(v, engine == ROPELAW_ENGINE_HF ? "transformers_float" : "ggml_float", cli_object());
    if (ropelaw_method_deviation(m, &j->model.params, engine, len, &deviation, &pair, NULL)) return;
    cli_put_number(e, "max_relative_deviation", deviation);
    cli_put_number(e, "pair", (double)pair);
    float attention;
    if (!ropelaw_method_attention_engine(m, &j->model.params, engine, len, &attention, NULL))
        cli_put_number(e, "attention_factor", (double)attention);
}

static void put_pairs(cli_value *v, const ropelaw_method_pair *pairs, size_t n) {
    cli_value *exact = cli_put(v, "inv_freq", cli_array()),
              *hf = cli_put(v, "inv_freq_hf_float", cli_array());
    cli_value *ggml = cli_put(v, "inv_freq_ggml_float", cli_array());
    for (size_t i = 0; i < n; i++) {
        cli_put_number(exact, NULL, pairs[i].inv_freq);
        cli_put_number(hf, NULL, (double)pairs[i].hf);
        cli_put_number(ggml, NULL, (double)pairs[i].ggml);
    }
}

static void put_answer(job *j, const ropelaw_method *m, double len, const ropelaw_method_pair *pairs,
                       const ropelaw_method_facts *facts) {
    cli_value *v = j->array ? cli_put(j->array, NULL, cli_object()) : j->c->result;
    cli_put_text(v, "method", m->name);
    cli_put_number(v, "seq_len_tok", len > 0 ? len : NAN);
    cli_put_number(v, "attention_factor", facts->attention_factor);
    cli_put_number(v, "base", facts->base);
    cli_put_number(v, "factor", facts->factor);
    put_engine(j, v, m, len, ROPELAW_ENGINE_HF);
    put_engine(j, v, m, len, ROPELAW_ENGINE_GGML);
    put_pairs(v, pairs, facts->n_pairs);
}

static void add_rows(job *j, const ropelaw_method *m, double len, const ropelaw_method_pair *pairs,
                     size_t n) {
    for (size_t i = 0; i < n; i++) {
        cli_cell_text(&j->rows, m->name);
        cli_cell(&j->rows, len > 0 ? len : NAN);
        cli_cell(&j->rows, (double)i);
        cli_cell(&j->rows, pairs[i].inv_freq);
        cli_cell(&j->rows, pairs[i].period_tok);
        cli_cell(&j->rows, pairs[i].turns);
        cli_cell(&j->rows, pairs[i].ratio);
        cli_cell(&j->rows, (double)pairs[i].hf);
        cli_cell(&j->rows, (double)pairs[i].ggml);
    }
}

static int answer(job *j, const ropelaw_method *m, double len) {
    size_t n;
    ropelaw_error error = {0};
    ropelaw_method_facts facts;
    if (ropelaw_method_pairs(m, &j->model.params, &n, &error)) return cli_fail(j->c, &error);
    ropelaw_method_pair *pairs = malloc(n * sizeof *pairs);
    if (!pairs) return CLI_NUMERIC;
    if (ropelaw_method_eval_pairs(m, &j->model.params, len, pairs, &facts, &error)) {
        free(pairs);
        return cli_fail(j->c, &error);
    }
    put_answer(j, m, len, pairs, &facts);
    add_rows(j, m, len, pairs, n);
    free(pairs);
    fprintf(j->c->text, "%-14s attention factor %s, base %s, factor %s\n", m->name,
            cli_num(facts.attention_factor, 7), cli_num(facts.base, 9), cli_num(facts.factor, 6));
    cli_explain(j->c, "%s: %s", m->name, m->formula);
    if (m->limits[0]) cli_explain(j->c, "%s: limits: %s", m->name, m->limits);
    cli_source(j->c, m->source);
    return CLI_OK;
}

static int list(cli_context *c) {
    static const ropelaw_column text[] = {
        {"method",  NULL, ROPELAW_COLUMN_TEXT, 0},
        {"aliases", NULL, ROPELAW_COLUMN_TEXT, 0},
        {"title",   NULL, ROPELAW_COLUMN_TEXT, 0},
        {"formula", NULL, ROPELAW_COLUMN_TEXT, 0},
        {"source",  NULL, ROPELAW_COLUMN_TEXT, 0},
        {"limits",  NULL, ROPELAW_COLUMN_TEXT, 0},
    };
    cli_rows rows = cli_rows_start("RoPE methods", text, CLI_COUNT_OF(text));
    cli_value *array = cli_put(c->result, "methods", cli_array());
    for (size_t i = 0; i < ropelaw_method_count(); i++) {
        const ropelaw_method *m = ropelaw_method_at(i);
        const char *const cells[] = {m->name, m->aliases, m->title, m->formula, m->source, m->limits};
        cli_value *v = cli_put(array, NULL, cli_object());
        for (size_t k = 0; k < CLI_COUNT_OF(cells); k++) {
            cli_cell_text(&rows, cells[k]);
            cli_put_text(v, text[k].name, cells[k]);
        }
        fprintf(c->text, "%-14s %s\n%-14s %s\n%-14s source: %s\n", m->name, m->title, "", m->formula, "",
                m->source);
    }
    return cli_rows_end(c, &rows, false);
}

static int all(job *j, const char *const *names, size_t n_names, const double *lens, size_t n_lens) {
    for (size_t i = 0; i < n_names; i++) {
        const ropelaw_method *m = ropelaw_method_find(names[i]);
        if (!m) return cli_usage(j->c, "--method: unknown method \"%s\" (see --list)", names[i]);
        for (size_t k = 0; k < n_lens; k++) {
            int code = answer(j, m, lens[k]);
            if (code) return code;
        }
    }
    return CLI_OK;
}

static int run_job(job *j) {
    static const double as_trained[] = {0};
    cli_context *c = j->c;
    size_t n_names, n_lens;
    const char *const *names = cli_texts(c, "method", &n_names);
    const double *lens = cli_numbers(c, "seq-len", &n_lens);
    int code = cli_method_read(c, cli_text(c, "kind", NULL), &j->model);
    if (code) return code;
    if (!n_names) names = &j->model.method, n_names = 1;
    if (!n_lens) lens = as_trained, n_lens = 1;
    if (n_names > 1 || n_lens > 1) j->array = cli_result_array(c);
    j->rows = cli_rows_start("Rotary frequencies", columns, CLI_COUNT_OF(columns));
    code = all(j, names, n_names, lens, n_lens);
    if (!code) {
        putc('\n', c->text);
        return cli_rows_end(c, &j->rows, true);
    }
    ropelaw_table_destroy(&j->rows.table);
    return code;
}

static int run(cli_context *c) {
    if (cli_given(c, "list")) return list(c);
    job j = {.c = c};
    int code = run_job(&j);
    cli_method_clear(&j.model);
    return code;
}

const cli_command cmd_freqs = {
    .name = "freqs",
    .summary = "exact frequencies of any RoPE method, and what engines make of them",
    .arguments = "",
    .options = options,
    .model = true,
    .help = "Inverse frequency of every pair and the attention factor (on cos and sin) of a method: exact, "
            "in the float\n"
            "arithmetic of transformers, and in llama.cpp's running product. `--list` shows the methods.",
    .example = "ropelaw freqs --model llama-3.1-8b\n"
               "ropelaw freqs --config config.json --kind sliding_attention\n"
               "ropelaw freqs --method yarn --train-len 4096 --factor 4\n"
               "ropelaw freqs --method longrope --rotary-dim 4 --train-len 4096 --factor 32 \\\n"
               "    --long-factor 1.1,20 --seq-len 4096,4097\n"
               "ropelaw freqs --method dynamic --dynamic vllm-old --train-len 2048 --factor 2 --format json",
    .run = run,
};
