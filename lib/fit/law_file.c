/* The law file: one JSON object, schema_version first. Every number is written so that it reads back the same. */
#include "fit/law_data.h"
#include "json/json.h"
#include <ropelaw/law_predict.h>
#include <ropelaw/number.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

static const double phi_end = 3.14159265358979312;

/* Numbers of the law by name; what is not known is null in the file and NAN here. */
static const struct {
    const char *key;
    size_t offset;
    bool needed;
} numbers[] = {
    {"rotary_dim",    offsetof(ropelaw_fitted_law, rotary_dim),    true },
    {"pretrain_base", offsetof(ropelaw_fitted_law, pretrain_base), true },
    {"train_len",     offsetof(ropelaw_fitted_law, train_len_tok), true },
    {"critical_dim",  offsetof(ropelaw_fitted_law, critical_dim),  true },
    {"intercept",     offsetof(ropelaw_fitted_law, intercept),     true },
    {"slope",         offsetof(ropelaw_fitted_law, slope),         true },
    {"tau",           offsetof(ropelaw_fitted_law, tau),           true },
    {"df",            offsetof(ropelaw_fitted_law, df),            true },
    {"inflation",     offsetof(ropelaw_fitted_law, inflation),     false},
    {"base_min",      offsetof(ropelaw_fitted_law, base_min),      true },
    {"base_max",      offsetof(ropelaw_fitted_law, base_max),      true },
};

static double *member(ropelaw_fitted_law *law, size_t k) {
    return (double *)(void *)((char *)law + numbers[k].offset);
}

void ropelaw_law_file_clear(ropelaw_law_file *file) {
    for (size_t i = 0; file->runs && i < file->n_runs; i++) core_free(file->runs[i]);
    core_free(file->runs);
    memset(file, 0, sizeof *file);
}

/* A member that is null where the number is not known. */
static bool put_number(json_value *to, const char *key, double value) {
    return isfinite(value) ? json_set_number(to, key, value) != NULL : json_set(to, key) != NULL;
}

static bool put_caveats(json_value *to, uint32_t bits) {
    json_value *caveats = json_set(to, "caveats");
    if (!caveats) return false;
    caveats->kind = JSON_ARRAY;
    for (uint32_t k = 0; k < ROPELAW_CAVEAT_COUNT; k++) {
        if (!(bits & 1u << k)) continue;
        json_value *item = json_append(caveats);
        if (!item) return false;
        item->kind = JSON_STRING;
        if (!(item->text = core_strdup(ropelaw_caveat_name(1u << k)))) return false;
    }
    return true;
}

/* The phase tolerance: an object, or null. */
static const struct {
    const char *key;
    size_t offset;
    bool needed;
} phi_numbers[] = {
    {"phi_rad", offsetof(ropelaw_fitted_phi, phi_rad), true },
    {"lo_rad",  offsetof(ropelaw_fitted_phi, lo_rad),  false},
    {"hi_rad",  offsetof(ropelaw_fitted_phi, hi_rad),  false},
    {"level",   offsetof(ropelaw_fitted_phi, level),   true },
    {"rms_out", offsetof(ropelaw_fitted_phi, rms_out), false},
};

static double *phi_member(ropelaw_fitted_phi *phi, size_t k) {
    return (double *)(void *)((char *)phi + phi_numbers[k].offset);
}

static bool put_phi(json_value *root, ropelaw_fitted_phi phi) {
    json_value *v = json_set(root, "phi");
    if (!v || phi.n_models == 0) return v != NULL;
    v->kind = JSON_OBJECT;
    for (size_t k = 0; k < CORE_COUNT(phi_numbers); k++)
        if (!put_number(v, phi_numbers[k].key, *phi_member(&phi, k))) return false;
    return json_set_number(v, "n_models", (double)phi.n_models) &&
           json_set_number(v, "n_runs", (double)phi.n_runs) && put_caveats(v, phi.caveats);
}

static bool put_counts(json_value *root, const ropelaw_fitted_law *law) {
    return json_set_number(root, "n_runs", (double)law->n_runs) &&
           json_set_number(root, "n_censored", (double)law->n_censored);
}

/* Without runs there is no law, and none of its numbers is written. */
static bool put_law(json_value *root, const ropelaw_law_file *file) {
    ropelaw_fitted_law law = file->law;
    char digits[ROPELAW_NUMBER_SIZE];
    bool ok = json_set_number(root, "schema_version", ROPELAW_LAW_FILE_SCHEMA) &&
              json_set_string(root, "kind", "ropelaw law") && json_set_string(root, "writer", law.writer) &&
              json_set_string(root, "model", law.model);
    if (!law.n_runs) return ok && put_counts(root, &law);
    for (size_t k = 0; ok && k < CORE_COUNT(numbers); k++)
        ok = put_number(root, numbers[k].key, *member(&law, k));
    json_value *covariance = ok ? json_set(root, "covariance") : NULL;
    if (!covariance) return false;
    covariance->kind = JSON_ARRAY;
    for (int k = 0; k < 3; k++) {
        json_value *item = json_append(covariance);
        if (!item) return false;
        item->kind = JSON_NUMBER;
        item->number = law.covariance[k];
        if (!(item->text = core_strdup(ropelaw_number_str(law.covariance[k], 0, digits)))) return false;
    }
    return put_counts(root, &law);
}

