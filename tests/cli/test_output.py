"""Where answers go: files, pipes, full disks, locales, interrupts. Every subcommand writes through the same code."""
import os
import signal
import stat
import time

from cli import *

ASK = ["models", "--format", "csv"]
PLAIN = run(ASK).stdout
check("the answer is not empty", PLAIN.count("\n") > 10)


@test
def output_file_is_whole_and_replaces():
    path = file("out.csv", "old")
    os.chmod(path, 0o640)
    p = run(ASK + ["--output", path])
    assert p.returncode == 0 and p.stdout == "" and p.stderr == "", p
    assert open(path).read() == PLAIN
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640
    assert [n for n in os.listdir(TMP.name) if n.startswith("out.csv")] == ["out.csv"]


@test
def new_file_follows_the_umask():
    path = os.path.join(TMP.name, "new.csv")
    old = os.umask(0o027)
    try:
        assert run(ASK + ["--output", path]).returncode == 0
    finally:
        os.umask(old)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640


@test
def a_failed_command_leaves_the_old_file():
    path = file("keep.csv", "precious")
    assert run(["models", "--output", path, "--no-such"]).returncode == 2
    assert run(["probe", "nothing", "--output", path]).returncode == 2
    assert open(path).read() == "precious"


@test
def a_full_disk_is_exit_5_and_leaves_nothing():
    p = run(ASK + ["--output", "/dev/full"])
    assert p.returncode == 5 and "No space left" in p.stderr, p
    with open("/dev/full", "w") as full:
        p = subprocess.run([EXE] + ASK, stdout=full, stderr=subprocess.PIPE, text=True)
    assert p.returncode == 5 and "standard output" in p.stderr, p


@test
def a_folder_or_missing_place_is_exit_5():
    p = run(ASK + ["--output", TMP.name])
    assert p.returncode == 5 and "Is a directory" in p.stderr, p
    p = run(ASK + ["--output", os.path.join(TMP.name, "no/such/place.csv")])
    assert p.returncode == 5 and "No such file" in p.stderr, p


@test
def a_closed_pipe_is_no_error():
    read, write = os.pipe()
    os.close(read)
    p = subprocess.run([EXE] + ASK, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert p.returncode == 0 and p.stderr == "", p


@test
def a_fifo_is_written_in_place():
    path = os.path.join(TMP.name, "fifo")
    os.mkfifo(path)
    p = subprocess.Popen([EXE] + ASK + ["--output", path])
    with open(path) as f:
        assert f.read() == PLAIN
    assert p.wait() == 0 and stat.S_ISFIFO(os.stat(path).st_mode)


@test
def dash_is_standard_output():
    assert run(ASK + ["--output", "-"]).stdout == PLAIN


if "LOCPATH" in os.environ and os.path.isdir(os.path.join(os.environ["LOCPATH"], "de_DE.UTF-8")):
    for args in (ASK, ["probe", "discrimination"], ["models", "--format", "json"]):
        comma = subprocess.run([EXE] + args, capture_output=True, text=True, env=dict(os.environ, LC_ALL="de_DE.UTF-8"))
        check("same bytes in a decimal-comma locale: " + " ".join(args), comma.stdout == run(args).stdout)
else:
    skip("same bytes in a decimal-comma locale", "no locale de_DE.UTF-8")


@test
def an_interrupt_is_exit_130_and_leaves_no_file():
    path = os.path.join(TMP.name, "never.txt")
    p = subprocess.Popen([EXE, "probe", "--rotary-dim", "256", "--train-len", "16k", "--output", path],
                         stderr=subprocess.PIPE, text=True)
    time.sleep(0.5)
    p.send_signal(signal.SIGINT)
    _, err = p.communicate(timeout=60)
    assert p.returncode == 130, (p.returncode, err)
    assert not [n for n in os.listdir(TMP.name) if n.startswith("never")]


@test
def quiet_says_nothing_on_stderr():
    assert run(ASK + ["--quiet", "--explain"]).stderr == ""


case("a value that is given twice", ["models", "--seed", "1", "--seed", "2"], code=2, err=["--seed is given twice"])
case("a flag with a value", ["models", "--quiet=yes"], code=2, err=["--quiet takes no value"])
finish()
