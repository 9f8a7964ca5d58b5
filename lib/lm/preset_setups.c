/* The set-ups of `paper` and `seeds`: three pre-training bases, two training lengths, two widths; large, critical and small bases; tuning on
   four times the length below, at and above the critical base; little and much tuning. Every base except those that
   ask another question keeps base / pretrain_base <= 30 (beyond, smooth loss shelves appear before any wall). */
#include "core/core.h"
#include "lm/preset.h"

/* 8716 is the critical base 500^(ln(512/2pi)/ln(128/2pi)); 81, 41 and 20 are 2T/pi, T/pi, T/2pi. */
static const ropelaw_train_tuning t128[] = {
    {500,   128, 150},
    {1500,  128, 150},
    {5000,  128, 150},
    {15000, 128, 150}, /* larger bases */
    {500,   512, 150},
    {4000,  512, 150},
    {8716,  512, 150},
    {20000, 512, 150}, /* tuned longer */
    {81,    128, 150},
    {41,    128, 150},
    {20,    128, 150}, /* small bases */
    {5000,  128, 50 },
    {5000,  128, 600}, /* amount of tuning */
    {1500,  128, 50 },
    {1500,  128, 600}, /* the same at another base, in `seeds` only */
};
enum { T128_PAPER = CORE_COUNT(t128) - 2 };
/* 517 is the critical base 50^(ln(256/2pi)/ln(64/2pi)). */
static const ropelaw_train_tuning t64_b50[] = {
    {50,   64,  150},
    {150,  64,  150},
    {500,  64,  150},
    {1500, 64,  150},
    {50,   256, 150},
    {517,  256, 150},
};
static const ropelaw_train_tuning t64_b10000[] = {
    {1e4, 64,  150},
    {3e4, 64,  150},
    {1e5, 64,  150},
    {3e5, 64,  150},
    {1e4, 256, 150},
};
static const ropelaw_train_tuning wide[] = {
    {500,   128, 150},
    {1500,  128, 150},
    {5000,  128, 150},
    {15000, 128, 150}
};
static const ropelaw_train_tuning t64_b500[] = {
    {500,   64, 150},
    {2000,  64, 150},
    {5000,  64, 150},
    {15000, 64, 150}
};

static const ropelaw_train_tuning t256_b500[] = {
    {500,  256, 150},
    {1500, 256, 150},
    {5000, 256, 150}
};

const ropelaw_train_setup lm_setup_t128 = {"t128-b500-w64", 64, 128, 500, 2000, T128_PAPER, t128};
const ropelaw_train_setup lm_setup_t128_more = {"t128-b500-w64", 64, 128, 500, 2000, CORE_COUNT(t128), t128};
const ropelaw_train_setup lm_setup_t64_b50 = {"t64-b50-w64", 64, 64, 50, 2000, CORE_COUNT(t64_b50), t64_b50};
const ropelaw_train_setup lm_setup_t64_b10000 = {"t64-b10000-w64",       64,        64, 1e4, 2000,
                                                 CORE_COUNT(t64_b10000), t64_b10000};
const ropelaw_train_setup lm_setup_t64_b500 = {"t64-b500-w64",       64,      64, 500, 2000,
                                               CORE_COUNT(t64_b500), t64_b500};
const ropelaw_train_setup lm_setup_wide = {"t128-b500-w128", 128, 128, 500, 2000, CORE_COUNT(wide), wide};
const ropelaw_train_setup lm_setup_t256 = {"t256-b500-w64",       64,       256, 500, 2000,
                                           CORE_COUNT(t256_b500), t256_b500};
const ropelaw_train_setup lm_setup_narrow = {"t128-b500-w32", 32, 128, 500, 2000, CORE_COUNT(wide), wide};
