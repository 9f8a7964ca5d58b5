/* A row of the long CSV: its cells are checked, and become a point and the facts of its run. Runs and documents are
   found by hashing. */
#include "table/series_reader.h"
#include <ropelaw/number.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The cell of a column in the current row; "" if the header has none. */
static const char *cell(const table_reader *r, int column) {
    return r->column[column] == SIZE_MAX ? "" : r->csv.cells[r->column[column]].text;
}

static ropelaw_status refuse(const table_reader *r, int column, ropelaw_status code, const char *what,
                             const char *range, ropelaw_error *error) {
    return table_csv_refuse(&r->csv, r->column[column], code, what, range, error);
}

/* A number or NAN for an empty cell. */
static ropelaw_status number(const table_reader *r, int column, const char *range, double *value,
                             ropelaw_error *error) {
    *value = NAN;
    if (!*cell(r, column)) return ROPELAW_OK;
    const table_csv_cell *c = &r->csv.cells[r->column[column]];
    if (ropelaw_number_parse(c->text, c->length, value, NULL))
        return refuse(r, column, ROPELAW_PARSE, "is not a number", range, error);
    return ROPELAW_OK;
}

static ropelaw_status length(const table_reader *r, int column, double *value, ropelaw_error *error) {
    *value = NAN;
    if (!*cell(r, column)) return ROPELAW_OK;
    const table_csv_cell *c = &r->csv.cells[r->column[column]];
    ropelaw_status status = ropelaw_length_parse(c->text, c->length, value, NULL);
    if (status == ROPELAW_DOMAIN) return refuse(r, column, status, "is out of range", "> 0", error);
    if (status) return refuse(r, column, status, "is not a length", "> 0, as 4096 or 32k", error);
    return ROPELAW_OK;
}

static ropelaw_status number_above(const table_reader *r, int column, bool zero, double *value,
                                   ropelaw_error *error) {
    const char *range = zero ? ">= 0" : "> 0";
    ropelaw_status status = number(r, column, range, value, error);
    if (!status && (*value < 0 || (*value == 0 && !zero)))
        return refuse(r, column, ROPELAW_DOMAIN, "is out of range", range, error);
    return status;
}

static bool is_not_finite(const char *text) {
    static const char *const words[] = {"nan", "inf", "infinity"};
    if (*text == '-' || *text == '+') text++;
    for (size_t i = 0; i < CORE_COUNT(words); i++)
        if (!strcasecmp(text, words[i])) return true;
    return false;
}

static void count(size_t *n, size_t *first, size_t line) {
    if (!(*n)++) *first = line;
}

/* Kind and value of the row. *given is false for a row without a usable value. */
static ropelaw_status value(table_reader *r, ropelaw_value_kind *kind, double *x, bool *given,
                            ropelaw_error *error) {
    static const char *const ranges[3] = {"> 0", "a finite number", "0 to 1"};
    int found = 0;
    for (int i = TABLE_VALUE; i < TABLE_SE; i++) {
        if (!*cell(r, i)) continue;
        if (found)
            return refuse(r, i, ROPELAW_PARSE, "is a second value in its row",
                          "one of ppl, loss_nats, accuracy", error);
        found = i;
    }
    *given = found && !is_not_finite(cell(r, found));
    if (!found)
        count(&r->n_empty, &r->first_empty, r->csv.line);
    else if (!*given)
        count(&r->n_infinite, &r->first_infinite, r->csv.line);
    if (!*given) return ROPELAW_OK;
    int k = found - TABLE_VALUE;
    *kind = (ropelaw_value_kind)k;
    ropelaw_status status = number(r, found, ranges[k], x, error);
    if (status) return status;
    if ((k == ROPELAW_VALUE_PPL && !(*x > 0)) || (k == ROPELAW_VALUE_ACCURACY && !(*x >= 0 && *x <= 1)))
        return refuse(r, found, ROPELAW_DOMAIN, "is out of range", ranges[k], error);
    if (k == ROPELAW_VALUE_PPL && *x < 1) count(&r->n_below_one, &r->first_below_one, r->csv.line);
    if (k == ROPELAW_VALUE_LOSS && *x >= 30) count(&r->n_large, &r->first_large, r->csv.line);
    return ROPELAW_OK;
}

