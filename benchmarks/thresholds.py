"""Which thresholds of verdicts decide a word? Each is halved and doubled on about 60 systems.

    python benchmarks/thresholds.py [SYSTEM ...] [--only THRESHOLD ...]

A threshold is ranked by the number of systems on which half or twice its value changes a word: what
holds the states, the kinds of their ends (shares by more than 2 %), what is kept along an axis, and
what is decoded. It is tried on the systems on whose verdict it is read.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

import separatrix as sx
from separatrix.analysis.following.thresholds import AT, Thresholds

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from golden import BY_NAME
from golden.test_verdicts import HELD
from planted import CLASSES, plant
from verdict_cases import cases

STATES = 40
"""Of each system, at most."""
READ: set[str] = set()
"""Names of the thresholds that were read."""
System = tuple[Any, np.ndarray, float]


def note(at: Thresholds, name: str) -> Any:
    """Return an attribute of the thresholds, and note its name."""
    READ.add(name)
    return object.__getattribute__(at, name)


def systems() -> Iterator[tuple[str, Callable[[], System]]]:
    """Generate names, and functions that make a system, states and a duration."""
    for name in CLASSES:
        yield f"planted {name}", lambda name=name: plant(name, 1)[1:4]
    for name, kind, function, states, duration, _ in cases():
        system = (sx.Flow if kind == "flow" else sx.DiscreteMap)(function(jnp), states.shape[1])
        yield name, lambda given=(system, states, duration): given
    for name in HELD:
        yield name, lambda name=name: golden(name)


def golden(name: str) -> System:
    """Return a row of the golden table as its verdict is tested."""
    system, candidates = BY_NAME[name].make()
    return system, np.reshape(candidates, (-1, system.size)), 20 * system.time_unit


def words(system: Any, states: np.ndarray, duration: float) -> tuple[list[Any], Counter[str]]:
    """Return the words of a verdict, and the share of each kind of end."""
    states = states[np.isfinite(states).all(1)][:: max(1, len(states) // STATES)][:STATES]
    labels = {"place": states[:, 0], "side": states[:, 0] > np.median(states[:, 0])}
    axis, shares, said = np.eye(system.size)[0], Counter[str](), []
    for claim in sx.verdict(system, states, duration=duration, axis=axis, labels=labels).claims:
        n = claim.numbers
        shares[n.get("what", "")] += n.get("share", 0.0)
        said += [(claim.kind, *map(n.get, ("word", "answer", "pieces", "reversed")))]
        said += [n.get("value", 0) > n.get("chance", 0.5)] * (claim.kind in ("kept", "decoded"))
    return said, shares


def differ(given: System, before: tuple[list[Any], Counter[str]], name: str, factor: float) -> bool:
    """Whether words change, or shares by over 2 %, if a threshold is so many times as large."""
    value = getattr(AT, name)
    larger = (np.asarray(value) * factor).astype(np.asarray(value).dtype).tolist()
    vars(AT)[name] = tuple(larger) if isinstance(value, tuple) else larger
    try:
        said, shares = words(*given)
    except (ArithmeticError, ValueError):  # it cannot have this value
        return True
    finally:
        vars(AT)[name] = value
    shares.subtract(before[1])
    return said != before[0] or any(abs(share) > 0.02 for share in shares.values())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("systems", nargs="*", default=[name for name, _ in systems()])
    parser.add_argument("--only", nargs="*", default=list(vars(AT)))
    asked, made = parser.parse_args(), dict(systems())
    sx.enable_compilation_cache()
    Thresholds.__getattribute__ = note
    read, changes = Counter[str](), Counter[str]()
    for about in asked.systems:
        given = made[about]()
        READ.clear()
        before = words(*given)
        for name in sorted(READ & set(asked.only)):
            read[name] += 1
            changes[name] += any(differ(given, before, name, factor) for factor in (0.5, 2.0))
        print(f"{about}: {before}, changed: {+changes}", flush=True)
    for name in sorted(read, key=lambda name: -changes[name]):
        print(f"| `{name}` | {changes[name]} | {read[name]} |")
