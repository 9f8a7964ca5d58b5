"""periods: the spectrum against a second computation, --explain recomputed, bad input."""
import math
from cli import *
from explain import check_lines


@test
def llama2():
    r = run_json(["periods", "--model", "llama-2-7b"])["result"]
    assert len(r["pairs"]) == 64 and r["critical_dim"] == 92
    for n, p in enumerate(r["pairs"]):
        theta = math.exp(-2 * n / 128 * math.log(1e4))
        assert p["pair"] == n and abs(p["theta"] / theta - 1) < 1e-14
        assert abs(p["period"] * p["theta"] / (2 * math.pi) - 1) < 1e-15
        assert abs(p["turns_in_train"] * p["period"] / 4096 - 1) < 1e-15
        assert abs(p["phase_seen_rad"] - min(2 * math.pi, 4095 * theta)) < 1e-12
        assert p["critical"] == (p["period"] <= 4096)
    assert 2 * sum(p["critical"] for p in r["pairs"]) == r["critical_dim"]
    assert abs(r["pairs"][45]["period"] - 4080.1851262720) < 1e-10 and abs(r["pairs"][46]["period"] - 4711.7242780168) < 1e-10


@test
def explain_is_recomputed():
    assert check_lines(run_json(["periods", "--model", "llama-3-8b", "--explain"])["explain"]) == 5


@test
def csv():
    lines = run(["periods", "--rotary-dim", "32", "--base", "500", "--train-len", "128", "--format", "csv", "--quiet"]).stdout.splitlines()
    assert len(lines) == 17 and lines[0] == "pair,theta,period_tok,turns_in_train,phase_seen_rad,critical"


MODEL = ["--rotary-dim", "24", "--base", "1e4", "--train-len", "1k", "--factor", "4", "--tune-len", "4k"]
METHOD = ["--new-base", "5e4", "--partial", "0.75", "--long-factor", ",".join("%g" % (1 + .3 * n) for n in range(12))]


@test
def every_method_of_the_registry():
    """Against freqs (the frequencies), predict (coverage) and arithmetic; a new method is asked at once."""
    names = [m["method"] for m in run_json(["freqs", "--list"])["result"]["methods"]]
    assert len(names) >= 15
    for name in names:
        d = run_json(["periods", "--method", name, "--rank", "0.1"] + MODEL + METHOD)
        r = d["result"]
        f = run_json(["freqs", "--method", name, "--seq-len", "4k"] + MODEL + METHOD)["result"]
        assert r["method"] == name and r["attention_factor"] == f["attention_factor"], name
        for p, w in zip(r["pairs"], f["inv_freq"]):
            assert abs(p["theta"] - w) <= 1e-15 * w, name
            assert abs(p["turns_in_train"] - 1024 * w / (2 * math.pi)) <= 1e-13 * p["turns_in_train"], name
            assert (p["period"] is None) == (w == 0), name
            assert p["phase_seen_rad"] <= 2 * math.pi and (w == 0 or p["phase_seen_rad"] >= min(2 * math.pi, 4095 * w) * (1 - 1e-15)), name
            if w * 4096 >= 2 * math.pi * (1 + 1e-12):
                assert p["critical"], name
        assert len(r["pairs"]) == len(f["inv_freq"])
        assert r["critical_dim"] == 2 * sum(p["critical"] for p in r["pairs"]), name
        good = [p["good_tok"] for p in r["pairs"] if p["good_tok"] is not None]
        assert r["coverage"]["lo"] == (min(good) if good else None), name
        p = run_json(["predict", "--method", name] + MODEL + METHOD)["result"]
        assert r["coverage"]["lo"] == p["coverage"]["lo"] and r["coverage"]["hi"] == p["coverage"]["hi"], name
        outside = any("outside the closed form" in c for c in d["caveats"])
        assert outside == (r["base"] is None), (name, d["caveats"])  # the closed form, or the caveat
        assert 2 <= r["rank"][0]["rank"] <= 24, name


@test
def of_a_model_with_a_method():
    r = run_json(["periods", "--model", "llama-3.1-8b"])["result"]
    assert r["method"] == "llama3" and r["critical_dim"] == r["pretrain_critical_dim"] == 70
    slow = r["pairs"][63]
    assert abs(slow["pretrain_turns"] / slow["turns_in_train"] - 8) < 1e-12  # factor 8 on the slowest pair
    r = run_json(["periods", "--model", "llama-3.1-8b", "--pretrained"])["result"]
    assert r["method"] == "default" and r["pairs"][63]["pretrain_turns"] == r["pairs"][63]["turns_in_train"]
    path = ROOT + "/tests/model/configs/gemma3-4b.json"
    fast = run_json(["periods", "--config", path, "--kind", "sliding_attention"])["result"]
    assert abs(fast["pairs"][1]["theta"] - 1e4 ** (-2 / 256)) < 1e-15 and fast["base"] == 1e4
    full = run_json(["periods", "--config", path])["result"]
    assert full["method"] == "linear" and abs(full["pairs"][1]["theta"] - 1e6 ** (-2 / 256) / 8) < 1e-15


case("method for people", ["periods", "--model", "llama-2-7b", "--method", "yarn", "--factor", "4", "--tune-len", "16k"],
     has=["in use: yarn, tuned on 16384 tokens", "phase coverage 16383 to 20383 tokens", "good up to"])
case("no pair decides", ["periods", "--config", ROOT + "/tests/model/configs/gemma4-proportional.json"], has=["no bound, every pair that turns came round"])
case("rank of too many", ["periods", "--model", "llama-3.1-8b", "--tune-len", "128k", "--rank", "0.1"], code=2, err=["131072 tokens are more than the 16384"])
case("no such kind", ["periods", "--config", ROOT + "/tests/model/configs/gemma3-4b.json", "--kind", "x"], code=2, err=["no layers \"x\""])
case("longrope without factors", ["periods", "--model", "llama-2-7b", "--method", "longrope"], code=2, err=["long_factor"])
case("unknown method", ["periods", "--model", "llama-2-7b", "--method", "nope"], code=2, err=["unknown RoPE method"])
case("for people", ["periods", "--model", "llama-2-7b"], has=["92 dimensions saw a full period", "4080.185"])
case("odd", ["periods", "--rotary-dim", "3", "--base", "1e4", "--train-len", "4k"], code=2, err=["rotary_dim is 3"])
case("nothing given", ["periods"], code=2, err=["rotary_dim is not known"])
finish()
