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

static ropelaw_status read_source(model_builder *b, const gguf_source *source) {
    gguf_file file;
    ropelaw_status status = gguf_parse(source, &file, b->error);
    if (status) return status;
    status = gguf_interpret(b, &file);
    gguf_clear(&file);
    return status;
}

ropelaw_status model_read_gguf(model_builder *b, const void *bytes, size_t length) {
    gguf_source source = {.read = read_memory, .size = length, .context = bytes};
    return read_source(b, &source);
}

ropelaw_status model_read_gguf_file(model_builder *b, const char *path) {
    handle h = {.file = fopen(path, "rb")};
    if (!h.file) return core_fail(b->error, ROPELAW_IO, "", "", "", "%s", strerror(errno));
    ropelaw_status status;
    off_t size = fseeko(h.file, 0, SEEK_END) ? -1 : ftello(h.file);
    gguf_source source = {.read = read_file, .size = size < 0 ? 0 : (uint64_t)size, .context = &h};
    if (size < 0)
        status = core_fail(b->error, ROPELAW_IO, "", "", "", "a GGUF must be a regular file");
    else
        status = read_source(b, &source);
    fclose(h.file);
    return status;
}