static ropelaw_status standard_error(table_reader *r, ropelaw_value_kind kind, double *se,
                                     ropelaw_error *error) {
    for (int i = 0; i < 3; i++)
        if (i != (int)kind && *cell(r, TABLE_SE + i))
            return refuse(r, TABLE_SE + i, ROPELAW_PARSE, "stands in a row of another kind",
                          table_column_name(TABLE_SE + (int)kind), error);
    ropelaw_status status = number_above(r, TABLE_SE + (int)kind, true, se, error);
    if (!status &&
        *se == 0) { /* no information about the error, and a weight of infinity to whoever divides */
        *se = NAN;
        r->n_zero_se++;
    }
    return status;
}

static ropelaw_status censoring(const table_reader *r, int *censored, ropelaw_error *error) {
    const char *text = cell(r, TABLE_CENSORED);
    *censored = !strcmp(text, "above") ? 1 : !strcmp(text, "below") ? -1 : 0;
    if (*censored || !*text || !strcmp(text, "0")) return ROPELAW_OK;
    return refuse(r, TABLE_CENSORED, ROPELAW_PARSE, "is no kind of limit", "above, below or empty", error);
}

static ropelaw_status replicate(const table_reader *r, size_t *index, ropelaw_error *error) {
    double x;
    ropelaw_status status = number(r, TABLE_REPLICATE, "a whole number >= 0", &x, error);
    if (status || isnan(x)) return status;
    if (!(x >= 0 && x <= 9e15 && x == floor(x)))
        return refuse(r, TABLE_REPLICATE, ROPELAW_DOMAIN, "is out of range", "a whole number >= 0", error);
    *index = (size_t)x;
    return ROPELAW_OK;
}

static ropelaw_status document(table_reader *r, size_t run, size_t *index, ropelaw_error *error) {
    if (!*cell(r, TABLE_DOC)) return ROPELAW_OK;
    bool added;
    ropelaw_run *owner = &r->series.runs[run];
    char *name = r->csv.cells[r->column[TABLE_DOC]].text;
    struct table_names_entry *entry = table_names_find(&r->docs, run, name, owner->n_docs, &added);
    if (!entry) return core_fail_memory(error, owner->n_docs, sizeof *entry);
    *index = entry->id;
    return added ? table_run_add_doc(owner, name, error) : ROPELAW_OK;
}

/* The run of the row, new or known. */
static ropelaw_status find_run(table_reader *r, ropelaw_value_kind kind, size_t *index,
                               ropelaw_error *error) {
    bool added;
    if (!*cell(r, TABLE_RUN))
        return refuse(r, TABLE_RUN, ROPELAW_PARSE, "is empty", "the name of a run", error);
    char *name = r->csv.cells[r->column[TABLE_RUN]].text;
    struct table_names_entry *entry = table_names_find(&r->runs, 0, name, r->series.n_runs, &added);
    if (!entry) return core_fail_memory(error, r->series.n_runs, sizeof *entry);
    *index = entry->id;
    if (!added && r->series.runs[*index].kind != kind)
        return refuse(r, TABLE_VALUE + (int)kind, ROPELAW_PARSE, "changes the kind of values of its run",
                      table_column_name(TABLE_VALUE + (int)r->series.runs[*index].kind), error);
    if (!added) return ROPELAW_OK;
    ropelaw_run run;
    ropelaw_status status = table_run_init(&run, name, kind, error);
    for (size_t i = 0; !status && i < r->n_extra; i++)
        status = table_run_add_extra(&run, r->csv.columns[r->extra[i]], error);
    if (!status) status = table_series_add_run(&r->series, &run, error);
    if (status) table_run_clear(&run);
    return status;
}

static ropelaw_status contradiction(const table_reader *r, int column, const char *before,
                                    ropelaw_error *error) {
    char range[96];
    snprintf(range, sizeof range, "%.60s, as in an earlier row of the run", before);
    return refuse(r, column, ROPELAW_PARSE, "contradicts", range, error);
}

