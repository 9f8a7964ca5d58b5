/* The GGUF container, version 1 to 3, either byte order (ggml docs/gguf.md). Nothing in the file is believed:
   every length is checked against what is left of the file before anything is skipped or allocated, arrays of
   strings are walked without being kept, and counts bound loops only together with the bytes that each round
   must consume. */
#include "model/gguf.h"
#include <float.h>
#include <string.h>

typedef struct {
    const gguf_source *source;
    uint64_t at;
    bool swap, v1;
    ropelaw_error *error;
    unsigned char buffer[4096]; /* a window of the source, so that small reads are cheap */
    uint64_t buffer_at;
    size_t buffer_n;
} stream;

static ropelaw_status cut(stream *s, const char *what) {
    return core_fail(s->error, ROPELAW_PARSE, what, "", "", "the file ends inside %s (at byte %llu of %llu)",
                     what, (unsigned long long)s->at, (unsigned long long)s->source->size);
}

static bool fill(stream *s) {
    uint64_t left = s->source->size - s->at;
    s->buffer_n = left < sizeof s->buffer ? (size_t)left : sizeof s->buffer;
    s->buffer_at = s->at;
    return s->source->read(s->source, s->at, s->buffer, s->buffer_n);
}

/* n <= 4096 bytes. */
static ropelaw_status take(stream *s, void *to, size_t n, const char *what) {
    if (n > s->source->size - s->at) return cut(s, what);
    bool inside = s->at >= s->buffer_at && s->at - s->buffer_at + n <= s->buffer_n;
    if (!inside && !fill(s)) return core_fail(s->error, ROPELAW_IO, "", "", "", "the file could not be read");
    memcpy(to, s->buffer + (s->at - s->buffer_at), n);
    s->at += n;
    return ROPELAW_OK;
}

static ropelaw_status skip(stream *s, uint64_t n, const char *what) {
    if (n > s->source->size - s->at) return cut(s, what);
    s->at += n;
    return ROPELAW_OK;
}

static uint64_t assemble(const unsigned char *bytes, size_t n, bool swap) {
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) value |= (uint64_t)bytes[swap ? n - 1 - i : i] << (8 * i);
    return value;
}

static ropelaw_status integer(stream *s, size_t n, uint64_t *value, const char *what) {
    unsigned char bytes[8];
    ropelaw_status status = take(s, bytes, n, what);
    if (!status) *value = assemble(bytes, n, s->swap);
    return status;
}

/* A count or a length: 32 bits in version 1, 64 later. */
static ropelaw_status length_of(stream *s, uint64_t *value, const char *what) {
    return integer(s, s->v1 ? 4 : 8, value, what);
}

