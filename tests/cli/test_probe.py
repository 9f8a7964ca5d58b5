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


@test
def spectrum_of_every_method():
    """Weyl's bound holds for the frequencies of any method; those whose pairs all came round are refused."""
    names = [m["method"] for m in run_json(["freqs", "--list"])["result"]["methods"]]
    asked = 0
    for name in names:
        args = ["probe", "spectrum", "--rotary-dim", "64", "--train-len", "1k", "--method", name, "--factor", "4",
                "--new-base", "5e5", "--partial", "0.5", "--long-factor", ",".join("%g" % (1 + .1 * n) for n in range(32))]
        d = run_json(args)
        assert d["result"][0]["agrees"] is True and d["input"]["method"] == name, name
        assert sum(c["relation"] == "at_most" for c in d["result"][0]["checks"]) == 3
        asked += 1
    assert asked >= 15


case("only spectrum takes a method", ["probe", "relative", "--method", "yarn"], code=3, err=["only spectrum takes a method"])
case("one by name", ["probe", "discrimination"], has=["first negative distance", "=> agrees"])
case("latex", ["probe", "spectrum", "--format", "latex"], has=["\\toprule", "\\num{"])
case("a verdict that fails is exit 1", ["probe", "discrimination", "--damage", "0.5"], code=1, has=["DISAGREES"])
case("unknown name", ["probe", "nothing"], code=2, err=['unknown probe "nothing"'])
case("odd rotary_dim", ["probe", "--rotary-dim", "63"], code=2, err=["rotary_dim is 63, expected even"])
case("suffix on a base", ["probe", "--base", "10k"], code=2, err=["length suffix"])
finish()
