/* GGUF from memory or from a file that may be larger than memory. */
#include "model/gguf.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool read_memory(const gguf_source *source, uint64_t offset, void *to, size_t n) {
    memcpy(to, (const char *)source->context + offset, n);
    return true;
}

typedef struct {
    FILE *file;
} handle;

static bool read_file(const gguf_source *source, uint64_t offset, void *to, size_t n) {
    const handle *h = source->context;
    return !fseeko(h->file, (off_t)offset, SEEK_SET) && fread(to, 1, n, h->file) == n;
}

ropelaw_status model_read_gguf(model_builder *b, const void *bytes, size_t length) {
    gguf_source source = {.read = read_memory, .size = length, .context = bytes};
    gguf_file file;
    ropelaw_status status = gguf_parse(&source, &file, b->error);
    if (status) return status;
    status = gguf_interpret(b, &file);
    gguf_clear(&file);
    return status;
}

ropelaw_status gguf_parse_path(const char *path, gguf_file *file, ropelaw_error *error) {
    handle h = {.file = fopen(path, "rb")};
    ropelaw_status status;
    if (!h.file)
        status = core_fail(error, ROPELAW_IO, "", "", "", "%s", strerror(errno));
    else {
        off_t size = fseeko(h.file, 0, SEEK_END) ? -1 : ftello(h.file);
        gguf_source source = {.read = read_file, .size = size < 0 ? 0 : (uint64_t)size, .context = &h};
        status = size < 0 ? core_fail(error, ROPELAW_IO, "", "", "", "a GGUF must be a regular file")
                          : gguf_parse(&source, file, error);
        fclose(h.file);
    }
    if (status) core_error_at(error, path, 0);
    return status;
}

ropelaw_status model_read_gguf_file(model_builder *b, const char *path) {
    gguf_file file;
    ropelaw_status status = gguf_parse_path(path, &file, b->error);
    if (status) return status;
    status = gguf_join_parts(path, &file, b->error);
    if (!status) status = gguf_interpret(b, &file);
    gguf_clear(&file);
    return status;
}
