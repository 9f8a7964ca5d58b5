/* Tests: from_preset.c */
#include "test.h"
#include "model/internal.h"
#include <ropelaw/preset.h>
#include <string.h>

START_TEST(every_preset_reads_back) {
    for (size_t i = 0; i < ropelaw_preset_count(); i++) {
        const ropelaw_preset *p = ropelaw_preset_get(i);
        ropelaw_model m;
        ropelaw_error e = {0};
        test_assert_ok(ropelaw_model_from_preset(p, &m, &e), e);
        ck_assert_str_eq(m.name, p->name);
        const ropelaw_rope_settings *r = &ropelaw_model_kind(&m)->rope;
        ck_assert_msg(r->base == p->base || isnan(p->base), "%s", p->name);
        ck_assert_msg(r->rotary_dim == p->rotary_dim || isnan(p->rotary_dim), "%s", p->name);
        const ropelaw_fact *f = ropelaw_model_fact(&m, "architecture", "");
        ck_assert_int_eq(strncmp(f->from, p->source, sizeof f->from - 1), 0);
        bool told = !p->source_2[0];
        for (size_t k = 0; k < m.n_notes; k++) told = told || !strcmp(m.notes[k].id, "other-sources");
        ck_assert_msg(told, "%s: the second source is not shown", p->name);
        ropelaw_model_clear(&m);
    }
}
END_TEST

START_TEST(parameters_are_read) {
    const ropelaw_preset *p;
    ropelaw_model m;
    ropelaw_error e = {0};
    test_assert_ok(ropelaw_preset_find("Llama-3.1-8B", &p, &e), e);
    test_assert_ok(ropelaw_model_from_preset(p, &m, &e), e);
    const ropelaw_rope_settings *r = &m.kinds[0].rope;
    ck_assert_str_eq(r->method, "llama3");
    test_assert_abs(r->factor, 8, 0);
    test_assert_abs(r->original_len_tok, 8192, 0);
    test_assert_abs(r->high_freq_factor, 4, 0);
    ropelaw_model_clear(&m);
    for (long n = 1; n < 20; n++) {
        core_fail_allocations_from(n);
        ropelaw_status status = ropelaw_model_from_preset(p, &m, &e);
        core_fail_allocations_from(0);
        if (!status) {
            ropelaw_model_clear(&m);
            ck_assert_int_gt(n, 3);
            return;
        }
        ck_assert_int_eq(status, ROPELAW_NOMEM);
    }
    ck_abort();
}
END_TEST

int main(void) {
    Suite *s = suite_create("from_preset");
    const TTest *const tests[] = {every_preset_reads_back, parameters_are_read, NULL};
    test_add(s, "from_preset", tests);
    return test_run(s);
}
