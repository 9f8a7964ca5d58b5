"""periods: the spectrum against a second computation, --explain recomputed, bad input."""
import math
from cli import *
from explain import check_lines


@test
def llama2():
    r = run_json(["periods", "--model", "llama-2-7b"])["result"]
    assert len(r["pairs"]) == 64 and r["critical_dim"] == 92
    for n, p in enumerate(r["pairs"]):
        theta = math.exp(-2 * n / 128 * math.log(1e4))
        assert p["pair"] == n and abs(p["theta"] / theta - 1) < 1e-14
        assert abs(p["period"] * p["theta"] / (2 * math.pi) - 1) < 1e-15
        assert abs(p["turns_in_train"] * p["period"] / 4096 - 1) < 1e-15
        assert abs(p["phase_seen_rad"] - min(2 * math.pi, 4095 * theta)) < 1e-12
        assert p["critical"] == (p["period"] <= 4096)
    assert 2 * sum(p["critical"] for p in r["pairs"]) == r["critical_dim"]
    assert abs(r["pairs"][45]["period"] - 4080.1851262720) < 1e-10 and abs(r["pairs"][46]["period"] - 4711.7242780168) < 1e-10


@test
def explain_is_recomputed():
    assert check_lines(run_json(["periods", "--model", "llama-3-8b", "--explain"])["explain"]) == 5


@test
def csv():
    lines = run(["periods", "--rotary-dim", "32", "--base", "500", "--train-len", "128", "--format", "csv", "--quiet"]).stdout.splitlines()
    assert len(lines) == 17 and lines[0] == "pair,theta,period_tok,turns_in_train,phase_seen_rad,critical"


case("for people", ["periods", "--model", "llama-2-7b"], has=["92 dimensions saw a full period", "4080.185"])
case("odd", ["periods", "--rotary-dim", "3", "--base", "1e4", "--train-len", "4k"], code=2, err=["rotary_dim is 3"])
case("nothing given", ["periods"], code=2, err=["rotary_dim is not known"])
finish()
