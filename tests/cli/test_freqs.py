"""freqs: every method through the command, against formulas in Python, formats and errors."""
import math
from cli import *

LLAMA = ["--base", "1e4", "--rotary-dim", "128", "--train-len", "4k"]
PLAIN = [1e4 ** (-2 * n / 128) for n in range(64)]


def freqs(*args):
    model = LLAMA if "--rotary-dim" not in args else LLAMA[:2] + LLAMA[4:]
    return run_json(["freqs"] + model + list(args))["result"]


def near(x, y, tolerance=1e-13):
    assert len(x) == len(y), (len(x), len(y))
    for a, b in zip(x, y):
        assert abs(a - b) <= tolerance * abs(b), (a, b)


@test
def plain_and_linear():
    r = freqs()
    assert r["method"] == "default" and r["attention_factor"] == 1
    near(r["inv_freq"], PLAIN)
    near(r["inv_freq_hf_float"], PLAIN, 1e-6)
    near(r["inv_freq_ggml_float"], PLAIN, 1e-5)
    near(freqs("--method", "linear", "--factor", "4")["inv_freq"], [x / 4 for x in PLAIN])
    near(freqs("--method", "pi", "--declared-len", "16k")["inv_freq"], [x / 4 for x in PLAIN])


@test
def yarn_ramps():
    code = freqs("--method", "yarn", "--factor", "4")
    paper = freqs("--method", "yarn", "--factor", "4", "--ramp", "turns")
    assert abs(code["inv_freq"][30] / PLAIN[30] - 0.711538) < 5e-7
    assert abs(paper["inv_freq"][30] / PLAIN[30] - 0.436126) < 5e-7
    assert abs(code["attention_factor"] - (0.1 * math.log(4) + 1)) < 1e-15
    for engine in ("transformers_float", "ggml_float"):
        assert abs(code[engine]["attention_factor"] - code["attention_factor"]) < 2e-7
    deep = freqs("--method", "deepseek_yarn", "--factor", "40", "--mscale", "0.707", "--mscale-all-dim", "1.414")
    want = (0.0707 * math.log(40) + 1) / (0.1414 * math.log(40) + 1)
    assert abs(deep["attention_factor"] - want) < 1e-15
    assert freqs("--method", "yarn", "--factor", "4", "--attention-factor", "1.5")["attention_factor"] == 1.5
    smooth = freqs("--method", "yarn", "--factor", "4", "--no-truncate")["inv_freq"]
    assert smooth != code["inv_freq"] and smooth[0] == 1


@test
def longrope_switches_after_train_len():
    args = ["--rotary-dim", "4", "--method", "longrope", "--factor", "32", "--long-factor", "1.25,20"]
    short, long = freqs(*args, "--seq-len", "4096,4097")
    near(short["inv_freq"], [1, 0.01])
    near(long["inv_freq"], [0.8, 0.0005])
    assert abs(long["attention_factor"] - math.sqrt(1 + math.log(32) / math.log(4096))) < 1e-15
    near(freqs(*args, "--longrope-by-factor", "--seq-len", "10")["inv_freq"], [0.8, 0.0005])
    near(freqs(*args, "--short-factor", "2,4")["inv_freq"], [0.5, 0.0025])


@test
def dynamic_as_engines_mean_it():
    def base(*args):
        return freqs("--method", "dynamic", "--factor", "2", *args)["base"]
    power = 128 / 126
    near([base("--seq-len", "16k"), base("--seq-len", "100"), base("--dynamic", "vllm-old"),
          base("--dynamic", "vllm", "--declared-len", "16k"), base("--dynamic", "alpha")],
         [1e4 * 7 ** power, 1e4, 1e4 * 3 ** power, 1e4 * 7 ** power, 1e4 * 2 ** power])


@test
def several_methods_make_an_array():
    r = freqs("--method", "default", "--method", "abf", "--method", "critical-base", "--new-base", "5e5",
              "--tune-len", "16k", "--factor", "4")
    assert [x["method"] for x in r] == ["default", "abf", "critical-base"]
    near(r[1]["inv_freq"], [5e5 ** (-2 * n / 128) for n in range(64)])
    assert abs(r[2]["base"] - 71738.4362) < 1e-4


