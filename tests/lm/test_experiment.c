/* Tests: experiment.c experiment_run.c experiment_csv.c experiment_figure.c preset.c preset_quick.c preset_paper.c preset_seeds.c preset_setups.c folder.c experiment_plot.c */
#include "test.h"
#include "core/core.h"
#include "lm/experiment.h"
#include <ropelaw/coverage.h>
#include <ropelaw/cpu.h>
#include <ropelaw/law.h>
#include <ropelaw/train.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A grid for tests: one model, two copies, a hundredth of the steps. */
static const ropelaw_train_tuning tunings[] = {
    {500,  64,  150},
    {2000, 128, 150}
};
static const ropelaw_train_setup setup = {"tiny", 32, 64, 500, 500, 2, tunings};
static const ropelaw_train_setup *const setups[] = {&setup};
static const ropelaw_train_preset tiny = {"tiny", "for tests", 1, setups, 1};

enum { N_TEXT = 3 * ROPELAW_LM_DOC_BYTES };
static char text[N_TEXT];

static ropelaw_train_options options(size_t n_threads) {
    ropelaw_train_options o = ropelaw_train_options_default;
    o.step_share = 0.01, o.n_threads = n_threads, o.eval_len = 512, o.eval_windows = 2;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_lm_text(42, 0, 3, text, &error), error);
    o.text = text, o.n_bytes = N_TEXT, o.text_name = "three documents";
    return o;
}

static ropelaw_train_result run(const ropelaw_train_options *o) {
    ropelaw_train_result r;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_train_experiment(&tiny, o, &r, &error), error);
    return r;
}

START_TEST(threads_do_not_change_the_csv) {
    const ropelaw_train_options one = options(1), two = options(2);
    ropelaw_train_result a = run(&one), b = run(&two);
    ck_assert_str_eq(a.csv, b.csv);
    ropelaw_train_options other = options(2);
    other.seed = 2;
    ropelaw_train_result c = run(&other);
    ck_assert_str_ne(a.csv, c.csv);
    ropelaw_train_result_clear(&a), ropelaw_train_result_clear(&b), ropelaw_train_result_clear(&c);
}
END_TEST

/* The CSV, read back by the library's own reader, is the series of the result. */
START_TEST(csv_reads_back_as_the_series) {
    const ropelaw_train_options o = options(1);
    ropelaw_train_result r = run(&o);
    ropelaw_series s;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_series_parse(r.csv, strlen(r.csv), "csv", &s, &error), error);
    ck_assert_uint_eq(s.n_runs, 2);
    ck_assert_uint_eq(r.series.n_runs, 2);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_str_eq(s.runs[i].name, r.series.runs[i].name);
        ck_assert_str_eq(s.runs[i].name, r.runs[i].run);
        ck_assert_str_eq(s.runs[i].model, "tiny-s1");
        ck_assert(s.runs[i].base == tunings[i].base);
        ck_assert(s.runs[i].tune_len_tok == (double)tunings[i].tune_len);
        ck_assert(s.runs[i].train_len_tok == 64 && s.runs[i].rotary_dim == 32 &&
                  s.runs[i].pretrain_base == 500);
        ck_assert_uint_eq(s.runs[i].n_points, r.series.runs[i].n_points);
        for (size_t k = 0; k < s.runs[i].n_points; k++) {
            test_assert_rel(s.runs[i].points[k].value, r.series.runs[i].points[k].value, 1e-7);
            test_assert_rel(s.runs[i].points[k].eval_len_tok, r.series.runs[i].points[k].eval_len_tok, 1e-7);
            ck_assert(s.runs[i].points[k].eval_len_tok > (double)tunings[i].tune_len);
        }
    }
    ck_assert(ropelaw_series_key(&s, "source") && ropelaw_series_key(&s, "licence"));
    ropelaw_series_clear(&s);
    ropelaw_train_result_clear(&r);
}
END_TEST

static int stop_late(void *context, double fraction) {
    double *last = context;
    if (fraction < last[0] - 1e-12 || fraction > 1 + 1e-12) last[1] = 1; /* went back, or too far */
    last[0] = fraction;
    return fraction < last[2];
}

