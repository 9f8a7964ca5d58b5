/* RFC 4180 and what the wild holds: a UTF-8 byte order mark, LF, CRLF or CR, tabs instead of commas, comment
   lines. Cells are unquoted in place (a cell never grows by it) and cut off with a NUL written over the
   separator, so a row costs no allocation and a million rows cost one pass over the text. */
#include "table/csv.h"
#include "table/names.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static ropelaw_status read_stream(FILE *file, char **text, size_t *length, ropelaw_error *error) {
    size_t room = 1 << 16, n = 0, got;
    char *all = core_malloc(room + 1, 1);
    while (all && (got = fread(all + n, 1, room - n, file)) > 0) {
        n += got;
        if (n < room) continue;
        room *= 2;
        char *larger = core_realloc(all, room + 1, 1);
        if (!larger) core_free(all);
        all = larger;
    }
    if (!all) return core_fail_memory(error, room, 1);
    if (ferror(file)) {
        core_free(all);
        return core_fail(error, ROPELAW_IO, "path", "", "", "cannot read: %s", strerror(errno));
    }
    all[n] = 0;
    *text = all;
    *length = n;
    return ROPELAW_OK;
}

ropelaw_status table_read_file(const char *path, char **text, size_t *length, ropelaw_error *error) {
    bool standard = !strcmp(path, "-");
    FILE *file = standard ? stdin : fopen(path, "rb");
    ropelaw_status status;
    struct stat info;
    if (!file)
        status = core_fail(error, ROPELAW_IO, "path", path, "", "cannot open: %s", strerror(errno));
    else if (!fstat(fileno(file), &info) && S_ISDIR(info.st_mode))
        status = core_fail(error, ROPELAW_IO, "path", path, "a file", "is a directory, expected a file");
    else
        status = read_stream(file, text, length, error);
    if (file && !standard) fclose(file);
    if (status) core_error_at(error, standard ? "standard input" : path, 0);
    return status;
}

static ropelaw_status refuse_line(const table_csv *csv, ropelaw_error *error, const char *message) {
    core_fail(error, ROPELAW_PARSE, "", "", "", "%s", message);
    core_error_at(error, csv->name, csv->line);
    return ROPELAW_PARSE;
}

static bool at_line_end(const table_csv *csv) {
    return csv->at == csv->end || *csv->at == '\n' || *csv->at == '\r';
}

static void skip_line_end(table_csv *csv) {
    if (csv->at == csv->end) return;
    if (*csv->at == '\r' && csv->at + 1 < csv->end && csv->at[1] == '\n') csv->at++;
    csv->at++;
    csv->next_line++;
}

static char *trim(char *from, char *to) {
    while (from < to && (*from == ' ' || *from == '\t')) from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t')) to--;
    *to = 0;
    return from;
}

