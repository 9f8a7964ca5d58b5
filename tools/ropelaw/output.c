/* From the filled context to bytes: every format is made whole in memory first, then written. A regular file
   is written beside its name and renamed, so that a full disk or a Ctrl-C never leaves half an answer. */
#include "internal.h"
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

cli_value *cli_result_array(cli_context *c) {
    document_free(c->result);
    return c->result = cli_array();
}

static void put_once(cli_value *array, const char *text) {
    for (size_t i = 0; i < document_count(array); i++)
        if (!strcmp(document_text(array, i), text)) return;
    cli_put_text(array, NULL, text);
}

void cli_caveat(cli_context *c, const char *words) {
    put_once(c->state->caveats, words);
}

void cli_caveats(cli_context *c, uint32_t bits) {
    for (int i = 0; i < 32; i++)
        if (bits & (uint32_t)1 << i) cli_caveat(c, ropelaw_caveat_str((uint32_t)1 << i));
}

void cli_source(cli_context *c, const char *source) {
    put_once(c->state->sources, source);
}

void cli_explain(cli_context *c, const char *format, ...) {
    if (!c->explain) return;
    char line[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    cli_put_text(c->state->explain, NULL, line);
}

const char *cli_num(double value, int digits) {
    static char texts[32][ROPELAW_NUMBER_SIZE];
    static unsigned next;
    char *text = texts[next++ % 32];
    if (isnan(value)) return strcpy(text, "-");
    if (value == nearbyint(value) && fabs(value) < 1e15) digits = 0;
    return ropelaw_number_str(value, digits, text);
}

void cli_raw(cli_context *c, const char *text) {
    free(c->state->raw);
    c->state->raw = cli_memory(strdup(text));
}

static void write_table(const ropelaw_table *table, const char *format, FILE *out) {
    char *text;
    ropelaw_error e;
    if (ropelaw_table_write(table, format, &text, NULL, &e)) {
        fprintf(stderr, "ropelaw: %s\n", e.message);
        exit(CLI_NUMERIC);
    }
    fputs(text, out);
    ropelaw_text_free(text);
}

void cli_table(cli_context *c, ropelaw_table *table, bool show) {
    struct cli_state *s = c->state;
    if (s->n_tables == CLI_MOST_TABLES) abort();
    s->tables[s->n_tables++] = table;
    if (show) write_table(table, "text", c->text);
}

cli_rows cli_rows_start(const char *title, const ropelaw_column *columns, size_t n_columns) {
    cli_rows r = {0};
    r.status = ropelaw_table_create(title, columns, n_columns, &r.table, &r.error);
    return r;
}

void cli_cell(cli_rows *r, double value) {
    if (!r->status) r->status = ropelaw_table_add_number(r->table, value, &r->error);
}

void cli_cell_text(cli_rows *r, const char *text) {
    if (!r->status) r->status = ropelaw_table_add_text(r->table, text, &r->error);
}

void cli_cell_limit(cli_rows *r, const char *text) {
    if (!r->status) r->status = ropelaw_table_add_limit(r->table, text, &r->error);
}

void cli_rows_note(cli_rows *r, const char *note) {
    if (!r->status) r->status = ropelaw_table_add_note(r->table, note, &r->error);
}

int cli_rows_end(cli_context *c, cli_rows *r, bool show) {
    if (r->status) {
        ropelaw_table_destroy(&r->table);
        return cli_fail(c, &r->error);
    }
    cli_table(c, r->table, show);
    return CLI_OK;
}

/* ---- the answer in each format */

static void write_list(const cli_value *array, const char *heading, const char *prefix, FILE *out) {
    size_t n = document_count(array);
    if (!n) return;
    if (heading) fprintf(out, "\n%s\n", heading);
    for (size_t i = 0; i < n; i++) fprintf(out, "%s%s\n", prefix, document_text(array, i));
}

static void write_text(cli_context *c, FILE *out) {
    struct cli_state *s = c->state;
    fflush(c->text);
    if (s->raw) {
        fputs(s->raw, out);
        return;
    }
    fwrite(s->text_data, 1, s->text_length, out);
    write_list(s->explain, "How", "  ", out);
    write_list(s->caveats, "Caveats", "  - ", out);
    write_list(s->sources, "Sources", "  - ", out);
}

static void write_json(cli_context *c, FILE *out) {
    struct cli_state *s = c->state;
    cli_value *top = cli_object();
    cli_put_number(top, "schema_version", 1);
    cli_put_text(top, "command", c->command->name);
    cli_put(top, "input", c->input);
    cli_put(top, "result", c->result);
    cli_put(top, "caveats", s->caveats);
    cli_put(top, "sources", s->sources);
    if (c->explain)
        cli_put(top, "explain", s->explain);
    else
        document_free(s->explain);
    document_write(top, out, 0);
    putc('\n', out);
    document_free(top);
    c->input = c->result = s->caveats = s->sources = s->explain = NULL;
}

static int write_tables(cli_context *c, FILE *out) {
    struct cli_state *s = c->state;
    if (!s->n_tables) return cli_usage(c, "this answer has no %s form: use text or json", c->format);
    bool one = !strcmp(c->format, "csv") || !strcmp(c->format, "tsv");
    bool markdown = !strcmp(c->format, "md");
    for (size_t i = 0; i < (one ? 1 : s->n_tables); i++) {
        if (i) putc('\n', out);
        write_table(s->tables[i], c->format, out);
    }
    if (markdown) {
        write_list(s->explain, "How:\n", "- ", out);
        write_list(s->caveats, "Caveats:\n", "- ", out);
        write_list(s->sources, "Sources:\n", "- ", out);
    } else if (!one) {
        write_list(s->explain, NULL, "% ", out);
        write_list(s->caveats, NULL, "% caveat: ", out);
        write_list(s->sources, NULL, "% source: ", out);
    } else {
        for (size_t i = 0; i < document_count(s->explain); i++)
            cli_note(c, "%s", document_text(s->explain, i));
        for (size_t i = 0; i < document_count(s->caveats); i++)
            cli_note(c, "caveat: %s", document_text(s->caveats, i));
    }
    return CLI_OK;
}

/* ---- to the world */

static int fail_output(const cli_context *c, const char *path) {
    fprintf(stderr, "ropelaw %s: %s: %s\n", c->command->name, path, strerror(errno));
    return CLI_OUTPUT;
}

static bool write_all(int fd, const char *text, size_t length) {
    while (length) {
        ssize_t n = write(fd, text, length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        text += n;
        length -= (size_t)n;
    }
    return true;
}

static int write_stdout(const cli_context *c, const char *text, size_t length) {
    if (write_all(STDOUT_FILENO, text, length)) return CLI_OK;
    return errno == EPIPE ? CLI_OK : fail_output(c, "standard output");
}

/* A device or FIFO is opened as it is; everything else goes through a temporary file in the same folder. */
static int write_special(const cli_context *c, const char *path, const char *text, size_t length) {
    FILE *f = fopen(path, "w");
    if (!f) return fail_output(c, path);
    bool ok = write_all(fileno(f), text, length);
    int saved = errno;
    fclose(f);
    errno = saved;
    return ok || errno == EPIPE ? CLI_OK : fail_output(c, path);
}

static int give_up(const cli_context *c, const char *path, int fd, const char *temporary) {
    int saved = errno;
    if (fd >= 0) close(fd);
    unlink(temporary);
    progress_unlink[0] = 0;
    errno = saved;
    return fail_output(c, path);
}

int cli_write_file(const cli_context *c, const char *path, const char *text, size_t length) {
    if (!strcmp(path, "-")) return write_stdout(c, text, length);
    struct stat st;
    bool exists = stat(path, &st) == 0;
    if (exists && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return fail_output(c, path);
    }
    if (exists && !S_ISREG(st.st_mode)) return write_special(c, path, text, length);
    char temporary[4096];
    if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary) {
        errno = ENAMETOOLONG;
        return fail_output(c, path);
    }
    int fd = mkstemp(temporary);
    if (fd < 0) return fail_output(c, path);
    strcpy(progress_unlink, temporary);
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(fd, exists ? st.st_mode & 07777 : 0666 & ~mask) || !write_all(fd, text, length) || fsync(fd))
        return give_up(c, path, fd, temporary);
    if (close(fd) || rename(temporary, path)) return give_up(c, path, -1, temporary);
    progress_unlink[0] = 0;
    return CLI_OK;
}

