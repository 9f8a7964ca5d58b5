#!/usr/bin/env python3
"""Frequencies of every RoPE method in 60-digit arithmetic, and of ggml's float recurrence with correctly
rounded operations: writes methods.inc to standard output.

Formulas as printed in the papers (and, for the engines' own methods, in their code); nothing is shared with
the library. Needs python3-mpmath.
"""
import struct
from mpmath import mp, mpf, pi, log, exp, ceil, floor, sqrt, asinh, sinh, nint

mp.dps = 60


def plain(base, d, n):
    return mpf(base) ** (-mpf(2 * n) / d)


def linear(base, d, n, s):
    return plain(base, d, n) / s


def ntk(base, d, n, s):
    return plain(base * mpf(s) ** (mpf(d) / (d - 2)), d, n)


def dynamic(base, d, n, s, train, length):
    return ntk(base, d, n, mpf(s) * max(length, train) / train - (s - 1))


def by_parts(base, d, n, s, train, slow=1, fast=32):
    theta = plain(base, d, n)
    g = min(max((train * theta / (2 * pi) - slow) / (fast - slow), mpf(0)), mpf(1))
    return (1 - g) * theta / s + g * theta


def yarn(base, d, n, s, train, slow=1, fast=32, truncate=True):
    low, high = (d * log(train / (2 * pi * r)) / (2 * log(mpf(base))) for r in (fast, slow))
    if truncate:
        low, high = floor(low), ceil(high)
    low, high = max(low, mpf(0)), min(high, mpf(d - 1))
    if low == high:
        high += mpf(0.001)
    ramp = min(max((n - low) / (high - low), mpf(0)), mpf(1))
    theta = plain(base, d, n)
    return theta / s * ramp + theta * (1 - ramp)


def llama3(base, d, n, s, train, low, high):
    theta = plain(base, d, n)
    turns = train * theta / (2 * pi)
    if turns < low:
        return theta / s
    if turns > high or high <= low:
        return theta
    smooth = (turns - low) / (high - low)
    return (1 - smooth) * theta / s + smooth * theta


def longrope2(base, d, n, s, train, split=None):
    if split is None:
        split = 0
        while split < d // 2 and 2 * pi / plain(base, d, split) <= train:
            split += 1
    return plain(base, d, n) / mpf(s) ** min(mpf(n) / split, mpf(1))


def critical(base, d, n, train, tune):
    return plain(exp(log(mpf(base)) * log(tune / (2 * pi)) / log(train / (2 * pi))), d, n)


def resonance(base, d, n):
    return 2 * pi / nint(2 * pi / plain(base, d, n))


