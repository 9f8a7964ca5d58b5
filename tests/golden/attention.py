#!/usr/bin/env python3
"""Golden values of RoPE attention in 50 digits, straight from the equations of <ropelaw/attention.h>.

usage: attention.py > attention.inc      (needs mpmath)

Nothing here follows the C code: matrices are formed whole, the rotation is complex multiplication, and the
gradients are those of the chain rule on the whole matrices.
"""
from mpmath import mp, mpf, mpc, exp, log, expj, sqrt

mp.dps = 50

CASES = [
    dict(name='plain', n=5, heads=1, kv=1, dim=4, rot=4, base=10000, off=0),
    dict(name='interleaved_gqa', n=4, heads=4, kv=2, dim=6, rot=4, base=500, off=3, inter=1, factor='1.25'),
    dict(name='mqa_window_sink_pad', n=7, heads=2, kv=1, dim=3, rot=2, base=100, off=0, window=2, sink=1, pad=2),
    dict(name='full_logn', n=5, heads=1, kv=1, dim=8, rot=8, base=10000, off=4094, causal=0, logn=64),
    dict(name='far', n=4, heads=1, kv=1, dim=4, rot=4, base=10000, off=16777212),
    dict(name='jumping_positions', n=4, heads=1, kv=1, dim=4, rot=4, base=10, pos=[1099511627776, 0, 77, 16777216]),
    dict(name='huge_logits', n=5, heads=1, kv=1, dim=4, rot=2, base=10000, off=0, scale='300'),
]


class Numbers:
    """Multiples of 1/64 in -1..1, exact in fp32; the generator of Park and Miller."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = self.state * 48271 % 2147483647
        return mpf(self.state % 129 - 64) / 64

    def tensor(self, *shape):
        if len(shape) == 1:
            return [self.next() for _ in range(shape[0])]
        return [self.tensor(*shape[1:]) for _ in range(shape[0])]


def rotate(x, p, freq, case, sign=1):
    half, out = case['rot'] // 2, list(x)
    for n in range(half):
        a, b = (2 * n, 2 * n + 1) if case.get('inter') else (n, n + half)
        z = mpc(x[a], x[b]) * expj(sign * p * freq[n]) * mpf(case.get('factor', '1'))
        out[a], out[b] = z.real, z.imag
    return out


def dot(x, y):
    return sum((a * b for a, b in zip(x, y)), mpf(0))


def sees(case, i, j):
    pad, window = case.get('pad', 0), case.get('window', 0)
    near = not window or abs(i - j) < window or j < pad + case.get('sink', 0)
    return j >= pad and (j <= i or not case.get('causal', 1)) and near


def solve(case, seed):
    n, heads, kv, dim = case['n'], case['heads'], case['kv'], case['dim']
    numbers = Numbers(seed)
    q, k, v = numbers.tensor(n, heads, dim), numbers.tensor(n, kv, dim), numbers.tensor(n, kv, dim)
    dout = numbers.tensor(n, heads, dim)
    # the library is given doubles: frequency and scale are rounded here so that the inputs agree exactly
    freq = [mpf(float(mpf(case['base']) ** (-mpf(2 * m) / case['rot']))) for m in range(case['rot'] // 2)]
    scale = mpf(float(mpf(case['scale']) if 'scale' in case else 1 / sqrt(mpf(dim))))
    pos = case.get('pos') or [case['off'] + i for i in range(n)]
    logn = case.get('logn', 0)
    gain = [scale * (max(mpf(1), log(mpf(p + 1)) / log(mpf(logn))) if logn else 1) for p in pos]
    zero = lambda h: [[[mpf(0)] * dim for _ in range(h)] for _ in range(n)]
    out, dq, dk, dv, lse, entropy, largest = zero(heads), zero(heads), zero(kv), zero(kv), [], [], []
    mean, mass = [], []
    for h in range(heads):
        g = h // (heads // kv)
        rq = [rotate(q[i][h], pos[i], freq, case) for i in range(n)]
        rk = [rotate(k[j][g], pos[j], freq, case) for j in range(n)]
        pairs, drk = [0] * n, [[mpf(0)] * dim for _ in range(n)]
        mean.append([mpf(0)] * n)
        mass.append([mpf(0)] * n)
        for i in range(n):
            s = {j: gain[i] * dot(rq[i], rk[j]) for j in range(n) if sees(case, i, j)}
            if not s:
                lse.append(None), entropy.append(mpf(0)), largest.append(None)
                continue
            total = sum(exp(x) for x in s.values())
            w = {j: exp(x) / total for j, x in s.items()}
            lse.append(log(total)), entropy.append(-sum(x * log(x) for x in w.values())), largest.append(max(s.values()))
            dw = {j: dot(dout[i][h], v[j][g]) for j in s}
            mean_dw = sum(w[j] * dw[j] for j in s)
            drq = [mpf(0)] * dim
            for j in s:
                pairs[abs(i - j)] += 1
                mean[h][abs(i - j)] += s[j]
                mass[h][abs(i - j)] += w[j] / n
                ds = w[j] * (dw[j] - mean_dw) * gain[i]
                for c in range(dim):
                    out[i][h][c] += w[j] * v[j][g][c]
                    drq[c] += ds * rk[j][c]
                    drk[j][c] += ds * rq[i][c]
                    dv[j][g][c] += w[j] * dout[i][h][c]
            dq[i][h] = rotate(drq, pos[i], freq, case, -1)
        for j in range(n):
            for c, x in enumerate(rotate(drk[j], pos[j], freq, case, -1)):
                dk[j][g][c] += x
        mean[h] = [x / m if m else None for x, m in zip(mean[h], pairs)]
    return dict(freq=freq, q=q, k=k, v=v, dout=dout, out=out, lse=lse, dq=dq, dk=dk, dv=dv, entropy=entropy,
                largest=largest, mean=mean, mass=mass), scale, pos, pairs


def flat(x):
    return [z for y in x for z in flat(y)] if isinstance(x, list) else [x]


def text(x, missing):
    return missing if x is None else mp.nstr(x, 20, min_fixed=0, max_fixed=0) if x else '0'


def main():
    print('/* Written by tests/golden/attention.py (mpmath, 50 digits); do not edit. */')
    names = []
    for seed, case in enumerate(CASES, 1):
        values, scale, pos, pairs = solve(case, seed)
        for key, x in values.items():
            missing = 'NAN' if key == 'mean' else '-INFINITY'
            body = ', '.join(text(y, missing) for y in flat(x))
            print('static const double %s_%s[] = {%s};' % (case['name'], key, body))
        print('static const uint64_t %s_pos[] = {%s};' % (case['name'], ', '.join('UINT64_C(%d)' % p for p in pos)))
        print('static const uint64_t %s_pairs[] = {%s};' % (case['name'], ', '.join('%d' % p for p in pairs)))
        names.append('    {"%s", %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %s, %s, %d, %s}' % (
            case['name'], case['n'], case['heads'], case['kv'], case['dim'], case['rot'], case.get('inter', 0),
            case.get('causal', 1), case.get('window', 0), case.get('sink', 0), case.get('pad', 0),
            case.get('factor', '1'), repr(float(scale)), case.get('logn', 0),
            ', '.join('%s_%s' % (case['name'], key) for key in list(values) + ['pos', 'pairs'])))
    print('static const golden goldens[] = {\n%s};' % ',\n'.join(names))


if __name__ == '__main__':
    main()
