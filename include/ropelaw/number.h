/**
 * Numbers and lengths as text, the same bytes in every locale.
 */
#ifndef ROPELAW_NUMBER_H
#define ROPELAW_NUMBER_H

#include <ropelaw/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Room for any number that ropelaw_number_str writes, NUL included. */
#define ROPELAW_NUMBER_SIZE 32

/**
 * A double as the shortest decimal text that reads back as the same double; "nan", "inf", "-inf".
 *
 * In   value; digits: significant digits (1..17), or 0 for the shortest exact text
 * Out  text [ROPELAW_NUMBER_SIZE]
 * Returns  text. Threads: pure.
 */
ROPELAW_API char *ropelaw_number_str(double value, int digits, char *text);

/**
 * A decimal number with '.' as the point, the whole of text[0..length): blanks around it are allowed.
 *
 * In       text [length]
 * Out      value: finite
 * Returns  OK; PARSE if it is no number or is not finite (nan and inf are not numbers here).
 */
ROPELAW_API ropelaw_status ropelaw_number_parse(const char *text, size_t length, double *value,
                                                ropelaw_error *error) ROPELAW_MUST_USE;

/**
 * A length in tokens: a number with an optional suffix k (1024) or M (1024 * 1024), either case.
 *
 * Example  "4096" -> 4096, "32k" -> 32768, "1M" -> 1048576, "1.5k" -> 1536
 * Returns  OK; PARSE; DOMAIN if it is not positive.
 */
ROPELAW_API ropelaw_status ropelaw_length_parse(const char *text, size_t length, double *length_tok,
                                                ropelaw_error *error) ROPELAW_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
