"""usage: check_output.py PROGRAM EXPECTED_FILE WORKING_FOLDER: run an example and compare what it prints; TAP."""
import os
import subprocess
import sys

p = subprocess.run([os.path.abspath(sys.argv[1])], capture_output=True, text=True, cwd=sys.argv[3])
with open(sys.argv[2], encoding="utf-8") as f:
    expected = f.read()
ok = p.returncode == 0 and p.stdout == expected
print("1..1\n%s 1 - prints what its .out file says" % ("ok" if ok else "not ok"))
if not ok:
    print("# exit %d\n%s" % (p.returncode, "".join("# %s\n" % line for line in (p.stdout + p.stderr).splitlines())))
sys.exit(0 if ok else 1)
