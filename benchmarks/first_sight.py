"""How often is a verdict right on the classes of systems that were written by those who had read only its page?

    python benchmarks/first_sight.py [CLASS ...] [--seeds 1] [--first 0] [--jobs 1] [--no-checker]

Each row of `first_sight.toml` is a class; the seed draws its values and states. The claims are judged
as those on planted systems are (`verdicts.py`).
"""

from __future__ import annotations

import sys
import tomllib
import zlib
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

import separatrix as sx

if __package__:
    from .planted import Planted
    from .verdicts import judge_classes
else:
    sys.path.insert(0, str(Path(__file__).parent))
    from planted import Planted
    from verdicts import judge_classes

ROWS: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
DRAWN_BY = ("uniform", "normal", "integers", "choice", "random")
UNKNOWN = 0.03
"""The share of states whose end may remain unknown, beside what the page tolerates."""


def system_of(name: str, seed: int) -> Planted:
    """Return the system of a row, its states and what is known of them."""
    row, rng = ROWS[name], np.random.default_rng([zlib.crc32(name.encode()), seed])
    values: dict[str, Any] = {}

    def told(key: str, other: Any = None, of: dict[str, Any] = row) -> Any:
        names = vars(np) | {draw: getattr(rng, draw) for draw in DRAWN_BY} | values
        return eval(of[key], names) if isinstance(of.get(key), str) else of.get(key, other)

    for key in row.get("values", ()):
        values[key] = told(key, of=row["values"])
    states, unit, kind = told("states"), float(told("unit", 1)), "map" if "map" in row else "field"

    def law(x: Any) -> Any:
        parts = {part: x[i] for i, part in enumerate(row.get("variables", "").split())}
        names = vars(jnp) | values | parts | {"x": x}
        whole = isinstance(row[kind], str)
        return eval(row[kind], names) if whole else jnp.stack([eval(f, names) for f in row[kind]])

    if "mixed" in row:
        law, states = mixed(rng, law, states, kind == "map", **row["mixed"])
    make = sx.DiscreteMap if kind == "map" else sx.Flow
    ends, period, exponent = row.get("ends"), told("period"), told("exponent")
    shares = {what: float(told(what, of=ends)) for what in ends or ()}
    return Planted(
        name,
        make(law, states.shape[1], unit),
        states,
        duration=float(told("T")) * unit,
        axis=told("axis"),
        words=frozenset(row["words"]),
        ends={what: (s - UNKNOWN, s) for what, s in shares.items()} if ends else None,
        period=None if period is None else period * unit,
        order_at_T=None,
        spread_at_T=None,
        why=row["about"],
        end_at=None,
        family=row.get("family", False),
        exponent=None if exponent is None else (exponent, exponent),
        saddle=None,
    )


def mixed(
    rng: np.random.Generator,
    law: Any,
    few: np.ndarray,
    is_map: bool,
    *,
    units: int,
    rate: float,
    noise: float,
    scale: float = 1.0,
    offset: float = 0.0,
) -> tuple[Any, np.ndarray]:
    """Return the law and the states of `units` units, not orthogonal; what is not `few` decays."""
    Q, P = (np.linalg.qr(rng.normal(size=(units, units)))[0] for _ in range(2))
    M = scale * (Q * np.exp(rng.uniform(-0.3, 0.3, units))) @ P
    inverse, origin = np.linalg.inv(M), offset * scale * rng.normal(size=units)
    low = few.shape[1]
    rest = noise * rng.normal(size=(len(few), units - low))

    def whole(x: Any) -> Any:
        z = inverse @ (x - origin)
        decayed = (rate if is_map else -rate) * z[low:]
        return M @ jnp.concatenate([law(z[:low]), decayed]) + is_map * origin

    return whole, np.concatenate([few, rest], axis=1) @ M.T + origin


if __name__ == "__main__":
    judge_classes(__doc__, ROWS, system_of, seeds=1)
