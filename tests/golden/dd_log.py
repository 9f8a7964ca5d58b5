#!/usr/bin/env python3
"""Golden logarithms as sums of two doubles, from 80-digit arithmetic: writes dd_log.inc. Needs python3-mpmath."""
from mpmath import mp, mpf, pi, log

mp.dps = 80


def halves(x):
    hi = float(x)
    return "%s, %s" % (hi.hex(), float(x - mpf(hi)).hex())


XS = [2.0, 3.0, 0.7, 1.5, 1e4, 5e5, 1e6, 1e12, 1 + 2.0**-52, 1 + 2.0**-30, 1.25, 7.0, 4096.0, 2.0**31, 1e300, 1e-200,
      1.4142135623730949, 1.4142135623730951, 0.70710678118654746, 0.99]
print("/* Written by dd_log.py; checked by test_golden.py. Do not edit. */\n")
print("static const struct {\n    double x, log_hi, log_lo, turns_hi, turns_lo; /* ln(x), ln(x/2pi) */\n} golden_dd_log[] = {")
for x in XS:
    print("    {%s, %s, %s}," % (x.hex(), halves(log(mpf(x))), halves(log(mpf(x) / (2 * pi)))))
print("};")
