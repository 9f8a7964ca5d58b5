/* A model in several files, NAME-00001-of-00003.gguf (llama.cpp, gguf-split): split.count and split.no (from 0) stand
   in every part, all other metadata in the first, a tensor in any of them. So the metadata come from part 1 and
   the rope tensors from wherever they are. */
#include "model/gguf.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "-00001-of-00003.gguf" at the end of a path. */
enum { DIGITS = 5, ENDING = 20 };

static bool five_digits(const char *at, size_t *value) {
    *value = 0;
    for (int i = 0; i < DIGITS; i++) {
        if (!isdigit((unsigned char)at[i])) return false;
        *value = *value * 10 + (size_t)(at[i] - '0');
    }
    return true;
}

static bool take_name(const char *path, size_t *part, size_t *n_parts) {
    size_t length = strlen(path);
    if (length <= ENDING) return false;
    const char *end = path + length - ENDING;
    return *end == '-' && five_digits(end + 1, part) && !strncmp(end + 1 + DIGITS, "-of-", 4) &&
           five_digits(end + 5 + DIGITS, n_parts) && !strcmp(end + 5 + 2 * DIGITS, ".gguf");
}

/* Of the same length as `path`: only the digits change. */
static void put_name(char *path, size_t part) {
    char digits[24];
    snprintf(digits, sizeof digits, "%05zu", part);
    memcpy(path + strlen(path) - ENDING + 1, digits, DIGITS);
}

static double number_of(const gguf_file *file, const char *key) {
    const gguf_entry *e = gguf_find(file, key);
    return e && !e->array && e->type != GGUF_STRING ? e->number : -1;
}

/* What part says about itself must fit its name. */
static ropelaw_status check_part(const gguf_file *file, const char *path, size_t part, size_t n_parts,
                                 ropelaw_error *error) {
    double no = number_of(file, "split.no"), count = number_of(file, "split.count");
    if (no == (double)part - 1 && count == (double)n_parts) return ROPELAW_OK;
    core_fail(error, ROPELAW_PARSE, "split.no", "", "",
              "the name says part %zu of %zu, the file split.no %.0f (from 0) and split.count %.0f", part,
              n_parts, no, count);
    core_error_at(error, path, 0);
    return ROPELAW_PARSE;
}

/* Rope tensors that are not there yet, and the metadata if this is the part that has them. */
static void take_over(gguf_file *to, gguf_file *from) {
    for (size_t i = 0; i < from->n_kept && to->n_kept < GGUF_ROPE_TENSORS; i++) {
        if (gguf_tensor_find(to, from->tensors[i].name)) continue;
        to->tensors[to->n_kept++] = from->tensors[i];
        from->tensors[i] = (gguf_tensor){.name = ""};
    }
    if (gguf_find(to, "general.architecture") || !gguf_find(from, "general.architecture")) return;
    gguf_entry *entries = to->entries;
    size_t n = to->n_entries;
    to->entries = from->entries;
    to->n_entries = from->n_entries;
    from->entries = entries;
    from->n_entries = n;
}

static ropelaw_status join(const char *path, size_t part, size_t n_parts, gguf_file *file,
                           ropelaw_error *error) {
    gguf_file other;
    if (access(path, F_OK)) {
        if (!file->first_missing) file->first_missing = part;
        return ROPELAW_OK;
    }
    ropelaw_status status = gguf_parse_path(path, &other, error);
    if (status) return status;
    status = check_part(&other, path, part, n_parts, error);
    if (!status) take_over(file, &other);
    file->n_parts_read++;
    gguf_clear(&other);
    return status;
}

ropelaw_status gguf_join_parts(const char *path, gguf_file *file, ropelaw_error *error) {
    size_t mine, n_parts;
    if (number_of(file, "split.count") <= 1 || !take_name(path, &mine, &n_parts)) return ROPELAW_OK;
    ropelaw_status status = check_part(file, path, mine, n_parts, error);
    char *name = status ? NULL : core_strdup(path);
    if (!status && !name) status = core_fail_memory(error, strlen(path) + 1, 1);
    file->n_parts_read = 1;
    for (size_t part = 1; !status && part <= n_parts; part++) {
        put_name(name, part);
        if (part != mine) status = join(name, part, n_parts, file, error);
    }
    if (!status && !gguf_find(file, "general.architecture") && file->first_missing == 1) {
        put_name(name, 1);
        status = core_fail(error, ROPELAW_IO, "path", name, "",
                           "part 1 of %zu, which holds the metadata, is missing: %s", n_parts, name);
    }
    core_free(name);
    return status;
}
