"""fit: documents, covariance files, Huber's loss, bootstraps, diagnostics, Ctrl-C."""
import math
import random
import re
import signal
import time

from cli import *

QUICK = ["--draws", "199", "--quiet"]


def fit(path, *more, **kw):
    """The only run of a file."""
    d = run_json(["fit", path] + QUICK + list(more), **kw)
    return d["result"]["runs"][0]


def curve(n=12, psi=6.3, noise=0.03, seed=1, wild=None):
    """loss at n octaves from 1024 with a break at psi octaves, slope 2 per e-fold"""
    r = random.Random(seed)
    rows = ["run,eval_len_tok,loss_nats"]
    for i in range(n):
        y = 1.8 + 2 * math.log(2) * max(0, i - psi) + r.gauss(0, noise) + (2.5 if i == wild else 0)
        rows.append("r,%d,%.9g" % (1024 * 2 ** i, y))
    return "\n".join(rows) + "\n"


def corpus(documents, n=10, own=0.25, seed=3):
    """documents that break at lengths of their own around 5.4 octaves"""
    r = random.Random(seed)
    rows = ["run,eval_len_tok,loss_nats,doc"]
    for d in range(documents):
        level, psi = r.gauss(2, 0.5), r.gauss(5.4, own)
        for i in range(n):
            rows.append("r,%d,%.9g,d%d" % (1024 * 2 ** i, level + 1.4 * max(0, i - psi) + r.gauss(0, 0.02), d))
    return "\n".join(rows) + "\n"


def covariance(n, diagonal=9e-4, rho=0.0, change=None):
    """change: {(row, column): text}"""
    lengths = [str(1024 * 2 ** i) for i in range(n)]
    rows = [["eval_len_tok"] + lengths]
    for i in range(n):
        rows.append([lengths[i]] + ["%.12g" % (diagonal * rho ** abs(i - k)) for k in range(n)])
    for (i, k), text in (change or {}).items():
        rows[i][k] = text
    return "\n".join(",".join(r) for r in rows) + "\n"


CURVE = file("curve.csv", curve())
CORPUS = file("corpus.csv", corpus(12))
TRUTH = 1024 * 2 ** 6.3


@test
def documents_make_the_interval():
    own, mean = fit(CORPUS), fit(CORPUS, "--documents", "average")
    assert own["n"] == mean["n"] == 10 and own["documents"]["n"] == 12 and mean["documents"] is None
    assert own["break"]["method"] == "documents-F" and own["p_break_method"] == "sign flips of documents"
    assert own["p_break"] <= 1 / 1000 and mean["p_break_method"] == "sup-F"
    assert own["break"]["est"] == mean["break"]["est"]
    # documents differ by 0.25 octaves: the mean of 12 is known to 0.25/sqrt(12), whatever the residuals say
    length = math.log2(own["break"]["hi"] / own["break"]["lo"])
    assert 0.5 < length / (2 * 2.201 * 0.25 / math.sqrt(12)) < 2, length
    assert own["break"]["hi"] - own["break"]["lo"] > 2 * (mean["break"]["hi"] - mean["break"]["lo"])
    text = run(["fit", CORPUS] + QUICK).stdout
    assert "intervals from the differences between them" in text, text


@test
def a_covariance_from_a_file():
    plain = fit(CURVE, "--sigma", "0.03")
    given = fit(CURVE, "--cov", file("cov.csv", covariance(12)))  # 0.03^2 on the diagonal says the same
    assert given["break_profile"]["method"] == "profile-chi2"
    for key in ("break", "break_profile"):
        for end in ("est", "lo", "hi"):
            assert abs(math.log(given[key][end] / plain[key][end])) < 1e-4, (key, end, given[key], plain[key])
    correlated = fit(CURVE, "--cov", file("cov2.csv", covariance(12, rho=0.7)))
    assert correlated["break"]["hi"] - correlated["break"]["lo"] != given["break"]["hi"] - given["break"]["lo"]
    assert correlated["diagnostics"]["largest_influence_ln"] > 0 and correlated["diagnostics"]["lag1"] is not None


