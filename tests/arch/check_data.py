"""Every CSV under data/ carries its provenance, is named in the index, and is what its kind says.
usage: check_data.py SOURCE_ROOT; prints TAP."""
import csv
import os
import sys

ROOT = sys.argv[1]
DATA = os.path.join(ROOT, "data")
KEYS = ["title", "source", "retrieved-from", "licence", "kind"]
KINDS = ["measured", "digitised", "claimed", "compiled", "computed"]
LONG = {"run", "eval_len_tok"}
results = []


def check(name, wrong):
    wrong = list(wrong)
    results.append((name, wrong))


def files():
    for base, _, names in os.walk(DATA):
        for n in sorted(names):
            if n.endswith((".csv", ".tsv")):
                yield os.path.join(base, n)


def rel(path):
    return os.path.relpath(path, DATA)


def keys(path):
    found = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            if not line.startswith("#"):
                break
            key, colon, value = line[1:].partition(":")
            found.setdefault(key.strip(), value.strip())
    return found


def rows(path):
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.reader(l for l in f if not l.startswith("#")))


def missing_keys():
    for path in files():
        found = keys(path)
        for key in KEYS:
            if not found.get(key):
                yield "%s: no key \"%s\"" % (rel(path), key)


def unknown_kinds():
    for path in files():
        kind = keys(path).get("kind", "")
        if kind.split(",")[0].strip() not in KINDS:
            yield "%s: kind \"%s\" is none of %s" % (rel(path), kind, KINDS)


def unlisted():
    with open(os.path.join(DATA, "README.md"), encoding="utf-8") as f:
        index = f.read()
    for path in files():
        if rel(path) not in index:
            yield "%s is not in data/README.md" % rel(path)


def wrong_shape():
    for path in files():
        table = rows(path)
        if len(table) < 2:
            yield "%s: no rows" % rel(path)
            continue
        if len(set(table[0])) != len(table[0]):
            yield "%s: a column appears twice" % rel(path)
        for i, row in enumerate(table[1:]):
            if len(row) != len(table[0]):
                yield "%s: row %d has %d cells, the header %d" % (rel(path), i + 1, len(row), len(table[0]))
        if rel(path).startswith("curves" + os.sep) and not LONG <= set(table[0]):
            yield "%s: a curve needs the columns %s" % (rel(path), sorted(LONG))


def wrong_bytes():
    for path in files():
        with open(path, "rb") as f:
            data = f.read()
        if b"\r" in data or not data.endswith(b"\n") or data.startswith(b"\xef\xbb\xbf"):
            yield "%s: expected LF line ends, one at the end, no byte order mark" % rel(path)


check("there is data", [] if list(files()) else ["no CSV under data/"])
check("provenance keys", missing_keys())
check("kinds are known words", unknown_kinds())
check("every file is in the index", unlisted())
check("rows fit their header", wrong_shape())
check("plain bytes", wrong_bytes())

print("1..%d" % len(results))
for i, (name, wrong) in enumerate(results):
    print("%s %d - data: %s" % ("not ok" if wrong else "ok", i + 1, name))
    for w in wrong[:20]:
        print("# " + w)
sys.exit(any(wrong for _, wrong in results))
