/* llama.cpp's perplexity program, 2023 to now. A section begins with "calculating perplexity over N chunks, n_ctx=W"
   (2023: without n_ctx, the window is then that of the command line or of the context). Bracketed values are running
   means: the last one is the result; the final estimate adds its standard error but is not always printed. Only the
   second half of each window is scored. Lines may carry a time and a level in front. */
#include "logs/logs.h"
#include <ropelaw/number.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const logs_input *input;
    logs_sink *sink;
    char run[256];
    double from_command, from_context; /* window lengths; NAN */
    double from_stride;                /* of --ppl-stride, whose sections do not state theirs; NAN */
    /* the section */
    bool open;
    double window, chunks, value, se;
    double n_values; /* running means seen */
    bool final, not_finite;
    size_t line;
} state;

/* Number behind a word: after("n_ctx=", ...). */
static bool after(const char *line, const char *word, double *value, const char **end) {
    const char *at = strstr(line, word);
    return at && logs_number(at + strlen(word) + strspn(at + strlen(word), " =:"), value, end);
}

static ropelaw_status no_window(const state *s, ropelaw_error *error) {
    core_fail(error, ROPELAW_INVALID, "eval_len_tok", "", "",
              "the log does not state its window (n_ctx): give the length");
    core_error_at(error, s->input->path, s->line);
    return ROPELAW_INVALID;
}

static double window_of(const state *s) {
    if (!isnan(s->window)) return s->window;
    if (!isnan(s->input->options->eval_len_tok)) return s->input->options->eval_len_tok;
    return isnan(s->from_command) ? s->from_context : s->from_command;
}

/* End of a section: one point. */
static ropelaw_status flush(state *s, ropelaw_error *error) {
    ropelaw_status status = ROPELAW_OK;
    bool some = s->final || s->n_values > 0;
    if (some && (s->not_finite || !(s->value > 0))) {
        status = logs_note(s->sink, s->input, error, "line %zu: a perplexity that is not finite left out",
                           s->line);
    } else if (some) {
        double window = window_of(s);
        if (isnan(window)) return no_window(s, error);
        if (!s->final && s->n_values < s->chunks)
            status = logs_note(s->sink, s->input, error, "line %zu: unfinished, %.0f of %.0f chunks", s->line,
                               s->n_values, s->chunks);
        ropelaw_point point = logs_point(window, s->value, s->line);
        point.se = s->se > 0 ? s->se : NAN;
        if (!status) status = logs_add(s->sink, s->input, s->run, ROPELAW_VALUE_PPL, NULL, &point, error);
    }
    s->open = s->final = s->not_finite = false;
    s->window = s->chunks = s->value = s->se = NAN;
    s->n_values = 0;
    return status;
}

/* A name from the log itself; what an earlier model left open is closed under its own. */
static ropelaw_status name_from_path(state *s, const char *path, ropelaw_error *error) {
    size_t n = strcspn(path, " \t'\"");
    const char *name = path;
    char text[256];
    for (size_t i = 0; i < n; i++)
        if (path[i] == '/' || path[i] == '\\') name = path + i + 1;
    n -= (size_t)(name - path);
    if (n > 5 && !strncmp(name + n - 5, ".gguf", 5)) n -= 5;
    if (!n || s->input->options->run) return ROPELAW_OK;
    snprintf(text, sizeof text, "%.*s", (int)(n < 200 ? n : 200), name);
    ropelaw_status status = flush(s, error);
    memcpy(s->run, text, sizeof text);
    return status;
}

/* The command line, if the log holds it: window and model. A log may hold several. */
static ropelaw_status take_command(state *s, const char *line, ropelaw_error *error) {
    static const char *const words[] = {" -m ", " --model "};
    const char *at = NULL;
    double x;
    for (size_t i = 0; i < CORE_COUNT(words) && !at; i++)
        if ((at = strstr(line, words[i]))) at += strlen(words[i]);
    if (!at || !strstr(line, "perplexity")) return ROPELAW_OK;
    ropelaw_status status = name_from_path(s, at, error);
    s->from_command = s->from_stride = NAN;
    if ((after(line, " -c ", &x, NULL) || after(line, " --ctx-size ", &x, NULL)) && x > 0)
        s->from_command = x;
    return status;
}

static ropelaw_status take_context(state *s, const char *line, ropelaw_error *error) {
    double x;
    const char *at = strstr(line, "loaded meta data"), *from = at ? strstr(at, " from ") : NULL;
    ropelaw_status status = from ? name_from_path(s, from + 6, error) : ROPELAW_OK;
    if (from) s->from_context = NAN;
    if (strstr(line, "n_ctx_") || strstr(line, "calculating")) return status;
    if (after(line, "n_ctx ", &x, NULL) && x > 0) s->from_context = x;
    return status;
}

/* With --ppl-stride the window is the context plus half the stride, "Calculation chunk = N"; the last stride of it is
   scored. */
static void take_stride(state *s, const char *line) {
    static const char adjusted[] = "adjusting context size from ";
    const char *at = strstr(line, adjusted);
    double x;
    if (after(line, "Calculation chunk", &x, NULL) && x > 0) s->from_stride = x;
    if (at && after(at, " to ", &x, NULL) && x > 0) s->from_stride = x;
}