int cli_can_write(const cli_context *c, const char *path) {
    struct stat st;
    char trial[4096];
    if (!path || !strcmp(path, "-")) return CLI_OK;
    bool exists = stat(path, &st) == 0;
    if (exists && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) return CLI_OK;
    errno = EISDIR;
    if (exists && S_ISDIR(st.st_mode)) return fail_output(c, path);
    errno = ENAMETOOLONG;
    if (snprintf(trial, sizeof trial, "%s.XXXXXX", path) >= (int)sizeof trial) return fail_output(c, path);
    int fd = mkstemp(trial);
    if (fd < 0) return fail_output(c, path);
    close(fd);
    unlink(trial);
    return CLI_OK;
}

int output_write(cli_context *c) {
    char *text = NULL;
    size_t length = 0;
    FILE *out = cli_memory(open_memstream(&text, &length));
    int code = CLI_OK;
    if (!strcmp(c->format, "text"))
        write_text(c, out);
    else if (!strcmp(c->format, "json"))
        write_json(c, out);
    else
        code = write_tables(c, out);
    bool broken = ferror(out) != 0;
    if (fclose(out) || broken) cli_memory(NULL);
    if (!code) code = cli_write_file(c, c->state->output ? c->state->output : "-", text, length);
    free(text);
    return code;
}
