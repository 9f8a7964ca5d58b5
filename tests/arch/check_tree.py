"""Architecture of the tree, as data. usage: check_tree.py SOURCE_ROOT SHARED_LIBRARY [CC CXX]; prints TAP.

The floors are those of lib/README.md: a file includes its own folder and lower floors, never up, never sideways.
"""
import os
import re
import subprocess
import sys
import tempfile

ROOT, LIBRARY = sys.argv[1], sys.argv[2]
CC = sys.argv[3] if len(sys.argv) > 3 else "cc"
CXX = sys.argv[4] if len(sys.argv) > 4 else "c++"

FLOORS = {"core": 0, "num": 1, "rope": 1, "table": 1, "json": 1,
          "law": 2, "model": 2, "logs": 2, "attention": 2, "stats": 2,
          "plan": 3, "fit": 3, "lm": 3, "probe": 4, "report": 5}
# Headers of other projects and the one folder that may include them.
WALLS = {"gsl/": "num", "cblas.h": "num", "lapack": "num", "json-c/": "json", "json.h": "json"}
# rope and law must build with libc and libm alone.
PURE = {"core", "rope", "law"}
LIBC = {"assert.h", "complex.h", "ctype.h", "errno.h", "fenv.h", "fcntl.h", "float.h", "inttypes.h", "limits.h",
        "locale.h", "math.h", "pthread.h", "sched.h", "signal.h", "stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h",
        "stdint.h", "stdio.h", "stdlib.h", "string.h", "strings.h", "sys/mman.h", "sys/stat.h", "sys/types.h", "time.h", "unistd.h",
        "cpuid.h", "immintrin.h", "dirent.h"}
# What the library must never do (design: it never prints, exits, aborts, reads the environment, changes the locale
# or touches GSL's error handler).
FORBIDDEN = r"(?<![\w.>])(printf|fprintf|puts|putchar|perror|exit|_exit|abort|getenv|setlocale|gsl_set_error_handler\w*|srand|rand)\s*\("

results = []


def check(name, wrong):
    results.append((name, list(wrong)))


def sources(folder, endings=(".c", ".h")):
    for base, _, names in os.walk(os.path.join(ROOT, folder)):
        for n in sorted(names):
            if n.endswith(endings):
                yield os.path.join(base, n)


