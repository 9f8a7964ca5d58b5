"""table: numbers, formats, LaTeX that compiles, errors."""
import csv
import glob
import io
import shutil

from cli import *
from explain import check_lines


def rows(*args):
    return list(csv.DictReader(io.StringIO(run(["table"] + list(args) + ["--format", "csv"]).stdout)))


def near(text, value, digits):
    assert abs(float(text) - value) <= 0.5 * 10.0 ** -digits, (text, value)


@test
def critical_of_llama2_and_code_llama():
    llama, code = rows("critical", "LLaMA2-7B", "CodeLlama-7B", "--factors", "2,4,8")
    for row in (llama, code):
        assert row["critical_dim"] == "92"
        near(row["critical_base_2x"], 26784.0318, 4)
        near(row["critical_base_4x"], 71738.4362, 4)
        near(row["critical_base_8x"], 192144.4560, 4)
    assert (llama["bound_tok"], llama["regime"], llama["tune_base"]) == ("4096", "tuned", "")
    near(code["bound_tok"], 129026.78, 2)
    assert code["regime"] == "large_base"


@test
def all_presets_whose_facts_are_known():
    table = rows("critical")
    assert len(table) >= 90
    for row in table:
        if row["method"] == "default" and not row["tune_base"]:
            assert float(row["bound_tok"]) == float(row["train_len_tok"]), row
        if row["method"] != "default":
            assert row["bound_tok"] == "", row


@test
def bounds_by_base():
    published = {2e4: 7754.35, 4e4: 12761.76, 8e4: 21002.73, 1.2e5: 28108.74, 1.6e5: 34565.36, 3.2e5: 56886.13,
                 6e5: 89377.06, 1e6: 129026.78}
    table = rows("bases", "--bases", ",".join(str(b) for b in published), "--tune-len", "4k,128k")
    assert len(table) == len(published)
    for row in table:
        near(row["bound_tok_tuned_4096"], published[float(row["tune_base"])], 2)
        assert row["bound_tok_tuned_131072"] == "131072"


@test
def flags_describe_a_model():
    row, = rows("critical", "--rotary-dim", "128", "--base", "5e5", "--train-len", "8k")
    assert row["critical_dim"] == "70"
    assert rows("bases", "--model", "LLaDA-8B", "--bases", "5e5", "--tune-len", "4k")[0]["bound_tok_tuned_4096"] == "4096"


@test
def a_config_file():
    path = file("config.json", '{"model_type": "llama", "hidden_size": 4096, "num_attention_heads": 32, '
                '"rope_theta": 500000.0, "max_position_embeddings": 8192}')
    row, = rows("critical", "--config", path)
    assert (row["critical_dim"], row["pretrain_base"], row["train_len_tok"]) == ("70", "500000", "8192"), row


@test
def json_rows():
    d = run_json(["table", "critical", "CodeLlama-7B"])
    row, = d["result"]["rows"]
    near(row["bound_tok"], 129026.78, 2)
    assert d["sources"]


CURVES = os.path.join(ROOT, "data", "curves", "")


@test
def onset_of_llama2_70b():
    row = rows("onsets", CURVES + "yarn_llama2_70b.csv")[0]
    assert (row["run"], row["status"]) == ("yarn-llama2_70b/Llama-2-70b-hf", "ESTIMATED")
    assert (row["bracket_lo_tok"], row["bracket_hi_tok"], row["theory_bound_tok"]) == ("4608", "5120", "4096")
    assert 4096 < float(row["onset_lo_tok"]) < float(row["onset_tok"]) < float(row["onset_hi_tok"]) < 5632
    yarn = rows("onsets", CURVES + "yarn_llama2_70b.csv")[1]
    assert yarn["theory_bound_tok"] == "" and yarn["reason"]


@test
def digitised_figure_rises_at_the_first_length_beyond_the_bound():
    for row in rows("onsets", CURVES + "liu2023_figure.csv"):
        if row["run"].split()[-1] in ("20000", "40000", "80000", "160000", "320000", "600000"):
            assert float(row["bracket_lo_tok"]) < float(row["theory_bound_tok"]) < float(row["bracket_hi_tok"]), row


@test
def rules_of_the_projects_own_models():
    own = sorted(glob.glob(CURVES + "lm/t*.csv"))
    by_rule = {row["rule"]: row for row in rows("rules", *own)}
    assert list(by_rule) == ["closed_form", "strict", "coverage", "band", "real_critical_dim"]
    assert int(by_rule["closed_form"]["n_models"]) >= 9 and int(by_rule["closed_form"]["n"]) >= 40
    assert float(by_rule["coverage"]["rms"]) < float(by_rule["closed_form"]["rms"])
    with open(os.path.join(ROOT, "docs", "experiment.md")) as f:
        guide = " ".join(f.read().split())
    for row in by_rule.values():  # all runs but those with a base below that of pre-training
        x = {k: row[k] if k in ("rule", "parameter") else float(row[k]) for k in row}
        words = ("| %(rule)s | %(n).0f | %(rms).3f, %(lo).2f-%(hi).2f | %(rms_out).3f, %(out_lo).2f-%(out_hi).2f | "
                 "%(fitted).2f |" % x)
        assert words in guide, words
    spared = {int(row["n"]) for row in by_rule.values()}
    assert spared == {111, 114} and "up to %.2f times beyond the others' 256" % float(by_rule["band"]["hi"]) in guide
    out = {name: float(row["rms_out"]) for name, row in by_rule.items()}
    assert max(out["coverage"], out["strict"], out["band"]) < min(out["closed_form"], out["real_critical_dim"])
    published = rows("rules", CURVES + "yarn_llama2_70b.csv", CURVES + "liu2023_figure.csv")
    assert int(published[0]["n_models"]) >= 2


