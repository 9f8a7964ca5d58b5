"""Recompute what --explain prints: every line "name = formula = formula with numbers = value" is evaluated."""
import math
import re


def value_of(formula):
    """A formula with numbers: ^ is a power, ln the natural logarithm."""
    names = {"ln": math.log, "exp": math.exp, "pi": math.pi, "ceil": math.ceil, "min": min, "__builtins__": {}}
    return eval(formula.replace("^", "**"), names)


def check_lines(lines, rel=1e-12):
    """Evaluate every equation; returns how many there were. A line that does not hold raises."""
    n = 0
    for line in lines:
        line = re.sub(r"  \[.*\]$", "", line)
        parts = line.split(" = ")
        if len(parts) < 3:
            continue
        got, printed = value_of(parts[-2]), float(parts[-1])
        if abs(got - printed) > rel * abs(printed):
            raise AssertionError("%s: recomputed %r" % (line, got))
        n += 1
    return n
