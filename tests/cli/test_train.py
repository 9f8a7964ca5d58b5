"""train: bytes, resume, formats, bad input. Every call trains a hundredth of a preset."""
import os
import resource
import select
import signal
import struct
import subprocess
import tempfile
import time
import xml.etree.ElementTree

from cli import *

SMALL = ["train", "--share", "0.01", "--windows", "2", "--eval-len", "512"]


@test
def same_bytes_on_one_and_two_threads():
    with tempfile.TemporaryDirectory() as d:
        texts = []
        for n in ["1", "2"]:
            path = os.path.join(d, n + ".csv")
            run_json(SMALL + ["--threads", n, "--curves", path])
            with open(path, "rb") as f:
                texts.append(f.read())
        assert texts[0] == texts[1] and texts[0].startswith(b"# title: ")


@test
def checkpoints_continue_to_the_same_answer():
    with tempfile.TemporaryDirectory() as d:
        first = run_json(SMALL + ["--checkpoints", d, "--times", os.path.join(d, "times.csv")])
        assert os.listdir(d).__len__() == 2, os.listdir(d)
        second = run_json(SMALL + ["--checkpoints", d])
        assert first["result"] == second["result"]


@test
def theory_stands_beside_measurement():
    result = run_json(SMALL + ["--seed", "5"])["result"]
    runs = result["runs"]
    assert [m["model"] for m in result["law"]] == ["t128-b500-w64-s5"]
    assert result["law"][0]["critical_dim"] == 16 and result["pool"] == {"n_models": 0, "reason": None}
    assert [r["base"] for r in runs] == [500, 1500, 5000]
    for r in runs:
        assert r["seed"] == 5 and r["model"] == "t128-b500-w64-s5"
        assert abs(r["closed_form_16b"] - 6.283185307179586 * r["base"] ** 0.5) < 1e-9
        assert r["censored"] is True and r["onset_hi_tok"] is None  # untrained models have no wall


@test
def models_are_pooled():
    """Three narrow models with a tenth of the training: the ratio to the theory has an interval over all of them."""
    with tempfile.TemporaryDirectory() as d:
        target = os.path.join(d, "curves.csv")
        result = run_json(["train", "--preset", "seeds", "--setup", "t128-b500-w32", "--share", "0.1", "--windows", "2",
                           "--seed", "2", "--curves", target])["result"]
        ratio = result["pool"]["ratio"]
        # another processor makes other models: one of them may have no law
        assert result["pool"]["n_models"] in (2, 3) and ratio["lo"] < ratio["est"] < ratio["hi"], result["pool"]
        assert result["pool"]["population_mean"]["est"] is None  # needs five models
        assert sorted({r["seed"] for r in result["runs"]}) == [2, 3, 4]
        with open(target) as f:
            assert "\n# seeds: 2 to 4\n# made-with: " in f.read()


@test
def targets_are_tried_before_training():
    """A folder that does not exist is an error at once: with the whole recipe this would take a minute."""
    with tempfile.TemporaryDirectory() as d:
        bad = os.path.join(d, "no", "such")
        for option, code in [("--curves", 5), ("--times", 5), ("--output", 5), ("--checkpoints", 3)]:
            p = run(["train", option, os.path.join(bad, "x")], timeout=20)
            assert p.returncode == code and "No such file or directory" in p.stderr, (option, p.returncode, p.stderr)
        p = run(["train", "--curves", d], timeout=20)
        assert p.returncode == 5 and "Is a directory" in p.stderr, p.stderr
        assert os.listdir(d) == []
        target = os.path.join(d, "kept.csv")
        with open(target, "w") as f:
            f.write("old")
        p = run(["train", "--curves", target, "--times", os.path.join(bad, "x")], timeout=20)
        assert p.returncode == 5 and os.listdir(d) == ["kept.csv"] and open(target).read() == "old"


