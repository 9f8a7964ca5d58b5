#include "core/core.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* 0: off. Otherwise the number of allocations left until failing, plus 1. Only tests set it. */
static _Atomic long countdown;

void core_fail_allocations_from(long n) {
    atomic_store(&countdown, n > 0 ? n : 0);
}

static bool refused(size_t count, size_t size) {
    if (size && count > SIZE_MAX / size) return true;
    if (!atomic_load(&countdown)) return false;
    if (atomic_load(&countdown) == 1) return true;
    atomic_fetch_sub(&countdown, 1);
    return false;
}

static size_t bytes(size_t count, size_t size) {
    size_t n = count * size;
    return n ? n : 1;
}

void *core_malloc(size_t count, size_t size) {
    return refused(count, size) ? NULL : malloc(bytes(count, size));
}

void *core_calloc(size_t count, size_t size) {
    return refused(count, size) ? NULL : calloc(1, bytes(count, size));
}

void *core_realloc(void *memory, size_t count, size_t size) {
    return refused(count, size) ? NULL : realloc(memory, bytes(count, size));
}

void *core_malloc_aligned(size_t count, size_t size) {
    void *memory = NULL;
    if (refused(count, size) || posix_memalign(&memory, 64, bytes(count, size))) return NULL;
    return memory;
}

void core_free(void *memory) {
    free(memory);
}

char *core_strdup(const char *text) {
    size_t n = strlen(text) + 1;
    char *copy = core_malloc(n, 1);
    return copy ? memcpy(copy, text, n) : NULL;
}
