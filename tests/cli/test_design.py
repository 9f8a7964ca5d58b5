"""design: options best first, checked by asking predict; lists; exit codes; bad input."""
import math
from cli import *
from law_files import law_file
from explain import check_lines

FLAGS = ["--rotary-dim", "128", "--base", "1e4", "--train-len", "4k"]


@test
def llama2_for_16k():
    o = run_json(["design"] + FLAGS + ["--target-len", "16k"])["result"]["options"]
    kinds = [x["kind"] for x in o]
    assert kinds[:2] == ["critical_base", "bound_base"] and kinds[-1] == "small_base"
    assert {"linear", "ntk", "yarn"} <= set(kinds)
    assert abs(o[0]["base"] - 71738.4362) < 5e-5 and o[0]["tune_len"] == 16384 and o[0]["predicted_bound"] == 16384
    assert abs(o[1]["base"] - 56627.7967) < 5e-5 and o[1]["tune_len"] == 4096
    for x in o:
        assert set(x) >= {"kind", "base", "tune_len", "factor", "predicted_bound", "caveats"} and x["source"]


@test
def what_short_contexts_notice():
    o = {x["kind"]: x["short_context"] for x in
         run_json(["design"] + FLAGS + ["--target-len", "16k"])["result"]["options"]}
    assert {"longrope2", "llama3", "ntk-by-parts"} <= set(o)
    assert o["linear"]["kept_pairs"] == 0 and o["linear"]["neighbour_resolution"] == 0.25
    assert o["yarn"]["kept_pairs"] == 21 and abs(o["yarn"]["attention_factor"] - 1.138629) < 5e-7
    assert o["ntk"]["kept_pairs"] == 1 and abs(o["ntk"]["mean_slowdown"] - 2) < 1e-12
    for x in o.values():
        assert x["n_pairs"] == 64 and x["note"] and x["source"]


@test
def long_range():
    r = run_json(["design"] + FLAGS + ["--target-len", "4k,8k", "--long-range"])["result"]
    # Men et al., smallest bases for 4k and 8k tokens
    assert abs(r[0]["long_range_base"] - 26952.34) < 0.01 and abs(r[1]["long_range_base"] - 83763.84) < 0.01
    assert r[1]["long_range_status"] == "PROVEN"
    for x in r[1]["options"]:
        k = x["long_range"]
        assert (k["len_tok"] is None) == (k["n_negative"] == 0) == (k["status"] == "beyond target"), x
        if x["factor"] is None: # plain bases below the smallest one fail, those above it may not
            assert x["base"] >= 83763 or k["len_tok"] < 8192, x
    assert "long_range" not in run_json(["design"] + FLAGS + ["--target-len", "8k"])["result"]["options"][0]


@test
def predict_says_the_same():
    for target in ("16k", "128k"):
        for x in run_json(["design"] + FLAGS + ["--target-len", target, "--tune-len", "16k"])["result"]["options"]:
            more = ["--tune-len", repr(x["tune_len"])]
            if x["factor"] is None:
                r = run_json(["predict"] + FLAGS + more + ["--tune-base", repr(x["base"])])["result"]
                assert r["bound"] == x["predicted_bound"], x
            else:
                r = run_json(["predict"] + FLAGS + more + ["--method", x["kind"], "--factor", repr(x["factor"])])["result"]
                assert x["predicted_bound"] in (r["bound"], r["coverage"]["context_lo"]), (x, r["coverage"])
            assert r["coverage"]["lo"] == x["coverage_lo"]


@test
def explain_is_recomputed():
    assert check_lines(run_json(["design"] + FLAGS + ["--target-len", "64k", "--explain"])["explain"]) >= 15


@test
def lists():
    r = run_json(["design"] + FLAGS + ["--target-len", "16k,64k"])["result"]
    assert [x["target_len_tok"] for x in r] == [16384, 65536]


@test
def a_fitted_law():
    for level in ("0.5", "0.9"):
        args = ["design"] + FLAGS + ["--target-len", "64k", "--law", law_file("law.json"), "--confidence", level]
        o = run_json(args)["result"]["options"][0]
        assert o["kind"] == "fitted" and o["reaches"] and o["predicted_bound"] >= 65536 * (1 - 1e-9), o
        r = run_json(["predict"] + FLAGS + ["--tune-base", repr(o["base"]), "--law", law_file("law.json"),
                      "--level", "0.8"])["result"]["interval"]
        if level == "0.9":  # one-sided 0.9 is the lower end of the two-sided 0.8
            assert abs(r["lo"] / 65536 - 1) < 1e-9, r
        else:
            assert abs(r["est"] / 65536 - 1) < 1e-9, r
    assert run_json(["design"] + FLAGS + ["--target-len", "64k"])["result"]["options"][0]["kind"] == "critical_base"


case("for people", ["design", "--model", "llama-2-7b", "--target-len", "128k"], has=["kept pairs", "Arena-Hard", "critical_base  1378414.3", "bound_base", "Caveats"])
case("csv", ["design"] + FLAGS + ["--target-len", "16k", "--format", "csv", "--quiet"], has=["target_len_tok,kind,base"])
case("long range for people", ["design"] + FLAGS + ["--target-len", "8k", "--long-range"], has=["long range: a plain base of at least 83763.84", "long range"])
case("no target", ["design"] + FLAGS, code=2, err=["--target-len is needed"])
case("bad target", ["design"] + FLAGS + ["--target-len", "0"], code=2, err=["--target-len"])
case("target too short", ["design"] + FLAGS + ["--target-len", "3"], code=2, err=["target_len is 3"])
case("nothing known of the model", ["design", "--target-len", "16k"], code=2, err=["rotary_dim is not known"])
finish()
