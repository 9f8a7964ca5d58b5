#include "fit_law.h"
#include "fit_runs.h"
#include "series_files.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int read_options(cli_context *c, ropelaw_fit_options *o) {
    size_t n_eps = 0;
    const double *eps = cli_numbers(c, "eps", &n_eps);
    if (n_eps > ROPELAW_EPS_MAX) return cli_usage(c, "--eps takes at most %d values", ROPELAW_EPS_MAX);
    for (size_t k = 0; k < n_eps; k++) o->eps[k] = eps[k];
    if (n_eps) o->n_eps = n_eps;
    o->level = cli_number(c, "level", o->level);
    o->sigma = cli_number(c, "sigma", NAN);
    o->n_draws = (size_t)cli_number(c, "draws", (double)o->n_draws);
    o->all_families = cli_given(c, "all-families");
    o->seed = c->seed;
    o->threads = c->threads;
    static const char *const words[] = {"line", "minimum", "length", "value"};
    const char *word = cli_text(c, "reference", "line");
    for (size_t k = 0; k < CLI_COUNT_OF(words); k++)
        if (!strcmp(word, words[k])) o->reference = (ropelaw_reference)k;
    o->reference_value = cli_number(c, "reference-value", NAN);
    o->width = cli_number(c, "width", NAN);
    if (!strcmp(cli_text(c, "robust", "none"), "huber")) o->robust = ROPELAW_ROBUST_HUBER;
    if (!strcmp(cli_text(c, "documents", "cluster"), "average")) o->documents = ROPELAW_DOCUMENTS_AVERAGE;
    if (o->reference >= ROPELAW_REFERENCE_LENGTH && !cli_given(c, "reference-value"))
        return cli_usage(c, "--reference %s needs --reference-value", word);
    return CLI_OK;
}

static int read_covariances(cli_context *c, ropelaw_series *series) {
    size_t n = 0;
    ropelaw_error error = {0};
    const char *const *paths = cli_texts(c, "cov", &n);
    for (size_t i = 0; i < n; i++)
        if (ropelaw_series_read_covariance(paths[i], series, &error)) return cli_fail(c, &error);
    return CLI_OK;
}

static void put_input(cli_context *c, const ropelaw_series *series, const ropelaw_fit_options *o) {
    cli_value *files = cli_put(c->input, "files", cli_array());
    for (size_t i = 0; i < c->n_arguments; i++) cli_put_text(files, NULL, c->arguments[i]);
    cli_put_number(c->input, "n_runs", (double)series->n_runs);
    cli_put_number(c->input, "level", o->level);
    cli_value *eps = cli_put(c->input, "eps", cli_array());
    for (size_t k = 0; k < o->n_eps; k++) cli_put_number(eps, NULL, o->eps[k]);
    cli_put_text(c->input, "reference", cli_text(c, "reference", "line"));
    cli_put_number(c->input, "reference_value", o->reference_value);
    cli_put_number(c->input, "draws", (double)o->n_draws);
    cli_put_number(c->input, "seed", (double)o->seed);
    cli_put_number(c->input, "sigma", o->sigma);
    cli_put_number(c->input, "width", o->width);
    cli_put_text(c->input, "documents", cli_text(c, "documents", "cluster"));
    cli_put_text(c->input, "robust", cli_text(c, "robust", "none"));
    cli_value *covariances = cli_put(c->input, "cov", cli_array());
    size_t n = 0;
    const char *const *paths = cli_texts(c, "cov", &n);
    for (size_t i = 0; i < n; i++) cli_put_text(covariances, NULL, paths[i]);
}

/* What the break's interval is, for the note under the table. */
static const char *break_words(const cli_context *c, const ropelaw_series *series,
                               const ropelaw_run_fit *fits) {
    bool documents = false;
    for (size_t i = 0; i < series->n_runs; i++) documents |= fits[i].documents.n > 0;
    if (documents)
        return "break: exact hinge; where rows name documents, intervals from the differences between them, "
               "else";
    if (!strcmp(cli_text(c, "robust", "none"), "huber"))
        return "break: Huber's hinge with a profile-F interval; below 8 points the exact hinge,";
    if (cli_given(c, "width")) return "break: of the soft curve with the given width,";
    return "break: exact hinge,";
}

/* How the onsets' intervals are cut: as in the first run that has one. */
static const char *onset_method(const ropelaw_series *series, const ropelaw_run_fit *fits) {
    for (size_t i = 0; i < series->n_runs; i++)
        if (*fits[i].slope_before.method) return fits[i].slope_before.method;
    return "profile-F";
}

static void explain_run(cli_context *c, const ropelaw_run *run, const ropelaw_run_fit *f) {
    if (isnan(f->soft[0])) return;
    cli_explain(c, "%s: ln ppl = %s + %s (x - %s) + %s %s ln(1 + e^((x - %s)/%s)), x = ln length", run->name,
                cli_num(f->soft[0], 6), cli_num(f->soft[1], 6), cli_num(f->soft[3], 6),
                cli_num(exp(f->soft[2]), 6), cli_num(exp(f->soft[4]), 6), cli_num(f->soft[3], 6),
                cli_num(exp(f->soft[4]), 6));
}

