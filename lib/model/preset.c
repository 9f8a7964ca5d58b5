/* Names are compared in a plain form: the owner in front dropped, ASCII letters in lower case, separators dropped
   except between two digits, where they become '-'. Nearness is the restricted
   Damerau-Levenshtein distance (insert, drop, change, swap neighbours) of the plain forms. */
#include "model/preset.h"
#include "core/core.h"
#include <ropelaw/number.h>
#include <ctype.h>
#include <math.h>
#include <string.h>

enum { LONGEST = 80 };

size_t ropelaw_preset_count(void) {
    return model_n_presets;
}

const ropelaw_preset *ropelaw_preset_get(size_t index) {
    return index < model_n_presets ? &model_presets[index] : NULL;
}

double model_preset_parameter(const ropelaw_preset *preset, const char *key) {
    size_t length = strlen(key);
    for (const char *p = preset->parameters; *p; p += strspn(p, ";")) {
        size_t word = strcspn(p, ";");
        double x;
        if (word > length && p[length] == '=' && !strncmp(p, key, length) &&
            !ropelaw_number_parse(p + length + 1, word - length - 1, &x, NULL))
            return x;
        p += word;
    }
    return NAN;
}

static bool separator(char c) {
    return isascii((unsigned char)c) && !isalnum((unsigned char)c);
}

static bool digit(char c) {
    return c >= '0' && c <= '9';
}

/* The plain form of name[0..length), cut after LONGEST - 1 characters. */
static void plain_form(const char *name, size_t length, char *out) {
    size_t n = 0;
    for (size_t i = 0; i < length; i++)
        if (name[i] == '/' && i + 1 < length) {
            name += i + 1;
            length -= i + 1;
            i = (size_t)-1;
        }
    for (size_t i = 0; i < length && n < LONGEST - 1; i++) {
        if (!separator(name[i])) {
            out[n++] = isascii((unsigned char)name[i]) ? (char)tolower((unsigned char)name[i]) : name[i];
            continue;
        }
        while (i + 1 < length && separator(name[i + 1])) i++;
        if (n && digit(out[n - 1]) && i + 1 < length && digit(name[i + 1])) out[n++] = '-';
    }
    out[n] = 0;
}

/* Calls about each name and alias: the next one in plain form, NULL at the end. */
static const char *next_name(const ropelaw_preset *preset, const char *at, char *out) {
    if (!at) {
        plain_form(preset->name, strlen(preset->name), out);
        return preset->aliases;
    }
    if (!*at) return NULL;
    size_t length = strcspn(at, ";");
    plain_form(at, length, out);
    return at[length] ? at + length + 1 : at + length;
}

const ropelaw_preset *ropelaw_preset_nearest(const char *name) {
    char wanted[LONGEST], known[LONGEST];
    plain_form(name, strlen(name), wanted);
    size_t length = strlen(wanted), best = (length + 1) / 2; /* more than half changed is another name */
    const ropelaw_preset *nearest = NULL;
    for (size_t i = 0; i < model_n_presets; i++) {
        for (const char *at = NULL; (at = next_name(&model_presets[i], at, known));) {
            size_t d = core_edit_distance(wanted, known);
            if (d >= best) continue;
            best = d;
            nearest = &model_presets[i];
        }
    }
    return nearest;
}

static const ropelaw_preset *find(const char *wanted) {
    char known[LONGEST];
    for (size_t i = 0; i < model_n_presets; i++)
        for (const char *at = NULL; (at = next_name(&model_presets[i], at, known));)
            if (!strcmp(wanted, known)) return &model_presets[i];
    return NULL;
}

ropelaw_status ropelaw_preset_find(const char *name, const ropelaw_preset **preset, ropelaw_error *error) {
    char wanted[LONGEST];
    if (!name || !preset)
        return core_fail(error, ROPELAW_INVALID, name ? "preset" : "name", "", "", "NULL was given");
    plain_form(name, strlen(name), wanted);
    const ropelaw_preset *found = find(wanted);
    if (found) {
        *preset = found;
        return ROPELAW_OK;
    }
    found = ropelaw_preset_nearest(name);
    if (!found)
        return core_fail(error, ROPELAW_INVALID, "model", name, "",
                         "unknown model \"%.60s\", and none is near (`ropelaw models` lists them)", name);
    return core_fail(error, ROPELAW_INVALID, "model", name, found->name,
                     "unknown model \"%.60s\": did you mean %s?", name, found->name);
}
