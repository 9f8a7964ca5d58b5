/* Values of a configuration under their many names. */
#include "model/internal.h"
#include <stdio.h>
#include <string.h>

model_found model_find(const json_value *object, const char *const *names) {
    for (; *names; names++) {
        const json_value *value = json_get_set(object, *names);
        if (value) return (model_found){value, *names};
    }
    return (model_found){NULL, NULL};
}

ropelaw_status model_number(model_builder *b, const json_value *object, const char *const *names,
                            double *number, model_place *place) {
    model_found found = model_find(object, names);
    double value;
    *number = NAN;
    *place = (model_place){ROPELAW_ORIGIN_NONE, "", 0};
    if (!found.value) return ROPELAW_OK;
    if (!json_as_number(found.value, &value) || !isfinite(value))
        return json_refuse(b->document, found.value, found.key, "a finite number", b->error);
    *number = value;
    *place = (model_place){ROPELAW_ORIGIN_FILE, found.key, found.value->line};
    return ROPELAW_OK;
}

ropelaw_status model_count(model_builder *b, const json_value *object, const char *const *names,
                           double *number, model_place *place) {
    double value;
    ropelaw_status status = model_number(b, object, names, &value, place);
    if (status) return status;
    if (!isnan(value) && !(value >= 1 && value <= 9007199254740992.0 && value == floor(value))) {
        (void)core_fail_number(b->error, ROPELAW_DOMAIN, place->from, value, "a whole number >= 1");
        core_error_at(b->error, b->document ? b->document->name : b->model->file, place->line);
        return ROPELAW_DOMAIN;
    }
    *number = value;
    return ROPELAW_OK;
}
