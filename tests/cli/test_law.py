"""The law in `fit`: the answer, the law file and what predict makes of it, runs without a break."""
import json
import math
from cli import *


def runs(slope, n=8, break_at=True):
    """Noisy hinges of a known law: d 128, trained on 1024 with base 1e4."""
    lines = ["run,eval_len_tok,ppl,model,rotary_dim,pretrain_base,train_len_tok,base"]
    for i in range(n):
        u = math.log(1e4) + 5.5 * i / (n - 1)
        psi = math.log(2 * math.pi) + slope * u + 0.03 * math.cos(3 * i)
        for k in range(12 if break_at else 3):
            x = math.log(512) + k * math.log(2)
            y = 2 - 0.05 * x + 2 * max(x - psi, 0) + 0.02 * math.sin(7 * i + 5 * k)
            lines.append("r%d,%d,%.17g,m,128,10000,1024,%.17g" % (i, round(math.exp(x)), math.exp(y), math.exp(u)))
    return file("runs.csv", "\n".join(lines) + "\n")


@test
def fit_saves_what_predict_uses():
    saved = os.path.join(TMP.name, "saved.json")
    d = run_json(["fit", runs(0.72), "--draws", "99", "--save-law", saved])["result"]
    l = d["law"]
    assert d["law_reason"] is None and l["n_runs"] == 8 and l["critical_dim"] == 72
    e = l["effective_dim"]
    assert e["lo"] < 0.72 * 128 < e["hi"] and e["lo"] < e["est"] < e["hi"]
    assert l["test_theory"]["p"] < 0.05 and l["weights"][0]["dim"] == 92 and l["runs"][0]["use"] == "BROKEN"
    assert l["floor_base"]["est"] is None
    held = run_json(["fit", runs(0.72), "--draws", "99", "--width", "0.125"])["result"]["law"]
    assert held["shape"]["width"] == 0.125 and held["shape"]["df"] == l["shape"]["df"] + 1
    assert l["scatter_lr"] >= 0 and 0 <= l["p_exact"] <= 1 and "exactly on the law" in run(
        ["fit", runs(0.72), "--draws", "99"]).stdout
    assert "tau" in l and l["n_censored"] == 0 and set(l["intercept_factor"]) == {"est", "lo", "hi"}
    i = run_json(["predict", "--rotary-dim", "128", "--base", "1e4", "--train-len", "1k", "--tune-base", "1e5", "--law",
                  saved])["result"]["interval"]
    assert abs(i["est"] / math.exp(l["intercept"] + l["slope"] * math.log(1e5)) - 1) < 1e-12
    assert i["lo"] < 2 * math.pi * 1e5 ** 0.72 < i["hi"]
    text = run(["fit", runs(0.72), "--draws", "99"]).stdout
    assert "effective dim" in text and "theory 72" in text


@test
def phi_goes_from_fit_to_predict_and_design():
    saved = os.path.join(TMP.name, "phi.json")
    d = run_json(["fit", runs(0.72), "--draws", "99", "--save-law", saved])["result"]["phi"]
    assert d["reason"] is None and d["n_models"] == 1 and d["n_runs"] == 8 and 0 <= d["lo"] <= d["est"] <= d["hi"]
    assert d["rms_out"] is None and d["models"][0]["model"] == "m"
    model = ["--rotary-dim", "128", "--base", "1e4", "--train-len", "1k"]
    c = run_json(["predict", *model, "--tune-base", "1e5", "--law", saved])["result"]["coverage"]
    f = c["fitted"]
    assert d["spread"] is None and d["n_models"] == 1
    assert f["phi"] == d["est"] and f["lo"] <= f["est"] <= f["hi"] and c["phi_hi_rad"] == 1
    same = run_json(["predict", *model, "--tune-base", "1e5", "--phi", "%.17g,%.17g" % (d["est"], d["est"])])
    assert same["result"]["coverage"]["lo"] == f["est"]  # a second route to the number
    assert run_json(["predict", *model, "--tune-base", "1e5"])["result"]["coverage"].get("fitted") is None
    o = run_json(["design", *model, "--target-len", "8k", "--law", saved])["result"]["options"]
    assert all("coverage_fitted" in k for k in o)
    low = [k for k in o if k["coverage_fitted"] is not None and k["coverage_hi"] is not None]
    assert low and all(k["coverage_lo"] <= k["coverage_fitted"] <= k["coverage_hi"] or d["est"] > 1 for k in low)
    text = run(["predict", *model, "--tune-base", "1e5", "--law", saved]).stdout
    assert "at the fitted phi" in text
    assert "phase tolerance phi" in run(["fit", runs(0.72), "--draws", "99"]).stdout
    several = os.path.join(ROOT, "data", "curves", "yarn_llama2_128k.csv")
    assert "the mean of models; they differ no more than runs of one" in run(["fit", several, "--draws", "99"]).stdout


