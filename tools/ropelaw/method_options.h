/* The model options (--model, --config, --base ...) as parameters of a RoPE method. */
#ifndef ROPELAW_TOOLS_METHOD_OPTIONS_H
#define ROPELAW_TOOLS_METHOD_OPTIONS_H

#include "cli.h"

/* Parameters of methods as options of a command that takes one; factor and lengths are the command's own. */
/* clang-format off */
#define CLI_METHOD_OPTIONS                                                                                            \
    {"declared-len",       CLI_LENGTH,  "L",                      "max_position_embeddings after scaling"},           \
    {"new-base",           CLI_NUMBER,  "B",                      "abf: the base that replaces --base"},              \
    {"beta-fast",          CLI_NUMBER,  "R",                      "yarn, ntk-by-parts: turns above which a pair is kept (32)"}, \
    {"beta-slow",          CLI_NUMBER,  "R",                      "yarn, ntk-by-parts: turns below which it is interpolated (1)"}, \
    {"mscale",             CLI_NUMBER,  "X",                      "yarn: weight in the attention factor (absent)"},   \
    {"mscale-all-dim",     CLI_NUMBER,  "X",                      "yarn: weight in its divisor (absent)"},            \
    {"attention-factor",   CLI_NUMBER,  "X",                      "attention factor (the method's rule)"},            \
    {"low-freq-factor",    CLI_NUMBER,  "X",                      "llama3 (1)"},                                      \
    {"high-freq-factor",   CLI_NUMBER,  "X",                      "llama3 (4)"},                                      \
    {"partial",            CLI_NUMBER,  "P",                      "proportional: fraction of the pairs that rotate (1)"}, \
    {"tau",                CLI_NUMBER,  "X",                      "evq-cosh (rotary-dim / sqrt(train-len))"},         \
    {"critical-pairs",     CLI_COUNT,   "N",                      "longrope2: first pair with the whole factor (of train-len)"}, \
    {"long-factor",        CLI_NUMBERS, "F,F,..",                 "longrope: divisors beyond train-len; factors: at every length"}, \
    {"short-factor",       CLI_NUMBERS, "F,F,..",                 "longrope: divisors up to train-len (all 1)"},      \
    {"no-truncate",        CLI_FLAG,    NULL,                     "yarn: do not round the ramp's ends to whole pairs"}, \
    {"ramp",               CLI_CHOICE,  "index|turns",            "yarn: ramp over the pair index (code) or the turns (paper)"}, \
    {"dynamic",            CLI_CHOICE,  "hf|vllm-old|vllm|alpha", "dynamic: whose formula (hf)"},                     \
    {"longrope-by-factor", CLI_FLAG,    NULL,                     "longrope: choose by factor, as transformers before 4.48"}, \
    {"resonance",          CLI_FLAG,    NULL,                     "round every period to whole tokens after the method"}
/* clang-format on */

/* Overrides what the options of CLI_METHOD_OPTIONS say; an array that had to be made goes to *made (free it). */
void cli_method_override(const cli_context *c, ropelaw_method_params *params, double **made);

typedef struct {
    ropelaw_method_params params;
    const char *method;   /* name in the registry; "default" without a model */
    double declared_len;  /* of the model; NAN */
    ropelaw_model file;   /* of --config, keeps the arrays; zeroed otherwise */
    double *short_factor; /* all 1 where only long factors were given */
} cli_method;

/* Exit code. Flags override the preset or the file; `kind` names a kind of layers of the file (NULL: the one that the
   law speaks about). Puts model, kind, base, rotary_dim and train_len_tok into c->input. Clear in any case. */
int cli_method_read(cli_context *c, const char *kind, cli_method *m);
void cli_method_clear(cli_method *m);

#endif
