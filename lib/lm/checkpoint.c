/* The checkpoint file, little-endian: magic "ROPELM\r\n", u32 version, u32 header bytes, the header (all u64
   or f64), the frequencies (f64), the weights and both moments (f32), and last FNV-1a of everything before.
   The magic's line end catches text-mode copies; a change of any single byte always changes FNV-1a, because
   each of its steps is a bijection of the state. Files are written beside, flushed to disk and renamed: a
   reader sees the old or the new. */
#include "core/core.h"
#include "lm/model.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = {'R', 'O', 'P', 'E', 'L', 'M', '\r', '\n'};
enum { VERSION = 1 };

typedef struct {
    uint64_t n_layers, width, head_dim, vocab, train_len, seed, step, n_params;
    double base, factor;
} header;

static uint64_t fnv1a(const unsigned char *bytes, size_t n) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++) hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "checkpoints are written as the memory lies, which must be little-endian"
#endif

static unsigned char *put(unsigned char *to, const void *from, size_t n) {
    memcpy(to, from, n);
    return to + n;
}

static const unsigned char *get(const unsigned char *from, void *to, size_t n) {
    memcpy(to, from, n);
    return from + n;
}

static size_t file_bytes(const header *h) {
    return sizeof magic + 8 + sizeof *h + h->head_dim / 2 * 8 + 3 * h->n_params * 4 + 8;
}

static ropelaw_status failure(ropelaw_status code, const char *path, const char *what, ropelaw_error *error) {
    core_fail(error, code, "checkpoint", "", "", "%s", what);
    core_error_at(error, path, 0);
    return code;
}

static ropelaw_status io_failure(const char *path, const char *doing, ropelaw_error *error) {
    core_fail(error, ROPELAW_IO, "checkpoint", "", "", "cannot %s the checkpoint: %s", doing,
              strerror(errno));
    core_error_at(error, path, 0);
    return ROPELAW_IO;
}

/* Write, flush, close and rename; what was there stays unless all of it succeeds. */
static ropelaw_status replace_file(const char *path, const unsigned char *bytes, size_t n,
                                   ropelaw_error *error) {
    char beside[4096];
    int length = snprintf(beside, sizeof beside, "%s.part", path);
    if (length < 0 || (size_t)length >= sizeof beside)
        return failure(ROPELAW_IO, path, "the path is too long", error);
    FILE *file = fopen(beside, "wb");
    if (!file) return io_failure(path, "create", error);
    bool written = fwrite(bytes, 1, n, file) == n && !fflush(file) && !fsync(fileno(file));
    int reason = errno;
    if (fclose(file) && written) written = false, reason = errno;
    if (written && !rename(beside, path)) return ROPELAW_OK;
    if (written) reason = errno;
    remove(beside);
    errno = reason;
    return io_failure(path, "write", error);
}

ropelaw_status ropelaw_lm_save(const ropelaw_lm *m, const char *path, ropelaw_error *error) {
    if (!m || !path)
        return core_fail(error, ROPELAW_INVALID, m ? "path" : "model", "", "", "a required argument is NULL");
    const ropelaw_lm_config *c = &m->config;
    header h = {c->n_layers, c->width, c->head_dim, c->vocab, c->train_len,
                c->seed,     m->step,  m->n_params, c->base,  m->factor};
    uint32_t version = VERSION, header_bytes = sizeof h;
    size_t n = file_bytes(&h);
    unsigned char *bytes = core_malloc(n, 1);
    if (!bytes) return core_fail_memory(error, n, 1);
    unsigned char *p = put(bytes, magic, sizeof magic);
    p = put(p, &version, 4), p = put(p, &header_bytes, 4), p = put(p, &h, sizeof h);
    p = put(p, m->inv_freq, h.head_dim / 2 * 8), p = put(p, m->params, 3 * m->n_params * 4);
    uint64_t sum = fnv1a(bytes, n - 8);
    put(p, &sum, 8);
    ropelaw_status status = replace_file(path, bytes, n, error);
    core_free(bytes);
    return status;
}

static ropelaw_status read_file(const char *path, unsigned char **bytes, size_t *n, ropelaw_error *error) {
    FILE *file = fopen(path, "rb");
    if (!file) return io_failure(path, "open", error);
    struct stat facts;
    if (fstat(fileno(file), &facts) || !S_ISREG(facts.st_mode)) {
        fclose(file);
        return failure(ROPELAW_IO, path, "this is not a regular file", error);
    }
    size_t size = (size_t)facts.st_size;
    unsigned char *data = core_malloc(size, 1);
    bool complete = data && fread(data, 1, size, file) == size;
    fclose(file);
    if (!complete) {
        core_free(data);
        return data ? io_failure(path, "read", error) : core_fail_memory(error, size, 1);
    }
    *bytes = data, *n = size;
    return ROPELAW_OK;
}

static ropelaw_status check_file(const char *path, const unsigned char *bytes, size_t n, header *h,
                                 ropelaw_error *error) {
    uint32_t version = 0, header_bytes = 0;
    size_t front = sizeof magic + 8;
    if (n < front || memcmp(bytes, magic, sizeof magic))
        return failure(ROPELAW_PARSE, path, "this is no ropelaw checkpoint", error);
    get(get(bytes + sizeof magic, &version, 4), &header_bytes, 4);
    if (version != VERSION) {
        core_fail(error, ROPELAW_UNSUPPORTED, "checkpoint", "", "",
                  "the checkpoint has version %u, this is version %d", (unsigned)version, VERSION);
        core_error_at(error, path, 0);
        return ROPELAW_UNSUPPORTED;
    }
    uint64_t sum = 0;
    if (header_bytes == sizeof *h && n >= front + sizeof *h + 8) {
        get(bytes + n - 8, &sum, 8);
        get(bytes + front, h, sizeof *h);
        if (sum == fnv1a(bytes, n - 8)) return ROPELAW_OK;
    }
    return failure(ROPELAW_PARSE, path, "the checkpoint is damaged or cut off: its checksum does not fit",
                   error);
}

static ropelaw_status unpack(const char *path, const unsigned char *bytes, size_t n, const header *h,
                             ropelaw_lm **model, ropelaw_error *error) {
    ropelaw_lm_config c = {h->n_layers, h->width, h->head_dim, h->vocab, h->train_len, h->base, h->seed};
    ropelaw_lm *m = NULL;
    ropelaw_status status = lm_model_allocate(&c, &m, error);
    if (status) {
        core_error_at(error, path, 0);
        return status;
    }
    if (m->n_params != h->n_params || file_bytes(h) != n) {
        ropelaw_lm_destroy(&m);
        return failure(ROPELAW_PARSE, path, "the checkpoint's size does not fit its header", error);
    }
    const unsigned char *p = bytes + sizeof magic + 8 + sizeof *h;
    get(get(p, m->inv_freq, h->head_dim / 2 * 8), m->params, 3 * m->n_params * 4);
    m->factor = h->factor;
    m->step = h->step;
    *model = m;
    return ROPELAW_OK;
}

ropelaw_status ropelaw_lm_load(const char *path, ropelaw_lm **model, ropelaw_error *error) {
    if (!path || !model)
        return core_fail(error, ROPELAW_INVALID, path ? "model" : "path", "", "",
                         "a required argument is NULL");
    unsigned char *bytes = NULL;
    size_t n = 0;
    header h;
    memset(&h, 0, sizeof h);
    ropelaw_status status = read_file(path, &bytes, &n, error);
    if (!status) status = check_file(path, bytes, n, &h, error);
    if (!status) status = unpack(path, bytes, n, &h, model, error);
    core_free(bytes);
    return status;
}