case("cov: a cell that is no number", ["fit", CURVE, "--cov", file("c1.csv", covariance(12, change={(3, 2): "x"}))], 3,
     err=['c1.csv:4: column "2048": "x" is not a number'])
case("cov: not symmetric", ["fit", CURVE, "--cov", file("c2.csv", covariance(12, change={(3, 2): "1e-5"}))], 3,
     err=["c2.csv:4:", '"1e-5"', "symmetric"])
case("cov: not positive definite",
     ["fit", CURVE, "--cov", file("c3.csv", covariance(12, change={(1, 2): "0.01", (2, 1): "0.01"}))], 3,
     err=["c3.csv:3:", "not positive definite"])
case("cov: a variance of zero", ["fit", CURVE, "--cov", file("c4.csv", covariance(12, change={(5, 5): "0"}))], 3,
     err=["c4.csv:6:", "a variance > 0"])
case("cov: the wrong size", ["fit", CURVE, "--cov", file("c5.csv", covariance(11))], 3,
     err=["c5.csv:1:", "11 columns of covariances, the run has 12 measured points"])
case("cov: other lengths", ["fit", CURVE, "--cov", file("c6.csv", covariance(12, change={(0, 1): "512"}))], 3,
     err=["c6.csv:1:", '"512"', "1024"])
case("cov: no such file", ["fit", CURVE, "--cov", "nowhere.csv"], 3, err=["nowhere.csv"])
case("cov: two runs and no name", ["fit", file("two.csv", curve() + curve().replace("\nr,", "\ns,").split("\n", 1)[1]),
                                   "--cov", file("cov.csv", covariance(12))], 3, err=["# run: NAME"])
case("cov and Huber", ["fit", CURVE, "--cov", file("cov.csv", covariance(12)), "--robust", "huber"], 2,
     err=["exclude each other"])
case("documents and Huber", ["fit", CORPUS, "--robust", "huber"], 2, err=["documents as clusters exclude each other"])


@test
def a_covariance_for_one_of_two_runs():
    path = file("two.csv", curve() + curve(seed=2).replace("\nr,", "\ns,").split("\n", 1)[1])
    d = run_json(["fit", path, "--cov", file("named.csv", "# run: s\n" + covariance(12))] + QUICK)
    r, s = d["result"]["runs"]
    assert r["break_profile"]["method"] == "profile-F" and s["break_profile"]["method"] == "profile-chi2"
    assert any("the law takes points as independent" in c for c in d["caveats"])


@test
def one_wild_point():
    path = file("wild.csv", curve(wild=8))
    squares, huber = fit(path), fit(path, "--robust", "huber")
    assert squares["huber"] is None and huber["huber"]["n_clipped"] >= 1 and huber["break"]["method"] == "Huber-F"
    assert abs(math.log(huber["break"]["est"] / TRUTH)) < 0.1, huber["break"]
    def length(r):
        lo, hi = r["onset"][1]["lo"], r["onset"][1]["hi"]
        return math.log(hi / lo) if lo and hi else math.inf
    assert length(huber) < 0.5 * length(squares), (length(huber), length(squares))
    assert "Huber's hinge" in run(["fit", path, "--robust", "huber"] + QUICK).stdout


@test
def a_known_width():
    r = fit(CURVE, "--width", "0.05")
    assert r["break"]["method"] == "exact given the width" and r["break"]["lo"] < TRUTH < r["break"]["hi"]


