/* The covariance of a run's points, a square CSV table whose header and first column are the lengths. */
#include "table/csv.h"
#include "table/series.h"
#include <math.h>
#include <ropelaw/number.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    table_csv csv;
    const char *name;
    ropelaw_run *run;
    size_t n, row, *lines; /* measured points of the run; rows read; line of each */
    double *lengths, *matrix;
} reader;

static ropelaw_status fail(const reader *r, ropelaw_status code, size_t line, const char *value,
                           const char *range, const char *message, ropelaw_error *error) {
    core_fail(error, code, "covariance", value, range, "%s", message);
    core_error_at(error, r->name, line);
    return code;
}

/* ---- Which run, and the lengths of its points: documents of one length are one, limits none. */

static ropelaw_status find_run(reader *r, ropelaw_series *series, ropelaw_error *error) {
    const char *wanted = NULL;
    char text[200];
    for (size_t i = 0; i < r->csv.n_keys; i++)
        if (!strcmp(r->csv.keys[i].key, "run")) wanted = r->csv.keys[i].value;
    for (size_t i = 0; i < series->n_runs; i++)
        if (wanted ? !strcmp(series->runs[i].name, wanted) : series->n_runs == 1) r->run = &series->runs[i];
    if (r->run) return ROPELAW_OK;
    if (wanted)
        snprintf(text, sizeof text, "there is no run \"%.100s\"", wanted);
    else
        snprintf(text, sizeof text,
                 "here are %zu runs: a line \"# run: NAME\" must say whose covariance it is", series->n_runs);
    return fail(r, ROPELAW_INVALID, 1, wanted ? wanted : "", "the name of a run", text, error);
}

static ropelaw_status take_lengths(reader *r, ropelaw_error *error) {
    const ropelaw_run *run = r->run;
    r->lengths = core_malloc(run->n_points, sizeof(double));
    if (!r->lengths) return core_fail_memory(error, run->n_points, sizeof(double));
    for (size_t i = 0, end; i < run->n_points; i = end) {
        const ropelaw_point *p = &run->points[i];
        bool documents = false, limit = false;
        for (end = i; end < run->n_points && run->points[end].eval_len_tok == p->eval_len_tok; end++) {
            documents |= run->points[end].doc != SIZE_MAX;
            limit |= run->points[end].doc != SIZE_MAX && run->points[end].censored;
        }
        if (documents && !limit) r->lengths[r->n++] = p->eval_len_tok;
        for (size_t k = i; k < end; k++)
            if (run->points[k].doc == SIZE_MAX && !run->points[k].censored)
                r->lengths[r->n++] = p->eval_len_tok;
    }
    return ROPELAW_OK;
}

static ropelaw_status check_length(const reader *r, const char *text, size_t k, size_t line,
                                   ropelaw_error *error) {
    double length;
    char expected[ROPELAW_NUMBER_SIZE], message[200];
    ropelaw_number_str(r->lengths[k], 0, expected);
    if (!ropelaw_length_parse(text, strlen(text), &length, NULL) && length == r->lengths[k])
        return ROPELAW_OK;
    snprintf(message, sizeof message, "%s %zu is of length \"%.60s\" (expected %s, the run's)",
             line == r->csv.line && r->row ? "row" : "column", k + 1, text, expected);
    return fail(r, ROPELAW_PARSE, line, text, expected, message, error);
}

static ropelaw_status take_header(reader *r, ropelaw_error *error) {
    char message[200];
    if (r->csv.n_columns != r->n + 1) {
        snprintf(message, sizeof message, "%zu columns of covariances, the run has %zu measured points",
                 r->csv.n_columns - 1, r->n);
        return fail(r, ROPELAW_PARSE, r->csv.line, "", "one column per measured point", message, error);
    }
    if (strcmp(r->csv.columns[0], "eval_len_tok"))
        return fail(r, ROPELAW_PARSE, r->csv.line, r->csv.columns[0], "eval_len_tok",
                    "the header must begin with eval_len_tok", error);
    for (size_t k = 0; k < r->n; k++) {
        ropelaw_status status = check_length(r, r->csv.columns[k + 1], k, r->csv.line, error);
        if (status) return status;
    }
    r->matrix = core_malloc(r->n * r->n, sizeof(double));
    r->lines = core_malloc(r->n, sizeof(size_t));
    return r->matrix && r->lines ? ROPELAW_OK : core_fail_memory(error, r->n * r->n, sizeof(double));
}

