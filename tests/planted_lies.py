"""Fifty false statements, planted into true proofs: a verifier must refute every one."""

import copy
from typing import Any

import numpy as np

from separatrix.store.certificates import _digest

Json = dict[str, Any]


def planted_lies(truth: Json, count: int = 50, seed: int = 0) -> Json:
    """Return `count` systems, each with one false statement, of every kind in turn.

    Numbers are read (`proof_files`), here and in what comes back.
    """
    rng = np.random.default_rng(seed)
    planted: list[Json] = []
    while len(planted) < count:
        for name, (what, lie) in LIES.items():
            system = copy.deepcopy(truth["systems"][rng.integers(len(truth["systems"]))])
            claims = [(p, c) for p in system["points"] for c in p["claims"] if c["claim"] == what]
            if len(planted) == count or not claims:
                continue
            if told := lie(system, rng, *claims[rng.integers(len(claims))]):
                system["name"] = f"lie {len(planted)}, {name}: {system['name']}"
                planted.append(system | {"points": told})
    return {"format": truth["format"], "systems": planted}


def only(point: Json, center: Any = None, **claim: Any) -> list[Json]:
    center = point["center"] if center is None else np.asarray(center, float).tolist()
    return [{"label": point["label"], "center": center, "claims": [claim]}]


def moved(rng, point, size=1e-3):
    """A step away from a point."""
    return size * rng.uniform(-1, 1, len(point["center"]))


def absent_beside(rng, point):
    """No zero is said to be in a ball that holds one near its surface."""
    away = moved(rng, point)
    radius = 1.001 * float(np.abs(away).max())
    return only(point, point["center"] + away, claim="absent", radius=radius)


def two_in_the_ball(system, point):
    """A ball of uniqueness that holds another fixed point."""
    others = [
        other
        for other in system["points"]
        if other is not point and any(claim["claim"] == "exists" for claim in other["claims"])
    ]
    far = [np.abs(np.subtract(point["center"], other["center"])).max() for other in others]
    if far:
        told = only(point, claim="unique", radius=1.01 * float(min(far)))
        other = others[int(np.argmin(far))]
        true = [claim for claim in other["claims"] if claim["claim"] == "exists"]
        return [*told, other | {"claims": true}]
    return None


def other_weight(system, rng):
    rows = system["parameters"][rng.choice(sorted(system["parameters"]))]
    (rows[0] if isinstance(rows[0], list) else rows)[0] += 2.0**-20


def other_bias(system):
    """A bias is changed by a thousandth, and the digest with it."""
    name = next(n for n in ("bias", "input_bias", "constant") if n in system["parameters"])
    system["parameters"][name] = [b + 1e-3 for b in system["parameters"][name]]
    arrays = {key: np.asarray(a, float) for key, a in system["parameters"].items()}
    system["digest"] = _digest(arrays)


def with_other_input(system, point, claim):
    if np.any(system["parameters"].get("input_weights", 0)):
        system["input"] = [value + 1e-3 for value in system["input"]]
        return only(point, **claim)
    return None


def with_other_activation(system, point, claim):
    if "activation" in system:
        system["activation"] = "sigmoid" if system["activation"] != "sigmoid" else "tanh"
        return only(point, **claim)
    return None


LIES = {  # a claim that is true, and what is told in its place of a system, of one of its points
    "a zero where it is not": (
        "exists",
        lambda s, rng, p, claim: only(p, p["center"] + moved(rng, p), **claim),
    ),
    "one unstable direction more or less": (
        "unstable",
        lambda s, rng, p, claim: only(
            p, **claim | {"count": abs(claim["count"] + rng.choice([-1, 1]).item())}
        ),
    ),
    "a slow point is fixed": (
        "absent",
        lambda s, rng, p, claim: only(p, claim="exists", radius=claim["radius"] / 2),
    ),
    "unstable directions of a zero that is not there": (
        "absent",
        lambda s, rng, p, claim: only(p, claim="unstable", radius=claim["radius"] / 2, count=1),
    ),
    "two in the ball": ("exists", lambda s, rng, p, claim: two_in_the_ball(s, p)),
    "the only one of none": (
        "absent",
        lambda s, rng, p, claim: only(p, claim="unique", radius=claim["radius"] / 3),
    ),
    "none at a zero": (
        "exists",
        lambda s, rng, p, claim: only(p, claim="absent", radius=1e-6),
    ),
    "none beside a zero": ("exists", lambda s, rng, p, claim: absent_beside(rng, p)),
    "an error that is too small": (
        "exists",
        lambda s, rng, p, claim: only(
            p, np.nextafter(np.array(p["center"]) + 1e-12, np.inf), claim="exists", radius=1e-13
        ),
    ),
    "another weight": (
        "exists",
        lambda s, rng, p, claim: other_weight(s, rng) or only(p, **claim),
    ),
    "another bias and digest": (
        "exists",
        lambda s, rng, p, claim: other_bias(s) or only(p, **claim),
    ),
    "another input": ("exists", lambda s, rng, p, claim: with_other_input(s, p, claim)),
    "another activation": ("exists", lambda s, rng, p, claim: with_other_activation(s, p, claim)),
    "units in another order": (
        "exists",
        lambda s, rng, p, claim: np.ptp(p["center"]) > 1e-3 and only(p, p["center"][::-1], **claim),
    ),
}

if __name__ == "__main__":
    import sys
    from pathlib import Path

    from proof_files import read, write

    write(planted_lies(read(Path(sys.argv[1]))), Path(sys.argv[2]))