static ropelaw_status take_fact(const table_reader *r, ropelaw_run *run, int fact, ropelaw_error *error) {
    const table_fact *f = &table_facts[fact];
    int column = TABLE_FACT + fact;
    double x, *place = table_run_fact(run, f);
    if (!*cell(r, column)) return ROPELAW_OK;
    ropelaw_status status =
        f->is_length ? length(r, column, &x, error) : number(r, column, f->range, &x, error);
    if (status) return status;
    if (!f->good(x)) return refuse(r, column, ROPELAW_DOMAIN, "is out of range", f->range, error);
    char before[ROPELAW_NUMBER_SIZE];
    if (!isnan(*place) && *place != x)
        return contradiction(r, column, ropelaw_number_str(*place, 0, before), error);
    *place = x;
    return ROPELAW_OK;
}

static ropelaw_status take_word(const table_reader *r, char **place, int column, ropelaw_error *error) {
    const char *text = cell(r, column);
    if (!*text || !strcmp(*place, text)) return ROPELAW_OK;
    if (**place) return contradiction(r, column, *place, error);
    char *copy = core_strdup(text);
    if (!copy) return core_fail_memory(error, strlen(text) + 1, 1);
    core_free(*place);
    *place = copy;
    return ROPELAW_OK;
}

static ropelaw_status take_digitised(const table_reader *r, ropelaw_run *run, ropelaw_error *error) {
    const char *text = cell(r, TABLE_DIGITISED);
    bool yes = !strcmp(text, "yes");
    if (*text && !yes && strcmp(text, "no"))
        return refuse(r, TABLE_DIGITISED, ROPELAW_PARSE, "is neither", "yes, no or empty", error);
    if (yes) run->digitised = 1;
    return ROPELAW_OK;
}

static ropelaw_status take_facts(const table_reader *r, ropelaw_run *run, ropelaw_error *error) {
    ropelaw_status status = take_word(r, &run->model, TABLE_MODEL, error);
    if (!status) status = take_word(r, &run->method, TABLE_METHOD, error);
    if (!status) status = take_digitised(r, run, error);
    for (int i = 0; !status && i < TABLE_FACTS; i++) status = take_fact(r, run, i, error);
    return status;
}

static ropelaw_status take_extra(table_reader *r, ropelaw_run *run, size_t *row, ropelaw_error *error) {
    for (size_t i = 0; i < r->n_extra; i++) r->extra_cells[i] = r->csv.cells[r->extra[i]].text;
    return table_run_add_cells(run, r->extra_cells, row, error);
}

ropelaw_status table_reader_take_row(table_reader *r, ropelaw_error *error) {
    ropelaw_point p = {.doc = SIZE_MAX, .replicate = SIZE_MAX, .line = r->csv.line};
    ropelaw_value_kind kind;
    size_t run = 0;
    bool given = false;
    r->n_rows++;
    ropelaw_status status = length(r, TABLE_LENGTH, &p.eval_len_tok, error);
    if (!status && isnan(p.eval_len_tok))
        status = refuse(r, TABLE_LENGTH, ROPELAW_PARSE, "is empty", "> 0, as 4096 or 32k", error);
    if (!status) status = value(r, &kind, &p.value, &given, error);
    if (status || !given) return status;
    status = standard_error(r, kind, &p.se, error);
    if (!status) status = number_above(r, TABLE_N_TOKENS, false, &p.n_tokens, error);
    if (!status) status = number_above(r, TABLE_N_TRIALS, false, &p.n_trials, error);
    if (!status) status = censoring(r, &p.censored, error);
    if (!status) status = replicate(r, &p.replicate, error);
    if (!status) status = find_run(r, kind, &run, error);
    if (!status) status = document(r, run, &p.doc, error);
    if (!status) status = take_facts(r, &r->series.runs[run], error);
    if (!status) status = take_extra(r, &r->series.runs[run], &p.extra_row, error);
    return status ? status : table_run_add_point(&r->series.runs[run], &p, error);
}
