/* Costs at short lengths: counted from the frequencies, and as others measured them. A measured sentence stands only
 * with its source; kinds without one say what follows from their formula. */
#include <ropelaw/short_context.h>
#include <ropelaw/long_range.h>
#include "core/core.h"
#include <math.h>
#include <string.h>

/* Relative difference that rounding leaves in a frequency that a formula does not touch. */
#define SAME_FREQ 1e-14

static const struct {
    const char *kind, *note, *source;
} notes[] = {
    {"critical_base",
     "every pair but the first slows down a little; with base 5e5 and long tuning Llama 2 7B scored "
     "MMLU 46.24, by linear interpolation 45.84",                                                      "Xiong et al. 2023, arXiv:2309.16039"                             },
    {"bound_base",
     "every pair but the first slows down; a large step in base with little tuning was measured worse "
     "than the law (base 1e6 tuned at 4096: raised perplexity from 49152 on)",                         "figure of Liu et al. 2024 as reproduced in the Index-1.9B report"},
    {"small_base",
     "perplexity stays smooth, but retrieval is lost even at short lengths (base 500 cannot retrieve at "
     "1024 tokens)",                                                                                   "Men et al. 2024, arXiv:2405.14591"                               },
    {"linear",
     "neighbouring tokens draw together by the factor: LLaMA 7B tuned at 16384 fell from 76.1 to 69.8 on "
     "BoolQ and from 42.2 to 40.9 on RACE-H",                                                          "Chen et al. 2023, arXiv:2306.15595, Table 5"                     },
    {"ntk",
     "the first pair is kept, every other one slows down; without tuning some pairs leave their phases "
     "before "
     "the target: see coverage",                                                                       "Peng et al. 2023, arXiv:2309.00071"                              },
    {"ntk-by-parts",  "fast pairs are kept, so that near tokens stay apart; slow pairs draw together",
     "Peng et al. 2023, arXiv:2309.00071"                                                                                                                                },
    {"yarn",
     "fast pairs are kept, but the factor acts at every length: Qwen3-8B with factor 4 fell from 39 to 26.5 "
     "on "
     "Arena-Hard; serve short prompts without it",                                                     "QwenLM/Qwen3 issue 1567"                                         },
    {"longrope2",
     "every pair but the first slows down; a second, short set of divisors leaves prompts up to train_len "
     "as pre-trained (method longrope)",                                                               "Shang et al. 2025, arXiv:2502.20082"                             },
    {"llama3",        "pairs with more than high_freq_factor turns in training are kept",
     "Llama 3.1 reference code"                                                                                                                                          },
};

static ropelaw_status freqs_of(const ropelaw_setting *x, const ropelaw_plan_option *o, double *freq,
                               double *attention, ropelaw_error *error) {
    const ropelaw_method *method = isnan(o->factor) ? NULL : ropelaw_method_find(o->kind);
    *attention = 1;
    if (!method) return ropelaw_freqs_eval(o->base, x->rotary_dim, freq, error);
    ropelaw_method_params p = ropelaw_method_params_default;
    ropelaw_method_facts facts;
    p.base = x->pretrain_base;
    p.rotary_dim = x->rotary_dim;
    p.train_len = x->train_len_tok;
    p.factor = o->factor;
    ropelaw_status s = ropelaw_method_eval(method, &p, 0, freq, &facts, error);
    if (!s) *attention = facts.attention_factor;
    return s;
}

static void count(const double *before, const double *after, size_t n, ropelaw_short_context *cost) {
    double sum = 0;
    size_t rotating = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(after[i] > 0)) continue;
        cost->kept_pairs += fabs(after[i] - before[i]) <= SAME_FREQ * before[i];
        sum += log(before[i] / after[i]);
        rotating++;
    }
    cost->n_pairs = n;
    cost->neighbour_resolution = after[0] / before[0];
    cost->mean_slowdown = rotating ? exp(sum / (double)rotating) : NAN;
}

