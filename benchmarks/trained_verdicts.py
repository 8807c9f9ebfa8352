"""Verdicts on sixty networks that PyTorch trained (`trained_memories.py`), each claim checked.

    python benchmarks/trained_memories.py DIRECTORY     # needs torch; 18 minutes
    python benchmarks/trained_verdicts.py DIRECTORY [--checker] [--states 96]

Prints what is said of each network, and with ``--checker`` what `tools/check_verdict.py` says of
each claim, from the same step written in NumPy.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import separatrix as sx

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from claim_checker import check_within

if __package__:
    from .trained_memories import load
else:
    sys.path.insert(0, str(Path(__file__).parent))
    from trained_memories import load

LIMIT = 60
"""Seconds for the checker, a network."""


def system_of(record: dict[str, Any]) -> sx.DiscreteMap:
    """Return a step of the network at the input that is held during the delay."""
    weights = {k[4:]: v.astype(float) for k, v in record.items() if k.startswith("rnn.")}
    kind, n = str(record["architecture"]), int(record["units"])
    u, alpha = np.asarray(record["input"], float), float(record["alpha"])
    name = "h2h" if kind.startswith("leaky") else None
    W = weights[f"{name}.weight"] if name else weights["weight_hh_l0"]
    bias = weights[f"{name}.bias"] if name else weights["bias_hh_l0"]
    V = weights["input2h.weight"] if name else weights["weight_ih_l0"]
    drive = V @ u + (weights["input2h.bias"] if name else weights["bias_ih_l0"])
    relu = jax.nn.relu
    act = {"relu": relu, "leaky_relu": relu, "leaky_softplus": jax.nn.softplus}.get(kind, jnp.tanh)

    def gru(h: Any) -> Any:
        g = W @ h + bias
        r, z = (jax.nn.sigmoid(drive[k * n : (k + 1) * n] + g[k * n : (k + 1) * n]) for k in (0, 1))
        return (1 - z) * jnp.tanh(drive[2 * n :] + r * g[2 * n :]) + z * h

    def lstm(state: Any) -> Any:
        h, c = state[:n], state[n:]
        i, f, g, o = jnp.split(W @ h + bias + drive, 4)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return jnp.concatenate([jax.nn.sigmoid(o) * jnp.tanh(c), c])

    def current(x: Any) -> Any:
        return (1 - alpha) * x + alpha * (W @ jnp.tanh(x) + bias + drive)

    def rate(h: Any) -> Any:
        return (1 - alpha) * h + alpha * act(W @ h + bias + drive)

    step = {"gru": gru, "lstm": lstm, "leaky_current": current}.get(kind, rate)
    return sx.DiscreteMap(step, 2 * n if kind == "lstm" else n)


def main() -> int:
    """Judge every network of a directory; fail where the checker finds a claim false or missed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--checker", action="store_true")
    parser.add_argument("--states", type=int, default=256)
    parser.add_argument("--first", type=int, default=0, help="the networks from this one on")
    given = parser.parse_args()
    sx.enable_compilation_cache()
    words, answers, unknown = Counter(), Counter(), []
    for path in sorted(given.directory.glob("*.npz"))[given.first :]:
        record, step = load(path)
        states, T = record["states"].astype(float)[: given.states], float(record["T"])
        start = time.perf_counter()
        system = system_of(record)
        found = sx.verdict(system, states, duration=T)
        took = time.perf_counter() - start
        words[found.held] += 1
        unknown.append(
            sum(c.numbers["share"] for c in found.claims if c.numbers.get("what") == "unknown")
        )
        print(f"{path.stem} ({took:.1f} s)\n    {found.summary()}", flush=True)
        if given.checker:
            for claim, answer, reason in check_within(LIMIT, found, system, step):
                answers[answer] += 1
                if answer in ("false", "missed"):
                    print(
                        f"    {answer.upper()}: {claim.kind} {claim.numbers.get('word', claim.numbers.get('what', ''))}: {reason}"
                    )
    print(f"{len(unknown)} networks: {dict(words)}; the checker: {dict(answers)}")
    print(f"ends not known: {np.mean(unknown):.3f} of the states, more than a tenth in "
          f"{np.mean(np.array(unknown) > 0.1):.3f} of the networks")  # fmt: skip
    return int(answers["false"] + answers["missed"] > 0)


if __name__ == "__main__":
    sys.exit(main())
