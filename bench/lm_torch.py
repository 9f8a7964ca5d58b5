#!/usr/bin/env python3
"""The model of lib/lm in torch, trained on one thread with AdamW: prints tokens per second of thread CPU time.

usage: lm_torch.py WIDTH N_TOK      exit 3: torch is not installed
"""
import sys
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError:
    sys.exit(3)

HEAD, LAYERS, VOCAB, STEP_TOK, STEPS, BASE = 32, 2, 128, 2048, 6, 500.0


class Norm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(d))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.gain


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.norm1, self.norm2 = Norm(d), Norm(d)
        self.qkv, self.proj = nn.Linear(d, 3 * d, bias=False), nn.Linear(d, d, bias=False)
        self.up, self.down = nn.Linear(d, 4 * d, bias=False), nn.Linear(4 * d, d, bias=False)

    def forward(self, x, cos, sin, mask):
        b, t, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, t, 3, d // HEAD, HEAD).permute(2, 0, 3, 1, 4)

        def turn(y):
            return y * cos + torch.cat((-y[..., HEAD // 2:], y[..., :HEAD // 2]), -1) * sin
        a = torch.softmax(turn(q) @ turn(k).transpose(-1, -2) / HEAD ** 0.5 + mask, -1) @ v
        x = x + self.proj(a.transpose(1, 2).reshape(b, t, d))
        return x + self.down(F.relu(self.up(self.norm2(x))).square())


def main():
    width, n_tok = int(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    angle = torch.outer(torch.arange(n_tok).double(), BASE ** (-torch.arange(0, HEAD, 2).double() / HEAD))
    cos, sin = (torch.cat((f(angle), f(angle)), -1).float() for f in (torch.cos, torch.sin))
    mask = torch.full((n_tok, n_tok), float('-inf')).triu(1)
    embed, norm, out = nn.Embedding(VOCAB, width), Norm(width), nn.Linear(width, VOCAB, bias=False)
    blocks = nn.ModuleList(Block(width) for _ in range(LAYERS))
    params = [p for m in (embed, norm, out, blocks) for p in m.parameters()]
    adam = torch.optim.AdamW(params, lr=1e-3, betas=(0.9, 0.98), weight_decay=0.05)
    text = torch.randint(VOCAB, (STEP_TOK // n_tok, n_tok + 1))

    def step():
        x = embed(text[:, :-1])
        for block in blocks:
            x = block(x, cos, sin, mask)
        loss = F.cross_entropy(out(norm(x)).reshape(-1, VOCAB), text[:, 1:].reshape(-1))
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(params, 1.0)
        adam.step()

    step()
    took = []
    for _ in range(STEPS):
        start = time.process_time()
        step()
        took.append(time.process_time() - start)
    print('%.1f' % (STEP_TOK / sorted(took)[len(took) // 2]))


main()
