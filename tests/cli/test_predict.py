"""predict: fields, goldens, --explain recomputed, lists, formats, bad input."""
import math
from cli import *
from law_files import law_file
from explain import check_lines

LLAMA2 = ["predict", "--model", "llama-2-7b"]
FLAGS = ["predict", "--rotary-dim", "128", "--base", "1e4", "--train-len", "4k"]


@test
def llama2_tuned_at_16k():
    d = run_json(LLAMA2 + ["--tune-len", "16k", "--tune-base", "1e6"])
    r = d["result"]
    assert d["command"] == "predict" and d["schema_version"] == 1
    assert r["critical_dim"] == 92 and abs(r["critical_dim_real"] / 2 - 45.02688127375455) < 1e-13
    assert abs(r["critical_base"] - 71738.4362) < 5e-5 and abs(r["bound_base"] - 56627.7967) < 5e-5
    assert [round(x, 2) for x in r["small_base_thresholds"]] == [10430.38, 5215.19, 2607.59]
    assert r["regime"] == "large_base" and round(r["bound"], 2) == 129026.78 and r["bound_real"] < r["bound"]
    assert round(r["coverage"]["lo"]) == 112138 and round(r["coverage"]["hi"]) == 161118
    assert r["coverage"]["pair"] == 46 and r["interval"] is None
    assert len(d["caveats"]) == 1 and "retrieval fails earlier" in d["caveats"][0]
    names = [p["name"] for p in r["predictors"]]
    assert len(set(names)) == len(names) and "closed_form" in names and "phase_coverage" in names
    for p in r["predictors"]:
        assert p["source"] and set(p) >= {"name", "bound", "source", "caveats"}


@test
def as_pretrained_is_train_len():
    for args in (LLAMA2, FLAGS):
        r = run_json(args)["result"]
        assert r["bound"] == 4096 and r["regime"] == "tuned" and r["critical_base"] == 10000, r
    assert run_json(["predict", "--model", "llama-3-8b"])["result"]["bound"] == 8192


@test
def the_preset_says_how_it_was_tuned():
    r = run_json(["predict", "--model", "codellama-7b"])["result"]
    assert round(r["bound"]) == 129027 and r["tune_base"] == 1e6 and r["tune_len_tok"] == 16384


@test
def explain_is_recomputed():
    for more in ([], ["--tune-base", "1e6"], ["--tune-base", "500", "--tune-len", "16k"], ["--tune-base", "71738,71739", "--tune-len", "16k"]):
        lines = run_json(FLAGS + more + ["--explain"])["explain"]
        assert check_lines(lines) >= 6, lines
    text = run(FLAGS + ["--explain"]).stdout
    assert check_lines(l.strip() for l in text.splitlines()) >= 6 and "eq 16c" in text


@test
def lists_give_an_array():
    r = run_json(FLAGS + ["--tune-base", "1e5,1e6", "--tune-len", "4k,16k"])["result"]
    assert [(x["tune_base"], x["tune_len_tok"]) for x in r] == [(1e5, 4096), (1e5, 16384), (1e6, 4096), (1e6, 16384)]
    one = run_json(FLAGS + ["--tune-base", "1e6", "--tune-len", "16k"])["result"]
    assert r[3] == one
    lines = run(FLAGS + ["--tune-base", "1e5,1e6", "--format", "csv", "--quiet"]).stdout.splitlines()
    assert len(lines) == 3 and lines[0].startswith("tune_base,tune_len_tok,critical_dim")


@test
def unbounded_is_null_with_a_status():
    d = run_json(["predict", "--rotary-dim", "128", "--base", "100", "--train-len", "4k", "--tune-base", "200"])
    r = d["result"]
    assert r["bound"] is None and r["bound_status"] == "UNBOUNDED" and r["critical_dim"] == 128
    assert r["coverage"]["lo"] is None and r["coverage"]["status"] == "UNBOUNDED"
    assert any("no bound" in c for c in d["caveats"])


