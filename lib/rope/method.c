#include "rope/method_entry.h"
#include "rope/rope.h"
#include <string.h>
#include <strings.h>

/* The registry of methods: order is the order of help, docs and tables. */
static const rope_method *const methods[] = {
    &rope_method_default,   &rope_method_linear, &rope_method_ntk,           &rope_method_dynamic,
    &rope_method_by_parts,  &rope_method_yarn,   &rope_method_longrope,      &rope_method_longrope2,
    &rope_method_llama3,    &rope_method_abf,    &rope_method_critical_base, &rope_method_proportional,
    &rope_method_resonance, &rope_method_evq,    &rope_method_factors,
};

const ropelaw_method_params ropelaw_method_params_default = {
    .base = 10000,
    .rotary_dim = 128,
    .beta_fast = 32,
    .beta_slow = 1,
    .low_freq_factor = 1,
    .high_freq_factor = 4,
    .partial = 1,
    .tau = -1,
    .truncate = 1,
};

size_t ropelaw_method_count(void) {
    return CORE_COUNT(methods);
}

const ropelaw_method *ropelaw_method_at(size_t n) {
    return n < CORE_COUNT(methods) ? &methods[n]->about : NULL;
}

static int is_alias(const char *aliases, const char *name) {
    size_t length = strlen(name);
    for (const char *a = aliases; *a && length; a += strspn(a, " ")) {
        size_t word = strcspn(a, " ");
        if (word == length && !strncasecmp(a, name, length)) return 1;
        a += word;
    }
    return 0;
}

const ropelaw_method *ropelaw_method_find(const char *name) {
    if (!name) return NULL;
    for (size_t i = 0; i < CORE_COUNT(methods); i++)
        if (!strcasecmp(methods[i]->about.name, name)) return &methods[i]->about;
    for (size_t i = 0; i < CORE_COUNT(methods); i++)
        if (is_alias(methods[i]->about.aliases, name)) return &methods[i]->about;
    return NULL;
}

const rope_method *rope_method_entry(const ropelaw_method *about) {
    for (size_t i = 0; i < CORE_COUNT(methods); i++)
        if (&methods[i]->about == about) return methods[i];
    return NULL;
}

static ropelaw_status domain(ropelaw_error *error, const char *argument, double value, const char *range) {
    return core_fail_number(error, ROPELAW_DOMAIN, argument, value, range);
}

static ropelaw_status check_dim(const char *argument, size_t dim, ropelaw_error *error) {
    if (dim >= 2 && dim % 2 == 0 && dim <= ROPELAW_ROTARY_DIM_MAX) return ROPELAW_OK;
    return domain(error, argument, (double)dim, "an even number in 2 .. 65536");
}

static size_t dims_of(const rope_method *method, const ropelaw_method_params *params) {
    return method->about.uses & ROPELAW_USES_HEAD_DIM && params->head_dim ? params->head_dim
                                                                          : params->rotary_dim;
}

/* Absent (0) or positive and finite. */
static ropelaw_status check_absent_or_positive(const char *argument, double x, ropelaw_error *error) {
    if (isfinite(x) && x >= 0) return ROPELAW_OK;
    return domain(error, argument, x, "0 for absent, or a positive number");
}

static ropelaw_status check_positive(const char *argument, double x, ropelaw_error *error) {
    if (isfinite(x) && x > 0) return ROPELAW_OK;
    return domain(error, argument, x, "> 0");
}

static ropelaw_status check_lengths(const rope_method *method, const ropelaw_method_params *p,
                                    ropelaw_error *error) {
    uint32_t uses = method->about.uses;
    int by_tau = uses & ROPELAW_USES_TAU && p->tau >= 0; /* then the length is only a default not needed */
    if (uses & ROPELAW_USES_TRAIN_LEN && !by_tau) {
        if (!(isfinite(p->train_len) && p->train_len >= 1))
            return domain(error, "train_len", p->train_len, ">= 1");
    } else {
        ropelaw_status s = check_absent_or_positive("train_len", p->train_len, error);
        if (s) return s;
    }
    ropelaw_status s = check_absent_or_positive("declared_len", p->declared_len, error);
    if (s) return s;
    return check_absent_or_positive("tune_len", p->tune_len, error);
}

static ropelaw_status check_numbers(const rope_method *method, const ropelaw_method_params *p,
                                    ropelaw_error *error) {
    ropelaw_status s;
    uint32_t uses = method->about.uses;
    if (!(isfinite(p->base) && p->base > 1)) return domain(error, "base", p->base, "> 1");
    if ((s = check_absent_or_positive("factor", p->factor, error))) return s;
    if ((s = check_absent_or_positive("attention_factor", p->attention_factor, error))) return s;
    if (uses & ROPELAW_USES_BETA) {
        if ((s = check_positive("beta_slow", p->beta_slow, error))) return s;
        if (!(isfinite(p->beta_fast) && p->beta_fast >= p->beta_slow))
            return domain(error, "beta_fast", p->beta_fast, ">= beta_slow");
    }
    return check_lengths(method, p, error);
}

