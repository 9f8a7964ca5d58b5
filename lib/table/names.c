/* Open addressing with linear probing, at most half full; FNV-1a over the bytes, seeded with the group. */
#include "table/names.h"
#include <string.h>

static size_t hash(size_t group, const char *name) {
    uint64_t h = 14695981039346656037u ^ (group * 0x9e3779b97f4a7c15u);
    for (; *name; name++) h = (h ^ (unsigned char)*name) * 1099511628211u;
    return (size_t)(h ^ h >> 29);
}

static struct table_names_entry *slot(struct table_names_entry *slots, size_t room, size_t group,
                                      const char *name) {
    size_t i = hash(group, name) & (room - 1);
    while (slots[i].name && (slots[i].group != group || strcmp(slots[i].name, name)))
        i = (i + 1) & (room - 1);
    return &slots[i];
}

static bool grow(table_names *names) {
    size_t room = names->room ? 2 * names->room : 64;
    struct table_names_entry *slots = core_calloc(room, sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; i < names->room; i++)
        if (names->slots[i].name)
            *slot(slots, room, names->slots[i].group, names->slots[i].name) = names->slots[i];
    core_free(names->slots);
    names->slots = slots;
    names->room = room;
    return true;
}

struct table_names_entry *table_names_find(table_names *names, size_t group, char *name, size_t next,
                                           bool *added) {
    if (2 * (names->n + 1) > names->room && !grow(names)) return NULL;
    struct table_names_entry *entry = slot(names->slots, names->room, group, name);
    *added = !entry->name;
    if (*added) {
        *entry = (struct table_names_entry){group, next, name};
        names->n++;
    }
    return entry;
}

void table_names_clear(table_names *names) {
    core_free(names->slots);
    *names = (table_names){0};
}