/* The one checkpoint of the folder: its name has the model, the steps and a mark of the text. */
static void only_checkpoint(const char *dir, char *path, size_t room) {
    char pattern[160];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/*", dir);
    ck_assert(!glob(pattern, 0, NULL, &found));
    ck_assert_uint_eq(found.gl_pathc, 1);
    ck_assert_int_lt(snprintf(path, room, "%s", found.gl_pathv[0]), (int)room);
    ck_assert(strstr(path, "/tiny-s1-n5-x"));
    globfree(&found);
}

/* Stopped in pre-training, called again with the same folder: the bytes of a run that was left alone. */
START_TEST(stopped_and_continued_equals_uninterrupted) {
    char dir[] = "/tmp/ropelaw_train_XXXXXX", path[128];
    ck_assert(mkdtemp(dir));
    ropelaw_train_options o = options(2);
    ropelaw_train_result whole = run(&o), r;
    double state[3] = {0, 0, 0.02};
    o.checkpoint_dir = dir, o.progress = (ropelaw_progress){stop_late, state};
    ropelaw_error error = {0};
    ck_assert_int_eq(ropelaw_train_experiment(&tiny, &o, &r, &error), ROPELAW_CANCELLED);
    only_checkpoint(dir, path, sizeof path);
    state[0] = 0, state[2] = 2;
    r = run(&o);
    ck_assert_msg(state[1] == 0 && fabs(state[0] - 1) < 1e-9, "progress ended at %g", state[0]);
    ck_assert_str_eq(r.csv, whole.csv);
    ropelaw_train_result_clear(&r);
    /* another seed under this name is refused */
    ropelaw_lm *m = NULL;
    test_assert_ok(ropelaw_lm_create(&ropelaw_lm_config_default, &m, &error), error);
    test_assert_ok(ropelaw_lm_save(m, path, &error), error);
    test_assert_fails(ropelaw_train_experiment(&tiny, &o, &r, &error), ROPELAW_INVALID, error,
                      "checkpoint_dir");
    ropelaw_lm_destroy(&m);
    ropelaw_train_result_clear(&whole);
    unlink(path), rmdir(dir);
}
END_TEST

/* The folder is made, or refused before any training: the progress is never called. */
static int never(void *context, double fraction) {
    (void)fraction;
    *(int *)context += 1;
    return 1;
}

START_TEST(the_folder_is_tried_before_training) {
    char parent[] = "/tmp/ropelaw_train_XXXXXX", dir[128], path[192];
    ck_assert(mkdtemp(parent));
    snprintf(dir, sizeof dir, "%s/new", parent);
    ropelaw_train_options o = options(1);
    ropelaw_train_result r;
    ropelaw_error error = {0};
    o.checkpoint_dir = dir;
    r = run(&o);
    only_checkpoint(dir, path, sizeof path);
    ropelaw_train_result_clear(&r);
    int calls = 0;
    o.progress = (ropelaw_progress){never, &calls};
    const char *const bad[] = {path, "/no/such/folder",
                               "/proc"}; /* a file; no parent; nothing can be made there */
    for (size_t i = 0; i < 3; i++) {
        o.checkpoint_dir = bad[i];
        test_assert_fails(ropelaw_train_experiment(&tiny, &o, &r, &error), ROPELAW_IO, error,
                          "checkpoint_dir");
        ck_assert_str_eq(error.file, bad[i]);
    }
    ck_assert_int_eq(calls, 0);
    unlink(path), rmdir(dir), rmdir(parent);
}
END_TEST

/* A model of another text is not continued under the same name. */
START_TEST(checkpoints_belong_to_a_text) {
    char dir[] = "/tmp/ropelaw_train_XXXXXX";
    glob_t found;
    ck_assert(mkdtemp(dir));
    char pattern[160];
    snprintf(pattern, sizeof pattern, "%s/*", dir);
    ropelaw_train_options o = options(1);
    ropelaw_error error = {0};
    o.checkpoint_dir = dir;
    for (size_t i = 0; i < 2; i++) {
        test_assert_ok(ropelaw_lm_text(42 + i, 0, 3, text, &error), error);
        ropelaw_train_result kept = run(&o);
        o.checkpoint_dir = NULL;
        ropelaw_train_result alone = run(&o);
        ck_assert_str_eq(kept.csv, alone.csv);
        ropelaw_train_result_clear(&kept), ropelaw_train_result_clear(&alone);
        o.checkpoint_dir = dir;
    }
    ck_assert(!glob(pattern, 0, NULL, &found));
    ck_assert_uint_eq(found.gl_pathc, 2);
    for (size_t i = 0; i < found.gl_pathc; i++) unlink(found.gl_pathv[i]);
    globfree(&found), rmdir(dir);
}
END_TEST

START_TEST(bad_input_is_named) {
    ropelaw_train_result r;
    ropelaw_error error = {0};
    ropelaw_train_options o = options(1);
    o.setup = "t999";
    test_assert_fails(ropelaw_train_experiment(&tiny, &o, &r, &error), ROPELAW_INVALID, error, "setup");
    o = options(1), o.step_share = 0;
    test_assert_fails(ropelaw_train_experiment(&tiny, &o, &r, &error), ROPELAW_DOMAIN, error, "step_share");
    o = options(1), o.text = "short", o.n_bytes = 5;
    test_assert_fails(ropelaw_train_experiment(&tiny, &o, &r, &error), ROPELAW_SHAPE, error, "text");
    ck_assert(!ropelaw_train_preset_find("none") && !ropelaw_train_preset_find(NULL));
}
END_TEST

START_TEST(misspelt_presets_are_recognised) {
    static const struct {
        const char *name, *meant;
    } cases[] = {
        {"quik",   "quick"},
        {"QUICK",  "quick"},
        {"qiuck",  "quick"},
        {"papers", "paper"},
        {"seed",   "seeds"},
        {"big",    NULL   },
        {"",       NULL   },
        {NULL,     NULL   }
    };
    for (size_t i = 0; i < CORE_COUNT(cases); i++) {
        const ropelaw_train_preset *p = ropelaw_train_preset_nearest(cases[i].name);
        ck_assert_msg(p ? cases[i].meant && !strcmp(p->name, cases[i].meant) : !cases[i].meant, "%s",
                      cases[i].name);
    }
    static char endless[4096];
    memset(endless, 'q', sizeof endless - 1);
    ck_assert(!ropelaw_train_preset_nearest(endless));
}
END_TEST

/* A preset with several seeds says which; its command takes the first. */
START_TEST(seeds_are_named) {
    ropelaw_train_preset three = tiny;
    three.n_seeds = 3;
    ropelaw_train_options o = options(2);
    ropelaw_train_result r;
    ropelaw_error error = {0};
    o.seed = 4;
    test_assert_ok(ropelaw_train_experiment(&three, &o, &r, &error), error);
    ck_assert(strstr(r.csv, "--seed 4 ") && strstr(r.csv, "\n# seeds: 4 to 6\n"));
    ck_assert_uint_eq(r.n_runs, 6);
    ck_assert(r.runs[0].seed == 4 && r.runs[5].seed == 6);
    ropelaw_train_result_clear(&r);
}
END_TEST

START_TEST(text_and_its_provenance) {
    ropelaw_train_options o = options(2);
    ropelaw_train_result r = run(&o);
    ck_assert(strstr(r.csv, " --windows 2 'three documents', version "));
    ck_assert(strstr(r.csv, "# text: three documents\n") && isnan(r.text_floor.topics_known_nats));
    ropelaw_train_result_clear(&r);
    o.text_name = "it's\ntwo"; /* stays on its line, and in its quotes */
    r = run(&o);
    ck_assert(strstr(r.csv, " --windows 2 'it'\\''s?two', version ") && strstr(r.csv, "# text: it's?two\n"));
    ropelaw_train_result_clear(&r);
    o.text = NULL, o.language = 7; /* the generated language */
    r = run(&o);
    ck_assert(strstr(r.csv, "# text: generated, language 7;"));
    ck_assert(strstr(
        r.csv, "# source: ropelaw train --preset tiny --seed 1 --language 7 --share 0.01 --eval-len 512 "
               "--windows 2, version "));
    ck_assert(strstr(r.csv, "\n# seeds: 1\n# made-with: "));
    ck_assert(strstr(strstr(r.csv, "# made-with: "), ropelaw_isa_str(ropelaw_isa_best())));
    ck_assert(r.text_floor.topics_known_nats > 0.4 && strstr(r.csv, "# text-floor-topics-known-nats: 0."));
    ck_assert(r.runs[0].pretrain_loss_nats > r.text_floor.topics_unknown_nats); /* five steps teach little */
    ck_assert_uint_eq(r.n_runs, 2);
    ropelaw_train_result_clear(&r);
}
END_TEST

/* Registry: names differ, grids make sense, and what the files' comments call critical is critical. */
START_TEST(presets_make_sense) {
    ck_assert_uint_ge(ropelaw_train_preset_count(), 3);
    for (size_t i = 0; i < ropelaw_train_preset_count(); i++) {
        const ropelaw_train_preset *p = ropelaw_train_preset_at(i);
        ck_assert_ptr_eq(ropelaw_train_preset_find(p->name), p);
        ck_assert(p->summary[0] && p->n_seeds >= 1 && p->n_setups >= 1);
        for (size_t k = 0; k < p->n_setups; k++) {
            const ropelaw_train_setup *s = p->setups[k];
            for (size_t j = 0; j < k; j++) ck_assert_str_ne(s->name, p->setups[j]->name);
            ck_assert_uint_ge(s->n_tunings, 3);
            for (size_t t = 0; t < s->n_tunings; t++) {
                ropelaw_setting at = {32, s->base, (double)s->train_len, s->tunings[t].base,
                                      (double)s->tunings[t].tune_len};
                ropelaw_error error = {0};
                test_assert_ok(ropelaw_setting_check(&at, &error), error);
                ck_assert(s->tunings[t].tune_len >= s->train_len);
            }
        }
    }
    ck_assert(!ropelaw_train_preset_at(ropelaw_train_preset_count()));
    const struct {
        double pretrain_base, train_len, tune_len, base;
    } critical[] = {
        {500, 128, 512, 8716},
        {50,  64,  256, 517 }
    };
    for (size_t i = 0; i < 2; i++) {
        double base;
        ropelaw_error error = {0};
        test_assert_ok(ropelaw_critical_base_eval(critical[i].pretrain_base, critical[i].train_len,
                                                  critical[i].tune_len, &base, &error),
                       error);
        test_assert_abs(base, critical[i].base, 0.5);
    }
}
END_TEST

/* The summary of a curve made by hand: flat to 600, then up by 0.1 a bin. */
START_TEST(summary_of_a_known_curve) {
    enum { N = 60 };
    ropelaw_lm_bin bins[N];
    double excess[2 * N];
    memset(bins, 0, sizeof bins);
    for (size_t i = 0; i < N; i++) {
        bins[i].length_tok = 64 * pow(1.08, (double)i);
        double x = bins[i].length_tok > 600 ? 0.1 * log(bins[i].length_tok / 600) / log(1.08) : 0.01;
        bins[i].excess_nats = excess[i] = excess[N + i] = x;
        bins[i].cumulative_ppl = (double)i;
    }
    ropelaw_lm_curve c = {N, 2, bins, excess, 1.5};
    ropelaw_train_run r = {
        .head_dim = 32, .train_len = 128, .tune_len = 128, .pretrain_base = 500, .base = 5000};
    ropelaw_error error = {0};
    test_assert_ok(lm_run_summarise(&r, &c, &error), error);
    test_assert_rel(r.closed_form, 2 * M_PI * sqrt(5000), 1e-12); /* critical dimension 16 of 32 */
    test_assert_rel(r.strict, 405, 0.01);                         /* docs/experiment.md */
    test_assert_rel(r.coverage, 585, 0.01);
    test_assert_rel(r.onset.onset_tok, 600 * 1.08 * 1.08, 1e-9);
    test_assert_rel(r.ratio_closed_form, r.onset.onset_tok / r.closed_form, 1e-15);
    test_assert_abs(r.plateau_nats, 0.01, 1e-15);
    test_assert_abs(r.pedestal_nats, 0.01, 1e-15);
    double middle = 0.1 * log(2.85 * r.closed_form / 600) / log(1.08);
    test_assert_abs(r.wall_nats, middle, 0.1); /* one bin */
    ck_assert(r.reference_nats == 1.5 && r.final_ppl == N - 1);
}
END_TEST

/* 64 .. 2048 on 72 columns: an onset at 362 lies in the middle; marks replace shades, the onset wins. */
START_TEST(figure_of_a_known_curve) {
    ropelaw_lm_bin bins[2] = {
        {.length_tok = 64,    .excess_nats = 0},
        {.length_tok = 362.1, .excess_nats = 2}
    };
    ropelaw_lm_curve c = {2, 1, bins, NULL, 1};
    char name[] = "r";
    ropelaw_train_run r = {.run = name, .closed_form = 128, .coverage = 362.1, .onset = {.onset_tok = 362.1}};
    lm_text t = {0};
    lm_figure_add(&t, &r, &c, 2048);
    char want[] = "r                                    |              L                     O"
                  "###################################|\n";
    ck_assert_str_eq(t.bytes, want);
    core_free(t.bytes);
}
END_TEST

/* Two models, three runs: panels, curves and marks where the scales say. On the first panel 64 .. 2048 lie on x = 45 ..
   265 and 0 .. 3 nat on y = 260 .. 30. */
START_TEST(drawings_of_known_curves) {
    char names[3][8] = {"m1/a", "m1/b", "m2/c"}, models[2][4] = {"m1", "m2"};
    ropelaw_point points[2] = {
        {.eval_len_tok = 128,  .value = 1.5},
        {.eval_len_tok = 2048, .value = 9  }
    };
    ropelaw_run curves[3] = {
        {.points = points, .n_points = 2},
        {.points = points,                .n_points = 2},
        {0}
    };
    ropelaw_train_run runs[3] = {
        {.run = names[0],
         .model = models[0],
         .base = 500,
         .tune_len = 128,
         .n_tune_steps = 150,
         .reference_nats = 1,
         .closed_form = 256,
         .coverage = 1e6,
         .onset = {.onset_tok = 362.0386719675123}},
        {.run = names[1],                       .model = models[0],                         .onset = {.censored = 1}                                         },
        {.run = names[2], .model = models[1], .onset = {.censored = 1}}
    };
    ropelaw_train_result r = {
        .n_runs = 3, .runs = runs, .series = {.n_runs = 3, .runs = curves}
    };
    lm_text svg = {0}, tex = {0};
    lm_plot_svg(&svg, &r, 2048), lm_plot_tex(&tex, &r, 2048);
    size_t n = 0;
    for (const char *p = svg.bytes; (p = strstr(p, "<polyline")); p++) n++;
    ck_assert_uint_eq(n, 3);
    ck_assert(strstr(svg.bytes, "width=\"860\" height=\"300\""));
    ck_assert(strstr(svg.bytes, "points=\"89,221.67 265,30 \"")); /* 0.5 nat; 8 nat is cut at the top */
    ck_assert(strstr(svg.bytes, "cx=\"155\" cy=\"244.67\""));     /* half way; 0.2 nat */
    ck_assert(strstr(svg.bytes,
                     "x1=\"133\" y1=\"260\" x2=\"133\" y2=\"30\"")); /* closed form; no line for coverage */
    ck_assert(!strstr(svg.bytes, "\"1 3\""));
    ck_assert(strstr(svg.bytes, ">base 500, 128 tok, 150 steps</text>"));
    ck_assert(strstr(tex.bytes, "\\addplot[c0, thick] coordinates {(128,0.5) (2048,8) };"));
    ck_assert(strstr(tex.bytes, "{(362.03867,0.2)};"));
    n = 0;
    for (const char *p = tex.bytes; (p = strstr(p, "\\end{axis}\n\\end{tikzpicture}\n")); p++) n++;
    ck_assert_uint_eq(n, 2);
    core_free(svg.bytes), core_free(tex.bytes);
}
END_TEST

START_TEST(memory_may_run_out) {
    int failures = 0;
    const ropelaw_train_options o = options(1);
    for (long n = 1; n < 200; n += 19) {
        ropelaw_train_result r;
        ropelaw_error error = {0};
        core_fail_allocations_from(n);
        ropelaw_status status = ropelaw_train_experiment(&tiny, &o, &r, &error);
        core_fail_allocations_from(0);
        ck_assert(status == ROPELAW_OK || status == ROPELAW_NOMEM);
        failures += status == ROPELAW_NOMEM;
        if (!status) ropelaw_train_result_clear(&r);
    }
    ck_assert_int_ge(failures, 8);
}
END_TEST

int main(void) {
    setenv("CK_DEFAULT_TIMEOUT", "60", 0); /* training takes time on a busy machine */
    Suite *s = suite_create("experiment");
    const TTest *const tests[] = {threads_do_not_change_the_csv,
                                  csv_reads_back_as_the_series,
                                  stopped_and_continued_equals_uninterrupted,
                                  the_folder_is_tried_before_training,
                                  checkpoints_belong_to_a_text,
                                  bad_input_is_named,
                                  misspelt_presets_are_recognised,
                                  seeds_are_named,
                                  text_and_its_provenance,
                                  presets_make_sense,
                                  summary_of_a_known_curve,
                                  figure_of_a_known_curve,
                                  drawings_of_known_curves,
                                  memory_may_run_out,
                                  NULL};
    test_add(s, "experiment", tests);
    return test_run(s);
}