static bool put_words(json_value *root, const ropelaw_law_file *file) {
    if (!put_caveats(root, file->law.caveats)) return false;
    json_value *runs = json_set(root, "runs");
    if (!runs) return false;
    runs->kind = JSON_ARRAY;
    for (size_t i = 0; i < file->n_runs; i++) {
        json_value *item = json_append(runs);
        if (!item) return false;
        item->kind = JSON_STRING;
        if (!(item->text = core_strdup(file->runs[i]))) return false;
    }
    return true;
}

ropelaw_status ropelaw_law_file_write(const ropelaw_law_file *file, char **text, size_t *length,
                                      ropelaw_error *error) {
    if (!file || !text) return core_fail(error, ROPELAW_INVALID, "file", "", "", "file or text is NULL");
    if (!file->law.n_runs && !file->phi.n_models)
        return core_fail(error, ROPELAW_INVALID, "n_runs", "", "at least 1, or a phi",
                         "there is neither a law nor a phi to write");
    ropelaw_status s = file->law.n_runs ? ropelaw_fitted_law_check(&file->law, error) : ROPELAW_OK;
    if (s) return s;
    json_value root = {.kind = JSON_OBJECT};
    char *written = NULL;
    s = put_law(&root, file) && put_phi(&root, file->phi) && put_words(&root, file)
            ? json_write(&root, 2, false, &written, error)
            : core_fail_memory(error, 1, sizeof root);
    json_value_clear(&root);
    if (s) return s;
    *text = written;
    if (length) *length = strlen(written);
    return ROPELAW_OK;
}

/* The schema is looked at before anything else, so that a newer file gets that message and no other. */
static ropelaw_status check_schema(const json_document *d, ropelaw_error *error) {
    double schema;
    ropelaw_status s = json_want_number(d, &d->root, "schema_version", &schema, error);
    if (s) return s;
    if (schema > ROPELAW_LAW_FILE_SCHEMA) {
        core_fail_number(error, ROPELAW_UNSUPPORTED, "schema_version", schema,
                         "1 (a newer ropelaw wrote this law file)");
        core_error_at(error, d->name, json_get(&d->root, "schema_version")->line);
        return ROPELAW_UNSUPPORTED;
    }
    if (schema != ROPELAW_LAW_FILE_SCHEMA)
        return json_refuse(d, json_get(&d->root, "schema_version"), "schema_version", "1", error);
    return ROPELAW_OK;
}

static ropelaw_status get_count(const json_document *d, const json_value *from, const char *key,
                                size_t *count, ropelaw_error *error) {
    double value;
    ropelaw_status s = json_want_number(d, from, key, &value, error);
    if (s) return s;
    if (!(value >= 0 && value < 1e15) || value != floor(value))
        return json_refuse(d, json_get(from, key), key, "a count", error);
    *count = (size_t)value;
    return ROPELAW_OK;
}

static ropelaw_status get_text(const json_document *d, const char *key, char *to, size_t size,
                               ropelaw_error *error) {
    const char *text;
    ropelaw_status s = json_want_string(d, &d->root, key, &text, error);
    if (s) return s;
    if (strlen(text) >= size) return json_refuse(d, json_get(&d->root, key), key, "a shorter text", error);
    memcpy(to, text, strlen(text) + 1);
    return ROPELAW_OK;
}

static ropelaw_status get_law(const json_document *d, ropelaw_fitted_law *law, ropelaw_error *error) {
    const json_value *covariance;
    ropelaw_status s = get_text(d, "model", law->model, sizeof law->model, error);
    if (!s) s = get_text(d, "writer", law->writer, sizeof law->writer, error);
    if (!s) s = get_count(d, &d->root, "n_runs", &law->n_runs, error);
    if (!s && !law->n_runs) return ROPELAW_OK; /* phi alone */
    for (size_t k = 0; !s && k < CORE_COUNT(numbers); k++) {
        if (numbers[k].needed || json_get_set(&d->root, numbers[k].key))
            s = json_want_number(d, &d->root, numbers[k].key, member(law, k), error);
        else
            *member(law, k) = NAN;
    }
    if (!s) s = json_want_array(d, &d->root, "covariance", &covariance, error);
    if (!s && covariance->n != 3) s = json_refuse(d, covariance, "covariance", "three numbers", error);
    for (size_t k = 0; !s && k < 3; k++) {
        if (covariance->items[k].kind != JSON_NUMBER || !isfinite(covariance->items[k].number))
            s = json_refuse(d, &covariance->items[k], "covariance", "three numbers", error);
        else
            law->covariance[k] = covariance->items[k].number;
    }
    if (!s) s = get_count(d, &d->root, "n_censored", &law->n_censored, error);
    return s;
}

