/* A GGUF in two files: the first two bytes say how long the first part is. Any bytes give a model or an error. */
#include <ropelaw/model.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void save(const char *path, const uint8_t *data, size_t size) {
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char folder[] = "/tmp/ropelaw-fuzz-XXXXXX", path[2][64];
    ropelaw_model model;
    if (size < 2) return 0;
    size_t first = data[0] | (size_t)data[1] << 8;
    data += 2;
    size -= 2;
    if (first > size) first = size;
    if (!path[0][0]) {
        if (!mkdtemp(folder)) abort();
        for (int i = 0; i < 2; i++)
            snprintf(path[i], sizeof path[i], "%s/m-%05d-of-00002.gguf", folder, i + 1);
    }
    save(path[0], data, first);
    save(path[1], data + first, size - first);
    for (int i = 0; i < 2; i++) {
        ropelaw_error error = {0};
        if (!ropelaw_model_read(path[i], &model, &error))
            ropelaw_model_clear(&model);
        else if (!error.message[0] || !error.file[0])
            abort();
    }
    unlink(path[0]);
    unlink(path[1]);
    return 0;
}
