/* Bytes of a file, never more than asked for: a device or a pipe may go on for ever. */
#include "json/json.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static ropelaw_status fail_io(const char *path, int code, ropelaw_error *error) {
    (void)core_fail(error, ROPELAW_IO, "", "", "", "%s", strerror(code));
    core_error_at(error, path, 0);
    return ROPELAW_IO;
}

static ropelaw_status fail_size(const char *path, size_t max_bytes, ropelaw_error *error) {
    (void)core_fail(error, ROPELAW_SHAPE, "", "", "", "longer than %zu bytes", max_bytes);
    core_error_at(error, path, 0);
    return ROPELAW_SHAPE;
}

static ropelaw_status read_stream(FILE *file, const char *path, size_t max_bytes, char **text, size_t *length,
                                  ropelaw_error *error) {
    size_t room = 1 << 16, n = 0;
    char *bytes = core_malloc(room, 1);
    if (!bytes) return core_fail_memory(error, room, 1);
    for (;;) {
        n += fread(bytes + n, 1, room - n - 1, file);
        if (n + 1 < room) break;
        char *more = n > max_bytes ? NULL : core_realloc(bytes, room, 2);
        if (!more) {
            core_free(bytes);
            return n > max_bytes ? fail_size(path, max_bytes, error) : core_fail_memory(error, room, 2);
        }
        bytes = more;
        room *= 2;
    }
    int failed = ferror(file) ? errno : 0;
    if (failed || n > max_bytes) {
        core_free(bytes);
        return failed ? fail_io(path, failed, error) : fail_size(path, max_bytes, error);
    }
    bytes[n] = 0;
    *text = bytes;
    *length = n;
    return ROPELAW_OK;
}

ropelaw_status json_file_read(const char *path, size_t max_bytes, char **text, size_t *length,
                              ropelaw_error *error) {
    if (!strcmp(path, "-")) return read_stream(stdin, "standard input", max_bytes, text, length, error);
    FILE *file = fopen(path, "rb");
    if (!file) return fail_io(path, errno, error);
    struct stat facts;
    ropelaw_status status;
    if (!fstat(fileno(file), &facts) && S_ISDIR(facts.st_mode))
        status = fail_io(path, EISDIR, error);
    else if (S_ISREG(facts.st_mode) && (uintmax_t)facts.st_size > max_bytes)
        status = fail_size(path, max_bytes, error);
    else
        status = read_stream(file, path, max_bytes, text, length, error);
    fclose(file);
    return status;
}
