#include "test.h"
#include <ropelaw/number.h>
#include <ropelaw/random.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

static const char *shown(double x) {
    static char text[ROPELAW_NUMBER_SIZE];
    return ropelaw_number_str(x, 0, text);
}

static ropelaw_status parse(const char *text, double *value) {
    return ropelaw_number_parse(text, strlen(text), value, NULL);
}

START_TEST(shortest_text) {
    ck_assert_str_eq(shown(0.1), "0.1");
    ck_assert_str_eq(shown(1e5), "100000");
    ck_assert_str_eq(shown(-2.5e-300), "-2.5e-300");
    ck_assert_str_eq(shown(1.0 / 3), "0.3333333333333333");
    ck_assert_str_eq(shown(INFINITY), "inf");
    ck_assert_str_eq(shown(-INFINITY), "-inf");
    ck_assert_str_eq(shown(NAN), "nan");
    char text[ROPELAW_NUMBER_SIZE];
    ck_assert_str_eq(ropelaw_number_str(M_PI, 4, text), "3.142");
}
END_TEST

static void round_trips(void) {
    ropelaw_random r;
    ropelaw_random_init(&r, 3, 0);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = ropelaw_random_bits(&r) | (uint64_t)ropelaw_random_bits(&r) << 32;
        double x, y;
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x)) continue;
        ck_assert_int_eq(parse(shown(x), &y), ROPELAW_OK);
        ck_assert_msg(x == y, "%a became %a", x, y);
    }
}

START_TEST(round_trip) {
    round_trips();
}
END_TEST

/* Short texts take another road than long ones: both must give what the C library gives. */
START_TEST(short_texts) {
    ropelaw_random r;
    ropelaw_random_init(&r, 4, 0);
    setlocale(LC_ALL, "C");
    for (int i = 0; i < 100000; i++) {
        char text[40];
        int n = 0, digits = 1 + (int)(ropelaw_random_bits(&r) % 18);
        int point = (int)(ropelaw_random_bits(&r) % 20) - 1;
        if (ropelaw_random_bits(&r) % 4 == 0) text[n++] = '-';
        for (int d = 0; d < digits; d++) {
            if (d == point) text[n++] = '.';
            text[n++] = (char)('0' + ropelaw_random_bits(&r) % 10);
        }
        text[n] = 0;
        double x, y = strtod(text, NULL);
        ck_assert_int_eq(parse(text, &x), ROPELAW_OK);
        ck_assert_msg(memcmp(&x, &y, sizeof x) == 0, "%s became %a, expected %a", text, x, y);
    }
}
END_TEST

START_TEST(round_trip_in_a_comma_locale) {
    ck_assert_ptr_nonnull(setlocale(LC_ALL, "de_DE.UTF-8"));
    ck_assert_str_eq(shown(0.5), "0.5");
    round_trips();
}
END_TEST

START_TEST(what_is_no_number) {
    const char *const bad[] = {"",      " ",   "abc", "1,5", "0x10", "nan", "inf",
                               "1e999", "1 2", "--1", "1e",  ".",    "1k"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double x = 42;
        ck_assert_msg(parse(bad[i], &x) == ROPELAW_PARSE, "\"%s\" was taken", bad[i]);
        ck_assert_double_eq(x, 42);
    }
    double x;
    ropelaw_error e;
    ck_assert_int_eq(ropelaw_number_parse("1\0002", 3, &x, &e), ROPELAW_PARSE);
    ck_assert_int_eq(parse(" 1.5e3 ", &x), ROPELAW_OK);
    ck_assert_double_eq(x, 1500);
}
END_TEST

START_TEST(lengths) {
    static const struct {
        const char *text;
        double tok;
    } good[] = {
        {"4096", 4096   },
        {"32k",  32768  },
        {"128K", 131072 },
        {"1M",   1048576},
        {"1.5k", 1536   },
        {"1e6",  1e6    }
    };
    double x;
    ropelaw_error e;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        test_assert_ok(ropelaw_length_parse(good[i].text, strlen(good[i].text), &x, &e), e);
        ck_assert_double_eq(x, good[i].tok);
    }
    ck_assert_int_eq(ropelaw_length_parse("k", 1, &x, &e), ROPELAW_PARSE);
    ck_assert_int_eq(ropelaw_length_parse("4kk", 3, &x, &e), ROPELAW_PARSE);
    ck_assert_int_eq(ropelaw_length_parse("4g", 2, &x, &e), ROPELAW_PARSE);
    test_assert_fails(ropelaw_length_parse("-4k", 3, &x, &e), ROPELAW_DOMAIN, e, "length");
    test_assert_fails(ropelaw_length_parse("0", 1, &x, &e), ROPELAW_DOMAIN, e, "length");
}
END_TEST

int main(void) {
    Suite *s = suite_create("number");
    const TTest *const tests[] = {shortest_text, round_trip, short_texts, what_is_no_number, lengths, NULL};
    test_add(s, "number", tests);
    const TTest *const comma[] = {round_trip_in_a_comma_locale, NULL};
    if (setlocale(LC_ALL, "de_DE.UTF-8"))
        test_add(s, "number in a comma locale", comma);
    else
        test_skip("number in a comma locale", "no locale de_DE.UTF-8");
    setlocale(LC_ALL, "C");
    return test_run(s);
}