@test
def caveats_in_words():
    p = run(FLAGS + ["--tune-base", "8e4", "--tune-len", "18000"])
    assert "the bound drops when tune_len grows" in p.stdout, p.stdout
    p = run(FLAGS + ["--tune-len", "2k"])
    assert "tune_len is below train_len" in p.stdout and p.returncode == 0
    p = run(["predict", "--model", "llama-3-8b"])
    assert "pre-training base of 10000" in p.stdout


@test
def methods_are_outside_the_closed_form():
    r = run_json(FLAGS + ["--method", "linear", "--factor", "4"])
    assert abs(r["result"]["coverage"]["lo"] - 4 * 4095) < 1e-6 and any("outside the closed form" in c for c in r["caveats"])
    r = run_json(FLAGS + ["--method", "ntk", "--factor", "4"])["result"]
    assert abs(r["tune_base"] - 40889.9424) < 5e-5 and r["regime"] == "large_base"


@test
def long_range():
    r = run_json(FLAGS + ["--long-range"])["result"]["long_range"]
    assert abs(r["base_min_train"] - 26952.34) < 5e-3 and r["base_min_bound"] == r["base_min_train"], r
    assert r["len_max"] is not None and r["status"] == "PROVEN"
    assert "long_range" not in run_json(FLAGS)["result"]
    assert any("2405.14591" in x for x in run_json(FLAGS + ["--long-range"])["sources"])
    assert not any("2405.14591" in x for x in run_json(FLAGS)["sources"])
    r = run_json(["predict", "--rotary-dim", "4", "--base", "1e4", "--train-len", "8", "--long-range"])["result"]["long_range"]
    assert r["len_max"] == 22


@test
def a_fitted_law():
    d = run_json(FLAGS + ["--tune-base", "1e6", "--law", law_file("law.json")])
    i = d["result"]["interval"]
    assert abs(i["est"] - 129026.78) < 0.01 and i["lo"] < i["est"] < i["hi"] and i["level"] == 0.95, i
    u = math.log(1e6)  # t of 6 degrees of freedom at 97.5 %: 2.446911851
    half = 2.4469118511449692 * math.sqrt(8 / 6 * (0.04 - 2 * 0.003 * u + 0.00025 * u * u + 0.05 ** 2))
    assert abs(i["hi"] / (i["est"] * math.exp(half)) - 1) < 1e-9 and abs(i["lo"] / (i["est"] * math.exp(-half)) - 1) < 1e-9
    fitted = [p for p in d["result"]["predictors"] if p["name"] == "fitted"][0]
    assert abs(fitted["bound"] - i["est"]) < 1e-6
    assert run_json(FLAGS)["result"]["interval"] is None
    d = run_json(["predict", "--model", "llama-3-8b", "--law", law_file("law.json")])
    assert any("fitted to another model" in c for c in d["caveats"])
    assert run(FLAGS + ["--law", law_file("new.json", schema_version=2)]).returncode == 3
    assert run(FLAGS + ["--law", "no-such-law.json"]).returncode == 3


@test
def the_caveat_on_a_method_is_of_the_method_in_use():
    """what the file's method is called for goes when another one is given"""
    path = file("y.json", json.dumps({
        "model_type": "llama", "hidden_size": 4096, "num_attention_heads": 32, "max_position_embeddings": 65536,
        "rope_theta": 10000,
        "rope_scaling": {"type": "yarn", "factor": 16, "original_max_position_embeddings": 4096}}))
    for options, said in ([], 1), (["--method", "default"], 0), (["--method", "linear", "--factor", "4"], 1):
        caveats = run_json(["predict", "--config", path, *options])["caveats"]
        assert sum("outside the closed form" in c for c in caveats) == said, (options, caveats)


@test
def a_config_file():
    path = file("config.json", json.dumps({"model_type": "llama", "hidden_size": 4096, "num_attention_heads": 32,
                "num_hidden_layers": 32, "rope_theta": 500000.0, "max_position_embeddings": 8192}))
    r = run_json(["predict", "--config", path])["result"]
    assert r["critical_dim"] == 70 and r["bound"] == 8192, r
    r = run_json(["predict", "--config", path, "--base", "1e4", "--train-len", "4k"])["result"]
    assert r["critical_dim"] == 92


