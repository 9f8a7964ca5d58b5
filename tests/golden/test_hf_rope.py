#!/usr/bin/env python3
"""Re-run hf_rope_generate.py where torch and the three transformers files are at hand. TAP.

Set ROPELAW_TRANSFORMERS to a folder with old.py, v4.py and v5.py (see hf_rope_generate.py for the commits).
"""
import importlib.util
import os
import pathlib
import subprocess
import sys

here = pathlib.Path(__file__).parent
folder = os.environ.get("ROPELAW_TRANSFORMERS")
name = "hf_rope.inc is what transformers' own code gives"
print("1..1")
if not folder:
    print("ok 1 - %s # SKIP ROPELAW_TRANSFORMERS is not set" % name)
elif importlib.util.find_spec("torch") is None:
    print("ok 1 - %s # SKIP no python3-torch" % name)
else:
    paths = [str(pathlib.Path(folder) / n) for n in ("old.py", "v4.py", "v5.py")]
    run = subprocess.run([sys.executable, str(here / "hf_rope_generate.py")] + paths, stdout=subprocess.PIPE)
    # the first line names torch's version
    same = run.stdout.split(b"\n", 1)[1:] == (here / "hf_rope.inc").read_bytes().split(b"\n", 1)[1:]
    print("%sok 1 - %s" % ("" if same else "not ", name))
    sys.exit(not same)