static size_t size_of(gguf_type type) {
    static const unsigned char sizes[GGUF_TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return sizes[type];
}

static double number_from(gguf_type type, const unsigned char *bytes, bool swap) {
    uint64_t u = assemble(bytes, size_of(type), swap);
    uint32_t u32 = (uint32_t)u;
    float f;
    double d;
    switch (type) {
    case GGUF_I8:
        return (int8_t)u;
    case GGUF_I16:
        return (int16_t)u;
    case GGUF_I32:
        return (int32_t)u;
    case GGUF_I64:
        return (double)(int64_t)u;
    case GGUF_F32:
        memcpy(&f, &u32, sizeof f);
        return f;
    case GGUF_F64:
        memcpy(&d, &u, sizeof d);
        return d;
    default:
        return (double)u;
    }
}

static ropelaw_status string(stream *s, char *to, size_t room, const char *what) {
    uint64_t n;
    ropelaw_status status = length_of(s, &n, what);
    if (status) return status;
    if (n > s->source->size - s->at)
        return core_fail(s->error, ROPELAW_SHAPE, what, "", "",
                         "%s claims %llu bytes, the file has %llu left", what, (unsigned long long)n,
                         (unsigned long long)(s->source->size - s->at));
    size_t kept = room ? (n < room - 1 ? (size_t)n : room - 1) : 0;
    if (room) to[kept] = 0;
    if (kept) status = take(s, to, kept, what);
    for (size_t i = 0; i < kept; i++)
        if (!to[i]) to[i] = '?'; /* no NUL inside */
    return status ? status : skip(s, n - kept, what);
}

static ropelaw_status type_of(stream *s, gguf_type *type) {
    uint64_t value;
    ropelaw_status status = integer(s, 4, &value, "a value type");
    if (status) return status;
    if (value >= GGUF_TYPES)
        return core_fail(s->error, ROPELAW_PARSE, "value type", "", "0 .. 12",
                         "value type %llu at byte %llu is unknown", (unsigned long long)value,
                         (unsigned long long)s->at - 4);
    *type = (gguf_type)value;
    return ROPELAW_OK;
}

static ropelaw_status numbers(stream *s, gguf_entry *e) {
    size_t width = size_of(e->type), keep = e->n < GGUF_KEEP ? (size_t)e->n : GGUF_KEEP;
    if (e->n > (s->source->size - s->at) / width)
        return core_fail(s->error, ROPELAW_SHAPE, e->key, "", "",
                         "%.60s claims %llu elements, more than the file holds", e->key,
                         (unsigned long long)e->n);
    e->values = core_malloc(keep, sizeof *e->values);
    if (!e->values) return core_fail_memory(s->error, keep, sizeof *e->values);
    for (e->n_values = 0; e->n_values < keep; e->n_values++) {
        unsigned char bytes[8];
        ropelaw_status status = take(s, bytes, width, e->key);
        if (status) return status;
        e->values[e->n_values] = number_from(e->type, bytes, s->swap);
    }
    e->number = keep ? e->values[0] : 0;
    return skip(s, (e->n - keep) * width, e->key);
}

static ropelaw_status array(stream *s, gguf_entry *e) {
    ropelaw_status status = type_of(s, &e->type);
    if (!status) status = length_of(s, &e->n, e->key);
    if (status) return status;
    e->array = true;
    if (e->type == GGUF_ARRAY)
        return core_fail(s->error, ROPELAW_UNSUPPORTED, e->key, "", "", "%.60s is an array of arrays",
                         e->key);
    if (e->type != GGUF_STRING) return numbers(s, e);
    if (e->n > (s->source->size - s->at) / (s->v1 ? 4 : 8))
        return core_fail(s->error, ROPELAW_SHAPE, e->key, "", "",
                         "%.60s claims %llu strings, more than the file holds", e->key,
                         (unsigned long long)e->n);
    for (uint64_t i = 0; i < e->n && !status; i++) status = string(s, NULL, 0, e->key);
    return status;
}

static ropelaw_status entry(stream *s, gguf_entry *e) {
    ropelaw_status status = string(s, e->key, sizeof e->key, "a metadata key");
    if (!status) status = type_of(s, &e->type);
    if (status) return status;
    if (e->type == GGUF_STRING) return string(s, e->text, sizeof e->text, e->key);
    if (e->type == GGUF_ARRAY) return array(s, e);
    unsigned char bytes[8];
    status = take(s, bytes, size_of(e->type), e->key);
    if (!status) e->number = number_from(e->type, bytes, s->swap);
    return status;
}

static bool is_rope_tensor(const char *name) {
    return !strcmp(name, "rope_freqs.weight") || !strcmp(name, "rope_factors_long.weight") ||
           !strcmp(name, "rope_factors_short.weight");
}

static ropelaw_status tensor_info(stream *s, gguf_tensor *t) {
    uint64_t n_dims, dim, type;
    ropelaw_status status = string(s, t->name, sizeof t->name, "a tensor name");
    if (!status) status = integer(s, 4, &n_dims, "a tensor");
    if (!status && n_dims > 8)
        return core_fail(s->error, ROPELAW_PARSE, t->name, "", "", "tensor %.60s claims %llu dimensions",
                         t->name, (unsigned long long)n_dims);
    t->n_values = 1;
    for (uint64_t i = 0; !status && i < n_dims; i++) {
        status = length_of(s, &dim, "a tensor");
        if (!status && dim && t->n_values > UINT64_MAX / dim)
            return core_fail(s->error, ROPELAW_SHAPE, t->name, "", "", "tensor %.60s is larger than any file",
                             t->name);
        if (!status) t->n_values *= dim;
    }
    if (!status) status = integer(s, 4, &type, "a tensor");
    if (!status) status = integer(s, 8, &t->offset, "a tensor");
    if (!status) t->type = (uint32_t)type;
    return status;
}

/* Values of the kept tensors: float32 only, and small (one per pair). */
static ropelaw_status tensor_values(stream *s, gguf_tensor *t, uint64_t data) {
    if (t->type != 0 || t->n_values > 32768) return ROPELAW_OK;
    uint64_t size = s->source->size, bytes = t->n_values * 4;
    if (data > size || t->offset > size - data || bytes > size - data - t->offset)
        return core_fail(s->error, ROPELAW_SHAPE, t->name, "", "",
                         "tensor %.60s lies beyond the end of the file", t->name);
    t->values = core_malloc((size_t)t->n_values, sizeof *t->values);
    if (!t->values) return core_fail_memory(s->error, (size_t)t->n_values, sizeof *t->values);
    s->at = data + t->offset;
    for (t->n_read = 0; t->n_read < t->n_values; t->n_read++) {
        unsigned char word[4];
        ropelaw_status status = take(s, word, 4, t->name);
        if (status) return status;
        double value = t->values[t->n_read] = number_from(GGUF_F32, word, s->swap);
        if (!(value > 0 && value <= FLT_MAX))
            return core_fail(
                s->error, ROPELAW_DOMAIN, t->name, "", "finite and > 0",
                "tensor %.60s divides frequencies by a value that is not finite and > 0 (element %zu)",
                t->name, t->n_read);
    }
    return ROPELAW_OK;
}

static ropelaw_status header(stream *s, gguf_file *file) {
    unsigned char bytes[8];
    ropelaw_status status = take(s, bytes, 8, "the header");
    if (status) return status;
    uint32_t little = (uint32_t)assemble(bytes + 4, 4, false), big = (uint32_t)assemble(bytes + 4, 4, true);
    s->swap = little > 0xffff && big <= 0xffff; /* nothing else says which byte order a file has */
    file->big_endian = s->swap;
    file->version = s->swap ? big : little;
    s->v1 = file->version == 1;
    if (file->version < 1 || file->version > 3)
        return core_fail(s->error, ROPELAW_UNSUPPORTED, "version", "", "1 .. 3", "GGUF version %u is unknown",
                         file->version);
    status = length_of(s, &file->n_tensors, "the header");
    return status ? status : length_of(s, &file->n_entries_said, "the header");
}

static ropelaw_status entries(stream *s, gguf_file *file) {
    size_t room = 0;
    /* an entry takes at least 9 bytes, so the claim can be tested before a byte is allocated */
    if (file->n_entries_said > (s->source->size - s->at) / 9)
        return core_fail(s->error, ROPELAW_SHAPE, "metadata_kv_count", "", "",
                         "the header claims %llu metadata entries, more than the file holds",
                         (unsigned long long)file->n_entries_said);
    for (uint64_t i = 0; i < file->n_entries_said; i++) {
        if (file->n_entries == room) {
            if (room >= 65536)
                return core_fail(s->error, ROPELAW_SHAPE, "", "", "", "more than 65536 metadata entries");
            room = room ? 2 * room : 32;
            gguf_entry *more = core_realloc(file->entries, room, sizeof *more);
            if (!more) return core_fail_memory(s->error, room, sizeof *more);
            file->entries = more;
        }
        gguf_entry *e = &file->entries[file->n_entries];
        memset(e, 0, sizeof *e);
        file->n_entries++;
        ropelaw_status status = entry(s, e);
        if (status) return status;
    }
    return ROPELAW_OK;
}

/* Of the tensor data; ggml refuses what is no power of two. */
static ropelaw_status alignment(const stream *s, const gguf_file *file, uint64_t *step) {
    const gguf_entry *e = gguf_find(file, "general.alignment");
    *step = 32;
    if (!e) return ROPELAW_OK;
    bool number = !e->array && e->type != GGUF_STRING && e->number >= 1 && e->number <= 1 << 30;
    if (number) *step = (uint64_t)e->number;
    if (number && (double)*step == e->number && !(*step & (*step - 1))) return ROPELAW_OK;
    return core_fail(s->error, ROPELAW_DOMAIN, "general.alignment", "", "a power of two",
                     "general.alignment is no power of two");
}

static ropelaw_status tensors(stream *s, gguf_file *file) {
    ropelaw_status status = ROPELAW_OK;
    if (file->n_tensors > (s->source->size - s->at) / 20)
        return core_fail(s->error, ROPELAW_SHAPE, "tensor_count", "", "",
                         "the header claims %llu tensors, more than the file holds",
                         (unsigned long long)file->n_tensors);
    file->tensors = core_calloc(GGUF_ROPE_TENSORS, sizeof *file->tensors);
    if (!file->tensors) return core_fail_memory(s->error, GGUF_ROPE_TENSORS, sizeof *file->tensors);
    for (uint64_t i = 0; i < file->n_tensors; i++) {
        gguf_tensor t = {0};
        status = tensor_info(s, &t);
        if (status) return status;
        if (is_rope_tensor(t.name) && file->n_kept < GGUF_ROPE_TENSORS) file->tensors[file->n_kept++] = t;
    }
    uint64_t step;
    status = alignment(s, file, &step);
    if (status) return status;
    uint64_t data = (s->at + step - 1) / step * step;
    for (size_t i = 0; i < file->n_kept && !status; i++) status = tensor_values(s, &file->tensors[i], data);
    return status;
}

const gguf_entry *gguf_find(const gguf_file *file, const char *key) {
    for (size_t i = file->n_entries; i--;) /* the last of two counts */
        if (!strcmp(file->entries[i].key, key)) return &file->entries[i];
    return NULL;
}

const gguf_tensor *gguf_tensor_find(const gguf_file *file, const char *name) {
    for (size_t i = 0; i < file->n_kept; i++)
        if (!strcmp(file->tensors[i].name, name)) return &file->tensors[i];
    return NULL;
}

void gguf_clear(gguf_file *file) {
    for (size_t i = 0; i < file->n_entries; i++) core_free(file->entries[i].values);
    for (size_t i = 0; i < file->n_kept; i++) core_free(file->tensors[i].values);
    core_free(file->entries);
    core_free(file->tensors);
    memset(file, 0, sizeof *file);
}

ropelaw_status gguf_parse(const gguf_source *source, gguf_file *file, ropelaw_error *error) {
    stream s = {.source = source, .error = error};
    memset(file, 0, sizeof *file);
    ropelaw_status status = header(&s, file);
    if (!status) status = entries(&s, file);
    if (!status) status = tensors(&s, file);
    if (status) gguf_clear(file);
    return status;
}