static int put_runs(cli_context *c, const ropelaw_series *series, const ropelaw_run_fit *fits,
                    const fit_bootstrap *bootstraps) {
    cli_value *runs = cli_put(c->result, "runs", cli_array());
    int code = CLI_OK;
    for (size_t i = 0; i < series->n_runs && !code; i++) {
        code = fit_run_put(c, runs, &series->runs[i], &fits[i], bootstraps ? &bootstraps[i] : NULL);
        explain_run(c, &series->runs[i], &fits[i]);
    }
    bool people = strcmp(c->format, "csv") && strcmp(c->format, "tsv");
    if (!code)
        code = people ? fit_runs_people_table(c, series, fits) : fit_runs_machine_table(c, series, fits);
    if (!code && bootstraps) code = fit_bootstrap_table(c, series, fits, bootstraps);
    if (!code && cli_given(c, "residuals")) code = fit_residuals_table(c, series, fits);
    return code ? code : fit_runs_tell(c, series, fits);
}

static int answer(cli_context *c, const ropelaw_series *series, const ropelaw_fit_options *o,
                  ropelaw_run_fit *fits) {
    ropelaw_error error = {0};
    ropelaw_fit_options options = *o;
    options.progress = cli_progress(c, "fitting runs");
    if (ropelaw_series_fit(series, &options, fits, &error)) return cli_fail(c, &error);
    fit_bootstrap *bootstraps = NULL;
    int code = fit_bootstrap_eval(c, series, o, fits, &bootstraps);
    if (!code) code = put_runs(c, series, fits, bootstraps);
    free(bootstraps);
    if (code) return code;
    if (c->text)
        fprintf(c->text,
                "\n%s %s %% interval by conditional simulation (%s draws, seed %llu).\n"
                "+eps: where the soft curve exceeds its reference (%s) by eps, %s interval.\n"
                "measured/theory: of the onset; in parentheses, of the measured lengths that bracket it.\n"
                "phase coverage: last good distance for phi 0 to 1 rad, of any method whose frequencies the "
                "file's facts fix.\n",
                break_words(c, series, fits), cli_num(100 * o->level, 4), cli_num((double)o->n_draws, 0),
                (unsigned long long)o->seed, cli_text(c, "reference", "line"), onset_method(series, fits));
    cli_source(c, "hinge: Hudson 1966; exact interval: Knowles, Siegmund, Zhang 1991, simulated; theory: "
                  "arXiv:2310.05209");
    bool metric = cli_given(c, "cov") || cli_given(c, "robust");
    if (metric && series->n_runs > 1)
        cli_caveat(c, "--cov and --robust act on break and onsets; the law takes points as independent");
    return fit_law_answer(c, series, o, fits);
}

static int run(cli_context *c) {
    ropelaw_fit_options options = ropelaw_fit_options_default;
    ropelaw_series series;
    memset(&series, 0, sizeof series);
    int code = read_options(c, &options);
    if (!code) code = cli_series_read(c, 0, &series);
    if (!code) code = read_covariances(c, &series);
    if (!code) {
        put_input(c, &series, &options);
        ropelaw_run_fit *fits = calloc(series.n_runs + 1, sizeof *fits);
        code =
            fits ? answer(c, &series, &options, fits)
                 : cli_fail(c, &(ropelaw_error){.code = ROPELAW_NOMEM, .message = "no memory for the fits"});
        free(fits);
    }
    ropelaw_series_clear(&series);
    return code;
}

static const cli_option options[] = {
    {"level",           CLI_NUMBER,  "P",                                "level of all intervals (0.95)"                                  },
    {"eps",             CLI_NUMBERS, "E,...",                            "excess that makes an onset (0.1,0.5)"                           },
    {"reference",       CLI_CHOICE,  "line|minimum|length|value",
     "what the excess is measured from (line: before the break)"                                                                          },
    {"reference-value", CLI_LENGTH,  "V",                                "tokens for --reference length, perplexity for --reference value"},
    {"sigma",           CLI_NUMBER,  "S",                                "noise of ln(ppl), if it is known (estimated)"                   },
    {"draws",           CLI_COUNT,   "N",                                "simulated curves of the exact interval (4999)"                  },
    {"all-families",    CLI_FLAG,    NULL,                               "compare BNSL_2 as well (slow)"                                  },
    {"residuals",       CLI_FLAG,    NULL,                               "residuals, normal scores and influence of every point"          },
    {"cov",             CLI_TEXTS,   "FILE",
     "covariance of a run's points (docs/statistics.md); may be given for several runs"                                                   },
    {"documents",       CLI_CHOICE,  "cluster|average",
     "rows with a doc: intervals between documents, or their means as points (cluster)"                                                   },
    {"robust",          CLI_CHOICE,  "none|huber",                       "loss that a few wild points cannot move far (none)"             },
    {"width",           CLI_NUMBER,  "W",
     "known width of the bend [ln token]: the break of the soft curve, exact given W, and the law"                                        },
    {"bootstrap",       CLI_CHOICE,  "residuals|normal|cases|documents",
     "bootstrap intervals of break and onsets from these draws"                                                                           },
    {"bootstrap-draws", CLI_COUNT,   "N",                                "how many (999)"                                                 },
    FIT_LAW_OPTIONS,
    {NULL,              CLI_FLAG,    NULL,                               NULL                                                             }
};

const cli_command cmd_fit = {
    .name = "fit",
    .summary = "onsets and the law from measured perplexity, loss or accuracy",
    .arguments = "FILE...",
    .least = 1,
    .most = -1,
    .options = options,
    .help = "Reads long CSV files (run, eval_len_tok, and ppl, loss_nats or accuracy) and prints, run by "
            "run, where the curve\n"
            "leaves its plateau: the bracket of measured lengths, the break with its exact interval, the "
            "onsets with theirs,\n"
            "and theory beside them. A run that shows no break says so; nothing is printed that its points "
            "cannot carry.",
    .example =
        "ropelaw fit data/curves/yarn_llama2_128k.csv\nropelaw fit --eps 0.05,0.1 --format json runs.csv",
    .run = run};