static ropelaw_status begin(state *s, const char *line, size_t number, ropelaw_error *error) {
    ropelaw_status status = flush(s, error);
    double x;
    s->open = true;
    s->line = number;
    if (after(line, "over ", &x, NULL)) s->chunks = x;
    if (after(line, "n_ctx=", &x, NULL) && x > 0)
        s->window = x;
    else
        s->window = s->from_stride;
    return status;
}

static void take_value(state *s, double value, size_t number) {
    s->value = value;
    s->not_finite = false;
    s->line = number;
}

/* "[1]9.6667,[2]11.4286,": running means in order. */
static void take_running(state *s, const char *line, size_t number) {
    for (const char *at = line; (at = strchr(at, '[')); at++) {
        double index, value;
        const char *end;
        if (!logs_number(at + 1, &index, &end) || *end != ']' || index != s->n_values + 1) continue;
        bool bad = !strncmp(end + 1, "nan", 3) || !strncmp(end + 1, "-nan", 4) || !strncmp(end + 1, "inf", 3);
        if (!bad && !logs_number(end + 1, &value, &end)) continue;
        s->n_values++;
        if (s->final) continue;
        if (!bad) take_value(s, value, number);
        s->not_finite = bad;
    }
}

/* What closes a section: "Final estimate: PPL = X +/- Y", "Mean PPL(Q) : X ± Y", "perplexity: X [n/n]". */
static bool take_final(state *s, const char *line, size_t number) {
    static const char *const words[] = {"Final estimate: PPL", "Mean PPL(Q)"};
    double value, se;
    const char *end, *at = NULL;
    for (size_t i = 0; i < CORE_COUNT(words) && !at; i++)
        if ((at = strstr(line, words[i]))) at += strlen(words[i]);
    if (!at) return false;
    at += strspn(at, "=: ");
    if (!logs_number(at, &value, &end)) {
        s->not_finite = s->final = true;
        return true;
    }
    take_value(s, value, number);
    s->final = true;
    end += strspn(end, " +/-\xc2\xb1");
    if (logs_number(end, &se, NULL)) s->se = se;
    return true;
}

/* 2023: "perplexity: 13.5106 [114/114]". */
static bool take_oldest(state *s, const char *line, size_t number) {
    double value, done, all;
    const char *end, *at = strstr(line, "perplexity: ");
    if (!at || !logs_number(at + 12, &value, &end) || strncmp(end, " [", 2) != 0) return false;
    if (!logs_number(end + 2, &done, &end) || *end != '/' || !logs_number(end + 1, &all, &end)) return false;
    take_value(s, value, number);
    s->n_values = done;
    s->chunks = all;
    return true;
}

/* --ppl-output-type 1: token, perplexity[, mean loss, its standard error]. */
static void take_columns(state *s, const char *line, size_t number) {
    double x[4];
    int n = 0;
    const char *at = line + strspn(line, " ");
    while (n < 4 && logs_number(at, &x[n], &at)) {
        n++;
        at += strspn(at, " ");
    }
    if (*at || (n != 2 && n != 4) || x[0] != floor(x[0]) || !(x[0] > 0) || !(x[1] > 0)) return;
    take_value(s, x[1], number);
    s->n_values++;
    s->chunks = NAN;
    s->se = n == 4 ? x[1] * x[3] : NAN;
}

static ropelaw_status take_line(state *s, const char *line, size_t number, ropelaw_error *error) {
    if (strstr(line, "calculating perplexity over") || strstr(line, "computing over"))
        return begin(s, line, number, error);
    ropelaw_status status = take_command(s, line, error);
    if (!status) status = take_context(s, line, error);
    if (status) return status;
    take_stride(s, line);
    if (take_final(s, line, number) || take_oldest(s, line, number)) return ROPELAW_OK;
    take_running(s, line, number);
    if (s->open && !s->final) take_columns(s, line, number);
    return ROPELAW_OK;
}

static bool recognise(const logs_input *input) {
    static const char *const words[] = {"calculating perplexity over", "Final estimate: PPL", "Mean PPL(Q)",
                                        "perplexity: "};
    for (size_t i = 0; i < CORE_COUNT(words); i++)
        if (strstr(input->text, words[i])) return true;
    return !strncmp(input->text, "[1]", 3);
}

static ropelaw_status read(const logs_input *input, logs_sink *sink, ropelaw_error *error) {
    state s = {.input = input,
               .sink = sink,
               .from_command = NAN,
               .from_context = NAN,
               .from_stride = NAN,
               .window = NAN,
               .chunks = NAN,
               .value = NAN,
               .se = NAN};
    logs_run_name(input, s.run, sizeof s.run);
    ropelaw_status status = logs_check_kind(input, ROPELAW_VALUE_PPL, error);
    /* thousands of running means stand in one line */
    size_t size = logs_longest_line(input->text) + 1;
    char *line = status ? NULL : core_malloc(size, 1);
    if (!status && !line) status = core_fail_memory(error, size, 1);
    size_t number = 0;
    for (const char *at = input->text; !status && logs_next_line(&at, line, size);)
        status = take_line(&s, line, ++number, error);
    if (!status) status = flush(&s, error);
    core_free(line);
    return status;
}

const logs_importer logs_import_llama = {
    {"llama-perplexity", "log of llama.cpp's perplexity program: running means, final estimate, n_ctx",
     "ggml-org/llama.cpp tools/perplexity (and exllamav3, which prints the same)"},
    recognise,
    read
};
