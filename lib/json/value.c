/* Access to a tree, and changing it. */
#include "json/json.h"
#include <ropelaw/number.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const json_value *json_get(const json_value *object, const char *key) {
    if (!object || object->kind != JSON_OBJECT) return NULL;
    for (size_t i = 0; i < object->n; i++)
        if (!strcmp(object->items[i].key, key)) return &object->items[i];
    return NULL;
}

const json_value *json_get_set(const json_value *object, const char *key) {
    const json_value *value = json_get(object, key);
    return value && value->kind != JSON_NULL ? value : NULL;
}

const char *json_kind_str(json_kind kind) {
    static const char *const names[] = {"null", "boolean", "number", "string", "array", "object"};
    return (size_t)kind < CORE_COUNT(names) ? names[kind] : "unknown";
}

bool json_as_number(const json_value *value, double *number) {
    static const struct {
        const char *word;
        double value;
    } words[] = {
        {"Infinity",  INFINITY },
        {"-Infinity", -INFINITY},
        {"NaN",       NAN      }
    };
    if (!value) return false;
    if (value->kind == JSON_NUMBER) {
        *number = value->number;
        return true;
    }
    for (size_t i = 0; value->kind == JSON_STRING && i < CORE_COUNT(words); i++)
        if (!strcmp(value->text, words[i].word)) {
            *number = words[i].value;
            return true;
        }
    return false;
}

static void scalar_text(const json_value *value, char *text, size_t size) {
    if (value->kind == JSON_STRING)
        snprintf(text, size, "\"%s\"", value->text);
    else if (value->kind == JSON_NUMBER)
        snprintf(text, size, "%s", value->text);
    else if (value->kind == JSON_BOOL)
        snprintf(text, size, "%s", value->boolean ? "true" : "false");
    else
        snprintf(text, size, "null");
}

char *json_excerpt(const json_value *value, char *text, size_t size) {
    ropelaw_error ignored;
    char *whole;
    if (value->kind != JSON_ARRAY && value->kind != JSON_OBJECT)
        scalar_text(value, text, size);
    else if (value->n > 64 || json_write(value, 0, false, &whole, &ignored))
        snprintf(text, size, "%s of %zu", json_kind_str(value->kind), value->n);
    else {
        snprintf(text, size, "%s", whole);
        core_free(whole);
    }
    return text;
}

ropelaw_status json_refuse(const json_document *document, const json_value *value, const char *key,
                           const char *expected, ropelaw_error *error) {
    char text[64];
    if (!value)
        (void)core_fail(error, ROPELAW_PARSE, key, "", expected, "key \"%s\" is missing (expected %s)", key,
                        expected);
    else
        (void)core_fail(error, ROPELAW_PARSE, key, json_excerpt(value, text, sizeof text), expected,
                        "key \"%s\" is %s, expected %s", key, text, expected);
    core_error_at(error, document ? document->name : "", value ? value->line : 0);
    return ROPELAW_PARSE;
}

static ropelaw_status want(const json_document *document, const json_value *object, const char *key,
                           json_kind kind, const json_value **found, ropelaw_error *error) {
    static const char *const expected[] = {"null",     "true or false", "a number",
                                           "a string", "an array",      "an object"};
    const json_value *value = json_get(object, key);
    if (!value || value->kind != kind) return json_refuse(document, value, key, expected[kind], error);
    *found = value;
    return ROPELAW_OK;
}

ropelaw_status json_want_number(const json_document *document, const json_value *object, const char *key,
                                double *number, ropelaw_error *error) {
    const json_value *value;
    ropelaw_status status = want(document, object, key, JSON_NUMBER, &value, error);
    if (status) return status;
    if (!isfinite(value->number)) return json_refuse(document, value, key, "a finite number", error);
    *number = value->number;
    return ROPELAW_OK;
}

ropelaw_status json_want_string(const json_document *document, const json_value *object, const char *key,
                                const char **text, ropelaw_error *error) {
    const json_value *value;
    ropelaw_status status = want(document, object, key, JSON_STRING, &value, error);
    if (!status) *text = value->text;
    return status;
}

ropelaw_status json_want_array(const json_document *document, const json_value *object, const char *key,
                               const json_value **array, ropelaw_error *error) {
    return want(document, object, key, JSON_ARRAY, array, error);
}

