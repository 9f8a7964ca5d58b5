"""Install into an empty folder and build a program against it, as a user would: with pkg-config, with CMake, and
against ropelaw-core alone; the README's program and command among them. usage: check_install.py BUILD_FOLDER SOURCE_ROOT;
prints TAP."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

BUILD = os.path.abspath(sys.argv[1])
README = os.path.join(sys.argv[2], "README.md")
PROGRAM = """#include <ropelaw/ropelaw.h>
#include <stdio.h>
int main(void) { puts(ropelaw_version()); return ropelaw_version_check(ROPELAW_VERSION_MAJOR, ROPELAW_VERSION_MINOR, NULL); }
"""
CMAKE = """cmake_minimum_required(VERSION 3.16)
project(user C)
find_package(ropelaw 0.1 REQUIRED)
foreach(target ropelaw core)
  add_executable(with_${target} main.c)
  target_link_libraries(with_${target} PRIVATE ropelaw::${target})
endforeach()
"""
results = []


def run(*command, **kw):
    p = subprocess.run(command, capture_output=True, text=True, **kw)
    if p.returncode:
        raise RuntimeError("%s: exit %d\n%s%s" % (command, p.returncode, p.stdout[-2000:], p.stderr[-2000:]))
    return p.stdout


def attempt(name, function, needs=()):
    for tool in needs:
        if not shutil.which(tool):
            results.append((name, None, "no " + tool))
            return
    try:
        function()
        results.append((name, True, ""))
    except (RuntimeError, AssertionError) as e:
        results.append((name, False, str(e)))


with tempfile.TemporaryDirectory() as tmp:
    env = dict(os.environ, DESTDIR=tmp)
    run("meson", "install", "--no-rebuild", "--quiet", "-C", BUILD, env=env)
    config = glob.glob(tmp + "/**/pkgconfig/ropelaw.pc", recursive=True)[0]
    libdir = os.path.dirname(os.path.dirname(config))
    prefix = os.path.dirname(os.path.dirname(glob.glob(tmp + "/**/bin/ropelaw", recursive=True)[0]))
    main = os.path.join(tmp, "main.c")
    with open(main, "w") as f:
        f.write(PROGRAM)
    user = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(config), LD_LIBRARY_PATH=libdir)

    def readme():
        with open(README, encoding="utf-8") as f:
            text = f.read()
        program = re.search(r"```c\n(.*?)```", text, flags=re.S).group(1)
        printed = re.search(r"&& ./bound\n    (.*)\n", text).group(1)
        with open(main, "w") as f:
            f.write(program)
        exe = os.path.join(tmp, "bound")
        flags = run("pkg-config", "--define-variable=prefix=" + prefix, "--cflags", "--libs", "ropelaw", env=user).split()
        run("cc", "-std=c11", "-Wall", "-Werror", "-o", exe, main, *flags, env=user)
        assert run(exe, env=user) == printed + "\n", (run(exe, env=user), printed)
        command = re.search(r"^    (ropelaw predict --rotary-dim .*)$", text, flags=re.M).group(1).split()
        answer = run(prefix + "/bin/ropelaw", *command[1:], env=user)
        assert printed.split()[0] + " tokens, regime large_base" in answer, answer

    def pkg_config(package, exe, *more):
        flags = run("pkg-config", "--define-variable=prefix=" + prefix, "--cflags", "--libs", *more, package, env=user).split()
        run("cc", "-std=c11", "-Wall", "-Werror", "-o", exe, main, *flags, env=user)
        out = run(exe, env=user)
        assert out.startswith("0."), out

    def core():
        exe = os.path.join(tmp, "core")
        pkg_config("ropelaw-core", exe)
        needed = run("readelf", "-d", exe)
        for other in ("gsl", "blas", "json"):
            assert other not in needed, needed

    def cmake():
        with open(os.path.join(tmp, "CMakeLists.txt"), "w") as f:
            f.write(CMAKE)
        run("cmake", "-S", tmp, "-B", tmp + "/b", "-DCMAKE_PREFIX_PATH=" + prefix)
        run("cmake", "--build", tmp + "/b")
        for target in ("ropelaw", "core"):
            assert run(tmp + "/b/with_" + target, env=user).startswith("0.")

    def command():
        assert run(prefix + "/bin/ropelaw", "--version", env=user).startswith("ropelaw 0.")

    def soname():
        library = glob.glob(libdir + "/libropelaw.so.0.*")[0]
        assert "libropelaw.so.0]" in run("readelf", "-d", library)

    attempt("a program builds with pkg-config", lambda: pkg_config("ropelaw", os.path.join(tmp, "full")), ["pkg-config"])
    attempt("the README's program and command agree", readme, ["pkg-config"])
    with open(main, "w") as f:
        f.write(PROGRAM)
    attempt("ropelaw-core links libm alone", core, ["pkg-config", "readelf"])
    attempt("a program builds with CMake", cmake, ["cmake", "make"])
    attempt("the installed command runs", command)
    attempt("the library has a versioned soname", soname, ["readelf"])

print("1..%d" % len(results))
for i, (name, ok, message) in enumerate(results, 1):
    print("%s %d - %s%s" % ("not ok" if ok is False else "ok", i, name, " # SKIP " + message if ok is None else ""))
    if ok is False:
        print("".join("# %s\n" % line for line in message.splitlines()), end="")
sys.exit(1 if any(ok is False for _, ok, _ in results) else 0)
