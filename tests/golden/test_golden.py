#!/usr/bin/env python3
"""Re-run golden generators and compare with the stored files, byte by byte. TAP.

usage: test_golden.py NAME...   (each NAME has NAME.py and NAME.inc beside this file)
"""
import importlib.util
import pathlib
import subprocess
import sys

here = pathlib.Path(__file__).parent
names = sys.argv[1:]
print("1..%d" % len(names))
failed = 0
for i, name in enumerate(names, 1):
    if importlib.util.find_spec("mpmath") is None:
        print("ok %d - golden %s # SKIP no python3-mpmath" % (i, name))
        continue
    run = subprocess.run([sys.executable, str(here / (name + ".py"))], capture_output=True)
    same = run.returncode == 0 and run.stdout == (here / (name + ".inc")).read_bytes()
    failed += not same
    print("%sok %d - golden %s" % ("" if same else "not ", i, name))
    if run.returncode:
        print("\n".join("# " + line for line in run.stderr.decode().splitlines()[-3:]))
sys.exit(failed > 0)
