/* Runs a fuzz target over the files of its corpus, one test each; prints TAP. usage: regress_<name> FOLDER */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *folder, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    uint8_t *data = NULL;
    size_t n = 0, got;
    do {
        data = realloc(data, n + 65536);
        if (!data) abort();
        got = fread(data + n, 1, 65536, file);
        n += got;
    } while (got);
    fclose(file);
    /* exactly as long as the input, so that a read beyond it is seen */
    uint8_t *exact = malloc(n ? n : 1);
    if (!exact) abort();
    memcpy(exact, data, n);
    free(data);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return 1;
}

int main(int argc, char **argv) {
    struct dirent **entries;
    int n = argc == 2 ? scandir(argv[1], &entries, NULL, alphasort) : -1, done = 0;
    if (n < 0) {
        printf("Bail out! no corpus\n");
        return EXIT_FAILURE;
    }
    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.') {
            int read = run_file(argv[1], entries[i]->d_name);
            printf("%s %d - %s\n", read ? "ok" : "not ok", ++done, entries[i]->d_name);
            fflush(stdout);
        }
        free(entries[i]);
    }
    free(entries);
    printf("1..%d\n", done);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
