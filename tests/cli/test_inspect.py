"""`ropelaw inspect`: files of every format, presets, and what is no model."""
from cli import *
import csv
import os
import struct

CONFIGS = os.path.join(ROOT, "tests", "model", "configs")


def config(name):
    return os.path.join(CONFIGS, name + ".json")


@test
def fields_of_the_contract():
    d = run_json(["inspect", config("llama31-8b")])
    r = d["result"]
    assert (r["architecture"], r["rotary_dim"], r["head_dim"], r["base"]) == ("llama", 128, 128, 500000)
    assert (r["method"], r["train_len"], r["declared_len"]) == ("llama3", 8192, 131072)
    assert r["critical_dim"] == 70 and r["defaulted"] == []
    assert any("outside the closed form" in c for c in d["caveats"])


@test
def a_preset_is_judged_by_its_pretraining_base():
    r = run_json(["inspect", "--model", "CodeLlama-7B"])["result"]
    assert (r["base"], r["pretrain_base"], r["critical_dim"]) == (1e6, 1e4, 92), r
    assert "pre-trained to 4096 tokens with base 10000" in run(["inspect", "--model", "CodeLlama-7B"]).stdout
    assert run_json(["inspect", config("llama31-8b")])["result"]["pretrain_base"] is None


@test
def layer_kinds_are_apart():
    r = run_json(["inspect", config("gemma3-4b")])["result"]
    full, local = r["layers"]
    assert (full["base"], full["n_layers"], full["law_applies"]) == (1e6, 5, True)
    assert (local["base"], local["window"], local["law_applies"]) == (1e4, 1024, False)
    assert {"base", "n_layers"} <= {x["name"] for x in r["defaulted"]}


@test
def defaults_are_flagged():
    d = run_json(["inspect", config("mixtral-no-theta")])
    assert any("inferred" in c for c in d["caveats"])
    assert any(f["name"] == "base" and f["origin"] == "default" for f in d["result"]["facts"])


with open(os.path.join(ROOT, "data", "models.csv"), newline="", encoding="utf-8") as f:
    ROWS = list(csv.DictReader(line for line in f if not line.startswith("#")))


@test
def every_preset_is_shown_with_its_source():
    """Every row, every number of it: the value, and the source that it was read in."""
    facts_of = {"base": "base", "head_dim": "head_dim", "rotary_dim": "rotary_dim", "factor": "factor", "train_len_tok": "train_len",
                "declared_len_tok": "declared_len", "pretrain_base": "pretrain_base", "tune_base": "tune_base",
                "tune_len_tok": "tune_len", "max_position_embeddings": "max_position_embeddings"}
    n = 0
    for row in ROWS:
        d = run_json(["inspect", "--model", row["name"]])
        assert row["source"] in d["sources"] and (not row["source_2"] or row["source_2"] in d["sources"]), row["name"]
        facts = {}
        for fact in d["result"]["facts"]:
            facts.setdefault(fact["name"], []).append(fact)
        for column, name in facts_of.items():
            if not row[column]:
                assert name == "base" or name not in facts or facts[name][0]["layers"] == "sliding_attention", (row["name"], name)
                continue
            fact = facts[name][0]
            assert float(fact["value"]) == float(row[column]) and fact["from"] == row["source"], (row["name"], fact)
            n += 1
        assert facts["method"][0]["value"] == (row["method"] or "default") and facts["method"][0]["from"] == row["source"]
        if row["window_tok"]:
            assert float(facts["window_tok"][0]["value"]) == float(row["window_tok"]), row["name"]
        for part in row["parameters"].split(";"):
            key, _, value = part.partition("=")
            name = {"original_max_position_embeddings": "original_len"}.get(key, key)
            if key in ("low_freq_factor", "high_freq_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim",
                       "attention_factor", "original_max_position_embeddings"):
                assert float(facts[name][0]["value"]) == float(value), (row["name"], key)
    assert len(ROWS) >= 150 and n > 900


@test
def disagreeing_sources_are_both_shown():
    """Rows whose sources differ: both values and both sources, in JSON and for people."""
    rows = {"Llama-2-7B": ("2048", "4096"), "gemma-2b": ("4096", "8192"), "MiniCPM-2B-sft-bf16": ("10000", "1e6"),
            "Index-1.9B-32K": ("3.2e5", "3.2e6")}
    for name, values in rows.items():
        row, = [r for r in ROWS if r["name"] == name]
        d = run_json(["inspect", "--model", name])
        note, = [n["text"] for n in d["result"]["notes"] if n["id"] == "preset-notes"]
        assert note == row["notes"] and all(v in note for v in values), name
        assert row["source"] in d["sources"] and row["source_2"] in d["sources"] and row["source_2"]
        people = run(["inspect", "--model", name]).stdout
        assert all(v in people for v in values) and row["source"] in people and row["source_2"] in people, name


def text(s):
    return struct.pack("<Q", len(s)) + s.encode()


gguf = b"GGUF" + struct.pack("<IQQ", 3, 0, 3)
gguf += text("general.architecture") + struct.pack("<I", 8) + text("llama")
gguf += text("llama.context_length") + struct.pack("<II", 4, 4096)
gguf += text("llama.attention.key_length") + struct.pack("<II", 4, 128)
case("gguf", ["inspect", file("m.gguf", gguf)], has=["gguf of llama", "RoPE default, base 10000", "DEFAULTED"])
case("cut gguf", ["inspect", file("cut.gguf", gguf[:-3])], code=3, err=["cut.gguf: the file ends inside"])
case("no rope", ["inspect", config("gpt2")], has=["learned absolute positions"])
case("stdin", ["inspect", "-"], stdin='{"model_type": "llama", "hidden_size": 64, "num_attention_heads": 2}',
     has=["standard input: config.json of llama"])
case("wrong type", ["inspect", file("w.json", '{"hidden_size": 64,\n"num_attention_heads": 2, "rope_theta": "x"}')], code=3,
     err=['w.json:2: key "rope_theta" is "x", expected a finite number'])
case("no model", ["inspect", file("n.json", '{"peft_type": "LORA"}')], code=3, err=["adapter"])
case("missing", ["inspect", "nowhere.json"], code=3, err=["nowhere.json: No such file"])
case("neither", ["inspect"], code=2, err=["give one FILE or --model NAME"])
case("both", ["inspect", "x", "--model", "y"], code=2, err=["give one FILE or --model NAME"])
case("far from any name", ["inspect", "--model", "qqqqqqqqqqqqqqqqqq"], code=2, err=["none is near (`ropelaw models` lists them)"])
case("unknown preset", ["inspect", "--model", "Llmaa-2-7B"], code=2, err=["Llama-2-7B"])
finish()
