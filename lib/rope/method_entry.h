/* What a method's file gives to the registry, and what it may ask of method.c. */
#ifndef ROPELAW_ROPE_METHOD_ENTRY_H
#define ROPELAW_ROPE_METHOD_ENTRY_H

#include <ropelaw/method.h>
#include "core/core.h"
#include <math.h>

#define ROPE_TWO_PI 6.283185307179586476925286766559

/* A checked question: the parameters with every absent value settled. */
typedef struct {
    const ropelaw_method_params *params;
    size_t n_pairs;
    double denominator; /* of the exponent: rotary_dim, for `proportional` head_dim */
    double len;         /* [token] longest sequence in use */
    double base;        /* base in use, after the method's own change */
    double factor;      /* scaling factor, 1 where the method has none */
} rope_request;

/* How llama.cpp can be told about a method. */
typedef enum {
    ROPE_GGML_DIVISORS = 0, /* through the tensor rope_freqs.weight */
    ROPE_GGML_BASE,         /* --rope-freq-base alone */
    ROPE_GGML_LINEAR,       /* --rope-freq-scale */
    ROPE_GGML_YARN          /* --rope-scaling yarn */
} rope_ggml;

typedef struct {
    ropelaw_method about;
    /* Beyond the common checks; NULL: nothing more. */
    ropelaw_status (*check)(const rope_request *request, ropelaw_error *error);
    /* The base in use; NULL: unchanged. */
    ropelaw_status (*base)(const rope_request *request, double *base, ropelaw_error *error);
    /* Turns the plain frequencies of request->base into the method's; NULL: they are the method's. */
    void (*exact)(const rope_request *request, double *inv_freq);
    /* The float operations of transformers from power_n = base^(2n/d); NULL: the exact value rounded once,
       or 1 / power_n where `exact` is NULL too. */
    void (*hf)(const rope_request *request, const float *power, float *inv_freq);
    /* NULL: 1. */
    double (*attention)(const rope_request *request);
    rope_ggml ggml;
} rope_method;

extern const rope_method rope_method_default, rope_method_linear, rope_method_ntk, rope_method_dynamic,
    rope_method_by_parts, rope_method_yarn, rope_method_longrope, rope_method_llama3,
    rope_method_proportional, rope_method_resonance, rope_method_longrope2, rope_method_abf,
    rope_method_critical_base, rope_method_evq, rope_method_factors;

/* The entry behind a public pointer; NULL for a pointer that is not of the registry. */
const rope_method *rope_method_entry(const ropelaw_method *about);

/* base^(-2n/denominator), rounded once where long double is wider than double (rope_freq). */
double rope_plain_freq(double base, double denominator, size_t n);

/* The checked request for a length (0: train_len). */
ropelaw_status rope_request_fill(const rope_method *method, const ropelaw_method_params *params,
                                 double eval_len, rope_request *request, ropelaw_error *error);

/* Exact frequencies of a filled request, the resonance option included. */
void rope_request_exact(const rope_method *method, const rope_request *request, double *inv_freq);

/* How ggml's kernel goes from pair to pair: theta starts at the position and is multiplied by `step`; the angle of
   pair n follows from the running theta. divisor [n_pairs] belongs to the caller. */
typedef struct {
    int linear, yarn;
    double base; /* of the running product */
    float step, scale, corr[2];
    float *divisor;
} rope_ggml_path;
void rope_ggml_path_fill(const rope_method *method, const rope_request *request, const double *exact,
                         rope_ggml_path *path);
float rope_ggml_angle(const rope_ggml_path *path, float theta, size_t n);
/* What the angle is times theta, but for that many roundings. */
double rope_ggml_gain(const rope_ggml_path *path, size_t n, int *roundings);

/* base * factor^(d/(d-2)); DOMAIN for d = 2. */
ropelaw_status rope_ntk_base(const rope_request *request, double factor, double *base, ropelaw_error *error);

/* Ends of YaRN's index ramp as the released code computes them: low, high with low != high. */
void rope_yarn_range(const rope_request *request, double *low, double *high);

/* Frequencies of the ramp over turns (YaRN paper eq 17, 18, 20). */
void rope_turns_ramp(const rope_request *request, double *inv_freq);

/* Every period rounded to whole tokens, half to even. */
void rope_resonance_exact(const rope_request *request, double *inv_freq);
void rope_resonance_float(const rope_request *request, float *inv_freq);

#endif