def compiles(name, *args):
    if not shutil.which("pdflatex") or subprocess.run(["kpsewhich", "siunitx.sty", "booktabs.sty"], capture_output=True).returncode:
        skip("LaTeX of %s compiles" % name, "no pdflatex with siunitx and booktabs")
        return
    table = run(["table"] + list(args) + ["--format", "latex"]).stdout
    path = file("table.tex", "\\documentclass[landscape]{article}\\usepackage{booktabs,siunitx}\\begin{document}\n"
                + table + "\\end{document}\n")
    p = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", path], cwd=TMP.name, capture_output=True)
    check("LaTeX of %s compiles" % name, p.returncode == 0, p.stdout.decode("utf-8", "replace")[-1500:])


compiles("critical", "critical", "LLaMA2-7B", "CodeLlama-7B", "phi-1_5", "Mistral-7B")
compiles("bases", "bases")
compiles("rules", "rules", CURVES + "liu2023_figure.csv")
compiles("onsets", "onsets", CURVES + "yarn_llama2_70b.csv", CURVES + "liu2023_readme.csv")
@test
def explain_is_recomputed():
    lines = run_json(["table", "critical", "CodeLlama-7B", "LLaMA2-7B", "--explain"])["explain"]
    assert check_lines(lines) == 12 and any(" = 129026.7" in x for x in lines), lines
    lines = run_json(["table", "bases", "--bases", "1e5,1e6", "--tune-len", "4k,16k", "--explain"])["explain"]
    assert check_lines(lines) == 24, lines


@test
def a_note_of_several_files_is_told_once():
    head, row = "run,eval_len_tok,ppl,%s\n", "%s,%d,5,%s\n"

    def curve(name, columns):
        cells = ",".join("7" for _ in columns)
        return file(name + ".csv", head % ",".join(columns) + "".join(row % (name, 1024 * 2 ** i, cells) for i in range(4)))

    one, two, three = curve("one", ["seed"]), curve("two", ["seed", "width"]), curve("three", ["seed"])
    long = "c" * 60  # what a note says of a name
    twice, again = curve("twice", [long + "a", long + "b"]), curve("again", [long + "a"])
    for command in (["table", "onsets"], ["fit"]):
        said = [l.split(": ", 1)[1] for l in run(command + [one, two, three]).stderr.splitlines() if "is not known" in l]
        assert said == ['3 files: column "seed" is not known: kept, not used',
                        two + ': column "width" is not known: kept, not used'], said
        for files, who in ([twice], twice), ([twice, again], "2 files"), ([again, one, twice], "2 files"):
            said = [l.split(": ", 1)[1] for l in run(command + files).stderr.splitlines() if long in l]
            assert said == ['%s: column "%s" is not known: kept, not used' % (who, long)], said
        alone = [l for l in run(command + [one]).stderr.splitlines() if "is not known" in l]
        assert len(alone) == 1 and alone[0].endswith(one + ': column "seed" is not known: kept, not used'), alone


case("rules without a file", ["table", "rules"], code=2, err=["table rules needs a FILE"])
case("onsets without a file", ["table", "onsets"], code=2, err=["needs a FILE"])
case("onsets of no file", ["table", "onsets", "/nowhere/x.csv"], code=3, err=["/nowhere/x.csv"])
case("onsets of a malformed file", ["table", "onsets", file("bad.csv", "run,eval_len_tok,ppl\nr,1,x\n")], code=3,
     err=['bad.csv:2: column "ppl": "x" is not a number'])
case("onsets take no model", ["table", "onsets", "-", "--model", "phi-2"], code=2, err=["facts of its runs"], stdin="")
case("latex", ["table", "critical", "CodeLlama-7B", "--format", "latex"],
     has=["\\toprule", "\\bottomrule", "CodeLlama-7B & \\num{128}", "\\num{129027}"])
case("markdown", ["table", "bases", "--bases", "1e6", "--tune-len", "16k", "--format", "md"],
     has=["tuned at 16k |", "129027"])
case("unknown table", ["table", "nope"], code=2, err=['unknown table "nope" (known: critical, bases'])
case("unknown model", ["table", "critical", "CodeLama-7B"], code=2, err=["did you mean CodeLlama-7B?"])
case("missing facts", ["table", "critical", "Mistral-7B-v0.3"], code=2, err=["pretrain_base of Mistral-7B-v0.3 is not known"])
case("two models for bases", ["table", "bases", "LLaMA2-7B", "CodeLlama-7B"], code=2, err=["exactly one model"])
case("odd rotary_dim", ["table", "critical", "--rotary-dim", "127", "--base", "1e4", "--train-len", "4k"], code=2,
     err=["rotary_dim is 127"])
case("suffix on a base", ["table", "bases", "--bases", "10k"], code=2, err=["suffix"])
case("unwritable output", ["table", "bases", "--output", "/nowhere/x.tex"], code=5, err=["/nowhere/x.tex"])
finish()
