"""`ropelaw export` and `ropelaw convert`."""
from cli import ROOT, TMP, case, file, finish, run, run_json, test
import json
import os

CONFIGS = os.path.join(ROOT, "tests", "model", "configs")


def config(name):
    return os.path.join(CONFIGS, name + ".json")


@test
def every_engine_answers_or_says_why_not():
    engines = [e["engine"] for e in run_json(["export", "--list"])["result"]["engines"]]
    assert len(engines) >= 7
    for e in engines:
        p = run(["export", config("together-32k"), "--to", e])
        assert p.returncode == 0 and p.stdout.endswith("\n"), (e, p.stderr)


@test
def the_patch_is_json_and_wraps():
    d = run_json(["export", config("qwen25-yarn"), "--to", "hf-patch"])
    assert json.loads(d["result"]["text"])["rope_scaling"]["factor"] == 4.0


@test
def there_and_back():
    old = run(["convert", config("llama31-8b"), "--to", "hf-v5"])
    new = run(["convert", file("v5.json", old.stdout), "--to", "hf-v4"])
    a, b = json.load(open(config("llama31-8b"))), json.loads(new.stdout)
    assert a == b


@test
def written_to_a_file():
    path = os.path.join(TMP.name, "out.json")
    assert run(["convert", config("qwen25-yarn"), "--to", "hf-v5", "--output", path]).returncode == 0
    assert json.load(open(path))["rope_parameters"]["rope_type"] == "yarn"


@test
def notes_are_told_and_wrapped():
    p = run(["export", config("gemma3-4b"), "--to", "llamacpp"])
    assert p.returncode == 0 and p.stdout == "-c 131072 --rope-scaling linear --rope-scale 8 --rope-freq-base 1000000\n"
    assert "freq_base_swa" in p.stderr and "sliding_attention" in p.stderr
    assert run(["export", config("gemma3-4b"), "--to", "llamacpp", "--quiet"]).stderr == ""
    d = run_json(["export", config("gemma3-v5"), "--to", "vllm"])
    assert len(d["result"]["notes"]) == 2 and run_json(["export", config("llama2-7b"), "--to", "vllm"])["result"]["notes"] == []
    override = json.loads(d["result"]["text"].split("'")[1])["rope_parameters"]
    assert override["full_attention"]["factor"] == 8.0 and override["sliding_attention"]["rope_theta"] == 10000


case("dynamic for llama.cpp says what to do", ["export", config("llama2-7b"), "--to", "llamacpp", "--method", "dynamic", "--target-len", "16k"],
     code=3, err=["--method default --tune-base 135401.973"])
case("longrope of a preset", ["export", "--model", "Phi-3-mini-128k-instruct", "--to", "vllm"], code=3, err=["only the model's own file brings"])
case("unknown method", ["export", config("llama2-7b"), "--to", "vllm", "--method", "foo"], code=2, err=['unknown RoPE method "foo"'])
case("nested files and top-level engines", ["export", config("gemma3-4b"), "--to", "sglang"], code=3, err=["text_config", "hf-patch"])
case("preset", ["export", "--model", "Llama-2-7B", "--to", "llamacpp", "--tune-base", "71738", "--target-len", "16k"],
     out="-c 16384 --rope-scaling none --rope-freq-base 71738\n")
case("new method", ["export", config("llama2-7b"), "--to", "llamacpp", "--method", "linear", "--target-len", "16k"],
     out="-c 16384 --rope-scaling linear --rope-scale 4 --rope-freq-base 10000\n", err=None or ())
case("cannot", ["export", config("qwen25-yarn"), "--to", "koboldcpp"], code=3, err=["koboldcpp cannot say this"])
case("no engine", ["export", config("llama2-7b"), "--to", "x"], code=2, err=['"x" is no engine'])
case("no --to", ["export", config("llama2-7b")], code=2, err=["--to ENGINE is needed"])
case("no rope", ["export", config("gpt2"), "--to", "vllm"], code=3, err=["does not rotate"])
case("old style has no place", ["convert", config("null-layer-type"), "--to", "hf-v4"], code=3, err=["some layers do not rotate"])
case("not a config", ["convert", file("p.json", '{"dim": 64, "n_heads": 1, "n_layers": 1}'), "--to", "hf-v5"], code=3,
     err=["only a config.json can be converted"])
case("convert without --to", ["convert", config("llama2-7b")], code=2, err=["--to hf-v4"])
finish()