/* A word of a later version of this schema is no reason to fail. */
static ropelaw_status get_caveats(const json_document *d, const json_value *from, uint32_t *bits,
                                  ropelaw_error *error) {
    const json_value *list;
    ropelaw_status s = json_want_array(d, from, "caveats", &list, error);
    for (size_t i = 0; !s && i < list->n; i++)
        for (uint32_t k = 0; k < ROPELAW_CAVEAT_COUNT; k++)
            if (list->items[i].kind == JSON_STRING &&
                strcmp(list->items[i].text, ropelaw_caveat_name(1u << k)) == 0)
                *bits |= 1u << k;
    return s;
}

/* Files written before there was a phi have none. */
static ropelaw_status get_phi(const json_document *d, ropelaw_fitted_phi *phi, ropelaw_error *error) {
    const json_value *v = json_get_set(&d->root, "phi");
    ropelaw_status s = ROPELAW_OK;
    if (!v) return s;
    *phi = (ropelaw_fitted_phi){NAN, NAN, NAN, NAN, NAN, 0, 0, 0};
    s = json_want_object(d, &d->root, "phi", &v, error);
    for (size_t k = 0; !s && k < CORE_COUNT(phi_numbers); k++)
        if (phi_numbers[k].needed || json_get_set(v, phi_numbers[k].key))
            s = json_want_number(d, v, phi_numbers[k].key, phi_member(phi, k), error);
    if (!s) s = get_count(d, v, "n_models", &phi->n_models, error);
    if (!s && phi->n_models == 0)
        s = json_refuse(d, json_get(v, "n_models"), "n_models", "at least 1", error);
    if (!s) s = get_count(d, v, "n_runs", &phi->n_runs, error);
    if (!s) s = get_caveats(d, v, &phi->caveats, error);
    if (s) return s;
    for (size_t k = 0; k < 3; k++) /* phi and its interval */
        if (*phi_member(phi, k) < 0 || *phi_member(phi, k) > phi_end)
            return json_refuse(d, json_get(v, phi_numbers[k].key), phi_numbers[k].key, "0 to pi", error);
    return ROPELAW_OK;
}

static ropelaw_status get_words(const json_document *d, ropelaw_law_file *file, ropelaw_error *error) {
    const json_value *runs;
    ropelaw_status s = get_caveats(d, &d->root, &file->law.caveats, error);
    if (!s) s = json_want_array(d, &d->root, "runs", &runs, error);
    if (s) return s;
    file->runs = core_calloc(runs->n ? runs->n : 1, sizeof *file->runs);
    if (!file->runs) return core_fail_memory(error, runs->n, sizeof *file->runs);
    for (size_t i = 0; i < runs->n; i++) {
        if (runs->items[i].kind != JSON_STRING)
            return json_refuse(d, &runs->items[i], "runs", "names", error);
        file->runs[file->n_runs] = core_strdup(runs->items[i].text);
        if (!file->runs[file->n_runs++]) return core_fail_memory(error, 1, 1);
    }
    return ROPELAW_OK;
}

ropelaw_status ropelaw_law_file_read(const char *path, ropelaw_law_file *file, ropelaw_error *error) {
    if (!path || !file) return core_fail(error, ROPELAW_INVALID, "path", "", "", "path or file is NULL");
    json_document *d = NULL;
    ropelaw_law_file f = {0};
    ropelaw_status s = json_document_read(path, NULL, &d, error);
    if (s) return s;
    if (d->root.kind != JSON_OBJECT) s = json_refuse(d, &d->root, "law", "an object", error);
    if (!s) s = check_schema(d, error);
    if (!s) s = get_law(d, &f.law, error);
    if (!s) s = get_phi(d, &f.phi, error);
    if (!s) s = get_words(d, &f, error);
    if (!s && !f.law.n_runs && !f.phi.n_models)
        s = json_refuse(d, json_get(&d->root, "n_runs"), "n_runs", "at least 1, or a phi", error);
    if (!s && f.law.n_runs) {
        s = ropelaw_fitted_law_check(&f.law, error);
        if (s) core_error_at(error, d->name, 1);
    }
    json_document_free(&d);
    if (s)
        ropelaw_law_file_clear(&f);
    else
        *file = f;
    return s;
}
