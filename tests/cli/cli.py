"""Support for tests of the command: run it, look at stdout, stderr and the exit code, print TAP.

Each tests/cli/test_<name>.py is started as `python3 test_<name>.py ROPELAW SOURCE_ROOT`.
"""
import json
import os
import subprocess
import sys
import tempfile

EXE = os.path.abspath(sys.argv[1])
ROOT = os.path.abspath(sys.argv[2])
TMP = tempfile.TemporaryDirectory()
_results = []


def run(args, stdin=None, env=None, cwd=None, timeout=120):
    """Run the command; returns an object with returncode, stdout, stderr (texts)."""
    full = dict(os.environ, **dict({"LC_ALL": "C"}, **(env or {})))
    data = stdin.encode() if isinstance(stdin, str) else stdin
    source = {"input": data} if data is not None else {"stdin": subprocess.DEVNULL}
    p = subprocess.run([EXE] + [str(a) for a in args], capture_output=True, env=full, cwd=cwd or TMP.name,
                       timeout=timeout, **source)
    p.stdout = p.stdout.decode("utf-8", "replace")
    p.stderr = p.stderr.decode("utf-8", "replace")
    return p


ANY = object()  # an answer, whether or not the check in it failed (exit code 0 or 1)


def run_json(args, code=0, **kw):
    """The JSON answer of a command (adds --format json); checks the envelope."""
    p = run(list(args) + ["--format", "json"], **kw)
    if p.returncode != code and not (code is ANY and p.returncode in (0, 1)):
        raise AssertionError("exit %d, stderr: %s" % (p.returncode, p.stderr))

    def refuse(word):
        raise AssertionError("not JSON: " + word)
    d = json.loads(p.stdout, parse_constant=refuse)
    for key in ("schema_version", "command", "input", "result", "caveats", "sources"):
        assert key in d, "no " + key
    return d


def file(name, text):
    """A file in the scratch folder; returns its path."""
    path = os.path.join(TMP.name, name)
    with open(path, "wb") as f:
        f.write(text.encode() if isinstance(text, str) else text)
    return path


def check(name, condition, message=""):
    _results.append((name, bool(condition), message))


def test(function):
    """Decorator: the function is a test; an exception fails it with its message."""
    try:
        function()
        check(function.__name__, True)
    except Exception as e:  # a test that crashes has failed
        import traceback
        check(function.__name__, False, "%s: %s\n%s" % (type(e).__name__, e, traceback.format_exc()))
    return function


def case(name, args, code=0, out=None, has=(), err=(), **kw):
    """One run: exit code, exact stdout (out) or parts of it (has), parts of stderr (err; () means: empty unless
    the exit code is not 0)."""
    p = run(args, **kw)
    wrong = []
    if p.returncode != code:
        wrong.append("exit %d, expected %d" % (p.returncode, code))
    if out is not None and p.stdout != out:
        wrong.append("stdout is\n%s" % p.stdout)
    wrong += ["stdout lacks %r:\n%s" % (h, p.stdout) for h in has if h not in p.stdout]
    wrong += ["stderr lacks %r: %s" % (e, p.stderr) for e in err if e not in p.stderr]
    if code == 0 and not err and p.stderr:
        wrong.append("stderr says " + p.stderr)
    if code not in (0, 1) and p.stdout and not has:
        wrong.append("a failure wrote to stdout: " + p.stdout[:200])
    check(name, not wrong, "; ".join(wrong))


def skip(name, reason):
    _results.append((name, None, reason))


def finish():
    """Print TAP and leave."""
    failed = 0
    print("1..%d" % len(_results))
    for i, (name, ok, message) in enumerate(_results, 1):
        if ok is None:
            print("ok %d - %s # SKIP %s" % (i, name, message))
            continue
        print("%s %d - %s" % ("ok" if ok else "not ok", i, name))
        if not ok:
            failed += 1
            print("".join("# %s\n" % line for line in message.splitlines()), end="")
    TMP.cleanup()
    sys.exit(1 if failed else 0)
