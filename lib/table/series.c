/* The structure: building, merging, freeing. Reading is in series_parse.c and series_row.c, writing in series_write.c. */
#include "table/series.h"
#include "table/names.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool positive(double x) {
    return x > 0;
}

static bool above_one(double x) {
    return x > 1;
}

static bool even(double x) {
    return x >= 2 && fmod(x, 2) == 0;
}

const table_fact table_facts[TABLE_FACTS] = {
    {"rotary_dim",    offsetof(ropelaw_run, rotary_dim),    "an even number >= 2", even,      false},
    {"pretrain_base", offsetof(ropelaw_run, pretrain_base), "> 1",                 above_one, false},
    {"train_len_tok", offsetof(ropelaw_run, train_len_tok), "> 0",                 positive,  true },
    {"tune_len_tok",  offsetof(ropelaw_run, tune_len_tok),  "> 0",                 positive,  true },
    {"base",          offsetof(ropelaw_run, base),          "> 1",                 above_one, false},
    {"factor",        offsetof(ropelaw_run, factor),        "> 0",                 positive,  false}
};

const char *table_column_name(int column) {
    static const char *const names[TABLE_FACT] = {[TABLE_RUN] = "run",
                                                  [TABLE_LENGTH] = "eval_len_tok",
                                                  [TABLE_VALUE] = "ppl",
                                                  [TABLE_VALUE + 1] = "loss_nats",
                                                  [TABLE_VALUE + 2] = "accuracy",
                                                  [TABLE_SE] = "ppl_se",
                                                  [TABLE_SE + 1] = "loss_se",
                                                  [TABLE_SE + 2] = "accuracy_se",
                                                  [TABLE_N_TOKENS] = "n_tokens",
                                                  [TABLE_N_TRIALS] = "n_trials",
                                                  [TABLE_DOC] = "doc",
                                                  [TABLE_REPLICATE] = "replicate",
                                                  [TABLE_CENSORED] = "censored",
                                                  [TABLE_MODEL] = "model",
                                                  [TABLE_METHOD] = "method",
                                                  [TABLE_DIGITISED] = "digitised"};
    return column < TABLE_FACT ? names[column] : table_facts[column - TABLE_FACT].column;
}

double *table_run_fact(ropelaw_run *run, const table_fact *fact) {
    return (double *)(void *)((char *)run + fact->offset);
}

ropelaw_status table_run_init(ropelaw_run *run, const char *name, ropelaw_value_kind kind,
                              ropelaw_error *error) {
    *run = (ropelaw_run){.kind = kind};
    run->name = core_strdup(name);
    run->model = core_strdup("");
    run->method = core_strdup("");
    for (size_t i = 0; i < TABLE_FACTS; i++) *table_run_fact(run, &table_facts[i]) = NAN;
    if (run->name && run->model && run->method) return ROPELAW_OK;
    table_run_clear(run);
    return core_fail_memory(error, strlen(name) + 1, 1);
}

void table_run_clear(ropelaw_run *run) {
    for (size_t i = 0; i < run->n_docs; i++) core_free(run->docs[i]);
    core_free(run->docs);
    for (size_t i = 0; i < run->n_extra_rows * run->n_extra; i++) core_free(run->extra_cells[i]);
    core_free(run->extra_cells);
    for (size_t i = 0; i < run->n_extra; i++) core_free(run->extra[i]);
    core_free(run->extra);
    core_free(run->points);
    core_free(run->name);
    core_free(run->model);
    core_free(run->method);
    core_free(run->covariance);
    *run = (ropelaw_run){0};
}

/* Room for one more in an array of n items. Its room is 8, 16, 32, ...: full exactly when n is one of these.
 */
static ropelaw_status make_room(void **items, size_t n, size_t size, ropelaw_error *error) {
    if (n && (n < 8 || (n & (n - 1)))) return ROPELAW_OK;
    size_t room = n ? 2 * n : 8;
    void *larger = core_realloc(*items, room, size);
    if (!larger) return core_fail_memory(error, room, size);
    *items = larger;
    return ROPELAW_OK;
}

static ropelaw_status add_string(char ***strings, size_t *n, const char *string, ropelaw_error *error) {
    void *items = *strings;
    ropelaw_status status = make_room(&items, *n, sizeof **strings, error);
    *strings = items;
    if (status) return status;
    char *copy = core_strdup(string);
    if (!copy) return core_fail_memory(error, strlen(string) + 1, 1);
    (*strings)[(*n)++] = copy;
    return ROPELAW_OK;
}

ropelaw_status table_series_add_run(ropelaw_series *series, ropelaw_run *run, ropelaw_error *error) {
    void *items = series->runs;
    ropelaw_status status = make_room(&items, series->n_runs, sizeof *series->runs, error);
    series->runs = items;
    if (status) return status;
    series->runs[series->n_runs++] = *run;
    *run = (ropelaw_run){0};
    return ROPELAW_OK;
}

ropelaw_status table_run_add_point(ropelaw_run *run, const ropelaw_point *point, ropelaw_error *error) {
    void *items = run->points;
    ropelaw_status status = make_room(&items, run->n_points, sizeof *run->points, error);
    run->points = items;
    if (!status) run->points[run->n_points++] = *point;
    return status;
}

ropelaw_status table_run_add_doc(ropelaw_run *run, const char *name, ropelaw_error *error) {
    return add_string(&run->docs, &run->n_docs, name, error);
}

ropelaw_status table_run_add_extra(ropelaw_run *run, const char *column, ropelaw_error *error) {
    return add_string(&run->extra, &run->n_extra, column, error);
}

