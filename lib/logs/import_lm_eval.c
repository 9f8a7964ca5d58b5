/* lm-evaluation-harness: results.<task>.{"metric,filter": value}. RULER tasks there use the length as the metric's
   name (-1: not run). Other tasks have no length: it comes from max_length among the model's arguments or from the
   caller. Files of 2023 have no ",none". */
#include "json/json.h"
#include "logs/logs.h"
#include <ropelaw/number.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool recognise(const logs_input *input) {
    const char *first = input->text + strspn(input->text, " \t\r\n\xef\xbb\xbf");
    return *first == '{' && strstr(first, "\"results\"");
}

typedef struct {
    const logs_input *input;
    logs_sink *sink;
    const json_document *document;
    char model[200];
    double length; /* of tasks that do not say theirs; NAN */
    size_t n_without_length;
    size_t
        n_metrics; /* of the task that are read and say no length: beyond one, runs are named by metric too */
} context;

/* A metric's name without its filter: "4096,none" -> "4096". */
static size_t metric_length(const char *key) {
    return strcspn(key, ",");
}

static bool metric_is(const char *key, const char *name) {
    return metric_length(key) == strlen(name) && !strncmp(key, name, strlen(name));
}

/* Standard error of a metric: "word_perplexity_stderr,none"; NAN where it is "N/A". */
static double standard_error(const json_value *task, const char *key) {
    char name[200];
    size_t n = metric_length(key);
    double se;
    snprintf(name, sizeof name, "%.*s_stderr%s", (int)(n < 100 ? n : 100), key, key + n);
    const json_value *v = json_get_set(task, name);
    return v && v->kind == JSON_NUMBER && json_as_number(v, &se) && isfinite(se) && se > 0 ? se : NAN;
}

/* The kind of a metric; false for those that are no curve. */
static bool kind_of(const char *key, ropelaw_value_kind *kind) {
    static const struct {
        const char *name;
        ropelaw_value_kind kind;
    } metrics[] = {
        {"word_perplexity", ROPELAW_VALUE_PPL     },
        {"perplexity",      ROPELAW_VALUE_PPL     },
        {"ppl",             ROPELAW_VALUE_PPL     },
        {"acc",             ROPELAW_VALUE_ACCURACY},
        {"exact_match",     ROPELAW_VALUE_ACCURACY}
    };
    for (size_t i = 0; i < CORE_COUNT(metrics); i++) {
        if (!metric_is(key, metrics[i].name)) continue;
        *kind = metrics[i].kind;
        return true;
    }
    return false;
}

static bool wanted(const context *c, ropelaw_value_kind kind) {
    return c->input->options->as == ROPELAW_IMPORT_AS_FOUND || logs_kind(c->input) == kind;
}

static ropelaw_status add(context *c, const json_value *task, const json_value *metric, double length,
                          ropelaw_value_kind kind, ropelaw_error *error) {
    char run[700];
    ropelaw_value_kind named;
    double x = metric->number;
    if (!isfinite(x))
        return logs_note(c->sink, c->input, error, "line %zu: %.60s of %.60s is not finite: left out",
                         metric->line, metric->key, task->key);
    bool good = kind == ROPELAW_VALUE_PPL ? x > 0 : x >= 0 && x <= 1;
    if (!good)
        return json_refuse(c->document, metric, metric->key, kind == ROPELAW_VALUE_PPL ? "> 0" : "0 to 1",
                           error);
    ropelaw_point point = logs_point(length, x, metric->line);
    point.se = standard_error(task, metric->key);
    bool several = c->n_metrics > 1 && kind_of(metric->key, &named);
    snprintf(run, sizeof run, "%s/%.200s%s%.200s", c->model, task->key, several ? "/" : "",
             several ? metric->key : "");
    return logs_add(c->sink, c->input, run, kind, NULL, &point, error);
}

