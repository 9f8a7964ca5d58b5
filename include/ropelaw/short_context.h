/**
 * What a way to a longer context does to short ones.
 *
 * Two parts: what can be counted from the frequencies (how many pairs keep theirs, how much neighbouring tokens
 * draw together, the attention factor that acts at every length), and what was measured by others, with its source.
 */
#ifndef ROPELAW_SHORT_CONTEXT_H
#define ROPELAW_SHORT_CONTEXT_H

#include <ropelaw/plan.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    size_t n_pairs, kept_pairs; /* pairs, and those whose frequency is that of pre-training */
    double
        neighbour_resolution; /* frequency of the fastest pair over that of pre-training: 1 keeps neighbouring
                                    tokens as far apart as they were */
    double mean_slowdown;    /* geometric mean of pre-training frequency over new frequency, rotating pairs */
    double attention_factor; /* on cos and sin, at every length */
    const char *note;        /* what is known, one sentence */
    const char *source;      /* of the note */
} ropelaw_short_context;

/**
 * Short-context cost of an option of ropelaw_plan_design_find.
 *
 * In       setting: as pre-trained; option
 * Out      cost
 * Returns  OK; DOMAIN naming the argument; NOMEM.
 * Golden   linear with factor 4: no pair kept, resolution 0.25; yarn, LLaMA2, factor 4: 21 of 64 kept, 1.138629.
 */
ROPELAW_API ropelaw_status ropelaw_short_context_eval(const ropelaw_setting *setting,
                                                      const ropelaw_plan_option *option,
                                                      ropelaw_short_context *cost,
                                                      ropelaw_error *error) ROPELAW_MUST_USE;

/** Long-range discrimination of an option (long_range.h): is a similar token ahead of a random one at every distance? */
typedef struct {
    double len_tok;    /* first distance with B(m) < 0; NAN if there is none below target_len */
    double n_negative; /* distances with B(m) < 0 among 0 .. target_len-1 [1] */
} ropelaw_option_long_range;

/**
 * B(m) over the distances below a target with the frequencies of an option.
 *
 * In       setting: as pre-trained; option; target_len [token] 2 .. 2^24
 * Out      answer
 * Returns  OK; DOMAIN naming the argument; NOMEM.
 * Source   Men et al. 2024 (arXiv:2405.14591). Cost: O(target_len * n_pairs), a second for 131072 and d = 128.
 */
ROPELAW_API ropelaw_status ropelaw_option_long_range_eval(const ropelaw_setting *setting,
                                                          const ropelaw_plan_option *option,
                                                          double target_len,
                                                          ropelaw_option_long_range *answer,
                                                          ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * Phase coverage of an option at any phi (the option itself carries it for 0 and 1 rad).
 *
 * In       setting: as pre-trained, of a model that attends in one direction; option; phi_rad [rad] 0 .. pi
 * Out      coverage
 * Returns  OK; DOMAIN naming the argument; NOMEM.
 */
ROPELAW_API ropelaw_status ropelaw_option_coverage_eval(const ropelaw_setting *setting,
                                                        const ropelaw_plan_option *option, double phi_rad,
                                                        ropelaw_coverage *coverage,
                                                        ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
