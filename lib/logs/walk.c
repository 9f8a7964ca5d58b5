/* Files of a folder: those with an ending that some format uses, in sorted order, folders inside included. */
#include "logs/logs.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEEPEST = 12 };

static bool ends_with(const char *name, const char *ending) {
    size_t n = strlen(name), m = strlen(ending);
    return n > m && !strcmp(name + n - m, ending);
}

static bool wanted(const char *name) {
    static const char *const endings[] = {".csv", ".tsv", ".json", ".log", ".txt", ".out"};
    for (size_t i = 0; i < CORE_COUNT(endings); i++)
        if (ends_with(name, endings[i])) return true;
    return false;
}

static ropelaw_status keep(logs_paths *paths, char *path, ropelaw_error *error) {
    char **larger = core_realloc(paths->paths, paths->n + 1, sizeof *larger);
    if (!larger) {
        core_free(path);
        return core_fail_memory(error, paths->n + 1, sizeof *larger);
    }
    paths->paths = larger;
    paths->paths[paths->n++] = path;
    return ROPELAW_OK;
}

static ropelaw_status walk(const char *folder, int depth, logs_paths *paths, ropelaw_error *error);

static ropelaw_status take(const char *folder, const char *name, int depth, logs_paths *paths,
                           ropelaw_error *error) {
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = core_malloc(size, 1);
    struct stat info;
    ropelaw_status status = ROPELAW_OK;
    if (!path) return core_fail_memory(error, size, 1);
    snprintf(path, size, "%s/%s", folder, name);
    if (!stat(path, &info) && S_ISDIR(info.st_mode))
        status = walk(path, depth + 1, paths, error);
    else if (S_ISREG(info.st_mode) && wanted(name))
        return keep(paths, path, error);
    core_free(path);
    return status;
}

static ropelaw_status walk(const char *folder, int depth, logs_paths *paths, ropelaw_error *error) {
    struct dirent **entries;
    if (depth > DEEPEST) return ROPELAW_OK; /* a loop of links, or no result folder */
    int n = scandir(folder, &entries, NULL, alphasort);
    if (n < 0) {
        core_fail(error, ROPELAW_IO, "path", folder, "", "cannot read the folder: %s", strerror(errno));
        core_error_at(error, folder, 0);
        return ROPELAW_IO;
    }
    ropelaw_status status = ROPELAW_OK;
    for (int i = 0; i < n; i++) {
        if (!status && entries[i]->d_name[0] != '.')
            status = take(folder, entries[i]->d_name, depth, paths, error);
        free(entries[i]);
    }
    free(entries);
    return status;
}

ropelaw_status logs_walk(const char *folder, logs_paths *paths, ropelaw_error *error) {
    return walk(folder, 0, paths, error);
}

void logs_paths_free(logs_paths *paths) {
    for (size_t i = 0; i < paths->n; i++) core_free(paths->paths[i]);
    core_free(paths->paths);
    *paths = (logs_paths){0};
}