ropelaw_status json_want_object(const json_document *document, const json_value *object, const char *key,
                                const json_value **child, ropelaw_error *error) {
    return want(document, object, key, JSON_OBJECT, child, error);
}

static void clear_content(json_value *value) {
    for (size_t i = 0; i < value->n; i++) json_value_clear(&value->items[i]);
    core_free(value->items);
    core_free(value->text);
    value->items = NULL;
    value->text = NULL;
    value->n = 0;
    value->kind = JSON_NULL;
}

void json_value_clear(json_value *value) {
    clear_content(value);
    core_free(value->key);
    *value = (json_value){0};
}

static bool copy_into(json_value *to, const json_value *from) {
    to->kind = from->kind;
    to->boolean = from->boolean;
    to->number = from->number;
    to->line = from->line;
    if (from->text && !(to->text = core_strdup(from->text))) return false;
    if (from->n && !(to->items = core_calloc(from->n, sizeof *to->items))) return false;
    to->n = from->n;
    for (size_t i = 0; i < from->n; i++) {
        if (from->items[i].key && !(to->items[i].key = core_strdup(from->items[i].key))) return false;
        if (!copy_into(&to->items[i], &from->items[i])) return false;
    }
    return true;
}

bool json_value_copy(json_value *to, const json_value *from) {
    json_value copy = {0};
    if (!copy_into(&copy, from)) {
        json_value_clear(&copy);
        return false;
    }
    *to = copy;
    return true;
}

static json_value *grow(json_value *container) {
    json_value *items = core_realloc(container->items, container->n + 1, sizeof *items);
    if (!items) return NULL;
    container->items = items;
    items[container->n] = (json_value){0};
    return &items[container->n];
}

json_value *json_append(json_value *array) {
    json_value *item = grow(array);
    if (item) array->n++;
    return item;
}

json_value *json_set(json_value *object, const char *key) {
    for (size_t i = 0; i < object->n; i++)
        if (!strcmp(object->items[i].key, key)) {
            clear_content(&object->items[i]);
            return &object->items[i];
        }
    char *copy = core_strdup(key);
    json_value *item = copy ? grow(object) : NULL;
    if (!item) {
        core_free(copy);
        return NULL;
    }
    item->key = copy;
    object->n++;
    return item;
}

json_value *json_set_number(json_value *object, const char *key, double number) {
    char text[ROPELAW_NUMBER_SIZE];
    char *copy = core_strdup(ropelaw_number_str(number, 0, text));
    json_value *item = copy ? json_set(object, key) : NULL;
    if (!item) {
        core_free(copy);
        return NULL;
    }
    item->kind = JSON_NUMBER;
    item->number = number;
    item->text = copy;
    return item;
}

json_value *json_set_string(json_value *object, const char *key, const char *text) {
    char *copy = core_strdup(text);
    json_value *item = copy ? json_set(object, key) : NULL;
    if (!item) {
        core_free(copy);
        return NULL;
    }
    item->kind = JSON_STRING;
    item->text = copy;
    return item;
}

json_value *json_set_bool(json_value *object, const char *key, bool boolean) {
    json_value *item = json_set(object, key);
    if (!item) return NULL;
    item->kind = JSON_BOOL;
    item->boolean = boolean;
    return item;
}

json_value *json_set_object(json_value *object, const char *key) {
    json_value *item = json_set(object, key);
    if (item) item->kind = JSON_OBJECT;
    return item;
}

json_value *json_set_copy(json_value *object, const char *key, const json_value *from) {
    json_value copy;
    if (!json_value_copy(&copy, from)) return NULL;
    json_value *item = json_set(object, key);
    if (!item) {
        json_value_clear(&copy);
        return NULL;
    }
    copy.key = item->key;
    *item = copy;
    return item;
}

void json_remove(json_value *object, const char *key) {
    for (size_t i = 0; i < object->n; i++)
        if (!strcmp(object->items[i].key, key)) {
            json_value_clear(&object->items[i]);
            object->n--;
            memmove(&object->items[i], &object->items[i + 1], (object->n - i) * sizeof *object->items);
            return;
        }
}
