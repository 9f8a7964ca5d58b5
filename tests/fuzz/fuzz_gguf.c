/* GGUF: any bytes give a model or an error; lint, export and convert take whatever was read. */
#include "fuzz_model.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    return fuzz_model(data, size);
}