static ropelaw_status check_array(const char *argument, const double *x, size_t n, ropelaw_error *error) {
    if (!x)
        return core_fail(error, ROPELAW_INVALID, argument, "", "one divisor a pair", "%s is missing",
                         argument);
    for (size_t i = 0; i < n; i++)
        if (!(isfinite(x[i]) && x[i] > 0)) return domain(error, argument, x[i], "every divisor > 0");
    return ROPELAW_OK;
}

static ropelaw_status check_factors(const rope_method *method, const rope_request *r, ropelaw_error *error) {
    const ropelaw_method_params *p = r->params;
    if (!(method->about.uses & ROPELAW_USES_FACTORS)) return ROPELAW_OK;
    if (!p->long_factor) return check_array("long_factor", NULL, 0, error);
    if (p->n_factors != r->n_pairs)
        return core_fail_number(error, ROPELAW_SHAPE, "n_factors", (double)p->n_factors, "rotary_dim / 2");
    ropelaw_status s = check_array("long_factor", p->long_factor, p->n_factors, error);
    if (s || method != &rope_method_longrope) return s;
    return check_array("short_factor", p->short_factor, p->n_factors, error);
}

/* An explicit factor wins over the ratio of the lengths, as in transformers since 4.56 (#40320). */
static double factor_of(const rope_method *method, const ropelaw_method_params *p) {
    if (!(method->about.uses & ROPELAW_USES_FACTOR)) return 1;
    if (p->factor > 0) return p->factor;
    if (p->declared_len > 0 && p->train_len > 0) return p->declared_len / p->train_len;
    return 1;
}

ropelaw_status rope_request_fill(const rope_method *method, const ropelaw_method_params *params,
                                 double eval_len, rope_request *request, ropelaw_error *error) {
    size_t dims = dims_of(method, params);
    ropelaw_status s = check_dim("rotary_dim", params->rotary_dim, error);
    if (!s) s = check_dim("head_dim", dims, error);
    if (!s) s = check_numbers(method, params, error);
    if (s) return s;
    if (!(isfinite(eval_len) && (eval_len == 0 || eval_len >= 1)))
        return domain(error, "eval_len", eval_len, "0 for train_len, or >= 1");
    *request = (rope_request){
        .params = params,
        .n_pairs = dims / 2,
        .denominator = (double)dims,
        .len = eval_len > 0 ? eval_len : params->train_len,
        .base = params->base,
        .factor = factor_of(method, params),
    };
    if ((s = check_factors(method, request, error))) return s;
    if (method->check && (s = method->check(request, error))) return s;
    if (!method->base) return ROPELAW_OK;
    double base = 0;
    if ((s = method->base(request, &base, error))) return s;
    if (!(isfinite(base) && base > 1)) return domain(error, "base", base, "> 1 after the method changed it");
    request->base = base;
    return ROPELAW_OK;
}

double rope_plain_freq(double base, double denominator, size_t n) {
    return (double)rope_freq(base, (size_t)denominator, n);
}

void rope_request_exact(const rope_method *method, const rope_request *request, double *inv_freq) {
    for (size_t n = 0; n < request->n_pairs; n++)
        inv_freq[n] = rope_plain_freq(request->base, request->denominator, n);
    if (method->exact) method->exact(request, inv_freq);
    if (request->params->resonance && method != &rope_method_resonance)
        rope_resonance_exact(request, inv_freq);
}

static ropelaw_status entry_find(const ropelaw_method *about, const ropelaw_method_params *params,
                                 const void *out, const rope_method **entry, ropelaw_error *error) {
    if (!params) return core_fail(error, ROPELAW_INVALID, "params", "NULL", "", "params is NULL");
    if (!out) return core_fail(error, ROPELAW_INVALID, "inv_freq", "NULL", "", "inv_freq is NULL");
    *entry = rope_method_entry(about);
    if (!*entry)
        return core_fail(error, ROPELAW_INVALID, "method", "", "", "the method is not of the registry");
    return ROPELAW_OK;
}

ropelaw_status ropelaw_method_pairs(const ropelaw_method *method, const ropelaw_method_params *params,
                                    size_t *n_pairs, ropelaw_error *error) {
    const rope_method *entry;
    ropelaw_status s = entry_find(method, params, n_pairs, &entry, error);
    if (s) return s;
    if ((s = check_dim("rotary_dim", params->rotary_dim, error))) return s;
    if ((s = check_dim("head_dim", dims_of(entry, params), error))) return s;
    *n_pairs = dims_of(entry, params) / 2;
    return ROPELAW_OK;
}

ropelaw_status ropelaw_method_eval(const ropelaw_method *method, const ropelaw_method_params *params,
                                   double eval_len, double *inv_freq, ropelaw_method_facts *facts,
                                   ropelaw_error *error) {
    const rope_method *entry;
    rope_request r;
    ropelaw_status s = entry_find(method, params, inv_freq, &entry, error);
    if (s) return s;
    if ((s = rope_request_fill(entry, params, eval_len, &r, error))) return s;
    rope_request_exact(entry, &r, inv_freq);
    if (!facts) return ROPELAW_OK;
    facts->n_pairs = r.n_pairs;
    facts->attention_factor = entry->attention ? entry->attention(&r) : 1;
    facts->base = r.base;
    facts->factor = r.factor;
    return ROPELAW_OK;
}
