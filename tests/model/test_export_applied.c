/* Tests: export.c export_engines.c
   What a loader sees once the text that was written is applied to the file. */
#include "model_files.h"
#include <ropelaw/export.h>

static json_value *member(json_value *object, const char *key) {
    for (size_t k = 0; k < object->n; k++)
        if (!strcmp(object->items[k].key, key)) return &object->items[k];
    return NULL;
}

/* Applied as vLLM applies --hf-overrides: members of text_config one by one, other members replaced whole. */
static void override(json_value *config, const json_value *with) {
    for (size_t i = 0; i < with->n; i++) {
        const json_value *item = &with->items[i];
        if (!strcmp(item->key, "text_config"))
            override(member(config, "text_config"), item);
        else
            ck_assert_ptr_nonnull(json_set_copy(config, item->key, item));
    }
}

/* RFC 7396, as far as the patches go. */
static void merge(json_value *config, const json_value *patch) {
    for (size_t i = 0; i < patch->n; i++) {
        const json_value *item = &patch->items[i];
        json_value *old = member(config, item->key);
        if (item->kind == JSON_NULL)
            json_remove(config, item->key);
        else if (item->kind == JSON_OBJECT && old && old->kind == JSON_OBJECT)
            merge(old, item);
        else
            ck_assert_ptr_nonnull(json_set_copy(config, item->key, item));
    }
}

static json_document *parsed(const char *text, size_t n) {
    json_document *d = NULL;
    ropelaw_error e = {0};
    test_assert_ok(json_document_parse(text, n, "export", NULL, &d, &e), e);
    return d;
}

/* What a JSON engine is told, put into the file, reads back as the settings it came from. */
START_TEST(patches_read_back) {
    static const char *const files[] = {"llama31-8b", "deepseek-v3", "gpt-oss-20b", "phi3-mini-128k",
                                        "ministral3-v5"};
    for (size_t i = 0; i < CORE_COUNT(files); i++) {
        char *text;
        ropelaw_model m = read_config(files[i]), back;
        ropelaw_error e = {0};
        test_assert_ok(ropelaw_export_write(&m, NULL, "hf-patch", &text, &e), e);
        json_document *d = parsed(text, strlen(text));
        core_free(text);
        json_value merged;
        ck_assert(json_value_copy(&merged, m.source->config));
        for (size_t k = 0; k < d->root.n; k++)
            ck_assert_ptr_nonnull(json_set_copy(&merged, d->root.items[k].key, &d->root.items[k]));
        test_assert_ok(json_write(&merged, 0, false, &text, &e), e);
        test_assert_ok(ropelaw_model_parse(text, strlen(text), "merged", &back, &e), e);
        const ropelaw_rope_settings *a = &m.kinds[0].rope, *b = &back.kinds[0].rope;
        ck_assert_str_eq(a->method, b->method);
        test_assert_abs(b->base, a->base, 0);
        if (!isnan(a->factor)) test_assert_abs(b->factor, a->factor, 0);
        test_assert_abs(b->original_len_tok, a->original_len_tok, 0);
        ck_assert_int_eq(a->truncate, b->truncate);
        ck_assert_uint_eq(a->n_long, b->n_long);
        core_free(text);
        json_value_clear(&merged);
        json_document_free(&d);
        ropelaw_model_clear(&back);
        ropelaw_model_clear(&m);
    }
}
END_TEST

/* The model that a loader sees after the export of `engine` ("vllm" or "hf-patch"). */
static ropelaw_model applied(const ropelaw_model *m, const ropelaw_export_options *o, const char *engine) {
    static const char *const old[] = {"rope_theta",      "rope_scaling",      "rope_local_base_freq",
                                      "rotary_emb_base", "global_rope_theta", "local_rope_theta",
                                      "rotary_pct"};
    ropelaw_error e = {0};
    ropelaw_model back;
    char *text;
    bool vllm = !strcmp(engine, "vllm");
    json_value config;
    test_assert_ok(ropelaw_export_write(m, o, engine, &text, &e), e);
    const char *from = vllm ? strchr(text, '{') : text, *to = strrchr(text, '}');
    json_document *d = parsed(from, (size_t)(to - from) + 1);
    ck_assert(json_value_copy(&config, &m->source->document->root));
    if (vllm) {
        override(&config, &d->root);
        json_value *inner = m->source->prefix[0] ? member(&config, "text_config") : &config;
        for (size_t i = 0; i < CORE_COUNT(old); i++) json_remove(inner, old[i]);
    } else
        merge(&config, &d->root);
    core_free(text);
    test_assert_ok(json_write(&config, 0, false, &text, &e), e);
    test_assert_ok(ropelaw_model_parse(text, strlen(text), "applied", &back, &e), e);
    core_free(text);
    json_value_clear(&config);
    json_document_free(&d);
    return back;
}

static void assert_same_kinds(const char *file, const ropelaw_model *a, const ropelaw_model *b, size_t from) {
    ck_assert_msg(a->n_kinds == b->n_kinds, "%s: %zu kinds of layers, then %zu", file, a->n_kinds,
                  b->n_kinds);
    for (size_t i = from; i < a->n_kinds; i++) {
        const ropelaw_rope_settings *x = &a->kinds[i].rope, *y = &b->kinds[i].rope;
        ck_assert_msg(!strcmp(a->kinds[i].name, b->kinds[i].name) &&
                          a->kinds[i].rotates == b->kinds[i].rotates,
                      "%s", file);
        if (!a->kinds[i].rotates) continue;
        ck_assert_msg(x->base == y->base && !strcmp(x->method, y->method) && x->rotary_dim == y->rotary_dim,
                      "%s: %s", file, a->kinds[i].name);
        ck_assert_msg(x->factor == y->factor || (isnan(x->factor) && isnan(y->factor)), "%s: %s", file,
                      a->kinds[i].name);
    }
}

/* What every kind of layers does is the same after the text was applied, and after a change of the full-attention
   layers the others are as they were. */
START_TEST(kinds_of_layers_survive) {
    static const char *const files[] = {
        "gemma3-4b",       "gemma3-v5",   "gemma4-proportional", "olmo3-7b",
        "modernbert-base", "gpt-oss-20b", "llama4-scout",        "llama31-8b",
        "cohere2-7b",      "qwen3-next",  "exaone4-32b",         "mistral-7b-v01",
        "ministral3-v5",   "deepseek-v3", "null-layer-type",     "phi2"};
    static const char *const engines[] = {"vllm", "hf-patch"};
    int differ = 0;
    for (size_t i = 0; i < CORE_COUNT(files); i++)
        for (size_t k = 0; k < 2; k++) {
            ropelaw_model m = read_config(files[i]), back = applied(&m, NULL, engines[k]);
            assert_same_kinds(files[i], &m, &back, 0);
            ropelaw_model_clear(&back);
            ropelaw_export_options o = ropelaw_export_options_default;
            o.base = 123456;
            back = applied(&m, &o, engines[k]);
            ck_assert_msg(back.kinds[0].rope.base == 123456, "%s for %s", files[i], engines[k]);
            if (m.n_kinds > 1 && m.kinds[1].rotates && m.kinds[1].rope.base != m.kinds[0].rope.base) {
                assert_same_kinds(files[i], &m, &back, 1);
                differ++;
            }
            ropelaw_model_clear(&back);
            ropelaw_model_clear(&m);
        }
    ck_assert_int_ge(differ, 8);
}
END_TEST

int main(void) {
    Suite *s = suite_create("export");
    const TTest *const tests[] = {patches_read_back, kinds_of_layers_survive, NULL};
    test_add(s, "export", tests);
    return test_run(s);
}
