"""models: the preset table in every format, filters, suggestions."""
import csv
import io

from cli import *

with open(os.path.join(ROOT, "data", "models.csv"), encoding="utf-8", newline="") as f:
    TABLE = list(csv.DictReader(l for l in f if not l.startswith("#")))


@test
def csv_is_the_shipped_table():
    rows = list(csv.DictReader(io.StringIO(run(["models", "--format", "csv"]).stdout)))
    assert len(rows) == len(TABLE)
    for got, expected in zip(rows, TABLE):
        assert got.keys() == expected.keys()
        for key in got:
            same = got[key] == expected[key] or (got[key] and float(got[key]) == float(expected[key]))
            assert same, (got["name"], key, got[key], expected[key])


@test
def json_has_null_for_what_is_not_known():
    rows = run_json(["models"])["result"]
    assert len(rows) == len(TABLE)
    for got, expected in zip(rows, TABLE):
        for key, value in got.items():
            assert (value is None) == (expected[key] == ""), (got["name"], key)
        assert got["source"]


@test
def code_llama_is_llama2_pre_trained_and_tuned():
    row, = run_json(["models", "CodeLlama-7B"])["result"]
    assert (row["pretrain_base"], row["train_len_tok"]) == (10000, 4096)
    assert (row["tune_base"], row["tune_len_tok"], row["base"]) == (1000000, 16384, 1000000)


@test
def works_from_an_empty_folder():
    assert run(["models", "phi-2"], cwd=tempfile.mkdtemp(dir=TMP.name)).returncode == 0


case("one model in full", ["models", "Index-1.9B-32K"], has=["tune_base                320000", "3.2e6", "not known:"])
case("words narrow", ["models", "Meta", "13b"], has=["Llama-2-13B", "CodeLlama-13B"])
case("markdown", ["models", "falcon", "--format", "md"], has=["| falcon-7b  "])
case("unknown", ["models", "Llmaa-2-7B"], code=2, err=['"Llmaa-2-7B": did you mean Llama-2-7B?'])
case("nonsense", ["models", "zzzzzzzzzzzz"], code=2, err=['no model matches "zzzzzzzzzzzz"'])
finish()