@test
def the_same_bytes_in_a_comma_locale():
    args = FLAGS + ["--tune-base", "1e6", "--explain"]
    assert run(args).stdout == run(args, env={"LC_ALL": "de_DE.UTF-8"}).stdout


@test
def output_is_whole_or_not_at_all():
    target = os.path.join(TMP.name, "answer.json")
    assert run(FLAGS + ["--format", "json", "--output", target]).returncode == 0
    assert json.load(open(target))["result"]["bound"] == 4096
    assert run(FLAGS + ["--output", os.path.join(TMP.name, "no", "such")]).returncode == 5
    assert run(FLAGS + ["--output", "/dev/full"]).returncode == 5
    assert not [n for n in os.listdir(TMP.name) if n.startswith("answer.json.")]


for form in ("md", "latex", "tsv"):
    case("format " + form, FLAGS + ["--format", form, "--quiet"], has=["4096"])
case("the answer for people", LLAMA2 + ["--tune-len", "16k", "--tune-base", "1e6"],
     has=["129027 tokens, regime large_base", "112138 to 161118 tokens", "pair 46 decides", "2310.05209"])
case("odd rotary_dim", ["predict", "--rotary-dim", "127", "--base", "1e4", "--train-len", "4k"], code=2, err=["rotary_dim is 127", "even"])
case("zero rotary_dim", ["predict", "--rotary-dim", "0", "--base", "1e4", "--train-len", "4k"], code=2, err=["rotary_dim is 0"])
case("base 1", ["predict", "--rotary-dim", "128", "--base", "1", "--train-len", "4k"], code=2, err=["pretrain_base is 1", "above 1"])
case("suffix on a base", ["predict", "--rotary-dim", "128", "--base", "10k", "--train-len", "4k"], code=2, err=["length suffix"])
case("suffix on a tuned base", FLAGS + ["--tune-base", "1M"], code=2, err=["length suffix"])
case("nan", FLAGS + ["--tune-base", "nan"], code=2, err=["--tune-base"])
case("infinite", FLAGS + ["--tune-len", "inf"], code=2, err=["--tune-len"])
case("negative length", FLAGS + ["--tune-len", "-4k"], code=2, err=["--tune-len"])
case("zero length", FLAGS + ["--tune-len", "0"], code=2, err=["--tune-len"])
case("short pre-training", ["predict", "--rotary-dim", "128", "--base", "1e4", "--train-len", "6"], code=2, err=["train_len is 6", "at least 7"])
case("unknown model", ["predict", "--model", "llamma2"], code=2, err=['unknown model "llamma2"', "Llama-2-7B"])
case("what is missing is named", ["predict", "--model", "Llama-4-Scout-17B-16E"], code=2, err=["train_len is not known"])
case("nothing given", ["predict"], code=2, err=["rotary_dim is not known"])
case("model and config", ["predict", "--model", "llama-2-7b", "--config", "x"], code=2, err=["not both"])
case("config is a directory", ["predict", "--config", "/tmp"], code=3, err=["/tmp"])
case("config is missing", ["predict", "--config", "no-such.json"], code=3, err=["no-such.json"])
case("config is not JSON", ["predict", "--config", file("bad.json", "{")], code=3, err=["bad.json"])
AXIAL = file("axial.json", '{"model_type": "llama", "hidden_size": 4096, "num_attention_heads": 32,\n'
             '"max_position_embeddings": 8192, "rope_parameters": {"rope_type": "axial", "rope_theta": 1e4}}')
for command in (["predict", "--config", AXIAL], ["freqs", "--config", AXIAL], ["export", AXIAL, "--to", "vllm"]):
    case(command[0] + ": unknown rope type in a file", command, code=3,
         err=["axial.json:2: ", 'unknown rope type "axial" in rope_parameters.rope_type (known: default, linear'])
case("a method of the command line stands in for it", ["predict", "--config", AXIAL, "--method", "default"],
     has=["closed form     8192 tokens"])
case("unknown method", FLAGS + ["--method", "yarm"], code=2, err=['unknown RoPE method "yarm"'])
case("phi upside down", FLAGS + ["--phi", "1,0"], code=2, err=["--phi"])
case("phi beyond pi", FLAGS + ["--phi", "0,4"], code=2, err=["phi is 4"])
finish()
