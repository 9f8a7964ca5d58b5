#!/usr/bin/env python3
"""scipy's curve_fit on the curves of bench/fit.c, one thread: median microseconds of thread CPU time, version, rss.

usage: fit_scipy.py logistic|soft [ROUNDS]      exit 3: scipy is not installed
"""
import sys
import time

try:
    import numpy as np
    import scipy
    from scipy.optimize import curve_fit
except ImportError:
    sys.exit(3)


def logistic(x, lo, rise, middle, width):
    return lo + rise / (1 + np.exp(-(x - middle) / width))


def soft(x, alpha, slope, rise, psi, width):
    return alpha + slope * (x - psi) + rise * width * np.logaddexp(0, (x - psi) / width)


i = np.arange(24)
LOGISTIC = (logistic, i / 2, 1 + 3 / (1 + np.exp(-(i / 2 - 6) / 0.8)) + 0.05 * np.sin(5 * i), (0.5, 4, 5, 1))
j = np.arange(12)
x = np.log(256) + j * np.log(2)
SOFT = (soft, x, 2 - 0.05 * x + np.logaddexp(0, (x - 9.6) / 0.5) + 0.05 * np.sin(5 * j), (1.5, 0, 1, 9.5, 0.3))


def main():
    f, x, y, start = LOGISTIC if sys.argv[1] == "logistic" else SOFT
    took = []
    for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 50):
        begin = time.thread_time()
        p, _ = curve_fit(f, x, y, p0=start)
        took.append(time.thread_time() - begin)
    rss = float(np.sum((f(x, *p) - y) ** 2))
    print("%.3f %s %.12g" % (1e6 * sorted(took)[len(took) // 2], scipy.__version__, rss))


main()