@test
def figures_are_drawn():
    with tempfile.TemporaryDirectory() as d:
        svg, tex = os.path.join(d, "a.svg"), os.path.join(d, "a.tex")
        runs = run_json(SMALL + ["--figure", svg])["result"]["runs"]
        root = xml.etree.ElementTree.parse(svg).getroot()
        name = "{http://www.w3.org/2000/svg}"
        assert root.tag == name + "svg" and len(root.findall(name + "polyline")) == len(runs)
        run_json(SMALL + ["--figure", tex])
        with open(tex) as f:
            text = f.read()
        assert text.count("\\addlegendentry{") == len(runs) and text.count("{") == text.count("}")
        p = run(SMALL + ["--figure", os.path.join(d, "a.png")], timeout=20)
        assert p.returncode == 2 and "must end in .svg or .tex" in p.stderr, p.stderr
        assert sorted(os.listdir(d)) == ["a.svg", "a.tex"]


@test
def the_language_is_named():
    first, second = (run_json(SMALL + ["--language", n]) for n in ["42", "7"])
    assert first["input"]["language"] == 42 and second["input"]["language"] == 7
    a, b = first["result"]["text_floor"], second["result"]["text_floor"]
    assert a != b and 0.5 < a["topics_known_nats"] < a["topics_unknown_nats"] < 1
    assert first["result"]["runs"] != second["result"]["runs"]


case("figure", SMALL, has=["excess loss by length", "Onsets (+0.2 nat)", "t128-b500-w64-s1/b5000-l128-n2"])
case("unknown preset", ["train", "--preset", "big"], code=2, err=['unknown preset "big" (known: quick, paper, seeds)'])
case("misspelt preset", ["train", "--preset", "qiuck"], code=2,
     err=['unknown preset "qiuck": did you mean quick? (known: quick, paper, seeds)'])
case("unknown set-up", SMALL + ["--setup", "x"], code=2, err=['preset quick has no set-up "x"'])
case("no such text", SMALL + ["/nonexistent.txt"], code=3, err=["/nonexistent.txt"])
case("a share of nothing", SMALL[:1] + ["--share", "0"], code=2, err=["step_share is 0"])


