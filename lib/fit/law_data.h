/* From runs as measured to curves and terms of the law's likelihood. */
#ifndef ROPELAW_FIT_LAW_DATA_H
#define ROPELAW_FIT_LAW_DATA_H

#include "fit/law_line.h"
#include "fit/law_shape.h"
#include <ropelaw/law.h>
#include <ropelaw/law_fit.h>

/* The runs of one model that its law uses. */
typedef struct {
    size_t n;
    double *u;             /* [n] ln base */
    double *floor;         /* [n] ln tune_len, or -inf */
    fit_term *terms;       /* [n] */
    double shift_variance; /* of the error of the shared shape, common to all psi */
    size_t threads;        /* for this model alone */
} fit_law_data;

/* Whether a run's facts put it into a law at all, and its setting if so. tune_len not given: train_len. */
ropelaw_run_use fit_run_setting(const ropelaw_run *run, ropelaw_setting *setting);

/* BROKEN stands for "usable": the run's own likelihood says later what it is. */
ropelaw_run_use fit_setting_use(const ropelaw_setting *setting, const ropelaw_law_options *options);

/* y = ln ppl or loss against ln length; weights 1/se^2 with `known` true if every measured point has one, else 1.
   *usable is false for a run without two lengths or with a value that is no number. Free with fit_curve_free. */
ropelaw_status fit_run_curve(const ropelaw_run *run, fit_curve *curve, bool *known, bool *usable,
                             ropelaw_error *error);
void fit_curve_free(fit_curve *curve);

/* Above FIT_LAW_MOST_POINTS points (in order of length) neighbours are averaged into FIT_LAW_BINS groups: the cost of a
   fit no longer grows with the run. Weights add up; of limits in a group the strongest stays. */
enum { FIT_LAW_MOST_POINTS = 3000, FIT_LAW_BINS = 1000 };
void fit_curve_bin(fit_curve *curve);

/* Turn points more than rise_cap above their run's lowest into limits; NAN: half the largest rise if some run levels off
   after its rise, else none. The cap that was used. */
double fit_curves_cap(fit_curve *curves, size_t n, double rise_cap);

/* Lines, test and weights of a model from its terms; m->reason is set where there is no law. */
ropelaw_status fit_law_model(const fit_law_data *data, const ropelaw_law_options *options,
                             ropelaw_law_model *m, ropelaw_error *error);

/* Ratio and heterogeneity over the models that have a law; data[j] belongs to models[j]. */
ropelaw_status fit_law_pool(const fit_law_data *data, const ropelaw_law *law,
                            const ropelaw_law_options *options, ropelaw_law_pool *pool, ropelaw_error *error);

#endif
