"""Tails of t, F and chi-square and the normal distribution to 17 digits (mpmath, 40 digits); writes quantile.inc."""
import sys
try:
    import mpmath as mp
except ImportError:
    sys.exit("needs python3-mpmath")
mp.mp.dps = 40


def f_tail(x, a, b):
    x, a, b = map(mp.mpf, (x, a, b))
    return mp.betainc(b / 2, a / 2, 0, b / (b + a * x), regularized=True)


def chi2_tail(x, k):
    return mp.gammainc(mp.mpf(k) / 2, mp.mpf(x) / 2, mp.inf, regularized=True)


def t_tail(x, k):
    half = f_tail(mp.mpf(x) ** 2, 1, k) / 2
    return half if mp.mpf(x) >= 0 else 1 - half


def row(*values):
    return "    {" + ", ".join(v if isinstance(v, str) else mp.nstr(v, 18) for v in values) + "},"


print("/* Written by quantile.py; columns as named there. */")
print("static const double golden_f[][4] = { /* x, df1, df2, upper tail */")
for x, a, b in (("161.4", "1", "1"), ("0.3", "1", "4"), ("4.7", "1", "9"), ("13.64", "2", "2"), ("4.2", "2", "20"),
                ("0.01", "3", "7"), ("30", "1", "8"), ("1.5", "40", "60"), ("1.02", "1000", "2000"),
                ("3.9", "1", "100000"), ("500", "2", "50"), ("0.9", "0.5", "2.5"), ("2.5", "8.25", "13.75")):
    print(row(x, a, b, f_tail(x, a, b)))
print("};\nstatic const double golden_chi2[][3] = { /* x, df, upper tail */")
for x, k in (("3.841", "1"), ("0.001", "1"), ("12", "5"), ("100", "80"), ("400", "7"), ("1100", "1000"),
             ("99000", "100000"), ("0.5", "0.7"), ("1200", "3")):
    print(row(x, k, chi2_tail(x, k)))
print("};\nstatic const double golden_t[][3] = { /* x, df, upper tail */")
for x, k in (("12.7", "1"), ("-1.5", "3"), ("2.2", "11"), ("40", "2"), ("5", "30"), ("1.96", "100000"), ("0.01", "7")):
    print(row(x, k, t_tail(x, k)))
print("};\nstatic const double golden_normal[][2] = { /* x, P(Z <= x) */")
for x in ("-30", "-9", "-8.01", "-7.9", "-3", "-0.5", "0", "1.3", "6"):
    print(row(x, mp.ncdf(mp.mpf(x))))
print("};")
