#!/usr/bin/env python3
"""Bases of F. Liu's phase modulation with 40 digits: writes phase_modulation.inc. Needs python3-mpmath."""
from mpmath import mp, mpf, acos, pi

mp.dps = 40
print("/* Written by phase_modulation.py; checked by test_golden.py. Do not edit. */\n")
print("static const struct {\n    double length, eps, n_layers, alias, stable, deep;\n} golden_phase_modulation[] = {")
for length in (4096, 131072, 1048576):
    for eps in (0.9, 0.5):
        for n in (1, 32):
            e = mpf(eps)
            values = (length, eps, n, length / (2 * pi), length / acos(e), length / acos(e ** (mpf(1) / n)))
            print("    {%s}," % ", ".join("%.17g" % v for v in values))
print("};")