@test
def bootstraps_of_break_and_onsets():
    r = fit(CURVE, "--bootstrap", "residuals", "--bootstrap-draws", "199")
    b = r["bootstrap"]
    assert b["draws_of"] == "residuals" and b["n_draws"] == 199 and b["n_units"] == 12
    assert [o["eps"] for o in b["onset"]] == [0.1, 0.5]
    for target in [b["break"]] + b["onset"]:
        for kind in ("percentile", "bca", "studentised", "bootstrap_f"):
            assert target[kind]["lo"] < target["est"] * 1.02 and target[kind]["hi"] > target["est"] / 1.02, target
    for kind in ("normal", "cases"):
        assert fit(CURVE, "--bootstrap", kind, "--bootstrap-draws", "99")["bootstrap"]["draws_of"] == kind
    d = fit(CORPUS, "--bootstrap", "documents", "--bootstrap-draws", "99")["bootstrap"]
    assert d["n_units"] == 12 and d["break"]["percentile"]["lo"] < 1024 * 2 ** 5.4 < d["break"]["percentile"]["hi"]
    text = run(["fit", CURVE, "--bootstrap", "normal", "--bootstrap-draws", "99"] + QUICK).stdout
    assert "studentised" in text and "bootstrap-F" in text and "+50 %" in text[text.index("Bootstrap"):], text
    one = run(["fit", CURVE, "--bootstrap", "residuals", "--bootstrap-draws", "99", "--format", "json"] + QUICK).stdout
    assert one == run(["fit", CURVE, "--bootstrap", "residuals", "--bootstrap-draws", "99", "--format", "json",
                       "--threads", "3"] + QUICK).stdout


@test
def a_run_that_cannot_be_drawn_says_why():
    d = fit(file("four.csv", curve(4)), "--bootstrap", "residuals")
    assert d["bootstrap"] is None and "5 different lengths" in d["bootstrap_reason"]


case("bootstrap of documents without any", ["fit", CURVE, "--bootstrap", "documents"], 2, err=["no documents to draw"])
case("bootstrap of residuals of documents", ["fit", CORPUS, "--bootstrap", "residuals"], 2, err=["share documents"])
case("draws of nothing", ["fit", CURVE, "--bootstrap-draws", "99"], 2, err=["--bootstrap-draws needs --bootstrap"])
case("too few draws", ["fit", CURVE, "--bootstrap", "normal", "--bootstrap-draws", "3"], 2, err=["n_draws"])


@test
def ctrl_c_in_the_middle_of_a_bootstrap():
    """Exit 130, nothing on stdout, no answer and no temporary file left behind."""
    out = os.path.join(TMP.name, "answer.json")
    before = sorted(os.listdir(TMP.name))
    args = [EXE, "fit", CURVE, "--bootstrap", "cases", "--bootstrap-draws", "5000000", "--format", "json", "--output", out]
    p = subprocess.Popen(args + QUICK, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=TMP.name)
    time.sleep(1.5)
    assert p.poll() is None, "it must still be drawing"
    start = time.time()
    p.send_signal(signal.SIGINT)
    stdout, stderr = p.communicate(timeout=60)
    assert p.returncode == 130, (p.returncode, stderr)
    assert stdout == b"" and sorted(os.listdir(TMP.name)) == before, os.listdir(TMP.name)
    assert time.time() - start < 30


@test
def diagnostics_are_all_there():
    r = fit(CURVE, "--residuals")
    d = r["diagnostics"]
    for key in ("largest_influence_ln", "most_influential_point", "skewness", "kurtosis_excess", "lag1", "n_implied"):
        assert isinstance(d[key], (int, float)), key
    assert d["too_narrow"] is False and 3 < d["n_implied"] < 48
    assert len(r["residuals"]) == 12
    for p in r["residuals"]:
        assert abs(p["y"] - p["fitted"] - p["residual"]) < 1e-12
    scores = sorted((p["residual"], p["normal_score"]) for p in r["residuals"])
    assert [s for _, s in scores] == sorted(s for _, s in scores)
    assert max(abs(p["influence_ln"]) for p in r["residuals"]) == d["largest_influence_ln"]
    text = run(["fit", CURVE, "--residuals"] + QUICK).stdout
    assert "normal score" in text and "moves ln break" in text
    assert text[text.index("Residuals"):].count("\nr ") == 12


