"""attention: check, bench and stats through the command."""
from cli import *


@test
def check_judges_every_kernel():
    r = run_json(["attention", "--case", "tile + 1"])["result"]
    assert r["verdict"] == "ok" and r["fma_peak_gflops"] is None
    kernels = [c["kernel"] for c in r["cases"]]
    assert kernels[0] == "portable" and len(set(kernels)) == len(kernels)
    for c in r["cases"]:
        assert c["verdict"] == "ok" and 0 < c["max_error"] and c["ns"] is None
        assert c["n_tok"] == 49 and c["heads"] == "4:2" and c["isa"] == c["kernel"]


@test
def bench_times_what_is_right():
    d = run_json(["attention", "--bench", "--case", "super + 1", "--rounds", "3", "--kernel", "portable"])["result"]
    c, = d["cases"]
    assert c["kernel"] == "portable" and c["threads"] == 1 and c["ns"] > 0
    assert abs(c["gflops"] * c["ns"] / (2 * 385 ** 2 * 32) - 1) < 1e-9
    assert abs(c["gflops"] / d["fma_peak_gflops"] / c["fraction_of_fma_peak"] - 1) < 1e-9


@test
def gradients_are_judged():
    r = run_json(["attention", "--backward", "--case", "window and sinks"])["result"]
    assert r["verdict"] == "ok" and all(c["max_error"] > 0 for c in r["cases"])


@test
def statistics_follow_the_closed_form():
    args = ["attention", "--stats", "--len", "2k", "--rows", "64", "--head-dim", "64", "--alignment", "2"]
    r = run_json(args)["result"]
    assert abs(sum(d["mass"] for d in r["distances"]) - 1) < 1e-9
    assert r["distances"][0]["expected_score"] == 32.0 and r["distances"][-1]["last"] == 2047
    se = (9 / 64) ** 0.5
    for d in r["distances"]:
        assert abs(d["mean_score"] - d["expected_score"]) < 5 * se, d
    assert r["entropy_nats"] < r["uniform_entropy_nats"]
    assert run_json(args + ["--threads", "2"])["result"] == r


case("table for people", ["attention", "--case", "two tokens", "--kernel", "portable"], has=["two tokens", "ok"])
case("two modes", ["attention", "--check", "--stats"], code=2, err=["exclude each other"])
case("unknown case", ["attention", "--case", "nothing"], code=2, err=["no case"])
case("unknown kernel", ["attention", "--kernel", "abacus"], code=2, err=["there is no kernel abacus"])
case("odd head_dim", ["attention", "--stats", "--head-dim", "7"], code=2, err=["head_dim is 7"])
finish()