@test
def the_rest_of_the_registry():
    names = [m["method"] for m in run_json(["freqs", "--list"])["result"]["methods"]]
    assert len(names) == len(set(names)) == 15
    for name in names:
        extra = ["--long-factor", ",".join(["2"] * 64)] if name in ("longrope", "factors") else []
        r = freqs("--method", name, "--factor", "2", "--seq-len", "8k", *extra)
        assert len(r["inv_freq"]) == 64 and all(x >= 0 for x in r["inv_freq"])
        assert r["transformers_float"]["max_relative_deviation"] < 1e-4, name
    near(freqs("--method", "llama3", "--factor", "8", "--low-freq-factor", "1", "--high-freq-factor", "1")["inv_freq"],
         [x if 4096 * x / (2 * math.pi) >= 1 else x / 8 for x in PLAIN])
    r = freqs("--method", "proportional", "--partial", "0.25")["inv_freq"]
    near(r[:16], PLAIN[:16])
    assert r[16:] == [0] * 48
    for x in freqs("--resonance")["inv_freq"]:
        assert abs(2 * math.pi / x - round(2 * math.pi / x)) < 1e-9
    evq = freqs("--method", "evq-cosh", "--tau", "0")["inv_freq"]
    near(evq, [1e4 ** (-(n + 0.5) / 64) for n in range(64)])
    by_parts = freqs("--method", "ntk-by-parts", "--factor", "4", "--beta-fast", "1", "--beta-slow", "1")["inv_freq"]
    near(by_parts, [x if 4096 * x / (2 * math.pi) >= 1 else x / 4 for x in PLAIN])


@test
def presets_and_files():
    r = run_json(["freqs", "--model", "llama-3.1-8b"])
    assert r["result"]["method"] == "llama3" and r["result"]["factor"] == 8
    assert r["input"]["base"] == 5e5 and r["input"]["train_len_tok"] == 8192
    plain = [5e5 ** (-2 * n / 128) for n in range(64)]
    near([r["result"]["inv_freq"][i] for i in (0, 63)], [plain[0], plain[63] / 8])
    f = ROOT + "/tests/model/configs/"
    same = run_json(["freqs", "--config", f + "llama31-8b.json"])["result"]
    near(same["inv_freq"], r["result"]["inv_freq"])
    g = run_json(["freqs", "--config", f + "gemma3-4b.json"])
    assert g["result"]["method"] == "linear" and g["input"]["kind"] == "full_attention"
    g = run_json(["freqs", "--config", f + "gemma3-4b.json", "--kind", "sliding_attention"])
    assert g["result"]["method"] == "default" and g["input"]["base"] == 1e4
    over = run_json(["freqs", "--config", f + "llama31-8b.json", "--factor", "32", "--base", "1e6"])
    assert over["result"]["factor"] == 32 and over["result"]["base"] == 1e6
    code = run_json(["freqs", "--model", "code llama 7b"])["input"]
    assert code["base"] == 1e6 # the base in use, not that of pre-training
    phi = run_json(["freqs", "--config", f + "phi3-mini-128k.json", "--seq-len", "4096,4097"])["result"]
    assert phi[0]["inv_freq"] != phi[1]["inv_freq"] and phi[0]["method"] == "longrope"


case("unknown preset", ["freqs", "--model", "lama-2-7b"], code=2, err=["did you mean Llama-2-7B?"])
case("model and config", ["freqs", "--model", "x", "--config", "y"], code=2, err=["not both"])
case("kind without a file", ["freqs", "--kind", "x"], code=2, err=["--kind needs --config"])
case("unknown kind", ["freqs", "--config", ROOT + "/tests/model/configs/gemma3-4b.json", "--kind", "x"], code=2,
     err=['no layers "x"'])
case("no rotary positions", ["freqs", "--config", ROOT + "/tests/model/configs/gpt2.json"], code=3,
     err=["learned absolute positions"])
case("no such file", ["freqs", "--config", "no.json"], code=3, err=["no.json"])
case("table for people", ["freqs"] + LLAMA + ["--method", "yarn", "--factor", "4"],
     has=["attention factor 1.138629", "0.711538", "transformers", "llama.cpp", "arXiv:2309.00071"])
case("explain prints the formula", ["freqs", "--method", "ntk", "--factor", "2", "--explain"],
     has=["(base * factor^(d/(d-2)))^(-2n/d)", "20221.261"])
case("csv", ["freqs", "--rotary-dim", "2", "--format", "csv"],
     has=["method,seq_len_tok,pair,inv_freq,period_tok,turns,ratio,hf_float,ggml_float\n",
          "default,,0,1,6.283185307179586,,1,1,1"])
case("list", ["freqs", "--list"], has=["ntk-by-parts", "base^(-2n/d)", "source:"])
case("unknown method", ["freqs", "--method", "yam"], code=2, err=['unknown method "yam"'])
case("d = 2 divides by zero in d/(d-2)", ["freqs", "--method", "ntk", "--rotary-dim", "2", "--factor", "2"], code=2,
     err=["rotary_dim is 2", "even number >= 4"])
case("negative radicand", ["freqs", "--method", "dynamic", "--dynamic", "vllm", "--factor", "2", "--train-len", "2k",
                           "--declared-len", "512"], code=2, err=["declared_len is 512"])
case("yarn without a length", ["freqs", "--method", "yarn", "--factor", "4"], code=2, err=["train_len is 0"])
case("longrope without factors", ["freqs", "--method", "longrope", "--train-len", "4k"], code=2, err=["long_factor"])
case("unknown dynamic", ["freqs", "--dynamic", "tgi"], code=2, err=['"tgi" is not one of'])
finish()