@test
def a_curve_that_levels_off():
    r = {x["run"]: x for x in run_json(["fit", os.path.join(ROOT, "data", "curves", "yarn_mistral.csv")] + QUICK)["result"]["runs"]}
    for name in ("MistralLite", "Mistral-7B-v0.1"):
        x = r["yarn-mistral/" + name]
        assert x["status"] == "ESTIMATED" and x["n_levelled"] > 10, x["status"]
        assert x["bracket"] == [10240, 12288] and 10000 < x["break"]["est"] < 12288, x["break"]
        assert x["break"]["lo"] > 9000 and x["onset"][0]["lo"] < 12288 and x["onset"][0]["hi"] > 10240
        assert any("levels off" in c for c in x["caveats"])


HEAD = "run,eval_len_tok,ppl,loss_nats,ppl_se\n"
case("ppl and loss in one run", ["fit", file("mixed.csv", HEAD + "a,1024,5,,\na,2048,,1.7,\n")], 3,
     err=["mixed.csv:3", "loss_nats", "changes the kind of values of its run", "ppl"])
case("ppl and loss in two runs of one file", ["fit", file("kinds.csv", HEAD + "a,1024,5,,\nb,1024,,1.7,\n")], 0,
     has=["UNIDENTIFIED"])
case("both in one row", ["fit", file("both.csv", HEAD + "a,1024,5,1.6,\n")], 3, err=["both.csv:2", "second value"])
case("only nan", ["fit", file("nan.csv", HEAD + "a,1024,nan,,\na,2048,nan,,\n")], 3, err=["nan.csv", "nan or inf"])


@test
def standard_errors_of_zero_are_told():
    rows = HEAD + "".join("a,%d,%d,,0\n" % (1024 << i, 5 + (i > 5) * (i - 5) ** 3) for i in range(10))
    p = run(["fit", file("zero.csv", rows), "--draws", "199"])
    assert p.returncode == 0 and "10 standard errors of zero" in p.stderr, p.stderr




def column(name, values):
    return "run,eval_len_tok,%s\n" % name + "".join("a,%d,%g\n" % (1024 << i, v) for i, v in enumerate(values))


case("losses given as ppl", ["fit", file("as-ppl.csv", column("ppl", [1.2, 1.1, 0.95, 0.9, 0.9]))], 0, has=["a    5"],
     err=["3 perplexities are below 1, the first in line 4: are they losses"])
case("ppl given as losses", ["fit", file("as-loss.csv", column("loss_nats", [6.1, 5.9, 5.8, 48.0, 900.0]))], 0, has=["a    5"],
     err=["2 losses are 30 nats or more, the first in line 5: are they perplexities"])
HUGE = file("huge.csv", column("ppl", [6, 5.5, 5.2, 5.1, 5, 5, 1e300]))


@test
def a_ppl_of_1e300():
    """A perplexity beyond all reason is a number: the last length alone lies past the break, and nothing is infinite."""
    p = run(["fit", HUGE, "--draws", "99"])
    assert p.returncode == 0 and "INTERVAL" in p.stdout and not re.search(r"\b(nan|inf)\b", p.stdout, re.I), p.stdout
    r = run_json(["fit", HUGE, "--draws", "99"])["result"]["runs"][0]
    lengths = sorted(int(l.split(",")[1]) for l in open(HUGE).read().splitlines()[1:])
    assert r["status"] == "INTERVAL" and r["bracket"] == lengths[-2:]
    assert all([o["lo"], o["hi"]] == lengths[-2:] for o in r["onset"]) and r["break"]["hi"] == lengths[-1]
    text = json.dumps(r)
    assert "NaN" not in text and "Infinity" not in text


finish()
