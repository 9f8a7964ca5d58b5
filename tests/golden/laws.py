#!/usr/bin/env python3
"""Golden values of the law, from its printed formulas in 60-digit arithmetic: writes laws.inc to standard output.

Nothing here shares code with the library: counts are made by counting, bounds by the formulas as printed.
Needs python3-mpmath.
"""
from mpmath import mp, mpf, pi, log, exp, ceil, floor, nstr, matrix

mp.dps = 60
TWO_PI = 2 * pi


def number(x):
    return "%.17g" % float(x) if not isinstance(x, str) else x


def table(name, fields, rows):
    print("static const struct {\n    %s\n} golden_%s[] = {" % (fields, name))
    for row in rows:
        print("    {%s}," % ", ".join(number(x) for x in row))
    print("};\n")


def turns(length):
    return mpf(length) / TWO_PI


def critical(d, base, train):
    """Direct counting, and the real-valued dimension."""
    count = 0
    while count < 10**6 and TWO_PI * mpf(base) ** (mpf(2) * count / d) <= train:
        count += 1
    return 2 * count, d * log(turns(train)) / log(mpf(base))


def critical_base(b0, train, tune):
    return mpf(b0) ** (log(turns(tune)) / log(turns(train)))


def bound(d, b0, train, base, tune):
    """(regime, closed form, without ceiling, 16b); -1 stands for no bound."""
    dim, real = critical(d, b0, train)
    tune = max(tune, train)
    full = real >= d
    law_16b = mpf(-1) if full else TWO_PI * mpf(base) ** (mpf(dim) / d)
    edge = base == b0 and tune == train
    if not edge and mpf(base) > critical_base(b0, train, tune):
        return "ROPELAW_REGIME_LARGE_BASE", law_16b, mpf(-1) if full else TWO_PI * mpf(base) ** (real / d), law_16b
    small = mpf(base) < 2 * tune / pi
    return "ROPELAW_REGIME_SMALL_BASE" if small else "ROPELAW_REGIME_TUNED", mpf(tune), mpf(tune), law_16b


