"""Fifty false statements, planted into true proofs: a verifier must refute every one."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from separatrix.store.certificates import _digest

Json = dict[str, Any]


def planted_lies(truth: Json, count: int = 50, seed: int = 0) -> Json:
    """Return a file with `count` systems, each with one false statement, of every kind in turn."""
    rng = np.random.default_rng(seed)
    planted: list[Json] = []
    while len(planted) < count:
        for lie in LIES:
            system = copy.deepcopy(truth["systems"][rng.integers(len(truth["systems"]))])
            if len(planted) < count and (told := lie(system, rng)):
                system["name"] = f"lie {len(planted)}, {lie.__name__}: {system['name']}"
                planted.append(system | {"points": told})
    return {"format": truth["format"], "systems": planted}


def claimed(system: Json, name: str) -> Iterator[tuple[Json, Json]]:
    """Yield the points of which something is claimed, and the claim."""
    for point in system["points"]:
        yield from ((point, claim) for claim in point["claims"] if claim["claim"] == name)


def one_of(system: Json, name: str, rng: np.random.Generator) -> tuple[Json, Json] | None:
    found = list(claimed(system, name))
    return found[rng.integers(len(found))] if found else None


def only(point: Json, center: Any = None, **claim: Any) -> list[Json]:
    center = point["center"] if center is None else np.asarray(center, float).tolist()
    return [{"label": point["label"], "center": center, "claims": [claim]}]


def shifted_center(system, rng):
    """A zero is said to be where it is not."""
    if not (found := one_of(system, "exists", rng)):
        return None
    point, claim = found
    away = 1e-3 * rng.standard_normal(len(point["center"]))
    return only(point, point["center"] + away, **claim)


def wrong_count(system, rng):
    """One unstable direction more, or one less."""
    if not (found := one_of(system, "unstable", rng)):
        return None
    point, claim = found
    return only(point, **(claim | {"count": abs(claim["count"] + rng.choice([-1, 1]).item())}))


def zero_at_slow_point(system, rng):
    """A slow point is said to be fixed."""
    if not (found := one_of(system, "absent", rng)):
        return None
    return only(found[0], claim="exists", radius=found[1]["radius"] / 2)


def unstable_slow_point(system, rng):
    """A number of unstable directions of a zero that is not there."""
    if not (found := one_of(system, "absent", rng)):
        return None
    return only(found[0], claim="unstable", radius=found[1]["radius"] / 2, count=1)


def two_in_the_ball(system, rng):
    """A ball of uniqueness that holds another fixed point."""
    points = [point for point, _ in claimed(system, "exists")]
    if len(points) < 2:
        return None
    first = points.pop(rng.integers(len(points)))
    far = [np.abs(np.subtract(first["center"], other["center"])).max() for other in points]
    other = points[int(np.argmin(far))]
    told = only(first, claim="unique", radius=1.01 * float(min(far)))
    return [*told, other | {"claims": []}]


def unique_of_none(system, rng):
    """A ball that holds one zero, where it holds none."""
    if not (found := one_of(system, "absent", rng)):
        return None
    return only(found[0], claim="unique", radius=found[1]["radius"] / 3)


def absent_at_zero(system, rng):
    """No zero is said to be near a fixed point."""
    if not (found := one_of(system, "exists", rng)):
        return None
    return only(found[0], claim="absent", radius=1e-6)


def absent_beside_zero(system, rng):
    """No zero is said to be in a ball that holds one near its surface."""
    if not (found := one_of(system, "exists", rng)):
        return None
    point = found[0]
    away = 1e-3 * rng.uniform(-1, 1, len(point["center"]))
    radius = 1.001 * float(np.abs(away).max())
    return only(point, point["center"] + away, claim="absent", radius=radius)


def error_too_small(system, rng):
    """A zero is said to be exactly at a double beside it."""
    if not (found := one_of(system, "exists", rng)):
        return None
    center = np.nextafter(np.array(found[0]["center"]) + 1e-12, np.inf)
    return only(found[0], center, claim="exists", radius=1e-13)


def other_weights(system, rng):
    """A weight was changed, and the digest is that of the true ones."""
    if not (found := one_of(system, "exists", rng)):
        return None
    changed_weight(system, rng)
    return only(found[0], **found[1])


def other_weights_and_digest(system, rng):
    """A bias was changed by a thousandth, and the digest with it."""
    if not (found := one_of(system, "exists", rng)):
        return None
    name = next(n for n in ("bias", "input_bias", "constant") if n in system["parameters"])
    biases = system["parameters"][name]
    system["parameters"][name] = [b + 1e-3 for b in biases]
    arrays = {key: np.asarray(a, float) for key, a in system["parameters"].items()}
    system["digest"] = _digest(arrays)
    return only(found[0], **found[1])


def other_input(system, rng):
    """The input that is frozen is another one."""
    found = one_of(system, "exists", rng)
    if not found or not np.any(system["parameters"].get("input_weights", 0)):
        return None
    system["input"] = [value + 1e-3 for value in system["input"]]
    return only(found[0], **found[1])


def other_activation(system, rng):
    """The units have another activation function."""
    found = one_of(system, "exists", rng)
    if not found or "activation" not in system:
        return None
    system["activation"] = "sigmoid" if system["activation"] != "sigmoid" else "tanh"
    return only(found[0], **found[1])


def shuffled_units(system, rng):
    """The units of a fixed point are in another order."""
    found = one_of(system, "exists", rng)
    if not found or np.ptp(found[0]["center"]) < 1e-3:
        return None
    return only(found[0], found[0]["center"][::-1], **found[1])


def changed_weight(system, rng):
    name = rng.choice(sorted(system["parameters"]))
    rows = system["parameters"][name]
    row = rows[0] if isinstance(rows[0], list) else rows
    row[0] += 2.0**-20


LIES: list[Callable[[Json, np.random.Generator], list[Json] | None]] = [
    shifted_center,
    wrong_count,
    zero_at_slow_point,
    unstable_slow_point,
    two_in_the_ball,
    unique_of_none,
    absent_at_zero,
    absent_beside_zero,
    error_too_small,
    other_weights,
    other_weights_and_digest,
    other_input,
    other_activation,
    shuffled_units,
]

if __name__ == "__main__":
    import sys
    from pathlib import Path

    truth = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_text(json.dumps(planted_lies(truth)))
