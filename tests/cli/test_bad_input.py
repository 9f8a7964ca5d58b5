"""Bad input and bad outputs, the same for the six commands of the main job; malformed CSV for fit."""
import math
import re

from cli import *

CURVE = os.path.join(ROOT, "data", "curves", "yarn_llama2_70b.csv")
JOBS = {
    "predict": ["--model", "llama-2-7b", "--tune-base", "1e6", "--tune-len", "16k"],
    "design": ["--model", "llama-2-7b", "--target-len", "128k"],
    "periods": ["--model", "llama-2-7b"],
    "models": [],
    "fit": [CURVE, "--draws", "199"],
    "table": ["critical", "llama-2-7b", "mistral-7b-v0.1"],
}
GERMAN = os.path.isdir(os.path.join(os.environ.get("LOCPATH", ""), "de_DE.UTF-8"))


def start(args, out):
    return subprocess.run([EXE] + args + ["--quiet"], stdout=out, stderr=subprocess.PIPE, text=True)


def outputs(name, args):
    """Nowhere to write: exit 5, a message that names the place, and nothing left behind."""
    before = sorted(os.listdir(TMP.name))
    for place, says in (("/dev/full", "No space left"), (TMP.name, "Is a directory"),
                        (os.path.join(TMP.name, "no", "such"), "No such file")):
        p = run(args + ["--output", place, "--quiet"])
        check("%s: --output %s" % (name, says), p.returncode == 5 and says in p.stderr and p.stdout == "", p.stderr)
    with open("/dev/full", "w") as full:
        p = start(args, full)
    check(name + ": a full disk behind standard output", p.returncode == 5 and "No space left" in p.stderr, p.stderr)
    read, write = os.pipe()
    os.close(read)
    p = start(args, write)
    os.close(write)
    check(name + ": the reader of a pipe is gone", p.returncode == 0 and p.stderr == "", p.stderr)
    check(name + ": nothing is left behind", sorted(os.listdir(TMP.name)) == before, str(os.listdir(TMP.name)))


for name, rest in JOBS.items():
    args = [name] + rest
    outputs(name, args)
    for form in ("text", "json", "csv", "md", "latex"):
        full = args + ["--format", form, "--quiet"]
        plain = run(full)
        check("%s: format %s" % (name, form), plain.returncode == 0 and plain.stdout and not plain.stderr, plain.stderr)
        if GERMAN:
            german = run(full, env={"LC_ALL": "de_DE.UTF-8"})
            check("%s: %s has the same bytes in a comma locale" % (name, form), german.stdout == plain.stdout)
        else:
            skip("%s: %s in a comma locale" % (name, form), "no locale de_DE.UTF-8")

for name in ("predict", "design", "periods"):
    more = ["--target-len", "16k"] if name == "design" else []
    flags = [name, "--rotary-dim", "128", "--train-len", "4k"] + more
    case(name + ": a suffix on a base", flags + ["--base", "10k"], 2, err=["length suffix"])
    case(name + ": base nan", flags + ["--base", "nan"], 2, err=["--base"])
    case(name + ": base 1", flags + ["--base", "1"], 2, err=["base is 1", "above 1"])
    case(name + ": odd rotary_dim", [name, "--rotary-dim", "127", "--train-len", "4k", "--base", "1e4"] + more, 2,
        err=["rotary_dim is 127", "even"])
    case(name + ": unknown model", [name, "--model", "llamma-2-7b"] + more, 2,
         err=['unknown model "llamma-2-7b"', "Llama-2-7B"])
case("table: unknown model", ["table", "critical", "llamma-2-7b"], 2, err=['"llamma-2-7b"', "Llama-2-7B"])

GOOD = "run,eval_len_tok,ppl\n" + "".join("a,%d,%d\n" % (1024 << i, 5 + (i > 5) * (i - 5) ** 3) for i in range(10))


