/* printf and strtod follow the locale's decimal point; files and results must not. Parsing goes through
   strtod_l with the "C" locale (a static object in glibc and musl: nothing is allocated), printing through
   snprintf with every byte that is neither digit, sign nor letter (the locale's radix, of one or more bytes)
   put back to '.'. */
#include "core/core.h"
#include <ropelaw/number.h>
#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double parse(const char *text, char **end) {
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    double value = c ? strtod_l(text, end, c) : strtod(text, end);
    if (c) freelocale(c);
    return value;
}

static bool plain(unsigned char c) {
    return isascii(c) && (isalnum(c) || c == '-' || c == '+');
}

static void print(char *out, double value, int digits) {
    char raw[2 * ROPELAW_NUMBER_SIZE];
    snprintf(raw, sizeof raw, "%.*g", digits, value);
    for (const char *c = raw; *c;) {
        if (plain((unsigned char)*c)) {
            *out++ = *c++;
            continue;
        }
        *out++ = '.';
        while (*c && !plain((unsigned char)*c)) c++;
    }
    *out = 0;
}

char *ropelaw_number_str(double value, int digits, char *text) {
    if (isnan(value)) return strcpy(text, "nan");
    if (isinf(value)) return strcpy(text, value < 0 ? "-inf" : "inf");
    if (digits > 0) {
        print(text, value, digits < 17 ? digits : 17);
        return text;
    }
    for (digits = 15; digits <= 17; digits++) {
        print(text, value, digits);
        if (parse(text, NULL) == value) break;
    }
    return text;
}

enum { LONGEST = 400 }; /* longer than any number a program writes, short enough for the stack */

static ropelaw_status refuse(const char *text, size_t length, ropelaw_error *error, const char *what) {
    int shown = length > 40 ? 40 : (int)length;
    char value[48];
    snprintf(value, sizeof value, "%.*s", shown, text);
    return core_fail(error, ROPELAW_PARSE, "", value, what, "\"%s\" is not %s", value, what);
}

/* Most numbers of a data file are at most 15 digits with a small exponent: the digits are a whole number
   below 2^53 and the power of ten is exact up to 10^22, so one correctly rounded multiplication or division
   gives what strtod gives (Clinger 1990). False: the text is left to strtod. */
static bool parse_short(const char *text, size_t length, double *value) {
    static const double powers[] = {1,    1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *end = text + length;
    bool negative = text < end && *text == '-';
    uint64_t digits = 0;
    int n = 0, decimals = -1;
    for (text += negative; text < end; text++) {
        if (*text == '.' && decimals < 0)
            decimals = 0;
        else if (*text >= '0' && *text <= '9' && ++n <= 15) {
            digits = digits * 10 + (uint64_t)(*text - '0');
            decimals += decimals >= 0;
        } else
            return false;
    }
    if (!n) return false;
    double magnitude = decimals > 0 ? (double)digits / powers[decimals] : (double)digits;
    *value = negative ? -magnitude : magnitude;
    return true;
}

ropelaw_status ropelaw_number_parse(const char *text, size_t length, double *value, ropelaw_error *error) {
    const char *what = "a number";
    while (length && isspace((unsigned char)*text)) text++, length--;
    while (length && isspace((unsigned char)text[length - 1])) length--;
    if (parse_short(text, length, value)) return ROPELAW_OK;
    if (!length || length >= LONGEST) return refuse(text, length, error, what);
    char copy[LONGEST];
    for (size_t i = 0; i < length; i++) {
        /* strtod also takes hexadecimal, nan and infinity: data files do not */
        if (!strchr("0123456789+-.eE", text[i]) || !text[i]) return refuse(text, length, error, what);
        copy[i] = text[i];
    }
    copy[length] = 0;
    char *end;
    double parsed = parse(copy, &end);
    if (end != copy + length) return refuse(text, length, error, what);
    if (!isfinite(parsed)) return refuse(text, length, error, "a finite number");
    *value = parsed;
    return ROPELAW_OK;
}

ropelaw_status ropelaw_length_parse(const char *text, size_t length, double *length_tok,
                                    ropelaw_error *error) {
    double factor = 1, value;
    size_t digits = length;
    while (digits && isspace((unsigned char)text[digits - 1])) digits--;
    if (digits && (text[digits - 1] == 'k' || text[digits - 1] == 'K'))
        factor = 1024, digits--;
    else if (digits && (text[digits - 1] == 'm' || text[digits - 1] == 'M'))
        factor = 1024 * 1024, digits--;
    if (ropelaw_number_parse(text, digits, &value, NULL))
        return refuse(text, length, error, "a length (such as 4096, 32k or 1M; 1k = 1024 tokens)");
    if (!(value > 0)) return core_fail_number(error, ROPELAW_DOMAIN, "length", value, "> 0");
    *length_tok = value * factor;
    return ROPELAW_OK;
}