def evq(base, d, n, tau):
    u = (mpf(n) + mpf(1) / 2) / (d // 2)
    phi = u if tau == 0 else 1 - asinh((1 - u) * sinh(mpf(tau))) / tau
    return mpf(base) ** -phi


def proportional(base, d, n, partial, s):
    return plain(base, d, n) / s if n < int(partial * d // 2) else mpf(0)


def f32(x):
    """Round once to float; through double this is right for sums, products and quotients of floats."""
    return struct.unpack("<f", struct.pack("<f", float(x)))[0]


def ggml(base, d, s=1.0, train=None, slow=1.0, fast=32.0):
    """ggml-cpu's ggml_rope_cache_init at position 1: theta = 1, then theta *= base^(-2/d)."""
    base, scale = f32(base), f32(1 / s)
    step, theta, out = f32(mpf(base) ** mpf(f32(-2.0 / d))), 1.0, []
    if train:
        def corr(turns):
            return f32(f32(d * f32(log(mpf(f32(train / f32(f32(turns * 2) * f32(pi))))))) /
                       f32(2 * f32(log(mpf(base)))))
        low, high = max(0.0, float(floor(corr(fast)))), min(d - 1.0, float(ceil(corr(slow))))
    for n in range(d // 2):
        inner = f32(scale * theta)
        if train:
            y = f32((n - low) / max(f32(0.001), f32(high - low)))
            mix = f32(1 - min(1.0, max(0.0, y)))
            inner = f32(f32(inner * f32(1 - mix)) + f32(theta * mix))
        out.append(inner)
        theta = f32(theta * step)
    return out


def exact(method, params, seq, d, function):
    values = ", ".join("%.17g" % float(function(n)) for n in range(d // 2))
    print('    {"%s", {.rotary_dim = %d, %s}, %d, {%s}},' % (method, d, params, seq, values))


print("/* Made by methods.py: do not edit. */\n/* clang-format off */")
print("static const method_golden golden_exact[] = {")
for base, d in ((10000, 128), (1000042, 96), (1e11, 100), (2804339835, 128), (2, 8), (10000, 2)):
    exact("default", ".base = %r" % base, 0, d, lambda n: plain(base, d, n))
exact("linear", ".base = 1e6, .factor = 3.7", 0, 80, lambda n: linear(10**6, 80, n, mpf(3.7)))
exact("ntk", ".base = 1e4, .factor = 8", 0, 128, lambda n: ntk(10000, 128, n, 8))
exact("ntk", ".base = 1e4, .factor = 2", 0, 4, lambda n: ntk(10000, 4, n, 2))
exact("dynamic", ".base = 1e4, .factor = 10, .train_len = 2048", 16384, 128,
      lambda n: dynamic(10000, 128, n, 10, 2048, 16384))
exact("dynamic", ".base = 5e5, .factor = 2.5, .train_len = 8192", 8193, 64,
      lambda n: dynamic(500000, 64, n, mpf(2.5), 8192, 8193))
exact("ntk-by-parts", ".base = 1e4, .factor = 4, .train_len = 4096", 0, 128,
      lambda n: by_parts(10000, 128, n, 4, 4096))
exact("ntk-by-parts", ".base = 1e6, .factor = 7.5, .train_len = 32768, .beta_slow = 2, .beta_fast = 50", 0, 96,
      lambda n: by_parts(10**6, 96, n, mpf(7.5), 32768, 2, 50))
exact("yarn", ".base = 1e4, .factor = 4, .train_len = 4096", 0, 128, lambda n: yarn(10000, 128, n, 4, 4096))
exact("yarn", ".base = 150000, .factor = 32, .train_len = 4096, .truncate = -1", 0, 64,
      lambda n: yarn(150000, 64, n, 32, 4096, truncate=False))
exact("yarn", ".base = 50000, .factor = 32, .train_len = 4096, .beta_fast = 1", 0, 64,
      lambda n: yarn(50000, 64, n, 32, 4096, 1, 1))
exact("llama3", ".base = 5e5, .factor = 8, .train_len = 8192", 0, 128,
      lambda n: llama3(500000, 128, n, 8, 8192, 1, 4))
exact("llama3", ".base = 5e5, .factor = 16, .train_len = 8192, .high_freq_factor = 1", 0, 128,
      lambda n: llama3(500000, 128, n, 16, 8192, 1, 1))
exact("longrope2", ".base = 1e4, .factor = 64, .train_len = 2048", 0, 96, lambda n: longrope2(10000, 96, n, 64, 2048))
exact("longrope2", ".base = 5e5, .factor = 16, .train_len = 8192", 0, 128,
      lambda n: longrope2(500000, 128, n, 16, 8192))
exact("longrope2", ".base = 100, .factor = 3, .train_len = 8192", 0, 8, lambda n: longrope2(100, 8, n, 3, 8192, 4))
exact("critical-base", ".base = 1e4, .factor = 4, .train_len = 4096", 0, 128,
      lambda n: critical(10000, 128, n, 4096, 16384))
exact("critical-base", ".base = 5e5, .tune_len = 65536, .train_len = 8192", 0, 96,
      lambda n: critical(500000, 96, n, 8192, 65536))
exact("abf", ".base = 1e4, .new_base = 5e5", 0, 128, lambda n: plain(500000, 128, n))
exact("resonance", ".base = 1e4", 0, 128, lambda n: resonance(10000, 128, n))
exact("evq-cosh", ".base = 1e4, .tau = 1.5", 0, 64, lambda n: evq(10000, 64, n, mpf(1.5)))
exact("evq-cosh", ".base = 5e5, .train_len = 2048", 0, 64, lambda n: evq(500000, 64, n, 64 / sqrt(mpf(2048))))
exact("evq-cosh", ".base = 1e4, .tau = 500", 0, 64, lambda n: evq(10000, 64, n, mpf(500)))
exact("proportional", ".base = 1e6, .head_dim = 256, .partial = 0.25, .factor = 8", 0, 256,
      lambda n: proportional(10**6, 256, n, 0.25, 8))
print("};\n")
print("static const method_golden golden_ggml[] = {")
for base, d in ((10000.0, 128), (500000.0, 64), (1e6, 96)):
    print('    {"default", {.rotary_dim = %d, .base = %r}, 0, {%s}},'
          % (d, base, ", ".join(x.hex() for x in ggml(base, d))))
print('    {"linear", {.rotary_dim = 128, .base = 1e4, .factor = 3.7}, 0, {%s}},'
      % ", ".join(x.hex() for x in ggml(1e4, 128, 3.7)))
for base, d, s, train in ((1e4, 128, 4.0, 4096.0), (1e6, 128, 4.0, 32768.0), (1.5e5, 64, 32.0, 4096.0)):
    print('    {"yarn", {.rotary_dim = %d, .base = %r, .factor = %r, .train_len = %r}, 0, {%s}},'
          % (d, base, s, train, ", ".join(x.hex() for x in ggml(base, d, s, train))))
print("};\n/* clang-format on */")
