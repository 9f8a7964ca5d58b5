#!/usr/bin/python3
"""Frequencies computed by transformers' own code, for tests/rope/test_method_hf.c.

usage: hf_rope_generate.py OLD V4 V5 > tests/golden/hf_rope.inc

The arguments are copies of src/transformers/modeling_rope_utils.py at three commits of
huggingface/transformers (they are not kept here; the vectors were made with these):
  OLD  061c2c4c387f05350aa63b284f7910d69588c79f  4.46.0.dev0   longrope by factor
  V4   2ccc6cae21faaf11631efa5fb9054687ae5dc931  4.57.0.dev0        everything but proportional
  V5   1863da9c6de6938849d79dae749e0d8344b0082d  5.16.0.dev0   everything but default
Needs torch; nothing else of transformers is imported. Where V4 and V5 both know a method, both are
run and must agree to the bit.

torch's answers depend on the processor: its vector pow (Sleef) is off by one unit where its scalar pow is
rounded correctly. Every case is therefore run twice, with ATEN_CPU_CAPABILITY=default (stored as numbers)
and =avx2 (stored as the difference in units in the last place).
"""
import importlib.util
import json
import math
import os
import struct
import subprocess
import sys
import types
from types import SimpleNamespace

import torch


def load(path, name):
    """The file as a module of a package that offers what it imports from transformers."""
    package = types.ModuleType(name)
    package.__path__ = []
    config = types.ModuleType(name + ".configuration_utils")
    config.PretrainedConfig = config.PreTrainedConfig = object
    utils = types.ModuleType(name + ".utils")
    utils.is_torch_available = lambda: True
    quiet = SimpleNamespace(warning=print, warning_once=print, info=print)
    utils.logging = SimpleNamespace(get_logger=lambda _: quiet)
    for m in (package, config, utils):
        sys.modules[m.__name__] = m
    spec = importlib.util.spec_from_file_location(name + ".modeling_rope_utils", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class Config(SimpleNamespace):
    def standardize_rope_params(self):
        pass


def config_of(case):
    heads = 8
    scaling = {k: v for k, v in case.items() if k in KEYS}
    return Config(
        rope_theta=case["base"], head_dim=case["head_dim"], hidden_size=case["head_dim"] * heads,
        num_attention_heads=heads, max_position_embeddings=case["max_len"],
        partial_rotary_factor=case.get("partial", 1.0), rope_scaling=scaling,
        rope_parameters={"factor": None, **scaling, "rope_theta": case["base"],
                         "partial_rotary_factor": case.get("partial", 1.0)},
        per_layer_config={})


KEYS = {"factor", "original_max_position_embeddings", "attention_factor", "beta_fast", "beta_slow", "mscale",
        "mscale_all_dim", "truncate", "short_factor", "long_factor", "low_freq_factor", "high_freq_factor"}


def ramp(n, top):
    """Divisors that grow from 1 to `top`, with float noise such as searched factors have."""
    return [1 + (top - 1) * (i / (n - 1)) ** 2 + 0.013 * math.sin(7 * i) ** 2 for i in range(n)]


def cases():
    def case(method, name, base, head_dim, max_len, seq=None, **more):
        return dict(method=method, name=name, base=base, head_dim=head_dim, max_len=max_len, seq=seq, **more)

    yield case("default", "llama2", 10000.0, 128, 4096)
    yield case("default", "llama3", 500000.0, 128, 8192)
    yield case("default", "falcon-h1", 1e11, 128, 16384)
    yield case("default", "gradient-1048k", 2804339835.0, 128, 1048576)
    yield case("default", "base-1000042", 1000042, 128, 32768)
    yield case("default", "phi2-partial-0.4", 10000.0, 80, 2048, partial=0.4)
    yield case("default", "neox-20b-partial-0.25", 10000, 96, 2048, partial=0.25)
    yield case("default", "phi3-96", 10000.0, 96, 4096)
    yield case("default", "gemma-256", 10000.0, 256, 8192)
    yield case("default", "d20", 10000.0, 20, 2048)
    yield case("default", "d100", 10000.0, 100, 4096)
    yield case("default", "d2", 10000.0, 2, 2048)
    yield case("linear", "pi-8", 10000.0, 128, 2048, factor=8.0)
    yield case("linear", "pi-4-d64", 10000.0, 64, 4096, factor=4.0)
    yield case("linear", "gemma3-global", 1e6, 256, 131072, factor=8.0)
    yield case("linear", "identity", 10000.0, 128, 4096, factor=1.0)
    yield case("linear", "pi-3.7", 500000.0, 128, 4096, factor=3.7)
    for f in (2.0, 4.0, 8.0):
        yield case("ntk", "ntk-%g" % f, 10000.0, 128, 4096, factor=f)
    yield case("ntk", "ntk-2.5-d80", 500000.0, 80, 4096, factor=2.5)
    yield case("dynamic", "hf-test", 10000.0, 128, 2048, 16384, factor=10.0)
    yield case("dynamic", "at-train-len", 10000.0, 128, 2048, 2048, factor=10.0)
    yield case("dynamic", "below-train-len", 10000.0, 128, 2048, 100, factor=2.0)
    yield case("dynamic", "no-length", 10000.0, 128, 2048, factor=2.0)
    yield case("dynamic", "internlm-2", 1e6, 128, 32768, 131072, factor=2.0)
    yield case("dynamic", "one-past", 10000.0, 128, 4096, 4097, factor=4.0)
    yield case("dynamic", "partial", 10000.0, 96, 4096, 12288, factor=3.0, partial=0.5)
    yarn = dict(original_max_position_embeddings=4096)
    yield case("yarn", "llama2-4", 10000.0, 128, 16384, factor=4.0, **yarn)
    yield case("yarn", "llama2-32", 10000.0, 128, 131072, factor=32.0, **yarn)
    yield case("yarn", "hf-test", 10000.0, 128, 2048, factor=10.0, beta_fast=32, beta_slow=1,
               original_max_position_embeddings=2048)
    yield case("yarn", "qwen-4", 1e6, 128, 131072, factor=4.0, original_max_position_embeddings=32768)
    yield case("yarn", "deepseek-v3", 10000.0, 64, 163840, factor=40.0, mscale=1.0, mscale_all_dim=1.0, **yarn)
    yield case("yarn", "deepseek-v2", 10000.0, 64, 163840, factor=40.0, mscale=0.707, mscale_all_dim=1.4, **yarn)
    yield case("yarn", "mscale-0", 1e6, 128, 262144, factor=48.0, beta_fast=4.0, mscale=0.0, mscale_all_dim=1.0,
               original_max_position_embeddings=8192)
    yield case("yarn", "gpt-oss", 150000.0, 64, 131072, factor=32.0, truncate=False, **yarn)
    yield case("yarn", "kimi-betas-equal", 50000.0, 64, 131072, factor=32.0, beta_fast=1.0, beta_slow=1.0,
               mscale=1.0, mscale_all_dim=1.0, **yarn)
    yield case("yarn", "betas-equal-untruncated", 50000.0, 64, 131072, factor=32.0, beta_fast=1.0, beta_slow=1.0,
               truncate=False, **yarn)
    yield case("yarn", "attention-factor", 10000.0, 128, 16384, factor=4.0, attention_factor=1.25, **yarn)
    yield case("yarn", "identity", 10000.0, 128, 4096, factor=1.0, **yarn)
    yield case("yarn", "factor-below-1", 10000.0, 128, 4096, factor=0.5, **yarn)
    yield case("yarn", "partial-d32", 10000.0, 128, 65536, factor=16.0, partial=0.25, **yarn)
    yield case("yarn", "ramp-to-the-last-pair", 100.0, 16, 65536, factor=16.0, **yarn)
    long48 = dict(short_factor=ramp(48, 1.6), long_factor=ramp(48, 64.0), original_max_position_embeddings=4096)
    yield case("longrope", "phi3-short", 10000.0, 96, 131072, 4096, **long48)
    yield case("longrope", "phi3-long", 10000.0, 96, 131072, 4097, **long48)
    yield case("longrope", "no-length", 10000.0, 96, 131072, **long48)
    yield case("longrope", "attention-factor", 10000.0, 96, 131072, 8192, attention_factor=1.19, **long48)
    yield case("longrope", "not-extended", 10000.0, 96, 4096, 4096, **long48)
    yield case("longrope", "old-file", 10000.0, 96, 131072, 100, old=True, **long48)
    yield case("longrope", "old-file-not-extended", 10000.0, 96, 4096, 100, old=True, **long48)
    llama = dict(low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192)
    yield case("llama3", "llama-3.1-8", 500000.0, 128, 131072, factor=8.0, **llama)
    yield case("llama3", "llama-3.2-32", 500000.0, 64, 131072, factor=32.0, **llama)
    yield case("llama3", "hf-test", 10000.0, 128, 2048, factor=10.0, low_freq_factor=1.0, high_freq_factor=4.0,
               original_max_position_embeddings=2048)
    yield case("llama3", "llama-4-no-ramp", 500000.0, 128, 10485760, factor=16.0, low_freq_factor=1.0,
               high_freq_factor=1.0, original_max_position_embeddings=8192)
    yield case("llama3", "high-below-low", 500000.0, 128, 131072, factor=16.0, low_freq_factor=4.0,
               high_freq_factor=1.0, original_max_position_embeddings=8192)
    yield case("llama3", "odd-factors", 2e6, 96, 65536, factor=5.5, low_freq_factor=1.3, high_freq_factor=7.9,
               original_max_position_embeddings=6000)
    yield case("llama3", "identity", 500000.0, 128, 8192, factor=1.0, **llama)
    yield case("proportional", "gemma4-0.25", 1e6, 512, 131072, partial=0.25, factor=1.0)
    yield case("proportional", "factor-8", 1e6, 256, 131072, partial=0.25, factor=8.0)
    yield case("proportional", "p-rope-0.75", 10000.0, 256, 8192, partial=0.75, factor=1.0)
    yield case("proportional", "odd-fraction", 10000.0, 100, 8192, partial=0.37, factor=1.0)
    yield case("proportional", "all", 10000.0, 128, 8192, partial=1.0, factor=1.0)
    yield case("proportional", "none", 10000.0, 128, 8192, partial=0.0, factor=1.0)


def run(module, case):
    """Frequencies and attention factor of one file, or None where it has no such method."""
    config, method = config_of(case), case["method"]
    if method == "ntk":
        d = int(case["head_dim"] * case.get("partial", 1.0))
        config.rope_theta = case["base"] * case["factor"] ** (d / (d - 2))
        method = "default"
    if case.get("old"):
        config.original_max_position_embeddings = case["original_max_position_embeddings"]
    elif method == "longrope" and not hasattr(module, "RotaryEmbeddingConfigMixin"):
        config.original_max_position_embeddings = case["original_max_position_embeddings"]
    functions = module.ROPE_INIT_FUNCTIONS
    if method not in functions:
        return None
    freqs, attention = functions[method](config, torch.device("cpu"), seq_len=case["seq"])
    assert freqs.dtype == torch.float32
    return freqs.tolist(), float(attention)


def both(modules, case):
    old, v4, v5 = modules
    if case.get("old"):
        return run(old, case), "4.46.0.dev0"
    answers = [(run(v4, case), "4.57.0.dev0"), (run(v5, case), "5.16.0.dev0")]
    answers = [a for a in answers if a[0]]
    assert all(a[0] == answers[0][0] for a in answers), case["name"]
    return answers[0][0], " and ".join(a[1] for a in answers)


def params_of(case):
    d = int(case["head_dim"] * (1 if case["method"] == "proportional" else case.get("partial", 1.0)))
    p = {"base": float(case["base"]).hex(), "rotary_dim": d,
         "train_len": case.get("original_max_position_embeddings", case["max_len"]), "declared_len": case["max_len"]}
    for key in ("factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim", "attention_factor",
                "low_freq_factor", "high_freq_factor"):
        if key in case:
            p[key] = float(case[key]).hex()
    if case["method"] == "proportional":
        p["partial"] = float(case["partial"]).hex()
    p["truncate"] = int(case.get("truncate", True))
    if case.get("old"):
        p["longrope_by_factor"] = 1
    return p


def values(numbers):
    return ", ".join(float(x).hex() for x in numbers)


def answers(capability):
    """All cases under one of torch's code paths, which it chooses when it is loaded."""
    env = dict(os.environ, ATEN_CPU_CAPABILITY=capability, OMP_NUM_THREADS="1")
    text = subprocess.run([sys.executable, __file__, "--json"] + sys.argv[1:], env=env, check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    return json.loads(text)


def bits(x):
    return struct.unpack("<i", struct.pack("<f", x))[0]


def write():
    print("/* Made by hf_rope_generate.py with torch %s: do not edit. */" % torch.__version__)
    print("/* clang-format off */")
    for case, scalar, vector in zip(cases(), answers("default"), answers("avx2")):
        (freqs, attention), source = scalar
        assert vector[0][1] == attention and vector[1] == source
        print('{"%s", "%s", "transformers %s",' % (case["method"], case["name"], source))
        print(" {%s}," % ", ".join(".%s = %s" % kv for kv in params_of(case).items()))
        for key in ("short_factor", "long_factor"):
            print(" {%s}," % (values(case[key]) if key in case else "0"))
        print(" %d, %s, %d," % (case["seq"] or 0, attention.hex(), len(freqs)))
        print(" {%s}," % values(freqs))
        print(" {%s}}," % ", ".join(str(bits(v) - bits(f)) for f, v in zip(freqs, vector[0][0])))
    print("/* clang-format on */")


if __name__ == "__main__":
    as_json = sys.argv[1:2] == ["--json"]
    paths = sys.argv[2 if as_json else 1:]
    if len(paths) != 3:
        sys.exit(__doc__)
    if as_json:
        modules = [load(path, "hf_%d" % i) for i, path in enumerate(paths)]
        print(json.dumps([both(modules, case) for case in cases()]))
    else:
        write()
