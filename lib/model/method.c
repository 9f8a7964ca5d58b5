/* The names of RoPE methods as files write them. A registry name that no loader reads from a file (abf, resonance) is
   unknown here, and so is `axial`, which vision towers have: it rotates by the two coordinates of an image patch. */
#include "model/internal.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *written, *name;
} names[] = {
    {"default",        "default"     },
    {"none",           "default"     },
    {"mrope",          "default"     },
    {"gptj",           "default"     },
    {"linear",         "linear"      },
    {"ntk",            "ntk"         },
    {"dynamic",        "dynamic"     },
    {"ntk-by-parts",   "ntk-by-parts"},
    {"yarn",           "yarn"        },
    {"deepseek_yarn",  "yarn"        },
    {"telechat3-yarn", "yarn"        },
    {"dynamic-yarn",   "yarn"        },
    {"ntk_yarn",       "yarn"        },
    {"longrope",       "longrope"    },
    {"su",             "longrope"    },
    {"llama3",         "llama3"      },
    {"proportional",   "proportional"}
};

const char *model_method_name(const char *written, const char *architecture) {
    if (!strncmp(architecture, "phi3", 4) && !strcmp(written, "yarn")) return "longrope";
    for (size_t i = 0; i < CORE_COUNT(names); i++)
        if (!strcmp(names[i].written, written)) return names[i].name;
    return NULL;
}

static void complain(char *text, size_t size, const char *written, const char *from) {
    size_t n = (size_t)snprintf(text, size, "unknown rope type \"%.40s\" in %.80s (known:", written, from);
    for (size_t i = 0, listed = 0; i < CORE_COUNT(names) && n < size; i++)
        if (!strcmp(names[i].written, names[i].name)) /* each method under its own name */
            n += (size_t)snprintf(text + n, size - n, "%s %s", listed++ ? "," : "", names[i].name);
    if (n < size) snprintf(text + n, size - n, ")");
}

void model_note_unknown_method(model_builder *b, const char *written, model_place place) {
    char text[320];
    const char *key = strrchr(place.from, '.');
    complain(text, sizeof text, written, place.from);
    model_note(b, ROPELAW_NOTE_ERROR, "unknown-method", key ? key + 1 : place.from, place.line, "%s", text);
}

ropelaw_status ropelaw_layer_kind_check(const ropelaw_model *model, const ropelaw_layer_kind *kind,
                                        ropelaw_error *error) {
    if (!kind || !kind->rotates || kind->rope.known) return ROPELAW_OK;
    char text[320];
    const ropelaw_fact *fact = ropelaw_model_fact(model, "method", kind->name);
    complain(text, sizeof text, kind->rope.method, fact ? fact->from : "the file");
    core_fail(error, ROPELAW_UNSUPPORTED, fact ? fact->from : "method", kind->rope.method,
              "a rope type that a file can name", "%s", text);
    core_error_at(error, model->file, fact ? fact->line : 0);
    return ROPELAW_UNSUPPORTED;
}