def fit(name, text, *more):
    return run(["fit", file(name, text), "--format", "json", "--draws", "199"] + list(more))


PLAIN = json.loads(fit("plain.csv", GOOD).stdout)["result"]
for name, text in (("crlf.csv", GOOD.replace("\n", "\r\n")), ("bom.csv", b"\xef\xbb\xbf" + GOOD.encode()),
                   ("tabs.csv", GOOD.replace(",", "\t")), ("no-newline.csv", GOOD.rstrip("\n"))):
    p = fit(name, text)
    check("fit: %s reads the same" % name, p.returncode == 0 and json.loads(p.stdout)["result"] == PLAIN, p.stderr)

HEAD = "run,eval_len_tok,ppl\n"
case("fit: a number that is none", ["fit", file("abc.csv", HEAD + "a,1024,5\na,2048,abc\n")], 3,
     err=['abc.csv:3: column "ppl": "abc" is not a number'])
case("fit: a length of zero", ["fit", file("zero.csv", HEAD + "a,0,5\n")], 3, err=["zero.csv:2", "eval_len_tok"])
case("fit: a nan is left out and told", ["fit", file("nan.csv", HEAD + "a,1024,5\na,2048,nan\n")], 0, has=["a    1"],
     err=["not finite", "line 3"])
case("fit: a decimal comma", ["fit", file("comma.csv", HEAD + "a,1024,5,2\n")], 3, err=["comma.csv:2"])
case("fit: a row too short", ["fit", file("short.csv", HEAD + "a,1024\n")], 3, err=["short.csv:2"])
case("fit: a column twice", ["fit", file("twice.csv", "run,eval_len_tok,ppl,ppl\na,1024,5,5\n")], 3,
     err=["twice.csv:1", "ppl"])
case("fit: no value column", ["fit", file("none.csv", "run,eval_len_tok\na,1024\n")], 3, err=["none.csv", "ppl"])
case("fit: an empty file", ["fit", file("empty.csv", "")], 3, err=["empty.csv"])
case("fit: a header alone", ["fit", file("header.csv", HEAD)], 3, err=["header.csv"])
case("fit: an open quote", ["fit", file("quote.csv", HEAD + '"a,1024,5\n')], 3, err=["quote.csv:2"])
case("fit: a directory", ["fit", TMP.name], 3, err=[TMP.name, "directory"])
case("fit: a missing file", ["fit", "nowhere.csv"], 3, err=["nowhere.csv"])