def coverage(d, b0, train, base, tune, phi):
    best, pair = None, -1
    for n in range(d // 2):
        a, w = mpf(b0) ** (mpf(-2 * n) / d), mpf(base) ** (mpf(-2 * n) / d)
        arc = max((train - 1) * a, (tune - 1) * w)
        if arc + 2 * mpf(phi) < TWO_PI:
            # arc / w, without the rounding that would cost a token where the two frequencies are the same
            seen = max(mpf(train - 1) if base == b0 else (train - 1) * a / w, mpf(tune - 1))
            distance = seen + mpf(phi) / w
            if best is None or distance < best:
                best, pair = distance, n
    return (floor(best) + 1, pair) if best is not None else (mpf(-1), -1)


# Models of laws.md section 13 and 1.5: (d, base, train_len).
MODELS = [(128, 1e4, 2048), (128, 1e4, 4096), (128, 1e4, 8192), (128, 5e5, 8192), (128, 5e5, 4096), (96, 1e4, 2048),
          (96, 1e4, 4096), (64, 1e4, 2048), (128, 1e6, 32768), (256, 1e4, 8192), (128, 5e6, 4096), (24, 1e4, 2048),
          (64, 5e5, 8192), (128, 1e6, 131072), (32, 500, 128), (32, 1e4, 64), (2, 1e4, 7), (512, 1e12, 2.0**31)]
LLAMA2 = (128, 1e4, 4096)

print("/* Written by laws.py; checked by test_golden.py. Do not edit. */\n")
table("critical", "size_t d;\n    double base, train;\n    size_t dim_unlimited;\n    double dim_real;",
      [(d, b, t) + critical(d, b, t) for d, b, t in MODELS + [(128, 100, 4096), (128, 500, 4096), (128, 652, 4096),
       (128, 1000, 4096), (128, 1304, 4096), (128, 2608, 4096), (128, 500, 16384), (128, 1e4, 16384),
       (128, 71738, 16384), (128, 1.5, 4096)]])
table("critical_base", "double b0, train, tune, base;",
      [(b, t, u, critical_base(b, t, u)) for b, t, u in
       [(1e4, 4096, u) for u in (8192, 16384, 32768, 65536, 131072, 1048576)] +
       [(1e6, 32768, 131072), (1e4, 2048, 16384), (5e5, 8192, 65536), (1e4, 4096, 2048), (500, 7, 8)] +
       [(b, t, 4 * t) for d, b, t in MODELS if t > 7]])
table("bound_base", "size_t d;\n    double b0, train, length, base;",
      [(d, b, t, u, turns(u) ** (mpf(d) / critical(d, b, t)[0])) for d, b, t, u in
       [LLAMA2 + (u,) for u in (8192, 16384, 32768, 65536, 131072, 1048576)] +
       [(d, b, t, 4 * t) for d, b, t in MODELS if critical(d, b, t)[1] < d] +
       [(128, 5e5, 4096, 1024 * k) for k in (8, 16, 24, 32)] + [(128, 5e5, 8192, 1024 * k) for k in (16, 32)]])
table("bound", "size_t d;\n    double b0, train, base, tune;\n    ropelaw_regime regime;\n"
      "    double closed_form, real, closed_form_16b;",
      [x + bound(*x) for x in
       [LLAMA2 + (b, 4096) for b in (1e4, 2e4, 4e4, 8e4, 1.2e5, 1.6e5, 3.2e5, 5e5, 6e5, 1e6)] +
       [LLAMA2 + (b, u) for b in (500, 1e4, 71738, 71739, 8e4, 1e6) for u in (4096, 16384, 17500, 18000)] +
       [LLAMA2 + (1e6, 2048), LLAMA2 + (1e6, 100000), LLAMA2 + (1e6, 110000), LLAMA2 + (1e6, 131072)] +
       [(d, b, t, b, t) for d, b, t in MODELS] + [(d, b, t, 3 * b, t) for d, b, t in MODELS] +
       [(128, 100, 4096, 200, 4096), (128, 100, 4096, 50, 4096), (128, 5e5, 8192, 207112184, 262144)]])
table("small_base", "double tune, base[3];",
      [(t, "{%s, %s, %s}" % tuple(number(x) for x in (2 * t / pi, t / pi, t / TWO_PI)))
       for t in (4096, 16384, 2.0**31)])
table("coverage", "size_t d;\n    double b0, train, base, tune, phi, bound;\n    int pair;",
      [x + coverage(*x) for x in
       [(128, 1e4, 4096, b, u, p) for b in (1e6, 4e4, 3.2e5, 6e5) for u in (4096, 16384) for p in (0, .25, .5, 1)] +
       [(32, 500, 128, 5000, 128, p) for p in (0, .25, .5, 1)] +
       [(32, 1e4, 64, 1e5, 64, p) for p in (0, .25, .5, 1)] +
       [(128, 5e5, 8192, 5e5, 8192, p) for p in (0, .5, 1)] + [(128, 1e4, 4096, 1e4, 4096, p) for p in (0, .5, 1)] +
       [(128, 1e4, 8192, 1e4, 8192, p) for p in (0, .5, 1)] +
       [(128, 100, 4096, 50, 4096, 0), (64, 1e4, 2048, 1e4, 65536, .5), (128, 1e4, 4096, 500, 16384, 0)]])
table("period", "size_t d;\n    double base;\n    size_t n;\n    double theta, period;",
      [(d, b, n, mpf(b) ** (mpf(-2 * n) / d), TWO_PI * mpf(b) ** (mpf(2 * n) / d)) for d, b, n in
       [(128, 1e4, n) for n in (0, 1, 45, 46, 63)] + [(2, 1e4, 0), (512, 1e12, 255), (24, 1e4, 11), (64, 1.5, 31)]])