/* A comment line, csv->at behind its '#'. */
static ropelaw_status take_comment(table_csv *csv, ropelaw_error *error) {
    static char word_comment[] = "comment";
    char *from = csv->at;
    while (!at_line_end(csv)) csv->at++;
    char *to = csv->at;
    skip_line_end(csv); /* before the line end is overwritten */
    from = trim(from, to);
    if (!*from) return ROPELAW_OK;
    if (csv->n_keys == csv->room_keys) {
        size_t room = csv->room_keys ? 2 * csv->room_keys : 8;
        table_key *keys = core_realloc(csv->keys, room, sizeof *keys);
        if (!keys) return core_fail_memory(error, room, sizeof *keys);
        csv->keys = keys;
        csv->room_keys = room;
    }
    size_t word = strspn(from, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    table_key key = {word_comment, from};
    if (word && from[word] == ':') {
        from[word] = 0;
        key = (table_key){from, from + word + 1 + strspn(from + word + 1, " \t")};
    }
    csv->keys[csv->n_keys++] = key;
    return ROPELAW_OK;
}

/* Comments and blank lines; afterwards csv->at is on a row or at the end, csv->line is its line. */
static ropelaw_status skip_to_row(table_csv *csv, ropelaw_error *error) {
    while (csv->at < csv->end) {
        char *line = csv->at;
        if (*line == '#' && !(csv->rules & TABLE_CSV_NO_COMMENTS)) {
            csv->at++;
            ropelaw_status status = take_comment(csv, error);
            if (status) return status;
            continue;
        }
        while (csv->at < csv->end && *csv->at == ' ') csv->at++;
        bool blank = at_line_end(csv);
        if (!blank) csv->at = line;
        if (!blank) break;
        skip_line_end(csv);
    }
    csv->line = csv->next_line;
    return ROPELAW_OK;
}

/* What ended a cell. */
enum { ENDS_CELL, ENDS_ROW };

static ropelaw_status quoted_cell(table_csv *csv, table_csv_cell *cell, ropelaw_error *error) {
    char *out = ++csv->at;
    cell->text = out;
    for (; csv->at < csv->end; csv->at++) {
        if (*csv->at == '"') {
            if (csv->at + 1 == csv->end || csv->at[1] != '"') break;
            csv->at++;
        } else if (*csv->at == '\n') {
            csv->next_line++;
        }
        *out++ = *csv->at;
    }
    if (csv->at == csv->end) return refuse_line(csv, error, "a quoted cell that begins here is never closed");
    csv->at++;
    cell->length = (size_t)(out - cell->text);
    while (csv->at < csv->end && *csv->at == ' ') csv->at++;
    if (!at_line_end(csv) && *csv->at != csv->separator)
        return refuse_line(csv, error,
                           "text after the closing quote of a cell (a quote inside is doubled: \"\")");
    return ROPELAW_OK;
}

static ropelaw_status bare_cell(table_csv *csv, table_csv_cell *cell, ropelaw_error *error) {
    char *from = csv->at;
    while (!at_line_end(csv) && *csv->at != csv->separator) {
        if (*csv->at == '"')
            return refuse_line(csv, error, "a quote inside a cell that does not begin with one");
        csv->at++;
    }
    char *to = csv->at;
    while (from < to && (*from == ' ' || *from == '\t')) from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t')) to--;
    *cell = (table_csv_cell){from, (size_t)(to - from)};
    return ROPELAW_OK;
}

/* One cell; its NUL is written after the separator was looked at. */
static ropelaw_status read_cell(table_csv *csv, table_csv_cell *cell, int *ends, ropelaw_error *error) {
    char *blank = csv->at;
    while (blank < csv->end && *blank == ' ') blank++;
    bool quoted = blank < csv->end && *blank == '"';
    if (quoted) csv->at = blank;
    ropelaw_status status = quoted ? quoted_cell(csv, cell, error) : bare_cell(csv, cell, error);
    if (status) return status;
    *ends = at_line_end(csv) ? ENDS_ROW : ENDS_CELL;
    if (*ends == ENDS_ROW)
        skip_line_end(csv);
    else
        csv->at++;
    cell->text[cell->length] = 0;
    return ROPELAW_OK;
}

static ropelaw_status wrong_count(const table_csv *csv, size_t found, ropelaw_error *error) {
    core_fail(error, ROPELAW_PARSE, "", "", "", "the row has %zu cells, the header %zu", found,
              csv->n_columns);
    core_error_at(error, csv->name, csv->line);
    return ROPELAW_PARSE;
}

ropelaw_status table_csv_next(table_csv *csv, bool *more, ropelaw_error *error) {
    static char empty[1];
    ropelaw_status status = skip_to_row(csv, error);
    if (status) return status;
    *more = csv->at < csv->end;
    if (!*more) return ROPELAW_OK;
    bool ragged = csv->rules & TABLE_CSV_RAGGED;
    size_t n = 0;
    for (int ends = ENDS_CELL; ends == ENDS_CELL; n++) {
        table_csv_cell cell;
        status = read_cell(csv, &cell, &ends, error);
        if (status) return status;
        if (n < csv->n_columns)
            csv->cells[n] = cell;
        else if (ragged && cell.length)
            return wrong_count(csv, n + 1, error);
    }
    if (n != csv->n_columns && !ragged) return wrong_count(csv, n, error);
    for (; n < csv->n_columns; n++) csv->cells[n] = (table_csv_cell){empty, 0};
    return ROPELAW_OK;
}

/* Separator and an upper limit of the number of columns, from the raw header line. */
static ropelaw_status survey_header(table_csv *csv, size_t *limit, ropelaw_error *error) {
    size_t commas = 0, tabs = 0, semicolons = 0;
    bool quoted = false; /* a quoted name may hold line ends and separators */
    for (const char *c = csv->at; c < csv->end && (quoted || (*c != '\n' && *c != '\r')); c++) {
        quoted ^= *c == '"';
        commas += *c == ',' && !quoted;
        tabs += *c == '\t' && !quoted;
        semicolons += *c == ';' && !quoted;
    }
    csv->separator = tabs ? '\t' : ',';
    *limit = 1 + (tabs ? tabs : commas);
    if (semicolons && !commas && !tabs)
        return refuse_line(csv, error, "the header separates its columns with ';', expected ',' or a tab");
    return ROPELAW_OK;
}

static ropelaw_status check_name(table_csv *csv, size_t column, table_names *names, ropelaw_error *error) {
    char *name = csv->columns[column];
    bool added;
    if (!*name && (csv->rules & TABLE_CSV_UNNAMED)) return ROPELAW_OK;
    if (!*name) {
        core_fail(error, ROPELAW_PARSE, "", "", "", "column %zu of the header has no name", column + 1);
        core_error_at(error, csv->name, csv->line);
        return ROPELAW_PARSE;
    }
    const struct table_names_entry *first = table_names_find(names, 0, name, column, &added);
    if (!first) return core_fail_memory(error, column + 1, sizeof *first);
    if (added || csv->rules & TABLE_CSV_REPEATED) return ROPELAW_OK;
    core_fail(error, ROPELAW_PARSE, name, "", "", "column \"%.60s\" appears twice (columns %zu and %zu)",
              name, first->id + 1, column + 1);
    core_error_at(error, csv->name, csv->line);
    return ROPELAW_PARSE;
}

static ropelaw_status read_names(table_csv *csv, table_names *names, ropelaw_error *error) {
    ropelaw_status status = ROPELAW_OK;
    for (int ends = ENDS_CELL; !status && ends == ENDS_CELL; csv->n_columns++) {
        table_csv_cell cell;
        status = read_cell(csv, &cell, &ends, error);
        if (status) return status;
        csv->columns[csv->n_columns] = cell.text;
        status = check_name(csv, csv->n_columns, names, error);
    }
    return status;
}

static ropelaw_status read_header(table_csv *csv, ropelaw_error *error) {
    ropelaw_status status = skip_to_row(csv, error);
    if (status) return status;
    if (csv->at == csv->end) return refuse_line(csv, error, "no header found: the input is empty");
    size_t limit;
    status = survey_header(csv, &limit, error);
    if (status) return status;
    csv->columns = core_malloc(limit, sizeof *csv->columns);
    csv->cells = core_calloc(limit, sizeof *csv->cells);
    if (!csv->columns || !csv->cells) return core_fail_memory(error, limit, sizeof *csv->cells);
    table_names names = {0};
    status = read_names(csv, &names, error);
    table_names_clear(&names);
    return status;
}

/* A byte order mark, and what is no text at all. */
static ropelaw_status check_text(table_csv *csv, ropelaw_error *error) {
    size_t n = (size_t)(csv->end - csv->at);
    if (n >= 2 && (!memcmp(csv->at, "\xff\xfe", 2) || !memcmp(csv->at, "\xfe\xff", 2)))
        return refuse_line(csv, error, "the text is UTF-16, expected UTF-8");
    if (n >= 3 && !memcmp(csv->at, "\xef\xbb\xbf", 3)) csv->at += 3;
    const char *nul = memchr(csv->at, 0, (size_t)(csv->end - csv->at));
    if (!nul) return ROPELAW_OK;
    for (const char *c = csv->at; c < nul; c++) csv->line += *c == '\n';
    return refuse_line(csv, error, "a NUL byte: this is no text");
}

ropelaw_status table_csv_open(table_csv *csv, char *text, size_t length, const char *name, unsigned rules,
                              ropelaw_error *error) {
    *csv = (table_csv){
        .rules = rules, .text = text, .at = text, .end = text + length, .line = 1, .next_line = 1};
    csv->name = core_strdup(name);
    ropelaw_status status = csv->name ? check_text(csv, error) : core_fail_memory(error, 1, 1);
    if (!status) status = read_header(csv, error);
    if (status) table_csv_close(csv);
    return status;
}

void table_csv_close(table_csv *csv) {
    core_free(csv->name);
    core_free(csv->columns);
    core_free(csv->cells);
    core_free(csv->keys);
    core_free(csv->text);
    *csv = (table_csv){0};
}

size_t table_csv_find(const table_csv *csv, const char *name) {
    for (size_t i = 0; i < csv->n_columns; i++)
        if (!strcmp(csv->columns[i], name)) return i;
    return SIZE_MAX;
}

ropelaw_status table_csv_refuse(const table_csv *csv, size_t column, ropelaw_status code, const char *what,
                                const char *range, ropelaw_error *error) {
    const char *name = csv->columns[column], *value = csv->cells[column].text;
    core_fail(error, code, name, value, range, "column \"%.60s\": \"%.60s\" %s (expected %s)", name, value,
              what, range);
    core_error_at(error, csv->name, csv->line);
    return code;
}