@test
def a_million_rows():
    rows = ["run,eval_len_tok,ppl"]
    rows += ["r%d,%d,%d" % (i // 10, 1024 << i % 10, 5 + (i % 10 > 5) * (i % 10 - 5) ** 3) for i in range(10 ** 6 - 1)]
    p = fit("million-bad.csv", "\n".join(rows) + "\nr0,2048,x\n")  # read to the end: the last row is the bad one
    assert p.returncode == 3 and "million-bad.csv:1000001" in p.stderr, p.stderr[:300]
    one = ["run,eval_len_tok,ppl"] + ["a,%d,%.9g" % (1024 << i % 10, 5 + (i % 10 > 5) * (i % 10 - 5) ** 3
                                      + i // 10 * 1e-7) for i in range(10 ** 6)]
    p = fit("million.csv", "\n".join(one) + "\n")
    assert p.returncode == 0, p.stderr[:300]
    r = json.loads(p.stdout)["result"]["runs"][0]
    assert r["n_lengths"] == 10 and r["bracket"] == [32768, 65536], {k: r[k] for k in ("n", "bracket")}
    assert any("GRID" in c for c in r["caveats"]) or r["n"] == 10 ** 6, r["n"]


# ---- fit: what is printed beside the numbers


@test
def caveats_of_the_digitised_figure_are_in_words():
    path = os.path.join(ROOT, "data", "curves", "liu2023_figure.csv")
    text = run(["fit", path, "--draws", "199"]).stdout
    tail = text[text.index("Caveats"):]
    for words in ("read off a plot by eye (all runs)", "too few points", "only a limit is known"):
        assert words in tail, tail
    assert "liu2023-figure/base 2000" in tail and " more)" in tail
    assert "[0," not in text and "> 0 " not in text and "[no limit, " in text, text
    d = run_json(["fit", path, "--draws", "199"])
    assert any("read off a plot" in c for c in d["caveats"])
    for r in d["result"]["runs"]:
        assert (r["ratio"] is None) == (r["ratio_reason"] is not None), r["run"]
        lo, hi = r["bracket"]
        assert r["bracket_ratio"] == [lo / r["theory_bound"], hi / r["theory_bound"]], r
    by = {r["run"]: r for r in d["result"]["runs"]}
    r = by["liu2023-figure/base 80000"]
    assert r["bracket_ratio"][0] < 1 < r["bracket_ratio"][1] and "bracket" in r["ratio_reason"]
    assert "(0.78, 1.56)" in text
    assert by["liu2023-figure/base 100"]["coverage"]["status"] == "UNBOUNDED"


@test
def methods_outside_the_closed_form_have_their_coverage():
    r = {x["run"]: x for x in run_json(["fit", CURVE, "--draws", "199"])["result"]["runs"]}
    yarn = r["yarn-llama2_70b/Yarn-Llama-2-70b-32k"]
    assert yarn["theory_bound"] is None and "method" in yarn["ratio_reason"]
    assert any("METHOD" in c for c in yarn["caveats"])
    same = run_json(["predict", "--rotary-dim", "128", "--base", "1e4", "--train-len", "4k", "--method", "yarn",
                     "--factor", "8", "--tune-len", "4k"])["result"]["coverage"]
    assert (yarn["coverage"]["lo"], yarn["coverage"]["hi"]) == (same["lo"], same["hi"]), (yarn["coverage"], same)
    text = run(["fit", CURVE, "--draws", "199"]).stdout
    assert "the RoPE method is outside the closed form: see the coverage bound (yarn-llama2_70b/Yarn" in text
    assert "%.0f to %.0f" % (yarn["coverage"]["lo"], yarn["coverage"]["hi"]) in text, text
    bare = run(["fit", file("bare.csv", GOOD)]).stdout
    assert "no theory beside the measurement: rotary_dim is not given (a)" in bare, bare


@test
def explain_of_fit_is_recomputed():
    """The equation that is printed, evaluated at the measured lengths, is the fit of --residuals."""
    args = ["fit", CURVE, "--draws", "199", "--explain", "--residuals"]
    d = run_json(args)
    name = "yarn-llama2_70b/Llama-2-70b-hf"
    line, = [x for x in d["explain"] if x.startswith(name + ": ln ppl = ")]
    number = r"(-?[0-9.]+(?:e[-+]?[0-9]+)?)"
    m = re.fullmatch(re.escape(name) + ": ln ppl = N \\+ N \\(x - N\\) \\+ N N ln\\(1 \\+ e\\^\\(\\(x - N\\)/N\\)\\), x = ln length"
                     .replace("N", number), line)
    assert m, line
    a, s1, at, rise, w, psi, w2 = map(float, m.groups())
    assert at == psi and w == w2
    run_ = [r for r in d["result"]["runs"] if r["run"] == name][0]
    assert len(run_["residuals"]) == 15
    fitted = [p for p in run_["residuals"] if p["fitted"] is not None]
    assert len(fitted) == 15 - run_["n_levelled"] == 12  # its longest points have levelled off
    for p in fitted:
        x = p["x"]
        z = (x - psi) / w
        y = a + s1 * (x - at) + rise * w * (z if z > 500 else math.log1p(math.exp(z)))
        assert abs(y - p["fitted"]) < 2e-4, (x, y, p["fitted"])  # six digits are printed


finish()
