/* PLATEAU_POWER: perplexity P (1 + (L/T)^k). Few points do not fix P from below: it is kept within 0.5 nat of the
   lowest value, and an answer on that edge is flagged. */
#include "stats/family.h"
#include <math.h>

static double eval(const double *theta, double x, double *g) {
    double k = exp(theta[1]), u = k * (x - theta[2]);
    if (g) {
        double s = stats_sigmoid(u);
        g[0] = 1;
        g[1] = s * u;
        g[2] = -k * s;
    }
    return theta[0] + stats_softplus(u);
}

static size_t start(const stats_data *data, stats_start *starts) {
    size_t count = 0;
    double first = data->x[0], last = data->x[data->n - 1], low = stats_smallest(data);
    for (int j = -2; j < 20; j++)
        for (int i = 0; i < 8; i++) {
            stats_start s = {
                .theta = {0, log(0.1) + i * log(200) / 7, first + (last - first) * j / 16},
                  .rss = 0
            };
            double sum = 0, weights = 0;
            for (size_t m = 0; m < data->n; m++) {
                double w = data->weight ? data->weight[m] : 1;
                sum += w * (data->y[m] - eval(s.theta, data->x[m], NULL));
                weights += w;
            }
            s.theta[0] = fmax(sum / weights, low - 0.5);
            for (size_t m = 0; m < data->n; m++) {
                double e = data->y[m] - eval(s.theta, data->x[m], NULL);
                s.rss += (data->weight ? data->weight[m] : 1) * e * e;
            }
            count = stats_keep(starts, count, 3, &s);
        }
    return count;
}

static void bounds(const stats_data *data, double *lo, double *hi) {
    double range = data->x[data->n - 1] - data->x[0];
    lo[0] = stats_smallest(data) - 0.5;
    hi[0] = stats_largest(data) + 0.5;
    lo[1] = log(1e-3);
    hi[1] = log(50);
    lo[2] = data->x[0] - range;
    hi[2] = data->x[data->n - 1] + range;
}

const stats_family stats_family_plateau_power = {
    .info = {"PLATEAU_POWER",
             "ln_P + sp(k (x - psi)), that is ppl = P (1 + (L/T)^k)", "statistics; SOFT with s1 = 0, w = 1/d",
             "a plateau and a power law above it; n >= 4", 3,
             {"ln_P", "ln_k", "psi"},
             {"nat", "1", "ln token"},
             4},
    .eval = eval,
    .start = start,
    .bounds = bounds
};
