"""Compile data/models.csv into a C array. usage: generate_presets.py models.csv preset_data.c

The table is checked here, so that a bad row stops the build with its line.
"""
import csv
import sys

TEXT = ["name", "aliases", "organisation", "architecture", "method", "parameters", "notes", "source", "source_2"]
NUMBER = ["head_dim", "rotary_dim", "base", "base_local", "pretrain_base", "train_len_tok", "tune_base", "tune_len_tok",
          "factor", "window_tok", "declared_len_tok", "max_position_embeddings"]
REQUIRED = ["name", "method", "source"]


def stop(path, line, message):
    sys.exit("%s:%d: %s" % (path, line, message))


def c_string(text):
    out = ""
    for byte in text.encode("utf-8"):
        c = chr(byte)
        out += "\\" + c if c in '"\\' else c if 32 <= byte < 127 and c != "?" else "\\%03o" % byte
    return '"%s"' % out


def c_number(path, line, column, text):
    if not text:
        return "NAN"
    try:
        value = float(text)
    except ValueError:
        stop(path, line, 'column "%s": "%s" is not a number' % (column, text))
    if not 0 < value < float("inf"):
        stop(path, line, 'column "%s": %s is out of range (expected > 0)' % (column, text))
    return repr(value)


def read(path):
    with open(path, encoding="utf-8", newline="") as f:
        lines = f.read().splitlines()
    first = next(i for i, l in enumerate(lines) if not l.startswith("#"))
    rows = list(csv.reader(lines[first:]))
    header = rows[0]
    if sorted(header) != sorted(TEXT + NUMBER):
        stop(path, first + 1, "columns are %s, expected %s" % (header, TEXT + NUMBER))
    for i, row in enumerate(rows[1:]):
        line = first + 2 + i
        if len(row) != len(header):
            stop(path, line, "%d cells, the header has %d" % (len(row), len(header)))
        yield line, dict(zip(header, row))


def main(path, out):
    names = set()
    body = []
    for line, row in read(path):
        for column in REQUIRED:
            if not row[column]:
                stop(path, line, 'column "%s" is empty' % column)
        if row["name"] in names:
            stop(path, line, 'model "%s" appears twice' % row["name"])
        names.add(row["name"])
        fields = [".%s = %s" % (c, c_string(row[c])) for c in TEXT]
        fields += [".%s = %s" % (c, c_number(path, line, c, row[c])) for c in NUMBER]
        body.append("    {%s},\n" % ", ".join(fields))
    with open(out, "w", encoding="ascii") as f:
        f.write('/* Generated from data/models.csv. */\n#include "model/preset.h"\n#include <math.h>\n\n')
        f.write("const ropelaw_preset model_presets[] = {\n%s};\n" % "".join(body))
        f.write("const size_t model_n_presets = sizeof model_presets / sizeof *model_presets;\n")


main(*sys.argv[1:])
