/* Strings to numbers: 0, 1, 2, ... in order of first appearance, within a group. */
#ifndef ROPELAW_TABLE_NAMES_H
#define ROPELAW_TABLE_NAMES_H

#include "core/core.h"

typedef struct {
    size_t n, room; /* entries; slots of the hash table, a power of two or 0 */
    struct table_names_entry {
        size_t group, id;
        char *name; /* not owned */
    } * slots;
} table_names;

/* The entry of (group, name), added with id `next` if it is new; *added says which. NULL: no memory.
   `name` must live as long as the table; the caller may point the entry at its own copy. */
struct table_names_entry *table_names_find(table_names *names, size_t group, char *name, size_t next,
                                           bool *added);
void table_names_clear(table_names *names);

#endif
