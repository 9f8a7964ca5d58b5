"""precision: the published table through the command, formats and errors."""
from cli import *


def rows(d):
    return {r["dtype"]: r for r in d["dtypes"]}


@test
def published_table():
    near = {"fp32": (2.4e-4, 7.6e-3, 6.2e-2, 0.95), "fp32-ggml": (5.8e-4, 2.0e-2, 0.15, 1.9),
            "fp32-freq": (1.2e-4, 3.9e-3, 3.1e-2, 0.49), "fp64": (4e-13, 1.3e-11, 1.1e-10, 1.7e-9)}
    answers = run_json(["precision", "--base", "1e4", "--len", "4k,128k,1M,16M"])["result"]
    assert [a["len_tok"] for a in answers] == [4096, 131072, 1048576, 16777216]
    for name, want in near.items():
        for a, x in zip(answers, want):
            got = rows(a)[name]["max_cos_error"]
            assert abs(got - x) <= 0.1 * x, (name, a["len_tok"], got, x)


@test
def aliases_and_lengths():
    d = run_json(["precision", "--len", "4k"])
    r = rows(d["result"])
    assert r["bf16"]["first_alias_pos"] == 257 and r["fp16"]["first_alias_pos"] == 2049
    assert r["fp32"]["first_alias_pos"] == 16777217 and r["fp64"]["first_alias_pos"] is None
    assert r["fp64"]["len_max"] is None and r["fp64"]["len_max_status"] == "beyond 2^24"
    assert 4096 < r["fp32-ggml"]["len_max"] < r["fp32"]["len_max"] < r["fp32-freq"]["len_max"]
    tight = rows(run_json(["precision", "--len", "4k", "--tolerance", "0.001"])["result"])
    assert tight["fp32"]["len_max"] < r["fp32"]["len_max"]
    assert d["input"]["tolerance_rad"] == 0.01


@test
def overflow_is_null():
    r = rows(run_json(["precision", "--len", "128k"])["result"])
    assert r["fp16"]["max_angle_error_rad"] is None and r["fp16"]["max_cos_error"] is None


@test
def of_a_model():
    r = run_json(["precision", "--model", "llama-3.1-8b"])
    assert r["input"]["base"] == 5e5 and r["result"]["len_tok"] == 131072
    r = run_json(["precision", "--config", ROOT + "/tests/model/configs/gpt-oss-20b.json", "--len", "4k"])
    assert r["input"]["base"] == 150000 and r["input"]["rotary_dim"] == 64


@test
def every_method_of_the_registry():
    """By the float frequencies that freqs prints: at a short length the error of float32 angles is recomputed."""
    import math
    import struct

    def to_float(x):
        return struct.unpack("f", struct.pack("f", x))[0]
    model = ["--rotary-dim", "24", "--base", "1e4", "--train-len", "512", "--factor", "4", "--new-base", "5e4", "--partial", "0.75",
             "--tune-len", "2k", "--long-factor", ",".join("%g" % (1 + .3 * n) for n in range(12))]
    names = [m["method"] for m in run_json(["freqs", "--list"])["result"]["methods"]]
    assert len(names) >= 15
    for name in names:
        f = run_json(["freqs", "--method", name, "--seq-len", "700"] + model)["result"]
        worst = max(abs(to_float(p * h) - p * w) for p in range(700) for w, h in zip(f["inv_freq"], f["inv_freq_hf_float"]))
        d = run_json(["precision", "--method", name, "--len", "700"] + model)
        got = rows(d["result"])["fp32"]["max_angle_error_rad"]
        assert abs(got - worst) <= 1e-12 and d["input"]["method"] == name, (name, got, worst)


@test
def a_model_brings_its_method():
    assert run_json(["precision", "--model", "llama-3.1-8b", "--len", "4k"])["input"]["method"] == "llama3"


case("table for people", ["precision", "--len", "4k"], has=["bf16", "257", "2049", "good up to"])
case("csv", ["precision", "--len", "4k", "--format", "csv"],
     has=["len_tok,dtype,max_angle_error_rad,max_cos_error,first_alias_pos,len_max_tok,computed\n", "4096,bf16,"])
case("length beyond 2^24", ["precision", "--len", "17M"], code=2, err=["precision: len is 17825792"])
case("odd rotary_dim", ["precision", "--rotary-dim", "127"], code=2, err=["rotary_dim is 127"])
case("base", ["precision", "--base", "1"], code=2, err=["base is 1"])
case("tolerance", ["precision", "--tolerance", "0"], code=2, err=["tolerance_rad is 0"])
case("a length suffix on a base", ["precision", "--base", "10k"], code=2, err=["base"])
case("unknown method", ["precision", "--method", "nope"], code=2, err=['unknown method "nope"'])
finish()
