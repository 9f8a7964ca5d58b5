#!/usr/bin/env python3
# Logarithms of normal probabilities with 60 digits, printed with 17: tests/golden/log_normal.inc
import sys
try:
    from mpmath import mp, mpf, erfc, log, sqrt, quad, exp, pi
except ImportError:
    sys.exit(77)
mp.dps = 60

def below(z):
    return log(erfc(-z / sqrt(mpf(2))) / 2)

def between(a, b):
    if a > 0:
        a, b = -b, -a
    return log((erfc(-b / sqrt(mpf(2))) - erfc(-a / sqrt(mpf(2)))) / 2)

def show(x):
    return mp.nstr(x, 17, strip_zeros=False)

print("/* made by tests/golden/log_normal.py */")
print("static const double below_golden[][2] = {")
for z in [-1000, -100, -38, -37, -30.5, -30, -29.9, -10, -5, -1, -0.25, 0, 0.5, 3, 5, 6, 12]:
    print("    {%r, %s}," % (float(z), show(below(mpf(z)))))
print("};")
print("static const double between_golden[][3] = {")
for a, b in [(-1, 1), (0, 1), (-3, 4), (0, 0.001), (-0.02, 0.03), (5, 5.01), (5, 5.25), (10, 10.001), (20, 20.25),
             (20, 21), (30, 40), (-40, -35), (-100, -99), (-200, -199.9999), (1000, 1000.00002), (-1e-8, 1e-8), (-0.5, 40),
             (-50, 0.01)]:
    print("    {%r, %r, %s}," % (float(a), float(b), show(between(mpf(float(a)), mpf(float(b))))))
print("};")