static ropelaw_status take_cell(const reader *r, size_t k, ropelaw_error *error) {
    const table_csv_cell *c = &r->csv.cells[k + 1];
    double *a = r->matrix, value;
    size_t i = r->row - 1, n = r->n;
    if (ropelaw_number_parse(c->text, c->length, &value, NULL))
        return table_csv_refuse(&r->csv, k + 1, ROPELAW_PARSE, "is not a number", "a covariance", error);
    if (!isfinite(value) || (k == i && !(value > 0)))
        return table_csv_refuse(&r->csv, k + 1, ROPELAW_DOMAIN, "is out of range",
                                k == i ? "a variance > 0" : "finite", error);
    a[i * n + k] = value;
    double rounding = 1e-9 * fmax(a[k * n + k], fabs(value)); /* tables carry ten digits at least */
    if (k >= i || fabs(value - a[k * n + i]) <= rounding) return ROPELAW_OK;
    char range[120], mirror[ROPELAW_NUMBER_SIZE];
    snprintf(range, sizeof range, "%s as in line %zu: a covariance is symmetric",
             ropelaw_number_str(a[k * n + i], 0, mirror), r->lines[k]);
    return table_csv_refuse(&r->csv, k + 1, ROPELAW_DOMAIN, "is not what its mirror says", range, error);
}

static ropelaw_status take_row(reader *r, ropelaw_error *error) {
    if (r->row == r->n)
        return fail(r, ROPELAW_PARSE, r->csv.line, "", "one row per measured point",
                    "more rows than measured points", error);
    r->lines[r->row++] = r->csv.line;
    ropelaw_status status = check_length(r, r->csv.cells[0].text, r->row - 1, r->csv.line, error);
    for (size_t k = 0; k < r->n && !status; k++) status = take_cell(r, k, error);
    return status;
}

/* Pivots of the factorisation, so that the first row that depends on those above can be named. Symmetric means of the
   mirrored cells, which may differ by rounding. */
static ropelaw_status check_definite(reader *r, ropelaw_error *error) {
    size_t n = r->n;
    double *a = r->matrix, *l = core_malloc(n * n, sizeof(double));
    if (!l) return core_fail_memory(error, n * n, sizeof(double));
    ropelaw_status status = ROPELAW_OK;
    for (size_t i = 0; i < n && !status; i++)
        for (size_t k = 0; k <= i && !status; k++) {
            a[i * n + k] = a[k * n + i] = 0.5 * (a[i * n + k] + a[k * n + i]);
            double sum = a[i * n + k];
            for (size_t j = 0; j < k; j++) sum -= l[i * n + j] * l[k * n + j];
            if (k < i)
                l[i * n + k] = sum / l[k * n + k];
            else if (sum > 1e-13 * a[i * n + i])
                l[i * n + i] = sqrt(sum);
            else
                status = fail(r, ROPELAW_SINGULAR, r->lines[i], "", "positive definite",
                              "the covariance is not positive definite: the point of this line is a "
                              "combination of those above, or more than one",
                              error);
        }
    core_free(l);
    return status;
}

static ropelaw_status read_all(reader *r, ropelaw_series *series, ropelaw_error *error) {
    ropelaw_status status = find_run(r, series, error);
    if (!status) status = take_lengths(r, error);
    if (!status) status = take_header(r, error);
    bool more = true;
    while (!status && more) {
        status = table_csv_next(&r->csv, &more, error);
        if (!status && more) status = take_row(r, error);
    }
    if (status) return status;
    if (r->row < r->n) {
        char message[120];
        snprintf(message, sizeof message, "%zu rows of covariances, the run has %zu measured points", r->row,
                 r->n);
        size_t last = r->row ? r->lines[r->row - 1] : 1;
        return fail(r, ROPELAW_PARSE, last, "", "one row per measured point", message, error);
    }
    return check_definite(r, error);
}

static ropelaw_status take(char *text, size_t n, const char *name, ropelaw_series *series,
                           ropelaw_error *error) {
    reader r = {.name = name};
    ropelaw_status status = table_csv_open(&r.csv, text, n, name, TABLE_CSV_REPEATED, error);
    if (status) return status;
    status = read_all(&r, series, error);
    if (!status) {
        core_free(r.run->covariance);
        r.run->covariance = r.matrix;
        r.run->n_covariance = r.n;
        r.matrix = NULL;
    }
    core_free(r.lengths);
    core_free(r.matrix);
    core_free(r.lines);
    table_csv_close(&r.csv);
    return status;
}

ropelaw_status ropelaw_series_read_covariance(const char *path, ropelaw_series *series,
                                              ropelaw_error *error) {
    char *text;
    size_t n;
    if (!path || !series)
        return core_fail(error, ROPELAW_INVALID, "path", "", "not NULL", "path and series must not be NULL");
    ropelaw_status status = table_read_file(path, &text, &n, error);
    return status ? status : take(text, n, strcmp(path, "-") ? path : "standard input", series, error);
}

ropelaw_status ropelaw_series_parse_covariance(const char *text, size_t n, const char *name,
                                               ropelaw_series *series, ropelaw_error *error) {
    char *copy = n < SIZE_MAX ? core_malloc(n + 1, 1) : NULL;
    if (!copy) return core_fail_memory(error, n, 1);
    if (n) memcpy(copy, text, n);
    copy[n] = 0;
    return take(copy, n, name, series, error);
}
