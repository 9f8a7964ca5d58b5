/* Lines, numbers and what paths say. */
#include "logs/logs.h"
#include <ropelaw/number.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

bool logs_next_line(const char **at, char *line, size_t size) {
    if (!**at) return false;
    size_t n = strcspn(*at, "\n"), kept = n < size - 1 ? n : size - 1;
    memcpy(line, *at, kept);
    if (kept && line[kept - 1] == '\r') kept--;
    line[kept] = 0;
    *at += n;
    if (**at) ++*at;
    return true;
}

size_t logs_longest_line(const char *text) {
    size_t longest = 0;
    while (*text) {
        size_t n = strcspn(text, "\n");
        if (n > longest) longest = n;
        text += n + (text[n] == '\n');
    }
    return longest;
}

void logs_first_line(const logs_input *input, char *line, size_t size) {
    const char *at = input->text;
    if (!strncmp(at, "\xef\xbb\xbf", 3)) at += 3;
    while (logs_next_line(&at, line, size))
        if (*line != '#' && line[strspn(line, " \t")]) return;
    *line = 0;
}

ropelaw_status logs_csv(const logs_input *input, unsigned rules, table_csv *csv, ropelaw_error *error) {
    char *copy = core_malloc(input->length + 1, 1);
    if (!copy) return core_fail_memory(error, input->length, 1);
    memcpy(copy, input->text, input->length + 1);
    return table_csv_open(csv, copy, input->length, input->path, rules, error);
}

bool logs_number(const char *text, double *value, const char **end) {
    size_t n = strspn(text, "+-.0123456789");
    if (n && (text[n] == 'e' || text[n] == 'E')) {
        size_t exponent = strspn(text + n + 1, "+-0123456789");
        if (exponent) n += 1 + exponent;
    }
    while (n && (text[n - 1] == '.' || text[n - 1] == '+' || text[n - 1] == '-'))
        n--; /* the end of a sentence */
    if (!n || ropelaw_number_parse(text, n, value, NULL)) return false;
    if (end) *end = text + n;
    return true;
}

void logs_run_name(const logs_input *input, char *out, size_t size) {
    const char *name = strrchr(input->path, '/');
    name = name ? name + 1 : input->path;
    if (input->options->run) {
        snprintf(out, size, "%s", input->options->run);
        return;
    }
    const char *dot = strrchr(name, '.');
    size_t n = dot && dot != name ? (size_t)(dot - name) : strlen(name);
    snprintf(out, size, "%.*s", (int)(n < 200 ? n : 200), name);
    if (!n) snprintf(out, size, "run"); /* a run has a name */
}

/* A folder that is nothing but a length; small numbers are version or layer numbers, not lengths. */
static double folder_length(const char *name, size_t n) {
    double length;
    if (!n || !isdigit((unsigned char)name[0]) || ropelaw_length_parse(name, n, &length, NULL)) return NAN;
    return length >= 128 ? length : NAN;
}

double logs_path_length(const char *path, char *before, size_t size) {
    double found = NAN;
    const char *name = "", *last = "";
    size_t n_name = 0, n_last = 0;
    if (size) *before = 0;
    for (const char *at = path; *at;) {
        size_t n = strcspn(at, "/");
        double length = folder_length(at, n);
        if (!isnan(length)) {
            found = length;
            bool skip = n_last == 9 && !strncmp(last, "synthetic", 9);
            snprintf(before, size, "%.*s", skip ? (int)n_name : (int)n_last, skip ? name : last);
        }
        if (n && strncmp(at, "..", n) != 0) {
            name = last;
            n_name = n_last;
            last = at;
            n_last = n;
        }
        at += n + (at[n] == '/');
    }
    return found;
}
