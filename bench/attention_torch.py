#!/usr/bin/env python3
"""torch's attention on one thread, rotary embedding included: prints the median milliseconds of causal forwards.

usage: attention_torch.py N_TOK N_HEADS N_KV_HEADS HEAD_DIM ROUNDS      exit 3: torch is not installed
"""
import sys
import time

try:
    import torch
except ImportError:
    sys.exit(3)


def main():
    n_tok, n_heads, n_kv, dim, rounds = map(int, sys.argv[1:6])
    torch.set_num_threads(1)
    q, k, v = (torch.rand(1, h, n_tok, dim) * 2 - 1 for h in (n_heads, n_kv, n_kv))
    angle = torch.outer(torch.arange(n_tok).double(), 10000 ** (-torch.arange(0, dim, 2).double() / dim))
    cos, sin = (torch.cat((f(angle), f(angle)), -1).float() for f in (torch.cos, torch.sin))
    mask = torch.full((n_tok, n_tok), float('-inf')).triu(1)

    def turn(x):
        return x * cos + torch.cat((-x[..., dim // 2:], x[..., :dim // 2]), -1) * sin

    def forward():
        rq, rk, rv = turn(q), turn(k).repeat_interleave(n_heads // n_kv, 1), v.repeat_interleave(n_heads // n_kv, 1)
        if hasattr(torch.nn.functional, 'scaled_dot_product_attention'):
            return torch.nn.functional.scaled_dot_product_attention(rq, rk, rv, is_causal=True)
        return torch.softmax(rq @ rk.transpose(-1, -2) / dim ** 0.5 + mask, -1) @ rv

    took = []
    with torch.no_grad():
        forward()
        for _ in range(rounds):
            start = time.thread_time()
            forward()
            took.append(time.thread_time() - start)
    print('%.3f %s' % (1e3 * sorted(took)[len(took) // 2], torch.__version__))


if __name__ == '__main__':
    main()
