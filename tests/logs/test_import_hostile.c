/* Tests: import.c text.c */
#include "import_support.h"
#include "core/core.h"

/* What each reader of text is fed: cut anywhere, NUL, bytes that are no UTF-8, endless lines, deep nesting, repeated
   keys, other types. Named or guessed, a format answers or refuses with a message. */
static void survive(const char *text, size_t n, const char *format) {
    ropelaw_import_options o = ropelaw_import_options_default;
    ropelaw_series s = {0};
    o.format = format;
    memset(&error, 0, sizeof error);
    ropelaw_status status = ropelaw_import_parse(text, n, "8192/x", &o, &s, &error);
    ck_assert(status == ROPELAW_OK ? s.n_runs > 0 : error.message[0] && error.file[0]);
    ropelaw_series_clear(&s);
}

static void feed(const char *text, size_t n) {
    survive(text, n, NULL);
    for (size_t f = 0; ropelaw_import_format_get(f); f++)
        survive(text, n, ropelaw_import_format_get(f)->name);
}

START_TEST(hostile) {
    const char *text = samples[_i];
    size_t n = strlen(text);
    char changed[600];
    for (size_t i = 0; i <= n; i++) feed(text, i);
    for (size_t i = 0; i < n; i++) {
        static const char bytes[] = {0, (char)0xff, (char)0xc3, '"', '\n', '9'};
        for (size_t b = 0; b < sizeof bytes; b++) {
            memcpy(changed, text, n);
            changed[i] = bytes[b];
            survive(changed, n, NULL);
        }
    }
    memcpy(changed, text, n); /* bytes that are no UTF-8 in the place of every letter */
    for (size_t i = 0; i < n; i++)
        if (changed[i] >= 'a' && changed[i] <= 'z') changed[i] = (char)0xff;
    feed(changed, n);
}
END_TEST

START_TEST(hostile_json) {
    static const char *const all[] = {
        "{\"results\": {\"t\": {\"4096\": 0.5, \"4096\": 0.25}}, \"results\": {}}",
        "{\"results\": [], \"score\": 1, \"context_length\": 2}",
        "{\"results\": {\"t\": {\"4096\": {}}}}",
        "{\"results\": {\"t\": {\"4096\": \"0.5\"}}}",
        "{\"results\": {\"t\": {\"99999999999999999999\": 0.5}}}",
        "{\"results\": {\"t\": {\"4096\": 1e999}}}",
        "{\"results\": {\"t\": {\"acc\": 0.5}}, \"config\": {\"model_args\": {\"max_length\": -1}}}",
        "{\"results\": {\"t\": {\"acc\": 0.5}}, \"config\": {\"model_args\": \"max_length=1e999\"}}",
        "{\"results\": {\"t\": {\"acc\": 0.5}}, \"config\": [], \"model_name\": 3}",
        "[{\"context_length\": 1, \"context_length\": -1, \"score\": 1}]",
        "[{\"context_length\": \"1\", \"score\": 1}]",
        "[{\"context_length\": 1e300, \"score\": 1, \"model\": [], \"depth_percent\": {}}]",
        "[[{\"context_length\": 1, \"score\": 1}]]",
        "[{\"context_length\": 1, \"score\": NaN}]",
        "[{\"context_length\": Infinity, \"score\": 0}]"};
    for (size_t i = 0; i < CORE_COUNT(all); i++) feed(all[i], strlen(all[i]));
    char deep[20000];
    size_t n = (size_t)sprintf(deep, "{\"results\": ");
    memset(deep + n, '[', sizeof deep - n);
    feed(deep, sizeof deep);
}
END_TEST

/* Long lines, and very many: what takes quadratic time does not end within the test's time. */
START_TEST(hostile_size) {
    size_t n = 1 << 18;
    char *text = malloc(n);
    static const char *const heads[] = {"",
                                        "[1]",
                                        ",2048\n",
                                        "length,ppl\n",
                                        "0,1\nTasks,",
                                        "run,eval_len_tok,ppl\n",
                                        "{'val_loss': ",
                                        "m: 8192=",
                                        "{\"results\": \""};
    for (size_t h = 0; h < CORE_COUNT(heads); h++)
        for (int byte = 0; byte < 5; byte++) {
            memset(text, "9,\n[ "[byte], n);
            memcpy(text, heads[h], strlen(heads[h]));
            feed(text, n);
        }
    free(text);
}
END_TEST

int main(void) {
    Suite *s = suite_create("import");
    const TTest *const tests[] = {hostile_json, hostile_size, NULL};
    test_add(s, "import", tests);
    TCase *fed = tcase_create("import: hostile");
    tcase_add_loop_test(fed, hostile, 0, N_SAMPLES);
    suite_add_tcase(s, fed);
    return test_run(s);
}
