/* GGUF metadata: what is kept of a file whose every length may lie. */
#ifndef ROPELAW_MODEL_GGUF_H
#define ROPELAW_MODEL_GGUF_H

#include "model/internal.h"

typedef enum {
    GGUF_U8,
    GGUF_I8,
    GGUF_U16,
    GGUF_I16,
    GGUF_U32,
    GGUF_I32,
    GGUF_F32,
    GGUF_BOOL,
    GGUF_STRING,
    GGUF_ARRAY,
    GGUF_U64,
    GGUF_I64,
    GGUF_F64,
    GGUF_TYPES
} gguf_type;

enum { GGUF_KEEP = 1024 }; /* elements kept of a numeric array (layers, factors); the rest is skipped */

typedef struct {
    char key[128];  /* cut */
    gguf_type type; /* of the value, or of the elements */
    bool array;
    uint64_t n;     /* elements of an array */
    double number;  /* scalar; first element of a numeric array */
    char text[128]; /* string; cut */
    double *values; /* numeric array: the first n_values */
    size_t n_values;
} gguf_entry;

typedef struct {
    char name[80]; /* cut */
    uint32_t type;
    uint64_t n_values, offset;
    double *values; /* of the rope tensors only */
    size_t n_read;
} gguf_tensor;

typedef struct {
    uint32_t version;
    bool big_endian;
    uint64_t n_tensors, n_entries_said;
    gguf_entry *entries;
    size_t n_entries;
    gguf_tensor *tensors; /* the rope tensors, at most GGUF_ROPE_TENSORS */
    size_t n_kept;
    /* of a model in several files: parts that were found, 0 if none was looked for; the first that is missing */
    size_t n_parts_read, first_missing;
} gguf_file;

enum { GGUF_ROPE_TENSORS = 3 };

/* Where bytes come from: memory or a file. `read` gives n bytes at `offset` (both inside `size`) or false. */
typedef struct gguf_source gguf_source;
struct gguf_source {
    bool (*read)(const gguf_source *source, uint64_t offset, void *to, size_t n);
    uint64_t size;
    const void *context;
};

ropelaw_status gguf_parse(const gguf_source *source, gguf_file *file, ropelaw_error *error);
void gguf_clear(gguf_file *file);
const gguf_entry *gguf_find(const gguf_file *file, const char *key);
const gguf_tensor *gguf_tensor_find(const gguf_file *file, const char *name);
ropelaw_status gguf_interpret(model_builder *b, const gguf_file *file);

/* Parse a file; an error names it. */
ropelaw_status gguf_parse_path(const char *path, gguf_file *file, ropelaw_error *error);
/* A model in several files: what is needed of the others joins `file`, which was read from `path`. */
ropelaw_status gguf_join_parts(const char *path, gguf_file *file, ropelaw_error *error);

/* For the interpretation: keys below the architecture's name. */
typedef struct {
    model_builder *b;
    const gguf_file *file;
    const char *architecture;
} gguf_view;

/* The entry "<architecture>.<key>"; its whole name is in `full`. */
const gguf_entry *gguf_get(const gguf_view *v, const char *key, char *full, size_t size);
/* A scalar or the largest element of an array (head_count per layer, some of them 0); NAN if absent. `fact` (or NULL)
   is the name under which it becomes a fact. */
double gguf_number(const gguf_view *v, const char *key, const char *layers, const char *fact);
const char *gguf_text(const gguf_view *v, const char *key);
void gguf_defaulted(const gguf_view *v, const char *layers, const char *fact, double value, const char *from);
void gguf_derived(const gguf_view *v, const char *layers, const char *fact, double value, const char *from);
/* Base, dimensions, method of one kind of layers. */
void gguf_rope(const gguf_view *v, ropelaw_layer_kind *kind);

#endif
