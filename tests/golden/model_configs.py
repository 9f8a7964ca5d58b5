#!/usr/bin/python3
"""What transformers itself makes of the files in tests/model/configs: one row per file and layer type.

Usage: model_configs.py ROOT > model_configs.csv     (or --check ROOT: compare with the stored file)
Needs the configuration classes of transformers >= 5 (no torch, no network). Files whose model type transformers does not
know, and files that it refuses, are left out; the last comment lines name them.
"""
import glob
import json
import math
import os
import sys


def text(x):
    if x is None:
        return ""
    if isinstance(x, bool):
        return str(int(x))
    if isinstance(x, (int, float)):
        return repr(int(x)) if float(x).is_integer() else repr(x)
    return str(x)


def rows_of(name, data, mapping):
    config = mapping[data["model_type"]].from_dict(dict(data))
    inner = config.get_text_config()
    parameters = inner.rope_parameters
    types = getattr(inner, "layer_types", None) or []
    head_dim = getattr(inner, "head_dim", None) or inner.hidden_size // inner.num_attention_heads
    nested = [t for t in parameters if isinstance(parameters[t], dict)]
    for layer in nested or sorted({t for t in types if "attention" in t and "linear" not in t}) or ["full_attention"]:
        p = parameters[layer] if nested else parameters
        window = getattr(inner, "sliding_window", None) if "sliding" in layer else None
        partial = p.get("partial_rotary_factor", 1.0)
        mla = getattr(inner, "qk_rope_head_dim", None)
        rotary = mla if mla else head_dim if p["rope_type"] == "proportional" else int(head_dim * partial)
        yield [name, layer, p["rope_type"], p["rope_theta"], rotary, p.get("factor"),
               p.get("original_max_position_embeddings"), types.count(layer) if types else inner.num_hidden_layers,
               window, inner.max_position_embeddings]


def main(root, out):
    import logging
    logging.disable(logging.CRITICAL)
    import transformers
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING
    out.append("# generator: tests/golden/model_configs.py; transformers: %s" % transformers.__version__)
    out.append("file,layers,rope_type,base,rotary_dim,factor,original_len,n_layers,window,max_position_embeddings")
    left = []
    for path in sorted(glob.glob(os.path.join(root, "tests", "model", "configs", "*.json"))):
        name = os.path.basename(path)[:-5]
        data = json.load(open(path))
        try:
            mine = list(rows_of(name, data, CONFIG_MAPPING))
        except Exception as e:
            left.append("# left out: %s (%s)" % (name, type(e).__name__))
            continue
        out += [",".join(text(x) for x in row) for row in mine]
    out += left


if __name__ == "__main__":
    check = sys.argv[1] == "--check"
    root = sys.argv[-1]
    lines = []
    try:
        main(root, lines)
    except ImportError:
        if not check:
            raise
        print("1..1\nok 1 - model_configs # SKIP no transformers 5")
        sys.exit(0)
    if not check:
        print("\n".join(lines))
        sys.exit(0)
    stored = open(os.path.join(root, "tests", "golden", "model_configs.csv")).read().splitlines()
    same = stored[1:] == lines[1:]
    print("1..1\n%s 1 - model_configs.csv is what transformers says" % ("ok" if same else "not ok"))
    sys.exit(0 if same else 1)
