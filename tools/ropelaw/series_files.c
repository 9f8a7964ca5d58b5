#include "series_files.h"
#include <stdlib.h>
#include <string.h>

/* The note without the file that it begins with. */
static const char *without_file(const cli_context *c, const char *note) {
    for (size_t i = 0; i < c->n_arguments; i++) {
        const char *name = strcmp(c->arguments[i], "-") ? c->arguments[i] : "standard input";
        size_t n = strlen(name);
        if (!strncmp(note, name, n) && !strncmp(note + n, ": ", 2)) return note + n + 2;
    }
    return note;
}

/* The notes without their files; NULL where the same note of the same file came before. NULL: no memory. */
static const char **note_texts(const cli_context *c, const ropelaw_series *all) {
    const char **texts = calloc(all->n_notes + 1, sizeof *texts);
    for (size_t i = 0; texts && i < all->n_notes; i++) {
        size_t k = 0;
        while (strcmp(all->notes[k], all->notes[i])) k++;
        texts[i] = k < i ? NULL : without_file(c, all->notes[i]);
    }
    return texts;
}

/* A note that several files share is told where it comes first, with their number. */
static void tell_notes(const cli_context *c, const ropelaw_series *all) {
    const char **texts = note_texts(c, all); /* NULL: told */
    for (size_t i = 0; i < all->n_notes; i++) {
        size_t files = 1;
        for (size_t k = i + 1; texts && texts[i] && k < all->n_notes; k++) {
            if (!texts[k] || strcmp(texts[k], texts[i])) continue;
            texts[k] = NULL;
            files++;
        }
        if (files > 1)
            cli_note(c, "%s files: %s", cli_num((double)files, 0), texts[i]);
        else if (!texts || texts[i])
            cli_note(c, "%s", all->notes[i]);
    }
    free(texts);
}

int cli_series_read(cli_context *c, size_t first, ropelaw_series *all) {
    ropelaw_error error = {0};
    for (size_t i = first; i < c->n_arguments; i++) {
        ropelaw_series next;
        if (ropelaw_series_read(c->arguments[i], &next, &error)) return cli_fail(c, &error);
        ropelaw_status status = ropelaw_series_merge(all, &next, &error);
        ropelaw_series_clear(&next);
        if (status) return cli_fail(c, &error);
    }
    tell_notes(c, all);
    return CLI_OK;
}