static void say(const char *kind, ropelaw_short_context *cost) {
    cost->note = cost->source = "";
    for (size_t i = 0; i < CORE_COUNT(notes); i++)
        if (!strcmp(notes[i].kind, kind)) {
            cost->note = notes[i].note;
            cost->source = notes[i].source;
        }
}

ropelaw_status ropelaw_short_context_eval(const ropelaw_setting *setting, const ropelaw_plan_option *option,
                                          ropelaw_short_context *cost, ropelaw_error *error) {
    if (!setting || !option || !cost)
        return core_fail(error, ROPELAW_INVALID, "cost", "NULL", "", "setting, option or cost is NULL");
    ropelaw_status s = ropelaw_setting_check(setting, error);
    if (s) return s;
    size_t n = setting->rotary_dim / 2;
    double *freq = core_malloc(n, 2 * sizeof *freq);
    if (!freq) return core_fail_memory(error, n, 2 * sizeof *freq);
    ropelaw_short_context answer = {0};
    s = ropelaw_freqs_eval(setting->pretrain_base, setting->rotary_dim, freq, error);
    if (!s) s = freqs_of(setting, option, freq + n, &answer.attention_factor, error);
    if (!s) {
        count(freq, freq + n, n, &answer);
        say(option->kind, &answer);
        *cost = answer;
    }
    core_free(freq);
    return s;
}

ropelaw_status ropelaw_option_long_range_eval(const ropelaw_setting *setting,
                                              const ropelaw_plan_option *option, double target_len,
                                              ropelaw_option_long_range *answer, ropelaw_error *error) {
    if (!setting || !option || !answer)
        return core_fail(error, ROPELAW_INVALID, "answer", "NULL", "", "setting, option or answer is NULL");
    if (!(target_len >= 2 && target_len <= ROPELAW_LONG_RANGE_LEN_MAX))
        return core_fail_number(error, ROPELAW_DOMAIN, "target_len", target_len, "2 to 16777216 tokens");
    ropelaw_status s = ropelaw_setting_check(setting, error);
    if (s) return s;
    size_t n = setting->rotary_dim / 2, length = (size_t)target_len, negative = 0, first = 0;
    double *freq = core_malloc(n, sizeof *freq), attention;
    if (!freq) return core_fail_memory(error, n, sizeof *freq);
    s = freqs_of(setting, option, freq, &attention, error);
    if (!s) s = ropelaw_long_range_count(freq, n, length, &negative, &first, error);
    core_free(freq);
    if (s) return s;
    answer->len_tok = first < length ? (double)first : NAN;
    answer->n_negative = (double)negative;
    return ROPELAW_OK;
}

ropelaw_status ropelaw_option_coverage_eval(const ropelaw_setting *setting, const ropelaw_plan_option *option,
                                            double phi_rad, ropelaw_coverage *coverage,
                                            ropelaw_error *error) {
    if (!setting || !option || !coverage)
        return core_fail(error, ROPELAW_INVALID, "coverage", "NULL", "",
                         "setting, option or coverage is NULL");
    ropelaw_status s = ropelaw_setting_check(setting, error);
    if (s) return s;
    size_t n = setting->rotary_dim / 2;
    double *freq = core_malloc(n, 2 * sizeof *freq), attention;
    if (!freq) return core_fail_memory(error, n, 2 * sizeof *freq);
    s = ropelaw_freqs_eval(setting->pretrain_base, setting->rotary_dim, freq, error);
    if (!s) s = freqs_of(setting, option, freq + n, &attention, error);
    /* a change of base is never tuned on less than train_len; a method on what it was tuned on */
    double least = isnan(option->factor) ? setting->train_len_tok : 1;
    ropelaw_arcs arcs = {n, freq, freq + n, setting->train_len_tok, fmax(option->tune_len, least)};
    if (!s) s = ropelaw_coverage_eval(&arcs, phi_rad, coverage, error);
    core_free(freq);
    return s;
}
