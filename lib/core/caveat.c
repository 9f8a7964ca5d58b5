#include "core/core.h"

static const struct {
    const char *name, *words;
} caveats[] = {
    {"EXTRAPOLATED", "extrapolated beyond the data or settings that the statement was fitted on"},
    {"REGIME_SMALL_BASE", "small base: perplexity rises gradually instead of at a wall, and retrieval suffers"},
    {"OUTSIDE_THEORY", "outside the theory: the paper states the law for a pre-training base of 10000"},
    {"CENSORED", "censored: only a limit is known"},
    {"FEW_POINTS", "too few points for a firm statement"},
    {"AT_EDGE", "on the edge of its regime or search range"},
    {"ILL_CONDITIONED", "ill-conditioned: digits were lost"},
    {"NO_BREAK", "no break in the measured range"},
    {"DEFAULTED", "a value was inferred, not read"},
    {"TUNE_BELOW_TRAIN", "tune_len is below train_len: computed with tune_len = train_len"},
    {"NOT_MONOTONE", "the bound drops when tune_len grows past the point where the base becomes critical"},
    {"UNBOUNDED", "every rotary pair saw a full period: the law gives no bound"},
    {"GRID", "found by a search whose step limits its resolution"},
    {"METHOD", "the RoPE method is outside the closed form: see the coverage bound"},
    {"WINDOW", "an attention window ends the context for another reason than RoPE"},
    {"DIGITISED", "read off a plot by eye"},
    {"LEVELLED", "the curve levels off far up: its longest points are left out of break and onsets"},
};
_Static_assert(CORE_COUNT(caveats) == ROPELAW_CAVEAT_COUNT, "one entry per caveat bit");

static size_t index_of(uint32_t bit) {
    for (size_t i = 0; i < CORE_COUNT(caveats); i++)
        if (bit == 1u << i) return i;
    return CORE_COUNT(caveats);
}

const char *ropelaw_caveat_str(uint32_t bit) {
    size_t i = index_of(bit);
    return i < CORE_COUNT(caveats) ? caveats[i].words : "";
}

const char *ropelaw_caveat_name(uint32_t bit) {
    size_t i = index_of(bit);
    return i < CORE_COUNT(caveats) ? caveats[i].name : "";
}