ropelaw_status table_run_add_cells(ropelaw_run *run, const char *const *cells, size_t *row,
                                   ropelaw_error *error) {
    bool any = false;
    *row = 0;
    for (size_t i = 0; i < run->n_extra; i++) any |= *cells[i] != 0;
    if (!any) return ROPELAW_OK;
    void *items = run->extra_cells;
    ropelaw_status status =
        make_room(&items, run->n_extra_rows, run->n_extra * sizeof *run->extra_cells, error);
    run->extra_cells = items;
    if (status) return status;
    char **to = run->extra_cells + run->n_extra_rows * run->n_extra;
    memset(to, 0, run->n_extra * sizeof *to); /* run->n_extra is at most the cells of one line: no overflow */
    *row = ++run->n_extra_rows;
    for (size_t i = 0; i < run->n_extra; i++)
        if (*cells[i] && !(to[i] = core_strdup(cells[i])))
            return core_fail_memory(error, strlen(cells[i]) + 1, 1);
    return ROPELAW_OK;
}

const char *ropelaw_run_extra(const ropelaw_run *run, const ropelaw_point *point, const char *column) {
    for (size_t i = 0; i < run->n_extra && point->extra_row; i++)
        if (!strcmp(run->extra[i], column))
            return run->extra_cells[(point->extra_row - 1) * run->n_extra + i];
    return NULL;
}

ropelaw_status table_series_add_note(ropelaw_series *series, const char *note, ropelaw_error *error) {
    return add_string(&series->notes, &series->n_notes, note, error);
}

ropelaw_status table_series_add_key(ropelaw_series *series, const char *key, const char *value,
                                    ropelaw_error *error) {
    void *items = series->keys;
    ropelaw_status status = make_room(&items, series->n_keys, sizeof *series->keys, error);
    series->keys = items;
    if (status) return status;
    ropelaw_provenance pair = {core_strdup(key), core_strdup(value)};
    if (!pair.key || !pair.value) {
        core_free(pair.key);
        core_free(pair.value);
        return core_fail_memory(error, strlen(key) + strlen(value), 1);
    }
    series->keys[series->n_keys++] = pair;
    return ROPELAW_OK;
}

static int earlier(const void *a, const void *b) {
    const ropelaw_point *x = a, *y = b;
    if (x->eval_len_tok != y->eval_len_tok) return x->eval_len_tok < y->eval_len_tok ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

void table_run_sort(ropelaw_run *run) {
    for (size_t i = 1; i < run->n_points; i++) {
        if (earlier(&run->points[i - 1], &run->points[i]) <= 0) continue;
        qsort(run->points, run->n_points, sizeof *run->points, earlier);
        return;
    }
}

static void move(void *to_items, size_t *to_n, void *from_items, size_t *from_n, size_t size) {
    if (*from_n) memcpy((char *)to_items + *to_n * size, from_items, *from_n * size);
    *to_n += *from_n;
    *from_n = 0;
}

/* Room for n more: the next power of two, so that make_room still knows where the array is full. */
static ropelaw_status reserve(void **items, size_t n, size_t more, size_t size, ropelaw_error *error) {
    size_t room = 8;
    while (room <= n + more) room *= 2;
    void *larger = core_realloc(*items, room, size);
    if (!larger) return core_fail_memory(error, room, size);
    *items = larger;
    return ROPELAW_OK;
}

static ropelaw_status check_names(const ropelaw_series *to, const ropelaw_series *from,
                                  ropelaw_error *error) {
    table_names names = {0};
    ropelaw_status status = ROPELAW_OK;
    for (size_t i = 0; !status && i < to->n_runs + from->n_runs; i++) {
        bool added, old = i < to->n_runs;
        char *name = old ? to->runs[i].name : from->runs[i - to->n_runs].name;
        if (!table_names_find(&names, 0, name, i, &added))
            status = core_fail_memory(error, i, 1);
        else if (!old && !added)
            status =
                core_fail(error, ROPELAW_INVALID, "run", name, "", "run \"%.60s\" is in two inputs", name);
    }
    table_names_clear(&names);
    return status;
}

ropelaw_status ropelaw_series_merge(ropelaw_series *to, ropelaw_series *from, ropelaw_error *error) {
    void *runs = to->runs, *keys = to->keys, *notes = to->notes;
    ropelaw_status status = check_names(to, from, error);
    if (status) return status;
    status = reserve(&runs, to->n_runs, from->n_runs, sizeof *to->runs, error);
    to->runs = runs;
    if (!status) status = reserve(&keys, to->n_keys, from->n_keys, sizeof *to->keys, error);
    to->keys = keys;
    if (!status) status = reserve(&notes, to->n_notes, from->n_notes, sizeof *to->notes, error);
    to->notes = notes;
    if (status) return status;
    move(to->runs, &to->n_runs, from->runs, &from->n_runs, sizeof *to->runs);
    move(to->keys, &to->n_keys, from->keys, &from->n_keys, sizeof *to->keys);
    move(to->notes, &to->n_notes, from->notes, &from->n_notes, sizeof *to->notes);
    ropelaw_series_clear(from);
    return ROPELAW_OK;
}

void ropelaw_series_clear(ropelaw_series *series) {
    for (size_t i = 0; i < series->n_runs; i++) table_run_clear(&series->runs[i]);
    for (size_t i = 0; i < series->n_keys; i++) {
        core_free(series->keys[i].key);
        core_free(series->keys[i].value);
    }
    for (size_t i = 0; i < series->n_notes; i++) core_free(series->notes[i]);
    core_free(series->runs);
    core_free(series->keys);
    core_free(series->notes);
    *series = (ropelaw_series){0};
}

const char *ropelaw_series_key(const ropelaw_series *series, const char *key) {
    for (size_t i = 0; i < series->n_keys; i++)
        if (!strcmp(series->keys[i].key, key)) return series->keys[i].value;
    return NULL;
}
