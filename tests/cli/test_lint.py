"""`ropelaw lint`: findings, exit codes, the list of rules."""
from cli import ROOT, case, file, finish, run, run_json, test
import os

CONFIGS = os.path.join(ROOT, "tests", "model", "configs")


def config(name):
    return os.path.join(CONFIGS, name + ".json")


@test
def findings_of_the_contract():
    d = run_json(["lint", config("both-types")], code=1)
    errors = [f for f in d["result"]["findings"] if f["severity"] == "error"]
    assert [f["id"] for f in errors] == ["type-and-rope-type"]
    for key in ("id", "severity", "key", "message", "fix", "why", "thread", "line"):
        assert key in errors[0]
    assert d["result"]["errors"] == 1


@test
def rules_are_listed():
    rules = run_json(["lint", "--rules"])["result"]["rules"]
    assert len(rules) >= 20 and all(r["why"] and r["fix"] and r["thread"] for r in rules)


@test
def json_survives_an_exit_code_of_one():
    p = run(["lint", config("null-theta"), "--format", "json"])
    assert p.returncode == 1 and p.stdout.startswith("{")


case("clean", ["lint", config("llama31-8b")], has=["0 errors, 0 warnings"])
case("warnings pass", ["lint", config("nested-factor-mismatch")], has=["[factor-ratio]"])
case("warnings fail under strict", ["lint", "--strict", config("nested-factor-mismatch")], code=1, has=["[factor-ratio]"])
case("two files", ["lint", config("llama31-8b"), config("null-theta")], code=1, has=["null-theta.json", "[null-base]"])
case("unreadable", ["lint", file("x.json", "{")], code=3, err=["x.json:1: not JSON"])
case("nothing", ["lint"], code=2, err=["give at least one FILE"])
case("csv", ["lint", config("null-theta"), "--format", "csv"], code=1, has=["file,line,severity,id,key,message,fix"])
finish()
