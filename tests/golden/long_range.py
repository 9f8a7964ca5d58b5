#!/usr/bin/env python3
"""Golden values for B(m) of Men et al.: writes long_range.inc to standard output. Needs python3-mpmath.

Smallest bases: the distances listed (found by search, checked below) are where B crosses zero at the answer; the
crossing is refined with 40 digits, and every distance of the length is checked at the refined base. Counts of
negative distances: in double, with everything within 1e-9 of zero decided with 40 digits.
"""
import math
from mpmath import mp, mpf, cos, log, exp, findroot

mp.dps = 40


def b_exact(theta, m):
    return sum(cos(m * t) for t in theta)


def plain(base, d=128):
    return [mpf(base) ** (mpf(-2 * n) / d) for n in range(d // 2)]


def negatives(theta, n):
    fast = [float(t) for t in theta]
    out = []
    for m in range(n):
        b = math.fsum(math.cos(m * t) for t in fast)
        if abs(b) < 1e-9:
            b = b_exact(theta, m)
        if b < 0:
            out.append(m)
    return out


print("/* Written by long_range.py; checked by test_golden.py. Do not edit. */\n")
print("static const struct {\n    double length, base;\n    size_t witness;\n} golden_long_range_base[] = {")
for length, witness, near in [(1000, 884, 4206.019223), (1024, 1009, 4293.437569), (2000, 1788, 11587.2443), (2048, 1788, 11587.2443), (4000, 3572, 26912.47823),
                              (4096, 4012, 26952.33923), (8192, 8172, 83763.84102)]:
    x = findroot(lambda t: b_exact(plain(exp(t)), witness), (log(mpf(near)) - mpf("1e-7"), log(mpf(near)) + mpf("1e-7")),
                 solver="anderson", tol=1e-30)
    base = exp(x)
    assert abs(base / near - 1) < 1e-8
    assert not negatives(plain(base * (1 + mpf("1e-12"))), length) or length > 4096
    print("    {%d, %.17g, %d}," % (length, base, witness))
print("};\n")

method1 = plain(5e6)
method2 = [mpf(10000) ** (mpf(-2 * n) / 128) / 8 if n >= 44 else (10000 * mpf(8) ** (mpf(128) / 88)) ** (mpf(-2 * n) / 128)
           for n in range(64)]
print("/* Men et al., Table 4: negative distances among 0 .. 15360 and 0 .. 30720 */")
print("static const struct {\n    int method;\n    size_t n_distances, n_negative, first;\n} golden_long_range_count[] = {")
for k, theta in ((1, method1), (2, method2)):
    found = negatives(theta, 30721)
    for n in (15361, 30721):
        print("    {%d, %d, %d, %d}," % (k, n, sum(m < n for m in found), found[0] if found and found[0] < n else n))
print("};\n")
print("static const struct {\n    double base;\n    size_t d;\n    double distance, sum;\n} golden_long_range_sum[] = {")
for base, d, m in [(1e4, 128, 0), (1e4, 128, 1), (1e4, 128, 22), (1e4, 128, 4095), (5e5, 128, 131071), (1e6, 64, 1048575),
                   (100, 4, 3), (1e4, 4, 22), (65374955, 128, 16777215)]:
    print("    {%.17g, %d, %d, %.17g}," % (base, d, m, b_exact(plain(base, d), m)))
print("};")
