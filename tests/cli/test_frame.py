"""The frame that all subcommands share: help, version, unknown words, options, outputs."""
from cli import *

names = [line.split()[0] for line in run(["--help"]).stdout.splitlines() if line.startswith("  ") and line[2] != " "
         and not line.startswith("  ropelaw")]

case("help lists the commands", ["--help"], has=["Usage: ropelaw COMMAND"])
case("no command is a usage error", [], code=2, err=["Usage: ropelaw COMMAND"])
case("unknown command", ["predicct"], code=2, err=['unknown command "predicct"'])
case("version names the libraries", ["--version"], has=["ropelaw 0.", "GSL 2.", "OpenBLAS", "kernels"])

for name in names:
    case(name + ": --help has usage and example", [name, "--help"], has=["Usage: ropelaw " + name, "Example", "--format"])
    case(name + ": help NAME is the same", ["help", name], out=run([name, "--help"]).stdout)
    case(name + ": unknown option", [name, "--no-such-option"], code=2, err=["unknown option --no-such-option"])
    case(name + ": unknown format", [name, "--format", "xml"], code=2, err=['--format: "xml" is not one of'])
    case(name + ": option without its value", [name, "--seed"], code=2, err=["--seed needs a value"])
    case(name + ": count is a whole number", [name, "--threads", "1.5"], code=2, err=["not a whole number"])
finish()