@test
def killed_and_continued_to_the_same_bytes():
    """kill -9 after the first checkpoint (220 steps, one every 200); called again it ends with the same CSV."""
    args = ["train", "--share", "0.11", "--windows", "2", "--eval-len", "512"]
    with tempfile.TemporaryDirectory() as d:
        kept, whole, after = (os.path.join(d, n) for n in ["kept", "whole.csv", "after.csv"])
        run_json(args + ["--curves", whole])
        child = subprocess.Popen([EXE] + args + ["--checkpoints", kept], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        while child.poll() is None and not [n for n in (os.listdir(kept) if os.path.isdir(kept) else [])
                                            if n.endswith(".ckpt")]:
            time.sleep(0.01)
        child.kill()
        assert child.wait() == -9, "it had ended before it was killed"
        run_json(args + ["--checkpoints", kept, "--curves", after])
        with open(whole, "rb") as a, open(after, "rb") as b:
            assert a.read() == b.read()


@test
def damaged_checkpoints_are_refused_and_left_alone():
    with tempfile.TemporaryDirectory() as d:
        run_json(SMALL + ["--checkpoints", d])
        path = os.path.join(d, os.listdir(d)[0])
        with open(path, "rb") as f:
            good = f.read()
        flipped, version = bytearray(good), bytearray(good)
        flipped[len(good) // 2] ^= 1
        version[8] += 1
        for bad, words in [(flipped, "damaged or cut off"), (good[:-1], "damaged or cut off"), (b"", "no ropelaw"),
                           (version, "the checkpoint has version 2, this is version 1")]:
            with open(path, "wb") as f:
                f.write(bad)
            p = run(SMALL + ["--checkpoints", d])
            assert p.returncode == 3 and words in p.stderr and path in p.stderr, p.stderr
            with open(path, "rb") as f:
                assert f.read() == bytes(bad)


# ---- what happens to a checkpoint that a run continues from: the file at the end of a short run, told to be of step 10 of 20

HEAD = 16 + 8 * 10  # magic, version, size; eight counts and two numbers (lib/lm/checkpoint.c)
STEP_AT = 16 + 8 * 6


def fnv1a(data):
    h = 0xcbf29ce484222325
    for b in data:
        h = ((h ^ b) * 0x100000001b3) & 0xffffffffffffffff
    return h


def content(path):
    with open(path, "rb") as f:
        return f.read()


MADE = {}


def checkpoint_of_step_10(folder, weights=None):
    """Puts the file there; `weights` replaces each of them. Returns its path and bytes."""
    if not MADE:
        with tempfile.TemporaryDirectory() as d:
            run_json(SMALL + ["--checkpoints", d])
            MADE["name"] = os.listdir(d)[0]
            MADE["end"] = content(os.path.join(d, MADE["name"]))
    if weights not in MADE:
        data = bytearray(MADE["end"])
        head_dim, n_weights = (struct.unpack_from("<Q", data, 16 + 8 * i)[0] for i in [2, 7])
        struct.pack_into("<Q", data, STEP_AT, 10)
        if weights is not None:
            struct.pack_into("<%df" % n_weights, data, HEAD + head_dim // 2 * 8, *([weights] * n_weights))
        data[-8:] = struct.pack("<Q", fnv1a(data[:-8]))
        MADE[weights] = bytes(data)
    path = os.path.join(folder, MADE["name"])
    with open(path, "wb") as f:
        f.write(MADE[weights])
    return path, MADE[weights]


def undisturbed():
    """The answer of a run that continues from that file and is left alone."""
    if "answer" not in MADE:
        with tempfile.TemporaryDirectory() as d:
            checkpoint_of_step_10(d)
            MADE["answer"] = run_json(SMALL + ["--checkpoints", d])["result"]
    return MADE["answer"]


@test
def a_loss_that_is_no_number_stops_and_keeps_the_checkpoint():
    for weights, what in [(1e30, "gradient"), (float("nan"), "loss")]:
        with tempfile.TemporaryDirectory() as d:
            path, before = checkpoint_of_step_10(d, weights)
            p = run(SMALL + ["--checkpoints", d, "--curves", os.path.join(d, "curves.csv")])
            assert p.returncode == 4 and not p.stdout, (p.returncode, p.stdout)
            words = "the %s is not finite at step 11 of 20; the model is as it was after step 10" % what
            assert words in p.stderr, p.stderr
            assert content(path) == before and os.listdir(d) == [os.path.basename(path)]


@test
def a_full_disk_keeps_the_checkpoint():
    """The disk takes 64 kB a file; then it takes more, and the run continues as if nothing had happened."""
    def little_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    with tempfile.TemporaryDirectory() as d:
        path, before = checkpoint_of_step_10(d)
        p = subprocess.run([EXE] + SMALL + ["--checkpoints", d], stdin=subprocess.DEVNULL, capture_output=True,
                           preexec_fn=little_room, timeout=120)
        message = p.stderr.decode()
        assert p.returncode == 3 and path + ": cannot write the checkpoint: File too large" in message, message
        assert content(path) == before and os.listdir(d) == [os.path.basename(path)]
        assert run_json(SMALL + ["--checkpoints", d])["result"] == undisturbed()


@test
def killed_in_the_middle_of_a_checkpoint():
    """What the run writes beside its checkpoint is a pipe here, so that it can be killed (-9) half-way."""
    with tempfile.TemporaryDirectory() as d:
        path, before = checkpoint_of_step_10(d)
        os.mkfifo(path + ".part")
        end = os.open(path + ".part", os.O_RDONLY | os.O_NONBLOCK)
        child = subprocess.Popen([EXE] + SMALL + ["--checkpoints", d], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        ready = select.select([end], [], [], 100)[0]
        half = os.read(end, 5000) if ready else b""
        child.kill()
        assert child.wait() == -9 and half[:8] == b"ROPELM\r\n", "it was not writing: %r" % half[:8]
        os.close(end)
        os.unlink(path + ".part")
        with open(path + ".part", "wb") as f:
            f.write(half)
        assert content(path) == before
        assert run_json(SMALL + ["--checkpoints", d])["result"] == undisturbed()
        assert os.listdir(d) == [os.path.basename(path)], os.listdir(d)


case("no space left", SMALL + ["--curves", "/dev/full"], code=5, err=["/dev/full: No space left on device"])


@test
def short_and_binary_texts_are_refused():
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "t.txt")
        for content, words in [(b"too short", "the text has 9 bytes"), (b"ab\0cd", "NUL byte at offset 2")]:
            with open(path, "wb") as f:
                f.write(content)
            p = run(SMALL + [path])
            assert p.returncode == 3 and words in p.stderr, p.stderr


finish()
