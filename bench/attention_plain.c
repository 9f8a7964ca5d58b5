#include "attention_plain.h"
#include <math.h>

static void rotate(const attention_plain *a, size_t t, const double *in, double *out) {
    size_t half = a->head_dim / 2;
    for (size_t n = 0; n < half; n++) {
        double angle = (double)t * a->inv_freq[n], c = cos(angle), s = sin(angle);
        out[n] = in[n] * c - in[n + half] * s;
        out[n + half] = in[n + half] * c + in[n] * s;
    }
}

void attention_plain_run(const attention_plain *a) {
    size_t d = a->head_dim;
    double query[512], scale = 1 / sqrt((double)d);
    for (size_t j = 0; j < a->n_tok; j++) rotate(a, j, a->k + j * d, a->keys + j * d);
    for (size_t i = 0; i < a->n_tok; i++) {
        double *out = a->out + i * d, largest = -INFINITY, sum = 0;
        rotate(a, i, a->q + i * d, query);
        for (size_t j = 0; j <= i; j++) {
            double score = 0;
            for (size_t c = 0; c < d; c++) score += query[c] * a->keys[j * d + c];
            a->weights[j] = score * scale;
            if (a->weights[j] > largest) largest = a->weights[j];
        }
        for (size_t c = 0; c < d; c++) out[c] = 0;
        for (size_t j = 0; j <= i; j++) {
            double weight = exp(a->weights[j] - largest);
            sum += weight;
            for (size_t c = 0; c < d; c++) out[c] += weight * a->v[j * d + c];
        }
        for (size_t c = 0; c < d; c++) out[c] /= sum;
    }
}
