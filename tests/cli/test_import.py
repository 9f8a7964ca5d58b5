"""import: formats to the long CSV, pipes, errors."""
from cli import *

LOG = ("perplexity: calculating perplexity over 2 chunks, n_ctx=%d, batch_size=512, n_seq=1\n[1]9.5,[2]%s,\n"
       "Final estimate: PPL = %s +/- 0.25\n")
short = file("a.log", LOG % (2048, "8.5", "8.5"))
longer = file("b.log", LOG % (4096, "9.25", "9.25"))
wide = file("wide.csv", ",2048,4096\norg/m,3.5,3.25\nn,4,\n")

case("logs of two windows", ["import", short, longer, "--run", "m"],
     out="# imported-from: %s\n# imported-from: %s\nrun,eval_len_tok,ppl,ppl_se\nm,2048,8.5,0.25\nm,4096,9.25,0.25\n"
     % (short, longer))
case("wide table from standard input", ["import", "-"], stdin=",2048\nx,1.5\n",
     out="# imported-from: -\nrun,eval_len_tok,ppl\nx,2048,1.5\n")
case("markdown", ["import", wide, "--format", "md"], has=["| org/m |"])
case("losses", ["import", wide, "--as", "loss"], has=["run,eval_len_tok,loss_nats\n"])


@test
def json_rows():
    d = run_json(["import", wide])
    assert [(r["run"], r["eval_len_tok"], r["ppl"]) for r in d["result"]["rows"]] == \
        [("org/m", 2048, 3.5), ("org/m", 4096, 3.25), ("n", 2048, 4)]
    assert d["result"]["n_runs"] == 2 and d["result"]["notes"] == []


extra = file("extra.csv", b"run,seed,eval_len_tok,ppl,\"a, \"\"b\"\"\",base\nr,7,4096,5,\"x\ny\",1e6\nr,,8192,6,\xff,1e6\n")
case("unknown columns are kept", ["import", extra], err=['column "seed" is not known: kept, not used'],
     has=['run,eval_len_tok,ppl,base,seed,"a, ""b"""\nr,4096,5,1000000,7,"x\ny"\nr,8192,6,1000000,,'])
case("unknown columns beside a log", ["import", extra, short, "--quiet"], has=["\na,2048,8.5,0.25,,,\n", "\nr,4096,5,,1000000,7,"])


@test
def bytes_that_are_no_utf8():
    path = file(b"\xff.csv".decode("latin-1"), b"run,eval_len_tok,ppl,\xfe\nr\xff,1,2,\x80\n")
    rows = run_json(["import", path])["result"]["rows"]
    assert rows[0]["run"] == "r\ufffd" and rows[0]["\ufffd"] == "\ufffd", rows


@test
def unknown_columns_in_json_and_csv():
    rows = run_json(["import", extra])["result"]["rows"]
    assert [r["seed"] for r in rows] == ["7", None] and rows[0]['a, "b"'] == "x\ny", rows
    assert rows[1]["base"] == 1e6 and rows[1]["eval_len_tok"] == 8192, rows
    table = run(["import", extra, "--format", "csv"]).stdout
    back = run(["import", "-"], stdin=table).stdout
    assert back.splitlines()[1:] == run(["import", extra]).stdout.splitlines()[1:], back


@test
def what_is_written_is_read_back():
    once = run(["import", wide]).stdout
    again = run(["import", "-"], stdin=once).stdout
    assert [l for l in again.splitlines() if not l.startswith("#")] == [l for l in once.splitlines() if not l.startswith("#")]


@test
def every_shipped_curve_passes_through():
    folder = os.path.join(ROOT, "data", "curves")
    d = run_json(["import", folder])
    assert d["result"]["n_runs"] >= 280, d["result"]["n_runs"]


case("notes on stderr", ["import", file("n.csv", ",10,20\nx,nan,3\n")], has=["x,20,3"], err=["value nan left out"])
case("quiet", ["import", "--quiet", file("n.csv", ",10,20\nx,nan,3\n")], has=["x,20,3"])
LONG = "run,eval_len_tok,ppl\nr,1024,5.5\n"
case("byte order mark and CRLF", ["import", file("crlf.csv", b"\xef\xbb\xbf" + LONG.replace("\n", "\r\n").encode())],
     has=["\nr,1024,5.5\n"])
case("duplicate column", ["import", file("twice.csv", "run,eval_len_tok,ppl,ppl\n")], code=3,
     err=['twice.csv:1: column "ppl" appears twice (columns 3 and 4)'])
case("only nan", ["import", file("nan.csv", "run,eval_len_tok,ppl\nr,1,nan\nr,2,inf\n")], code=3,
     err=["nan.csv:2: no measurement in the file: all its 2 values are nan or inf"])
case("empty file", ["import", file("empty.csv", "")], code=3, err=["no known format"])
case("empty file read as the long CSV", ["import", file("empty.csv", ""), "--from", "long"], code=3,
     err=["empty.csv:1: no header found"])
case("empty folder", ["import", tempfile.mkdtemp(dir=TMP.name)], code=3, err=["no known format"])
case("UTF-16", ["import", file("utf16.csv", LONG.encode("utf-16")), "--from", "long"], code=3, err=["utf16.csv:1: the text is UTF-16"])


@test
def a_million_rows():
    import time
    path = file("many.csv", "run,eval_len_tok,ppl\n" + "".join("r%d,%d,%d.5\n" % (i % 1000, i // 1000 + 1, i % 7 + 2)
                                                              for i in range(1000000)))
    start = time.time()
    p = run(["import", path])
    assert p.returncode == 0 and p.stdout.count("\n") == 1000002, (p.returncode, p.stderr)
    print("# %.1f s for a million rows" % (time.time() - start))


case("missing file", ["import", "/nowhere/x.log"], code=3, err=["/nowhere/x.log: cannot open"])
case("no known format", ["import", file("x.txt", "hello\n")], code=3, err=["no known format"])
case("bad value", ["import", file("v.csv", ",10\nx,abc\n")], code=3, err=['v.csv:2: "abc" is not a perplexity'])
case("no length", ["import", file("w.log", "calculating perplexity over 1 chunks, batch_size=8\n[1]5,\n")], code=3,
     err=["does not state its window"])
case("wrong kind", ["import", short, "--as", "accuracy"], code=3, err=["are ppl, not accuracy"])
case("no file", ["import"], code=2, err=["FILE"])
case("unknown format", ["import", short, "--from", "nope"], code=2, err=["nope"])
finish()
