"""A law file as `fit` writes it, for the commands that read one."""
import json
import math

from cli import file


def law_file(name, **changes):
    """A law as the theory has it for LLaMA2, with a little scatter."""
    law = {"schema_version": 1, "kind": "ropelaw law", "writer": "test", "model": "LLaMA2", "rotary_dim": 128, "pretrain_base": 1e4,
           "train_len": 4096, "critical_dim": 92, "intercept": math.log(2 * math.pi), "slope": 92 / 128, "tau": 0.05, "df": 6,
           "inflation": 8 / 6, "covariance": [0.04, -0.003, 0.00025], "base_min": 2e4, "base_max": 2e6, "n_runs": 8,
           "n_censored": 0, "caveats": [], "runs": ["a", "b"]}
    return file(name, json.dumps(dict(law, **changes)))
