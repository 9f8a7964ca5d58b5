"""fit: onsets of shipped curves, JSON contract, bad input."""
import math

from cli import *

CURVES = os.path.join(ROOT, "data", "curves")
QUICK = ["--draws", "199"]


def runs(path, *more):
    d = run_json(["fit", path] + QUICK + list(more))
    return {r["run"]: r for r in d["result"]["runs"]}


def curve(n, psi, slope=2.0, name="r"):
    """ppl at n octaves from 1024 with a break at psi octaves; a small fixed scatter"""
    rows = ["run,eval_len_tok,ppl"]
    for i in range(n):
        y = 1.8 + slope * math.log(2) * max(0, i - psi) + 0.01 * math.sin(9.0 * i * i)
        rows.append("%s,%d,%.9g" % (name, 1024 * 2 ** i, math.exp(y)))
    return "\n".join(rows) + "\n"


@test
def yarn_curves_break_where_the_eye_sees_it():
    r = runs(os.path.join(CURVES, "yarn_llama2_128k.csv"))
    together = r["yarn-llama2_128k/LLaMA-2-7B-32K"]
    assert together["status"] == "ESTIMATED" and 32768 < together["onset"][0]["est"] < 36000, together["onset"]
    for name in ("13b", "7b"):
        yarn = r["yarn-llama2_128k/Yarn-Llama-2-%s-64k" % name]
        assert yarn["status"] == "ESTIMATED" and 71000 < yarn["onset"][0]["est"] < 76000, yarn["onset"]
        assert yarn["theory_bound"] is None and "method" in yarn["theory_reason"] and yarn["ratio"] is None
    code = r["yarn-llama2_128k/CodeLlama-13b-hf"]
    assert code["status"] in ("RIGHT", "GRADUAL") and code["break"]["est"] is None
    assert code["onset"][1]["est"] is None and code["onset"][1]["hi"] is None and code["onset"][1]["status"] == "RIGHT"
    assert abs(code["theory_bound"] - 129026.78) < 0.01 and code["coverage"]["lo"] > 1e5


@test
def four_points_give_a_bracket_and_no_plateau():
    r = runs(os.path.join(CURVES, "liu2023_readme.csv"))["liu2023-readme/base 1000000"]
    assert r["status"] == "UNIDENTIFIED" and r["bracket"] == [131072, 262144]
    assert r["break"]["est"] is None and all(o["est"] is None for o in r["onset"]) and r["p_break"] is None


@test
def json_has_the_contract():
    path = file("a.csv", curve(12, 6.3))
    r = runs(path, "--eps", "0.05,0.2,0.5", "--residuals")["r"]
    for key in ("run", "n", "status", "family", "onset", "break", "bracket", "p_break", "theory_bound", "ratio"):
        assert key in r, key
    assert [o["eps"] for o in r["onset"]] == [0.05, 0.2, 0.5]
    truth = 1024 * 2 ** 6.3
    assert r["break"]["lo"] < truth < r["break"]["hi"]
    for o in r["onset"]:
        assert o["lo"] < o["est"] < o["hi"]
        assert abs(math.log(o["est"] / truth) - math.log1p(o["eps"]) / 2) < 0.1
    assert r["theory_bound"] is None and "rotary_dim" in r["theory_reason"]
    assert len(r["residuals"]) == 12 and abs(sum(w["weight"] or 0 for w in r["families"]) - 1) < 1e-9


@test
def same_bytes_for_any_number_of_threads():
    path = file("b.csv", curve(9, 5) + "\n".join(curve(10, 4.2, name="s").splitlines()[1:]) + "\n")
    one = run(["fit", path, "--format", "json", "--threads", "1"] + QUICK).stdout
    assert one and all(run(["fit", path, "--format", "json", "--threads", t] + QUICK).stdout == one for t in ("2", "8"))


@test
def tables():
    path = file("c.csv", curve(12, 6.3))
    text = run(["fit", path] + QUICK)
    assert text.returncode == 0 and "ESTIMATED" in text.stdout and "measured between" in text.stdout
    lines = run(["fit", path, "--format", "csv"] + QUICK).stdout.splitlines()
    head, row = lines[0].split(","), lines[1].split(",")
    assert "onset_0.1_tok" in head and len(head) == len(row)
    at = dict(zip(head, row))
    assert float(at["onset_0.1_lo_tok"]) < float(at["onset_0.1_tok"]) < float(at["onset_0.1_hi_tok"])
    assert "tabular" in run(["fit", path, "--format", "latex"] + QUICK).stdout


case("missing file", ["fit", "nowhere.csv"], 3, err=["nowhere.csv"])
case("no file", ["fit"], 2)
case("no number", ["fit", file("n.csv", "run,eval_len_tok,ppl\na,1024,abc\n")], 3, err=["n.csv:2", "ppl"])
case("negative perplexity", ["fit", file("m.csv", "run,eval_len_tok,ppl\na,1024,-4\n")], 3, err=["m.csv:2", "ppl"])
case("accuracy above one", ["fit", file("o.csv", "run,eval_len_tok,accuracy\na,1024,1.5\n")], 3, err=["o.csv:2", "accuracy"])
@test
def an_interrupt_within_one_long_run_leaves_nothing():
    import signal
    import subprocess
    import time
    rows = ["run,eval_len_tok,ppl"]
    for i in range(60000):
        x = 7 * i / 60000
        rows.append("a,%.5f,%.7g" % (512 * math.exp(x), math.exp(2 - 0.05 * x + 2 * max(0, x - 3) + 0.05 * math.sin(i * i))))
    path = file("long.csv", "\n".join(rows) + "\n")
    before = set(os.listdir(TMP.name))
    p = subprocess.Popen([EXE, "fit", path, "--output", os.path.join(TMP.name, "never.txt"), "--save-law",
                          os.path.join(TMP.name, "never.json")], stderr=subprocess.PIPE, text=True)
    time.sleep(0.4)
    p.send_signal(signal.SIGINT)
    _, err = p.communicate(timeout=120)
    assert p.returncode == 130, (p.returncode, err)
    assert set(os.listdir(TMP.name)) == before


case("level", ["fit", "--level", "1.5", file("p.csv", curve(6, 3))], 2, err=["level"])
case("reference without a value", ["fit", "--reference", "length", file("q.csv", curve(6, 3))], 2, err=["--reference-value"])
case("one point", ["fit", file("r.csv", "run,eval_len_tok,ppl\na,1024,4\n")], 0, has=["UNIDENTIFIED"])
finish()
