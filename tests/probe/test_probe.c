/* Tests: probe.c spectrum.c rank.c leverage.c discrimination.c relative.c two_stage.c */
#include "test.h"
#include <ropelaw/probe.h>
#include <string.h>

static ropelaw_probe_report run(const char *name, const ropelaw_probe_options *options) {
    ropelaw_probe_report report;
    ropelaw_error e;
    test_assert_ok(ropelaw_probe_run(name, options, NULL, &report, &e), e);
    ck_assert_uint_gt(report.n_checks, 0);
    return report;
}

/* A model small enough for a unit test; d 64 keeps pairs on both sides of one turn. */
static ropelaw_probe_options small(void) {
    ropelaw_probe_options o = ropelaw_probe_options_default;
    o.rotary_dim = 64;
    o.train_len_tok = 1024;
    return o;
}

START_TEST(registry_is_complete_and_unique) {
    for (size_t i = 0; ropelaw_probe_at(i); i++) {
        const ropelaw_probe *p = ropelaw_probe_at(i);
        ck_assert(*p->name && *p->statement && *p->method && *p->source);
        for (size_t j = 0; j < i; j++) ck_assert_str_ne(p->name, ropelaw_probe_at(j)->name);
    }
    ck_assert_ptr_null(ropelaw_probe_at(99));
}
END_TEST

START_TEST(each_agrees_and_says_why) {
    ropelaw_probe_options o = small();
    for (size_t i = 0; ropelaw_probe_at(i); i++) {
        ropelaw_probe_report r = run(ropelaw_probe_at(i)->name, &o);
        int verdicts = 0;
        for (size_t k = 0; k < r.n_checks; k++) {
            const ropelaw_probe_check *c = &r.checks[k];
            ck_assert_msg(c->agrees, "%s: %s: %g against %g", ropelaw_probe_at(i)->name, c->quantity, c->measured,
                          c->predicted);
            ck_assert(*c->quantity && *c->reason);
            verdicts += c->relation != ROPELAW_PROBE_REPORT;
        }
        ck_assert_int_gt(verdicts, 0);
        ck_assert_int_eq(r.agrees, 1);
    }
}
END_TEST

/* The measured side gets another base: every probe must notice. */
START_TEST(each_can_fail) {
    ropelaw_probe_options o = small();
    o.damage = 0.001;
    for (size_t i = 0; ropelaw_probe_at(i); i++)
        ck_assert_msg(!run(ropelaw_probe_at(i)->name, &o).agrees, "%s did not notice", ropelaw_probe_at(i)->name);
}
END_TEST

START_TEST(same_seed_same_numbers) {
    ropelaw_probe_options o = small();
    ropelaw_probe_report a = run("discrimination", &o), b = run("discrimination", &o);
    ck_assert_int_eq(memcmp(&a, &b, sizeof a), 0);
    o.seed = 2;
    b = run("discrimination", &o);
    ck_assert(a.checks[1].measured != b.checks[1].measured);
}
END_TEST

START_TEST(bad_options) {
    ropelaw_probe_report r = {.n_checks = 77};
    ropelaw_error e;
    ropelaw_probe_options o = small();
    test_assert_fails(ropelaw_probe_run("nothing", &o, NULL, &r, &e), ROPELAW_INVALID, e, "name");
    o.rotary_dim = 63;
    test_assert_fails(ropelaw_probe_run("spectrum", &o, NULL, &r, &e), ROPELAW_DOMAIN, e, "rotary_dim");
    o = small(), o.base = 1;
    test_assert_fails(ropelaw_probe_run("spectrum", &o, NULL, &r, &e), ROPELAW_DOMAIN, e, "base");
    o = small(), o.train_len_tok = 100.5;
    test_assert_fails(ropelaw_probe_run("spectrum", &o, NULL, &r, &e), ROPELAW_DOMAIN, e, "train_len");
    o = small(), o.damage = NAN;
    test_assert_fails(ropelaw_probe_run("spectrum", &o, NULL, &r, &e), ROPELAW_DOMAIN, e, "damage");
    o = small(), o.base = 1.5;
    test_assert_fails(ropelaw_probe_run("spectrum", &o, NULL, &r, &e), ROPELAW_DOMAIN, e, "train_len");
    ck_assert_uint_eq(r.n_checks, 77);
}
END_TEST

static int stop(void *context, double fraction) {
    (void)context, (void)fraction;
    return 0;
}

START_TEST(can_be_stopped) {
    ropelaw_probe_options o = small();
    ropelaw_progress progress = {stop, NULL};
    for (size_t i = 0; ropelaw_probe_at(i); i++) {
        ropelaw_probe_report r;
        ropelaw_error e;
        test_assert_fails(ropelaw_probe_run(ropelaw_probe_at(i)->name, &o, &progress, &r, &e), ROPELAW_CANCELLED, e,
                          "");
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("probe");
    const TTest *const tests[] = {registry_is_complete_and_unique, each_agrees_and_says_why, each_can_fail,
                                  same_seed_same_numbers,          bad_options,              can_be_stopped,
                                  NULL};
    test_add(s, "probe", tests);
    return test_run(s);
}
