"""probe: verdicts, formats, exit codes."""
from cli import *


@test
def every_verdict_agrees_in_under_a_minute():
    d = run_json(["probe"], timeout=60)
    assert len(d["result"]) >= 4
    for p in d["result"]:
        assert p["agrees"] is True, p
        assert any(c["relation"] != "report" for c in p["checks"]), p["probe"]
        for c in p["checks"]:
            assert c["quantity"] and c["reason"]


@test
def verdicts_follow_from_the_numbers():
    for p in run_json(["probe", "--damage", "0.001"], code=1)["result"]:
        for c in p["checks"]:
            m, t, tol = c["measured"], c["predicted"], c["tolerance"]
            if c["relation"] == "report" or m is None:
                continue
            expected = {"equal": abs(m - t) <= tol, "at_most": m <= t + tol, "at_least": m >= t - tol}[c["relation"]]
            assert c["agrees"] == expected, c


case("one by name", ["probe", "discrimination"], has=["first negative distance", "=> agrees"])
case("latex", ["probe", "spectrum", "--format", "latex"], has=["\\toprule", "\\num{"])
case("a verdict that fails is exit 1", ["probe", "discrimination", "--damage", "0.5"], code=1, has=["DISAGREES"])
case("unknown name", ["probe", "nothing"], code=2, err=['unknown probe "nothing"'])
case("odd rotary_dim", ["probe", "--rotary-dim", "63"], code=2, err=["rotary_dim is 63, expected even"])
case("suffix on a base", ["probe", "--base", "10k"], code=2, err=["length suffix"])
finish()
