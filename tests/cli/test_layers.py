"""predict of model files: one answer for every kind of layers."""
from cli import *

CONFIGS = ROOT + "/tests/model/configs/"


def layers(name, *args):
    r = run_json(["predict", "--config", CONFIGS + name + ".json"] + list(args))["result"]
    return {l["kind"]: l for l in r["layers"]}, r


@test
def one_kind():
    l, r = layers("llama2-7b", "--tune-base", "1e6", "--tune-len", "16k")
    assert list(l) == ["full_attention"] and l["full_attention"]["reach"] == "law"
    assert round(r["layers_bound"]) == 129027 and r["layers_bound"] == r["bound"] == l["full_attention"]["bound"]
    assert l["full_attention"]["coverage"]["pair"] == 46


@test
def local_and_global_base():
    l, r = layers("gemma3-4b")
    assert l["full_attention"]["base"] == 1e6 and l["full_attention"]["method"] == "linear"
    assert l["sliding_attention"]["base"] == 1e4 and l["sliding_attention"]["reach"] == "window"
    assert l["sliding_attention"]["window_tok"] == 1024 and l["sliding_attention"]["bound"] is None
    assert r["layers_bound"] == l["full_attention"]["bound"] == 262137 # 8 * (32768 - 1) + 1
    l, r = layers("gemma3-4b", "--tune-base", "1e7")
    assert l["sliding_attention"]["base"] == 1e4


@test
def overrides_keep_the_layers():
    """What an option says counts for the full-attention layers, and is what predict says of the flags alone."""
    l, r = layers("gemma3-4b", "--base", "5e5", "--train-len", "8k", "--method", "yarn", "--factor", "4")
    assert l["full_attention"]["base"] == 5e5 and l["full_attention"]["method"] == "yarn"
    assert (l["sliding_attention"]["base"], l["sliding_attention"]["reach"]) == (1e4, "window")
    flags = ["--rotary-dim", "256", "--base", "5e5", "--train-len", "8k", "--method", "yarn", "--factor", "4"]
    alone = run_json(["predict"] + flags)["result"]
    assert r["layers_bound"] == l["full_attention"]["bound"] == alone["coverage"]["context_lo"] == r["coverage"]["context_lo"]
    l, r = layers("llama31-8b", "--factor", "4")
    assert r["input_factor"] == 4 if "input_factor" in r else True
    assert l["full_attention"]["bound"] == 4 * 8191 + 1  # llama3 divides the slowest pairs by the factor


@test
def presets_with_two_bases_have_layers():
    r = run_json(["predict", "--model", "gemma-3-4b-it", "--train-len", "32k"])["result"]
    l = {x["kind"]: x for x in r["layers"]}
    assert (l["full_attention"]["base"], l["sliding_attention"]["base"]) == (1e6, 1e4)
    assert l["full_attention"]["bound"] == 262137 and l["sliding_attention"]["reach"] == "window"
    d = run_json(["predict", "--model", "Mistral-7B-v0.1"])
    assert "layers" not in d["result"] and any("attend within 4096 tokens" in c for c in d["caveats"])


@test
def no_positions_and_no_attention():
    l, r = layers("smollm3-3b")
    assert l["full_attention_nope"]["reach"] == "no_position" and l["full_attention_nope"]["base"] is None
    assert r["layers_bound"] == 65536
    l, r = layers("qwen3-next")
    assert l["linear_attention"]["reach"] == "no_attention" and l["full_attention"]["rotary_dim"] == 64


@test
def nothing_under_the_law():
    d = run_json(["predict", "--config", CONFIGS + "mistral-7b-v01.json"])
    assert d["result"]["layers_bound"] is None and d["result"]["layers"][0]["reach"] == "window"
    assert any("no kind of layers is under the law" in c for c in d["caveats"])


@test
def lists_and_overrides():
    r = run_json(["predict", "--config", CONFIGS + "llama2-7b.json", "--tune-base", "1e5,1e6"])["result"]
    assert [x["layers_bound"] == x["bound"] for x in r] == [True, True]
    r = run_json(["predict", "--config", CONFIGS + "llama2-7b.json", "--base", "2e4"])["result"]
    assert [x["base"] for x in r["layers"] if x["kind"] == "full_attention"] == [r["tune_base"]]
    assert "layers" not in run_json(["predict", "--model", "llama-2-7b"])["result"]


case("for people", ["predict", "--config", CONFIGS + "gemma3-4b.json"],
     has=["by kind of layers", "sliding_attention", "base 10000, 256 of 256 dimensions", "below the window of 1024 tokens"])
case("one kind under the law needs no table", ["predict", "--config", CONFIGS + "llama2-7b.json"], has=["closed form"])
case("no rotary positions", ["predict", "--config", CONFIGS + "gpt2.json"], code=3, err=["learned absolute"])
finish()
