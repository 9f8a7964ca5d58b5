/* JSON as configuration files and evaluation logs hold it: a tree with lines, bounded in every direction. */
#ifndef ROPELAW_JSON_JSON_H
#define ROPELAW_JSON_JSON_H

#include "core/core.h"

typedef enum { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } json_kind;

/* One value. `items` are the elements of an array or the members of an object, in file order. */
typedef struct json_value json_value;
struct json_value {
    json_kind kind;
    bool boolean;      /* BOOL */
    double number;     /* NUMBER; not finite only where the file says Infinity or NaN */
    char *text;        /* STRING: decoded, UTF-8, no NUL inside; NUMBER: as written */
    char *key;         /* name in the parent object, else NULL */
    size_t line;       /* 1-based; 0 for values made by the program */
    size_t first_line; /* line of an earlier member of the same name that this one replaced, or 0 */
    size_t n;
    json_value *items;
};

/* What a reader that follows the standard to the letter would refuse; the line of the first occurrence or 0.
 */
typedef struct {
    size_t trailing_comma;
    size_t comment;
    size_t single_quote;
    size_t nonfinite; /* bare Infinity or NaN */
    size_t duplicate; /* a key given twice in one object: the last one counts */
    char duplicate_key[64], duplicate_lost[64],
        duplicate_kept[64]; /* the key and its two values as written, cut */
    size_t bom;             /* UTF-8 byte order mark */
} json_notes;

typedef struct {
    size_t max_bytes, max_depth, max_values;
    bool refuse_duplicates;
} json_limits;
extern const json_limits json_limits_default; /* 64 MiB, 64 levels, 4 million values, duplicates taken */

typedef struct {
    char *name; /* of the file, for errors */
    json_value root;
    json_notes notes;
} json_document;

/* Whole file into memory (NUL added after `length` bytes; free with core_free). "-" is standard input.
   IO if it cannot be read or is a directory, SHAPE if it is longer than max_bytes. */
ropelaw_status json_file_read(const char *path, size_t max_bytes, char **text, size_t *length,
                              ropelaw_error *error) ROPELAW_MUST_USE;

/* NULL limits mean the default. Free with json_document_free, which takes NULL and a NULL document. */
ropelaw_status json_document_read(const char *path, const json_limits *limits, json_document **document,
                                  ropelaw_error *error) ROPELAW_MUST_USE;
ropelaw_status json_document_parse(const char *text, size_t length, const char *name,
                                   const json_limits *limits, json_document **document,
                                   ropelaw_error *error) ROPELAW_MUST_USE;
void json_document_free(json_document **document);

/* Access. The member of that name, or NULL if there is none or `object` is NULL or no object. */
const json_value *json_get(const json_value *object, const char *key);
/* The member unless it is absent or null. */
const json_value *json_get_set(const json_value *object, const char *key);
/* "null", "boolean", "number", "string", "array", "object". */
const char *json_kind_str(json_kind kind);
/* A number, also from the strings "Infinity", "-Infinity", "NaN"; false if it is none. */
bool json_as_number(const json_value *value, double *number);

/* The member as a value of this kind: PARSE naming key and line if it is absent, null or of another kind.
   The number must be finite. `document` names the file in the error and may be NULL. */
ropelaw_status json_want_number(const json_document *document, const json_value *object, const char *key,
                                double *number, ropelaw_error *error) ROPELAW_MUST_USE;
ropelaw_status json_want_string(const json_document *document, const json_value *object, const char *key,
                                const char **text, ropelaw_error *error) ROPELAW_MUST_USE;
ropelaw_status json_want_array(const json_document *document, const json_value *object, const char *key,
                               const json_value **array, ropelaw_error *error) ROPELAW_MUST_USE;
ropelaw_status json_want_object(const json_document *document, const json_value *object, const char *key,
                                const json_value **child, ropelaw_error *error) ROPELAW_MUST_USE;
/* PARSE for a value that is not what `expected` says; fills file, line and the value itself. */
ropelaw_status json_refuse(const json_document *document, const json_value *value, const char *key,
                           const char *expected, ropelaw_error *error);

/* A value as JSON text on one line, cut to `size`: for messages. Returns text. */
char *json_excerpt(const json_value *value, char *text, size_t size);

/* Building and changing trees. A zeroed json_value is null; json_value_clear frees what it holds and zeroes
   it. Setters replace an existing member of that name (in its place) or append; NULL on exhaustion. */
void json_value_clear(json_value *value);
bool json_value_copy(json_value *to, const json_value *from);
json_value *json_set(json_value *object, const char *key); /* a null member to fill */
json_value *json_set_number(json_value *object, const char *key, double number);
json_value *json_set_string(json_value *object, const char *key, const char *text);
json_value *json_set_bool(json_value *object, const char *key, bool boolean);
json_value *json_set_object(json_value *object, const char *key);
json_value *json_set_copy(json_value *object, const char *key, const json_value *from);
json_value *json_append(json_value *array); /* a null element to fill */
void json_remove(json_value *object, const char *key);

/* The tree as JSON text (free with core_free). indent 0: one line; otherwise that many blanks per level and
   a final newline. Not finite numbers become {"__float__": "Infinity"} where `tagged`, else bare Infinity. */
ropelaw_status json_write(const json_value *value, int indent, bool tagged, char **text,
                          ropelaw_error *error) ROPELAW_MUST_USE;

/* Where each value of a text that json-c accepted stands, in document order (scan.c). */
typedef struct {
    char kind;                  /* '{', '[', '"' or '0' (number or word) */
    size_t line, start, length; /* of a scalar: its text */
    size_t key, key_length;     /* text of the key with its quotes; length 0 in arrays and at the top */
    size_t next;                /* index of the node after this one and all its children */
    size_t n;                   /* children */
} json_node;
typedef struct {
    json_node *nodes;
    size_t n, room, max_nodes, max_depth;
    json_notes notes;
} json_scan;
/* SHAPE beyond max_nodes, NOMEM, PARSE when the text is not what json-c accepts after all. */
ropelaw_status json_scan_run(json_scan *scan, const char *text, size_t length, ropelaw_error *error);

#endif