def text(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def code(path):
    """The text without comments and string literals."""
    t = re.sub(r"/\*.*?\*/", " ", text(path), flags=re.S)
    t = re.sub(r"//[^\n]*", " ", t)
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', t)


def includes(path):
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', text(path), flags=re.M)


def rel(path):
    return os.path.relpath(path, ROOT)


def floor_violations():
    for path in sources("lib"):
        folder = rel(path).split(os.sep)[1]
        if folder not in FLOORS:
            yield "%s: folder %s has no floor" % (rel(path), folder)
            continue
        for inc in includes(path):
            other = inc.split("/")[0]
            if other in FLOORS and "/" in inc and other != folder and FLOORS[other] >= FLOORS[folder]:
                yield "%s (floor %d) includes %s (floor %d)" % (rel(path), FLOORS[folder], inc, FLOORS[other])


def wall_violations():
    for path in list(sources("lib")) + list(sources("tools")) + list(sources("include")):
        folder = rel(path).split(os.sep)[1]
        for inc in includes(path):
            for prefix, owner in WALLS.items():
                own = inc.startswith(owner + "/")  # our own json/json.h
                if inc.startswith(prefix) and not own and folder != owner:
                    yield "%s includes %s: only lib/%s may" % (rel(path), inc, owner)


def unknown_includes():
    for path in list(sources("lib")) + list(sources("tools")) + list(sources("include")):
        top, folder = rel(path).split(os.sep)[:2]
        for inc in includes(path):
            here = os.path.exists(os.path.join(os.path.dirname(path), inc))
            ours = inc.startswith("ropelaw/") or inc.split("/")[0] in FLOORS
            third = any(inc.startswith(p) for p in WALLS)
            if inc in LIBC or ours or (here and top != "include"):
                continue
            if third and folder not in PURE and top == "lib":
                continue
            yield "%s includes %s" % (rel(path), inc)


def tool_violations():
    for path in sources("tools"):
        for inc in includes(path):
            if inc.split("/")[0] in FLOORS and "/" in inc and not inc.startswith("ropelaw/"):
                yield "%s includes %s: the command sees <ropelaw/*.h> only" % (rel(path), inc)


def forbidden_calls():
    for path in sources("lib"):
        for m in re.finditer(FORBIDDEN, code(path)):
            yield "%s calls %s" % (rel(path), m.group(1))


def foreign_symbols():
    out = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        name = line.split()[-1].split("@")[0]
        if not name.startswith("ropelaw_") and name not in ("_init", "_fini"):
            yield name


def compile_alone(compiler, standard, language):
    with tempfile.TemporaryDirectory() as tmp:
        for path in sources("include", (".h",)):
            r = subprocess.run([compiler, standard, "-x", language, "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                                "-fsyntax-only", "-I", os.path.join(ROOT, "include"), path],
                               capture_output=True, text=True, cwd=tmp)
            if r.returncode:
                yield "%s: %s" % (rel(path), r.stderr.splitlines()[0] if r.stderr else "?")


def untested_units():
    tested = set()
    for path in sources("tests", (".c", ".py")):
        folder = rel(path).split(os.sep)[1]
        m = re.match(r"test_(\w+)\.c$", os.path.basename(path))
        if m:
            tested.add((folder, m.group(1) + ".c"))
        m = re.search(r"^(?:/\*|#|\"\"\"|//|\s\*)?\s*Tests: ([^*\n]+(?:\n[^*\n]+)*?)(?:\*/|\"\"\"|$)", text(path)[:1500], flags=re.M)
        if m:
            tested.update((folder, n) for n in m.group(1).split())
    for path in sources("lib", (".c",)):
        folder = rel(path).split(os.sep)[1]
        if (folder, os.path.basename(path)) not in tested:
            yield rel(path)


def missing_readmes():
    for folder in FLOORS:
        d = os.path.join(ROOT, "lib", folder)
        if any(n.endswith(".c") for n in (os.listdir(d) if os.path.isdir(d) else [])):
            if not os.path.exists(os.path.join(d, "README.md")):
                yield "lib/%s has no README.md" % folder


def umbrella():
    have = set(includes(os.path.join(ROOT, "include/ropelaw/ropelaw.h")))
    for path in sources("include", (".h",)):
        name = "ropelaw/" + os.path.basename(path)
        if name not in have and name != "ropelaw/ropelaw.h":
            yield "ropelaw.h does not include <%s>" % name


def fast_math():
    for base, dirs, names in os.walk(ROOT):
        dirs[:] = [d for d in dirs if not d.startswith((".", "build"))]
        for n in names:
            if n == "meson.build" and "-ffast-math" in text(os.path.join(base, n)):
                yield rel(os.path.join(base, n))


check("no include goes up or sideways", floor_violations())
check("third-party headers stay behind their wall", wall_violations())
check("every include is known", unknown_includes())
check("the command sees public headers only", tool_violations())
check("the library never prints, exits, reads the environment or touches GSL's handler", forbidden_calls())
check("only ropelaw_* leaves the shared library", foreign_symbols())
check("every public header compiles alone as C11", compile_alone(CC, "-std=c11", "c"))
if subprocess.run(["sh", "-c", "command -v " + CXX], capture_output=True).returncode == 0:
    check("every public header compiles alone as C++17", compile_alone(CXX, "-std=c++17", "c++"))
else:
    results.append(("every public header compiles alone as C++17", None))
check("every source unit has its test", untested_units())
check("every folder of lib/ says what it is for", missing_readmes())
check("the umbrella header is complete", umbrella())
check("no -ffast-math", fast_math())

print("1..%d" % len(results))
failed = False
for i, (name, wrong) in enumerate(results, 1):
    if wrong is None:
        print("ok %d - %s # SKIP no C++ compiler" % (i, name))
        continue
    print("%s %d - %s" % ("not ok" if wrong else "ok", i, name))
    for w in wrong:
        print("# " + w)
    failed = failed or bool(wrong)
sys.exit(1 if failed else 0)
