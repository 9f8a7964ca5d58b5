/**
 * Status codes, error details and caveats: how every call of the library answers.
 *
 * A function that can fail returns ropelaw_status; unless it is ROPELAW_OK, its outputs are
 * untouched. A ropelaw_error, owned by the caller, receives the details; NULL is allowed
 * everywhere. Caveats are not failures: they are bits beside a value that is given and usable.
 * The library never prints, exits, aborts, reads the environment or changes the locale.
 */
#ifndef ROPELAW_STATUS_H
#define ROPELAW_STATUS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define ROPELAW_API      __attribute__((visibility("default")))
#define ROPELAW_MUST_USE __attribute__((warn_unused_result))
#else
#define ROPELAW_API
#define ROPELAW_MUST_USE
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ROPELAW_OK = 0,
    ROPELAW_INVALID,     /* an argument makes no sense (NULL, unknown name, contradictory options) */
    ROPELAW_DOMAIN,      /* a number lies outside the permitted range */
    ROPELAW_SHAPE,       /* sizes do not fit each other or overflow */
    ROPELAW_NOMEM,       /* memory could not be had */
    ROPELAW_SINGULAR,    /* a matrix has not the rank that the question needs */
    ROPELAW_NOCONV,      /* an iteration ended without an answer */
    ROPELAW_IO,          /* a file could not be read or written */
    ROPELAW_PARSE,       /* the content of an input is not what its format says */
    ROPELAW_UNSUPPORTED, /* understood, but outside what this version does */
    ROPELAW_CANCELLED    /* the progress callback asked to stop */
} ropelaw_status;

/** Details of a failure; zero-initialise it (`ropelaw_error error = {0};`). Strings are cut, never overrun. */
typedef struct {
    ropelaw_status code;
    char message[320]; /* one sentence, names argument, value and permitted range */
    char argument[64]; /* offending argument, column or key; "" if none */
    char value[64];    /* its value as text; "" if none */
    char range[128];   /* the permitted range; "" if none */
    char file[256];    /* input file; "" if none */
    size_t line;       /* line in it, 1-based; 0 if none */
} ropelaw_error;

/** Name of a status ("DOMAIN"). Never NULL. Threads: pure. */
ROPELAW_API const char *ropelaw_status_str(ropelaw_status status);

/**
 * The error as one line, "file:line: message".
 *
 * Out      text [size] NUL-terminated, cut if too small
 * Returns  length of the whole line without the NUL, as snprintf does.
 */
ROPELAW_API size_t ropelaw_error_str(const ropelaw_error *error, char *text, size_t size);

/**
 * Caveats: bits in the `caveats` member of a result whose value is given and usable.
 * ropelaw_caveat_str() puts one bit into words.
 */
enum {
    ROPELAW_CAVEAT_EXTRAPOLATED = 1u << 0,      /* beyond the data or settings that the statement was fitted on */
    ROPELAW_CAVEAT_REGIME_SMALL_BASE = 1u << 1, /* base below beta_1: gradual degradation, no wall */
    ROPELAW_CAVEAT_OUTSIDE_THEORY = 1u << 2,    /* the paper does not state this case */
    ROPELAW_CAVEAT_CENSORED = 1u << 3,          /* only a limit is known */
    ROPELAW_CAVEAT_FEW_POINTS = 1u << 4,        /* too few points for what one would like to say */
    ROPELAW_CAVEAT_AT_EDGE = 1u << 5,           /* the value sits on the edge of its search range or regime */
    ROPELAW_CAVEAT_ILL_CONDITIONED = 1u << 6,   /* digits were lost */
    ROPELAW_CAVEAT_NO_BREAK = 1u << 7,          /* the curve shows no break */
    ROPELAW_CAVEAT_DEFAULTED = 1u << 8,         /* a value was inferred, not read */
    ROPELAW_CAVEAT_TUNE_BELOW_TRAIN = 1u << 9,  /* tune_len < train_len, computed with tune_len = train_len */
    ROPELAW_CAVEAT_NOT_MONOTONE = 1u << 10,     /* tuning a little longer gives a smaller bound here */
    ROPELAW_CAVEAT_UNBOUNDED = 1u << 11,        /* every pair saw a full period: the law gives no bound */
    ROPELAW_CAVEAT_GRID = 1u << 12,             /* a search answer with the resolution of its step */
    ROPELAW_CAVEAT_METHOD = 1u << 13,           /* the RoPE method is outside the closed form */
    ROPELAW_CAVEAT_WINDOW = 1u << 14,           /* an attention window ends the context for another reason */
    ROPELAW_CAVEAT_DIGITISED = 1u << 15,        /* read off a plot by eye */
    ROPELAW_CAVEAT_LEVELLED = 1u << 16          /* points where the curve levels off are left out */
};
#define ROPELAW_CAVEAT_COUNT 17

/** One caveat bit in words; "" for anything that is not exactly one known bit. Threads: pure. */
ROPELAW_API const char *ropelaw_caveat_str(uint32_t bit);

/** The short name of a caveat bit ("OUTSIDE_THEORY"); "" for anything else. Threads: pure. */
ROPELAW_API const char *ropelaw_caveat_name(uint32_t bit);

/**
 * Progress of a long call: `call` is invoked now and then from the calling thread or a worker (never
 * from two at once) with the fraction done in [0, 1]; returning 0 asks to stop, and the call then
 * returns ROPELAW_CANCELLED. A NULL `call` means no progress.
 */
typedef struct {
    int (*call)(void *context, double fraction);
    void *context;
} ropelaw_progress;

#ifdef __cplusplus
}
#endif
#endif
