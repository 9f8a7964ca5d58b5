"""design: every column of every option by a second route, from the published formulas, for models of different shape.

Nothing is asked of the program but the table: bases by their closed forms, frequencies of each method, phase coverage by
walking over pairs, the closed form, what short contexts notice, and long-range discrimination by summing cosines.
"""
import math
from cli import *

TWO_PI = 2 * math.pi


def plain(base, d):
    return [base ** (-2 * n / d) for n in range(d // 2)]


def critical_pairs(base, d, train):
    return min(d // 2, sum(TWO_PI * base ** (2 * n / d) <= train for n in range(d // 2)))


def yarn(a, base, d, train, s):
    def pair_of(turns):
        return d * math.log(train / (turns * TWO_PI)) / (2 * math.log(base))
    low, high = max(math.floor(pair_of(32)), 0), min(math.ceil(pair_of(1)), d - 1)
    high = high + 0.001 if low == high else high
    ramp = [min(max((n - low) / (high - low), 0), 1) for n in range(d // 2)]
    return [x / s * r + x * (1 - r) for x, r in zip(a, ramp)]


def by_turns(a, train, s, slow, fast):
    g = [min(max((train * x / TWO_PI - slow) / (fast - slow), 0), 1) for x in a]
    return [(1 - k) * x / s + k * x for x, k in zip(a, g)]


def method(kind, base, d, train, s):
    """Frequencies and attention factor of a method with factor s."""
    a = plain(base, d)
    r = critical_pairs(base, d, train)
    return {"linear": lambda: ([x / s for x in a], 1),
            "ntk": lambda: (plain(base * s ** (d / (d - 2)), d), 1),
            "ntk-by-parts": lambda: (by_turns(a, train, s, 1, 32), 1),
            "yarn": lambda: (yarn(a, base, d, train, s), 0.1 * math.log(s) + 1),
            "llama3": lambda: (by_turns(a, train, s, 1, 4), 1),
            "longrope2": lambda: ([x / s ** min(n / r, 1) for n, x in enumerate(a)], math.sqrt(1 + math.log(s) / math.log(train)))}[kind]()


def coverage(a, w, train, tune, phi):
    """Last good distance: the first pair to leave the phases it saw; None if every pair came round."""
    good = [max((train - 1) * x / y, tune - 1) + phi / y for x, y in zip(a, w)
            if max((train - 1) * x, (tune - 1) * y) + 2 * phi < TWO_PI]
    return min(good) if good else None


def closed_form(base0, d, train, base, tune):
    if math.log(base) * math.log(train / TWO_PI) > math.log(base0) * math.log(tune / TWO_PI) * (1 + 1e-14):
        r = math.ceil(d / 2 * math.log(train / TWO_PI) / math.log(base0))
        return None if r >= d / 2 else TWO_PI * base ** (2 * r / d)
    return tune


def near(x, y, rel=1e-9):
    return (x is None) == (y is None) and (x is None or abs(x - y) <= rel * abs(y))


def check(name, args, d, base, train, target, free_tune):
    o = {x["kind"]: x for x in run_json(["design", "--target-len", str(target)] + args, code=ANY)["result"]["options"]}
    a = plain(base, d)
    r = critical_pairs(base, d, train)
    assert {"critical_base", "bound_base", "small_base", "linear", "ntk", "ntk-by-parts", "yarn", "longrope2", "llama3"} == set(o), name
    assert near(o["critical_base"]["base"], base ** (math.log(target / TWO_PI) / math.log(train / TWO_PI)))
    assert near(o["bound_base"]["base"], max((target / TWO_PI) ** (d / (2 * r)), base ** (math.log(free_tune / TWO_PI) / math.log(train / TWO_PI))))
    assert near(o["small_base"]["base"], target / TWO_PI)
    for kind, x in o.items():
        tune = x["tune_len"]
        assert tune == (free_tune if kind == "bound_base" else target), (name, kind)
        if x["factor"] is None:
            w, attention = plain(x["base"], d), 1
        else:
            assert x["factor"] == target / train, (name, kind)
            w, attention = method(kind, base, d, train, x["factor"])
        lo, hi = coverage(a, w, train, tune, 0), coverage(a, w, train, tune, 1)
        assert near(x["coverage_lo"], lo) and near(x["coverage_hi"], hi), (name, kind, x["coverage_lo"], lo, x["coverage_hi"], hi)
        if x["factor"] is None or kind == "ntk":
            bound = closed_form(base, d, train, x["base"], tune)
        else:
            bound = lo and math.floor(lo + 1e-6) + 1
        assert near(x["predicted_bound"], bound), (name, kind, x["predicted_bound"], bound)
        assert x["reaches"] == (bound is None or bound >= target * (1 - 1e-12)), (name, kind)
        s = x["short_context"]
        assert s["n_pairs"] == d // 2 and near(s["attention_factor"], attention), (name, kind)
        assert s["kept_pairs"] == sum(abs(y - z) <= 1e-13 * z for y, z in zip(w, a)), (name, kind)
        assert near(s["neighbour_resolution"], w[0] / a[0])
        assert near(s["mean_slowdown"], math.exp(sum(math.log(y / z) for y, z in zip(a, w)) / (d // 2)))
        assert s["note"] and s["source"]
    return o


def flags(d, base, train):
    return ["--rotary-dim", str(d), "--base", repr(base), "--train-len", str(train)]


@test
def llama2():
    check("Llama 2", ["--model", "llama-2-7b"], 128, 1e4, 4096, 131072, 4096)


@test
def llama3():
    check("Llama 3", ["--model", "Llama-3-8B"], 128, 5e5, 8192, 65536, 8192)


@test
def partial_rotary():
    """24 of 96 dimensions: the exponent's denominator is what rotates."""
    check("GPT-NeoX", ["--model", "gpt-neox-20b"], 24, 1e4, 2048, 8192, 2048)


@test
def multi_head_latent():
    """DeepSeek-V3 rotates qk_rope_head_dim = 64 of 192; its file is YaRN already: design starts from pre-training."""
    check("DeepSeek-V3", ["--config", ROOT + "/tests/model/configs/deepseek-v3.json"], 64, 1e4, 4096, 65536, 4096)


@test
def tuned_elsewhere():
    o = run_json(["design", "--target-len", "32k", "--tune-len", "16k"] + flags(96, 1e4, 4096), code=ANY)["result"]["options"]
    assert all(x["tune_len"] == 16384 for x in o)


@test
def bidirectional():
    """Distances run both ways: the answers for T and L are those for 2T and 2L, halved."""
    o = {x["kind"]: x for x in run_json(["design", "--target-len", "32k", "--bidirectional"] + flags(128, 5e5, 4096), code=ANY)["result"]["options"]}
    t = {x["kind"]: x for x in run_json(["design", "--target-len", "64k"] + flags(128, 5e5, 8192), code=ANY)["result"]["options"]}
    for kind in ("critical_base", "bound_base", "small_base", "linear", "ntk"):
        assert near(o[kind]["base"], t[kind]["base"], 1e-12), kind
        assert near(o[kind]["coverage_lo"], t[kind]["coverage_lo"] and t[kind]["coverage_lo"] / 2, 1e-12), kind
        if kind != "linear":
            assert near(o[kind]["predicted_bound"], t[kind]["predicted_bound"] / 2, 1e-12), kind


@test
def long_range_column():
    """First distance with sum cos(m w_n) < 0 and how many there are, by summing."""
    d, base, train, target = 32, 1e4, 1024, 2048
    for x in run_json(["design", "--target-len", str(target), "--long-range"] + flags(d, base, train), code=ANY)["result"]["options"]:
        w = plain(x["base"], d) if x["factor"] is None else method(x["kind"], base, d, train, x["factor"])[0]
        sums = [sum(math.cos(m * y) for y in w) for m in range(target)]
        assert min(abs(b) for b in sums) > 1e-9  # none is in doubt
        bad = [m for m, b in enumerate(sums) if b < 0]
        assert x["long_range"]["n_negative"] == len(bad) and x["long_range"]["len_tok"] == (bad[0] if bad else None), x["kind"]


finish()
