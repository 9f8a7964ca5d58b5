/* ISO: the best rising curve of any shape, by pooling adjacent violators. Assumption-free, and without a formula. */
#include "stats/family.h"

static ropelaw_status solve(const stats_data *data, ropelaw_family_fit *fit, double *fitted,
                            ropelaw_error *error) {
    size_t n = data->n, blocks = 0;
    double *mean = core_malloc(2 * n, sizeof(double)), *weight = mean + n;
    size_t *end = core_malloc(n, sizeof(size_t));
    if (!mean || !end) {
        core_free(mean);
        core_free(end);
        return core_fail_memory(error, n, 3 * sizeof(double));
    }
    for (size_t i = 0; i < n; i++) {
        double w = data->weight ? data->weight[i] : 1;
        bool tie = i && data->x[i] == data->x[i - 1];
        mean[blocks] = data->y[i];
        weight[blocks] = w;
        end[blocks++] = i + 1;
        /* points of one length share one value, whatever their order */
        while (blocks > 1 && (tie || mean[blocks - 2] > mean[blocks - 1])) {
            double total = weight[blocks - 2] + weight[blocks - 1];
            mean[blocks - 2] =
                (weight[blocks - 2] * mean[blocks - 2] + weight[blocks - 1] * mean[blocks - 1]) / total;
            weight[blocks - 2] = total;
            end[blocks - 2] = end[blocks - 1];
            blocks--;
            tie = false;
        }
    }
    fit->rss = 0;
    for (size_t b = 0, i = 0; b < blocks; b++)
        for (; i < end[b]; i++) {
            double e = data->y[i] - mean[b];
            fit->rss += (data->weight ? data->weight[i] : 1) * e * e;
            if (fitted) fitted[i] = mean[b];
        }
    fit->converged = 1;
    core_free(mean);
    core_free(end);
    return ROPELAW_OK;
}

const stats_family stats_family_iso = {
    .info = {"ISO",
             "the least-squares rising step curve", "Ayer et al. 1955: pool adjacent violators",
             "what can be said without any assumption but the rise", 0,
             {0},
             {0},
             1},
    .solve = solve
};