static ropelaw_status read_metric(context *c, const json_value *task, const json_value *metric,
                                  ropelaw_error *error) {
    double length;
    ropelaw_value_kind kind = ROPELAW_VALUE_ACCURACY;
    if (metric->kind != JSON_NUMBER) return ROPELAW_OK;
    size_t n = metric_length(metric->key);
    if (n == strspn(metric->key, "0123456789") && !ropelaw_length_parse(metric->key, n, &length, NULL)) {
        if (metric->number == -1 || !wanted(c, kind)) return ROPELAW_OK;
        return add(c, task, metric, length, kind, error);
    }
    if (!kind_of(metric->key, &kind) || !wanted(c, kind)) return ROPELAW_OK;
    if (isnan(c->length)) {
        c->n_without_length++;
        return ROPELAW_OK;
    }
    return add(c, task, metric, c->length, kind, error);
}

/* "pretrained=NAME,max_length=8192,..." or an object. */
static void read_arguments(context *c, const json_value *arguments) {
    const json_value *length = json_get_set(arguments, "max_length"),
                     *name = json_get_set(arguments, "pretrained");
    if (length && length->kind == JSON_NUMBER && length->number > 0) c->length = length->number;
    if (name && name->kind == JSON_STRING && !*c->model)
        snprintf(c->model, sizeof c->model, "%s", name->text);
    if (!arguments || arguments->kind != JSON_STRING) return;
    const char *at = strstr(arguments->text, "max_length="), *end;
    double x;
    if (at && logs_number(at + 11, &x, &end) && x > 0) c->length = x;
    at = strstr(arguments->text, "pretrained=");
    if (at && !*c->model) snprintf(c->model, sizeof c->model, "%.*s", (int)strcspn(at + 11, ","), at + 11);
}

static void read_model(context *c, const json_value *root) {
    const json_value *config = json_get_set(root, "config"), *name = json_get_set(root, "model_name");
    if (name && name->kind == JSON_STRING) snprintf(c->model, sizeof c->model, "%s", name->text);
    read_arguments(c, json_get_set(config, "model_args"));
    if (c->input->options->run || !*c->model) logs_run_name(c->input, c->model, sizeof c->model);
    if (!isnan(c->input->options->eval_len_tok)) c->length = c->input->options->eval_len_tok;
}

/* LAMBADA has a perplexity and an accuracy, GSM8K the same metric after two filters: a run holds one of them. */
static size_t count_metrics(const context *c, const json_value *task) {
    size_t n = 0;
    for (size_t i = 0; i < task->n; i++) {
        ropelaw_value_kind kind;
        if (task->items[i].kind == JSON_NUMBER && kind_of(task->items[i].key, &kind)) n += wanted(c, kind);
    }
    return n;
}

static ropelaw_status read_task(context *c, const json_value *task, ropelaw_error *error) {
    ropelaw_status status = ROPELAW_OK;
    if (task->kind != JSON_OBJECT) return ROPELAW_OK;
    c->n_metrics = count_metrics(c, task);
    for (size_t i = 0; !status && i < task->n; i++) status = read_metric(c, task, &task->items[i], error);
    return status;
}

static ropelaw_status read_results(context *c, ropelaw_error *error) {
    const json_value *results;
    ropelaw_status status = json_want_object(c->document, &c->document->root, "results", &results, error);
    for (size_t i = 0; !status && i < results->n; i++) status = read_task(c, &results->items[i], error);
    if (!status && c->n_without_length)
        status = logs_note(c->sink, c->input, error, "%zu metrics without a length left out: give the length",
                           c->n_without_length);
    return status;
}

static ropelaw_status read(const logs_input *input, logs_sink *sink, ropelaw_error *error) {
    json_document *document;
    ropelaw_status status =
        json_document_parse(input->text, input->length, input->path, NULL, &document, error);
    if (status) return status;
    context c = {input, sink, document, "", NAN, 0, 0};
    read_model(&c, &document->root);
    status = read_results(&c, error);
    json_document_free(&document);
    return status;
}

const logs_importer logs_import_lm_eval = {
    {"lm-eval", "JSON with results.<task>.<metric>; RULER tasks name their metrics by length",
     "EleutherAI/lm-evaluation-harness results_*.json"},
    recognise,
    read
};