@test
def phi_without_a_law_is_saved():
    lines = ["run,eval_len_tok,ppl,rotary_dim,pretrain_base,train_len_tok,base,method,factor,tune_len_tok"]
    for i, factor in enumerate((4, 8)):  # a method's frequencies are no change of base: phi has runs, the law none
        for k in range(12):
            x = math.log(512) + k * math.log(2)
            y = 2 - 0.05 * x + 2 * max(x - math.log(1024 * factor * 1.1), 0) + 0.02 * math.sin(7 * i + 5 * k)
            lines.append("r%d,%d,%.17g,128,10000,1024,10000,linear,%d,%d" % (i, round(math.exp(x)), math.exp(y), factor,
                                                                             1024 * factor))
    path, saved = file("methods.csv", "\n".join(lines) + "\n"), os.path.join(TMP.name, "only.json")
    p = run(["fit", path, "--draws", "99", "--format", "json", "--save-law", saved])
    d = json.loads(p.stdout)["result"]
    assert p.returncode == 0 and d["law"] is None and "phi alone" in p.stderr, p.stderr
    f = json.load(open(saved))
    assert f["n_runs"] == 0 and f["phi"]["phi_rad"] == d["phi"]["est"] and "slope" not in f
    model = ["--rotary-dim", "128", "--base", "1e4", "--train-len", "1k"]
    p = run(["predict", *model, "--tune-base", "1e5", "--law", saved, "--format", "json"])
    r = json.loads(p.stdout)["result"]
    assert p.returncode == 0 and "phi alone" in p.stderr and r["interval"] is None
    assert r["coverage"]["fitted"]["phi"] == d["phi"]["est"]
    said = [s for s in json.loads(p.stdout)["sources"] if "--law" in s]
    assert said == ["a phase tolerance phi fitted to measured runs (--law)"], said
    p = run(["design", *model, "--target-len", "8k", "--law", saved, "--format", "json"])
    o = json.loads(p.stdout)["result"]["options"]
    assert p.returncode in (0, 1) and all(k["kind"] != "fitted" and "coverage_fitted" in k for k in o)
    p = run(["fit", path, "--draws", "99", "--save-law", saved, "--save-model", "x"])
    assert p.returncode == 2 and "that model has no law" in p.stderr


@test
def pools_have_a_limit():
    """65 models have laws of their own and no pool, and the answer says why."""
    def many(models):
        lines = ["run,eval_len_tok,ppl,model,rotary_dim,pretrain_base,train_len_tok,base"]
        for m in range(models):
            for i in range(3):
                u = math.log(1e5) + 2 * i
                psi = math.log(2 * math.pi) + 0.72 * u + 0.03 * math.cos(3 * i + m)
                for k in range(5):
                    x = psi + (k - 2.4) * 1.1
                    y = 2 - 0.05 * x + 2 * max(x - psi, 0) + 0.02 * math.sin(7 * i + 5 * k + m)
                    lines.append("r%d-%d,%d,%.17g,m%d,128,10000,1024,%.17g" % (m, i, round(math.exp(x)), math.exp(y), m,
                                                                               math.exp(u)))
        return file("many%d.csv" % models, "\n".join(lines) + "\n")
    p = run(["fit", many(65), "--draws", "19", "--format", "json"])
    d = json.loads(p.stdout)["result"]
    assert p.returncode == 0 and len(d["laws"]) == 65 and all(l["reason"] is None for l in d["laws"])
    assert d["pool"] is None and "at most 64 models" in d["pool_reason"]
    assert "pool of the models: none: at most 64" in run(["fit", many(65), "--draws", "19"]).stdout
    d = run_json(["fit", many(3), "--draws", "19"])["result"]
    assert d["pool"]["n_models"] == 3 and d["pool_reason"] is None


@test
def the_floor_has_an_end():
    """All runs tuned on 32k: those of small bases break there, and the base from which they do not is told."""
    lines = ["run,eval_len_tok,ppl,rotary_dim,pretrain_base,train_len_tok,tune_len_tok,base"]
    for i in range(10):
        u = math.log(1e4) + 0.7 * i
        psi = max(math.log(32768), math.log(2 * math.pi) + 0.72 * u) + 0.03 * math.cos(3 * i)
        for k in range(12):
            x = math.log(1024) + k * math.log(2)
            y = 2 - 0.05 * x + 2 * max(x - psi, 0) + 0.02 * math.sin(7 * i + 5 * k)
            lines.append("r%d,%d,%.17g,128,10000,1024,32768,%.17g" % (i, round(math.exp(x)), math.exp(y), math.exp(u)))
    path = file("floor.csv", "\n".join(lines) + "\n")
    b = run_json(["fit", path, "--draws", "99", "--floor", "model"])["result"]["law"]["floor_base"]
    truth = (32768 / 2 / math.pi) ** (1 / 0.72)
    assert b["lo"] < truth < b["hi"] and b["hi"] / b["lo"] < 2, b
    assert "above its floor  from base" in run(["fit", path, "--draws", "99", "--floor", "model"]).stdout


@test
def threads_change_no_byte():
    path = runs(0.72)
    one = run(["fit", path, "--draws", "99", "--format", "json"]).stdout
    assert one == run(["fit", path, "--draws", "99", "--format", "json", "--threads", "3"]).stdout


@test
def fit_without_a_law_says_why():
    d = run_json(["fit", runs(0.72, break_at=False), "--draws", "99"])["result"]
    assert d["law"] is None and d["law_reason"]
    p = run(["fit", runs(0.72, break_at=False), "--draws", "99", "--save-law", "x.json"])
    assert p.returncode == 2 and "no model has a law" in p.stderr
    assert run(["fit", runs(0.72), "--draws", "99", "--test", "--quiet"]).returncode == 1


finish()
