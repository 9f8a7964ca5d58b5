/* LongLoRA's eval.py prints one Python dict at its end, {'val_acc': .., 'val_loss': .., 'val_perplexity': ..,
   'val_perplexity_per_chunk': tensor([..])}, after lines that name the models and the window. val_perplexity is
   2.71828^val_loss, 1e-6 off: the perplexity is taken as exp(val_loss) where the loss is there. Scripts that grew from
   it print the dict without val_acc, or with a list in the place of the tensor. */
#include "logs/logs.h"
#include <ropelaw/number.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    char run[256];
    double window; /* of "Using seq length N" or the command line; NAN */
} state;

static const char *const keys[3] = {"val_perplexity", "val_loss",
                                    "val_acc"}; /* in the order of ropelaw_value_kind */

/* Value behind 'key': or "key":, up to the comma or the closing brace; false if the line has no such key. */
static bool value_of(const char *line, const char *key, char *value, size_t size) {
    char quoted[40];
    for (int i = 0; i < 2; i++) {
        snprintf(quoted, sizeof quoted, "%c%s%c:", "'\""[i], key, "'\""[i]);
        const char *at = strstr(line, quoted);
        if (!at) continue;
        at += strlen(quoted);
        at += strspn(at, " ");
        snprintf(value, size, "%.*s", (int)strcspn(at, ",} \t"), at);
        return true;
    }
    return false;
}

static bool is_result(const char *line) {
    char value[40];
    if (!strstr(line, "val_")) return false; /* most lines of a log */
    return value_of(line, keys[0], value, sizeof value) || value_of(line, keys[1], value, sizeof value);
}

static bool recognise(const logs_input *input) {
    return strstr(input->text, "val_perplexity") && strchr(input->text, '{') && is_result(input->text);
}

/* Number behind a word of the log. */
static void take_window(state *s, const char *line) {
    static const char *const words[] = {"Using seq length ", "--seq_len ", "--seq_len=", "seq_len: "};
    double x;
    for (size_t i = 0; i < CORE_COUNT(words); i++) {
        const char *at = strstr(line, words[i]);
        if (at && logs_number(at + strlen(words[i]), &x, NULL) && x > 0) s->window = x;
    }
}

/* "base model PATH" and "peft model PATH|None": the adapter names the run where there is one. */
static void take_model(state *s, const logs_input *input, const char *line) {
    static const char *const words[] = {"base model ", "peft model "};
    for (size_t i = 0; !input->options->run && i < CORE_COUNT(words); i++) {
        if (strncmp(line, words[i], strlen(words[i])) != 0) continue;
        const char *name = line + strlen(words[i]);
        if (!*name || !strcmp(name, "None")) continue;
        snprintf(s->run, sizeof s->run, "%.200s", name);
    }
}

static ropelaw_status add(const logs_input *input, logs_sink *sink, const state *s, const char *line,
                          size_t number, ropelaw_error *error) {
    char text[3][64];
    double value;
    bool finite;
    ropelaw_value_kind kind = logs_kind(input), from = kind;
    bool loss = value_of(line, keys[1], text[1], sizeof text[1]);
    if (kind == ROPELAW_VALUE_PPL && loss) from = ROPELAW_VALUE_LOSS;
    if (!value_of(line, keys[from], text[from], sizeof text[from]))
        return logs_refuse(input, number, keys[from], "in this result: it has no such value", error);
    ropelaw_status status = logs_value(input, number, text[from], from, &value, &finite, error);
    if (status) return status;
    if (from != kind) value = exp(value);
    if (!finite || !isfinite(value) || (kind == ROPELAW_VALUE_PPL && !(value > 0)))
        return logs_note(sink, input, error, "line %zu: value %.20s left out", number, text[from]);
    double window = isnan(input->options->eval_len_tok) ? s->window : input->options->eval_len_tok;
    if (isnan(window)) {
        core_fail(error, ROPELAW_INVALID, "eval_len_tok", "", "",
                  "the log does not state its window (\"Using seq length N\"): give the length");
        core_error_at(error, input->path, number);
        return ROPELAW_INVALID;
    }
    ropelaw_point point = logs_point(window, value, number);
    return logs_add(sink, input, s->run, kind, NULL, &point, error);
}

static ropelaw_status read(const logs_input *input, logs_sink *sink, ropelaw_error *error) {
    state s = {.window = NAN};
    size_t number = 0, size = logs_longest_line(input->text) + 1;
    logs_run_name(input, s.run, sizeof s.run);
    char *line = core_malloc(size, 1);
    ropelaw_status status = line ? ROPELAW_OK : core_fail_memory(error, size, 1);
    for (const char *at = input->text; !status && logs_next_line(&at, line, size);) {
        number++;
        take_window(&s, line);
        take_model(&s, input, line);
        if (is_result(line)) status = add(input, sink, &s, line, number, error);
    }
    core_free(line);
    return status;
}

const logs_importer logs_import_longlora = {
    {"longlora",
     "log that ends in a dict {'val_loss': .., 'val_perplexity': ..} after \"Using seq length N\"", "dvlab-research/LongLoRA eval.py"},
    recognise,
    read
};
