#!/usr/bin/env python3
"""numpy's way through the sweep on one thread: median milliseconds of thread CPU time.

usage: sweep_numpy.py N_ROWS BLOCK WITH_PERIODS ROUNDS      exit 3: numpy is not installed
The same rows as bench/sweep.c draws in law, not in bits: time does not depend on the values.
"""
import sys
import time

try:
    import numpy as np
except ImportError:
    sys.exit(3)

PAIRS = 64


def sweep(base, train, period):
    d = 2.0 * PAIRS
    raw = d / 2 * np.log(train / (2 * np.pi)) / np.log(base)
    dim = np.minimum(2 * np.ceil(raw), d)
    bound = np.where(raw > d / 2, np.nan, 2 * np.pi * base ** (dim / d))
    if period is not None:
        np.power(base[:, None], 2 * np.arange(PAIRS) / d, out=period)
        period *= 2 * np.pi
    return dim, bound


def main():
    n, block, with_periods, rounds = map(int, sys.argv[1:5])
    random = np.random.default_rng(1)
    base = np.exp(6 + 14 * random.random(n))
    train = np.floor(np.exp(6 + 8 * random.random(n)))
    period = np.zeros((block, PAIRS)) if with_periods else None
    dim, bound = sweep(np.array([1e4]), np.array([4096.0]), None)
    assert dim[0] == 92 and abs(bound[0] / 4711.7242780168 - 1) < 1e-12  # what is timed is right
    took = []
    for _ in range(rounds):
        start = time.thread_time()
        for i in range(0, n, block):
            part = period[:len(base[i:i + block])] if with_periods else None
            sweep(base[i:i + block], train[i:i + block], part)
        took.append(time.thread_time() - start)
    print("%.4f %s" % (1e3 * sorted(took)[len(took) // 2], np.__version__))


main()
