/* For the programs of this folder: one text of every format, and what the importer makes of a text. */
#ifndef TESTS_LOGS_IMPORT_SUPPORT_H
#define TESTS_LOGS_IMPORT_SUPPORT_H

#include "test.h"
#include <ropelaw/import.h>
#include <stdio.h>
#include <string.h>

static const char sample_llama[] =
    "perplexity: tokenizing the input ..\n"
    "perplexity: tokenization took 737.026 ms\n"
    "perplexity: calculating perplexity over 4 chunks, n_ctx=2048, batch_size=512, n_seq=1\n"
    "perplexity: 0.55 seconds per pass - ETA 0.03 minutes\n"
    "[1]9.6667,[2]11.4286,[3]11.6311,[4]10.3475,\n"
    "Final estimate: PPL = 10.3475 +/- 0.42292\n";

static const char sample_longlora[] = "Num validation tokens: 4642439\n"
                                      "data path proof_pile.bin\n"
                                      "base model /m/llama-7b\n"
                                      "peft model None\n"
                                      "Using seq length 8192\n"
                                      "100%|####| 30/30\n"
                                      "{'val_acc': 0.5, 'val_loss': 2.0, 'val_perplexity': 7.38900, "
                                      "'val_perplexity_per_chunk': tensor([7.3891])}\n";

static const char *const samples[] = {
    sample_llama,
    ",2048,4096\nm,3.5,3.25\n",
    "length,ppl\n32768,3.2\n",
    "0,1\nTasks,vt\nScore,50\nNulls,0/5\n",
    "{\"results\": {\"t\": {\"4096,none\": 0.5}}, \"config\": {\"model_args\": "
    "\"pretrained=a,max_length=5\"}}",
    "[{\"model\": \"m\", \"context_length\": 4, \"depth_percent\": 5, \"score\": 1}]",
    "run,eval_len_tok,ppl,doc\nr,1,2,d\n",
    "m: 8192=3.54\n",
    sample_longlora,
};
enum { N_SAMPLES = sizeof samples / sizeof *samples };

static ropelaw_error error;

static inline ropelaw_status import(const char *name, const char *text, const ropelaw_import_options *options,
                                    ropelaw_series *series) {
    memset(&error, 0, sizeof error);
    return ropelaw_import_parse(text, strlen(text), name, options, series, &error);
}

static inline ropelaw_series imported(const char *name, const char *text,
                                      const ropelaw_import_options *options) {
    ropelaw_series series = {0};
    test_assert_ok(import(name, text, options, &series), error);
    return series;
}

/* "run: length=value length=value; run: ..."; frees the series. */
static inline const char *shown(ropelaw_series *series) {
    static char text[2000];
    *text = 0;
    for (size_t i = 0; i < series->n_runs; i++) {
        sprintf(text + strlen(text), "%s%s:", i ? "; " : "", series->runs[i].name);
        for (size_t j = 0; j < series->runs[i].n_points; j++)
            sprintf(text + strlen(text), " %g=%g", series->runs[i].points[j].eval_len_tok,
                    series->runs[i].points[j].value);
    }
    ropelaw_series_clear(series);
    return text;
}

/* The file `name` with this text reads as `expected`. */
static inline void reads(const char *name, const char *text, const ropelaw_import_options *options,
                         const char *expected) {
    ropelaw_series series = imported(name, text, options);
    const char *found = shown(&series);
    ck_assert_msg(!strcmp(found, expected), "%s reads \"%s\", expected \"%s\": %s", name, found, expected,
                  text);
}

/* It is refused with this status; what the complaint says stays in `error`. */
static inline void refuses(const char *name, const char *text, const ropelaw_import_options *options,
                           ropelaw_status expected) {
    ropelaw_series series;
    ropelaw_status status = import(name, text, options, &series);
    ck_assert_msg(status == expected, "%s gives %s: %s", name, ropelaw_status_str(status), text);
}

#endif
